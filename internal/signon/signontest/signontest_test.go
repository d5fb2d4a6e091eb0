package signontest

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// A provider that is laxer than real ones would let a broken client pass its
// tests: these hold the provider itself to the protocol.

const (
	verifier = "a-verifier-that-is-long-enough-for-the-protocol-0123456789"
	home     = "http://127.0.0.1/back"
)

func challenge(of string) string {
	sum := sha256.Sum256([]byte(of))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// leave goes the way out and returns where the person is sent back to.
func leave(t *testing.T, p *Provider, change func(url.Values)) (int, url.Values) {
	t.Helper()
	q := url.Values{
		"client_id": {ClientID}, "response_type": {"code"}, "redirect_uri": {home}, "state": {"s"}, "nonce": {"n"},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	if change != nil {
		change(q)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Get(p.URL + "/authorize?" + q.Encode())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	back, err := resp.Location()
	if err != nil {
		return resp.StatusCode, nil
	}
	return resp.StatusCode, back.Query()
}

// redeem asks for the tokens of a code.
func redeem(t *testing.T, p *Provider, code string, change func(url.Values)) (int, map[string]any) {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {home}, "code_verifier": {verifier}, "client_id": {ClientID}, "client_secret": {ClientSecret}}
	if change != nil {
		change(form)
	}
	resp, err := http.PostForm(p.URL+"/token", form)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var said map[string]any
	_ = json.Unmarshal(raw, &said)
	return resp.StatusCode, said
}

// claimsOf verifies a token with the published keys.
func claimsOf(t *testing.T, p *Provider, token string) (map[string]any, error) {
	t.Helper()
	resp, err := http.Get(p.URL + "/keys")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var keys jose.JSONWebKeySet
	if err := json.NewDecoder(resp.Body).Decode(&keys); err != nil || len(keys.Keys) != 1 || !keys.Keys[0].IsPublic() {
		t.Fatalf("keys: %v", err)
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	raw, err := signed.Verify(keys.Keys[0])
	if err != nil {
		return nil, err
	}
	var claims map[string]any
	return claims, json.Unmarshal(raw, &claims)
}

func TestAPersonComesBackWithACodeThatGivesSignedClaims(t *testing.T) {
	p := Start(t)
	p.Seat(Person{Subject: "u-1", Claims: map[string]any{"email": "ada@example.com"}})
	status, back := leave(t, p, nil)
	if status != http.StatusFound || back.Get("state") != "s" || back.Get("code") == "" {
		t.Fatalf("%d %v", status, back)
	}
	status, said := redeem(t, p, back.Get("code"), nil)
	token, _ := said["id_token"].(string)
	if status != http.StatusOK || token == "" {
		t.Fatalf("%d %v", status, said)
	}
	claims, err := claimsOf(t, p, token)
	if err != nil || claims["sub"] != "u-1" || claims["email"] != "ada@example.com" || claims["nonce"] != "n" || claims["aud"] != ClientID || claims["iss"] != p.URL {
		t.Errorf("%v %v", claims, err)
	}
	if status, said = redeem(t, p, back.Get("code"), nil); status != http.StatusBadRequest || said["error"] != "invalid_grant" {
		t.Errorf("the code works twice: %d %v", status, said)
	}
}

func TestWhatAProviderRefusesIsRefused(t *testing.T) {
	p := Start(t)
	p.Seat(Person{Subject: "u-1"})
	for name, change := range map[string]func(url.Values){
		"another client": func(q url.Values) { q.Set("client_id", "other") },
		"no PKCE":        func(q url.Values) { q.Del("code_challenge") },
		"plain PKCE":     func(q url.Values) { q.Set("code_challenge_method", "plain") },
		"implicit flow":  func(q url.Values) { q.Set("response_type", "token") },
	} {
		if status, back := leave(t, p, change); status != http.StatusBadRequest || back != nil {
			t.Errorf("%s: %d %v", name, status, back)
		}
	}
	for name, tc := range map[string]struct {
		change func(url.Values)
		want   string
	}{
		"a wrong verifier":   {func(f url.Values) { f.Set("code_verifier", strings.ToUpper(verifier)) }, "invalid_grant"},
		"another way back":   {func(f url.Values) { f.Set("redirect_uri", "http://evil.example") }, "invalid_grant"},
		"a code of nobody":   {func(f url.Values) { f.Set("code", "x") }, "invalid_grant"},
		"a wrong secret":     {func(f url.Values) { f.Set("client_secret", "guess") }, "invalid_client"},
		"nobody in the form": {func(f url.Values) { f.Del("client_id") }, "invalid_client"},
	} {
		_, back := leave(t, p, nil)
		if status, said := redeem(t, p, back.Get("code"), tc.change); status < 400 || said["error"] != tc.want || said["id_token"] != nil {
			t.Errorf("%s: %d %v", name, status, said)
		}
	}
}

func TestWhatIsWrongWithAPersonShows(t *testing.T) {
	p := Start(t)
	tokenOf := func(person Person) map[string]any {
		p.Seat(person)
		_, back := leave(t, p, nil)
		_, said := redeem(t, p, back.Get("code"), nil)
		return said
	}
	if said := tokenOf(Person{Subject: "u", Silent: true}); said["id_token"] != nil || said["access_token"] == nil {
		t.Errorf("silent: %v", said)
	}
	if _, err := claimsOf(t, p, tokenOf(Person{Subject: "u", Forged: true})["id_token"].(string)); err == nil {
		t.Error("a forged token verifies")
	}
	claims, err := claimsOf(t, p, tokenOf(Person{Subject: "u", Expired: true, Audience: "other", Nonce: "old", Issuer: "https://evil.example"})["id_token"].(string))
	if err != nil || claims["exp"].(float64) >= float64(time.Now().Unix()) || claims["aud"] != "other" || claims["nonce"] != "old" || claims["iss"] != "https://evil.example" {
		t.Errorf("%v %v", claims, err)
	}
	p.Seat(Person{Refuses: true})
	if _, back := leave(t, p, nil); back.Get("error") != "access_denied" || back.Get("code") != "" {
		t.Errorf("refuses: %v", back)
	}
}

func TestAProviderThatFailsFailsEverywhereUntilItDoesNot(t *testing.T) {
	p := Start(t)
	for _, failing := range []bool{true, false} {
		p.Fail(failing)
		for _, path := range []string{"/.well-known/openid-configuration", "/keys"} {
			resp, err := http.Get(p.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if failed := resp.StatusCode == http.StatusServiceUnavailable; failed != failing {
				t.Errorf("%s: status %d while failing %t", path, resp.StatusCode, failing)
			}
		}
	}
}
