package prometheus

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template"
	"time"
)

// Labels of an answer that name the instance, the version and the other end of a
// call, first match first. They cover plain scraping, Kubernetes, OpenTelemetry
// and Istio.
var (
	instanceLabels = [...]string{"pod", "k8s_pod_name", "service_instance_id", "instance"}
	versionLabels  = [...]string{"version", "service_version", "destination_version", "source_version", "app_version", "revision"}
	peerLabels     = [...]string{"peer", "destination_workload", "destination_service_name", "source_workload", "server_address"}
)

// DefaultQueries returns templates for request rate, errors and duration under
// the names that are most common: http_requests_total and
// http_request_duration_seconds of client libraries,
// http_server_request_duration_seconds of OpenTelemetry's semantic conventions,
// and Istio's standard metrics, seen from the server and, for calls to others,
// from the client. A family that a server does not know answers nothing and
// costs little. Labels of instance and version are kept, so that changed
// instances can be compared with unchanged ones.
func DefaultQueries() []Query {
	return []Query{
		{Name: "requests", Signal: "request_rate", Unit: "per_second", Expr: requestRate},
		{Name: "errors", Signal: "error_ratio", Unit: "ratio", Expr: errorRatio},
		{Name: "duration", Signal: "latency_p95", Unit: "ms", Expr: durationP95},
		{Name: "calls", Signal: "request_rate", Unit: "per_second", Direction: "outbound", Expr: callRate},
		{Name: "call errors", Signal: "error_ratio", Unit: "ratio", Direction: "outbound", Expr: callErrors},
	}
}

const (
	requestRate = `sum by (instance, pod, version) (rate(http_requests_total{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}]))
or sum by (instance, pod, version, service_version) (rate(http_server_request_duration_seconds_count{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}]))
or sum by (pod, destination_version) (rate(istio_requests_total{reporter="destination",destination_workload="{{.service}}"}[{{.window}}]))`

	// A server without failures has no series of them; the products with zero
	// stand for it.
	errorRatio = `(sum by (instance, pod, version) (rate(http_requests_total{ {{.label}}=~"(.+/)?{{.pattern}}",code=~"5.."}[{{.window}}]))
  or sum by (instance, pod, version) (rate(http_requests_total{ {{.label}}=~"(.+/)?{{.pattern}}",status=~"5.."}[{{.window}}]))
  or 0 * sum by (instance, pod, version) (rate(http_requests_total{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])))
 / (sum by (instance, pod, version) (rate(http_requests_total{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])) > 0)
or (sum by (instance, pod, version, service_version) (rate(http_server_request_duration_seconds_count{ {{.label}}=~"(.+/)?{{.pattern}}",http_response_status_code=~"5.."}[{{.window}}]))
  or 0 * sum by (instance, pod, version, service_version) (rate(http_server_request_duration_seconds_count{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])))
 / (sum by (instance, pod, version, service_version) (rate(http_server_request_duration_seconds_count{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])) > 0)
or (sum by (pod, destination_version) (rate(istio_requests_total{reporter="destination",destination_workload="{{.service}}",response_code=~"5..|0"}[{{.window}}]))
  or 0 * sum by (pod, destination_version) (rate(istio_requests_total{reporter="destination",destination_workload="{{.service}}"}[{{.window}}])))
 / (sum by (pod, destination_version) (rate(istio_requests_total{reporter="destination",destination_workload="{{.service}}"}[{{.window}}])) > 0)`

	durationP95 = `1000 * histogram_quantile(0.95, sum by (le, instance, pod, version) (rate(http_request_duration_seconds_bucket{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])))
or 1000 * histogram_quantile(0.95, sum by (le, instance, pod, version, service_version) (rate(http_server_request_duration_seconds_bucket{ {{.label}}=~"(.+/)?{{.pattern}}"}[{{.window}}])))
or histogram_quantile(0.95, sum by (le, pod, destination_version) (rate(istio_request_duration_milliseconds_bucket{reporter="destination",destination_workload="{{.service}}"}[{{.window}}])))`

	callRate = `sum by (pod, source_version, destination_workload) (rate(istio_requests_total{reporter="source",source_workload="{{.service}}"}[{{.window}}]))`

	callErrors = `(sum by (pod, source_version, destination_workload) (rate(istio_requests_total{reporter="source",source_workload="{{.service}}",response_code=~"5..|0"}[{{.window}}]))
  or 0 * sum by (pod, source_version, destination_workload) (rate(istio_requests_total{reporter="source",source_workload="{{.service}}"}[{{.window}}])))
 / (sum by (pod, source_version, destination_workload) (rate(istio_requests_total{reporter="source",source_workload="{{.service}}"}[{{.window}}])) > 0)`
)

// compiled is a query whose template has been read.
type compiled struct {
	Query
	template *template.Template
}

// directions and units are what a query may say of its series.
var (
	directions = [...]string{"", "inbound", "outbound"}
	units      = [...]string{"percent", "ms", "per_second", "ratio"}
)

// compile reads the templates and tries each on a made-up service, so that a
// mistake is found at the start.
func compile(queries []Query) ([]compiled, error) {
	list := make([]compiled, 0, len(queries))
	for i, q := range queries {
		t, err := template.New(q.Name).Option("missingkey=error").Parse(q.Expr)
		if err != nil {
			return nil, fmt.Errorf("queries[%d] (%s): expr: %w", i, q.Name, err)
		}
		c := compiled{Query: q, template: t}
		if _, err := c.render(variables("a-service", "production", "job", time.Minute)); err != nil {
			return nil, fmt.Errorf("queries[%d] (%s): expr: %w; it may use service, pattern, environment, window and label", i, q.Name, err)
		}
		switch {
		case q.Signal == "":
			return nil, fmt.Errorf("queries[%d] (%s): signal: missing; name what is measured, such as error_ratio", i, q.Name)
		case !slices.Contains(units[:], q.Unit):
			return nil, fmt.Errorf("queries[%d] (%s): unit: %q; want percent, ms, per_second or ratio", i, q.Name, q.Unit)
		case !slices.Contains(directions[:], q.Direction):
			return nil, fmt.Errorf("queries[%d] (%s): direction: %q; want inbound, outbound or nothing", i, q.Name, q.Direction)
		}
		list = append(list, c)
	}
	return list, nil
}

// variables are what a template may use. Names are escaped for a string of
// PromQL: a service's name comes from an alert and must not end the string.
func variables(service, environment, label string, window time.Duration) map[string]string {
	return map[string]string{
		"service": escape(service), "pattern": escape(regexp.QuoteMeta(service)), "environment": escape(environment),
		"window": strconv.FormatFloat(window.Seconds(), 'f', -1, 64) + "s", "label": label,
	}
}

// escape writes text as the inside of a double-quoted string of PromQL, which
// has the rules of Go.
func escape(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

func (c *compiled) render(with map[string]string) (string, error) {
	var out strings.Builder
	if err := c.template.Execute(&out, with); err != nil {
		return "", fmt.Errorf("making the query: %w", err)
	}
	return out.String(), nil
}
