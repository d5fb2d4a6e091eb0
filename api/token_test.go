package api

import (
	"bytes"
	"crypto/rand"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestNewTokensOpenTheKeyring(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw := rapid.SliceOfN(rapid.Byte(), tokenIDBytes+tokenSecretBytes, tokenIDBytes+tokenSecretBytes).Draw(t, "raw")
		role := rapid.SampledFrom(Roles()).Draw(t, "role")
		text, token, err := NewToken(bytes.NewReader(raw), "ci", role)
		if err != nil {
			t.Fatal(err)
		}
		if !regexp.MustCompile(`^flt_[a-z2-7]{8}_[a-z2-7]{52}$`).MatchString(text) {
			t.Fatalf("token %q", text)
		}
		cfg := DefaultConfig()
		cfg.Tokens = []Token{token}
		ring, err := newKeyring(&cfg, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		who, problem := ring.identify(map[string][]string{"Authorization": {"Bearer " + text}})
		if problem != nil || who.Name != "ci" || who.Role != role {
			t.Fatalf("identify: %v %v", who, problem)
		}
		if strings.Contains(token.Hash, text) || token.Hash != HashToken(text) {
			t.Fatalf("hash %q", token.Hash)
		}
	})
}

func TestTokensDiffer(t *testing.T) {
	seen := map[string]bool{}
	for range 100 {
		text, token, err := NewToken(rand.Reader, "ci", RoleReader)
		if err != nil || seen[text] || seen[token.ID] {
			t.Fatalf("token %q again, or %v", text, err)
		}
		seen[text], seen[token.ID] = true, true
	}
}

func TestTokenWithoutUseIsNotMade(t *testing.T) {
	if _, _, err := NewToken(rand.Reader, "", RoleReader); err == nil {
		t.Error("a token without a name")
	}
	if _, _, err := NewToken(rand.Reader, "ci", "root"); err == nil || !strings.Contains(err.Error(), "reader") {
		t.Errorf("a token with an unknown role: %v", err)
	}
	if _, _, err := NewToken(strings.NewReader("short"), "ci", RoleReader); err == nil {
		t.Error("a token from too little randomness")
	}
	broken := errors.New("no entropy")
	if _, _, err := NewToken(errReader{broken}, "ci", RoleReader); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
}

func TestRolesCoverOnlyWhatTheyMay(t *testing.T) {
	want := map[Role][]Role{
		RoleReader: {RoleReader}, RoleIngest: {RoleIngest}, RoleAgent: {RoleReader, RoleAgent}, RoleJudge: {RoleReader, RoleAgent, RoleJudge},
		RoleAdmin: {RoleReader, RoleIngest, RoleAgent, RoleJudge, RoleAdmin}, "root": {}, "": {},
	}
	for role, covered := range want {
		for _, need := range append(Roles(), "", "root") {
			expected := false
			for _, c := range covered {
				expected = expected || c == need
			}
			if role.Covers(need) != expected {
				t.Errorf("%q covers %q: %t", role, need, !expected)
			}
		}
	}
}

func TestUnusableTokensAreRefusedAtStart(t *testing.T) {
	_, good, err := NewToken(rand.Reader, "ci", RoleReader)
	if err != nil {
		t.Fatal(err)
	}
	change := func(f func(*Token)) []Token {
		bad := good
		f(&bad)
		return []Token{bad}
	}
	for name, tokens := range map[string][]Token{
		"id":          change(func(t *Token) { t.ID = "" }),
		"underscores": change(func(t *Token) { t.ID = "a_b" }),
		"name":        change(func(t *Token) { t.Name = "" }),
		"role":        change(func(t *Token) { t.Role = "root" }),
		"hash":        change(func(t *Token) { t.Hash = "sha256:abcd" }),
		"hexadecimal": change(func(t *Token) { t.Hash = hashPrefix + strings.Repeat("z", 64) }),
		"same id":     {good, good},
	} {
		cfg := DefaultConfig()
		cfg.Tokens = tokens
		if _, err := newKeyring(&cfg, time.Now); err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), good.Hash) {
			t.Errorf("%s: the error shows the hash: %v", name, err)
		}
	}
}

func TestTornTokensDoNotPass(t *testing.T) {
	text, token, err := NewToken(rand.Reader, "ci", RoleAdmin)
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Tokens = []Token{token}
	ring, err := newKeyring(&cfg, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{
		"Bearer", "Bearer ", "Bearer " + text[:len(text)-1], "Bearer " + text + "x", "Bearer " + strings.ToUpper(text), "Bearer flt_" + token.ID + "_",
		"Bearer flt__x", "Bearer x", text, "Token " + text, "Basic !!!", "Basic " + "dXNlcg==", "Bearer " + token.Hash, "Bearer " + token.ID,
	} {
		if who, problem := ring.identify(map[string][]string{"Authorization": {bad}}); problem == nil {
			t.Errorf("%q passes as %v", bad, who)
		} else if problem.Status != 401 || !strings.Contains(problem.header.Get("WWW-Authenticate"), "invalid_token") {
			t.Errorf("%q: %+v", bad, problem)
		}
	}
}
