package prometheus

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/testenv"
)

// exporter is one instance of the service cart: fifty requests a second, of
// which, where it is broken, a third fail and are slow from a moment on.
type exporter struct {
	version string
	began   time.Time
	breaks  time.Duration
}

func (e *exporter) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	total := 50 * time.Since(e.began).Seconds()
	failed := 0.0
	if e.breaks > 0 {
		failed = max(0, 50*(time.Since(e.began)-e.breaks).Seconds()/3)
	}
	for code, n := range map[string]float64{"200": total - failed, "500": failed} {
		if n > 0 {
			fmt.Fprintf(w, "http_requests_total{code=%q,version=%q} %f\n", code, e.version, n)
			fmt.Fprintf(w, "http_server_request_duration_seconds_count{http_response_status_code=%q,service_version=%q} %f\n", code, e.version, n)
		}
	}
	for _, bucket := range []struct {
		le    string
		count float64
	}{{"0.1", total - failed}, {"2", total}, {"+Inf", total}} {
		fmt.Fprintf(w, "http_request_duration_seconds_bucket{le=%q,version=%q} %f\n", bucket.le, e.version, bucket.count)
	}
}

// target is what one scrape asks: an address, under a job and with labels of its
// own, as service discovery would add them.
type target struct {
	address, job string
	labels       map[string]string
}

// scrapes writes a configuration that scrapes the targets twice a second.
func scrapes(targets []target) string {
	var out strings.Builder
	out.WriteString("global: {scrape_interval: 500ms}\nscrape_configs:\n")
	byJob := map[string][]target{}
	for _, t := range targets {
		byJob[t.job] = append(byJob[t.job], t)
	}
	for _, job := range slices.Sorted(maps.Keys(byJob)) {
		fmt.Fprintf(&out, "- job_name: %s\n  metrics_path: /\n  static_configs:\n", job)
		for _, t := range byJob[job] {
			fmt.Fprintf(&out, "  - targets: [%q]\n    labels: {", t.address)
			for name, value := range t.labels {
				fmt.Fprintf(&out, "%s: %q, ", name, value)
			}
			out.WriteString("}\n")
		}
	}
	return out.String()
}

// startPrometheus runs the real server, which scrapes the targets, until the test
// ends.
func startPrometheus(t *testing.T, targets []target) string {
	t.Helper()
	binary := os.Getenv("FAULTLINE_PROMETHEUS")
	if binary == "" {
		binary = filepath.Join(testenv.CacheDir(t), "prometheus", "prometheus")
	}
	_, err := os.Stat(binary)
	testenv.Need(t, err == nil, "Prometheus", "run scripts/fetch-prometheus.sh")
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "prometheus.yml"), []byte(scrapes(targets)), 0o600); err != nil {
		t.Fatal(err)
	}
	address := testenv.Address(t)
	server := exec.CommandContext(t.Context(), binary, "--config.file", filepath.Join(dir, "prometheus.yml"), //nolint:gosec // The binary is the one fetched.
		"--storage.tsdb.path", filepath.Join(dir, "data"), "--web.listen-address", address, "--log.level", "warn")
	server.Cancel = func() error { return server.Process.Signal(syscall.SIGTERM) }
	server.WaitDelay = 5 * time.Second
	var log strings.Builder
	server.Stderr = &log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // The test's context has ended, and with it the server.
		_ = server.Wait()
		if t.Failed() {
			t.Log(log.String())
		}
	})
	waitReady(t, "http://"+address+"/-/ready")
	return "http://" + address
}

