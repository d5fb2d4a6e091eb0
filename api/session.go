package api

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"
)

// sessionCookie is the name of the session cookie. Over TLS it has the prefix
// that binds it to this host.
const (
	sessionCookie     = "faultline_session"
	sessionCookieHost = "__Host-" + sessionCookie
)

// Sizes in bytes: of a session's nonce, of its seal, of the key that seals.
const (
	nonceBytes      = 16
	sealBytes       = sha256.Size
	sessionKeyBytes = 32
)

// maxRevoked bounds how many ended sessions, and how many sign-ins that came back,
// are remembered until they expire.
const maxRevoked = 10_000

// sessions seals and opens the cookies of signed-in visitors. A cookie names
// the token by its id and holds nothing of its secret; the seal covers the
// token's hash, so that a token that is replaced or taken out of the
// configuration ends its sessions. For a person whom an identity provider
// vouched for, the cookie says who they are, and the seal covers the terms.
type sessions struct {
	key    [sessionKeyBytes]byte
	life   time.Duration
	ring   *keyring
	people *people
	now    func() time.Time

	mu sync.Mutex
	// revoked holds the nonces of sessions that were signed out, spent those of
	// sign-ins that came back. They are apart, since anybody may begin a sign-in.
	revoked, spent nonces
}

// newSessions derives the sealing key from the secret, which replicas of the
// API share. Without one it is drawn, and sessions end with the process.
func newSessions(secret string, life time.Duration, ring *keyring, people *people, now func() time.Time) *sessions {
	s := &sessions{life: life, ring: ring, people: people, now: now, revoked: nonces{}, spent: nonces{}}
	if secret == "" {
		_, _ = rand.Read(s.key[:]) // Documented never to fail.
		return s
	}
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte("faultline session key")) // Documented never to fail.
	copy(s.key[:], mac.Sum(nil))
	return s
}

// session is an opened cookie.
type session struct {
	who   *caller
	nonce [nonceBytes]byte
	ends  time.Time
}

// begin seals a new session for a caller.
func (s *sessions) begin(who *caller) (text string, ends time.Time) {
	ends = s.now().Add(s.life)
	if !who.ExpiresAt.IsZero() && who.ExpiresAt.Before(ends) {
		ends = who.ExpiresAt
	}
	var nonce [nonceBytes]byte
	_, _ = rand.Read(nonce[:]) // Documented never to fail.
	identity := who.identity()
	payload := make([]byte, 0, 8+nonceBytes+len(identity))
	payload = binary.BigEndian.AppendUint64(payload, uint64(ends.Unix()))
	payload = append(payload, nonce[:]...)
	payload = append(payload, identity...)
	return base64.RawURLEncoding.EncodeToString(append(s.seal(payload, who), payload...)), ends
}

// seal signs a session together with the hash of its token.
func (s *sessions) seal(payload []byte, who *caller) []byte {
	mac := hmac.New(sha256.New, s.key[:])
	_, _ = mac.Write(who.sum[:]) // Documented never to fail, like the next.
	_, _ = mac.Write(payload)
	return mac.Sum(nil)
}

