package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

// withProbes gives a server probes that answer as told.
func withProbes(probes ...Probe) func(*Config, *Deps) {
	return func(_ *Config, d *Deps) { d.Probes = probes }
}

func holds(context.Context) error { return nil }

func TestHealthLooksAtNothingButItself(t *testing.T) {
	h := newHarness(t, withProbes(Probe{"clickhouse", func(context.Context) error { return errors.New("down") }}))
	h.store.fail = errors.New("down")
	resp := h.do(t, ask{path: "/healthz"})
	if resp.StatusCode != http.StatusOK || parse[Health](t, resp).Status != "ok" {
		t.Errorf("status %d", resp.StatusCode)
	}
	for method, n := range h.store.calls {
		t.Errorf("health asked the store: %s, %d times", method, n)
	}
}

func TestReadinessNamesTheProbeThatFails(t *testing.T) {
	h := newHarness(t, withProbes(
		Probe{"clickhouse", holds},
		Probe{"kafka", func(context.Context) error { return errors.New("dial 10.1.2.3: refused") }},
		Probe{"broken", func(context.Context) error { panic("bug") }},
	))
	resp := h.do(t, ask{path: "/readyz"})
	text := readAll(t, resp)
	got := parse[Readiness](t, resp)
	if resp.StatusCode != http.StatusServiceUnavailable || got.Status != statusNotReady || len(got.Checks) != 3 {
		t.Fatalf("status %d: %s", resp.StatusCode, text)
	}
	for i, want := range []bool{true, false, false} {
		if got.Checks[i].OK != want {
			t.Errorf("check %+v, want ok %t", got.Checks[i], want)
		}
	}
	if strings.Contains(text, "10.1.2.3") {
		t.Errorf("anybody sees the insides: %s", text)
	}
	with := parse[Readiness](t, h.do(t, ask{path: "/readyz", token: RoleReader}))
	if with.Checks[1].Problem != "dial 10.1.2.3: refused" || !strings.Contains(with.Checks[2].Problem, "bug") {
		t.Errorf("a token does not see the reasons: %+v", with.Checks)
	}
}

func TestReadinessComesBack(t *testing.T) {
	down := errors.New("down")
	calls := 0
	h := newHarness(t, withProbes(Probe{"clickhouse", func(context.Context) error { calls++; return down }}))
	for range 3 {
		if resp := h.do(t, ask{path: "/readyz"}); resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("status %d", resp.StatusCode)
		}
	}
	if calls != 1 {
		t.Errorf("%d probes for three questions at once", calls)
	}
	down = nil
	h.clock.advance(readinessAge)
	if resp := h.do(t, ask{path: "/readyz"}); resp.StatusCode != http.StatusOK {
		t.Errorf("status %d after the store came back", resp.StatusCode)
	}
	logs := h.logs.String()
	if strings.Count(logs, `"msg":"not ready"`) != 1 || strings.Count(logs, `"msg":"ready again"`) != 1 {
		t.Errorf("the log does not tell the changes: %s", logs)
	}
}

func TestHangingProbeFailsInTime(t *testing.T) {
	h := newHarness(t, withProbes(Probe{"clickhouse", func(ctx context.Context) error {
		if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > probeTimeout {
			t.Errorf("the probe has no deadline")
		}
		return context.DeadlineExceeded
	}}))
	if resp := h.do(t, ask{path: "/readyz"}); resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestDocumentIsServed(t *testing.T) {
	h := newHarness(t)
	doc := parse[map[string]any](t, h.do(t, ask{path: "/openapi.json"}))
	if doc["openapi"] != "3.1.0" {
		t.Errorf("openapi %v", doc["openapi"])
	}
}
