package api

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"golang.org/x/time/rate"
)

// SignOn lets people in whom an identity provider vouches for.
type SignOn struct {
	// Name is what the sign-in page calls the provider.
	Name string
	// Terms name the provider and who may do what. When they change, the sessions
	// of people end.
	Terms    string
	Provider IdentityProvider
}

// IdentityProvider sends people to where they prove who they are, and checks
// what they bring back. Pending is what Begin wants back at Finish, from the same
// browser. An error with a method Refusal() bool that reports true is an answer of no
// whose words people may read.
type IdentityProvider interface {
	Begin(ctx context.Context) (address string, pending []byte, err error)
	Finish(ctx context.Context, pending []byte, answer url.Values) (Person, error)
}

// Person is who signed in.
type Person struct {
	// Subject identifies the person at the provider for good.
	Subject string `json:"sub"`
	Name    string `json:"name"`
	Role    Role   `json:"role"`
}

// personMark begins the identity of a person in a cookie. The id of a token
// holds no underscore.
const personMark = "_"

// identity is what a session cookie says about its holder.
func (c *caller) identity() string {
	if c.person == nil {
		return c.ID
	}
	raw, err := json.Marshal(c.person)
	if err != nil {
		panic(err) // A Person holds only strings.
	}
	return personMark + string(raw)
}

// people makes callers of those whom the identity provider vouched for. They
// share one allowance, since nobody knows how many they are.
type people struct {
	on      *SignOn
	sum     [sha256.Size]byte
	limiter *rate.Limiter
}

func newPeople(on *SignOn, cfg *Config) *people {
	p := &people{on: on, limiter: rate.NewLimiter(rate.Limit(cfg.RatePerSecond), cfg.RateBurst)}
	if on != nil {
		p.sum = sha256.Sum256([]byte("people " + on.Terms))
	}
	return p
}

// caller is a person who may call.
func (p *people) caller(who Person) *caller {
	return &caller{Token: Token{ID: "person", Name: who.Name, Role: who.Role}, sum: p.sum, limiter: p.limiter, person: &who}
}

// read makes a caller of what a cookie says, nil while nobody vouches for
// people.
func (p *people) read(identity string) *caller {
	var who Person
	if p.on == nil || json.Unmarshal([]byte(identity[len(personMark):]), &who) != nil {
		return nil
	}
	return p.caller(who)
}

// pendingCookie keeps what a sign-in began with until the provider sends the
// person back. pendingLife is how long that may take.
const (
	pendingCookie = "faultline_pending"
	pendingLife   = 10 * time.Minute
)

// pendingSignIn is the content of that cookie.
type pendingSignIn struct {
	Held []byte    `json:"held"`
	Next string    `json:"next"`
	Ends time.Time `json:"ends"`
}

// hide encrypts what a browser keeps for the way back, under a key of its own.
func (s *sessions) hide(value pendingSignIn) (string, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return "", fmt.Errorf("encode a sign-in: %w", err)
	}
	box, err := s.box()
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(box.Seal(nil, nil, raw, []byte(pendingCookie))), nil
}

// reveal reads what hide wrote.
func (s *sessions) reveal(text string) (value pendingSignIn, ok bool) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return value, false
	}
	box, err := s.box()
	if err != nil {
		return value, false
	}
	plain, err := box.Open(nil, nil, raw, []byte(pendingCookie))
	if err != nil || json.Unmarshal(plain, &value) != nil {
		return value, false
	}
	return value, s.now().Before(value.Ends)
}

// box encrypts under a key that is derived from the sessions' own.
func (s *sessions) box() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, s.key[:])
	_, _ = mac.Write([]byte("pending sign-in")) // Documented never to fail.
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("key of pending sign-ins: %w", err)
	}
	box, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("key of pending sign-ins: %w", err)
	}
	return box, nil
}

// Words for what a visitor can do nothing about but try again.
var (
	errNoProvider   = errors.New("no identity provider is configured here; sign in with a token")
	errProviderDown = errors.New("the identity provider cannot be reached; try again, or sign in with a token")
	errLostSignIn   = errors.New("this sign-in took longer than ten minutes, was used already or was begun in another browser; begin again")
	errNotRecorded  = errors.New("this sign-in could not be recorded, so it does not count; try again")
	errTooMany      = errors.New("too many people sign in at this moment; try again")
)

