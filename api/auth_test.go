package api

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestNoUnauthenticatedWriteOverAllRoutes walks what the router really knows,
// not what the table says, and tries everything without a token, with a wrong
// one, and with every role.
func TestNoUnauthenticatedWriteOverAllRoutes(t *testing.T) {
	for _, publicRead := range []bool{false, true} {
		h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = publicRead })
		for _, r := range h.engine.Routes() {
			if _, isPage := h.pages[r.Method+" "+r.Path]; isPage {
				continue // Tried in TestPagesLetInWhomTheyShould.
			}
			declared, known := h.routes[r.Method+" "+r.Path]
			if !known {
				t.Errorf("%s %s is routed and not declared", r.Method, r.Path)
				continue
			}
			write := r.Method != http.MethodGet
			if write && !slices.Contains([]access{accessSend, accessDeliver, accessJudge, accessPropose, accessAdmin}, declared.access) {
				t.Errorf("%s %s is a write that asks for no sender", r.Method, r.Path)
			}
			if declared.endless {
				continue // Its refusals are the same; its success is tested with the stream.
			}
			h.tryEveryone(t, declared, publicRead)
		}
	}
}

// tryEveryone asks for a route as everybody there is.
func (h *harness) tryEveryone(t *testing.T, r route, publicRead bool) {
	t.Helper()
	path, body := examplePath(r.path), ""
	if r.method != http.MethodGet {
		body = minimalChange("")
	}
	open := r.access == accessOpen || r.access == accessMetrics || r.access == accessRead && publicRead
	allowed := map[string]bool{
		"": open, "wrong": r.access == accessOpen, "reader": open || r.access == accessRead, "judge": open || r.access == accessRead || r.access == accessJudge || r.access == accessPropose,
		"agent":  open || r.access == accessRead || r.access == accessPropose,
		"ingest": open || r.access == accessSend || r.access == accessDeliver, "admin": true,
	}
	for who, may := range allowed {
		a := ask{method: r.method, path: path, body: body, header: map[string]string{}}
		switch who {
		case "":
		case "wrong":
			a.header["Authorization"] = "Bearer flt_aaaaaaaa_bbbb"
		default:
			a.token = Role(who)
		}
		handed := len(h.intake.accepted)
		resp := h.do(t, a)
		passed := resp.StatusCode != http.StatusUnauthorized && resp.StatusCode != http.StatusForbidden
		if passed != may {
			t.Errorf("%s %s as %q: status %d, allowed %t", r.method, path, who, resp.StatusCode, may)
		}
		if !may && len(h.intake.accepted) != handed {
			t.Errorf("%s %s as %q reached the intake", r.method, path, who)
		}
		h.checkRefusal(t, resp, r, who)
	}
}

// checkRefusal demands that a refusal tells what is missing.
func (h *harness) checkRefusal(t *testing.T, resp *http.Response, r route, who string) {
	t.Helper()
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		wantProblem(t, resp, unauthorized)
		if !strings.HasPrefix(resp.Header.Get("WWW-Authenticate"), "Bearer ") {
			t.Errorf("%s as %q: WWW-Authenticate %q", r.path, who, resp.Header.Get("WWW-Authenticate"))
		}
	case http.StatusForbidden:
		if p := wantProblem(t, resp, forbidden); !strings.Contains(p.Detail, "needs the role "+string(r.access.role())) {
			t.Errorf("%s as %q: detail %q does not name the role needed", r.path, who, p.Detail)
		}
	}
}

func TestUndeclaredRouteIsForAdminsOnly(t *testing.T) {
	h := newHarness(t)
	if got := h.routes.access(http.MethodPost, "/v1/forgotten"); got != accessAdmin {
		t.Errorf("access %d", got)
	}
	if (&gate{publicRead: true}).admit(accessAdmin, "", h.ring.nobody) == nil {
		t.Error("nobody passes an undeclared route")
	}
	if access(99).role() != RoleAdmin || (&gate{}).free(access(99)) {
		t.Error("an unknown access is not closed")
	}
}

func TestSignedWebhookNeedsNoToken(t *testing.T) {
	h := newHarness(t)
	deliver := func(format string, header map[string]string) *http.Response {
		return h.do(t, ask{method: http.MethodPost, path: "/v1/webhooks/" + format, body: minimalChange(""), header: header})
	}
	if resp := deliver("signed", map[string]string{"X-Signature": "s3cret"}); resp.StatusCode != http.StatusAccepted {
		t.Errorf("a signed delivery: status %d", resp.StatusCode)
	}
	resp := deliver("signed", map[string]string{"X-Signature": "guess"})
	wantProblem(t, resp, badSignature)
	if resp.Header.Get("WWW-Authenticate") == "" {
		t.Error("401 without a challenge")
	}
	wantProblem(t, deliver("signed", nil), badSignature)
	wantProblem(t, deliver("plain", map[string]string{"X-Signature": "s3cret"}), unauthorized)
	wantProblem(t, deliver("nagios", nil), unauthorized)
	for _, path := range []string{"/v1/changes", "/v1/alerts", "/v1/topology"} {
		wantProblem(t, h.do(t, ask{method: http.MethodPost, path: path, body: "{}", header: map[string]string{"X-Signature": "s3cret"}}), unauthorized)
	}
}

