package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/cdevents/sdk-go/pkg/api"
	cdevents "github.com/cdevents/sdk-go/pkg/api/v05"
	"github.com/package-url/packageurl-go"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// decodeCDEvent maps a CDEvent of any 0.x version that the SDK can read. The
// SDK's own validation is not used: it refuses events with a schemaUri that is
// not built into it, the specification's own examples among them.
func (c cloudEvents) decodeCDEvent(m Message) (event.Batch, []event.Rejection) {
	if fe := probeCDEvent(m.Body); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	e, err := readCDEvent(m.Body)
	if err != nil {
		return event.Batch{}, refuse(cdEventFault(err))
	}
	if fe := checkCDEvent(e); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	if alert, fe := c.incident(e); alert != nil || fe != nil {
		if fe != nil {
			return event.Batch{}, refuse(fe)
		}
		return oneAlert(*alert, m)
	}
	return changeOr(c.change(e), nil, m)
}

// errLink is the panic of the SDK about a link that is null.
var errLink = errors.New("a link is null")

// readCDEvent reads an event with the SDK, which panics on some broken ones.
func readCDEvent(body []byte) (e api.CDEventV04, err error) {
	defer func() {
		if recover() != nil {
			err = errLink
		}
	}()
	return cdevents.NewFromJsonBytes(body)
}

// cdEventFault says which member the SDK stumbled over. It embeds its types in
// one another, and their names, in capitals, stand among those of the members.
func cdEventFault(err error) *event.FieldError {
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		fe := typeFault(wrong)
		steps := strings.Split(fe.Path, ".")
		fe.Path = strings.Join(slices.DeleteFunc(steps, func(step string) bool { return step != "" && unicode.IsUpper(rune(step[0])) }), ".")
		return fe
	}
	path := "context.type"
	if errors.Is(err, errLink) || strings.Contains(err.Error(), "link type") {
		path = "context.links"
	}
	return &event.FieldError{Path: path, Problem: "is no CDEvent that can be read: " + err.Error(), Mend: "send a CDEvent of the 0.4 or 0.5 specification"}
}

// probeCDEvent looks at what the SDK would refuse without naming it.
func probeCDEvent(data []byte) *event.FieldError {
	var probe struct {
		Context *struct {
			Type      string `json:"type"`
			Timestamp string `json:"timestamp"`
		} `json:"context"`
	}
	if fe := parse(data, &probe); fe != nil {
		return fe
	}
	if probe.Context == nil {
		return lacks("context")
	}
	if probe.Context.Type == "" {
		return lacks("context.type")
	}
	_, fe := event.ParseTime(probe.Context.Timestamp)
	if fe != nil {
		fe.Path = "context.timestamp"
	}
	return fe
}

// checkCDEvent demands what every mapping needs. The SDK reads absent fields
// as empty ones.
func checkCDEvent(e api.CDEventV04) *event.FieldError {
	switch {
	case e.GetId() == "":
		return lacks("context.id")
	case e.GetSource() == "":
		return lacks("context.source")
	case e.GetSubjectId() == "":
		return lacks("subject.id")
	}
	return nil
}

// change maps a CDEvent that tells of a change; nil for all others.
func (c cloudEvents) change(e api.CDEventV04) *correlate.Change {
	switch e := e.(type) {
	case *cdevents.ServiceDeployedEvent:
		return c.service(e, correlate.KindDeploy, "deployed", e.Subject.Content.Environment, e.Subject.Content.ArtifactId)
	case *cdevents.ServiceUpgradedEvent:
		return c.service(e, correlate.KindDeploy, "upgraded", e.Subject.Content.Environment, e.Subject.Content.ArtifactId)
	case *cdevents.ServiceRolledbackEvent:
		return c.service(e, correlate.KindRollback, "rolled back", e.Subject.Content.Environment, e.Subject.Content.ArtifactId)
	case *cdevents.ServicePublishedEvent:
		return c.service(e, correlate.KindInfrastructure, "published", e.Subject.Content.Environment, "")
	case *cdevents.ServiceRemovedEvent:
		return c.service(e, correlate.KindInfrastructure, "removed", e.Subject.Content.Environment, "")
	case *cdevents.EnvironmentCreatedEvent:
		return c.environment(e, "created")
	case *cdevents.EnvironmentModifiedEvent:
		return c.environment(e, "modified")
	case *cdevents.EnvironmentDeletedEvent:
		return c.environment(e, "deleted")
	case *cdevents.ChangeMergedEvent:
		return c.merged(e)
	}
	return nil
}

// fact is what every change made of a CDEvent has. A CDEvent is a fact without
// duration: the change started and finished when it happened.
func (c cloudEvents) fact(e api.CDEventV04, kind correlate.ChangeKind, title string) *correlate.Change {
	happened := e.GetTimestamp().UTC()
	return &correlate.Change{
		ID: e.GetId(), Source: e.GetSource(), Kind: kind, Title: title,
		StartedAt: happened, FinishedAt: &happened, ObservedAt: &happened, Status: correlate.StatusSucceeded,
		Labels: labels("cdevent_type", e.GetType().String(), "chain_id", e.GetChainId()),
		Extra:  customData(e),
	}
}

