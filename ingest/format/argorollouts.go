package format

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// argoRolloutsName is the name of the format in routes and settings.
const argoRolloutsName = "argo-rollouts"

// argoRolloutsSchema marks payloads of the template in docs/formats.md.
const argoRolloutsSchema = "argo-rollouts/v1"

// argoRollouts decodes what our notification template of Argo Rollouts renders:
// a rollout as it stands. One revision of a rollout is one change, and each
// notification adds the step that it tells of.
type argoRollouts struct{ names naming }

func newArgoRollouts(names naming) argoRollouts { return argoRollouts{names: names} }

// Name is "argo-rollouts".
func (argoRollouts) Name() string { return argoRolloutsName }

// argoRollout is the rendered template. What a rollout does not have is null.
type argoRollout struct {
	Schema    string            `json:"schema"`
	At        string            `json:"at"`
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	UID       string            `json:"uid"`
	Labels    map[string]string `json:"labels"`
	Revision  string            `json:"revision"`
	Phase     string            `json:"phase"`
	Message   string            `json:"message"`
	Aborted   bool              `json:"aborted"`
	AbortedAt string            `json:"abortedAt"`
	// Pod and Stable are the hashes of the template that is rolled out, and of
	// that which serves everybody.
	Pod    string `json:"podHash"`
	Stable string `json:"stableHash"`
	// Step is the index of the step that is at work.
	Step *int `json:"step"`
	// Steps are those of a canary, absent for blue-green.
	Steps []struct {
		SetWeight *float64 `json:"setWeight"`
	} `json:"steps"`
	// Weight is what the traffic router was told, in percent, where there is one.
	Weight *float64 `json:"weight"`
	Images []string `json:"images"`
}

// argoRolloutPhases are the phases of a rollout.
var argoRolloutPhases = map[string]correlate.ChangeStatus{
	"Progressing": correlate.StatusInProgress, "Paused": correlate.StatusInProgress,
	"Healthy": correlate.StatusSucceeded, "Degraded": correlate.StatusFailed,
}

// Decode makes a change of the rollout's revision.
func (a argoRollouts) Decode(m Message) (event.Batch, []event.Rejection) {
	var r argoRollout
	if fe := parse(m.Body, &r); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	c, fe := a.change(&r)
	return changeOr(c, fe, m)
}

// check demands what identifies a revision and tells how far it is.
func (r *argoRollout) check() *event.FieldError {
	_, known := argoRolloutPhases[r.Phase]
	switch {
	case r.Schema != argoRolloutsSchema:
		return &event.FieldError{
			Path: "schema", Problem: fmt.Sprintf("%.60q is not %q", r.Schema, argoRolloutsSchema), Mend: "use the notification template of docs/formats.md",
		}
	case r.UID == "":
		return lacks("uid")
	case r.Name == "":
		return lacks("name")
	case r.Revision == "" && r.Pod == "":
		return lacks("revision")
	case !known:
		return &event.FieldError{
			Path: "phase", Problem: fmt.Sprintf("%.60q is not a phase of a rollout", r.Phase), Mend: "send Progressing, Paused, Healthy or Degraded",
		}
	}
	return nil
}

// status is how far the revision is. One that was aborted serves nobody any
// more; one that is healthy before it is stable has not ended.
func (r *argoRollout) status() correlate.ChangeStatus {
	status := argoRolloutPhases[r.Phase]
	switch {
	case r.Aborted:
		return correlate.StatusRolledBack
	case status == correlate.StatusSucceeded && r.Pod != r.Stable:
		return correlate.StatusInProgress
	}
	return status
}

// change maps a rollout. No field of it tells when its revision began: the
// first notification is as near as can be known.
func (a argoRollouts) change(r *argoRollout) (*correlate.Change, *event.FieldError) {
	if fe := r.check(); fe != nil {
		return nil, fe
	}
	told, fe := timeAt("at", r.At)
	if fe != nil {
		return nil, fe
	}
	c := &correlate.Change{
		ID: r.UID + ":" + firstOf(r.Revision, r.Pod), Source: argoRolloutsName, Kind: correlate.KindDeploy, Status: r.status(),
		Title:    fmt.Sprintf("%s: rollout of revision %s", r.Name, firstOf(r.Revision, r.Pod)),
		Services: []string{a.service(r)}, Environment: a.names.environment(firstLabel(r.Labels, "environment", "env")),
		StartedAt: told, ObservedAt: &told, Version: firstOf(imageTag(r.Images), r.Pod),
		Actor: &correlate.Actor{ID: argoRolloutsName, Type: correlate.ActorAutomation},
		Labels: labels(
			"rollout", r.Name, "namespace", r.Namespace, "phase", r.Phase, "message", r.Message, "revision", r.Revision,
			"images", strings.Join(r.Images, ","),
		),
	}
	mark(c, correlate.ExtraStartUnknown)
	if region := firstLabel(r.Labels, "region", "topology.kubernetes.io/region"); region != "" {
		c.Regions = []string{region}
	}
	fe = r.course(c, told)
	return c, fe
}

// course sets the step that is told of, and the end.
func (r *argoRollout) course(c *correlate.Change, told time.Time) *event.FieldError {
	if percent := r.percent(c.Status); percent > 0 {
		c.Rollout = []correlate.RolloutStep{{At: told, Percent: percent}}
		mark(c, correlate.ExtraRolloutAdds)
	}
	if r.Step != nil {
		c.Extra["step"] = json.RawMessage(strconv.Itoa(*r.Step))
	}
	if !c.Status.Terminal() {
		return nil
	}
	c.FinishedAt = &told
	if !r.Aborted || r.AbortedAt == "" {
		return nil
	}
	aborted, fe := timeAt("abortedAt", r.AbortedAt)
	if fe == nil && aborted.Before(told) {
		// The end was before the notice of it, and so was the start.
		c.FinishedAt, c.StartedAt = &aborted, aborted
	}
	return fe
}

// percent is the share of the traffic that the revision has: what the router
// was told, else the last weight among the steps that are done. It is not told
// of one that was taken back, or whose steps set no weight.
func (r *argoRollout) percent(status correlate.ChangeStatus) float64 {
	switch {
	case status == correlate.StatusSucceeded:
		return 100
	case status != correlate.StatusInProgress:
		return 0
	case r.Weight != nil:
		return share(*r.Weight)
	case r.Step == nil:
		return 0
	}
	weight := 0.0
	for i := range r.Steps {
		if i < *r.Step && r.Steps[i].SetWeight != nil {
			weight = *r.Steps[i].SetWeight
		}
	}
	return share(weight)
}

// share keeps a percentage within its bounds.
func share(percent float64) float64 { return min(max(percent, 0), 100) }

// service names the service: by rule for the rollout, else by its label, else
// by its name.
func (a argoRollouts) service(r *argoRollout) string {
	if name, known := a.names.mapped(argoRolloutsName, "rollout", r.Namespace+"/"+r.Name); known {
		return name
	}
	if name, known := a.names.mapped(argoRolloutsName, "rollout", r.Name); known {
		return name
	}
	return firstOf(firstLabel(r.Labels, "service", "app.kubernetes.io/name"), r.Name)
}

// imageTag is the tag of the only image, or of the first of several.
func imageTag(images []string) string {
	if len(images) == 0 {
		return ""
	}
	name, _, _ := strings.Cut(images[0], "@")
	name = name[strings.LastIndexByte(name, '/')+1:]
	_, tag, _ := strings.Cut(name, ":")
	return tag
}
