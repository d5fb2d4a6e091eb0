package format

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// datadogName is the name of the format in routes and settings.
const datadogName = "datadog"

// datadogSchema marks payloads of the template in docs/formats.md.
const datadogSchema = "datadog/v1"

// datadogSecretHeader is the custom header in which a webhook sends its secret.
const datadogSecretHeader = "X-Faultline-Secret"

// datadog decodes two things. A webhook of Datadog has no payload of its own: the
// template in docs/formats.md sends a monitor's alert. And whoever posts change
// events or deployments to Datadog can post the same body here.
type datadog struct{ names naming }

func newDatadog(names naming) datadog { return datadog{names: names} }

// Name is "datadog".
func (datadog) Name() string { return datadogName }

// Verify checks the secret in the custom header: Datadog does not sign.
func (datadog) Verify(secret string, header func(string) string, _ []byte) error {
	if !isSecret(secret, header(datadogSecretHeader)) {
		return event.ErrBadSignature
	}
	return nil
}

// Decode tells the two by their shape.
func (d datadog) Decode(m Message) (event.Batch, []event.Rejection) {
	var probe struct {
		Schema string          `json:"schema"`
		Data   json.RawMessage `json:"data"`
	}
	if fe := parse(m.Body, &probe); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	switch {
	case len(probe.Data) > 0:
		return d.posted(probe.Data, m)
	case probe.Schema == datadogSchema:
		return d.monitor(m)
	}
	return event.Batch{}, refuse(&event.FieldError{
		Path: "schema", Problem: fmt.Sprintf("%.60q is not %q, and there is no data of an event", probe.Schema, datadogSchema),
		Mend: "use the payload of docs/formats.md in the webhook, or post the body that the Events API takes",
	})
}

// datadogMonitor is the rendered template. Variables that a monitor does not
// have are empty.
type datadogMonitor struct {
	EventID    string `json:"event_id"`
	Monitor    string `json:"monitor_id"`
	Cycle      string `json:"cycle"`
	Transition string `json:"transition"`
	Priority   string `json:"priority"`
	Scope      string `json:"scope"`
	Status     string `json:"status"`
	Title      string `json:"title"`
	Metric     string `json:"metric"`
	Query      string `json:"query"`
	Message    string `json:"message"`
	Tags       string `json:"tags"`
	Host       string `json:"host"`
	// Date is in milliseconds since 1970.
	Date string `json:"date"`
	Link string `json:"link"`
	Org  string `json:"org"`
}

// monitor makes an alert of the beginning or the end of a monitor's cycle.
// Repetitions of what has begun say nothing.
func (d datadog) monitor(m Message) (event.Batch, []event.Rejection) {
	var n datadogMonitor
	if fe := parse(m.Body, &n); fe != nil {
		return event.Batch{}, refuse(fe)
	}
	status, fe := n.status()
	switch {
	case fe != nil:
		return event.Batch{}, refuse(fe)
	case status == "":
		return event.Batch{}, nil
	}
	alert, fe := d.alert(&n, status)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	return oneAlert(alert, m)
}

// datadogTransitions are the kinds of notification that tell of a beginning or
// an end.
var datadogTransitions = map[string]correlate.AlertStatus{
	"Triggered": correlate.AlertFiring, "Warn": correlate.AlertFiring, "No Data": correlate.AlertFiring,
	"Recovered": correlate.AlertResolved, "No Data Recovered": correlate.AlertResolved, "Warn Recovered": correlate.AlertResolved,
}

// status reads the transition; empty for a repetition.
func (n *datadogMonitor) status() (correlate.AlertStatus, *event.FieldError) {
	if status, tells := datadogTransitions[n.Transition]; tells {
		return status, nil
	}
	if n.Transition == "Renotify" || strings.HasPrefix(n.Transition, "Re-") {
		return "", nil
	}
	return "", &event.FieldError{
		Path: "transition", Problem: fmt.Sprintf("%.60q is not a transition of a monitor", n.Transition),
		Mend: "fill it with $ALERT_TRANSITION and use the webhook in monitors only",
	}
}

// alert maps a monitor's notification. The cycle identifies the episode. Its
// end does not tell when it began, and says so.
func (d datadog) alert(n *datadogMonitor, status correlate.AlertStatus) (correlate.Alert, *event.FieldError) {
	happened, fe := n.happened()
	switch {
	case fe != nil:
		return correlate.Alert{}, fe
	case n.Cycle == "":
		return correlate.Alert{}, &event.FieldError{Path: "cycle", Problem: "is missing", Mend: "fill it with $ALERT_CYCLE_KEY"}
	}
	tags := datadogTags(strings.Split(n.Tags+","+n.Scope, ","))
	service := tags.first("service")
	if service == "" {
		return correlate.Alert{}, &event.FieldError{
			Path: "tags", Problem: "name no service, and neither does the scope", Mend: "tag the monitor with service:NAME, or group it by service",
		}
	}
	alert := correlate.Alert{
		ID: n.EventID, Source: datadogName, Fingerprint: datadogName + ":" + n.Cycle, Status: status,
		Service: d.names.service(datadogName, "service", service), Environment: d.names.environment(tags.first("env", "environment")),
		Region: tags.first("region", "datacenter"), Instance: firstOf(tags.first("pod_name", "host"), n.Host), Version: tags.first("version"),
		Name: firstOf(firstLine(clipped(n.title())), "monitor "+n.Monitor), Summary: n.title(), Description: n.Message,
		Severity: severity(n.Priority), Signal: guessSignal(n.title(), n.Metric), StartedAt: happened, ObservedAt: &happened,
		Labels: labels("monitor", n.Monitor, "priority", n.Priority, "scope", n.Scope, "metric", n.Metric, "query", n.Query, "org", n.Org, "status", n.Status),
		Links:  labels("monitor", n.Link),
	}
	if status == correlate.AlertResolved {
		alert.ResolvedAt = &happened
		alert.Extra = withoutStart(nil)
	}
	return alert, nil
}

// happened reads the time of the notification.
func (n *datadogMonitor) happened() (time.Time, *event.FieldError) {
	ms, err := strconv.ParseInt(strings.TrimSpace(n.Date), 10, 64)
	if err != nil || ms <= 0 {
		return time.Time{}, &event.FieldError{
			Path: "date", Problem: fmt.Sprintf("%.60q is no number of milliseconds since 1970", n.Date), Mend: "fill it with $DATE",
		}
	}
	return time.UnixMilli(ms).UTC(), nil
}

// title is the title without the priority, transition and scope that Datadog
// writes in brackets before it, which change from one notification to the next.
func (n *datadogMonitor) title() string {
	title := strings.TrimSpace(n.Title)
	for strings.HasPrefix(title, "[") {
		_, rest, closed := strings.Cut(title, "] ")
		if !closed {
			break
		}
		title = strings.TrimSpace(rest)
	}
	return title
}

// datadogTags are tags, most of which are of the form "key:value".
type datadogTags []string

// first is the value of the first key that there is.
func (tags datadogTags) first(keys ...string) string {
	for _, key := range keys {
		at := slices.IndexFunc(tags, func(tag string) bool { return strings.HasPrefix(strings.TrimSpace(tag), key+":") })
		if at >= 0 {
			return strings.TrimSpace(tags[at])[len(key)+1:]
		}
	}
	return ""
}

// all lists every value of a key, each once.
func (tags datadogTags) all(key string) []string {
	var values []string
	for i := range tags {
		if value := tags[i : i+1].first(key); value != "" && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return values
}
