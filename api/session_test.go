package api

import (
	"bytes"
	"encoding/binary"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// visit opens a page with a browser's headers and, if given, a session.
func (h *harness) visit(t testing.TB, path string, session *http.Cookie) *http.Response {
	t.Helper()
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Accept", "text/html,application/xhtml+xml")
	if session != nil {
		r.AddCookie(session)
	}
	return h.answerTo(r)
}

// submit sends a form as a browser on the same site does.
func (h *harness) submit(path string, session *http.Cookie, form url.Values, header ...string) *http.Response {
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if session != nil {
		r.AddCookie(session)
	}
	return h.answerTo(r)
}

func (h *harness) answerTo(r *http.Request) *http.Response {
	rec := httptest.NewRecorder()
	h.Handler().ServeHTTP(rec, r)
	return rec.Result()
}

// enter signs in with the token of a role and returns the session's cookie.
func (h *harness) enter(t testing.TB, role Role) *http.Cookie {
	t.Helper()
	resp := h.submit("/sign-in", nil, url.Values{"token": {h.tokens[role]}})
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		t.Fatalf("sign-in as %s: status %d, cookies %v: %s", role, resp.StatusCode, resp.Cookies(), readAll(t, resp))
	}
	return resp.Cookies()[0]
}

var hiddenToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// formToken takes the proof out of a page.
func (h *harness) formToken(t testing.TB, session *http.Cookie) string {
	t.Helper()
	found := hiddenToken.FindStringSubmatch(readAll(t, h.visit(t, "/", session)))
	if found == nil {
		t.Fatal("the page has no form with a proof")
	}
	return found[1]
}

func TestASessionOpensPagesUntilItIsSignedOut(t *testing.T) {
	h := newHarness(t)
	if resp := h.visit(t, "/", nil); resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/sign-in" {
		t.Fatalf("a stranger gets status %d, location %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	session := h.enter(t, RoleReader)
	if !session.HttpOnly || session.SameSite != http.SameSiteLaxMode || session.Path != "/" {
		t.Errorf("the cookie is %+v", session)
	}
	if strings.Contains(session.Value, h.tokens[RoleReader]) {
		t.Error("the cookie holds the token")
	}
	if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusOK {
		t.Fatalf("with a session: status %d", resp.StatusCode)
	}
	proof := h.formToken(t, session)
	resp := h.submit("/sign-out", session, url.Values{"csrf": {proof}})
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 || resp.Cookies()[0].MaxAge >= 0 {
		t.Errorf("sign-out: status %d, cookies %v", resp.StatusCode, resp.Cookies())
	}
	if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a signed-out session still opens pages: status %d", resp.StatusCode)
	}
}

func TestSignInRefusesWhatDoesNotRead(t *testing.T) {
	h := newHarness(t)
	for _, token := range []string{"", "nonsense", "flt_aaaaaaaa_bbbb", h.tokens[RoleIngest]} {
		resp := h.submit("/sign-in", nil, url.Values{"token": {token}})
		text := readAll(t, resp)
		if resp.StatusCode != http.StatusUnauthorized || len(resp.Cookies()) > 0 || !strings.Contains(text, `role="alert"`) {
			t.Errorf("token %q: status %d, cookies %v", token, resp.StatusCode, resp.Cookies())
		}
		if token != "" && strings.Contains(text, token) {
			t.Errorf("the page shows the token %q", token)
		}
	}
}

func TestSignInLeadsOnlyToThisSite(t *testing.T) {
	h := newHarness(t)
	for next, want := range map[string]string{
		"/incidents/inc-7f3a?version=2": "/incidents/inc-7f3a?version=2", "https://evil.example/": "/", "//evil.example/": "/", `/\evil.example`: "/",
		"javascript:alert(1)": "/", "": "/", "changes": "/",
	} {
		resp := h.submit("/sign-in", nil, url.Values{"token": {h.tokens[RoleReader]}, "next": {next}})
		if got := resp.Header.Get("Location"); got != want {
			t.Errorf("next %q leads to %q, want %q", next, got, want)
		}
	}
}

