package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/event"
)

// minimalChange is the smallest change of the contract, with fields to break.
func minimalChange(extra string) string {
	return `{"id":"c1","source":"ci","kind":"deploy","started_at":"2026-05-04T10:00:00Z"` + extra + `}`
}

const (
	minimalAlert    = `{"source":"prometheus","service":"checkout","name":"Errors","status":"firing","started_at":"2026-05-04T10:00:00Z"}`
	minimalTopology = `{"observed_at":"2026-05-04T10:00:00Z","source":"istio","services":[{"name":"checkout"}],"edges":[]}`
)

// send posts a body with a sender's token.
func (h *harness) send(t testing.TB, path, body string) *http.Response {
	t.Helper()
	return h.do(t, ask{method: http.MethodPost, path: path, token: RoleIngest, body: body})
}

func TestEventsAreCountedWhenDurable(t *testing.T) {
	second := strings.Replace(minimalChange(""), `"c1"`, `"c2"`, 1)
	for _, tc := range []struct {
		name, path, body string
		want             Receipt
	}{
		{"one change", "/v1/changes", minimalChange(""), Receipt{Accepted: 1}},
		{"array of changes", "/v1/changes", "[" + minimalChange("") + "," + second + "]", Receipt{Accepted: 2}},
		{"NDJSON", "/v1/changes", minimalChange("") + "\n\n" + second + "\n", Receipt{Accepted: 2}},
		{"the same twice in one request", "/v1/changes", minimalChange("") + "\n" + minimalChange("") + "\n", Receipt{Accepted: 1, Duplicates: 1}},
		{"empty array", "/v1/changes", "[]", Receipt{}},
		{"alert", "/v1/alerts", minimalAlert, Receipt{Accepted: 1}},
		{"topology", "/v1/topology", minimalTopology, Receipt{Accepted: 1}},
		{"webhook", "/v1/webhooks/plain", minimalChange(""), Receipt{Accepted: 1}},
		{"unknown fields are no reason to refuse", "/v1/changes", minimalChange(`,"pipeline":"blue"`), Receipt{Accepted: 1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			resp := h.send(t, tc.path, tc.body)
			tc.want.Rejected = []Rejection{}
			if got := parse[Receipt](t, resp); resp.StatusCode != http.StatusAccepted || !cmp.Equal(got, tc.want) {
				t.Errorf("status %d, receipt %+v, want 202 and %+v", resp.StatusCode, got, tc.want)
			}
		})
	}
}

func TestRepeatedPostCountsAsDuplicates(t *testing.T) {
	h := newHarness(t)
	for _, want := range []Receipt{{Accepted: 1, Rejected: []Rejection{}}, {Duplicates: 1, Rejected: []Rejection{}}} {
		if got := parse[Receipt](t, h.send(t, "/v1/changes", minimalChange(""))); !cmp.Equal(got, want) {
			t.Errorf("receipt %+v, want %+v", got, want)
		}
	}
}

func TestIntakeGetsBytesHeadersAndKind(t *testing.T) {
	h := newHarness(t)
	for path, want := range map[string]delivered{
		"/v1/changes": {kind: event.KindChange, format: "faultline"}, "/v1/alerts": {kind: event.KindAlert, format: "faultline"},
		"/v1/topology": {kind: event.KindTopology, format: "faultline"}, "/v1/webhooks/plain": {kind: "", format: "plain"},
	} {
		h.intake.accepted = nil
		body := " {\"odd\":\t1}\r\n"
		h.do(t, ask{method: http.MethodPost, path: path, token: RoleAdmin, body: body, header: map[string]string{"X-Event": "deployment"}})
		got := h.intake.accepted[0]
		if got.kind != want.kind || got.format != want.format || got.body != body || got.header.Get("X-Event") != "deployment" {
			t.Errorf("%s hands over %+v", path, got)
		}
	}
}

