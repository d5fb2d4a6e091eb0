package format

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// fluxName is the name of the format in routes and settings.
const fluxName = "flux"

// flux decodes what Flux's notification controller sends by its providers
// generic and generic-hmac. One revision of one Kustomization or HelmRelease is
// one change, however often Flux speaks of it; events of sources, images and
// receivers say nothing.
type flux struct{ names naming }

func newFlux(names naming) flux { return flux{names: names} }

// Name is "flux".
func (flux) Name() string { return fluxName }

// Verify checks X-Signature, which names its hash function.
func (flux) Verify(secret string, header func(string) string, body []byte) error {
	return namedSigned(secret, body, header("X-Signature"))
}

// fluxEvent is the payload. Metadata has what the controller knows of the
// revision and what the alert's eventMetadata adds.
type fluxEvent struct {
	Object     *fluxObject       `json:"involvedObject"`
	Severity   string            `json:"severity"`
	Timestamp  string            `json:"timestamp"`
	Message    string            `json:"message"`
	Reason     string            `json:"reason"`
	Metadata   map[string]string `json:"metadata"`
	Controller string            `json:"reportingController"`
}

type fluxObject struct {
	Kind      string `json:"kind"`
	Name      string `json:"name"`
	Namespace string `json:"namespace"`
	UID       string `json:"uid"`
}

// fluxReason is what an event of this reason tells.
type fluxReason struct {
	kind   correlate.ChangeKind
	status correlate.ChangeStatus
}

// fluxReasons are the reasons by which something was done to the cluster. Where
// the source, the build or a dependency failed, or nothing was to be done,
// nothing was.
var fluxReasons = map[string]fluxReason{
	"Progressing":             {correlate.KindDeploy, correlate.StatusInProgress},
	"ReconciliationSucceeded": {correlate.KindDeploy, correlate.StatusSucceeded},
	"ReconciliationFailed":    {correlate.KindDeploy, correlate.StatusFailed},
	"HealthCheckFailed":       {correlate.KindDeploy, correlate.StatusFailed},
	"PruneFailed":             {correlate.KindDeploy, correlate.StatusFailed},
	"InstallSucceeded":        {correlate.KindDeploy, correlate.StatusSucceeded},
	"InstallFailed":           {correlate.KindDeploy, correlate.StatusFailed},
	"UpgradeSucceeded":        {correlate.KindDeploy, correlate.StatusSucceeded},
	"UpgradeFailed":           {correlate.KindDeploy, correlate.StatusFailed},
	"TestFailed":              {correlate.KindDeploy, correlate.StatusFailed},
	"RollbackSucceeded":       {correlate.KindRollback, correlate.StatusSucceeded},
	"RollbackFailed":          {correlate.KindRollback, correlate.StatusFailed},
	"UninstallSucceeded":      {correlate.KindInfrastructure, correlate.StatusSucceeded},
	"UninstallFailed":         {correlate.KindInfrastructure, correlate.StatusFailed},
}

// Decode makes a change of an event about what is deployed.
func (f flux) Decode(m Message) (event.Batch, []event.Rejection) {
	var e fluxEvent
	if fe := parse(m.Body, &e); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	c, fe := f.change(&e)
	return changeOr(c, fe, m)
}

