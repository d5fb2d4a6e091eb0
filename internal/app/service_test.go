package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/testenv"
)

// rigToken may do everything in the services of these tests.
const rigToken = "flt_rig_0123456789abcdef0123456789abcdef"

// rig is the settings of a service on a database of its own, behind a real
// address as a server has, and on an embedded broker.
func rig(t *testing.T, overrides map[string]string) config.Config {
	t.Helper()
	testenv.Slow(t, "starts a service on its stores")
	cfg, _ := rigWithSwitch(t, overrides)
	return cfg
}

// rigWithSwitch is rig, with a switch that takes the store away while it is on.
func rigWithSwitch(t *testing.T, overrides map[string]string) (config.Config, *atomic.Bool) {
	t.Helper()
	engine, away := chdbtest.Open(t), &atomic.Bool{}
	door := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", "embedded" },
		Transport: engine.Transport(), ErrorLog: log.New(io.Discard, "", 0),
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			http.Error(w, "away", http.StatusServiceUnavailable)
			return
		}
		door.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	all := map[string]string{
		"data_dir": t.TempDir(), "clickhouse.dsn": fmt.Sprintf("http://tester:secret@%s/%s?compress=none", server.Listener.Addr(), chdbtest.Database(t, engine)),
		"kafka.embedded_listen": "127.0.0.1:0", "api.listen": "127.0.0.1:0",
		"api.tokens": fmt.Sprintf("[{id: rig, name: rig, role: admin, hash: %q}]", api.HashToken(rigToken)),
	}
	for key, value := range overrides {
		all[key] = value
	}
	cfg, err := config.Load("", nil, all)
	if err != nil {
		t.Fatal(err)
	}
	return cfg, away
}

// journal keeps what a service logs, for its order.
type journal struct {
	mu      sync.Mutex
	lines   []string
	stopped []string
}

func (j *journal) Enabled(context.Context, slog.Level) bool { return true }
func (j *journal) WithAttrs([]slog.Attr) slog.Handler       { return j }
func (j *journal) WithGroup(string) slog.Handler            { return j }

func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, r.Message)
	r.Attrs(func(a slog.Attr) bool {
		if r.Message == "stopped" && a.Key == "component" {
			j.stopped = append(j.stopped, a.Value.String())
		}
		return true
	})
	return nil
}

// startRig starts a service that ends with the test.
func startRig(t *testing.T, cfg config.Config) (*service, *journal) {
	t.Helper()
	j := &journal{}
	s, err := start(t.Context(), cfg, slog.New(j))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.stop(context.Background()); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return s, j
}

// ask calls the API of a service and reads its answer.
func (s *service) ask(t *testing.T, method, path, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "http://"+s.address+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+rigToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// soon waits until something holds.
func soon(t *testing.T, what string, holds func() bool) {
	t.Helper()
	const patience = 5 * time.Minute
	for end := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("no %s within %s", what, patience)
		}
	}
}

func TestAServiceOfAllRolesAnswersAndStopsFromTheDoorDown(t *testing.T) {
	hooks := &receiverOfNews{}
	server := httptest.NewServer(hooks)
	defer server.Close()
	cfg := rig(t, map[string]string{"notify.webhooks": fmt.Sprintf("[{url: %q, secret: %q}]", server.URL+"/hook", strings.Repeat("s", 32)), "report.base_url": "https://faultline.example"})
	s, j := startRig(t, cfg)
	soon(t, "readiness", func() bool { status, _ := s.ask(t, http.MethodGet, "/readyz", ""); return status == http.StatusOK })
	if _, text := s.ask(t, http.MethodGet, "/readyz", ""); !strings.Contains(text, "clickhouse") || !strings.Contains(text, "kafka") {
		t.Errorf("ready by %s", text)
	}
	s.sendOutage(t)
	incident := s.awaitIncident(t)
	soon(t, "news at the webhook", func() bool {
		return strings.Contains(hooks.all(), "https://faultline.example/incidents/"+incident)
	})
	if _, text := s.ask(t, http.MethodGet, "/metrics", ""); !strings.Contains(text, "faultline_notifications_total") || !strings.Contains(text, "go_goroutines") {
		t.Error("metrics of the parts are not in one place")
	}
	address := s.address
	if err := s.stop(t.Context()); err != nil {
		t.Errorf("stop: %v", err)
	}
	// Whoever takes work stops before whoever it is given to.
	want := []string{"weekly report", "notifier", "API", "ingest", "dead-letter writer", "Kafka client", "embedded Kafka", "merging of closed months", "changes as wholes", "correlator", "store"}
	if diff := cmp.Diff(want, j.stopped); diff != "" {
		t.Errorf("order of the stop (-want +got):\n%s", diff)
	}
	if conn, err := net.DialTimeout("tcp", address, time.Second); err == nil {
		_ = conn.Close()
		t.Errorf("somebody still listens at %s", address)
	}
}

