package prometheus

import (
	"fmt"
	"strings"
)

// Labels that the templates that ship add to series, so that one pod which is
// scraped on two ports is one member, and two processes of one host, told apart
// by their ports alone, stay two.
const (
	memberLabel  = "faultline_instance"
	releaseLabel = "faultline_version"
	calledLabel  = "faultline_peer"
)

// family is one convention of naming series: where requests are counted, which of
// them failed, how long they took, and in which labels instance, version and the
// other end of a call are. Of several labels the last that is there counts.
type family struct {
	count, where string
	// failed are matchers of the failures among the counted: several where they are
	// spelt in several ways, of which a server knows one.
	failed []string
	// buckets is a histogram of durations, total their sum for servers that keep
	// no buckets; both may be empty. scale makes
	// milliseconds of their unit.
	buckets, total string
	scale          float64

	instance, version, peer []string
}

// byLabel selects the series of a service by the label that the settings name,
// with or without a namespace before a slash.
const byLabel = `{{.label}}=~"(.+/)?{{.pattern}}"`

var (
	podLabels  = []string{"instance", "pod"}
	otelLabels = []string{"instance", "service_instance_id", "k8s_pod_name", "pod"}
)

// inboundFamilies are requests as their server sees them. The names are those of
// the guides of client libraries, of OpenTelemetry's semantic conventions, of
// Micrometer as Spring Boot, Quarkus and Micronaut use it, and of the standard
// metrics of Istio and Linkerd. The first family that an instance has is taken,
// so the application's own view goes before its proxy's.
func inboundFamilies() []family {
	return []family{
		{
			count: "http_requests_total", where: byLabel, failed: []string{`code=~"5.."`, `status=~"5.."`},
			buckets: "http_request_duration_seconds_bucket", scale: 1000,
			instance: podLabels, version: []string{"version"},
		},
		{
			count: "http_server_request_duration_seconds_count", where: byLabel, failed: []string{`http_response_status_code=~"5.."`},
			buckets: "http_server_request_duration_seconds_bucket", scale: 1000,
			instance: otelLabels, version: []string{"version", "service_version"},
		},
		{
			count: "http_server_requests_seconds_count", where: byLabel, failed: []string{`status=~"5.."`},
			buckets: "http_server_requests_seconds_bucket", total: "http_server_requests_seconds_sum", scale: 1000,
			instance: podLabels, version: []string{"version"},
		},
		{
			count: "istio_requests_total", where: `reporter="destination",destination_workload="{{.service}}"`, failed: []string{`response_code=~"5..|0"`},
			buckets: "istio_request_duration_milliseconds_bucket", scale: 1,
			instance: podLabels, version: []string{"destination_version"},
		},
		{
			count: "response_total", where: `direction="inbound",deployment="{{.service}}"`, failed: []string{`classification="failure"`},
			buckets: "response_latency_ms_bucket", scale: 1,
			instance: podLabels, version: []string{"version"},
		},
	}
}

// outboundFamilies are calls as their caller sees them. A call that got no answer
// failed too: Micrometer writes CLIENT_ERROR or IO_ERROR in place of its status,
// OpenTelemetry an error_type without one. An Envoy counts per cluster; its own
// application and its management are no calls onwards.
func outboundFamilies() []family {
	return []family{
		{
			count: "http_client_request_duration_seconds_count", where: byLabel, failed: []string{`error_type!="",http_response_status_code=~"(5..)?"`},
			buckets: "http_client_request_duration_seconds_bucket", scale: 1000,
			instance: otelLabels, version: []string{"version", "service_version"}, peer: []string{"server_address"},
		},
		{
			count: "http_client_requests_seconds_count", where: byLabel, failed: []string{`status=~"5..|CLIENT_ERROR|IO_ERROR"`},
			buckets: "http_client_requests_seconds_bucket", total: "http_client_requests_seconds_sum", scale: 1000,
			instance: podLabels, version: []string{"version"}, peer: []string{"clientName", "client_name"},
		},
		{
			count: "istio_requests_total", where: `reporter="source",source_workload="{{.service}}"`, failed: []string{`response_code=~"5..|0"`},
			buckets: "istio_request_duration_milliseconds_bucket", scale: 1,
			instance: podLabels, version: []string{"source_version"}, peer: []string{"destination_workload"},
		},
		{
			count: "response_total", where: `direction="outbound",deployment="{{.service}}"`, failed: []string{`classification="failure"`},
			buckets: "response_latency_ms_bucket", scale: 1,
			instance: podLabels, version: []string{"version"}, peer: []string{"dst_service", "dst_deployment"},
		},
		{
			count: "envoy_cluster_upstream_rq_xx", where: byLabel + `,envoy_cluster_name!~"(local|inbound|xds|admin|stats).*"`,
			failed:  []string{`envoy_response_code_class="5"`},
			buckets: "envoy_cluster_upstream_rq_time_bucket", scale: 1,
			instance: podLabels, version: []string{"version"}, peer: []string{"envoy_cluster_name"},
		},
	}
}

