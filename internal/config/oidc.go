package config

import (
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
)

// OIDC says by which OpenID Connect provider people may sign in on the pages.
// Without an issuer tokens alone open them.
type OIDC struct {
	// Issuer is the provider's address, as its discovery document gives it.
	Issuer string `yaml:"issuer"`
	// Name is what the sign-in page calls the provider.
	Name     string `yaml:"name"`
	ClientID string `yaml:"client_id"`
	// ClientSecret may be empty for a public client.
	ClientSecret Secret `yaml:"client_secret"`
	// RedirectURL is the address of the pages with /sign-in/callback.
	RedirectURL string `yaml:"redirect_url"`
	// Scopes are asked for besides openid.
	Scopes []string `yaml:"scopes"`
	// NameClaim holds the name for the audit, GroupsClaim the groups.
	NameClaim   string `yaml:"name_claim"`
	GroupsClaim string `yaml:"groups_claim"`
	// Roles maps groups to reader, judge or admin.
	Roles map[string]string `yaml:"roles"`
	// CAFile is a PEM file of the authority to trust.
	CAFile string `yaml:"ca_file"`
}

func defaultOIDC() OIDC {
	return OIDC{Name: "single sign-on", Scopes: []string{"profile", "email", "groups"}, NameClaim: "email", GroupsClaim: "groups"}
}

// Enabled reports whether people may sign in by the provider.
func (o *OIDC) Enabled() bool { return o.Issuer != "" }

// validate names what is missing or cannot be meant.
func (o *OIDC) validate() []error {
	if !o.Enabled() {
		if o.ClientID != "" || len(o.Roles) > 0 {
			return []error{errors.New("api.oidc.issuer: empty although other keys of api.oidc are set; give the provider's address")}
		}
		return nil
	}
	errs := []error{
		secureAddress("api.oidc.issuer", o.Issuer), secureAddress("api.oidc.redirect_url", o.RedirectURL),
		required("api.oidc.client_id", o.ClientID), required("api.oidc.name", o.Name), required("api.oidc.groups_claim", o.GroupsClaim),
	}
	if at, err := url.Parse(o.RedirectURL); err == nil && at.Path != callbackPath {
		errs = append(errs, fmt.Errorf("api.oidc.redirect_url: want the address of the pages with the path %s", callbackPath))
	}
	if len(o.Roles) == 0 {
		errs = append(errs, errors.New("api.oidc.roles: empty, so nobody could sign in; map groups to roles, as {sre: judge}"))
	}
	for _, group := range slices.Sorted(maps.Keys(o.Roles)) {
		errs = append(errs, oneOf("api.oidc.roles."+group, o.Roles[group], []string{"reader", "judge", "admin"}))
	}
	return errs
}

// callbackPath is the page to which the provider sends people back.
const callbackPath = "/sign-in/callback"

// secureAddress demands https, or http on loopback.
func secureAddress(key, address string) error {
	at, err := url.Parse(address)
	if err != nil || at.Hostname() == "" {
		return fmt.Errorf("%s: want an address beginning with https://", key)
	}
	if at.Scheme != "https" && (at.Scheme != "http" || !loopback(at.Hostname())) {
		return fmt.Errorf("%s: want https; plain http is taken on loopback only", key)
	}
	return nil
}