// sendOutage sends a deploy and the alert that follows it.
func (s *service) sendOutage(t *testing.T) {
	t.Helper()
	now := time.Now().UTC()
	for path, body := range map[string]string{
		"/v1/changes": fmt.Sprintf(`{"id":"d-1","source":"ci","kind":"deploy","services":["checkout"],"started_at":%q}`, now.Add(-3*time.Minute).Format(time.RFC3339)),
		"/v1/alerts":  fmt.Sprintf(`{"source":"am","service":"checkout","name":"Errors","status":"firing","severity":"critical","started_at":%q}`, now.Add(-time.Minute).Format(time.RFC3339)),
	} {
		if status, text := s.ask(t, http.MethodPost, path, body); status != http.StatusAccepted {
			t.Fatalf("%s: %d %s", path, status, text)
		}
	}
}

// awaitIncident waits for the one incident and its finding that names the deploy.
func (s *service) awaitIncident(t *testing.T) (id string) {
	t.Helper()
	var page struct{ Items []struct{ ID string } }
	soon(t, "finding that names the deploy", func() bool {
		_, text := s.ask(t, http.MethodGet, "/v1/incidents", "")
		if json.Unmarshal([]byte(text), &page) != nil || len(page.Items) == 0 {
			return false
		}
		status, text := s.ask(t, http.MethodGet, "/v1/incidents/"+page.Items[0].ID+"/finding", "")
		return status == http.StatusOK && strings.Contains(text, `"d-1"`)
	})
	if len(page.Items) != 1 {
		t.Errorf("%d incidents of one outage", len(page.Items))
	}
	return page.Items[0].ID
}

// receiverOfNews keeps what is told to a webhook.
type receiverOfNews struct {
	mu   sync.Mutex
	text strings.Builder
}

func (r *receiverOfNews) ServeHTTP(_ http.ResponseWriter, req *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, _ = io.Copy(&r.text, req.Body)
}

func (r *receiverOfNews) all() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.text.String()
}

