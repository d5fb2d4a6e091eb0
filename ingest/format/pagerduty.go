package format

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// pagerDutyName is the name of the format in routes and settings.
const pagerDutyName = "pagerduty"

// pagerDuty decodes V3 webhooks of PagerDuty. An incident is one alert, from
// triggered to resolved; notes, responders and services say nothing of it.
// A reopened incident continues the same alert.
type pagerDuty struct{ names naming }

func newPagerDuty(names naming) pagerDuty { return pagerDuty{names: names} }

// Name is "pagerduty".
func (pagerDuty) Name() string { return pagerDutyName }

// Verify checks X-PagerDuty-Signature, a list of signatures while a secret is
// being replaced.
func (pagerDuty) Verify(secret string, header func(string) string, body []byte) error {
	return anySigned(secret, body, header("X-PagerDuty-Signature"), "v1=")
}

// pagerDutyPayload is the envelope of a V3 webhook.
type pagerDutyPayload struct {
	Event *struct {
		ID         string          `json:"id"`
		Type       string          `json:"event_type"`
		OccurredAt string          `json:"occurred_at"`
		Data       json.RawMessage `json:"data"`
	} `json:"event"`
	Messages json.RawMessage `json:"messages"`
}

// pagerDutyIncident is the data of an incident event. CreatedAt is missing in
// old ones.
type pagerDutyIncident struct {
	ID          string         `json:"id"`
	Type        string         `json:"type"`
	HTMLURL     string         `json:"html_url"`
	Number      int64          `json:"number"`
	Status      string         `json:"status"`
	IncidentKey string         `json:"incident_key"`
	CreatedAt   string         `json:"created_at"`
	Title       string         `json:"title"`
	Service     *pagerDutyRef  `json:"service"`
	Policy      *pagerDutyRef  `json:"escalation_policy"`
	Teams       []pagerDutyRef `json:"teams"`
	Priority    *pagerDutyRef  `json:"priority"`
	Urgency     string         `json:"urgency"`
}

type pagerDutyRef struct {
	ID      string `json:"id"`
	Summary string `json:"summary"`
}

// Decode makes an alert of an event about an incident.
func (p pagerDuty) Decode(m Message) (event.Batch, []event.Rejection) {
	var payload pagerDutyPayload
	if fe := parse(m.Body, &payload); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	switch {
	case payload.Event == nil && payload.Messages != nil:
		return event.Batch{}, refuse(&event.FieldError{Path: "messages", Problem: "is the payload of a V2 webhook", Mend: "create a V3 webhook subscription"})
	case payload.Event == nil:
		return event.Batch{}, refuse(lacks("event"))
	case !strings.HasPrefix(payload.Event.Type, "incident."):
		return event.Batch{}, nil
	}
	var incident pagerDutyIncident
	if fe := parse(payload.Event.Data, &incident); fe != nil {
		return event.Batch{}, refuse(under("event.data", fe))
	}
	if incident.Type != "incident" {
		return event.Batch{}, nil
	}
	alert, fe := p.alert(&incident, payload.Event.OccurredAt)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	return oneAlert(alert, m)
}

// alert maps an incident as it was when the event occurred.
func (p pagerDuty) alert(i *pagerDutyIncident, occurredAt string) (correlate.Alert, *event.FieldError) {
	occurred, fe := event.ParseTime(occurredAt)
	if fe != nil {
		fe.Path = "event.occurred_at"
		return correlate.Alert{}, fe
	}
	status, fe := pagerDutyStatus(i.Status)
	switch {
	case fe != nil:
		return correlate.Alert{}, fe
	case i.ID == "":
		return correlate.Alert{}, lacks("event.data.id")
	case i.Service == nil || firstOf(i.Service.Summary, i.Service.ID) == "":
		return correlate.Alert{}, lacks("event.data.service")
	}
	alert := correlate.Alert{
		ID: i.ID, Source: pagerDutyName, Fingerprint: "pagerduty:" + i.ID, Service: p.service(i.Service),
		Name: firstOf(firstLine(clipped(i.Title)), "incident "+i.ID), Summary: i.Title, Status: status,
		Severity: i.severity(), Signal: guessSignal(i.Title), StartedAt: occurred, ObservedAt: &occurred,
		Labels: i.labels(), Links: labels("incident", i.HTMLURL),
	}
	if status == correlate.AlertResolved {
		alert.ResolvedAt = &occurred
	}
	fe = i.begin(&alert)
	return alert, fe
}

// clipped cuts a title to what an alert's name may hold; the summary has it
// whole.
func clipped(title string) string {
	return strings.ToValidUTF8(title[:min(len(title), event.MaxIdentifierBytes)], "")
}

// begin sets the start of the incident. Where only the end is known, the alert
// tells of nothing else, and says so.
func (i *pagerDutyIncident) begin(alert *correlate.Alert) *event.FieldError {
	if i.CreatedAt == "" {
		if alert.Status == correlate.AlertResolved {
			alert.Extra = withoutStart(alert.Extra)
		}
		return nil
	}
	created, fe := event.ParseTime(i.CreatedAt)
	if fe != nil {
		fe.Path = "event.data.created_at"
		return fe
	}
	alert.StartedAt = created
	return nil
}

// service names the service of an incident: by rule for its id, then for its
// name, else its name.
func (p pagerDuty) service(ref *pagerDutyRef) string {
	if name, known := p.names.mapped(pagerDutyName, "service.id", ref.ID); known {
		return name
	}
	return p.names.service(pagerDutyName, "service.summary", firstOf(ref.Summary, ref.ID))
}

func pagerDutyStatus(status string) (correlate.AlertStatus, *event.FieldError) {
	switch status {
	case "triggered", "acknowledged":
		return correlate.AlertFiring, nil
	case "resolved":
		return correlate.AlertResolved, nil
	}
	return "", &event.FieldError{
		Path: "event.data.status", Problem: fmt.Sprintf("%q is not a status of an incident", status), Mend: "send triggered, acknowledged or resolved",
	}
}

// severity takes the priority where there is one, else the urgency.
func (i *pagerDutyIncident) severity() correlate.Severity {
	if i.Priority != nil {
		if s := severity(i.Priority.Summary); s != "" {
			return s
		}
	}
	switch i.Urgency {
	case "high":
		return correlate.SeverityHigh
	case "low":
		return correlate.SeverityWarning
	}
	return ""
}

// labels keeps what has no field of its own.
func (i *pagerDutyIncident) labels() map[string]string {
	set := labels("urgency", i.Urgency, "incident_key", i.IncidentKey, correlate.LabelDeclaredIncident, i.ID)
	if i.Number != 0 {
		set["number"] = strconv.FormatInt(i.Number, 10)
	}
	for name, ref := range map[string]*pagerDutyRef{"priority": i.Priority, "escalation_policy": i.Policy} {
		if ref != nil && ref.Summary != "" {
			set[name] = ref.Summary
		}
	}
	var teams []string
	for _, t := range i.Teams {
		if name := firstOf(t.Summary, t.ID); name != "" {
			teams = append(teams, name)
		}
	}
	if len(teams) > 0 {
		set["teams"] = strings.Join(teams, ",")
	}
	return set
}
