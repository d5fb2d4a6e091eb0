package prometheus

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// naming is one convention as a process or its proxy writes it: of so many
// requests of an instance in all, so many failed, and those took two seconds.
type naming struct {
	service string
	// inbound and outbound say which side the series are of, peer whom it calls.
	inbound, outbound bool
	peer              string
	write             func(w *strings.Builder, version string, total, failed float64)
	// job is what scrapes it, the service itself where it is empty.
	job string
}

// histogram writes a histogram: what went well in 50 ms, what failed in 2 s.
func histogram(w *strings.Builder, name, labels string, unit, total, failed float64) {
	for _, b := range []struct {
		le string
		n  float64
	}{{fmt.Sprint(0.1 * unit), total - failed}, {fmt.Sprint(4 * unit), total}, {"+Inf", total}} {
		fmt.Fprintf(w, "%s_bucket{%s,le=%q} %f\n", name, labels, b.le, b.n)
	}
	fmt.Fprintf(w, "%s_sum{%s} %f\n%s_count{%s} %f\n", name, labels, unit*(0.05*(total-failed)+2*failed), name, labels, total)
}

// each writes a counter of what went well and one of what failed; the labels hold
// two verbs for the values of either.
func each(w *strings.Builder, name, labels string, good, bad []any, total, failed float64) {
	fmt.Fprintf(w, "%s{%s} %f\n", name, fmt.Sprintf(labels, good...), total-failed)
	if failed > 0 {
		fmt.Fprintf(w, "%s{%s} %f\n", name, fmt.Sprintf(labels, bad...), failed)
	}
}

