// Package signon lets people sign in by an OpenID Connect provider: the
// authorization code flow with PKCE, state and nonce, and a mapping of the
// groups that the provider vouches for to roles.
//
// It keeps nothing between the way out and the way back. What must be remembered
// is handed to the caller as Pending, who keeps it where only the same browser
// can bring it back.
package signon

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/faultline/faultline/internal/trust"
)

// Config names the provider and says who may do what.
type Config struct {
	// Issuer is the provider's address, as its discovery document gives it.
	Issuer string
	// ClientID and ClientSecret are what the provider knows Faultline by. The
	// secret may be empty for a public client, which PKCE protects.
	ClientID, ClientSecret string
	// RedirectURL is where the provider sends people back to, the address of
	// the pages with /sign-in/callback.
	RedirectURL string
	// Scopes are asked for besides openid.
	Scopes []string
	// NameClaim holds what people are called here and in the audit; without it
	// the subject is taken. GroupsClaim holds the groups, as a list or a text;
	// dots lead into nested claims.
	NameClaim, GroupsClaim string
	// Roles maps groups to roles. Order lists the roles, the weakest first: who
	// is in several groups gets the strongest.
	Roles map[string]string
	Order []string
	// CAFile is a PEM file of the authority to trust, empty for the system's.
	CAFile string
	// Timeout bounds each request to the provider.
	Timeout time.Duration
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// DefaultConfig returns what is usual with providers. Issuer, client, redirect
// and roles have no default.
func DefaultConfig() Config {
	return Config{
		Scopes: []string{"profile", "email", "groups"}, NameClaim: "email", GroupsClaim: "groups", Timeout: 10 * time.Second,
	}
}

// Person is who signed in.
type Person struct {
	// Subject identifies the person at the provider for good.
	Subject string
	Name    string
	Role    string
}

// Pending is what the way back is held against.
type Pending struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Refusal is an answer of no, in words that the person may read.
type Refusal struct{ words string }

// Error returns the words.
func (r *Refusal) Error() string { return r.words }

// Refusal tells answers of no from failures to ask.
func (r *Refusal) Refusal() bool { return true }

// refuse makes a refusal.
func refuse(format string, args ...any) error { return &Refusal{fmt.Sprintf(format, args...)} }

// Provider is one configured provider. It asks the provider for nothing before
// the first person signs in, so that a provider that is down keeps nothing else
// from starting.
type Provider struct {
	cfg    Config
	client *http.Client

	mu    sync.Mutex
	known *endpoints
}

// endpoints are what discovery found.
type endpoints struct {
	oauth    oauth2.Config
	verifier *oidc.IDTokenVerifier
}

// New reads the authority's file and checks nothing else.
func New(cfg Config) (*Provider, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	config, err := trust.Load(trust.Files{CA: cfg.CAFile})
	if err != nil {
		return nil, fmt.Errorf("authority of the identity provider: %w", err)
	}
	// People sign in seldom: a connection kept for the next one is one to be
	// watched over.
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, DisableKeepAlives: true}
	return &Provider{cfg: cfg, client: &http.Client{Transport: transport, Timeout: cfg.Timeout}}, nil
}

// discover asks the provider for its endpoints once it answers.
func (p *Provider) discover(ctx context.Context) (*endpoints, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known != nil {
		return p.known, nil
	}
	found, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), p.cfg.Issuer)
	if err != nil {
		return nil, fmt.Errorf("discover the identity provider: %w", err)
	}
	p.known = &endpoints{
		oauth: oauth2.Config{
			ClientID: p.cfg.ClientID, ClientSecret: p.cfg.ClientSecret, Endpoint: found.Endpoint(), RedirectURL: p.cfg.RedirectURL,
			Scopes: append([]string{oidc.ScopeOpenID}, p.cfg.Scopes...),
		},
		verifier: found.Verifier(&oidc.Config{ClientID: p.cfg.ClientID, Now: p.cfg.Now}),
	}
	return p.known, nil
}

// Begin returns the address at the provider to send a person to, and what the
// way back will be held against.
func (p *Provider) Begin(ctx context.Context) (address string, pending Pending, err error) {
	ends, err := p.discover(ctx)
	if err != nil {
		return "", pending, err
	}
	pending = Pending{State: oauth2.GenerateVerifier(), Nonce: oauth2.GenerateVerifier(), Verifier: oauth2.GenerateVerifier()}
	return ends.oauth.AuthCodeURL(pending.State, oidc.Nonce(pending.Nonce), oauth2.S256ChallengeOption(pending.Verifier)), pending, nil
}