func (c cloudEvents) service(e api.CDEventV04, kind correlate.ChangeKind, verb string, environment *api.Reference, artifact string) *correlate.Change {
	name := c.names.service(cloudEventsName, "service", e.GetSubjectId())
	where := c.names.environment(idOf(environment))
	change := c.fact(e, kind, fmt.Sprintf("%s %s in %s", name, verb, shown(where)))
	change.Services = []string{name}
	change.Environment = where
	change.Version = artifactVersion(artifact)
	if artifact != "" {
		change.Labels["artifact_id"] = artifact
	}
	return change
}

// environment is a change of a whole environment: it names no services, which
// means all of them.
func (c cloudEvents) environment(e api.CDEventV04, verb string) *correlate.Change {
	where := c.names.environment(e.GetSubjectId())
	change := c.fact(e, correlate.KindInfrastructure, fmt.Sprintf("environment %s %s", where, verb))
	change.Environment = where
	return change
}

// merged is a change of source code.
func (c cloudEvents) merged(e *cdevents.ChangeMergedEvent) *correlate.Change {
	repository := idOf(e.Subject.Content.Repository)
	change := c.fact(e, correlate.KindOther, fmt.Sprintf("change %s merged", e.GetSubjectId()))
	change.Environment = event.CodeEnvironment
	if repository != "" {
		change.Services = []string{c.names.repository(cloudEventsName, repository)}
		change.Labels["repository"] = repository
	}
	return change
}

// incident maps a CDEvent that tells of an incident; nil for all others.
func (c cloudEvents) incident(e api.CDEventV04) (*correlate.Alert, *event.FieldError) {
	switch e := e.(type) {
	case *cdevents.IncidentDetectedEvent:
		k := e.Subject.Content
		return c.alert(e, correlate.AlertFiring, incidentContent{k.Description, k.Environment, k.Service, k.ArtifactId, ""})
	case *cdevents.IncidentReportedEvent:
		k := e.Subject.Content
		return c.alert(e, correlate.AlertFiring, incidentContent{k.Description, k.Environment, k.Service, k.ArtifactId, k.TicketURI})
	case *cdevents.IncidentResolvedEvent:
		k := e.Subject.Content
		return c.alert(e, correlate.AlertResolved, incidentContent{k.Description, k.Environment, k.Service, k.ArtifactId, ""})
	}
	return nil, nil
}

// incidentContent is what the three incident events have in common.
type incidentContent struct {
	description string
	environment *api.Reference
	service     *api.Reference
	artifact    string
	ticket      string
}

// alert maps an incident. Its fingerprint is the incident's identity. No event
// but the first tells when the incident began: a resolved one tells only of an
// end, and says so.
func (c cloudEvents) alert(e api.CDEventV04, status correlate.AlertStatus, k incidentContent) (*correlate.Alert, *event.FieldError) {
	service := firstOf(idOf(k.service), artifactName(k.artifact))
	if service == "" {
		return nil, &event.FieldError{
			Path: "subject.content.service", Problem: "is missing, and no artifactId tells it", Mend: "name the service that the incident is about",
		}
	}
	happened := e.GetTimestamp().UTC()
	alert := &correlate.Alert{
		ID: e.GetSubjectId(), Source: e.GetSource(), Fingerprint: firstOf(e.GetSubjectSource(), e.GetSource()) + "#" + e.GetSubjectId(),
		Service: c.names.service(cloudEventsName, "service", service), Environment: c.names.environment(idOf(k.environment)),
		Version: artifactVersion(k.artifact), Name: "incident " + e.GetSubjectId(), Status: status, Signal: guessSignal(k.description),
		StartedAt: happened, ObservedAt: &happened, Links: labels("ticket", k.ticket),
		Labels: labels("cdevent_type", e.GetType().String(), "chain_id", e.GetChainId(), correlate.LabelDeclaredIncident, e.GetSubjectId()),
		Extra:  customData(e),
	}
	if status == correlate.AlertResolved {
		alert.ResolvedAt, alert.Description = &happened, k.description
		alert.Extra = withoutStart(alert.Extra)
		return alert, nil
	}
	alert.Summary = k.description
	return alert, nil
}

// withoutStart marks an alert whose sender did not tell when it began.
func withoutStart(extra map[string]json.RawMessage) map[string]json.RawMessage {
	if extra == nil {
		extra = map[string]json.RawMessage{}
	}
	extra[correlate.ExtraStartUnknown] = json.RawMessage("true")
	return extra
}

func idOf(r *api.Reference) string {
	if r == nil {
		return ""
	}
	return r.Id
}

// artifactVersion is the version in a package URL, empty if there is none.
func artifactVersion(purl string) string {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return ""
	}
	return p.Version
}

// artifactName is the name in a package URL, empty if there is none.
func artifactName(purl string) string {
	p, err := packageurl.FromString(purl)
	if err != nil {
		return ""
	}
	return p.Name
}

// customData keeps the free part of a CDEvent.
func customData(e api.CDEventV04) map[string]json.RawMessage {
	free, err := e.GetCustomDataRaw()
	if err != nil || len(free) == 0 || string(free) == "null" || !json.Valid(free) {
		return nil
	}
	return map[string]json.RawMessage{"customData": free}
}