func namings() []naming {
	a := func(values ...any) []any { return values }
	return []naming{
		{service: "plain", inbound: true, write: func(w *strings.Builder, v string, total, failed float64) {
			each(w, "http_requests_total", `version="`+v+`",status="%s"`, a("200"), a("503"), total, failed)
			histogram(w, "http_request_duration_seconds", `version="`+v+`"`, 1, total, failed)
		}},
		{service: "otel", inbound: true, outbound: true, peer: "stock", write: func(w *strings.Builder, v string, total, failed float64) {
			own := `service_version="` + v + `"`
			histogram(w, "http_server_request_duration_seconds", own+`,http_response_status_code="200"`, 1, total-failed, 0)
			histogram(w, "http_server_request_duration_seconds", own+`,http_response_status_code="500",error_type="500"`, 1, failed, failed)
			// Calls that were refused have no status, only a type of error.
			histogram(w, "http_client_request_duration_seconds", own+`,server_address="stock",http_response_status_code="200"`, 1, total-failed, 0)
			histogram(w, "http_client_request_duration_seconds", own+`,server_address="stock",error_type="java.net.ConnectException"`, 1, failed, failed)
			histogram(w, "http_client_request_duration_seconds", own+`,server_address="stock",http_response_status_code="404",error_type="404"`, 1, 0, 0)
		}},
		{service: "micrometer", inbound: true, outbound: true, peer: "stock", write: func(w *strings.Builder, v string, total, failed float64) {
			in, out := `version="`+v+`",status="%s",outcome="%s"`, `version="`+v+`",client_name="stock",status="%s",outcome="%s"`
			each(w, "http_server_requests_seconds_count", in, a("200", "SUCCESS"), a("500", "SERVER_ERROR"), total, failed)
			each(w, "http_server_requests_seconds_sum", in, a("200", "SUCCESS"), a("500", "SERVER_ERROR"), 0.05*(total-failed)+2*failed, 2*failed)
			each(w, "http_client_requests_seconds_count", out, a("200", "SUCCESS"), a("IO_ERROR", "UNKNOWN"), total, failed)
			each(w, "http_client_requests_seconds_sum", out, a("200", "SUCCESS"), a("IO_ERROR", "UNKNOWN"), 0.05*(total-failed)+2*failed, 2*failed)
		}},
		{service: "quarkus", inbound: true, write: func(w *strings.Builder, v string, total, failed float64) {
			each(w, "http_server_requests_seconds_count", `version="`+v+`",status="%s"`, a("200"), a("500"), total, failed)
			each(w, "http_server_requests_seconds_sum", `version="`+v+`",status="%s"`, a("200"), a("500"), 1e6*total, 1e6*failed) // The buckets must win.
			for _, line := range []string{`status="200",le="0.1"`, `status="200",le="4.0"`, `status="200",le="+Inf"`} {
				fmt.Fprintf(w, "http_server_requests_seconds_bucket{version=%q,%s} %f\n", v, line, total-failed)
			}
			fmt.Fprintf(w, "http_server_requests_seconds_bucket{version=%q,status=\"500\",le=\"0.1\"} 0\n", v)
			fmt.Fprintf(w, "http_server_requests_seconds_bucket{version=%q,status=\"500\",le=\"4.0\"} %f\n", v, failed)
			fmt.Fprintf(w, "http_server_requests_seconds_bucket{version=%q,status=\"500\",le=\"+Inf\"} %f\n", v, failed)
		}},
		{service: "istio", inbound: true, outbound: true, peer: "stock", job: "istio-proxies", write: func(w *strings.Builder, v string, total, failed float64) {
			in := `reporter="destination",source_workload="web",source_version="v9",destination_workload="istio",destination_version="` + v + `"`
			out := `reporter="source",source_workload="istio",source_version="` + v + `",destination_workload="stock",destination_version="v9"`
			each(w, "istio_requests_total", in+`,response_code="%s"`, a("200"), a("503"), total, failed)
			each(w, "istio_requests_total", out+`,response_code="%s"`, a("200"), a("0"), total, failed)
			histogram(w, "istio_request_duration_milliseconds", in, 1000, total, failed)
			histogram(w, "istio_request_duration_milliseconds", out, 1000, total, failed)
		}},
		{service: "linkerd", inbound: true, outbound: true, peer: "stock", job: "linkerd-proxy", write: func(w *strings.Builder, v string, total, failed float64) {
			in, out := `direction="inbound",deployment="linkerd",version="`+v+`"`, `direction="outbound",deployment="linkerd",dst_service="stock-svc",dst_deployment="stock",version="`+v+`"`
			each(w, "response_total", in+`,classification="%s"`, a("success"), a("failure"), total, failed)
			each(w, "response_total", out+`,classification="%s"`, a("success"), a("failure"), total, failed)
			histogram(w, "response_latency_ms", in, 1000, total, failed)
			histogram(w, "response_latency_ms", out, 1000, total, failed)
		}},
		{service: "envoy", outbound: true, peer: "stock", write: func(w *strings.Builder, v string, total, failed float64) {
			out := `version="` + v + `",envoy_cluster_name="stock"`
			each(w, "envoy_cluster_upstream_rq_xx", out+`,envoy_response_code_class="%s"`, a("2"), a("5"), total, failed)
			histogram(w, "envoy_cluster_upstream_rq_time", out, 1000, total, failed)
			fmt.Fprintf(w, "envoy_cluster_upstream_rq_xx{version=%q,envoy_cluster_name=\"local_service\",envoy_response_code_class=\"2\"} %f\n", v, total)
		}},
	}
}

// namedCompany runs four instances of a service of each naming, the last two of
// which run v2 and break after five seconds, each a pod of its own.
func namedCompany(t *testing.T) (address string, began time.Time) {
	t.Helper()
	began = time.Now()
	var targets []target
	for _, n := range namings() {
		job := n.job
		if job == "" {
			job = "shop/" + n.service
		}
		for i := range 4 {
			version := []string{"v1", "v1", "v2", "v2"}[i]
			instance := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				past := time.Since(began).Seconds()
				failed := 0.0
				if version == "v2" {
					failed = max(0, past-5) * 50 / 3
				}
				var out strings.Builder
				n.write(&out, version, 50*(past+60), failed)
				_, _ = w.Write([]byte(out.String()))
			}))
			t.Cleanup(instance.Close)
			pod := map[string]string{"pod": fmt.Sprintf("%s-7f9c-%d", n.service, i)}
			targets = append(targets, target{strings.TrimPrefix(instance.URL, "http://"), job, pod})
		}
	}
	return startPrometheus(t, targets), began
}

