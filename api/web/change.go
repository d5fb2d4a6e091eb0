package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Bounds of what the change page lists.
const (
	maxCommits = 50
	maxFiles   = 30
)

// changeBody is what the change page shows.
type changeBody struct {
	Title, Kind, Status string
	Source, ID          string
	Environment         string
	Started             moment
	Course              string
	Services            names
	Regions             []string
	Version, Previous   string
	Actor, ActorType    string
	RollbackOf          *outLink
	Links               []outLink
	Class               classView
	Approvals           []approvalRow
	Policy              *changePolicy
	Rollout             []rolloutRow
	Commits             []commitRow
	MoreCommits         int
	Pulls               []pullRow
	Labels              []labelRow
	Suspicions          []suspicionRow
	Radius              *radiusView
	// Grafana shows the flow of changes around it, empty for none.
	Grafana string
	// Undecided names incidents whose verdict the AI class could sway.
	Undecided []outLink
}

type approvalRow struct {
	By, Level string
	// State is the word of a review.
	State string
	At    moment
	// Timely says how the approval lies to the start of the change.
	Timely string
}

type rolloutRow struct {
	At      moment
	Percent string
	Where   string
}

type commitRow struct {
	SHA, Subject, Author string
	Lines                string
	Files                []string
	MoreFiles            int
}

type pullRow struct {
	Number, Title, Path, Author, Branch string
	Reviews                             []approvalRow
}

type labelRow struct{ Name, Value string }

// suspicionRow is an incident in whose newest finding the change is a suspect.
type suspicionRow struct {
	incidentRow
	Rank        int
	Probability string
	Band        string
}

func (s *Site) changePage(w http.ResponseWriter, r *http.Request) error {
	record, err := s.deps.Changes.Change(r.Context(), r.PathValue("id"), r.URL.Query().Get("source"))
	if err != nil {
		return err
	}
	body, err := s.changeBody(r.Context(), &record)
	if err != nil {
		return err
	}
	return s.show(w, r, &view{page: "change", title: body.Title, section: "Changes", body: body})
}

func (s *Site) changeBody(ctx context.Context, record *ChangeRecord) (*changeBody, error) {
	c := &record.Change
	body := &changeBody{
		Title: changeTitle(c), Kind: words(string(c.Kind)), Status: words(string(c.Status)), Source: line(c.Source), ID: line(c.ID),
		Environment: line(cmp.Or(c.Environment, correlate.DefaultEnvironment)), Started: s.at(c.StartedAt), Course: course(c, s.now()),
		Services: names{Names: c.Services}, Regions: c.Regions, Version: line(c.Version), Previous: line(c.PreviousVersion), Links: changeLinks(c.Links),
		Class: classOf(record.Provenance), Labels: labelRows(c.Labels), Pulls: s.pulls(c), Rollout: s.rollout(c), Grafana: s.grafanaChange(c),
	}
	if c.Actor != nil {
		body.Actor, body.ActorType = line(c.Actor.ID), words(string(c.Actor.Type))
	}
	if c.RollbackOf != "" {
		body.RollbackOf = &outLink{Name: line(c.RollbackOf), Path: changePath(c.Source, c.RollbackOf)}
	}
	for i := range c.Approvals {
		body.Approvals = append(body.Approvals, s.approval(c, c.Approvals[i].By, c.Approvals[i].Level, c.Approvals[i].At))
	}
	body.Commits, body.MoreCommits = commits(c)
	var err error
	if body.Policy, err = s.policyOf(ctx, c); err != nil {
		return nil, err
	}
	radius, err := s.deps.Changes.Radius(ctx, c)
	if err != nil {
		return nil, err
	}
	if len(radius.Nodes) > 0 {
		body.Radius = radiusPicture(&radius, "changed by this change")
	}
	if body.Suspicions, err = s.suspicions(ctx, c.Key()); err != nil {
		return nil, err
	}
	body.Undecided, err = s.undecided(ctx, body.Suspicions)
	return body, err
}