func TestAProcessPlaysOnlyItsRoles(t *testing.T) {
	for roles, want := range map[string]struct {
		probes, stops []string
		listens       bool
	}{
		"api":       {[]string{"clickhouse"}, []string{"API", "store"}, true},
		"correlate": {[]string{"clickhouse"}, []string{"merging of closed months", "changes as wholes", "correlator", "store"}, false},
		"report":    {[]string{"clickhouse"}, []string{"weekly report", "store"}, false},
		"ingest":    {[]string{"clickhouse", "kafka"}, []string{"ingest", "dead-letter writer", "Kafka client", "embedded Kafka", "store"}, false},
	} {
		t.Run(roles, func(t *testing.T) {
			s, j := startRig(t, rig(t, map[string]string{"roles": roles}))
			var probes []string
			for _, p := range s.probes.list() {
				probes = append(probes, p.Name)
			}
			if !slices.Equal(probes, want.probes) || (s.address != "") != want.listens {
				t.Errorf("probes %v, address %q", probes, s.address)
			}
			if err := s.stop(t.Context()); err != nil {
				t.Error(err)
			}
			if diff := cmp.Diff(want.stops, j.stopped); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestAStartThatFailsLeavesNothingBehind gives each part in turn a setting that
// it cannot begin with.
func TestAStartThatFailsLeavesNothingBehind(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	missing := filepath.Join(t.TempDir(), "missing")
	occupied, file := t.TempDir(), filepath.Join(t.TempDir(), "file")
	for _, path := range []string{file, filepath.Join(occupied, "kafka")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for want, tc := range map[string]struct {
		settings   map[string]string
		dependency bool
	}{
		"listen for the API":     {map[string]string{"api.listen": taken.Addr().String()}, true},
		"kafka.embedded_listen":  {map[string]string{"kafka.embedded_listen": taken.Addr().String()}, true},
		"correlate.weights_file": {map[string]string{"correlate.weights_file": missing}, false},
		"policy":                 {map[string]string{"policy.file": missing}, false},
		"metrics.tls: ca_file":   {map[string]string{"metrics.url": "http://127.0.0.1:1", "metrics.tls.ca_file": missing}, false},
		"api.oidc":               {map[string]string{"api.oidc.issuer": "https://id.example", "api.oidc.client_id": "a", "api.oidc.client_secret": "s", "api.oidc.redirect_url": "https://x.example/sign-in/callback", "api.oidc.roles": "{a: judge}", "api.oidc.ca_file": missing}, false},
		"file: not a directory":  {map[string]string{"data_dir": file}, false},
		"name a directory that":  {map[string]string{"data_dir": file, "clickhouse.dsn": ""}, false},
		"kafka: not a directory": {map[string]string{"data_dir": occupied}, false},
		"connection refused":     {map[string]string{"clickhouse.dsn": "http://u:hunter2@127.0.0.1:1/faultline"}, true},
		"faultline migrate up":   {map[string]string{"clickhouse.auto_migrate": "false"}, false},
		"127.0.0.1:1: connect:":  {map[string]string{"kafka.brokers": "127.0.0.1:1", "kafka.create_topics": "false"}, true},
	} {
		t.Run(want, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			j := &journal{}
			cfg := rig(t, tc.settings)
			s, err := start(ctx, cfg, slog.New(j))
			if err == nil {
				_ = s.stop(ctx)
				t.Fatal("it starts")
			}
			if !strings.Contains(err.Error(), want) || errors.Is(err, ErrDependency) != tc.dependency || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a dependency %t: %v", errors.Is(err, ErrDependency), err)
			}
			if began := slices.Contains(j.lines, "embedded Kafka is up"); began != slices.Contains(j.stopped, "embedded Kafka") {
				t.Errorf("began %t, stopped %v", began, j.stopped)
			}
			if len(j.stopped) > 0 && j.stopped[len(j.stopped)-1] != "store" {
				t.Errorf("stopped %v", j.stopped)
			}
		})
	}
}

func TestMigrationsAreListedInEveryFormAndSayWhenSomeAreMissing(t *testing.T) {
	cfg := rig(t, nil)
	list := func(do MigrateFunc, output string) (string, error) {
		var out strings.Builder
		err := do(t.Context(), cfg, output, &out, io.Discard)
		return out.String(), err
	}
	if text, err := list(MigrateStatus, "table"); !errors.Is(err, ErrNo) || !strings.Contains(text, "0001") || strings.Contains(text, " applied") {
		t.Errorf("before: %v\n%s", err, text)
	}
	text, err := list(MigrateUp, "json")
	var lines []migrationLine
	if err != nil || json.Unmarshal([]byte(text), &lines) != nil || len(lines) < 20 || lines[0].State != "applied" || lines[0].At == nil {
		t.Errorf("up: %v\n%.300s", err, text)
	}
	if text, err = list(MigrateStatus, "yaml"); err != nil || !strings.Contains(text, "- version: 1\n  name: create_changes\n  state: applied\n") {
		t.Errorf("after: %v\n%.300s", err, text)
	}
	if text, err = list(MigrateStatus, "table"); err != nil || !strings.HasPrefix(text, "VERSION  NAME") || strings.Count(text, "\n") != len(lines)+1 {
		t.Errorf("after: %v\n%.300s", err, text)
	}
	if _, err := list(MigrateStatus, "xml"); err == nil {
		t.Error("xml is taken")
	}
	cfg.ClickHouse.DSN = "http://u:hunter2@127.0.0.1:1/faultline"
	if _, err := list(MigrateStatus, "table"); !errors.Is(err, ErrDependency) {
		t.Errorf("status of a server that is away: %v", err)
	}
	if _, err := list(MigrateUp, "table"); !errors.Is(err, ErrDependency) || strings.Contains(err.Error(), "hunter2") {
		t.Errorf("no server: %v", err)
	}
}

func TestATokenOfItsOwnIsMadeOnceAndReadAgain(t *testing.T) {
	dir := t.TempDir()
	s := &service{cfg: config.Default(), log: quiet()}
	s.cfg.DataDir = dir
	first, err := s.tokens()
	if err != nil || len(first) != 1 || first[0].Role != api.RoleAdmin {
		t.Fatalf("%+v %v", first, err)
	}
	path := filepath.Join(dir, tokenFile)
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v %v", info, err)
	}
	raw, err := os.ReadFile(path)
	if err != nil || api.HashToken(strings.TrimSpace(string(raw))) != first[0].Hash {
		t.Errorf("the file does not hold the token: %v", err)
	}
	if again, err := s.tokens(); err != nil || again[0] != first[0] {
		t.Errorf("%+v %v", again, err)
	}
	if err := os.WriteFile(path, []byte("nonsense"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := s.tokens(); err == nil || !strings.Contains(err.Error(), "delete the file") || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	s.cfg.ClickHouse.DSN = "clickhouse://db:9000/faultline"
	if none, err := s.tokens(); none != nil || err != nil {
		t.Errorf("a service on real stores has a token of its own: %+v %v", none, err)
	}
	s.cfg.API.Tokens = []config.Token{{ID: "ci", Name: "ci", Role: "ingest", Hash: "sha256:x"}}
	if given, err := s.tokens(); err != nil || len(given) != 1 || given[0].ID != "ci" || given[0].Role != api.RoleIngest {
		t.Errorf("%+v %v", given, err)
	}
}
