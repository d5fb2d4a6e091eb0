package scenario

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// routine tells the ordinary life of a company: changes that harm nobody and
// alerts that mean nothing. The numbers are drawn from a fixed seed.
type routine struct {
	tape    *tape
	company company
	random  *rand.Rand
	serial  int
}

func newRoutine(t *tape, c company, seed uint64) *routine {
	return &routine{tape: t, company: c, random: rand.New(rand.NewPCG(seed, 0x6661756c74))}
}

// sorts of routine change with their share of a hundred and the system that
// reports them.
var sorts = []struct {
	share  int
	kind   correlate.ChangeKind
	source string
	titles []string
}{
	{50, correlate.KindDeploy, "argo-cd", []string{"%s: release %s", "%s: dependency updates, %s", "%s: retry budget per client, %s", "%s: faster start-up, %s", "%s: structured logs, %s"}},
	{20, correlate.KindConfig, "config-repo", []string{"%s: raise worker pool", "%s: log sampling to 5 percent", "%s: new alert thresholds", "%s: connection limits"}},
	{14, correlate.KindFeatureFlag, "flags", []string{"%s: flag new-layout to 20 percent", "%s: flag batch-writes on", "%s: remove flag old-client"}},
	{6, correlate.KindInfrastructure, "terraform", []string{"%s: node pool image", "%s: larger volumes", "%s: security group rules"}},
	{5, correlate.KindScaling, "autoscaler", []string{"%s: two replicas more", "%s: replicas for the evening peak"}},
	{3, correlate.KindSchemaMigration, "migrator", []string{"%s: add index on created_at", "%s: widen status column"}},
	{2, correlate.KindCertificate, "cert-manager", []string{"%s: renew certificate"}},
}

// changes tells n routine changes, spread over a span with more of them in
// working hours, none touching the services that are spared.
func (r *routine) changes(from, to time.Time, n int, spared ...string) {
	for range n {
		at := r.moment(from, to)
		service := r.service(spared)
		r.tape.change(r.change(at, service))
	}
}

// moment draws a time in the span; two draws in three fall in working hours.
func (r *routine) moment(from, to time.Time) time.Time {
	for {
		at := from.Add(time.Duration(r.random.Int64N(int64(to.Sub(from))))).Truncate(time.Millisecond)
		if hour := at.Hour(); (hour >= 7 && hour < 18) || r.random.IntN(3) == 0 {
			return at
		}
	}
}

func (r *routine) service(spared []string) correlate.Service {
	for {
		s := r.company.services[r.random.IntN(len(r.company.services))]
		if !strings.Contains(" "+strings.Join(spared, " ")+" ", " "+s.Name+" ") {
			return s
		}
	}
}

// change draws one routine change.
func (r *routine) change(at time.Time, service correlate.Service) correlate.Change {
	pick, i := r.random.IntN(100), 0
	for pick >= sorts[i].share {
		pick -= sorts[i].share
		i++
	}
	sort := &sorts[i]
	r.serial++
	version := fmt.Sprintf("2026.47.%d", 100+r.serial)
	title := sort.titles[r.random.IntN(len(sort.titles))]
	if strings.Count(title, "%s") == 2 {
		title = fmt.Sprintf(title, service.Name, version)
	} else {
		title = fmt.Sprintf(title, service.Name)
	}
	finished := at.Add(time.Duration(40+r.random.IntN(600)) * time.Second)
	c := correlate.Change{
		ID: fmt.Sprintf("%s-%d", sort.source, 48000+r.serial), Source: sort.source, Kind: sort.kind, Title: title,
		Services: []string{service.Name}, Environment: correlate.DefaultEnvironment, StartedAt: at, FinishedAt: &finished,
		Status: correlate.StatusSucceeded, Actor: &correlate.Actor{ID: "delivery", Type: correlate.ActorAutomation},
		Labels: map[string]string{"team": service.Team},
	}
	if sort.kind == correlate.KindDeploy {
		r.carry(&c, service, version)
	}
	return c
}