// Of each convention of naming, what a real server has scraped must tell rate,
// failures and duration of every instance, and of its calls to whom it calls.
func TestEachNamingIsReadFromARealServer(t *testing.T) {
	address, began := namedCompany(t)
	source := scraped(t, address, began)
	for _, n := range namings() {
		t.Run(n.service, func(t *testing.T) {
			series, missing := source.Measure(t.Context(), correlate.Measuring{Services: []string{n.service}, From: began, To: time.Now()})
			if len(missing) > 0 {
				t.Fatalf("missing %q", missing)
			}
			checkSide(t, n, series, "", n.inbound)
			checkSide(t, n, series, "outbound", n.outbound)
		})
	}
}

// checkSide checks the last samples of one side of a service's instances.
func checkSide(t *testing.T, n naming, series []correlate.Series, direction string, there bool) {
	t.Helper()
	got := map[string]map[string]string{}
	for _, s := range series {
		if s.Labels["direction"] != direction {
			continue
		}
		if direction != "" && s.Labels["peer"] != n.peer {
			t.Errorf("%s of calls to %q, want %q", s.Signal, s.Labels["peer"], n.peer)
		}
		who := s.Instance + " " + s.Version
		if got[who] == nil {
			got[who] = map[string]string{}
		}
		if got[who][s.Signal] != "" {
			t.Errorf("%s of %s comes twice", s.Signal, who)
		}
		got[who][s.Signal] = inWords(s.Signal, s.Points[len(s.Points)-1].Value)
	}
	want := map[string]map[string]string{}
	for i, version := range []string{"v1", "v1", "v2", "v2"} {
		if there {
			how := []string{"none", "quick"}
			if version == "v2" {
				how = []string{"a third", "slow"}
			}
			want[fmt.Sprintf("%s-7f9c-%d %s", n.service, i, version)] = map[string]string{"request_rate": "fifty", "error_ratio": how[0], "latency": how[1]}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("side %q (-want +got):\n%s", direction, diff)
	}
}

// inWords names a value that is about what the instances do.
func inWords(signal string, value float64) string {
	between := func(low, high float64) bool { return value > low && value < high }
	switch {
	case signal == "request_rate" && between(40, 60):
		return "fifty"
	case signal == "error_ratio" && value == 0:
		return "none"
	case signal == "error_ratio" && between(0.25, 0.42):
		return "a third"
	case signal == "latency" && between(10, 110):
		return "quick"
	case signal == "latency" && between(600, 4000):
		return "slow"
	}
	return fmt.Sprint(value)
}

// A pod that is scraped on the port of the application and on that of its proxy
// is one instance, two processes of one host are two.
func TestPortsOfAPodAreOneInstanceAndWorkersOfAHostAreNot(t *testing.T) {
	serve := func(text string) string {
		began := time.Now()
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintf(w, "%s %f\n", text, 10*(60+time.Since(began).Seconds()))
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	plain := `http_requests_total{code="200",version="v1"}`
	app, admin, proxy := serve(plain), serve(plain), serve(`istio_requests_total{reporter="destination",destination_workload="cart",destination_version="v1",response_code="200"}`)
	workers := []string{serve(plain), serve(plain)}
	pod := map[string]string{"pod": "cart-1"}
	began := time.Now()
	address := startPrometheus(t, []target{
		{app, "cart", pod}, {admin, "cart", pod}, {proxy, "istio-proxies", pod}, {workers[0], "worker", nil}, {workers[1], "worker", nil},
	})
	source := scraped(t, address, began)
	series, missing := source.Measure(t.Context(), correlate.Measuring{Services: []string{"cart", "worker"}, From: began, To: time.Now()})
	if len(missing) > 0 {
		t.Fatalf("missing %q", missing)
	}
	rates := map[string]int{}
	for _, s := range series {
		if s.Signal == "request_rate" {
			rates[s.Service+" "+s.Instance] = int(s.Points[len(s.Points)-1].Value/5 + 0.5)
		}
	}
	slices.Sort(workers)
	want := map[string]int{"cart cart-1": 4, "worker " + workers[0]: 2, "worker " + workers[1]: 2} // In fives a second: both ports of the pod add up.
	if diff := cmp.Diff(want, rates); diff != "" {
		t.Errorf("rates (-want +got):\n%s", diff)
	}
}
