package api

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"
)

// challenge is what a client without a valid token is asked for.
const challenge = `Bearer realm="faultline"`

// invalidToken is the challenge when a token was given but is not valid.
const invalidToken = challenge + `, error="invalid_token"`

// caller is who makes a request.
type caller struct {
	Token
	sum     [sha256.Size]byte
	limiter *rate.Limiter
	// person is who signed in by the identity provider, nil for a token.
	person *Person
	// used is when the caller last called, in Unix milliseconds, 0 for never.
	used atomic.Int64
}

// lastUsed is when the caller last called, zero for not since the start.
func (c *caller) lastUsed() time.Time {
	if at := c.used.Load(); at > 0 {
		return time.UnixMilli(at)
	}
	return time.Time{}
}

// spoken names the caller in a sentence.
func (c *caller) spoken() string {
	if c.person != nil {
		return c.Name
	}
	return fmt.Sprintf("the token %q", c.Name)
}

// keyring knows the tokens. It is not changed after it was made.
type keyring struct {
	callers map[string]*caller
	// nobody is the caller of every request without a token, signer that of
	// every delivery whose proof is its signature, presser that of the buttons
	// that people press in chat. They do not share an allowance, so that public
	// readers keep out neither webhooks nor verdicts.
	nobody, signer, presser *caller
	now                     func() time.Time
}

// newKeyring checks the tokens and gives each its own allowance.
func newKeyring(cfg *Config, now func() time.Time) (*keyring, error) {
	limiter := func() *rate.Limiter { return rate.NewLimiter(rate.Limit(cfg.RatePerSecond), cfg.RateBurst) }
	ring := &keyring{
		callers: make(map[string]*caller, len(cfg.Tokens)),
		nobody:  &caller{Token: Token{Name: "anonymous"}, limiter: limiter()},
		signer:  &caller{Token: Token{Name: "webhook signature"}, limiter: limiter()},
		presser: &caller{Token: Token{Name: "chat signature"}, limiter: limiter()},
		now:     now,
	}
	var errs []error
	for i, token := range cfg.Tokens {
		sum, err := checkToken(&token)
		if _, twice := ring.callers[token.ID]; twice {
			err = errors.New("another token has the same id")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("token %d (id %q): %w", i+1, token.ID, err))
			continue
		}
		ring.callers[token.ID] = &caller{Token: token, sum: sum, limiter: limiter()}
	}
	return ring, errors.Join(errs...)
}

// checkToken returns the decoded hash of a usable token.
func checkToken(token *Token) ([sha256.Size]byte, error) {
	switch {
	case token.ID == "" || strings.Contains(token.ID, "_"):
		return [sha256.Size]byte{}, errors.New("the id must be the part of the token between its first two underscores")
	case token.Name == "":
		return [sha256.Size]byte{}, errors.New("the name is missing")
	case !slices.Contains(Roles(), token.Role):
		return [sha256.Size]byte{}, fmt.Errorf("unknown role %q; use one of %v", token.Role, Roles())
	}
	return parseHash(token.Hash)
}

// identify returns who a request says it is: nobody without credentials, a
// problem with wrong ones. Unknown ids and wrong secrets answer alike.
func (k *keyring) identify(header http.Header) (*caller, *Problem) {
	given := header.Get("Authorization")
	if given == "" {
		return k.nobody, nil
	}
	text, ok := credentials(given)
	if !ok {
		return nil, unauthorized.with("the Authorization header holds no token; send: Authorization: Bearer flt_...").
			heading("WWW-Authenticate", invalidToken)
	}
	sum := sha256.Sum256([]byte(text))
	id, _ := splitToken(text)
	known, found := k.callers[id]
	if !found {
		known = k.nobody
	}
	if same := subtle.ConstantTimeCompare(sum[:], known.sum[:]) == 1; !found || !same {
		return nil, unauthorized.with("the token is not known here; `faultline token create` makes one").
			heading("WWW-Authenticate", invalidToken)
	}
	if !known.ExpiresAt.IsZero() && !k.now().Before(known.ExpiresAt) {
		return nil, unauthorized.with("the token has expired; `faultline token create` makes another").
			heading("WWW-Authenticate", invalidToken)
	}
	return known, nil
}

// credentials takes the token from an Authorization header: a bearer token, or
// the password of basic credentials for senders that can set nothing but an
// address of the form https://user:token@host.
func credentials(header string) (text string, ok bool) {
	scheme, rest, _ := strings.Cut(header, " ")
	rest = strings.TrimSpace(rest)
	switch strings.ToLower(scheme) {
	case "bearer":
		return rest, rest != ""
	case "basic":
		raw, err := base64.StdEncoding.DecodeString(rest)
		if err != nil {
			return "", false
		}
		_, password, found := strings.Cut(string(raw), ":")
		return password, found && password != ""
	default:
		return "", false
	}
}

// access says who may call a route.
type access int

// The kinds of access. The zero value lets only an admin in, so that a route
// that forgets to say is closed.
const (
	accessAdmin access = iota
	// accessOpen needs nothing.
	accessOpen
	// accessRead needs a reader, or nobody when reads are public.
	accessRead
	// accessSend needs a sender of events.
	accessSend
	// accessDeliver needs a sender of events or a format whose signature the
	// intake checks.
	accessDeliver
	// accessMetrics needs a reader if metrics are private.
	accessMetrics
	// accessJudge needs someone who may judge.
	accessJudge
	// accessPropose needs someone who may propose verdicts.
	accessPropose
)

// role is the role that the access asks for, empty for none.
func (a access) role() Role {
	switch a {
	case accessOpen:
		return ""
	case accessRead, accessMetrics:
		return RoleReader
	case accessSend, accessDeliver:
		return RoleIngest
	case accessJudge:
		return RoleJudge
	case accessPropose:
		return RoleAgent
	case accessAdmin:
		return RoleAdmin
	default:
		return RoleAdmin
	}
}

// gate decides who passes.
type gate struct {
	publicRead, privateMetrics bool
	signatures                 Signatures
}

// admit returns nil when the caller may call a route with this access. Format
// is the webhook format that the request names, if any.
func (g *gate) admit(a access, format string, who *caller) *Problem {
	if g.free(a) || who.Role.Covers(a.role()) {
		return nil
	}
	if who.ID != "" {
		return forbidden.with(fmt.Sprintf("the role of %s is %s; this needs the role %s", who.spoken(), who.Role, a.role()))
	}
	if a == accessDeliver && g.signatures != nil && g.signatures.Checked(format) {
		return nil
	}
	return unauthorized.with(fmt.Sprintf("send a token with the role %s: Authorization: Bearer flt_...", a.role())).
		heading("WWW-Authenticate", challenge)
}

// free reports whether the access asks for nobody in particular.
func (g *gate) free(a access) bool {
	switch a {
	case accessOpen:
		return true
	case accessRead:
		return g.publicRead
	case accessMetrics:
		return !g.privateMetrics
	case accessAdmin, accessSend, accessDeliver, accessJudge, accessPropose:
		return false
	default:
		return false
	}
}
