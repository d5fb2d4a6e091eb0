package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// groupDecoder decodes the payload that Alertmanager invented and that others
// send with additions of their own: a group of alerts, repeated as a whole
// whenever one of them changes. Every alert of the group is an event of its
// own, with its own status: that of the group is firing as long as any of them
// fires.
//
// startsAt is when the rule fired, which is its `for:` after the symptom
// began. It identifies the episode, so it is kept as it is; the engine knows
// that alarms follow symptoms.
type groupDecoder struct {
	names   naming
	source  string
	version string
	// serviceLabels may name the service, best first.
	serviceLabels []string
}

// alertGroup is the payload. Alerts are kept as text too, since each is the
// raw form of one event.
type alertGroup struct {
	Version     string            `json:"version"`
	GroupKey    string            `json:"groupKey"`
	ExternalURL string            `json:"externalURL"`
	OrgID       int64             `json:"orgId"`
	Alerts      []json.RawMessage `json:"alerts"`
}

// groupedAlert is one alert of a group. Old senders leave out the fingerprint.
type groupedAlert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     string            `json:"startsAt"`
	EndsAt       string            `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
	// Only Grafana sends these.
	DashboardURL string `json:"dashboardURL"`
	PanelURL     string `json:"panelURL"`
	SilenceURL   string `json:"silenceURL"`
	ValueString  string `json:"valueString"`
}

// decode makes one alert event of each member of the group.
func (d groupDecoder) decode(m Message) (event.Batch, []event.Rejection) {
	var group alertGroup
	if fe := parse(m.Body, &group); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	if group.Version != d.version {
		return event.Batch{}, refuse(&event.FieldError{
			Path: "version", Problem: fmt.Sprintf("%q is not %q, the version that the webhook of %s has", group.Version, d.version, d.source),
			Mend: "send its default payload, without a template, to the route of its format",
		})
	}
	alerts, rejected := eachOf("alerts", group.Alerts, func(raw json.RawMessage) (*event.Alert, *event.FieldError) { return d.member(&group, raw, m.Meta) })
	return event.Batch{Alerts: alerts}, rejected
}

// eachOf maps the members of a list of a payload: one that is refused does not
// hold back the others, one that says nothing (nil) is passed over.
func eachOf[T any](list string, members []json.RawMessage, one func(raw json.RawMessage) (*T, *event.FieldError)) (made []T, rejected []event.Rejection) {
	for i, raw := range members {
		e, fe := one(raw)
		switch {
		case fe != nil:
			rejected = append(rejected, event.Rejection{Line: i + 1, Err: under(fmt.Sprintf("%s[%d]", list, i), fe)})
		case e != nil:
			made = append(made, *e)
		}
	}
	return made, rejected
}

// member maps one alert; nil for one that is no alert.
func (d groupDecoder) member(group *alertGroup, raw json.RawMessage, meta event.Meta) (*event.Alert, *event.FieldError) {
	var g groupedAlert
	if fe := parse(raw, &g); fe != nil {
		return nil, fe
	}
	if heartbeat(&g) {
		return nil, nil
	}
	alert, fe := d.alert(&g)
	if fe != nil {
		return nil, fe
	}
	if group.OrgID != 0 && alert.Fingerprint != "" {
		alert.Fingerprint = fmt.Sprintf("%d:%s", group.OrgID, alert.Fingerprint)
	}
	alert.Links = labels(
		"generator", g.GeneratorURL, d.source, group.ExternalURL, "runbook", g.Annotations["runbook_url"],
		"dashboard", firstOf(g.DashboardURL, g.Annotations["dashboard_url"]), "panel", g.PanelURL, "silence", g.SilenceURL,
	)
	alert.Extra = extras(group, &g)
	meta.Raw = raw
	e, fe := event.NewAlert(alert, meta)
	return &e, fe
}

// heartbeat tells alerts that fire always and on purpose: the severity "none"
// marks the watchdog and the inhibitors of the usual rule sets.
func heartbeat(g *groupedAlert) bool { return strings.EqualFold(g.Labels["severity"], "none") }

// alert maps the fields of an alert.
func (d groupDecoder) alert(g *groupedAlert) (correlate.Alert, *event.FieldError) {
	service, fe := d.service(g.Labels)
	if fe != nil {
		return correlate.Alert{}, fe
	}
	started, ended, fe := g.times()
	if fe != nil {
		return correlate.Alert{}, fe
	}
	if g.Labels["alertname"] == "" {
		return correlate.Alert{}, &event.FieldError{Path: "labels.alertname", Problem: "is missing", Mend: "send the alert of a rule, which has a name"}
	}
	alert := correlate.Alert{
		Source: d.source, Fingerprint: g.Fingerprint, Service: service, Status: correlate.AlertStatus(g.Status),
		Environment: d.names.environment(firstLabel(g.Labels, "environment", "env", "deployment_environment", "deployment_environment_name")),
		Region:      firstLabel(g.Labels, "region", "cloud_region", "aws_region"),
		Instance:    firstLabel(g.Labels, "instance", "pod", "service_instance_id"),
		Version:     firstLabel(g.Labels, "version", "service_version", "app_kubernetes_io_version"),
		Name:        g.Labels["alertname"], Summary: firstOf(g.Annotations["summary"], g.Annotations["message"], g.Annotations["title"]),
		Description: g.Annotations["description"], Severity: severity(g.Labels["severity"]), Signal: signal(g),
		StartedAt: started, Labels: g.Labels,
	}
	if alert.Status == correlate.AlertResolved {
		alert.ResolvedAt = at(ended)
	}
	return alert, nil
}

// service names the service of an alert by the first label that tells it.
func (d groupDecoder) service(set map[string]string) (string, *event.FieldError) {
	for _, label := range d.serviceLabels {
		if value := set[label]; value != "" {
			return d.names.service(d.source, label, value), nil
		}
	}
	return "", &event.FieldError{
		Path: "labels", Problem: "name no service: none of " + strings.Join(d.serviceLabels, ", ") + " is set",
		Mend: "add one of them to the alerting rule",
	}
}

// times reads the two times. The end of a firing alert is the zero time or,
// from Prometheus itself, the moment at which it would expire.
func (g *groupedAlert) times() (started, ended time.Time, fe *event.FieldError) {
	started, fe = event.ParseTime(g.StartsAt)
	if fe != nil {
		fe.Path = "startsAt"
		return started, ended, fe
	}
	if g.EndsAt == "" {
		return started, ended, nil
	}
	ended, fe = event.ParseTime(g.EndsAt)
	if fe != nil {
		fe.Path = "endsAt"
	}
	return started, ended, fe
}

// signal is what the alert measures: the label of that name, else a guess from
// the rule's name and, if that tells nothing, its summary.
func signal(g *groupedAlert) correlate.Signal {
	if s := correlate.Signal(strings.ToLower(g.Labels["signal"])); slices.Contains(correlate.Signals(), s) {
		return s
	}
	if s := guessSignal(g.Labels["alertname"]); s != "" {
		return s
	}
	return guessSignal(g.Annotations["summary"])
}

// firstLabel is the value of the first label that is set.
func firstLabel(set map[string]string, names ...string) string {
	for _, n := range names {
		if set[n] != "" {
			return set[n]
		}
	}
	return ""
}

// extras keeps the annotations and the group, which no field of the contract
// holds.
func extras(group *alertGroup, g *groupedAlert) map[string]json.RawMessage {
	extra := map[string]json.RawMessage{}
	keep := func(name string, v any) {
		if text, err := json.Marshal(v); err == nil {
			extra[name] = text
		}
	}
	if len(g.Annotations) > 0 {
		keep("annotations", g.Annotations)
	}
	if group.GroupKey != "" {
		keep("group_key", group.GroupKey)
	}
	if g.ValueString != "" {
		keep("value_string", g.ValueString)
	}
	return extra
}