func TestASessionEnds(t *testing.T) {
	life := DefaultConfig().SessionLife
	t.Run("after its life", func(t *testing.T) {
		h := newHarness(t)
		session := h.enter(t, RoleReader)
		h.clock.advance(life - time.Second)
		if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusOK {
			t.Errorf("before its end: status %d", resp.StatusCode)
		}
		h.clock.advance(time.Second)
		if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("after its end: status %d", resp.StatusCode)
		}
	})
	t.Run("with its token", func(t *testing.T) {
		h := newHarness(t, func(c *Config, _ *Deps) {
			for i := range c.Tokens {
				c.Tokens[i].ExpiresAt = exampleTime(10, 30, 0)
			}
		})
		session := h.enter(t, RoleReader)
		h.clock.advance(30 * time.Minute)
		if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("the token has expired: status %d", resp.StatusCode)
		}
	})
	t.Run("when its token is replaced", func(t *testing.T) {
		secret := func(c *Config, _ *Deps) { c.SessionSecret = "shared by replicas" }
		h := newHarness(t, secret)
		session := h.enter(t, RoleReader)
		if resp := newHarness(t, secret).visit(t, "/", session); resp.StatusCode != http.StatusOK {
			t.Errorf("another replica: status %d", resp.StatusCode)
		}
		other := newHarness(t, secret, func(c *Config, _ *Deps) {
			for i := range c.Tokens {
				c.Tokens[i].Hash = HashToken("flt_" + c.Tokens[i].ID + "_another")
			}
		})
		if resp := other.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("the token was replaced: status %d", resp.StatusCode)
		}
		if resp := newHarness(t).visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
			t.Errorf("a process with another key: status %d", resp.StatusCode)
		}
	})
}

// TestNoOtherCookieIsASession changes a good cookie in every way that it finds.
func TestNoOtherCookieIsASession(t *testing.T) {
	h := newHarness(t)
	good := h.enter(t, RoleAdmin)
	rapid.Check(t, func(t *rapid.T) {
		value := []byte(good.Value)
		// The last character holds bits that carry nothing.
		at := rapid.IntRange(0, len(value)-2).Draw(t, "at")
		others := bytes.ReplaceAll([]byte("ABCXYZabcxyz0189-_ ."), value[at:at+1], nil)
		with := rapid.SampledFrom(others).Draw(t, "with")
		value[at] = with
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: string(value)})
		if h.sessions.open(r) != nil {
			t.Fatalf("a cookie changed at %d to %q opens", at, with)
		}
	})
	for _, value := range []string{"", "A", strings.Repeat("A", 200), good.Value[:20], good.Value + "AAAA"} {
		r := httptest.NewRequest(http.MethodGet, "/", http.NoBody)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: value})
		if h.sessions.open(r) != nil {
			t.Errorf("the cookie %q opens", value)
		}
	}
}

func TestFormsOfOtherSitesAndSessionsAreRefused(t *testing.T) {
	h := newHarness(t)
	mine, other := h.enter(t, RoleReader), h.enter(t, RoleJudge)
	proof := h.formToken(t, mine)
	for name, resp := range map[string]*http.Response{
		"no proof":           h.submit("/sign-out", mine, url.Values{}),
		"another's proof":    h.submit("/sign-out", mine, url.Values{"csrf": {h.formToken(t, other)}}),
		"broken proof":       h.submit("/sign-out", mine, url.Values{"csrf": {proof[:len(proof)-6] + "AAAAAA"}}),
		"another site":       h.submit("/sign-out", mine, url.Values{"csrf": {proof}}, "Sec-Fetch-Site", "cross-site"),
		"another origin":     h.submit("/sign-out", mine, url.Values{"csrf": {proof}}, "Sec-Fetch-Site", "", "Origin", "https://evil.example"),
		"sign-in from there": h.submit("/sign-in", nil, url.Values{"token": {h.tokens[RoleReader]}}, "Sec-Fetch-Site", "cross-site"),
	} {
		if resp.StatusCode != http.StatusForbidden || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") {
			t.Errorf("%s: status %d, type %s", name, resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
	if resp := h.visit(t, "/", mine); resp.StatusCode != http.StatusOK {
		t.Error("a refused form signed the visitor out")
	}
	if again := h.formToken(t, mine); again == proof {
		t.Error("the proof is the same on every page, so compression can tell it")
	}
}

func TestATooLargeFormIsRefused(t *testing.T) {
	h := newHarness(t)
	resp := h.submit("/sign-in", nil, url.Values{"token": {strings.Repeat("x", maxFormBytes)}})
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("status %d", resp.StatusCode)
	}
}

func TestASessionReadsTheAPIAndNeverWrites(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleAdmin)
	if resp := h.visit(t, "/v1/incidents", session); resp.StatusCode != http.StatusOK {
		t.Errorf("reading: status %d", resp.StatusCode)
	}
	r := httptest.NewRequest(http.MethodPost, "/v1/changes", strings.NewReader(minimalChange("")))
	r.AddCookie(session)
	if resp := h.answerTo(r); resp.StatusCode != http.StatusUnauthorized {
		t.Errorf("writing: status %d", resp.StatusCode)
	}
}

