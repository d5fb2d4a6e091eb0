package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/faultline/faultline/internal/event"
)

func TestUnknownAddressesAndMethodsAreProblems(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/nothing", "/v1", "/v1/incidents/", "/v1/incident", "/docs", "/openapi.yaml", "/schemas/Change.json", "/v2/incidents"} {
		wantProblem(t, h.do(t, ask{path: path}), routeNotFound)
	}
	for path, allow := range map[string]string{"/v1/incidents": "GET", "/v1/changes": "GET, POST", "/v1/webhooks/github": "POST"} {
		resp := h.do(t, ask{method: http.MethodDelete, path: path, token: RoleAdmin})
		wantProblem(t, resp, methodNotAllowed)
		for _, method := range strings.Split(allow, ", ") {
			if !strings.Contains(resp.Header.Get("Allow"), method) {
				t.Errorf("%s: Allow %q lacks %s", path, resp.Header.Get("Allow"), method)
			}
		}
	}
}

func TestHeadAnswersLikeGetWithoutBody(t *testing.T) {
	h := newHarness(t)
	address := h.serve(t)
	for path, want := range map[string]int{"/healthz": 200, "/v1/incidents": 401, "/nope": 404, "/v1/stream": 405} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodHead, address+path, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client(t).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, resp); resp.StatusCode != want || body != "" {
			t.Errorf("HEAD %s: status %d, body %q", path, resp.StatusCode, body)
		}
		resp.Body.Close()
	}
}

// client returns a client whose connections end with the test.
func client(t testing.TB) *http.Client {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func TestPanicIsAProblemWithoutInsides(t *testing.T) {
	h := newHarness(t)
	h.engine.GET("/panics", func(*gin.Context) { panic("secret insides") })
	h.routes["GET /panics"] = route{method: http.MethodGet, path: "/panics-undocumented", access: accessOpen}
	resp := h.do(t, ask{path: "/panics"})
	if p := wantProblem(t, resp, internalError); strings.Contains(fmt.Sprint(p), "insides") {
		t.Errorf("the answer shows insides: %+v", p)
	}
	if logs := h.logs.String(); !strings.Contains(logs, "secret insides") || !strings.Contains(logs, "middleware_test.go") {
		t.Errorf("the log lacks the reason or the stack: %s", logs)
	}
	if got := testutil.ToFloat64(h.metrics.panics); got != 1 {
		t.Errorf("%v panics counted", got)
	}
	h.get(t, "/v1/incidents", http.StatusOK)
}

func TestPanicAfterTheAnswerBeganCutsTheConnection(t *testing.T) {
	h := newHarness(t)
	h.engine.GET("/torn", func(c *gin.Context) {
		c.String(http.StatusOK, "half of an ans")
		panic("torn")
	})
	h.routes["GET /torn"] = route{access: accessOpen}
	defer func() {
		if reason := recover(); reason != http.ErrAbortHandler { //nolint:errorlint // A panic value, compared by identity as net/http does.
			t.Errorf("recovered %v, want the connection to be cut", reason)
		}
	}()
	h.Handler().ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/torn", http.NoBody))
}

func TestHostileAddressesAreRefused(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{
		"/v1/incidents/a%00b", "/v1/incidents?q=%00", "/v1/incidents?q=%ff", "/v1/incidents?q=%zz", "/v1/incidents?%00=1", "/v1/incidents/%ff",
	} {
		resp := h.do(t, ask{path: path, token: RoleReader})
		wantProblem(t, resp, badRequest)
	}
	if n := h.store.count("Incident") + h.store.count("Incidents"); n != 0 {
		t.Errorf("%d hostile requests reached the store", n)
	}
}

func TestErrorsOfTheStoreKeepTheirMeaning(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fail  error
		want  problemType
		retry bool
	}{
		{"store says down", fmt.Errorf("query: %w", event.ErrUnavailable), storeUnavailable, true},
		{"network down", fmt.Errorf("query: %w", &net.OpError{Op: "dial", Err: errors.New("refused 10.1.2.3")}), storeUnavailable, true},
		{"unexpected", errors.New("code 47 at 10.1.2.3"), internalError, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			h.store.fail = tc.fail
			for _, r := range h.routes {
				if r.access != accessRead || r.endless {
					continue
				}
				resp := h.do(t, ask{path: examplePath(r.path), token: RoleReader})
				p := wantProblem(t, resp, tc.want)
				if strings.Contains(fmt.Sprint(p), "10.1.2.3") || (resp.Header.Get("Retry-After") != "") != tc.retry {
					t.Errorf("%s: problem %+v, Retry-After %q", r.path, p, resp.Header.Get("Retry-After"))
				}
			}
			if !strings.Contains(h.logs.String(), tc.fail.Error()) {
				t.Error("the log does not hold the reason")
			}
		})
	}
}