// undecided names the incidents whose judges must not learn yet what part AI
// had in the change.
func (s *Site) undecided(ctx context.Context, suspicions []suspicionRow) ([]outLink, error) {
	ids := make([]string, len(suspicions))
	for i := range suspicions {
		ids[i] = suspicions[i].ID
	}
	standings, err := s.deps.Judges.Standings(ctx, ids)
	if err != nil {
		return nil, err
	}
	var open []outLink
	for i := range suspicions {
		if standing := standings[suspicions[i].ID]; s.deps.Judges.Blinds(ctx, &standing) {
			open = append(open, outLink{Name: suspicions[i].Title, Path: suspicions[i].Path})
		}
	}
	return open, nil
}

// approval says when an approval was given, seen from the start of the change.
func (s *Site) approval(c *correlate.Change, by, level string, at *time.Time) approvalRow {
	row := approvalRow{By: line(by), Level: line(level), Timely: "time not stated"}
	if at != nil {
		row.At, row.Timely = s.at(*at), gapTo(*at, c.StartedAt, "the start")
	}
	return row
}

func (s *Site) rollout(c *correlate.Change) []rolloutRow {
	rows := make([]rolloutRow, len(c.Rollout))
	for i := range c.Rollout {
		step := &c.Rollout[i]
		rows[i] = rolloutRow{At: s.at(step.At), Where: line(strings.Trim(step.Region+" "+strings.Join(step.Instances, " "), " "))}
		if step.Percent > 0 {
			rows[i].Percent = strconv.FormatFloat(step.Percent, 'f', -1, 64) + "%"
		}
	}
	return rows
}

// commits lists the commits with the first line of their messages.
func commits(c *correlate.Change) (rows []commitRow, more int) {
	for i := range c.Commits[:min(len(c.Commits), maxCommits)] {
		commit := &c.Commits[i]
		subject, _, _ := strings.Cut(strings.TrimSpace(commit.Message), "\n")
		row := commitRow{
			SHA: label(commit.SHA, 12), Subject: line(subject), Files: commit.Files[:min(len(commit.Files), maxFiles)],
			MoreFiles: max(0, len(commit.Files)-maxFiles),
		}
		if p := commit.Author; p != nil {
			row.Author = line(cmp.Or(p.Login, p.Name))
		}
		if commit.Additions+commit.Deletions > 0 {
			row.Lines = "+" + group(commit.Additions) + " −" + group(commit.Deletions)
		}
		rows = append(rows, row)
	}
	return rows, max(0, len(c.Commits)-maxCommits)
}

func (s *Site) pulls(c *correlate.Change) []pullRow {
	rows := make([]pullRow, len(c.PullRequests))
	for i := range c.PullRequests {
		p := &c.PullRequests[i]
		rows[i] = pullRow{Number: strconv.FormatInt(p.Number, 10), Title: heading(p.Title), Path: outward(p.URL), Branch: line(p.HeadBranch)}
		if p.Author != nil {
			rows[i].Author = line(p.Author.Login)
		}
		for j := range p.Reviews {
			review := &p.Reviews[j]
			row := s.approval(c, review.Reviewer, review.Level, review.At)
			row.State = words(review.State)
			rows[i].Reviews = append(rows[i].Reviews, row)
		}
	}
	return rows
}

func labelRows(labels map[string]string) []labelRow {
	rows := make([]labelRow, 0, len(labels))
	for name, value := range labels {
		rows = append(rows, labelRow{Name: line(name), Value: line(value)})
	}
	slices.SortFunc(rows, func(a, b labelRow) int { return cmp.Compare(a.Name, b.Name) })
	return rows
}

// suspicions lists the incidents in whose newest finding the change stands.
func (s *Site) suspicions(ctx context.Context, key correlate.Key) ([]suspicionRow, error) {
	if s.deps.Suspicions == nil {
		return nil, nil
	}
	found, err := s.deps.Suspicions.Suspicions(ctx, key)
	if err != nil {
		return nil, err
	}
	var incidents []correlate.Incident
	var places []query.Suspicion
	for i := range found {
		incident, err := s.deps.Incidents.Incident(ctx, found[i].Incident)
		if err != nil {
			return nil, err
		}
		// A merged incident lives on in another one.
		if incident.Status != correlate.IncidentMerged {
			incidents, places = append(incidents, incident), append(places, found[i])
		}
	}
	prepared, err := s.incidentRows(ctx, incidents)
	if err != nil {
		return nil, err
	}
	rows := make([]suspicionRow, len(prepared))
	for i := range prepared {
		rows[i] = suspicionRow{incidentRow: prepared[i], Rank: places[i].Rank, Probability: percent(places[i].Probability), Band: band(places[i].Probability)}
	}
	return rows, nil
}