// DefaultQueries returns templates for request rate, errors and duration, of a
// service and of its calls to others, under the names that are most common; see
// [inboundFamilies] and [outboundFamilies]. A family that a server does not know
// answers nothing and costs little. Labels of instance and version are kept, so
// that changed instances can be compared with unchanged ones.
func DefaultQueries() []Query {
	in, out := inboundFamilies(), outboundFamilies()
	return []Query{
		{Name: "requests", Signal: "request_rate", Unit: "per_second", Expr: either(in, family.requests)},
		{Name: "errors", Signal: "error_ratio", Unit: "ratio", Expr: either(in, family.failures)},
		{Name: "duration", Signal: "latency", Unit: "ms", Expr: either(in, family.duration)},
		{Name: "calls", Signal: "request_rate", Unit: "per_second", Direction: "outbound", Expr: either(out, family.requests)},
		{Name: "call errors", Signal: "error_ratio", Unit: "ratio", Direction: "outbound", Expr: either(out, family.failures)},
		{Name: "call duration", Signal: "latency", Unit: "ms", Direction: "outbound", Expr: either(out, family.duration)},
	}
}

// either joins what the families say of the same thing: of an instance, and the
// same other end, what the first family says that knows it.
func either(families []family, of func(family) string) string {
	var parts []string
	for _, f := range families {
		parts = append(parts, of(f))
	}
	return strings.Join(parts, "\nor on ("+memberLabel+", "+calledLabel+") ")
}

func (f family) requests() string { return f.sum(f.count, "") }

// failures is the share of requests that failed. A server without failures has no
// series of them; the product with zero stands for it.
func (f family) failures() string {
	var parts []string
	for _, failed := range f.failed {
		parts = append(parts, f.sum(f.count, failed))
	}
	parts = append(parts, "0 * "+f.requests())
	return fmt.Sprintf("(%s)\n / (%s > 0)", strings.Join(parts, "\n  or "), f.requests())
}

// duration is the 95th percentile in ms, or the mean where there are no buckets.
func (f family) duration() string {
	quantile := fmt.Sprintf("%g * histogram_quantile(0.95, %s)", f.scale, f.sum(f.buckets, "", "le"))
	if f.total == "" {
		return quantile
	}
	return fmt.Sprintf("%s\nor %g * %s / (%s > 0)", quantile, f.scale, f.sum(f.total, ""), f.requests())
}

// sum adds the rates of a metric up by instance, version and other end, and by
// what else is named. Labels are copied to new ones: to overwrite one would make
// series of two ports of a pod the same, which a server refuses.
func (f family) sum(metric, more string, by ...string) string {
	where := f.where
	if more != "" {
		where += "," + more
	}
	expr := fmt.Sprintf("rate(%s{ %s}[{{.window}}])", metric, where)
	for _, copied := range []struct {
		to   string
		from []string
	}{{memberLabel, f.instance}, {releaseLabel, f.version}, {calledLabel, f.peer}} {
		for _, from := range copied.from {
			expr = fmt.Sprintf(`label_replace(%s, %q, "$1", %q, "(.+)")`, expr, copied.to, from)
		}
	}
	return fmt.Sprintf("sum by (%s) (%s)", strings.Join(append(by, memberLabel, releaseLabel, calledLabel), ", "), expr)
}
