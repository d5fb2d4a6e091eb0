package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/go-github/v90/github"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// gitHubName is the name of the format in routes and settings.
const gitHubName = "github"

// gitHub decodes webhooks of GitHub. Deployments and their statuses are changes
// of production. Pushes, merged pull requests and their reviews are changes of
// source code: see repositoryEnvironment. Other events say nothing here.
type gitHub struct{ names naming }

func newGitHub(names naming) gitHub { return gitHub{names: names} }

// Name is "github".
func (gitHub) Name() string { return gitHubName }

// Verify checks X-Hub-Signature-256. The older SHA-1 header is not accepted.
func (gitHub) Verify(secret string, header func(string) string, body []byte) error {
	return anySigned(secret, body, header("X-Hub-Signature-256"), "sha256=")
}

// Decode picks the mapping by the event's name, which GitHub sends in a header
// and which the payload's fields tell where headers are lost.
func (g gitHub) Decode(m Message) (event.Batch, []event.Rejection) {
	if fe := unwrapForm(&m); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	var fields map[string]json.RawMessage
	if fe := parse(m.Body, &fields); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	name := firstOf(m.Header("X-GitHub-Event"), gitHubEvent(fields))
	c, fe := g.change(name, m.Body)
	return changeOr(c, fe, m)
}

// unwrapForm takes the payload out of the form in which GitHub sends it unless
// the webhook is set to JSON. A form without its content type, as a relay may
// pass it on, begins as no JSON does.
func unwrapForm(m *Message) *event.FieldError {
	if mediaType(m) != "application/x-www-form-urlencoded" && !bytes.HasPrefix(m.Body, []byte("payload=")) {
		return nil
	}
	form, err := url.ParseQuery(string(m.Body))
	if err != nil || form.Get("payload") == "" {
		return &event.FieldError{Path: "payload", Problem: "is missing in the form", Mend: "choose application/json as the content type of the webhook"}
	}
	m.Body = []byte(form.Get("payload"))
	return nil
}

// gitHubEvent tells the event by fields that only its payload has together.
func gitHubEvent(fields map[string]json.RawMessage) string {
	has := func(names ...string) bool {
		for _, n := range names {
			if _, there := fields[n]; !there {
				return false
			}
		}
		return true
	}
	switch {
	case has("deployment_status", "deployment"):
		return "deployment_status"
	case has("deployment", "repository"):
		return "deployment"
	case has("review", "pull_request"):
		return "pull_request_review"
	case has("pull_request", "number"):
		return "pull_request"
	case has("ref", "before", "after"):
		return "push"
	case has("zen", "hook_id"):
		return "ping"
	}
	return ""
}

// change maps one event; nil for one that tells of no change.
func (g gitHub) change(name string, body []byte) (*correlate.Change, *event.FieldError) {
	switch name {
	case "deployment":
		return g.deployment(body)
	case "deployment_status":
		return g.deploymentStatus(body)
	case "push":
		return g.push(body)
	case "pull_request":
		return g.pullRequest(body)
	case "pull_request_review":
		return g.review(body)
	case "":
		return nil, &event.FieldError{
			Path: "x-github-event", Problem: "is missing, and the payload is none that can be told by its fields", Mend: "pass the header X-GitHub-Event on",
		}
	}
	return nil, nil
}

// deploymentExtras are the fields that the client library does not know.
type deploymentExtras struct {
	Deployment struct {
		OriginalEnvironment string `json:"original_environment"`
		Production          bool   `json:"production_environment"`
		Transient           bool   `json:"transient_environment"`
	} `json:"deployment"`
}

func (g gitHub) deployment(body []byte) (*correlate.Change, *event.FieldError) {
	var e github.DeploymentEvent
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	c, fe := g.deployed(e.GetDeployment(), e.GetRepo(), body)
	if fe != nil {
		return nil, fe
	}
	c.Status = correlate.StatusInProgress
	c.ObservedAt = at(e.GetDeployment().GetCreatedAt().Time)
	if run := e.GetWorkflowRun().GetHTMLURL(); run != "" {
		c.Links.Run = run
	}
	return c, nil
}

// deploymentStatuses are the states of a deployment. A state that is not
// listed, such as inactive, says nothing of the rollout: it is sent when a
// later deployment takes over.
var deploymentStatuses = map[string]correlate.ChangeStatus{
	"pending": correlate.StatusInProgress, "queued": correlate.StatusInProgress,
	"waiting": correlate.StatusInProgress, "in_progress": correlate.StatusInProgress,
	"success": correlate.StatusSucceeded, "failure": correlate.StatusFailed, "error": correlate.StatusFailed,
}

func (g gitHub) deploymentStatus(body []byte) (*correlate.Change, *event.FieldError) {
	var e github.DeploymentStatusEvent
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	status := e.GetDeploymentStatus()
	state, known := deploymentStatuses[status.GetState()]
	switch {
	case status == nil || status.GetState() == "":
		return nil, lacks("deployment_status.state")
	case !known:
		return nil, nil
	case status.GetCreatedAt().IsZero():
		return nil, lacks("deployment_status.created_at")
	}
	c, fe := g.deployed(e.GetDeployment(), e.GetRepo(), body)
	if fe != nil {
		return nil, fe
	}
	c.Status = state
	c.ObservedAt = at(status.GetCreatedAt().Time)
	if state.Terminal() {
		c.FinishedAt = c.ObservedAt
	}
	c.Links.Run = firstOf(status.GetLogURL(), status.GetTargetURL())
	if address := status.GetEnvironmentURL(); address != "" {
		c.Labels["environment_url"] = address
	}
	return c, nil
}