func TestManySignOutsKeepBoundedMemory(t *testing.T) {
	h := newHarness(t)
	who := h.ring.callers["x"]
	for _, known := range h.ring.callers {
		who = known
	}
	for i := range maxRevoked + 10 {
		x := &session{who: who, ends: h.clock.Now().Add(time.Duration(i%2) * time.Hour)}
		x.nonce[0], x.nonce[1], x.nonce[2] = byte(i), byte(i>>8), byte(i>>16)
		h.sessions.end(x)
	}
	if n := len(h.sessions.revoked); n > maxRevoked {
		t.Errorf("%d ended sessions are remembered", n)
	}
}

// TestAFloodOfSignInsDoesNotKeepSessionsAlive fills the memory with sign-ins
// that anybody can begin: a session that is signed out afterwards must be over
// all the same.
func TestAFloodOfSignInsDoesNotKeepSessionsAlive(t *testing.T) {
	h := newHarness(t)
	for i := range maxRevoked + 10 {
		h.sessions.spend(strconv.Itoa(i), h.clock.Now().Add(pendingLife))
	}
	if h.sessions.spend(strconv.Itoa(maxRevoked+9), h.clock.Now().Add(pendingLife)) {
		t.Error("the last sign-in of the flood counts twice")
	}
	for i := range maxRevoked + 10 {
		x := &session{ends: h.clock.Now().Add(time.Hour)}
		binary.BigEndian.PutUint64(x.nonce[:], uint64(i))
		h.sessions.end(x)
		if !h.sessions.ended(x.nonce) {
			t.Fatalf("after %d sign-outs the next one does not end its session", i)
		}
	}
}

// TestBehindAProxyThatSpeaksTLSCookiesAreBoundToTLS has the browser speak TLS to
// a proxy that passes requests on in the clear: a page of the same host over plain
// HTTP must not bring the session along.
func TestBehindAProxyThatSpeaksTLSCookiesAreBoundToTLS(t *testing.T) {
	h := newHarness(t)
	proxied := func(method, path string, body string, session *http.Cookie) *http.Response {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("X-Forwarded-Proto", "https, http")
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept", "text/html")
		if session != nil {
			r.AddCookie(session)
		}
		return h.answerTo(r)
	}
	resp := proxied(http.MethodPost, "/sign-in", url.Values{"token": {h.tokens[RoleReader]}}.Encode(), nil)
	if len(resp.Cookies()) != 1 {
		t.Fatalf("status %d, cookies %v", resp.StatusCode, resp.Cookies())
	}
	session := resp.Cookies()[0]
	if !session.Secure || !strings.HasPrefix(session.Name, "__Host-") || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("the cookie is %+v, the headers %v", session, resp.Header)
	}
	if resp := proxied(http.MethodGet, "/", "", session); resp.StatusCode != http.StatusOK {
		t.Errorf("with the session: status %d", resp.StatusCode)
	}
}