func TestSignatureWithoutCheckerNeedsAToken(t *testing.T) {
	h := newHarness(t, func(_ *Config, d *Deps) { d.Signatures = nil })
	wantProblem(t, h.do(t, ask{method: http.MethodPost, path: "/v1/webhooks/signed", body: "{}", header: map[string]string{"X-Signature": "s3cret"}}), unauthorized)
}

func TestTokenAsPasswordPasses(t *testing.T) {
	h := newHarness(t)
	basic := func(password string) map[string]string {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte("github:"+password))}
	}
	resp := h.do(t, ask{method: http.MethodPost, path: "/v1/webhooks/plain", body: minimalChange(""), header: basic(h.tokens[RoleIngest])})
	if resp.StatusCode != http.StatusAccepted {
		t.Errorf("status %d", resp.StatusCode)
	}
	wantProblem(t, h.do(t, ask{method: http.MethodPost, path: "/v1/webhooks/plain", body: "{}", header: basic("guess")}), unauthorized)
}

func TestExpiredTokenIsToldSo(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) {
		for i := range c.Tokens {
			c.Tokens[i].ExpiresAt = exampleTime(11, 0, 0)
		}
	})
	h.get(t, "/v1/incidents", http.StatusOK)
	h.clock.advance(time.Hour)
	p := wantProblem(t, h.get(t, "/v1/incidents", http.StatusUnauthorized), unauthorized)
	if !strings.Contains(p.Detail, "expired") {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestMetricsCanBeMadePrivate(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PrivateMetrics = true })
	wantProblem(t, h.do(t, ask{path: "/metrics"}), unauthorized)
	wantProblem(t, h.do(t, ask{path: "/metrics", token: RoleIngest}), forbidden)
	h.get(t, "/metrics", http.StatusOK)
}

func TestEachTokenHasItsOwnAllowance(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.RatePerSecond, c.RateBurst = 0.5, 2 })
	for range 2 {
		h.get(t, "/v1/incidents", http.StatusOK)
	}
	resp := h.get(t, "/v1/incidents", http.StatusTooManyRequests)
	if wantProblem(t, resp, rateLimited); resp.Header.Get("Retry-After") != "2" {
		t.Errorf("Retry-After %q, want the 2 s until the next request is free", resp.Header.Get("Retry-After"))
	}
	if resp := h.do(t, ask{path: "/v1/incidents", token: RoleJudge}); resp.StatusCode != http.StatusOK {
		t.Errorf("another token is throttled with it: status %d", resp.StatusCode)
	}
	for range 5 {
		if resp := h.do(t, ask{path: "/healthz"}); resp.StatusCode != http.StatusOK {
			t.Fatalf("a probe is throttled: status %d", resp.StatusCode)
		}
	}
	h.clock.advance(2 * time.Second)
	h.get(t, "/v1/incidents", http.StatusOK)
}

func TestPublicReadersCannotKeepWebhooksOut(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead, c.RatePerSecond, c.RateBurst = true, 0.5, 2 })
	for range 5 {
		h.do(t, ask{path: "/v1/incidents"})
	}
	wantProblem(t, h.do(t, ask{path: "/v1/incidents"}), rateLimited)
	deliver := ask{method: http.MethodPost, path: "/v1/webhooks/signed", body: minimalChange(""), header: map[string]string{"X-Signature": "s3cret"}}
	for range 2 {
		if resp := h.do(t, deliver); resp.StatusCode != http.StatusAccepted {
			t.Errorf("a signed delivery beside a crowd of readers: status %d", resp.StatusCode)
		}
	}
	wantProblem(t, h.do(t, deliver), rateLimited)
	if !strings.Contains(h.logs.String(), `"caller":"webhook signature"`) {
		t.Error("the log does not say that a signature was the proof")
	}
}

func TestRefusedRequestsDoNotSpendTheAllowance(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.RatePerSecond, c.RateBurst = 0.5, 1 })
	for range 5 {
		h.do(t, ask{path: "/v1/incidents", header: map[string]string{"Authorization": "Bearer flt_x_y"}})
	}
	h.get(t, "/v1/incidents", http.StatusOK)
}

func TestSecretsStayOutOfTheLog(t *testing.T) {
	h := newHarness(t)
	h.do(t, ask{path: "/v1/incidents?q=hunter2", token: RoleReader})
	h.do(t, ask{path: "/v1/incidents?token=" + h.tokens[RoleAdmin]})
	h.do(t, ask{method: http.MethodPost, path: "/v1/webhooks/signed", body: "{}", header: map[string]string{"X-Signature": "hunter2"}})
	rec := httptest.NewRecorder()
	r := h.request(ask{path: "/v1/incidents"})
	r.Header.Set("Authorization", "Bearer flt_id_hunter2")
	h.Handler().ServeHTTP(rec, r)
	for _, secret := range append([]string{"hunter2"}, h.tokens[RoleReader], h.tokens[RoleAdmin]) {
		if strings.Contains(h.logs.String(), secret) {
			t.Errorf("the log holds %q", secret)
		}
	}
	if !strings.Contains(h.logs.String(), `"caller":"test-reader"`) {
		t.Errorf("the log does not say who called: %s", h.logs.String())
	}
}