// Finish checks what a person brings back from the provider and tells who they
// are. A *Refusal is an answer of no; any other error is a failure to ask.
func (p *Provider) Finish(ctx context.Context, pending Pending, answer url.Values) (Person, error) {
	if pending.State == "" || subtle.ConstantTimeCompare([]byte(answer.Get("state")), []byte(pending.State)) != 1 {
		return Person{}, refuse("the answer of the identity provider belongs to another sign-in; begin again")
	}
	if code := answer.Get("error"); code != "" {
		return Person{}, refuse("the identity provider refused: %s", strings.TrimSpace(code+" "+answer.Get("error_description")))
	}
	if answer.Get("code") == "" {
		return Person{}, refuse("the answer of the identity provider holds no code; begin again")
	}
	ends, err := p.discover(ctx)
	if err != nil {
		return Person{}, err
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := ends.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(pending.Verifier))
	var said *oauth2.RetrieveError
	if errors.As(err, &said) && said.Response.StatusCode < http.StatusInternalServerError {
		return Person{}, refuse("the identity provider did not take its code (%s); it may have been used already, begin again", said.ErrorCode)
	}
	if err != nil {
		return Person{}, fmt.Errorf("exchange the code: %w", err)
	}
	return p.vouched(ctx, ends, token, pending.Nonce)
}

// vouched verifies the identity token and reads who it is about.
func (p *Provider) vouched(ctx context.Context, ends *endpoints, token *oauth2.Token, nonce string) (Person, error) {
	raw, ok := token.Extra("id_token").(string)
	if !ok {
		return Person{}, refuse("the identity provider sent no identity token; the scope openid must be allowed for this client")
	}
	id, err := ends.verifier.Verify(ctx, raw)
	if err != nil {
		return Person{}, refuse("the identity token does not hold: %v", err)
	}
	if subtle.ConstantTimeCompare([]byte(id.Nonce), []byte(nonce)) != 1 {
		return Person{}, refuse("the identity token belongs to another sign-in; begin again")
	}
	claims := map[string]any{}
	if err := id.Claims(&claims); err != nil {
		return Person{}, refuse("the identity token's claims cannot be read: %v", err)
	}
	who := Person{Subject: id.Subject, Name: id.Subject}
	if names := texts(claim(claims, p.cfg.NameClaim)); len(names) > 0 && names[0] != "" {
		if !believed(claims, p.cfg.NameClaim) {
			return Person{}, refuse("the identity provider says that it has not verified %s of %s, so it is no name for the audit; "+
				"verify it there, or set api.oidc.name_claim to a claim that people cannot choose themselves", p.cfg.NameClaim, id.Subject)
		}
		who.Name = names[0]
	}
	if who.Role = p.role(texts(claim(claims, p.cfg.GroupsClaim))); who.Role == "" {
		return Person{}, refuse("%s is known at the identity provider, but none of their groups may use Faultline; an administrator adds one to api.oidc.roles", who.Name)
	}
	return who, nil
}

// believed is false where the provider says that it has not verified a claim, as
// OpenID Connect has email_verified say of email and phone_number_verified of
// phone_number: people may have typed there whatever they liked. Some providers
// send the word as a text.
func believed(claims map[string]any, name string) bool {
	switch verified := claim(claims, name+"_verified").(type) {
	case nil:
		return true
	case bool:
		return verified
	case string:
		return strings.EqualFold(verified, "true")
	default:
		return false
	}
}

// role is the strongest role of the groups, empty when none has one.
func (p *Provider) role(groups []string) string {
	strongest := -1
	for _, group := range groups {
		if role, known := p.cfg.Roles[group]; known {
			strongest = max(strongest, slices.Index(p.cfg.Order, role))
		}
	}
	if strongest < 0 {
		return ""
	}
	return p.cfg.Order[strongest]
}

// claim finds a claim by its name or, where no claim has it, by a path of names
// with dots between them.
func claim(claims map[string]any, name string) any {
	if value, found := claims[name]; found {
		return value
	}
	head, rest, nested := strings.Cut(name, ".")
	below, isObject := claims[head].(map[string]any)
	if !nested || !isObject {
		return nil
	}
	return claim(below, rest)
}

// texts reads a claim that is a text or a list of texts.
func texts(value any) []string {
	switch v := value.(type) {
	case string:
		return []string{v}
	case []any:
		var all []string
		for _, x := range v {
			if text, isText := x.(string); isText {
				all = append(all, text)
			}
		}
		return all
	default:
		return nil
	}
}
