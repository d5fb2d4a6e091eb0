package api

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/internal/signon"
	"github.com/faultline/faultline/internal/signon/signontest"
)

// overHere is a real provider's client whose way back is set once the address
// of the server is known.
type overHere struct {
	idp *signontest.Provider
	at  sync.Once
	p   *signon.Provider
	// redirect is the address to come back to.
	redirect string
}

func (o *overHere) provider() *signon.Provider {
	o.at.Do(func() {
		cfg := signon.DefaultConfig()
		cfg.Issuer, cfg.ClientID, cfg.ClientSecret, cfg.RedirectURL = o.idp.URL, signontest.ClientID, signontest.ClientSecret, o.redirect
		cfg.Roles, cfg.Order = map[string]string{"sre": "judge", "everyone": "reader", "machines": "ingest"}, []string{"reader", "ingest", "judge", "admin"}
		var err error
		if o.p, err = signon.New(cfg); err != nil {
			panic(err) // Without an authority's file nothing can fail.
		}
	})
	return o.p
}

func (o *overHere) Begin(ctx context.Context) (string, []byte, error) {
	address, held, err := o.provider().Begin(ctx)
	if err != nil {
		return "", nil, err
	}
	raw, err := json.Marshal(held)
	return address, raw, err
}

func (o *overHere) Finish(ctx context.Context, pending []byte, answer url.Values) (Person, error) {
	var held signon.Pending
	if err := json.Unmarshal(pending, &held); err != nil {
		return Person{}, err
	}
	who, err := o.provider().Finish(ctx, held, answer)
	return Person{Subject: who.Subject, Name: who.Name, Role: Role(who.Role)}, err
}

// withProvider gives the pages an identity provider.
func withProvider(o *overHere) func(*Config, *Deps) {
	return func(_ *Config, d *Deps) { d.SignOn = &SignOn{Name: "Example ID", Terms: "1", Provider: o} }
}

// newSignOn runs a provider with a person at its keyboard and pages that know it.
func newSignOn(t *testing.T, tune ...func(*Config, *Deps)) (*harness, *overHere) {
	t.Helper()
	o := &overHere{idp: signontest.Start(t), redirect: "https://faultline.example/sign-in/callback"}
	o.idp.Seat(signontest.Person{Subject: "u-1", Claims: map[string]any{"email": "ada@shop.example", "groups": []string{"sre"}}})
	return newHarness(t, append([]func(*Config, *Deps){withProvider(o)}, tune...)...), o
}

// leave goes from the sign-in page to the provider and returns the way back and
// the cookie that goes with it.
func (h *harness) leave(t *testing.T, next string) (back string, pending *http.Cookie) {
	t.Helper()
	resp := h.visit(t, "/sign-in/provider?next="+url.QueryEscape(next), nil)
	if resp.StatusCode != http.StatusSeeOther || len(resp.Cookies()) != 1 {
		t.Fatalf("the way out: status %d, cookies %v: %s", resp.StatusCode, resp.Cookies(), readAll(t, resp))
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	there, err := client.Get(resp.Header.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = there.Body.Close() }()
	u, err := there.Location()
	if err != nil {
		t.Fatalf("the provider answered %d", there.StatusCode)
	}
	return u.RequestURI(), resp.Cookies()[0]
}

// arrived returns the session of a response that let someone in.
func arrived(t *testing.T, resp *http.Response) *http.Cookie {
	t.Helper()
	for _, c := range resp.Cookies() {
		if c.Name == sessionCookie && c.Value != "" {
			return c
		}
	}
	t.Fatalf("nobody was let in: status %d: %s", resp.StatusCode, readAll(t, resp))
	return nil
}

func TestAPersonSignsInByTheProviderAndOutAgain(t *testing.T) {
	h, _ := newSignOn(t)
	if page := readAll(t, h.visit(t, "/sign-in?next=%2Fchanges", nil)); !strings.Contains(page, "Sign in with <bdi>Example ID</bdi>") || !strings.Contains(page, `href="/sign-in/provider?next=%2Fchanges"`) {
		t.Errorf("the page does not offer the provider: %s", page)
	}
	back, pending := h.leave(t, "/changes?kind=deploy")
	if !pending.HttpOnly || pending.SameSite != http.SameSiteLaxMode || pending.Path != "/sign-in" || pending.MaxAge != 600 {
		t.Errorf("what waits for the way back is %+v", pending)
	}
	resp := h.visit(t, back, pending)
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/changes?kind=deploy" {
		t.Fatalf("back: status %d to %q", resp.StatusCode, resp.Header.Get("Location"))
	}
	session := arrived(t, resp)
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	if !strings.Contains(page, "ada@shop.example") || !strings.Contains(page, "(judge)") || !strings.Contains(page, `class="decide"`) {
		t.Error("the page does not know who signed in, or as what")
	}
	verdict := h.submit("/incidents/inc-7f3a/verdict", session, h.verdictForm(t, session, "confirm"))
	if verdict.StatusCode != http.StatusSeeOther || len(h.store.judgements) != 1 || h.store.judgements[0].DecidedBy != "ada@shop.example" {
		t.Errorf("verdict: status %d, kept %+v", verdict.StatusCode, h.store.judgements)
	}
	if resp := h.visit(t, "/admin", session); resp.StatusCode != http.StatusForbidden || !strings.Contains(readAll(t, resp), "The role of ada@shop.example is judge") {
		t.Errorf("administration: status %d", resp.StatusCode)
	}
	form := url.Values{"csrf": {h.formToken(t, session)}}
	if resp := h.submit("/sign-out", session, form); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("sign-out: status %d", resp.StatusCode)
	}
	if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("a signed-out person still reads: status %d", resp.StatusCode)
	}
}

