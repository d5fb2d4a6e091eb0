package format

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// opsgenieName is the name of the format in routes and settings.
const opsgenieName = "opsgenie"

// opsgenie decodes the webhook integration of Opsgenie and of Jira Service
// Management, which kept its form. An alert fires from its creation until it is
// closed or deleted. Opsgenie does not sign.
type opsgenie struct{ names naming }

func newOpsgenie(names naming) opsgenie { return opsgenie{names: names} }

// Name is "opsgenie".
func (opsgenie) Name() string { return opsgenieName }

// opsgenieDelivery is one action on one alert. CreatedAt is in milliseconds,
// updatedAt in nanoseconds. Priority is a number, or "P3".
type opsgenieDelivery struct {
	Action string `json:"action"`
	Alert  *struct {
		ID          string            `json:"alertId"`
		Alias       string            `json:"alias"`
		Message     string            `json:"message"`
		Description string            `json:"description"`
		Entity      string            `json:"entity"`
		Tags        []string          `json:"tags"`
		Details     map[string]string `json:"details"`
		Priority    json.RawMessage   `json:"priority"`
		CreatedAt   int64             `json:"createdAt"`
		UpdatedAt   int64             `json:"updatedAt"`
	} `json:"alert"`
	Integration string `json:"integrationName"`
}

// opsgenieActions are the actions that tell of an alert's life. Notes,
// responders and the like say nothing of it.
var opsgenieActions = map[string]correlate.AlertStatus{
	"Create": correlate.AlertFiring, "Acknowledge": correlate.AlertFiring, "UnAcknowledge": correlate.AlertFiring,
	"UpdatePriority": correlate.AlertFiring, "Escalate": correlate.AlertFiring,
	"Close": correlate.AlertResolved, "Delete": correlate.AlertResolved,
}

// Decode makes an alert of an action on one.
func (o opsgenie) Decode(m Message) (event.Batch, []event.Rejection) {
	var d opsgenieDelivery
	if fe := parse(m.Body, &d); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	status, tells := opsgenieActions[d.Action]
	switch {
	case d.Action == "":
		return event.Batch{}, refuse(lacks("action"))
	case !tells:
		return event.Batch{}, nil
	case d.Alert == nil || d.Alert.ID == "":
		return event.Batch{}, refuse(lacks("alert.alertId"))
	case d.Alert.CreatedAt <= 0:
		return event.Batch{}, refuse(lacks("alert.createdAt"))
	}
	service := o.service(&d)
	if service == "" {
		return event.Batch{}, refuse(&event.FieldError{
			Path: "alert.entity", Problem: "names no service, and neither do the tags and details",
			Mend: "set the entity of the alert, or a tag such as service:checkout",
		})
	}
	return oneAlert(o.alert(&d, service, status), m)
}

func (o opsgenie) alert(d *opsgenieDelivery, service string, status correlate.AlertStatus) correlate.Alert {
	a := d.Alert
	alert := correlate.Alert{
		ID: a.ID, Source: opsgenieName, Fingerprint: opsgenieName + ":" + a.ID, Service: service,
		Environment: o.names.environment(d.tagged("environment", "env")), Region: d.tagged("region"),
		Name: firstOf(firstLine(clipped(a.Message)), "alert "+a.ID), Summary: a.Message, Description: a.Description,
		Severity: severity("p" + strings.TrimLeft(strings.Trim(string(a.Priority), `"`), "Pp")), Signal: guessSignal(a.Message), Status: status,
		StartedAt: time.UnixMilli(a.CreatedAt).UTC(),
		Labels:    labels("alias", a.Alias, "entity", a.Entity, "integration", d.Integration, "tags", strings.Join(a.Tags, ",")),
	}
	if a.UpdatedAt > 0 {
		updated := time.Unix(0, a.UpdatedAt).UTC().Truncate(time.Millisecond)
		// Both times are of one clock, but not of one grain.
		if updated.Before(alert.StartedAt) {
			updated = alert.StartedAt
		}
		alert.ObservedAt = &updated
		if status == correlate.AlertResolved {
			alert.ResolvedAt = &updated
		}
	}
	return alert
}

// service names the service of an alert: by a tag or detail of that name, else
// by the entity.
func (o opsgenie) service(d *opsgenieDelivery) string {
	if name := d.tagged("service"); name != "" {
		return o.names.service(opsgenieName, "service", name)
	}
	return o.names.service(opsgenieName, "entity", d.Alert.Entity)
}

// tagged is the value of a detail, or of a tag "name:value", by the first name
// that there is.
func (d *opsgenieDelivery) tagged(names ...string) string {
	for _, name := range names {
		if value := d.Alert.Details[name]; value != "" {
			return value
		}
		at := slices.IndexFunc(d.Alert.Tags, func(tag string) bool { return len(tag) > len(name)+1 && strings.HasPrefix(tag, name+":") })
		if at >= 0 {
			return strings.TrimSpace(d.Alert.Tags[at][len(name)+1:])
		}
	}
	return ""
}
