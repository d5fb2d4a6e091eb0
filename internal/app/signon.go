package app

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/faultline/faultline/api"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/signon"
)

// signOn is the identity provider of the settings, nil when there is none.
func signOn(cfg *config.OIDC) (*api.SignOn, error) {
	if !cfg.Enabled() {
		return nil, nil
	}
	out := signon.DefaultConfig()
	out.Issuer, out.ClientID, out.ClientSecret, out.RedirectURL = cfg.Issuer, cfg.ClientID, string(cfg.ClientSecret), cfg.RedirectURL
	out.Scopes, out.NameClaim, out.GroupsClaim, out.Roles, out.CAFile = cfg.Scopes, cfg.NameClaim, cfg.GroupsClaim, cfg.Roles, cfg.CAFile
	for _, role := range api.Roles() {
		out.Order = append(out.Order, string(role))
	}
	provider, err := signon.New(out)
	if err != nil {
		return nil, fmt.Errorf("api.oidc: %w", err)
	}
	terms := []string{cfg.Issuer, cfg.ClientID, cfg.NameClaim, cfg.GroupsClaim}
	for _, group := range slices.Sorted(maps.Keys(cfg.Roles)) {
		terms = append(terms, group+"="+cfg.Roles[group])
	}
	return &api.SignOn{Name: cfg.Name, Terms: strings.Join(terms, "\n"), Provider: identityProvider{provider}}, nil
}

// identityProvider is a provider in the API's words.
type identityProvider struct{ *signon.Provider }

// Begin sends a person out.
func (p identityProvider) Begin(ctx context.Context) (address string, pending []byte, err error) {
	address, held, err := p.Provider.Begin(ctx)
	if err != nil {
		return "", nil, err
	}
	pending, err = json.Marshal(held)
	return address, pending, err
}

// Finish takes a person back.
func (p identityProvider) Finish(ctx context.Context, pending []byte, answer url.Values) (api.Person, error) {
	var held signon.Pending
	if err := json.Unmarshal(pending, &held); err != nil {
		return api.Person{}, fmt.Errorf("read a pending sign-in: %w", err)
	}
	who, err := p.Provider.Finish(ctx, held, answer)
	return api.Person{Subject: who.Subject, Name: who.Name, Role: api.Role(who.Role)}, err
}