// changeListBody is what the list of changes shows.
type changeListBody struct {
	Kinds, Status, Classes []option
	Service, Source, Text  string
	Environment            string
	From, To               string
	Said                   string
	Rows                   []changeRow
	Next, First            string
	Feeds                  []feed
}

// changeRow is one change in a list.
type changeRow struct {
	Title, Path, Kind, Status string
	Source                    string
	Started                   moment
	Course                    string
	Services                  names
	// Class is empty where it is Hidden.
	Class  string
	Hidden bool
}

func (s *Site) changeList(w http.ResponseWriter, r *http.Request) error {
	body, q, wrong := readChangeFilter(r)
	if wrong != "" {
		return s.wrongAddress(w, r, wrong)
	}
	page, err := s.deps.Changes.Changes(r.Context(), q)
	if err != nil {
		return err
	}
	if body.Rows, err = s.changeRows(r.Context(), page.Items); err != nil {
		return err
	}
	body.Feeds = s.feeds(r.Context())
	body.Next, body.First = around(r.URL, page.Next)
	return s.show(w, r, &view{page: "changes", title: "Changes", section: "Changes", body: body})
}

// provenanceClasses lists the classes of the filter.
func provenanceClasses() []correlate.ProvenanceClass {
	return []correlate.ProvenanceClass{
		correlate.ProvenanceHuman, correlate.ProvenanceAssisted, correlate.ProvenanceAuthored, correlate.ProvenanceOperated,
		correlate.ProvenanceAdvised, correlate.ProvenanceAutomation, correlate.ProvenanceUnknown,
	}
}

// readChangeFilter reads the address of the list.
func readChangeFilter(r *http.Request) (body *changeListBody, q query.Changes, wrong string) {
	values := r.URL.Query()
	body = &changeListBody{
		Service: values.Get("service"), Source: values.Get("source"), Text: values.Get("q"), Environment: values.Get("environment"),
		From: values.Get("from"), To: values.Get("to"),
	}
	q = query.Changes{Limit: listPage, Cursor: values.Get("cursor"), Source: body.Source, Text: body.Text, Environment: body.Environment}
	if body.Service != "" {
		q.Services = []string{body.Service}
	}
	var problems [4]string
	q.Kinds, problems[0] = chosen(values, "kind", correlate.ChangeKinds())
	q.Status, problems[1] = chosen(values, "status", correlate.ChangeStatuses())
	q.Class, problems[2] = chosen(values, "class", provenanceClasses())
	q.From, q.To, problems[3] = period(values)
	wrong = cmp.Or(problems[:]...)
	body.Kinds, body.Status = options(correlate.ChangeKinds(), q.Kinds), options(correlate.ChangeStatuses(), q.Status)
	body.Classes = options(provenanceClasses(), q.Class)
	body.Said = filterWords(values)
	return body, q, wrong
}

// changeRows prepares a list of changes. What part AI had is left out where it could
// sway a verdict.
func (s *Site) changeRows(ctx context.Context, records []ChangeRecord) ([]changeRow, error) {
	hidden, err := s.veiled(ctx, records)
	if err != nil {
		return nil, err
	}
	rows := make([]changeRow, len(records))
	for i := range records {
		c := &records[i].Change
		rows[i] = changeRow{
			Title: changeTitle(c), Path: changePath(c.Source, c.ID), Kind: words(string(c.Kind)), Status: words(string(c.Status)), Source: line(c.Source),
			Started: s.at(c.StartedAt), Course: course(c, s.now()), Services: few(c.Services),
		}
		if rows[i].Hidden = hidden[c.Key()]; !rows[i].Hidden {
			rows[i].Class = shortClass(records[i].Provenance)
		}
	}
	return rows, nil
}

// shortClass is a provenance class in a word or two.
func shortClass(p *correlate.Provenance) string {
	if p == nil {
		return "Unknown"
	}
	name, _, _ := strings.Cut(classWords(p.Class), ":")
	name, _, _ = strings.Cut(name, ",")
	return name
}
