package config

import (
	"bytes"
	"strings"
	"testing"
)

// soundOIDC are settings of a provider that can be used.
func soundOIDC() map[string]string {
	return map[string]string{
		"api.oidc.issuer": "https://id.example", "api.oidc.client_id": "faultline", "api.oidc.client_secret": "s3cr3t",
		"api.oidc.redirect_url": "https://faultline.example/sign-in/callback", "api.oidc.roles": "{sre: judge}",
	}
}

func TestTheIdentityProviderIsReadAndItsSecretStaysHidden(t *testing.T) {
	settings := soundOIDC()
	delete(settings, "api.oidc.client_secret")
	cfg, err := Load("", []string{"FAULTLINE_API_OIDC_CLIENT_SECRET=s3cr3t"}, settings)
	if err != nil {
		t.Fatal(err)
	}
	o := cfg.API.OIDC
	if !o.Enabled() || o.Roles["sre"] != "judge" || string(o.ClientSecret) != "s3cr3t" || o.GroupsClaim != "groups" {
		t.Errorf("read: %+v", o)
	}
	var dump bytes.Buffer
	if err := cfg.Dump(&dump); err != nil || strings.Contains(dump.String(), "s3cr3t") {
		t.Errorf("dumped: %v\n%s", err, dump.String())
	}
}

func TestAnIdentityProviderThatCannotWorkIsRefused(t *testing.T) {
	for key, c := range map[string]struct{ value, words string }{
		"api.oidc.issuer":       {"http://id.example", "api.oidc.issuer: want https"},
		"api.oidc.client_id":    {"", "api.oidc.client_id: empty"},
		"api.oidc.redirect_url": {"https://faultline.example/callback", "with the path /sign-in/callback"},
		"api.oidc.roles":        {"{ci: ingest}", `"ingest" is unknown`},
		"api.oidc.name":         {"", "api.oidc.name: empty"},
		"api.oidc.groups_claim": {"", "api.oidc.groups_claim: empty"},
	} {
		settings := soundOIDC()
		settings[key] = c.value
		if _, err := Load("", nil, settings); err == nil || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s = %q: %v", key, c.value, err)
		}
	}
	for missing, words := range map[string]string{"api.oidc.roles": "nobody could sign in", "api.oidc.issuer": "api.oidc.issuer: empty", "api.oidc.redirect_url": "api.oidc.redirect_url: want an address"} {
		settings := soundOIDC()
		delete(settings, missing)
		if _, err := Load("", nil, settings); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("without %s: %v", missing, err)
		}
	}
	settings := soundOIDC()
	settings["api.oidc.issuer"], settings["api.oidc.redirect_url"] = "http://127.0.0.1:5556/dex", "http://localhost:8080/sign-in/callback"
	if _, err := Load("", nil, settings); err != nil {
		t.Errorf("loopback: %v", err)
	}
}
