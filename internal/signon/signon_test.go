package signon_test

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/signon"
	"github.com/faultline/faultline/internal/signon/signontest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// redirect is where the provider sends people back to; no test goes there.
const redirect = "https://faultline.example/sign-in/callback"

// newProvider is Faultline's side of a provider on loopback.
func newProvider(t *testing.T, at string, tune ...func(*signon.Config)) *signon.Provider {
	t.Helper()
	cfg := signon.DefaultConfig()
	cfg.Issuer, cfg.ClientID, cfg.ClientSecret, cfg.RedirectURL = at, signontest.ClientID, signontest.ClientSecret, redirect
	cfg.Roles = map[string]string{"sre": "judge", "everyone": "reader", "platform": "admin"}
	cfg.Order = []string{"reader", "ingest", "judge", "admin"}
	cfg.Timeout = 5 * time.Second
	for _, f := range tune {
		f(&cfg)
	}
	p, err := signon.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// out goes to the provider and returns what it sends the person back with.
func out(t *testing.T, address string) url.Values {
	t.Helper()
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	back, err := resp.Location()
	if err != nil {
		t.Fatalf("status %d: %v", resp.StatusCode, err)
	}
	if !strings.HasPrefix(back.String(), redirect+"?") {
		t.Fatalf("sent back to %s", back)
	}
	return back.Query()
}

var ada = signontest.Person{Subject: "u-1", Claims: map[string]any{"email": "ada@shop.example", "groups": []string{"everyone", "sre", "chess"}}}

func TestAPersonSignsInWithTheStrongestRoleOfTheirGroups(t *testing.T) {
	idp := signontest.Start(t)
	for name, c := range map[string]struct {
		person signontest.Person
		tune   func(*signon.Config)
		want   signon.Person
	}{
		"list of groups": {ada, func(*signon.Config) {}, signon.Person{Subject: "u-1", Name: "ada@shop.example", Role: "judge"}},
		"one group as a text": {
			signontest.Person{Subject: "u-2", Claims: map[string]any{"groups": "everyone"}}, func(*signon.Config) {}, signon.Person{Subject: "u-2", Name: "u-2", Role: "reader"},
		},
		"nested claim": {
			signontest.Person{Subject: "u-3", Claims: map[string]any{"preferred_username": "grace", "realm_access": map[string]any{"roles": []string{"platform", "sre"}}}},
			func(c *signon.Config) { c.NameClaim, c.GroupsClaim = "preferred_username", "realm_access.roles" },
			signon.Person{Subject: "u-3", Name: "grace", Role: "admin"},
		},
		"verified address": {
			signontest.Person{Subject: "u-5", Claims: unverified(true)}, func(*signon.Config) {}, signon.Person{Subject: "u-5", Name: "ada@shop.example", Role: "judge"},
		},
		"address verified in a text": {
			signontest.Person{Subject: "u-6", Claims: unverified("true")}, func(*signon.Config) {}, signon.Person{Subject: "u-6", Name: "ada@shop.example", Role: "judge"},
		},
		"unverified address that is not the name": {
			signontest.Person{Subject: "u-7", Claims: unverified(false)}, func(c *signon.Config) { c.NameClaim = "sub" }, signon.Person{Subject: "u-7", Name: "u-7", Role: "judge"},
		},
		"claim whose name has dots": {
			signontest.Person{Subject: "u-4", Claims: map[string]any{"https://shop.example/groups": []string{"sre"}}},
			func(c *signon.Config) { c.GroupsClaim = "https://shop.example/groups" },
			signon.Person{Subject: "u-4", Name: "u-4", Role: "judge"},
		},
	} {
		p := newProvider(t, idp.URL, c.tune)
		idp.Seat(c.person)
		address, pending, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Finish(t.Context(), pending, out(t, address))
		if err != nil || got != c.want {
			t.Errorf("%s: %v %s", name, err, cmp.Diff(c.want, got))
		}
	}
}

func TestTheWayOutCarriesPKCEStateAndNonce(t *testing.T) {
	idp := signontest.Start(t)
	p := newProvider(t, idp.URL)
	first, pending, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(first)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	if q.Get("state") != pending.State || q.Get("nonce") != pending.Nonce || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == pending.Verifier {
		t.Errorf("the way out is %s", first)
	}
	if !strings.HasPrefix(q.Get("scope"), "openid ") {
		t.Errorf("scopes %q", q.Get("scope"))
	}
	second, _, err := p.Begin(t.Context())
	if err != nil || first == second {
		t.Errorf("two ways out are alike: %v", err)
	}
}

// unverified are the claims of someone who calls themselves ada, and what the
// provider says of that.
func unverified(verified any) map[string]any {
	return map[string]any{"email": "ada@shop.example", "email_verified": verified, "groups": []string{"sre"}}
}

// TestWhatDoesNotHoldIsRefusedInWords plays every answer that must not open the
// door. Each is a refusal that says what is wrong, never a role.
func TestWhatDoesNotHoldIsRefusedInWords(t *testing.T) {
	idp := signontest.Start(t)
	change := func(f func(*signontest.Person)) signontest.Person {
		person := ada
		f(&person)
		return person
	}
	for name, c := range map[string]struct {
		person signontest.Person
		answer func(url.Values)
		words  string
	}{
		"wrong nonce":                            {change(func(p *signontest.Person) { p.Nonce = "of another" }), nil, "belongs to another sign-in"},
		"expired token":                          {change(func(p *signontest.Person) { p.Expired = true }), nil, "expired"},
		"wrong audience":                         {change(func(p *signontest.Person) { p.Audience = "another-client" }), nil, "audience"},
		"wrong issuer":                           {change(func(p *signontest.Person) { p.Issuer = "https://evil.example" }), nil, "issue"},
		"forged signature":                       {change(func(p *signontest.Person) { p.Forged = true }), nil, "signature"},
		"no token":                               {change(func(p *signontest.Person) { p.Silent = true }), nil, "no identity token"},
		"unknown group":                          {change(func(p *signontest.Person) { p.Claims = map[string]any{"email": "eve", "groups": []string{"sales"}} }), nil, "none of their groups"},
		"no groups":                              {change(func(p *signontest.Person) { p.Claims = nil }), nil, "none of their groups"},
		"an e-mail address that is not verified": {change(func(p *signontest.Person) { p.Claims = unverified(false) }), nil, "api.oidc.name_claim"},
		"an address not verified, said as a text":   {change(func(p *signontest.Person) { p.Claims = unverified("false") }), nil, "api.oidc.name_claim"},
		"an address of which nothing clear is said": {change(func(p *signontest.Person) { p.Claims = unverified(0) }), nil, "api.oidc.name_claim"},
		"groups of a bad kind":                      {change(func(p *signontest.Person) { p.Claims = map[string]any{"groups": 7} }), nil, "none of their groups"},
		"the person said no":                        {change(func(p *signontest.Person) { p.Refuses = true }), nil, "the person said no"},
		"another state":                             {ada, func(v url.Values) { v.Set("state", "x") }, "another sign-in"},
		"no state":                                  {ada, func(v url.Values) { v.Del("state") }, "another sign-in"},
		"no code":                                   {ada, func(v url.Values) { v.Del("code") }, "no code"},
		"an invented code":                          {ada, func(v url.Values) { v.Set("code", "invented") }, "did not take its code"},
	} {
		p := newProvider(t, idp.URL)
		idp.Seat(c.person)
		address, pending, err := p.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		answer := out(t, address)
		if c.answer != nil {
			c.answer(answer)
		}
		got, err := p.Finish(t.Context(), pending, answer)
		var refusal *signon.Refusal
		if !errors.As(err, &refusal) || !strings.Contains(err.Error(), c.words) || got != (signon.Person{}) {
			t.Errorf("%s: %+v, %v; want a refusal with %q", name, got, err, c.words)
		}
		if err != nil && strings.Contains(err.Error(), signontest.ClientSecret) {
			t.Errorf("%s tells the secret", name)
		}
	}
}

func TestACodeWorksOnceAndOnlyForItsBrowser(t *testing.T) {
	idp := signontest.Start(t)
	idp.Seat(ada)
	p := newProvider(t, idp.URL)
	address, pending, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answer := out(t, address)
	if _, err := p.Finish(t.Context(), pending, answer); err != nil {
		t.Fatal(err)
	}
	var refusal *signon.Refusal
	if _, err := p.Finish(t.Context(), pending, answer); !errors.As(err, &refusal) {
		t.Errorf("the code worked twice: %v", err)
	}
	// Someone who stole a code brings it to a sign-in of their own: their
	// verifier does not fit the code's challenge.
	address, _, err = p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stolen := out(t, address)
	_, own, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	stolen.Set("state", own.State)
	if _, err := p.Finish(t.Context(), own, stolen); !errors.As(err, &refusal) {
		t.Errorf("a stolen code worked: %v", err)
	}
}

func TestAWrongClientSecretIsRefusedWithoutTellingIt(t *testing.T) {
	idp := signontest.Start(t)
	idp.Seat(ada)
	p := newProvider(t, idp.URL, func(c *signon.Config) { c.ClientSecret = "not-the-secret" })
	address, pending, err := p.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Finish(t.Context(), pending, out(t, address))
	if err == nil || !strings.Contains(err.Error(), "invalid_client") || strings.Contains(err.Error(), "not-the-secret") {
		t.Errorf("error: %v", err)
	}
}

// TestAProviderThatWasDownIsAskedAgain starts with a provider that fails and
// lets it recover: the failure must not be remembered.
func TestAProviderThatWasDownIsAskedAgain(t *testing.T) {
	idp := signontest.Start(t)
	idp.Seat(ada)
	idp.Fail(true)
	p := newProvider(t, idp.URL)
	_, _, err := p.Begin(t.Context())
	var refusal *signon.Refusal
	if err == nil || errors.As(err, &refusal) {
		t.Errorf("a provider that is down gave %v", err)
	}
	idp.Fail(false)
	address, pending, err := p.Begin(t.Context())
	if err != nil {
		t.Fatalf("it is up again: %v", err)
	}
	answer := out(t, address)
	idp.Fail(true)
	if _, err := p.Finish(t.Context(), pending, answer); err == nil || errors.As(err, &refusal) {
		t.Errorf("a provider that went down on the way gave %v", err)
	}
}

func TestAnAuthorityFileThatHoldsNoneEndsTheStart(t *testing.T) {
	for _, file := range []string{"/nowhere/ca.pem", "signon_test.go"} {
		cfg := signon.DefaultConfig()
		cfg.CAFile = file
		if _, err := signon.New(cfg); err == nil || !strings.Contains(err.Error(), "authority of the identity provider") {
			t.Errorf("%s: %v", file, err)
		}
	}
}
