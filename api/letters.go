package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/faultline/faultline/internal/query"
)

// LostKeeper keeps the news about incidents that a target could not be told.
type LostKeeper interface {
	Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error)
	SaveNoticeWord(ctx context.Context, w query.NoticeWord) error
}

// maxExcerpt bounds what a list shows of each dead letter, in bytes.
const maxExcerpt = 2000

// maxUndelivered bounds the news among which one is looked for.
const maxUndelivered = 1000

// DeadLetterRecord is a message that could not be used. ID names it for a replay.
type DeadLetterRecord struct {
	ID        string    `json:"id"`
	At        time.Time `json:"at"`
	Topic     string    `json:"topic,omitempty"`
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Format    string    `json:"format,omitempty"`
	Reason    string    `json:"reason"`
	Excerpt   string    `json:"excerpt"`
	// Bytes is the size of the whole message.
	Bytes int `json:"bytes"`
}

// LetterRef names a dead letter.
type LetterRef struct {
	ID string `json:"id"`
}

// Replay is what came of sending a dead letter in again.
type Replay struct {
	Accepted   int      `json:"accepted"`
	Duplicates int      `json:"duplicates"`
	Rejected   []string `json:"rejected"`
}

// UndeliveredRef names news that a target could not be told.
type UndeliveredRef struct {
	Target   string `json:"target"`
	Incident string `json:"incident"`
}