// change maps an event; nil for one that tells of no change.
func (f flux) change(e *fluxEvent) (*correlate.Change, *event.FieldError) {
	switch {
	case e.Object == nil:
		return nil, lacks("involvedObject")
	case e.Reason == "":
		return nil, lacks("reason")
	case e.Object.Kind != "Kustomization" && e.Object.Kind != "HelmRelease":
		return nil, nil
	}
	what, tells := fluxReasons[e.Reason]
	switch {
	case !tells:
		return nil, nil
	case e.Object.Name == "":
		return nil, lacks("involvedObject.name")
	}
	happened, fe := timeAt("timestamp", e.Timestamp)
	if fe != nil {
		return nil, fe
	}
	revision := parseRevision(e.meta("revision"))
	c := &correlate.Change{
		ID: e.id(what.kind, revision.text), Source: fluxName, Kind: what.kind, Status: what.status,
		Title:    fmt.Sprintf("%s %s: %s", e.Object.Kind, e.Object.Name, firstOf(firstLine(e.Message), e.Reason)),
		Services: []string{f.service(e)}, Environment: f.names.environment(firstLabel(e.Metadata, "environment", "env")),
		StartedAt: happened, ObservedAt: &happened, Version: revision.version(), Labels: e.labels(revision.branch),
	}
	c.Actor = &correlate.Actor{ID: firstOf(e.Controller, fluxName), Type: correlate.ActorAutomation}
	if region := e.Metadata["region"]; region != "" {
		c.Regions = []string{region}
	}
	// An artifact of an image registry names the commit it was made of apart.
	c.Commits = commitOf(firstOf(parseRevision(e.meta("originRevision")).commit, revision.commit))
	if what.status.Terminal() {
		c.FinishedAt = &happened
		mark(c, correlate.ExtraStartUnknown)
	}
	return c, nil
}

// id is the object and the revision; uninstallations and rollbacks are changes
// of their own.
func (e *fluxEvent) id(kind correlate.ChangeKind, revision string) string {
	id := firstOf(e.Object.UID, e.Object.Kind+"/"+e.Object.Namespace+"/"+e.Object.Name)
	switch {
	case kind != correlate.KindDeploy:
		return id + ":" + string(kind) + ":" + firstOf(revision, "unknown") + ":" + e.Timestamp
	case revision == "":
		return id + ":" + e.Timestamp
	}
	return id + ":" + revision
}

// service names the service: as the alert's eventMetadata says, by rule for the
// object, else by the object's name.
func (f flux) service(e *fluxEvent) string {
	if name := e.Metadata["service"]; name != "" {
		return f.names.service(fluxName, "service", name)
	}
	if name, known := f.names.mapped(fluxName, "object", e.Object.Namespace+"/"+e.Object.Name); known {
		return name
	}
	return f.names.service(fluxName, "object", e.Object.Name)
}

// labels keeps what has no field of its own.
func (e *fluxEvent) labels(branch string) map[string]string {
	set := labels(
		"object", e.Object.Kind+"/"+e.Object.Name, "namespace", e.Object.Namespace, "reason", e.Reason, "message", e.Message,
		"ref", branch, "app_version", e.meta("app-version"),
	)
	for name, value := range e.Metadata {
		if !strings.Contains(name, "/") && value != "" {
			set[name] = value
		}
	}
	return set
}

// meta is a value that the controller gave: its name stands behind that of the
// controller's group, as in kustomize.toolkit.fluxcd.io/revision. Where two groups
// give one, the first by name is taken, so that a replay takes the same.
func (e *fluxEvent) meta(name string) string {
	for _, key := range slices.Sorted(maps.Keys(e.Metadata)) {
		if strings.HasSuffix(key, ".toolkit.fluxcd.io/"+name) {
			return e.Metadata[key]
		}
	}
	return e.Metadata[name]
}

// fluxRevision is a revision: main@sha1:3f1c..., main/3f1c... as older versions
// write it, latest@sha256:0a1b... of an image registry, or 1.4.0 of a chart.
type fluxRevision struct{ text, branch, commit string }

func parseRevision(text string) fluxRevision {
	r := fluxRevision{text: text}
	name, digest, digested := strings.Cut(text, "@")
	if !digested {
		name, digest = "", text
	}
	algorithm, sum, named := strings.Cut(digest, ":")
	switch {
	case named && algorithm == "sha1":
		r.branch, r.commit = name, sum
	case named:
		r.branch = name
	default:
		if at := strings.LastIndexByte(text, '/'); at > 0 && fullSHA.MatchString(text[at+1:]) {
			r.branch, r.commit = text[:at], text[at+1:]
		}
	}
	return r
}

// version is the tag or commit, whichever people know the revision by.
func (r fluxRevision) version() string {
	if r.commit == "" {
		return r.text
	}
	return versionOf(r.branch, r.commit)
}
