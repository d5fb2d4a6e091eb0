package format

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// gitLabName is the name of the format in routes and settings.
const gitLabName = "gitlab"

// gitLab decodes webhooks of GitLab. Deployments are changes of production, told
// by deployment events and by the jobs of pipelines that deploy. Pushes, merge
// requests and their approvals are changes of source code. Other events say
// nothing here.
type gitLab struct{ names naming }

func newGitLab(names naming) gitLab { return gitLab{names: names} }

// Name is "gitlab".
func (gitLab) Name() string { return gitLabName }

// Verify checks the secret token in X-Gitlab-Token, or the signature of the
// newer signing token (whsec_...), whichever the secret is.
func (gitLab) Verify(secret string, header func(string) string, body []byte) error {
	if strings.HasPrefix(secret, standardSecret) && standardSigned(secret, header, body) || isSecret(secret, header("X-Gitlab-Token")) {
		return nil
	}
	return event.ErrBadSignature
}

// gitLabProject and gitLabUser stand in every event.
type gitLabProject struct {
	ID     int64  `json:"id"`
	Path   string `json:"path_with_namespace"`
	WebURL string `json:"web_url"`
}

type gitLabUser struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
	Name     string `json:"name"`
}

// gitLabCommit is a commit in a push, a pipeline or a merge request.
type gitLabCommit struct {
	ID        string   `json:"id"`
	Message   string   `json:"message"`
	Timestamp string   `json:"timestamp"`
	URL       string   `json:"url"`
	Added     []string `json:"added"`
	Modified  []string `json:"modified"`
	Removed   []string `json:"removed"`
	Author    *struct {
		Name  string `json:"name"`
		Email string `json:"email"`
	} `json:"author"`
}

// Decode picks the mapping by the kind that every payload of a project names.
// Those of groups and of the whole system have only the name of an event.
func (g gitLab) Decode(m Message) (event.Batch, []event.Rejection) {
	var probe struct {
		Kind  string `json:"object_kind"`
		Event string `json:"event_name"`
	}
	if fe := parse(m.Body, &probe); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	var c *correlate.Change
	var fe *event.FieldError
	switch probe.Kind {
	case "deployment":
		c, fe = g.deployment(m.Body)
	case "pipeline":
		return g.pipeline(m)
	case "merge_request":
		c, fe = g.mergeRequest(m.Body)
	case "push":
		c, fe = g.push(m.Body)
	case "":
		if probe.Event == "" {
			fe = &event.FieldError{Path: "object_kind", Problem: "is missing", Mend: "send the whole payload of a GitLab webhook, without a template of your own"}
		}
	}
	return changeOr(c, fe, m)
}

// gitLabDeployment is a deployment event. The job that deploys is missing where
// the deployment was made by the API.
type gitLabDeployment struct {
	Status      string        `json:"status"`
	ChangedAt   string        `json:"status_changed_at"`
	ID          int64         `json:"deployment_id"`
	JobID       int64         `json:"deployable_id"`
	JobURL      string        `json:"deployable_url"`
	Environment string        `json:"environment"`
	Tier        string        `json:"environment_tier"`
	URL         string        `json:"environment_external_url"`
	Project     gitLabProject `json:"project"`
	ShortSHA    string        `json:"short_sha"`
	Ref         string        `json:"ref"`
	User        gitLabUser    `json:"user"`
	CommitURL   string        `json:"commit_url"`
	CommitTitle string        `json:"commit_title"`
}

// gitLabStatuses are the states of deployments and of jobs that have begun. In
// all others, such as created or skipped, nothing has reached production.
var gitLabStatuses = map[string]correlate.ChangeStatus{
	"running": correlate.StatusInProgress, "success": correlate.StatusSucceeded,
	"failed": correlate.StatusFailed, "canceled": correlate.StatusCancelled, "canceling": correlate.StatusInProgress,
}

