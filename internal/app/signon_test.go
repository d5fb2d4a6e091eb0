package app

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/signon/signontest"
)

func TestTheSettingsOfTheProviderLetAPersonIn(t *testing.T) {
	idp := signontest.Start(t)
	idp.Seat(signontest.Person{Subject: "u-1", Claims: map[string]any{"nick": "ada", "realm": map[string]any{"roles": []string{"sre", "ops"}}}})
	cfg := config.OIDC{
		Issuer: idp.URL, Name: "Example ID", ClientID: signontest.ClientID, ClientSecret: signontest.ClientSecret, RedirectURL: "http://127.0.0.1/sign-in/callback",
		NameClaim: "nick", GroupsClaim: "realm.roles", Roles: map[string]string{"sre": "judge", "ops": "admin"},
	}
	on, err := signOn(&cfg)
	if err != nil {
		t.Fatal(err)
	}
	address, pending, err := on.Provider.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	back, err := resp.Location()
	if err != nil {
		t.Fatal(err)
	}
	who, err := on.Provider.Finish(t.Context(), pending, back.Query())
	if want := (api.Person{Subject: "u-1", Name: "ada", Role: api.RoleAdmin}); err != nil || who != want {
		t.Errorf("%+v, %v; want %+v", who, err, want)
	}
	if _, err := on.Provider.Finish(t.Context(), []byte("{"), url.Values{}); err == nil {
		t.Error("broken state is taken")
	}
	if strings.Contains(on.Terms, signontest.ClientSecret) {
		t.Error("the terms hold the secret")
	}
}

func TestTermsChangeWithWhatEndsSessions(t *testing.T) {
	base := config.OIDC{Issuer: "https://id.example", ClientID: "a", GroupsClaim: "groups", Roles: map[string]string{"sre": "judge"}}
	terms := func(change func(*config.OIDC)) string {
		cfg := base
		change(&cfg)
		on, err := signOn(&cfg)
		if err != nil {
			t.Fatal(err)
		}
		return on.Terms
	}
	same := terms(func(*config.OIDC) {})
	for name, change := range map[string]func(*config.OIDC){
		"issuer": func(c *config.OIDC) { c.Issuer = "https://other.example" }, "client": func(c *config.OIDC) { c.ClientID = "b" },
		"claim": func(c *config.OIDC) { c.GroupsClaim = "roles" }, "roles": func(c *config.OIDC) { c.Roles = map[string]string{"sre": "reader"} },
	} {
		if terms(change) == same {
			t.Errorf("another %s leaves sessions alive", name)
		}
	}
	if terms(func(c *config.OIDC) { c.ClientSecret = "rotated" }) != same {
		t.Error("a rotated secret ends sessions")
	}
	if on, err := signOn(&config.OIDC{}); on != nil || err != nil {
		t.Errorf("without an issuer: %v, %v", on, err)
	}
	if _, err := signOn(&config.OIDC{Issuer: "https://id.example", CAFile: "/nowhere"}); err == nil || !strings.Contains(err.Error(), "api.oidc") {
		t.Errorf("a missing authority: %v", err)
	}
}
