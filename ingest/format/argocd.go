package format

import (
	"encoding/json"
	"fmt"
	"regexp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// argoCDName is the name of the format in routes and settings.
const argoCDName = "argocd"

// argoCDSchema marks payloads of the template in docs/formats.md. Argo CD has
// no payload of its own: a template renders it.
const argoCDSchema = "argocd/v1"

// argoCD decodes what our notification template of Argo CD renders: an
// application and its last operation. One operation is one change.
type argoCD struct{ names naming }

func newArgoCD(names naming) argoCD { return argoCD{names: names} }

// Name is "argocd".
func (argoCD) Name() string { return argoCDName }

// argoCDPayload is the rendered template. What an application does not have is
// null.
type argoCDPayload struct {
	Schema      string            `json:"schema"`
	Name        string            `json:"name"`
	Namespace   string            `json:"namespace"`
	UID         string            `json:"uid"`
	Labels      map[string]string `json:"labels"`
	Project     string            `json:"project"`
	URL         string            `json:"url"`
	Destination struct {
		Name      string `json:"name"`
		Server    string `json:"server"`
		Namespace string `json:"namespace"`
	} `json:"destination"`
	Sync struct {
		Revision string `json:"revision"`
	} `json:"sync"`
	Images    json.RawMessage  `json:"images"`
	Operation *argoCDOperation `json:"operation"`
}

// argoCDOperation is one synchronisation.
type argoCDOperation struct {
	Phase       string `json:"phase"`
	StartedAt   string `json:"startedAt"`
	FinishedAt  string `json:"finishedAt"`
	Message     string `json:"message"`
	Revision    string `json:"revision"`
	InitiatedBy struct {
		Username  string `json:"username"`
		Automated bool   `json:"automated"`
	} `json:"initiatedBy"`
}

// argoCDPhases are the phases of an operation.
var argoCDPhases = map[string]correlate.ChangeStatus{
	"Running": correlate.StatusInProgress, "Terminating": correlate.StatusInProgress,
	"Succeeded": correlate.StatusSucceeded, "Failed": correlate.StatusFailed, "Error": correlate.StatusFailed,
}

// Decode makes a change of the application's operation, if it has one.
func (a argoCD) Decode(m Message) (event.Batch, []event.Rejection) {
	var p argoCDPayload
	if fe := parse(m.Body, &p); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	switch {
	case p.Schema != argoCDSchema:
		return event.Batch{}, refuse(&event.FieldError{
			Path: "schema", Problem: fmt.Sprintf("%q is not %q", p.Schema, argoCDSchema), Mend: "use the notification template of docs/formats.md",
		})
	case p.Operation == nil:
		return event.Batch{}, nil
	}
	c, fe := a.change(&p)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	return oneChange(c, m)
}

// change maps an operation. The same revision may be synchronised again and
// again, so an operation is known by its start.
func (a argoCD) change(p *argoCDPayload) (correlate.Change, *event.FieldError) {
	op := p.Operation
	status, known := argoCDPhases[op.Phase]
	switch {
	case !known:
		return correlate.Change{}, &event.FieldError{
			Path: "operation.phase", Problem: fmt.Sprintf("%q is not a phase of an operation", op.Phase), Mend: "send Running, Terminating, Succeeded, Failed or Error",
		}
	case p.UID == "":
		return correlate.Change{}, lacks("uid")
	case p.Name == "":
		return correlate.Change{}, lacks("name")
	}
	revision := firstOf(op.Revision, p.Sync.Revision)
	service := a.names.service(argoCDName, "application", p.Name)
	c := correlate.Change{
		ID: p.UID + ":" + op.StartedAt, Source: argoCDName, Kind: correlate.KindDeploy, Status: status,
		Title:    fmt.Sprintf("%s: sync to %s", p.Name, firstOf(revision, "an unknown revision")),
		Services: []string{service}, Environment: a.names.environment(firstLabel(p.Labels, "environment", "env")),
		Version: revision, Actor: op.actor(), Commits: commitOf(revision),
		Labels: labels(
			"application", p.Name, "namespace", p.Namespace, "project", p.Project, "message", op.Message,
			"cluster", firstOf(p.Destination.Name, p.Destination.Server), "target_namespace", p.Destination.Namespace,
		),
	}
	if p.URL != "" {
		c.Links = &correlate.ChangeLinks{Run: p.URL}
	}
	if len(p.Images) > 0 && string(p.Images) != "null" {
		c.Extra = map[string]json.RawMessage{"images": p.Images}
	}
	fe := op.times(&c)
	return c, fe
}

// times sets the interval of an operation and when it was observed.
func (op *argoCDOperation) times(c *correlate.Change) *event.FieldError {
	started, fe := event.ParseTime(op.StartedAt)
	if fe != nil {
		fe.Path = "operation.startedAt"
		return fe
	}
	c.StartedAt, c.ObservedAt = started, &started
	if op.FinishedAt == "" {
		return nil
	}
	finished, fe := event.ParseTime(op.FinishedAt)
	if fe != nil {
		fe.Path = "operation.finishedAt"
		return fe
	}
	c.FinishedAt, c.ObservedAt = &finished, &finished
	return nil
}

// actor is who started the operation; nobody did if it is automated.
func (op *argoCDOperation) actor() *correlate.Actor {
	switch {
	case op.InitiatedBy.Automated:
		return &correlate.Actor{ID: op.InitiatedBy.Username, Type: correlate.ActorAutomation}
	case op.InitiatedBy.Username != "":
		return &correlate.Actor{ID: op.InitiatedBy.Username}
	}
	return nil
}

// fullSHA is a commit; a revision may also be a tag or the version of a chart.
var fullSHA = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

// commitOf is the commit that a revision names, if it names one.
func commitOf(revision string) []correlate.Commit {
	if !fullSHA.MatchString(revision) {
		return nil
	}
	return []correlate.Commit{{SHA: revision}}
}