// TestEveryCallOfAHandlerMayFail lets one method of the store fail at a time:
// no handler answers with half of what was asked for.
func TestEveryCallOfAHandlerMayFail(t *testing.T) {
	h := newHarness(t)
	for _, r := range h.routes {
		if r.access != accessRead || r.endless {
			continue
		}
		asked := newHarness(t)
		asked.store.changes[0].StartedAt = asked.clock.Now()
		asked.get(t, examplePath(r.path), http.StatusOK)
		for method := range asked.store.calls {
			failing := newHarness(t)
			failing.store.changes[0].StartedAt = failing.clock.Now()
			failing.store.failOn = map[string]error{method: fmt.Errorf("%s: %w", method, event.ErrUnavailable)}
			wantProblem(t, failing.get(t, examplePath(r.path), http.StatusServiceUnavailable), storeUnavailable)
		}
	}
}

func TestClientThatLeavesIsNoFault(t *testing.T) {
	h := newHarness(t)
	h.store.hang = true
	ctx, cancel := context.WithCancel(t.Context())
	r := h.request(ask{path: "/v1/incidents", token: RoleReader}).WithContext(ctx)
	time.AfterFunc(10*time.Millisecond, cancel)
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, r)
	if rec.Code != statusClientGone || strings.Contains(h.logs.String(), `"level":"ERROR"`) {
		t.Errorf("status %d, log %s", rec.Code, h.logs.String())
	}
}

func TestRequestIdsAreTakenOverOnlyWhenHarmless(t *testing.T) {
	h := newHarness(t)
	for given, kept := range map[string]bool{
		"abc-123_X.y": true, "": false, "a b": false, "a\"b": false, strings.Repeat("a", 65): false, "a\u00e4": false,
	} {
		resp := h.do(t, ask{path: "/nope", header: map[string]string{"X-Request-Id": given}})
		got := resp.Header.Get("X-Request-Id")
		if (got == given) != kept || got == "" {
			t.Errorf("given %q, got %q", given, got)
		}
		wantProblem(t, resp, routeNotFound)
	}
}

func TestEveryAnswerIsHardened(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/healthz", "/nope", "/v1/incidents", "/openapi.json", "/metrics"} {
		resp := h.do(t, ask{path: path})
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
			"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q", path, name, got)
			}
		}
		if resp.Header.Get("Cache-Control") == "" || resp.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s lacks Cache-Control or a request id", path)
		}
	}
}

func TestAccessLogSaysWhatHappened(t *testing.T) {
	h := newHarness(t)
	h.get(t, "/v1/incidents/inc-7f3a?", http.StatusOK)
	var line map[string]any
	for text := range strings.Lines(h.logs.String()) {
		if strings.Contains(text, `"msg":"request"`) {
			if err := json.Unmarshal([]byte(text), &line); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, want := range map[string]any{
		"route": "/v1/incidents/:id", "path": "/v1/incidents/inc-7f3a", "method": "GET", "status": 200.0, "caller": "test-reader", "level": "INFO",
	} {
		if line[name] != want {
			t.Errorf("%s is %v, want %v", name, line[name], want)
		}
	}
	for _, name := range []string{"request_id", "took", "bytes", "remote"} {
		if line[name] == nil {
			t.Errorf("the line lacks %s", name)
		}
	}
	h.do(t, ask{path: "/healthz"})
	if !strings.Contains(h.logs.String(), `"level":"DEBUG","msg":"request"`) {
		t.Error("probes are logged above debug")
	}
}

func TestMetricsAreByRouteTemplate(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/v1/incidents/inc-7f3a", "/v1/incidents/nope", "/wp-admin.php", "/v1/services/checkout"} {
		h.do(t, ask{path: path, token: RoleReader})
	}
	h.do(t, ask{method: "BREW", path: "/coffee"})
	text := readAll(t, h.do(t, ask{path: "/metrics"}))
	for _, want := range []string{
		`faultline_http_requests_total{method="GET",route="/v1/incidents/:id",status="200"} 1`,
		`faultline_http_requests_total{method="GET",route="/v1/incidents/:id",status="404"} 1`,
		`faultline_http_requests_total{method="GET",route="none",status="404"} 1`,
		`faultline_http_requests_total{method="other",route="none",status="404"} 1`,
		`faultline_http_request_duration_seconds_count{method="GET",route="/v1/services/:name"} 1`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s", want)
		}
	}
	if strings.Contains(text, "wp-admin") || strings.Contains(text, "inc-7f3a") {
		t.Error("a raw path became a label")
	}
}

func TestRequestsGoOnAtTheSameTime(t *testing.T) {
	h := newHarness(t, func(c *Config, d *Deps) { c.Timeout, d.Now = 50*time.Millisecond, nil })
	h.store.hang = true
	done := make(chan int)
	for range 20 {
		go func() {
			rec := httptest.NewRecorder()
			h.Handler().ServeHTTP(rec, h.request(ask{path: "/v1/incidents", token: RoleReader}))
			done <- rec.Code
		}()
	}
	deadline := time.After(time.Minute)
	for range 20 {
		select {
		case code := <-done:
			if code != http.StatusGatewayTimeout {
				t.Errorf("status %d", code)
			}
		case <-deadline:
			t.Fatal("requests wait for each other")
		}
	}
}