// ProviderName is what the sign-in page calls the provider, empty without one.
func (d door) ProviderName() string {
	if d.people.on == nil {
		return ""
	}
	return d.people.on.Name
}

// BeginSignOn returns the address at the identity provider to send a visitor to.
func (d door) BeginSignOn(w http.ResponseWriter, r *http.Request, next string) (string, error) {
	if d.people.on == nil {
		return "", errNoProvider
	}
	if !d.ring.nobody.limiter.AllowN(d.sessions.now(), 1) {
		return "", errTooMany
	}
	address, held, err := d.people.on.Provider.Begin(r.Context())
	if err != nil {
		return "", d.refusedSignOn(r, err)
	}
	text, err := d.sessions.hide(pendingSignIn{Held: held, Next: next, Ends: d.sessions.now().Add(pendingLife)})
	if err != nil {
		return "", err
	}
	c := d.pendingCookie(r, text)
	c.MaxAge = int(pendingLife / time.Second)
	http.SetCookie(w, c)
	return address, nil
}

// FinishSignOn begins the session of a visitor who comes back from the identity
// provider, and returns where they wanted to go. What they bring back counts once.
func (d door) FinishSignOn(w http.ResponseWriter, r *http.Request) (next string, err error) {
	if d.people.on == nil {
		return "", errNoProvider
	}
	kept, err := r.Cookie(pendingCookie)
	if err != nil {
		return "", errLostSignIn
	}
	spent := d.pendingCookie(r, "")
	spent.MaxAge = -1
	http.SetCookie(w, spent)
	pending, ok := d.sessions.reveal(kept.Value)
	if !ok || !d.sessions.spend(kept.Value, pending.Ends) {
		return "", errLostSignIn
	}
	if !d.ring.nobody.limiter.AllowN(d.sessions.now(), 1) {
		return "", errTooMany
	}
	who, err := d.people.on.Provider.Finish(r.Context(), pending.Held, r.URL.Query())
	if err != nil {
		return "", d.refusedSignOn(r, err)
	}
	if !who.Role.Covers(RoleReader) {
		return "", errNoReader
	}
	if err := d.audit(r.Context(), who.Name, "sign-in", string(who.Role), "by "+d.people.on.Name); err != nil {
		d.log.LogAttrs(r.Context(), slog.LevelError, "a sign-in could not be recorded", slog.String("request_id", requestOf(r.Context()).id), slog.Any("error", err))
		return "", errNotRecorded
	}
	d.admit(w, r, d.people.caller(who))
	d.log.LogAttrs(r.Context(), slog.LevelInfo, "a person signed in", slog.String("caller", who.Name), slog.String("role", string(who.Role)))
	return pending.Next, nil
}

// spend marks a pending sign-in as used, and reports false for one that was.
func (s *sessions) spend(text string, ends time.Time) bool {
	sum := sha256.Sum256([]byte(text))
	var nonce [nonceBytes]byte
	copy(nonce[:], sum[:])
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.spent.has(nonce) {
		return false
	}
	s.spent.add(nonce, ends, s.now())
	return true
}

// pendingCookie is only sent to the pages of the sign-in.
func (d door) pendingCookie(r *http.Request, value string) *http.Cookie {
	return &http.Cookie{Name: pendingCookie, Value: value, Path: "/sign-in", HttpOnly: true, Secure: secured(r), SameSite: http.SameSiteLaxMode}
}

// refusedSignOn logs why nobody was let in, and leaves to the visitor the words
// that are theirs to read.
func (d door) refusedSignOn(r *http.Request, err error) error {
	d.metrics.refused.WithLabelValues(unauthorized.slug).Inc()
	d.log.LogAttrs(r.Context(), slog.LevelWarn, "a sign-in by the identity provider failed", slog.String("request_id", requestOf(r.Context()).id), slog.Any("error", err))
	var refusal interface{ Refusal() bool }
	if errors.As(err, &refusal) && refusal.Refusal() {
		return err
	}
	return errProviderDown
}