// TestTheProvidersAnswerCountsOnce replays what came back, with and without the
// cookie, within and after its time, and brings it in another browser.
func TestTheProvidersAnswerCountsOnce(t *testing.T) {
	h, o := newSignOn(t)
	back, pending := h.leave(t, "/")
	if resp := h.visit(t, back, nil); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(readAll(t, resp), "begin again") {
		t.Errorf("without its cookie: status %d", resp.StatusCode)
	}
	arrived(t, h.visit(t, back, pending))
	for name, cookie := range map[string]*http.Cookie{"again": pending, "a forged cookie": {Name: pendingCookie, Value: "AAAA"}} {
		resp := h.visit(t, back, cookie)
		if text := readAll(t, resp); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(text, `role="alert"`) {
			t.Errorf("%s: status %d", name, resp.StatusCode)
		}
	}
	_, mine := h.leave(t, "/")
	theirs, _ := h.leave(t, "/")
	if resp := h.visit(t, theirs, mine); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(readAll(t, resp), "another sign-in") {
		t.Errorf("the answer of another browser: status %d", resp.StatusCode)
	}
	late, pending := h.leave(t, "/")
	h.clock.advance(pendingLife + time.Second)
	if resp := h.visit(t, late, pending); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(readAll(t, resp), "ten minutes") {
		t.Errorf("late: status %d", resp.StatusCode)
	}
	o.idp.Seat(signontest.Person{Subject: "u-2", Claims: map[string]any{"email": "<b>eve</b>", "groups": []string{"sales"}}})
	back, pending = h.leave(t, "/")
	if text := readAll(t, h.visit(t, back, pending)); !strings.Contains(text, "none of their groups may use Faultline") || strings.Contains(text, "<b>eve") {
		t.Errorf("an unknown group: %.900s", text)
	}
	o.idp.Seat(signontest.Person{Subject: "u-3", Claims: map[string]any{"groups": "machines"}})
	back, pending = h.leave(t, "/")
	if text := readAll(t, h.visit(t, back, pending)); !strings.Contains(text, "may send events and not read") {
		t.Errorf("a role that does not read: %.900s", text)
	}
}

func TestASignInIsInTheAuditOrDoesNotCount(t *testing.T) {
	box := &letterBox{}
	h, _ := newSignOn(t, withLetters(t, box))
	back, pending := h.leave(t, "/")
	arrived(t, h.visit(t, back, pending))
	if len(box.audit) != 1 || box.audit[0].Action != "sign-in" || box.audit[0].Actor != "ada@shop.example" || box.audit[0].Detail != "by Example ID" {
		t.Errorf("the audit has %+v", box.audit)
	}
	if page := readAll(t, h.visit(t, "/admin", h.enter(t, RoleAdmin))); !strings.Contains(page, "<td data-th=\"What\">sign-in</td>") {
		t.Error("the administration page does not tell")
	}
	box.fail = errors.New("the store is away")
	back, pending = h.leave(t, "/")
	resp := h.visit(t, back, pending)
	if text := readAll(t, resp); resp.StatusCode != http.StatusUnauthorized || !strings.Contains(text, "could not be recorded") {
		t.Errorf("status %d: %.500s", resp.StatusCode, text)
	}
	for _, c := range resp.Cookies() {
		if strings.Contains(c.Name, sessionCookie) {
			t.Error("it opens a session all the same")
		}
	}
}