func waitReady(t *testing.T, address string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := client.Do(r); err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return
			}
		}
		select {
		case <-ctx.Done():
			t.Fatal("Prometheus does not become ready")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// company starts four instances of cart, of which the last two run v2 and break
// after five seconds, and the server that scrapes them.
func company(t *testing.T) (address string, began time.Time) {
	t.Helper()
	began = time.Now()
	var targets []target
	for i := range 4 {
		e := &exporter{version: "v1", began: began.Add(-time.Minute)}
		if i >= 2 {
			e.version, e.breaks = "v2", time.Minute+5*time.Second
		}
		instance := httptest.NewServer(e)
		t.Cleanup(instance.Close)
		targets = append(targets, target{address: strings.TrimPrefix(instance.URL, "http://"), job: "shop/cart"})
	}
	return startPrometheus(t, targets), began
}

// scraped is a source that reads the server by seconds, once it has scraped for
// eleven of them.
func scraped(t *testing.T, address string, began time.Time) *Source {
	t.Helper()
	cfg := DefaultConfig(address)
	cfg.Step, cfg.Window = time.Second, 2*time.Second
	source, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(source.Close)
	time.Sleep(time.Until(began.Add(11 * time.Second)))
	return source
}

func TestARealServerTellsChangedFromUnchangedInstances(t *testing.T) {
	address, began := company(t)
	source := scraped(t, address, began)
	asked := correlate.Measuring{Services: []string{"cart", "unknown"}, Environment: "production", From: began, To: time.Now()}
	series, missing := source.Measure(t.Context(), asked)
	if len(missing) > 0 {
		t.Fatalf("missing %q", missing)
	}
	signals := map[string]int{}
	for _, s := range series {
		if s.Service != "cart" || s.Instance == "" || s.Version == "" || len(s.Points) == 0 {
			t.Errorf("series %+v", s)
		}
		signals[s.Signal]++
	}
	// Requests and errors come under two names, plain and OpenTelemetry's; the
	// instances are four, and differ by their ports alone.
	if signals["request_rate"] != 4 || signals["error_ratio"] != 4 || signals["latency"] != 4 {
		t.Errorf("series by signal: %v", signals)
	}
	again, _ := source.Measure(t.Context(), asked)
	if len(again) != len(series) || again[0].Points[0] != series[0].Points[0] {
		t.Error("the same question has another answer")
	}
	judgeByMetrics(t, series, began)
}

// judgeByMetrics lets the engine judge a deploy of v2 by the series.
func judgeByMetrics(t *testing.T, series []correlate.Series, began time.Time) {
	t.Helper()
	deploy := correlate.Change{
		ID: "v2", Source: "ci", Kind: correlate.KindDeploy, Services: []string{"cart"}, StartedAt: began.Add(4 * time.Second), Version: "v2", PreviousVersion: "v1",
	}
	finding := correlate.NewEngine(correlate.DefaultWeights()).Attribute(correlate.Input{
		AsOf: time.Now(), Changes: correlate.NewChangeIndex(deploy), Metrics: series,
		Alerts: []correlate.Alert{{
			Source: "m", Fingerprint: "f", Service: "cart", Name: "Errors", Severity: correlate.SeverityCritical,
			Status: correlate.AlertFiring, StartedAt: began.Add(8 * time.Second),
		}},
	})
	for _, e := range finding.Suspects[0].Evidence {
		if e.Kind == correlate.EvidenceMetrics {
			if e.LogOdds <= 0 || !strings.Contains(e.Text, "Changed instances of cart stand out") {
				t.Errorf("metrics say %+.2f: %s", e.LogOdds, e.Text)
			}
			return
		}
	}
	t.Errorf("no evidence of metrics in %+v", finding.Suspects[0].Evidence)
}

// Every template that ships must be PromQL to a real server, and names that
// would break a query must not.
func TestARealServerUnderstandsTheTemplatesThatShip(t *testing.T) {
	address := startPrometheus(t, nil)
	source, err := New(DefaultConfig(address))
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	series, missing := source.Measure(t.Context(), correlate.Measuring{
		Services: []string{"cart", `odd "name" \ (with) {all}`}, From: time.Now().Add(-time.Hour), To: time.Now(),
	})
	if len(series) != 0 || len(missing) != 1 || !strings.Contains(missing[0], "no series") {
		t.Errorf("%d series, missing %q", len(series), missing)
	}
}