// deployment maps a deployment event. Only the first one tells when the
// deployment began.
func (g gitLab) deployment(body []byte) (*correlate.Change, *event.FieldError) {
	var d gitLabDeployment
	if fe := parse(body, &d); fe != nil {
		return nil, fe
	}
	status, begun := gitLabStatuses[d.Status]
	switch {
	case d.Status == "":
		return nil, lacks("status")
	case !begun:
		return nil, nil
	case d.ID == 0:
		return nil, lacks("deployment_id")
	}
	changed, fe := gitLabTime("status_changed_at", d.ChangedAt)
	if fe == nil {
		fe = d.Project.check()
	}
	if fe != nil {
		return nil, fe
	}
	id := numbered(d.Project.ID, "deployment", d.ID)
	if d.JobID != 0 {
		id = numbered(d.Project.ID, "job", d.JobID)
	}
	c := g.deployed(id, &d.Project, d.Environment, d.Tier)
	c.Status, c.StartedAt, c.ObservedAt, c.Actor = status, changed, &changed, d.User.actor()
	c.Title = fmt.Sprintf("%s: %s to %s", d.Project.Path, firstOf(firstLine(d.CommitTitle), "deployment"), shown(c.Environment))
	c.Version, c.Commits = versionOf(d.Ref, firstOf(d.sha(), d.ShortSHA)), commitOf(d.sha())
	c.Links.Run, c.Links.Diff = d.JobURL, d.CommitURL
	addLabels(c, "ref", d.Ref, "environment_url", d.URL, "commit_title", d.CommitTitle)
	if d.Status != "running" {
		mark(c, correlate.ExtraStartUnknown)
	}
	if d.JobID != 0 {
		// Whether the job rolls back or migrates, the events of its pipeline tell.
		mark(c, correlate.ExtraKindAssumed)
	}
	if status.Terminal() {
		c.FinishedAt = &changed
	}
	return c, nil
}

// sha is the commit that is deployed: the payload has it whole only as the last
// part of an address.
func (d *gitLabDeployment) sha() string {
	if sha := path.Base(d.CommitURL); fullSHA.MatchString(sha) {
		return sha
	}
	return ""
}

// deployed is what deployments have in common, whichever event tells of them.
// The page of the environment is where people roll back.
func (g gitLab) deployed(id string, p *gitLabProject, environment, tier string) *correlate.Change {
	c := &correlate.Change{
		ID: id, Source: gitLabName, Kind: correlate.KindDeploy, Environment: g.environment(environment, tier),
		Services: []string{g.names.repository(gitLabName, p.Path)}, Links: &correlate.ChangeLinks{},
		Labels: labels(event.RepositoryLabel, p.Path, "gitlab_environment", environment),
	}
	if p.WebURL != "" {
		c.Links.Rollback = p.WebURL + "/-/environments"
	}
	return c
}

// environment names an environment. GitLab lets people call production what
// they like and says by its tier that it is.
func (g gitLab) environment(name, tier string) string {
	if tier == "production" {
		return correlate.DefaultEnvironment
	}
	return g.names.environment(name)
}

// check demands what identifies a project and what names it.
func (p *gitLabProject) check() *event.FieldError {
	switch {
	case p.ID == 0:
		return lacks("project.id")
	case p.Path == "":
		return lacks("project.path_with_namespace")
	}
	return nil
}

// gitLabBot are the names that GitLab gives to the accounts of access tokens and
// to service accounts. It does not mark them otherwise.
var gitLabBot = regexp.MustCompile(`^((project|group)_\d+_bot(_.*)?|service_account_.*)$`)

// actor is who caused an event. Only machine accounts can be told.
func (u *gitLabUser) actor() *correlate.Actor {
	id := firstOf(u.Username, u.Name)
	switch {
	case id == "":
		return nil
	case gitLabBot.MatchString(u.Username):
		return &correlate.Actor{ID: id, Type: correlate.ActorAutomation}
	}
	return &correlate.Actor{ID: id}
}

// addLabels adds those that have a value.
func addLabels(c *correlate.Change, pairs ...string) {
	for name, value := range labels(pairs...) {
		c.Labels[name] = value
	}
}

// gitLabTimes are the ways in which GitLab writes times that are not RFC 3339.
var gitLabTimes = []string{"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05 UTC"}

// gitLabTime reads a time in any of the ways in which GitLab writes it.
func gitLabTime(path, text string) (time.Time, *event.FieldError) {
	for _, layout := range gitLabTimes {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), nil
		}
	}
	return timeAt(path, text)
}

// contract writes a commit in the contract's words. A time that cannot be read
// is left out: it only describes.
func (k *gitLabCommit) contract() correlate.Commit {
	c := correlate.Commit{SHA: k.ID, Message: k.Message, Files: append(append(append([]string(nil), k.Added...), k.Modified...), k.Removed...)}
	if k.Author != nil {
		c.Author = &correlate.Person{Name: k.Author.Name, Email: k.Author.Email}
	}
	if t, fe := gitLabTime("", k.Timestamp); fe == nil {
		c.AuthoredAt = at(t)
	}
	return c
}

