// Package signontest is an OpenID Connect provider on loopback for tests. It
// speaks the real protocol: discovery, keys, the authorization endpoint with
// PKCE, and a token endpoint that gives each code once and signs what it says.
package signontest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// The one client that the provider knows.
const (
	ClientID     = "faultline"
	ClientSecret = "a secret of the client"
)

// keyID names the key that signs.
const keyID = "key-1"

// Provider is a running provider. Person says who is at its keyboard, and what
// is wrong with the tokens that it makes.
type Provider struct {
	// URL is the issuer.
	URL string

	key      *ecdsa.PrivateKey
	stranger *ecdsa.PrivateKey
	mu       sync.Mutex
	person   Person
	pending  map[string]pending
	codes    int
	failing  bool
}

// Person is who signs in. The zero value of everything but Subject is right.
type Person struct {
	Subject string
	// Claims are those of the token besides the protocol's own, such as email
	// and groups.
	Claims map[string]any
	// Audience, Nonce and Issuer replace the right ones.
	Audience, Nonce, Issuer string
	// Expired ends the token a minute ago. Forged signs it with another key.
	// Silent leaves the token out.
	Expired, Forged, Silent bool
	// Refuses answers the way out with access_denied.
	Refuses bool
}

// pending is a code that was given out.
type pending struct {
	challenge, nonce, redirect string
}

// Start runs a provider until the test ends.
func Start(t testing.TB) *Provider {
	t.Helper()
	p := &Provider{pending: map[string]pending{}}
	for _, key := range []**ecdsa.PrivateKey{&p.key, &p.stranger} {
		var err error
		if *key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader); err != nil {
			t.Fatal(err)
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.discovery)
	mux.HandleFunc("GET /keys", p.keys)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /token", p.token)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		failing := p.failing
		p.mu.Unlock()
		if failing {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	p.URL = server.URL
	return p
}

// Seat puts a person at the keyboard.
func (p *Provider) Seat(person Person) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = person
}

// Fail makes every request fail, or ends that.
func (p *Provider) Fail(failing bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.failing = failing
}

func (p *Provider) discovery(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, map[string]any{
		"issuer": p.URL, "authorization_endpoint": p.URL + "/authorize", "token_endpoint": p.URL + "/token", "jwks_uri": p.URL + "/keys",
		"id_token_signing_alg_values_supported": []string{"ES256"}, "response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"code_challenge_methods_supported": []string{"S256"},
	})
}

func (p *Provider) keys(w http.ResponseWriter, _ *http.Request) {
	answer(w, http.StatusOK, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: p.key.Public(), KeyID: keyID, Algorithm: "ES256", Use: "sig"}}})
}

// authorize sends the person back at once, as if they had given their password.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	if err != nil || q.Get("client_id") != ClientID || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" || q.Get("code_challenge") == "" {
		http.Error(w, "no such client or no PKCE", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	values := url.Values{"state": {q.Get("state")}}
	if p.person.Refuses {
		values.Set("error", "access_denied")
		values.Set("error_description", "the person said no")
	} else {
		p.codes++
		code := base64.RawURLEncoding.EncodeToString([]byte{byte(p.codes), 7, 7})
		p.pending[code] = pending{q.Get("code_challenge"), q.Get("nonce"), q.Get("redirect_uri")}
		values.Set("code", code)
	}
	back.RawQuery = values.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

// token gives the tokens of a code, once.
func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	id, secret, basic := r.BasicAuth()
	if !basic {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	// Basic credentials are form-encoded before they are joined (RFC 6749, 2.3.1).
	if plain, err := url.QueryUnescape(secret); err == nil {
		secret = plain
	}
	if id != ClientID || secret != ClientSecret {
		answer(w, http.StatusUnauthorized, map[string]any{"error": "invalid_client"})
		return
	}
	code := r.PostFormValue("code")
	given, known := p.pending[code]
	delete(p.pending, code)
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if !known || given.redirect != r.PostFormValue("redirect_uri") || base64.RawURLEncoding.EncodeToString(sum[:]) != given.challenge {
		answer(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant"})
		return
	}
	said := map[string]any{"access_token": "opaque", "token_type": "Bearer", "expires_in": 300}
	if !p.person.Silent {
		said["id_token"] = p.sign(p.claims(given.nonce))
	}
	answer(w, http.StatusOK, said)
}

// claims are what the identity token says of the person.
func (p *Provider) claims(nonce string) map[string]any {
	now := time.Now()
	c := map[string]any{
		"iss": p.URL, "sub": p.person.Subject, "aud": ClientID, "nonce": nonce, "iat": now.Unix(), "exp": now.Add(5 * time.Minute).Unix(),
	}
	for name, value := range p.person.Claims {
		c[name] = value
	}
	for name, wrong := range map[string]string{"aud": p.person.Audience, "nonce": p.person.Nonce, "iss": p.person.Issuer} {
		if wrong != "" {
			c[name] = wrong
		}
	}
	if p.person.Expired {
		c["exp"] = now.Add(-time.Minute).Unix()
	}
	return c
}

func (p *Provider) sign(claims map[string]any) string {
	key := p.key
	if p.person.Forged {
		key = p.stranger
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: key, KeyID: keyID}}, nil)
	if err != nil {
		panic(err) // The key and the algorithm fit.
	}
	raw, err := json.Marshal(claims)
	if err != nil {
		panic(err) // Claims of tests are plain values.
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		panic(err) // Signing bytes with a whole key cannot fail.
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		panic(err) // One signature has a compact form.
	}
	return text
}

func answer(w http.ResponseWriter, status int, value any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(value)
}
