package format

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// pagerDutyChangeName is the name of the format in routes and settings.
const pagerDutyChangeName = "pagerduty-change"

// pagerDutyChange decodes change events in the form that PagerDuty's Events API
// v2 takes at /v2/change/enqueue: what sends there can send here. An event has
// neither id nor status: the same text is the same change, and it is over.
type pagerDutyChange struct{ names naming }

func newPagerDutyChange(names naming) pagerDutyChange { return pagerDutyChange{names: names} }

// Name is "pagerduty-change".
func (pagerDutyChange) Name() string { return pagerDutyChangeName }

// Verify checks the routing key in the body, which is what senders prove
// themselves by.
func (pagerDutyChange) Verify(secret string, _ func(string) string, body []byte) error {
	var e struct {
		Key string `json:"routing_key"`
	}
	if len(body) > event.MaxEventBytes || json.Unmarshal(body, &e) != nil || !isSecret(secret, e.Key) {
		return event.ErrBadSignature
	}
	return nil
}

// pagerDutyChangeEvent is the body. What the details hold is up to the sender.
type pagerDutyChangeEvent struct {
	Payload *struct {
		Summary   string                     `json:"summary"`
		Source    string                     `json:"source"`
		Timestamp string                     `json:"timestamp"`
		Details   map[string]json.RawMessage `json:"custom_details"`
	} `json:"payload"`
	Links []struct {
		Href string `json:"href"`
		Text string `json:"text"`
	} `json:"links"`
	Action string `json:"event_action"`
}

// Decode makes a change of an event. One without time is of the moment at which
// it first arrived.
func (p pagerDutyChange) Decode(m Message) (event.Batch, []event.Rejection) {
	var e pagerDutyChangeEvent
	if fe := parse(m.Body, &e); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	happened := m.Meta.ArrivedAt
	switch {
	case e.Action != "":
		return event.Batch{}, refuse(&event.FieldError{
			Path: "event_action", Problem: "is of an alert, not of a change", Mend: "send alerts as webhooks of PagerDuty to the format pagerduty",
		})
	case e.Payload == nil:
		return event.Batch{}, refuse(lacks("payload"))
	case e.Payload.Summary == "":
		return event.Batch{}, refuse(lacks("payload.summary"))
	case e.Payload.Timestamp != "":
		var fe *event.FieldError
		if happened, fe = looseTime("payload.timestamp", e.Payload.Timestamp); fe != nil {
			return event.Batch{}, refuse(fe)
		}
	}
	details := readDetails(e.Payload.Details)
	services := p.services(&e, details)
	if len(services) == 0 {
		return event.Batch{}, refuse(&event.FieldError{
			Path: "payload.source", Problem: "is missing, and no custom_details.service names the service", Mend: "set either of them",
		})
	}
	c := correlate.Change{
		ID: contentID(unkeyed(m.Body)), Source: pagerDutyChangeName, Kind: details.kind(), Title: e.Payload.Summary, Services: services,
		Environment: p.names.environment(details.first("environment", "env")), StartedAt: happened, FinishedAt: &happened, ObservedAt: &happened,
		Status: details.status(), Version: details.first("version", "revision", "commit", "sha"), Links: e.links(),
		Commits: commitOf(details.first("revision", "commit", "sha", "commit_sha")), Labels: map[string]string(details),
	}
	if user := details.first("user", "author", "username"); user != "" {
		c.Actor = &correlate.Actor{ID: user}
	}
	addLabels(&c, "source", e.Payload.Source, event.RepositoryLabel, details.first("repo", "repository"))
	m.Body = unkeyed(m.Body)
	return oneChange(c, m)
}

// unkeyed is the body without the routing key, which is a secret and must not be
// kept with the event.
func unkeyed(body []byte) []byte {
	var fields map[string]json.RawMessage
	if json.Unmarshal(body, &fields) != nil || fields["routing_key"] == nil {
		return body
	}
	delete(fields, "routing_key")
	text, err := json.Marshal(fields)
	if err != nil {
		return body
	}
	return text
}

// services names the services: those of the details, else by rule for the
// source, else the source.
func (p pagerDutyChange) services(e *pagerDutyChangeEvent, details pagerDutyDetails) []string {
	var list []string
	if json.Unmarshal(e.Payload.Details["services"], &list) == nil && len(list) > 0 {
		return list
	}
	if name := details.first("service", "service_name"); name != "" {
		return []string{p.names.service(pagerDutyChangeName, "service", name)}
	}
	if e.Payload.Source == "" {
		return nil
	}
	return []string{p.names.service(pagerDutyChangeName, "source", e.Payload.Source)}
}

// links sorts the addresses by what their texts say; the first that says
// nothing is taken for that of the run.
func (e *pagerDutyChangeEvent) links() *correlate.ChangeLinks {
	links := &correlate.ChangeLinks{}
	for _, l := range e.Links {
		text := strings.ToLower(l.Text)
		switch {
		case strings.Contains(text, "rollback") || strings.Contains(text, "roll back") || strings.Contains(text, "revert"):
			links.Rollback = firstOf(links.Rollback, l.Href)
		case strings.Contains(text, "diff") || strings.Contains(text, "compare") || strings.Contains(text, "commit") || strings.Contains(text, "pull request"):
			links.Diff = firstOf(links.Diff, l.Href)
		default:
			links.Run = firstOf(links.Run, l.Href)
		}
	}
	return links
}

// pagerDutyDetails are those custom details that are a text, a number or a
// truth.
type pagerDutyDetails map[string]string

func readDetails(raw map[string]json.RawMessage) pagerDutyDetails {
	details := pagerDutyDetails{}
	for name, value := range raw {
		var text string
		switch {
		case json.Unmarshal(value, &text) == nil:
		case len(value) > 0 && value[0] != '{' && value[0] != '[':
			text = string(value)
		}
		if text != "" {
			details[name] = text
		}
	}
	return details
}

// first is the first detail that there is.
func (d pagerDutyDetails) first(names ...string) string { return firstLabel(d, names...) }

// kind is what the sender calls it if that is a word of the contract, else a
// deployment if it names what was deployed.
func (d pagerDutyDetails) kind() correlate.ChangeKind {
	if kind := correlate.ChangeKind(strings.ToLower(d.first("kind", "change_type"))); slices.Contains(correlate.ChangeKinds(), kind) {
		return kind
	}
	if d.first("version", "revision", "build_number", "commit", "sha", "release") != "" {
		return correlate.KindDeploy
	}
	return correlate.KindOther
}

// status is that of the build, if the sender tells it; an event is sent when a
// change is over.
func (d pagerDutyDetails) status() correlate.ChangeStatus {
	switch strings.ToLower(d.first("build_state", "status", "result")) {
	case "failed", "failure", "error", "errored", "unstable":
		return correlate.StatusFailed
	case "canceled", "cancelled", "aborted":
		return correlate.StatusCancelled
	}
	return correlate.StatusSucceeded
}