type lettersInput struct {
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"How many, the newest first."`
}

type bodyInput struct{ Delivery }

type lettersReply struct{ Body Page[DeadLetterRecord] }

type replayReply struct{ Body Replay }

type undeliveredReply struct{ Body Page[query.Undelivered] }

type settledReply struct{ Body query.Undelivered }

func (s *Server) routeLetters() {
	register(s, route{
		method: http.MethodGet, path: "/v1/dead-letters", id: "listDeadLetters", tag: tagOps, access: accessAdmin,
		summary: "List messages that could not be used", about: "The newest first, each with the beginning of its bytes.",
		example: Page[DeadLetterRecord]{Items: []DeadLetterRecord{exampleDeadLetter()}}, problems: []problemType{invalidParameter},
	}, s.listLetters)
	register(s, route{
		method: http.MethodPost, path: "/v1/dead-letters/replay", id: "replayDeadLetter", tag: tagOps, access: accessAdmin,
		summary: "Send a dead letter in again", about: "As if its sender had, after the cause was mended. What is known already counts as a duplicate, so a second try changes nothing. It is audited.",
		example: Replay{Accepted: 1, Rejected: []string{}}, problems: append(bodyProblems(), letterNotFound),
		body: s.objectBody(reflect.TypeFor[LetterRef](), "Which.", LetterRef{ID: exampleDeadLetter().ID}),
	}, s.replayLetter)
	register(s, route{
		method: http.MethodGet, path: "/v1/notifications/undelivered", id: "listUndelivered", tag: tagOps, access: accessAdmin,
		summary: "List notifications that could not be delivered", about: "What was given up after all attempts, the last first.",
		example: Page[query.Undelivered]{Items: []query.Undelivered{exampleUndelivered()}}, problems: []problemType{invalidParameter},
	}, s.listUndelivered)
	register(s, route{
		method: http.MethodPost, path: "/v1/notifications/undelivered/replay", id: "replayUndelivered", tag: tagOps, access: accessAdmin, status: http.StatusAccepted,
		summary: "Ask for another attempt", about: "The process that tells people tries anew within seconds; what it tells is the state of the incident then.",
		example: exampleUndelivered(), problems: append(bodyProblems(), letterNotFound),
		body: s.objectBody(reflect.TypeFor[UndeliveredRef](), "Which.", UndeliveredRef{Target: "slack C0123", Incident: "inc-7f3a"}),
	}, func(ctx context.Context, in *bodyInput) (*settledReply, error) {
		return s.sayOfUndelivered(ctx, in, query.NoticeAsked)
	})
	register(s, route{
		method: http.MethodPost, path: "/v1/notifications/undelivered/dismiss", id: "dismissUndelivered", tag: tagOps, access: accessAdmin,
		summary: "Dismiss an undelivered notification", about: "It is no longer listed; later news about the incident is told as always.",
		example: exampleUndelivered(), problems: append(bodyProblems(), letterNotFound),
		body: s.objectBody(reflect.TypeFor[UndeliveredRef](), "Which.", UndeliveredRef{Target: "slack C0123", Incident: "inc-7f3a"}),
	}, func(ctx context.Context, in *bodyInput) (*settledReply, error) {
		return s.sayOfUndelivered(ctx, in, query.NoticeDismissed)
	})
}

// letterID writes the place of a dead letter as one word.
func letterID(p *query.LetterPlace) string {
	return strings.Join([]string{p.Topic, strconv.Itoa(p.Partition), strconv.FormatInt(p.Offset, 10), strconv.FormatUint(p.Digest, 10)}, "/")
}

// letterPlace reads what letterID writes. A topic holds no slash.
func letterPlace(id string) (query.LetterPlace, error) {
	parts := strings.Split(id, "/")
	if len(parts) != 4 {
		return query.LetterPlace{}, errors.New("has not four parts")
	}
	place := query.LetterPlace{Topic: parts[0]}
	var wrong [3]error
	place.Partition, wrong[0] = strconv.Atoi(parts[1])
	place.Offset, wrong[1] = strconv.ParseInt(parts[2], 10, 64)
	place.Digest, wrong[2] = strconv.ParseUint(parts[3], 10, 64)
	return place, errors.Join(wrong[:]...)
}

func letterRecord(l *query.DeadLetter) DeadLetterRecord {
	excerpt := l.Value[:min(len(l.Value), maxExcerpt)]
	for !utf8.ValidString(excerpt) && len(l.Value) > maxExcerpt && len(excerpt) > maxExcerpt-utf8.UTFMax {
		excerpt = excerpt[:len(excerpt)-1]
	}
	return DeadLetterRecord{
		ID: letterID(&l.LetterPlace), At: l.At, Topic: l.Topic, Partition: l.Partition, Offset: l.Offset, Format: l.Format, Reason: l.Reason,
		Excerpt: strings.ToValidUTF8(excerpt, "\ufffd"), Bytes: max(l.Bytes, len(l.Value)),
	}
}

func (s *Server) listLetters(ctx context.Context, in *lettersInput) (*lettersReply, error) {
	out := &lettersReply{Body: Page[DeadLetterRecord]{Items: []DeadLetterRecord{}}}
	if s.deps.Letters == nil {
		return out, nil
	}
	letters, err := s.deps.Letters.DeadLetters(ctx, in.Limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	for i := range letters {
		out.Body.Items = append(out.Body.Items, letterRecord(&letters[i]))
	}
	return out, nil
}

func (s *Server) replayLetter(ctx context.Context, in *bodyInput) (*replayReply, error) {
	out := &replayReply{}
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) error {
		var ref LetterRef
		if err := decodeInto(body, &ref); err != nil {
			return err
		}
		place, err := letterPlace(ref.ID)
		if err != nil {
			return invalidInput.orNil([]FieldProblem{{Location: "body", Path: "id", Message: fmt.Sprintf("%q names no dead letter", ref.ID), Mend: "take it from GET /v1/dead-letters, unchanged"}})
		}
		if s.deps.Letters == nil {
			return letterNotFound.with("this process keeps no dead letters")
		}
		again, err := pageLetters{s}.Replay(ctx, place)
		out.Body = Replay{Accepted: again.Accepted, Duplicates: again.Duplicates, Rejected: list(again.Rejected)}
		return err
	})
	return out, err
}

func (s *Server) listUndelivered(ctx context.Context, in *lettersInput) (*undeliveredReply, error) {
	all, err := s.undelivered(ctx, in.Limit)
	return &undeliveredReply{Body: Page[query.Undelivered]{Items: list(all)}}, err
}

// undelivered reads the news that targets could not be told.
func (s *Server) undelivered(ctx context.Context, limit int) ([]query.Undelivered, error) {
	if s.deps.Lost == nil {
		return nil, nil
	}
	all, err := s.deps.Lost.Undelivered(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("list undelivered notifications: %w", err)
	}
	return all, nil
}

// sayOfUndelivered keeps what a person wants of news that was given up.
func (s *Server) sayOfUndelivered(ctx context.Context, in *bodyInput, state query.NoticeState) (*settledReply, error) {
	out := &settledReply{}
	err := s.withBody(ctx, &in.Delivery, func(ctx context.Context, body []byte) (err error) {
		var ref UndeliveredRef
		if err := decodeInto(body, &ref); err != nil {
			return err
		}
		out.Body, err = s.settleUndelivered(ctx, ref, state)
		return err
	})
	return out, err
}

// pageLost answers the administration page about undelivered news.
type pageLost struct{ *Server }

// Undelivered lists the newest.
func (p pageLost) Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error) {
	return p.undelivered(ctx, limit)
}

// Again asks for another attempt.
func (p pageLost) Again(ctx context.Context, target, incident string) error {
	_, err := p.settleUndelivered(ctx, UndeliveredRef{Target: target, Incident: incident}, query.NoticeAsked)
	return err
}

// Forget dismisses what could not be told.
func (p pageLost) Forget(ctx context.Context, target, incident string) error {
	_, err := p.settleUndelivered(ctx, UndeliveredRef{Target: target, Incident: incident}, query.NoticeDismissed)
	return err
}

// settleUndelivered keeps a person's word about news that waits.
func (s *Server) settleUndelivered(ctx context.Context, ref UndeliveredRef, state query.NoticeState) (query.Undelivered, error) {
	all, err := s.undelivered(ctx, maxUndelivered)
	if err != nil {
		return query.Undelivered{}, err
	}
	at := slices.IndexFunc(all, func(u query.Undelivered) bool { return u.Target == ref.Target && u.Incident == ref.Incident })
	if at < 0 {
		return query.Undelivered{}, letterNotFound.with(fmt.Sprintf("no news of %q waits for the target %q; GET /v1/notifications/undelivered lists what does", ref.Incident, ref.Target))
	}
	found, by, now := all[at], requestOf(ctx).callerName(), s.deps.Now().UTC().Truncate(time.Millisecond)
	entry := query.AuditEntry{At: now, ID: uuid.NewString(), Actor: by, Action: "notification " + string(state), Target: ref.Incident, Detail: ref.Target}
	if err := s.deps.Letters.SaveAudit(ctx, entry); err != nil {
		return found, fmt.Errorf("keep who settled a notification: %w", err)
	}
	if err := s.deps.Lost.SaveNoticeWord(ctx, query.NoticeWord{Target: ref.Target, Incident: ref.Incident, At: now, State: state, By: by}); err != nil {
		return found, fmt.Errorf("settle a notification: %w", err)
	}
	found.State, found.AskedBy = state, by
	return found, nil
}