// open returns the session of a request, nil when it has none that counts.
func (s *sessions) open(r *http.Request) *session {
	cookie, err := r.Cookie(cookieName(r))
	if err != nil {
		return nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(cookie.Value)
	if err != nil || len(raw) <= sealBytes+8+nonceBytes {
		return nil
	}
	seal, payload := raw[:sealBytes], raw[sealBytes:]
	opened := &session{ends: time.Unix(int64(binary.BigEndian.Uint64(payload)), 0)} //nolint:gosec // Sealed by this process.
	copy(opened.nonce[:], payload[8:])
	who := s.holder(string(payload[8+nonceBytes:]))
	if who == nil || !hmac.Equal(seal, s.seal(payload, who)) {
		return nil
	}
	now := s.now()
	if !now.Before(opened.ends) || !who.ExpiresAt.IsZero() && !now.Before(who.ExpiresAt) || s.ended(opened.nonce) {
		return nil
	}
	opened.who = who
	return opened
}

// holder is whom a cookie names: the holder of a token, or a person. Nobody may
// be believed before the seal is checked.
func (s *sessions) holder(identity string) *caller {
	if strings.HasPrefix(identity, personMark) {
		return s.people.read(identity)
	}
	return s.ring.callers[identity]
}

func (s *sessions) ended(nonce [nonceBytes]byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.revoked.has(nonce)
}

// end remembers a session that was signed out until it would have expired.
func (s *sessions) end(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked.add(x.nonce, x.ends, s.now())
}

// nonces are remembered until their end, a bounded number of them.
type nonces map[[nonceBytes]byte]time.Time

func (n nonces) has(nonce [nonceBytes]byte) bool {
	_, found := n[nonce]
	return found
}

// add remembers one more. Where there is no room, those that are over go, and
// when none is, the one that would be over first.
func (n nonces) add(nonce [nonceBytes]byte, ends, now time.Time) {
	if len(n) >= maxRevoked && !n.has(nonce) {
		first := nonce
		for known, end := range n {
			if !now.Before(end) {
				delete(n, known)
			}
			if first == nonce || end.Before(n[first]) {
				first = known
			}
		}
		if len(n) >= maxRevoked {
			delete(n, first)
		}
	}
	n[nonce] = ends
}

// formToken proves that a form came from a page of the session. It is masked
// with random bytes, so that what is sent differs every time and the length of
// a compressed page tells nothing about it.
func (s *sessions) formToken(x *session) string {
	proof := s.formProof(x)
	mask := make([]byte, len(proof))
	_, _ = rand.Read(mask) // Documented never to fail.
	subtle.XORBytes(proof, proof, mask)
	return base64.RawURLEncoding.EncodeToString(append(mask, proof...))
}

// checkForm reports whether a form token belongs to the session.
func (s *sessions) checkForm(x *session, text string) bool {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != 2*sealBytes {
		return false
	}
	subtle.XORBytes(raw[sealBytes:], raw[sealBytes:], raw[:sealBytes])
	return hmac.Equal(raw[sealBytes:], s.formProof(x))
}

func (s *sessions) formProof(x *session) []byte {
	mac := hmac.New(sha256.New, s.key[:])
	_, _ = mac.Write([]byte("form")) // Documented never to fail, like the next.
	_, _ = mac.Write(x.nonce[:])
	return mac.Sum(nil)
}

// secured tells whether the browser speaks TLS, to us or to a proxy before us that
// says so. Who makes that up binds his own cookie tighter and gains nothing.
func secured(r *http.Request) bool {
	outermost, _, _ := strings.Cut(r.Header.Get("X-Forwarded-Proto"), ",")
	return r.TLS != nil || strings.EqualFold(strings.TrimSpace(outermost), "https")
}

func cookieName(r *http.Request) string {
	if secured(r) {
		return sessionCookieHost
	}
	return sessionCookie
}

// cookie is a session cookie. Lax lets a link in a chat message open a page
// while no other site can send a form.
func cookie(r *http.Request, value string) *http.Cookie {
	return &http.Cookie{
		Name: cookieName(r), Value: value, Path: "/", HttpOnly: true, Secure: secured(r), SameSite: http.SameSiteLaxMode,
	}
}

// door lets visitors of the pages in and out.
type door struct{ *Server }

// errNoEntry are the words for a token that opens nothing.
var errNoEntry = errors.New("this token is not known here or has expired")

// errNoReader are the words for a token that may not read.
var errNoReader = errors.New("this token may send events and not read; sign in with a reader, judge or admin")

// SignIn begins a session for the holder of a token.
func (d door) SignIn(w http.ResponseWriter, r *http.Request, token string) error {
	who, problem := d.ring.identify(http.Header{"Authorization": {"Bearer " + strings.TrimSpace(token)}})
	if problem != nil || who == d.ring.nobody {
		d.metrics.refused.WithLabelValues(unauthorized.slug).Inc()
		return errNoEntry
	}
	if !who.Role.Covers(RoleReader) {
		return errNoReader
	}
	d.admit(w, r, who)
	return nil
}

// admit begins a session and ends the one before it.
func (d door) admit(w http.ResponseWriter, r *http.Request, who *caller) {
	if before := d.sessions.open(r); before != nil {
		d.sessions.end(before)
	}
	text, ends := d.sessions.begin(who)
	c := cookie(r, text)
	// Relative, since the visitor's clock may be wrong.
	c.MaxAge = max(1, int(ends.Sub(d.sessions.now())/time.Second))
	http.SetCookie(w, c)
}

// SignOut ends the session and takes its cookie away.
func (d door) SignOut(w http.ResponseWriter, r *http.Request) {
	if x := d.sessions.open(r); x != nil {
		d.sessions.end(x)
	}
	c := cookie(r, "")
	c.MaxAge = -1
	http.SetCookie(w, c)
}