func TestTheProviderSendsNobodyElsewhere(t *testing.T) {
	h, _ := newSignOn(t)
	for _, next := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", ""} {
		back, pending := h.leave(t, next)
		if resp := h.visit(t, back, pending); resp.Header.Get("Location") != "/" {
			t.Errorf("next %q leads to %q", next, resp.Header.Get("Location"))
		}
	}
}

func TestAProviderThatIsDownIsSaidSoAndTokensStillOpen(t *testing.T) {
	h, o := newSignOn(t)
	o.idp.Fail(true)
	resp := h.visit(t, "/sign-in/provider", nil)
	if text := readAll(t, resp); resp.StatusCode != http.StatusServiceUnavailable || !strings.Contains(text, "cannot be reached") || strings.Contains(text, o.idp.URL) {
		t.Errorf("status %d: %.700s", resp.StatusCode, text)
	}
	h.enter(t, RoleReader)
	if !strings.Contains(h.logs.String(), "a sign-in by the identity provider failed") {
		t.Error("the log does not tell why")
	}
}

func TestWithoutAProviderItsPagesSayThatThereIsNone(t *testing.T) {
	h := newHarness(t)
	for _, path := range []string{"/sign-in/provider", "/sign-in/callback?code=x&state=y"} {
		if resp := h.visit(t, path, nil); resp.StatusCode != http.StatusNotFound || !strings.Contains(readAll(t, resp), "No identity provider is configured") {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
	}
	if _, err := (door{h.Server}).BeginSignOn(nil, nil, ""); !errors.Is(err, errNoProvider) {
		t.Errorf("begin: %v", err)
	}
	if _, err := (door{h.Server}).FinishSignOn(nil, nil); !errors.Is(err, errNoProvider) {
		t.Errorf("finish: %v", err)
	}
}

// TestAPersonsSessionEndsWithTheTerms takes the provider, or a group's role, out
// of the configuration: sessions that were begun under it must not go on.
func TestAPersonsSessionEndsWithTheTerms(t *testing.T) {
	secret := func(c *Config, _ *Deps) { c.SessionSecret = "shared by all replicas" }
	h, o := newSignOn(t, secret)
	back, pending := h.leave(t, "/")
	session := arrived(t, h.visit(t, back, pending))
	for name, c := range map[string]struct {
		tune func(*Config, *Deps)
		want int
	}{
		"another replica":  {withProvider(o), http.StatusOK},
		"other terms":      {func(_ *Config, d *Deps) { d.SignOn = &SignOn{Name: "Example ID", Terms: "2", Provider: o} }, http.StatusSeeOther},
		"without provider": {func(*Config, *Deps) {}, http.StatusSeeOther},
	} {
		other := newHarness(t, secret, c.tune)
		if resp := other.visit(t, "/", session); resp.StatusCode != c.want {
			t.Errorf("%s: status %d, want %d", name, resp.StatusCode, c.want)
		}
	}
	h.clock.advance(h.cfg.SessionLife + time.Second)
	if resp := h.visit(t, "/", session); resp.StatusCode != http.StatusSeeOther {
		t.Errorf("after its life: status %d", resp.StatusCode)
	}
}

func TestPendingSignInsCannotBeFlooded(t *testing.T) {
	h, _ := newSignOn(t, func(c *Config, _ *Deps) { c.RatePerSecond, c.RateBurst = 0.001, 2 })
	last := 0
	for range 3 {
		rec := httptest.NewRecorder()
		h.Handler().ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/sign-in/provider", http.NoBody))
		last = rec.Code
	}
	if last != http.StatusServiceUnavailable {
		t.Errorf("the third in a second: status %d", last)
	}
}

func aPersonSignsInByTheProvider(t *testing.T, browser *webtest.Browser) {
	h, o := newSignOn(t)
	address := h.serve(t)
	o.redirect = address + "/sign-in/callback"
	tab := browser.Tab(t, address, webtest.Desktop)
	tab.Expect("request outside: " + o.idp.URL)
	tab.Open("/changes")
	tab.Accessible()
	tab.Shot("sign-in-provider-desktop")
	tab.Click("a.button")
	tab.Wait(".who form")
	if text := tab.Text(".who"); !strings.Contains(text, "ada@shop.example") || tab.Path() != "/changes" {
		t.Errorf("at %s as %q", tab.Path(), text)
	}
	tab.Click(".who button")
	tab.Wait(".signin")
	tab.Quiet()
}