func TestGoodEventsAreTakenWhileBadOnesAreNamed(t *testing.T) {
	h := newHarness(t)
	body := minimalChange("") + "\n" + `{"id":"c2","source":"ci","kind":"deploy"}` + "\n" + `{"id":`
	got := parse[Receipt](t, h.send(t, "/v1/changes", body))
	if got.Accepted != 1 || got.RejectedCount != 2 || len(got.Rejected) != 2 {
		t.Fatalf("receipt %+v", got)
	}
	if first := got.Rejected[0]; first.Line != 2 || first.Path != "started_at" || first.Problem == "" || first.Mend == "" ||
		first.Reason != "started_at: "+first.Problem+"; "+first.Mend {
		t.Errorf("rejection %+v does not name line, field, problem, mend and reason", first)
	}
	if got.Rejected[1].Line != 3 {
		t.Errorf("rejection %+v is not of line 3", got.Rejected[1])
	}
}

// TestBadInputIsAClearError holds the decoder's verdicts against the answer:
// each names the field and the mend, and nothing else is lost.
func TestBadInputIsAClearError(t *testing.T) {
	for _, tc := range []struct{ name, body, path string }{
		{"truncated JSON", `{"id":"c1","source":"ci","ki`, ""},
		{"not JSON", `hello`, ""},
		{"a number", `42`, ""},
		{"wrong type", `{"id":7,"source":"ci","kind":"deploy","started_at":"2026-05-04T10:00:00Z"}`, "id"},
		{"wrong type deep inside", minimalChange(`,"commits":[{"sha":"a"},{"sha":"b","author":{"email":3}}]`), "commits[1].author.email"},
		{"list instead of text", minimalChange(`,"title":["x"]`), "title"},
		{"missing id", `{"source":"ci","kind":"deploy","started_at":"2026-05-04T10:00:00Z"}`, "id"},
		{"missing start", `{"id":"c1","source":"ci","kind":"deploy"}`, "started_at"},
		{"end before start", minimalChange(`,"finished_at":"2026-05-04T09:00:00Z"`), "finished_at"},
		{"time without zone", `{"id":"c1","source":"ci","kind":"deploy","started_at":"2026-05-04T10:00:00"}`, "started_at"},
		{"unknown kind", `{"id":"c1","source":"ci","kind":"release","started_at":"2026-05-04T10:00:00Z"}`, "kind"},
		{"unknown status", minimalChange(`,"status":"done"`), "status"},
		{"NUL bytes", "{\"id\":\"c\x001\",\"source\":\"ci\",\"kind\":\"deploy\",\"started_at\":\"2026-05-04T10:00:00Z\"}", "id"},
		{"deep nesting", minimalChange(`,"deep":` + strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)), "deep"},
		{"a million labels", minimalChange(`,"labels":{` + manyLabels(300_000) + `}`), "labels"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			p := wantProblem(t, h.send(t, "/v1/changes", tc.body), invalidBody)
			if len(p.Errors) != 1 {
				t.Fatalf("errors %+v, want one", p.Errors)
			}
			e := p.Errors[0]
			if !strings.HasPrefix(e.Path, tc.path) || e.Location != "body" || e.Line != 1 || e.Message == "" || e.Mend == "" {
				t.Errorf("error %+v does not name the field %q, the problem and the mend", e, tc.path)
			}
			if after := h.send(t, "/v1/changes", minimalChange("")); after.StatusCode != http.StatusAccepted {
				t.Errorf("a good event after the bad one: status %d", after.StatusCode)
			}
		})
	}
}

