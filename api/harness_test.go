package api

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// bench is a server with everything around it in reach.
type harness struct {
	*Server
	store   *fakeStore
	intake  *fakeIntake
	figures *fakeFigures
	reports *fakeReports
	logs    *syncBuffer
	tokens  map[Role]string
	clock   *fakeClock
}

// syncBuffer is a log that many goroutines write.
type syncBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fakeClock stands still unless moved.
type fakeClock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *fakeClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *fakeClock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// counting is a source of bytes that differ, in place of randomness.
type counting byte

func (c *counting) Read(p []byte) (int, error) {
	for i := range p {
		*c += 7
		p[i] = byte(*c)
	}
	return len(p), nil
}

// newHarness builds a server with one token per role. Tune may change the
// configuration and the dependencies first.
func newHarness(t testing.TB, tune ...func(*Config, *Deps)) *harness {
	t.Helper()
	h := &harness{
		store: newFakeStore(), intake: newFakeIntake(), logs: &syncBuffer{}, tokens: map[Role]string{},
		clock: &fakeClock{now: exampleTime(10, 5, 0)},
	}
	h.figures, h.reports = &fakeFigures{store: h.store}, &fakeReports{store: h.store}
	cfg := DefaultConfig()
	cfg.RatePerSecond, cfg.RateBurst = 1e6, 1e6
	cfg.Stream.PollInterval = 5 * time.Millisecond
	var random counting
	for _, role := range Roles() {
		text, token, err := NewToken(&random, "test-"+string(role), role)
		if err != nil {
			t.Fatal(err)
		}
		h.tokens[role] = text
		cfg.Tokens = append(cfg.Tokens, token)
	}
	registry := prometheus.NewRegistry()
	deps := Deps{
		Store: h.store, Intake: h.intake, Figures: h.figures, Reports: h.reports, Signatures: h.intake, Registerer: registry,
		Metrics: promhttp.HandlerFor(registry, promhttp.HandlerOpts{}),
		Log:     slog.New(slog.NewJSONHandler(h.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), Now: h.clock.Now,
	}
	deps.Labeller, deps.Policy = markedRules{}, shippedPolicy(t)
	for _, f := range tune {
		f(&cfg, &deps)
	}
	s, err := New(cfg, deps)
	if err != nil {
		t.Fatal(err)
	}
	h.Server = s
	return h
}

// ask is a request to make.
type ask struct {
	method, path string
	token        Role
	header       map[string]string
	body         string
}

// request builds the request with its token.
func (h *harness) request(a ask) *http.Request {
	if a.method == "" {
		a.method = http.MethodGet
	}
	r := httptest.NewRequest(a.method, a.path, strings.NewReader(a.body))
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.token != "" {
		r.Header.Set("Authorization", "Bearer "+h.tokens[a.token])
	}
	for name, value := range a.header {
		r.Header.Set(name, value)
	}
	return r
}

// do makes a request without a connection and holds the answer against the
// OpenAPI document.
func (h *harness) do(t testing.TB, a ask) *http.Response {
	t.Helper()
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, h.request(a))
	resp := rec.Result()
	h.checkAnswer(t, a, resp, rec.Body.Bytes())
	return resp
}

// get reads with a reader's token and demands a status.
func (h *harness) get(t testing.TB, path string, status int) *http.Response {
	t.Helper()
	resp := h.do(t, ask{path: path, token: RoleReader})
	if resp.StatusCode != status {
		t.Fatalf("GET %s: status %d, want %d: %s", path, resp.StatusCode, status, readAll(t, resp))
	}
	return resp
}

// contract checks answers against the document; making it is slow, so one
// serves all tests.
var contract = sync.OnceValues(func() (validator.Validator, error) {
	raw, err := specForTests()
	if err != nil {
		return nil, err
	}
	doc, err := libopenapi.NewDocument(raw)
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(doc)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

// specForTests builds a server only for its document.
func specForTests() ([]byte, error) {
	registry := prometheus.NewRegistry()
	s, err := New(DefaultConfig(), Deps{
		Store: newFakeStore(), Intake: newFakeIntake(), Figures: &fakeFigures{}, Reports: &fakeReports{}, Registerer: registry, Metrics: http.NotFoundHandler(),
		Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	return s.spec, nil
}

// checkAnswer fails the test when the document does not describe the answer.
func (h *harness) checkAnswer(t testing.TB, a ask, resp *http.Response, body []byte) {
	t.Helper()
	v, err := contract()
	if err != nil {
		t.Fatal(err)
	}
	path, _, _ := strings.Cut(a.path, "?")
	if !h.documented(a.method, path) || a.method == http.MethodHead || resp.StatusCode == http.StatusNotModified {
		return
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	ok, problems := v.ValidateHttpResponse(h.request(a), resp)
	if !ok {
		for _, p := range problems {
			t.Errorf("%s %s: the answer is not what the document says: %s: %s %v", a.method, a.path, p.Message, p.Reason, p.SchemaValidationErrors)
		}
		t.Logf("status %d: %s", resp.StatusCode, body)
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
}

// documented reports whether a request reaches a declared route.
func (h *harness) documented(method, path string) bool {
	if method == "" {
		method = http.MethodGet
	}
	for _, r := range h.routes {
		if r.method == method && sameShape(r.path, path) {
			return true
		}
	}
	return false
}

// sameShape compares a template with a path, segment by segment.
func sameShape(template, path string) bool {
	want, got := strings.Split(template, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i := range want {
		parameter := strings.HasPrefix(want[i], "{") && got[i] != ""
		if !parameter && want[i] != got[i] {
			return false
		}
	}
	return true
}

func readAll(t testing.TB, resp *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body = io.NopCloser(bytes.NewReader(raw))
	return string(raw)
}

// parse reads the answer as JSON.
func parse[T any](t testing.TB, resp *http.Response) T {
	t.Helper()
	var v T
	if err := json.NewDecoder(resp.Body).Decode(&v); err != nil {
		t.Fatalf("the answer is not JSON: %v", err)
	}
	return v
}

// wantProblem demands a problem of this type and returns it.
func wantProblem(t testing.TB, resp *http.Response, want problemType) Problem {
	t.Helper()
	text := readAll(t, resp)
	if resp.StatusCode != want.status || resp.Header.Get("Content-Type") != problemMediaType {
		t.Fatalf("status %d, type %q, want %d and %s: %s", resp.StatusCode, resp.Header.Get("Content-Type"), want.status, problemMediaType, text)
	}
	p := parse[Problem](t, resp)
	if p.Type != "/problems/"+want.slug || p.Status != want.status || p.Title != want.title {
		t.Fatalf("problem %+v, want %s", p, want.slug)
	}
	if p.Instance == "" || p.Instance != resp.Header.Get("X-Request-Id") {
		t.Fatalf("the instance %q is not the request id %q", p.Instance, resp.Header.Get("X-Request-Id"))
	}
	return p
}

// serve runs the server on a free port until the test ends, and returns its
// address.
func (h *harness) serve(t testing.TB) string {
	t.Helper()
	address, stop := h.serveUntil(t)
	t.Cleanup(stop)
	return address
}

// serveUntil is serve with the stop in the test's hands.
func (h *harness) serveUntil(t testing.TB) (address string, stop func()) {
	t.Helper()
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Serve(ctx, l) }()
	var once sync.Once
	return "http://" + l.Addr().String(), func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Serve: %v", err)
				}
			case <-time.After(time.Minute):
				t.Error("Serve does not end")
			}
		})
	}
}
