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
// call, first match first. The first of each is what the templates that ship make
// of the labels of their families; the others cover plain scraping, Kubernetes,
// OpenTelemetry, Istio, Linkerd, Micrometer and Envoy.
var (
	instanceLabels = [...]string{memberLabel, "pod", "k8s_pod_name", "service_instance_id", "instance"}
	versionLabels  = [...]string{releaseLabel, "version", "service_version", "destination_version", "source_version", "app_version", "revision"}
	peerLabels     = [...]string{
		calledLabel, "peer", "destination_workload", "destination_service_name", "source_workload", "server_address",
		"dst_deployment", "client_name", "clientName", "envoy_cluster_name",
	}
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