// gitLabPipeline is a pipeline event. Jobs are kept as text too, since each is
// the raw form of one event.
type gitLabPipeline struct {
	Pipeline struct {
		ID  int64  `json:"id"`
		Ref string `json:"ref"`
		SHA string `json:"sha"`
		URL string `json:"url"`
	} `json:"object_attributes"`
	Project gitLabProject     `json:"project"`
	User    gitLabUser        `json:"user"`
	Commit  json.RawMessage   `json:"commit"`
	Jobs    []json.RawMessage `json:"builds"`
}

// gitLabJob is one job of a pipeline.
type gitLabJob struct {
	ID          int64       `json:"id"`
	Name        string      `json:"name"`
	Status      string      `json:"status"`
	StartedAt   string      `json:"started_at"`
	FinishedAt  string      `json:"finished_at"`
	User        *gitLabUser `json:"user"`
	Environment *struct {
		Name   string `json:"name"`
		Action string `json:"action"`
		Tier   string `json:"deployment_tier"`
	} `json:"environment"`
}

// deploys reports whether the job has begun to change an environment. Jobs that
// prepare, verify, access or stop one do not deploy.
func (j *gitLabJob) deploys() bool {
	_, begun := gitLabStatuses[j.Status]
	return begun && j.Environment != nil && j.Environment.Name != "" && (j.Environment.Action == "" || j.Environment.Action == "start") &&
		(j.StartedAt != "" || j.Status != "canceled")
}

// pipeline makes a change of each job that deploys, the same that the
// deployment events tell of, and a change of source code of the commit, whose
// message no deployment event has.
func (g gitLab) pipeline(m Message) (event.Batch, []event.Rejection) {
	var p gitLabPipeline
	if fe := parse(m.Body, &p); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	if fe := p.Project.check(); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	changes, rejected := eachOf("builds", p.Jobs, func(raw json.RawMessage) (*event.Change, *event.FieldError) { return g.job(&p, raw, m.Meta) })
	if e := g.carried(&p, m.Meta); e != nil && len(changes) > 0 {
		changes = append(changes, *e)
	}
	return event.Batch{Changes: changes}, rejected
}

// job maps one job; nil for one that does not deploy.
func (g gitLab) job(p *gitLabPipeline, raw json.RawMessage, meta event.Meta) (*event.Change, *event.FieldError) {
	var j gitLabJob
	if fe := parse(raw, &j); fe != nil {
		return nil, fe
	}
	if !j.deploys() {
		return nil, nil
	}
	if j.ID == 0 {
		return nil, lacks("id")
	}
	c := g.deployed(numbered(p.Project.ID, "job", j.ID), &p.Project, j.Environment.Name, j.Environment.Tier)
	c.Kind, c.Status = taskKind(j.Name), gitLabStatuses[j.Status]
	c.Title = fmt.Sprintf("%s: %s to %s", p.Project.Path, firstOf(j.Name, "deployment"), shown(c.Environment))
	c.Version, c.Commits, c.Actor = versionOf(p.Pipeline.Ref, p.Pipeline.SHA), commitOf(p.Pipeline.SHA), p.User.actor()
	if j.User != nil {
		c.Actor = j.User.actor()
	}
	if p.Project.WebURL != "" {
		c.Links.Run = p.Project.WebURL + "/-/jobs/" + strconv.FormatInt(j.ID, 10)
		c.Links.Diff = p.Project.WebURL + "/-/commit/" + p.Pipeline.SHA
	}
	addLabels(c, "ref", p.Pipeline.Ref, "job", j.Name, "pipeline", p.Pipeline.URL)
	if fe := j.times(c); fe != nil {
		return nil, fe
	}
	meta.Raw = raw
	e, fe := event.NewChange(*c, meta)
	return &e, fe
}

// times sets when the job ran.
func (j *gitLabJob) times(c *correlate.Change) *event.FieldError {
	started, fe := gitLabTime("started_at", j.StartedAt)
	if fe != nil {
		return fe
	}
	c.StartedAt, c.ObservedAt = started, &started
	if j.FinishedAt == "" || !c.Status.Terminal() {
		return nil
	}
	finished, fe := gitLabTime("finished_at", j.FinishedAt)
	c.FinishedAt, c.ObservedAt = &finished, &finished
	return fe
}