// manyLabels writes labels without the braces.
func manyLabels(n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"label-%07d":"v"`, i)
	}
	return b.String()
}

func TestEmptyBodyIsRefused(t *testing.T) {
	h := newHarness(t)
	for _, body := range []string{"", "  \r\n\t"} {
		if p := wantProblem(t, h.send(t, "/v1/changes", body), invalidBody); p.Errors[0].Mend == "" {
			t.Errorf("no mend: %+v", p)
		}
	}
}

func TestOversizedBodyNamesTheLimit(t *testing.T) {
	h := newHarness(t)
	large := strings.Repeat(" ", int(h.cfg.MaxBodyBytes)) + "{}"
	p := wantProblem(t, h.send(t, "/v1/changes", large), bodyTooLarge)
	if !strings.Contains(p.Detail, "10485760") || p.Errors[0].Mend == "" {
		t.Errorf("detail %q does not name the limit", p.Detail)
	}
	// A body of unknown length is cut while it is read.
	r := h.request(ask{method: http.MethodPost, path: "/v1/changes", token: RoleIngest})
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(large)), -1
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, r)
	wantProblem(t, rec.Result(), bodyTooLarge)
	if len(h.intake.accepted) != 0 {
		t.Error("an oversized body reached the intake")
	}
}

func TestTopologyHasALimitOfItsOwn(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.MaxBodyBytes, c.MaxTopologyBytes = 500, 5000 })
	body := `{"source":"s","observed_at":"2026-11-19T09:00:00Z","services":[{"name":"a"}]}`
	body += strings.Repeat(" ", 5000-len(body))
	if resp := h.send(t, "/v1/topology", body); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a snapshot of the limit: status %d", resp.StatusCode)
	}
	p := wantProblem(t, h.send(t, "/v1/topology", body+" "), bodyTooLarge)
	if !strings.Contains(p.Detail, "5000") || !strings.Contains(p.Detail, "api.max_topology_bytes") {
		t.Errorf("detail %q does not name the limit", p.Detail)
	}
	p = wantProblem(t, h.send(t, "/v1/changes", body), bodyTooLarge)
	if !strings.Contains(p.Detail, "api.max_body_bytes") {
		t.Errorf("detail %q names another limit", p.Detail)
	}
}

func TestABodyOfOneEventThatIsTooLargeIsTooLarge(t *testing.T) {
	h := newHarness(t)
	huge := minimalChange(`,"blob":"` + strings.Repeat("x", event.MaxEventBytes) + `"`)
	p := wantProblem(t, h.send(t, "/v1/changes", huge), bodyTooLarge)
	if !strings.Contains(p.Detail, "8388608") || p.Errors[0].Mend == "" {
		t.Errorf("the answer does not say how large an event may be: %+v", p)
	}
	wantProblem(t, h.send(t, "/v1/changes", "["+huge+`,{"source":"no id"}]`), invalidBody)
}

// TestClientThatSendsEverythingFirstSeesTheAnswer writes a whole body that is
// far too large before it looks for an answer, as most clients do.
func TestClientThatSendsEverythingFirstSeesTheAnswer(t *testing.T) {
	h := newHarness(t, func(_ *Config, d *Deps) { d.Now = nil })
	address := strings.TrimPrefix(h.serve(t), "http://")
	large := strings.Repeat(" ", int(2*h.cfg.MaxBodyBytes))
	for name, framing := range map[string]string{
		"length declared": fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(large), large),
		"chunked":         fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(large), large),
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			_ = conn.SetDeadline(time.Now().Add(2 * time.Minute))
			if _, err := fmt.Fprintf(conn, "POST /v1/changes HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n%s", h.tokens[RoleIngest], framing); err != nil {
				t.Fatalf("the server hung up while the body was sent: %v", err)
			}
			resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			wantProblem(t, resp, bodyTooLarge)
		})
	}
}

func TestBodyOfExactlyTheLimitIsTaken(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.MaxBodyBytes = 200 })
	body := minimalChange("")
	body += strings.Repeat(" ", 200-len(body))
	if resp := h.send(t, "/v1/changes", body); resp.StatusCode != http.StatusAccepted {
		t.Errorf("status %d", resp.StatusCode)
	}
	if resp := h.send(t, "/v1/changes", body+" "); resp.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("one byte more: status %d", resp.StatusCode)
	}
}

func TestCompressedBodyIsRefusedInPlainWords(t *testing.T) {
	h := newHarness(t)
	p := wantProblem(t, h.do(t, ask{
		method: http.MethodPost, path: "/v1/changes", token: RoleIngest, body: "x", header: map[string]string{"Content-Encoding": "gzip"},
	}), unsupportedEncoding)
	if p.Errors[0].Path != "Content-Encoding" {
		t.Errorf("errors %+v", p.Errors)
	}
}

func TestFloodOfRejectionsIsCountedAndCut(t *testing.T) {
	h := newHarness(t)
	body := minimalChange("") + "\n" + strings.Repeat("{}\n", maxListedRejections+500)
	got := parse[Receipt](t, h.send(t, "/v1/changes", body))
	if got.RejectedCount != maxListedRejections+500 || len(got.Rejected) != maxListedRejections {
		t.Errorf("counted %d, listed %d", got.RejectedCount, len(got.Rejected))
	}
	p := wantProblem(t, h.send(t, "/v1/changes", strings.Repeat("{}\n", maxListedRejections+500)), invalidBody)
	if len(p.Errors) != maxListedRejections || !strings.Contains(p.Detail, "1500") {
		t.Errorf("%d errors, detail %q", len(p.Errors), p.Detail)
	}
}

func TestErrorsOfTheIntakeKeepTheirMeaning(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fail  error
		want  problemType
		retry bool
	}{
		{"store down", fmt.Errorf("insert: %w", event.ErrUnavailable), storeUnavailable, true},
		{"too much waits", fmt.Errorf("insert: %w", event.ErrBusy), overloaded, true},
		{"store too slow", fmt.Errorf("insert: %w", context.DeadlineExceeded), storeUnavailable, true},
		{"whole document bad", &event.FieldError{Problem: "not a webhook", Mend: "check the sender"}, invalidBody, false},
		{"bad signature", fmt.Errorf("x: %w", event.ErrBadSignature), badSignature, false},
		{"unexpected", errors.New("password=hunter2 in a stack"), internalError, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t)
			h.intake.fail = tc.fail
			resp := h.send(t, "/v1/webhooks/plain", minimalChange(""))
			p := wantProblem(t, resp, tc.want)
			if (resp.Header.Get("Retry-After") != "") != tc.retry {
				t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
			}
			if strings.Contains(fmt.Sprint(p), "hunter2") {
				t.Errorf("the answer shows insides: %+v", p)
			}
			if tc.want == internalError && !strings.Contains(h.logs.String(), "hunter2") {
				t.Error("the log does not hold the reason")
			}
		})
	}
}

func TestSlowIntakeEndsInAnAnswer(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.Timeout = 20 * time.Millisecond })
	h.intake.hang = true
	resp := h.send(t, "/v1/changes", minimalChange(""))
	if p := wantProblem(t, resp, storeUnavailable); resp.Header.Get("Retry-After") == "" || !strings.Contains(p.Detail, "again") {
		t.Errorf("problem %+v", p)
	}
}

func TestUnknownFormatListsTheKnownOnes(t *testing.T) {
	h := newHarness(t)
	p := wantProblem(t, h.send(t, "/v1/webhooks/nagios", "{}"), unknownFormat)
	if !cmp.Equal(p.Choices, []string{"plain", "signed"}) || !strings.Contains(p.Errors[0].Mend, "plain, signed") {
		t.Errorf("problem %+v", p)
	}
}

func TestBodiesThatAreHandledAtOnceAreBounded(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) {
		c.MaxBodyBytes, c.MaxTopologyBytes, c.BodyBudgetBytes, c.Timeout = 1000, 1000, 1000, time.Second
	})
	if !h.bodies.TryAcquire(950) {
		t.Fatal("the budget is not free")
	}
	resp := h.send(t, "/v1/changes", minimalChange(""))
	if wantProblem(t, resp, overloaded); resp.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	h.bodies.Release(950)
	if resp := h.send(t, "/v1/changes", minimalChange("")); resp.StatusCode != http.StatusAccepted {
		t.Errorf("status %d after the budget is free", resp.StatusCode)
	}
	if !h.bodies.TryAcquire(1000) {
		t.Error("a request kept a part of the budget")
	}
}

func TestStalledBodyIsGivenUp(t *testing.T) {
	h := newHarness(t, func(c *Config, d *Deps) { c.BodyTimeout, d.Now = 50*time.Millisecond, nil })
	address := h.serve(t)
	body, stall := io.Pipe()
	defer stall.Close()
	go func() { _, _ = stall.Write([]byte(`{"id":`)) }()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address+"/v1/changes", body)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+h.tokens[RoleIngest])
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	wantProblem(t, resp, bodyTimeout)
}

func TestBodyThatEndsEarlyIsNotTaken(t *testing.T) {
	h := newHarness(t)
	r := h.request(ask{method: http.MethodPost, path: "/v1/changes", token: RoleIngest})
	r.Body, r.ContentLength = io.NopCloser(io.MultiReader(bytes.NewReader([]byte(minimalChange(""))), errReader{io.ErrUnexpectedEOF})), 5000
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, r)
	if rec.Code != statusClientGone || len(h.intake.accepted) != 0 {
		t.Errorf("status %d, %d deliveries", rec.Code, len(h.intake.accepted))
	}
}

// errReader fails at once.
type errReader struct{ err error }

func (r errReader) Read([]byte) (int, error) { return 0, r.err }