// deployed maps a deployment, which is the same change in all its events.
func (g gitHub) deployed(d *github.Deployment, repo *github.Repository, body []byte) (*correlate.Change, *event.FieldError) {
	switch {
	case d.GetID() == 0:
		return nil, lacks("deployment.id")
	case d.GetCreatedAt().IsZero():
		return nil, lacks("deployment.created_at")
	}
	if fe := checkRepository(repo); fe != nil {
		return nil, fe
	}
	var more deploymentExtras
	if fe := parse(body, &more); fe != nil {
		return nil, fe
	}
	payload := readDeploymentPayload(d.GetPayload())
	where := g.environment(d.GetEnvironment(), more.Deployment.Production)
	c := &correlate.Change{
		ID: numbered(repo.GetID(), "deployment", d.GetID()), Source: gitHubName, Kind: taskKind(d.GetTask()),
		Title:    firstOf(firstLine(d.GetDescription()), fmt.Sprintf("%s: %s of %s to %s", repo.GetFullName(), firstOf(d.GetTask(), "deploy"), d.GetRef(), shown(where))),
		Services: payload.services(), Environment: where, StartedAt: d.GetCreatedAt().UTC(),
		Version: firstOf(payload.Version, versionOf(d.GetRef(), d.GetSHA())), Actor: actorOf(d.GetCreator()),
		Links: &correlate.ChangeLinks{}, Labels: labels(
			"repository", repo.GetFullName(), "ref", d.GetRef(), "task", d.GetTask(), "github_environment", d.GetEnvironment(),
		),
	}
	if len(c.Services) == 0 {
		c.Services = []string{g.names.repository(gitHubName, repo.GetFullName())}
	}
	if d.GetSHA() != "" {
		c.Commits = []correlate.Commit{{SHA: d.GetSHA()}}
		if repo.GetHTMLURL() != "" {
			c.Links.Diff = repo.GetHTMLURL() + "/commit/" + d.GetSHA()
		}
	}
	return c, nil
}

// repository is what the client library's several types of it have in common.
type repository interface {
	GetID() int64
	GetFullName() string
}

// checkRepository demands what identifies a repository and what names it.
func checkRepository(r repository) *event.FieldError {
	switch {
	case r.GetID() == 0:
		return lacks("repository.id")
	case r.GetFullName() == "":
		return lacks("repository.full_name")
	}
	return nil
}

// environment names the environment of a deployment. GitHub lets people call
// production what they like and says beside it that it is.
func (g gitHub) environment(name string, production bool) string {
	if production {
		return correlate.DefaultEnvironment
	}
	return g.names.environment(name)
}

// taskKind tells the kind of a deployment by its task, a free word of which
// "deploy" is the default.
func taskKind(task string) correlate.ChangeKind {
	switch {
	case strings.Contains(task, "rollback"):
		return correlate.KindRollback
	case strings.Contains(task, "migrat"):
		return correlate.KindSchemaMigration
	}
	return correlate.KindDeploy
}

// versionOf takes a reference that looks like a version for one, else the
// commit.
func versionOf(ref, sha string) string {
	name := strings.TrimPrefix(ref, "refs/tags/")
	digits := strings.TrimPrefix(name, "v")
	if digits != "" && digits[0] >= '0' && digits[0] <= '9' && strings.Contains(digits, ".") {
		return name
	}
	return sha
}

// deploymentPayload is what a deployment's free payload may tell, if whoever
// creates deployments puts it there.
type deploymentPayload struct {
	Service  string   `json:"service"`
	Services []string `json:"services"`
	Version  string   `json:"version"`
}

// readDeploymentPayload reads a payload that is an object, or JSON in a string.
// Anything else tells nothing.
func readDeploymentPayload(raw json.RawMessage) deploymentPayload {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	var p deploymentPayload
	if json.Unmarshal(raw, &p) != nil {
		return deploymentPayload{}
	}
	return p
}

func (p deploymentPayload) services() []string {
	if p.Service != "" {
		return append([]string{p.Service}, p.Services...)
	}
	return p.Services
}

// actorOf maps an account. GitHub calls apps and machine accounts bots.
func actorOf(u *github.User) *correlate.Actor {
	switch {
	case u.GetLogin() == "":
		return nil
	case u.GetType() == "Bot":
		return &correlate.Actor{ID: u.GetLogin(), Type: correlate.ActorAutomation}
	case u.GetType() == "User":
		return &correlate.Actor{ID: u.GetLogin(), Type: correlate.ActorHuman}
	}
	return &correlate.Actor{ID: u.GetLogin()}
}

// numbered makes an id of a repository, a word and a number in it.
func numbered(repository int64, word string, number int64) string {
	return strconv.FormatInt(repository, 10) + ":" + word + ":" + strconv.FormatInt(number, 10)
}
