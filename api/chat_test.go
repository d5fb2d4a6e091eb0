package api

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// chatWith starts an API whose chat says a verdict on each request, and keeps
// what the API answers.
func chatWith(t *testing.T, v VerdictRequest) (*harness, func() error) {
	t.Helper()
	var said error
	h := newHarness(t, func(_ *Config, d *Deps) {
		d.Chat = func(judge Judge) http.Handler {
			return http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { said = judge(r.Context(), "slack:U1", "inc-7f3a", v) })
		}
	})
	return h, func() error {
		h.Handler().ServeHTTP(httptest.NewRecorder(), h.request(ask{method: http.MethodPost, path: chatPath, body: "payload={}"}))
		return said
	}
}

func TestAVerdictFromChatIsKeptUnderItsName(t *testing.T) {
	finding := parse[FindingRecord](t, newHarness(t).get(t, findingPath, http.StatusOK))
	h, press := chatWith(t, VerdictRequest{Decision: correlate.DecisionConfirm, Change: &ChangeRef{ID: "checkout-1842"}, FindingVersion: finding.Version})
	if err := press(); err != nil {
		t.Fatal(err)
	}
	if kept := h.store.judgements; len(kept) != 1 || kept[0].DecidedBy != "slack:U1" || kept[0].FindingVersion != finding.Version {
		t.Errorf("%+v", kept)
	}
}

func TestAVerdictFromChatOnAnOldFindingIsRefused(t *testing.T) {
	for name, version := range map[string]int{"old": 99, "missing": 0} {
		h, press := chatWith(t, VerdictRequest{Decision: correlate.DecisionNoChange, FindingVersion: version})
		var p *Problem
		if err := press(); !errors.As(err, &p) || len(h.store.judgements) != 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestPublicReadersCannotKeepButtonsOut has a crowd spend the allowance of those
// without a token before someone presses a button.
func TestPublicReadersCannotKeepButtonsOut(t *testing.T) {
	h := newHarness(t, func(c *Config, d *Deps) {
		c.PublicRead, c.RatePerSecond, c.RateBurst = true, 0.5, 2
		d.Chat = func(Judge) http.Handler { return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}) }
	})
	for range 5 {
		h.do(t, ask{path: "/v1/incidents"})
	}
	wantProblem(t, h.do(t, ask{path: "/v1/incidents"}), rateLimited)
	press := ask{method: http.MethodPost, path: chatPath, body: "payload={}"}
	for range 2 {
		if resp := h.do(t, press); resp.StatusCode != http.StatusOK {
			t.Errorf("a button beside a crowd of readers: status %d", resp.StatusCode)
		}
	}
	if resp := h.do(t, press); resp.StatusCode != http.StatusTooManyRequests {
		t.Errorf("buttons without end: status %d", resp.StatusCode)
	}
}

func TestWithoutChatAndAgentsTheirDoorsAreShut(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{chatPath, agentsPath} {
		rec := httptest.NewRecorder()
		h.Handler().ServeHTTP(rec, h.request(ask{method: http.MethodPost, path: path, token: RoleAdmin, body: "{}"}))
		if rec.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, rec.Code)
		}
	}
}

func TestAgentsNeedATokenThatMayRead(t *testing.T) {
	h := newHarness(t, func(_ *Config, d *Deps) {
		d.Agents = func(api http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				inner := r.Clone(context.Background())
				inner.Method, inner.URL.Path, inner.Body = http.MethodGet, "/v1/incidents/inc-7f3a", http.NoBody
				api.ServeHTTP(w, inner)
			})
		}
	})
	for role, want := range map[Role]int{"": http.StatusUnauthorized, RoleIngest: http.StatusForbidden, RoleReader: http.StatusOK, RoleAdmin: http.StatusOK} {
		rec := httptest.NewRecorder()
		h.Handler().ServeHTTP(rec, h.request(ask{method: http.MethodPost, path: agentsPath, token: role, body: "{}"}))
		if rec.Code != want {
			t.Errorf("%q: %d, want %d: %s", role, rec.Code, want, rec.Body)
		}
	}
}
