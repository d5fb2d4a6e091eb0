package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// maxLetters is how many dead letters the page lists.
const maxLetters = 50

// quietSource is the silence from which a source is said to be quiet. A source
// may have nothing to say for long, so this is a hint and no alarm.
const quietSource = 24 * time.Hour

// Token is a token as an administrator sees it: never the token itself.
type Token struct {
	ID, Name, Role string
	ExpiresAt      time.Time
	// UsedAt is when it was last used here, zero for not since this process
	// began.
	UsedAt time.Time
}

// drawnToken is a new token, shown once.
type drawnToken struct{ Text, Entry string }

// Replayed is what came of sending a dead letter in again.
type Replayed struct {
	Accepted, Duplicates int
	// Rejected are the reasons of what was refused again.
	Rejected []string
}

// adminBody is what the administration page shows.
type adminBody struct {
	Sources  []sourceRow
	Tokens   []tokenRow
	Letters  []letterRow
	Lost     []lostRow
	More     bool
	Rules    *Rules
	Replayed *Replayed
	Drawn    *drawnToken
	Windows  []windowRow
	// CanAnnounce and CanDraw tell which forms there are.
	CanAnnounce, CanDraw bool
	Roles                []string
	Names                *namesBody
	Audit                []auditRow
	// Audited tells that there is an audit at all.
	Audited bool
	CSRF    string
}

type sourceRow struct {
	Kind, Source string
	Last         moment
	Events       int
	Quiet        bool
	// Lag is what 95 % of the events kept; Late tells that it is long.
	Lag  string
	Late bool
}

type tokenRow struct {
	ID, Name, Role string
	Expires, Used  moment
	Expired        bool
}

// letterRow is a message that could not be used.
type letterRow struct {
	Place, Format, Reason string
	At                    moment
	Body                  string
	Cut                   bool
	// The identity, for the form.
	Topic             string
	Partition, Offset string
	Digest            string
}

func (s *Site) adminPage(w http.ResponseWriter, r *http.Request) error {
	return s.showAdmin(w, r, &adminBody{})
}

func (s *Site) showAdmin(w http.ResponseWriter, r *http.Request, body *adminBody) error {
	body.CSRF = visitorOf(r.Context()).FormToken
	known, err := s.fresh.get(r.Context())
	if err != nil {
		return err
	}
	now := s.now()
	for _, f := range known {
		body.Sources = append(body.Sources, sourceRow{
			Kind: words(f.Kind), Source: line(f.Source), Last: when(f.LastSeenAt, now), Events: int(f.Events), Quiet: now.Sub(f.LastSeenAt) > quietSource, //nolint:gosec // A count of rows.
			Lag: lagWords(f.Lag), Late: f.Lag > lateSource,
		})
	}
	s.tokens(body)
	body.Names = s.names(r.URL.Query())
	if err := s.windows(r, body); err != nil {
		return err
	}
	if s.deps.Policy != nil {
		rules := s.deps.Policy.Rules()
		body.Rules = &rules
	}
	if err := s.letters(r, body); err != nil {
		return err
	}
	if err := s.undelivered(r, body); err != nil {
		return err
	}
	if err := s.audit(r, body); err != nil {
		return err
	}
	return s.show(w, r, &view{page: "admin", title: "Administration", section: "Administration", body: body})
}

// lateSource is the lag from which a source is said to be late: findings are
// promised within a second of the alert.
const lateSource = 5 * time.Second

// lagWords say a lag; below a second its exact size tells nobody anything.
func lagWords(d time.Duration) string {
	if d < time.Second {
		return "under a second"
	}
	return span(d)
}

// tokens lists the tokens without anything secret.
func (s *Site) tokens(body *adminBody) {
	if s.deps.Keys == nil {
		return
	}
	now := s.now()
	body.CanDraw, body.Roles = true, s.deps.Keys.Roles()
	for _, t := range s.deps.Keys.Tokens() {
		body.Tokens = append(body.Tokens, tokenRow{
			ID: line(t.ID), Name: line(t.Name), Role: t.Role, Expires: when(t.ExpiresAt, now), Used: when(t.UsedAt, now),
			Expired: !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt),
		})
	}
}

// drawToken shows a new token once, with what the configuration needs of it.
func (s *Site) drawToken(w http.ResponseWriter, r *http.Request) error {
	if s.deps.Keys == nil {
		return s.wrongAddress(w, r, "Tokens cannot be drawn here.")
	}
	text, entry, err := s.deps.Keys.Draw(r.Context(), strings.TrimSpace(r.PostFormValue("name")), r.PostFormValue("role"))
	if err != nil {
		return s.wrongAddress(w, r, sentence(err))
	}
	return s.showAdmin(w, r, &adminBody{Drawn: &drawnToken{Text: text, Entry: entry}})
}

// letters lists the newest dead letters.
func (s *Site) letters(r *http.Request, body *adminBody) error {
	if s.deps.Letters == nil {
		return nil
	}
	letters, err := s.deps.Letters.DeadLetters(r.Context(), maxLetters+1)
	if err != nil {
		return err
	}
	body.More = len(letters) > maxLetters
	for i := range letters[:min(len(letters), maxLetters)] {
		l := &letters[i]
		row := letterRow{
			Place: "by HTTP", Format: line(l.Format), Reason: line(l.Reason), At: s.at(l.At), Body: plain(l.Value, blockLetters), Cut: len(l.Value) > blockLetters,
			Topic: l.Topic, Partition: strconv.Itoa(l.Partition), Offset: strconv.FormatInt(l.Offset, 10), Digest: strconv.FormatUint(l.Digest, 10),
		}
		if l.Topic != "" {
			row.Place = line(l.Topic) + ", partition " + row.Partition + ", offset " + row.Offset
		}
		body.Letters = append(body.Letters, row)
	}
	return nil
}

// replay sends a dead letter in again, after the cause was mended. What is known
// already counts as a duplicate, so a second try changes nothing.
func (s *Site) replay(w http.ResponseWriter, r *http.Request) error {
	var place query.LetterPlace
	place.Topic = r.PostFormValue("topic")
	var wrong [3]error
	place.Partition, wrong[0] = strconv.Atoi(r.PostFormValue("partition"))
	place.Offset, wrong[1] = strconv.ParseInt(r.PostFormValue("offset"), 10, 64)
	place.Digest, wrong[2] = strconv.ParseUint(r.PostFormValue("digest"), 10, 64)
	for _, err := range wrong {
		if err != nil || s.deps.Letters == nil {
			return s.wrongAddress(w, r, "The form does not name a dead letter.")
		}
	}
	result, err := s.deps.Letters.Replay(r.Context(), place)
	if err != nil {
		return err
	}
	for i := range result.Rejected {
		result.Rejected[i] = line(result.Rejected[i])
	}
	return s.showAdmin(w, r, &adminBody{Replayed: &result})
}