// carry gives a deploy its version, its commit and its pull request; four in
// ten declare the help of AI, as do changes that harm and changes that do not.
func (r *routine) carry(c *correlate.Change, service correlate.Service, version string) {
	c.Version = version
	author := fmt.Sprintf("%s-dev-%d", service.Team, 1+r.random.IntN(6))
	number := int64(2000 + r.serial)
	authored := c.StartedAt.Add(-time.Duration(1+r.random.IntN(40)) * time.Hour).Truncate(time.Second)
	c.Commits = []correlate.Commit{commit(r.sha(), c.Title, author, authored, 5+r.random.IntN(180), service.Name)}
	c.PullRequests = []correlate.PullRequest{pullRequest(r.company.name, service.Name, number, c.Title, author)}
	c.Approvals = []correlate.Approval{{By: service.Team + "-lead", Level: "senior", At: &authored}}
	c.Links = links(r.company.name, service.Name, c.ID, number)
	if r.random.IntN(10) < 4 {
		c.Commits[0].Message += "\n\nCo-Authored-By: Claude <noreply@anthropic.com>"
	}
}

func (r *routine) sha() string {
	return fmt.Sprintf("%016x%016x%08x", r.random.Uint64(), r.random.Uint64(), r.random.Uint32())
}

func commit(sha, title, author string, at time.Time, lines int, service string) correlate.Commit {
	person := correlate.Person{Name: author, Email: author + "@example.com", Login: author}
	return correlate.Commit{
		SHA: sha, Message: title, Author: &person, Committer: &person, AuthoredAt: &at,
		Additions: lines, Deletions: lines / 3, Files: []string{service + "/internal/server.go", service + "/internal/server_test.go"},
	}
}

func pullRequest(company, service string, number int64, title, author string) correlate.PullRequest {
	return correlate.PullRequest{
		Number: number, URL: fmt.Sprintf("https://git.example.com/%s/%s/pull/%d", company, service, number),
		Title: title, HeadBranch: author + "/change-" + fmt.Sprint(number),
		Author: &correlate.PullRequestAuthor{Login: author, Type: "User"},
	}
}

func links(company, service, id string, number int64) *correlate.ChangeLinks {
	return &correlate.ChangeLinks{
		Diff:     fmt.Sprintf("https://git.example.com/%s/%s/pull/%d/files", company, service, number),
		Run:      fmt.Sprintf("https://deploy.example.com/%s/runs/%s", company, id),
		Rollback: fmt.Sprintf("https://deploy.example.com/%s/%s/rollback", company, service),
	}
}

// noise tells n alerts that have nothing to do with anything, each over in
// minutes.
func (r *routine) noise(from, to time.Time, n int, spared ...string) {
	kinds := []struct {
		name     string
		signal   correlate.Signal
		severity correlate.Severity
		text     string
	}{
		{"DiskFillingUp", correlate.SignalSaturation, correlate.SeverityWarning, "disk will be full within a day"},
		{"HighMemory", correlate.SignalSaturation, correlate.SeverityWarning, "memory above 85 percent"},
		{"CertificateExpiry", correlate.SignalAvailability, correlate.SeverityInfo, "certificate expires in 14 days"},
		{"QueueAge", correlate.SignalLatency, correlate.SeverityWarning, "oldest message older than 10 minutes"},
	}
	for range n {
		kind := kinds[r.random.IntN(len(kinds))]
		service := r.service(spared)
		at := r.moment(from, to)
		r.tape.alert(correlate.Alert{
			Source: "alertmanager", Service: service.Name, Environment: correlate.DefaultEnvironment, Name: kind.name,
			Summary: service.Name + ": " + kind.text, Severity: kind.severity, Signal: kind.signal, StartedAt: at,
			Labels: map[string]string{"team": service.Team, "episode": fmt.Sprint(at.Unix())},
		}, at.Add(time.Duration(4+r.random.IntN(30))*time.Minute))
	}
}
