package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// pageKeys answers the administration page about tokens.
type pageKeys struct{ *Server }

// Tokens lists the tokens without their hashes.
func (p pageKeys) Tokens() []web.Token {
	all := make([]web.Token, len(p.cfg.Tokens))
	for i, t := range p.cfg.Tokens {
		all[i] = web.Token{ID: t.ID, Name: t.Name, Role: string(t.Role), ExpiresAt: t.ExpiresAt, UsedAt: p.ring.callers[t.ID].lastUsed()}
	}
	return all
}

// Roles lists what a token may do.
func (pageKeys) Roles() []string {
	var all []string
	for _, role := range Roles() {
		all = append(all, string(role))
	}
	return all
}

// Draw makes a token and the entry that the configuration needs of it. It is
// kept nowhere, so that nobody gains a right by a page alone; that it was drawn is
// in the audit before anybody sees it.
func (p pageKeys) Draw(ctx context.Context, name, role string) (text, entry string, err error) {
	text, token, err := NewToken(rand.Reader, name, Role(role))
	if err != nil {
		return "", "", err
	}
	p.log.LogAttrs(ctx, slog.LevelInfo, "a token was drawn", slog.String("token_id", token.ID), slog.String("role", role), slog.String("caller", requestOf(ctx).callerName()))
	if err := p.audit(ctx, requestOf(ctx).callerName(), "token drawn", token.ID, token.Name+", "+role); err != nil {
		return "", "", err
	}
	entry = fmt.Sprintf("{id: %s, name: %q, role: %s, hash: %q}", token.ID, token.Name, token.Role, token.Hash)
	return text, entry, nil
}

// pageWindows answers the administration page about maintenance.
type pageWindows struct{ *Server }

// Windows lists those that matter still.
func (p pageWindows) Windows(ctx context.Context) ([]web.Window, error) {
	known, err := p.windows(ctx)
	if err != nil {
		return nil, err
	}
	all := make([]web.Window, len(known))
	for i := range known {
		w := &known[i]
		all[i] = web.Window{
			ID: w.ID, State: w.State, Services: w.Services, Environment: w.Environment, From: w.StartsAt, To: w.EndsAt, Reason: w.Reason,
			CreatedBy: w.CreatedBy, ChangedBy: w.ChangedBy,
		}
	}
	return all, nil
}

// Announce keeps a new window.
func (p pageWindows) Announce(ctx context.Context, a *web.Announcement) error {
	asked := MaintenanceRequest{Services: a.Services, Environment: a.Environment, EndsAt: a.To, Reason: a.Reason}
	if !a.From.IsZero() {
		asked.StartsAt = &a.From
	}
	_, err := p.announce(ctx, &asked)
	return err
}

// EndWindow ends a window early.
func (p pageWindows) EndWindow(ctx context.Context, id string) error {
	_, err := p.endWindow(ctx, id)
	return err
}

// pagePolicy answers the page of violations.
type pagePolicy struct{ *Server }

// Rules tells what the policy in force asks for.
func (p pagePolicy) Rules() web.Rules {
	rules := web.Rules{Version: p.deps.Policy.Version()}
	if named, ok := p.deps.Policy.(interface{ Rules() []string }); ok {
		rules.Names = named.Rules()
	}
	for _, lapse := range policy.Lapses() {
		rules.Lapses = append(rules.Lapses, string(lapse))
	}
	return rules
}

// Violations lists what went through against the rules.
func (p pagePolicy) Violations(ctx context.Context, q web.ViolationQuery) (query.Page[web.Violation], error) {
	var none query.Page[web.Violation]
	in := violationsInput{
		PageInput: PageInput{Limit: q.Limit, Cursor: q.Cursor}, RangeInput: RangeInput{From: q.From, To: q.To}, Service: q.Service, Rule: q.Rule,
	}
	for _, lapse := range q.Lapse {
		in.Lapse = append(in.Lapse, policy.Lapse(lapse))
	}
	found, next, err := p.violationPage(ctx, &in)
	if err != nil {
		return none, err
	}
	page := query.Page[web.Violation]{Next: next, Items: make([]web.Violation, len(found))}
	for i := range found {
		page.Items[i] = pageViolation(&found[i])
	}
	return page, nil
}

// maxGateWords bounds the answers of the gate on the page of a change.
const maxGateWords = 5

// Of tells how a change stands to the rules, and what the gate said of it.
func (p pagePolicy) Of(ctx context.Context, change *correlate.Change) (against []web.Violation, gate []web.GateWord, err error) {
	tiers, err := p.tiers(ctx)
	if err != nil {
		return nil, nil, err
	}
	found, err := p.violationsOf(ctx, &violationsInput{}, []correlate.Change{*change}, tiers)
	if err != nil {
		return nil, nil, err
	}
	for i := range found {
		against = append(against, pageViolation(&found[i]))
	}
	kept, err := p.deps.Store.Decisions(ctx, query.GateDecisions{Change: change.Key(), Limit: maxGateWords})
	if err != nil {
		return nil, nil, fmt.Errorf("read what the gate said of %s: %w", change.Key(), err)
	}
	for _, d := range kept.Items {
		gate = append(gate, web.GateWord{At: d.At, Outcome: d.Decision, Asker: d.AskedBy, Reasons: d.Reasons})
	}
	return against, gate, nil
}

// pageViolation is a violation as pages show it.
func pageViolation(v *Violation) web.Violation {
	return web.Violation{
		Rule: v.Rule, Title: v.Title, Outcome: string(v.Outcome), Lapse: string(v.Lapse), Reason: v.Reason, Mend: v.Mend, Change: v.Change,
		ChangeTitle: v.ChangeTitle, Kind: v.Kind, Services: v.Services, StartedAt: v.StartedAt, Tier: v.Tier, Class: v.Class, Approvals: approvalWords(v.Approvals),
	}
}

// approvalWords say who approved and whether it counts.
func approvalWords(approvals []policy.ApprovalFacts) []string {
	out := make([]string, len(approvals))
	for i := range approvals {
		a := &approvals[i]
		out[i] = a.By
		if a.Level != "" {
			out[i] += " (" + a.Level + ")"
		}
		switch {
		case a.Counts:
		case a.ByAuthor:
			out[i] += ", the author"
		case !a.Human:
			out[i] += ", a machine"
		case !a.BeforeStart:
			out[i] += ", after the start"
		default:
			out[i] += ", of an older commit"
		}
	}
	return out
}

// LetterReader reads the messages that could not be used and keeps who sent one
// in again. DeadLetter returns query.ErrNotFound for one that is not stored.
type LetterReader interface {
	DeadLetters(ctx context.Context, limit int) ([]query.DeadLetter, error)
	DeadLetter(ctx context.Context, place query.LetterPlace) (query.DeadLetter, error)
	SaveAudit(ctx context.Context, entry query.AuditEntry) error
}

// pageLetters answers the administration page about dead letters.
type pageLetters struct{ *Server }

// DeadLetters lists the newest.
func (p pageLetters) DeadLetters(ctx context.Context, limit int) ([]query.DeadLetter, error) {
	return p.deps.Letters.DeadLetters(ctx, limit)
}

// Replay sends a dead letter in again, as if its sender had.
func (p pageLetters) Replay(ctx context.Context, place query.LetterPlace) (web.Replayed, error) {
	var out web.Replayed
	letter, err := p.deps.Letters.DeadLetter(ctx, place)
	if errors.Is(err, query.ErrNotFound) {
		return out, letterNotFound.with("this dead letter is no longer stored")
	}
	if err != nil {
		return out, fmt.Errorf("read a dead letter: %w", err)
	}
	header := http.Header{}
	for name, value := range letter.Headers {
		header.Set(name, value)
	}
	format := cmp.Or(letter.Format, contractFormat)
	receipt, err := p.deps.Intake.Readmit(ctx, p.deps.KindOfTopic(letter.Topic), format, header, []byte(letter.Value))
	var field *event.FieldError
	switch {
	case errors.As(err, &field):
		out.Rejected = []string{field.Error()}
	case err != nil:
		return out, fmt.Errorf("send a dead letter in again: %w", err)
	}
	out.Accepted, out.Duplicates = receipt.Accepted, receipt.Duplicates
	for i := range receipt.Rejected {
		out.Rejected = append(out.Rejected, receipt.Rejected[i].Err.Error())
	}
	return out, p.auditReplay(ctx, place, &out)
}

// auditReplay keeps who sent what in again.
func (p pageLetters) auditReplay(ctx context.Context, place query.LetterPlace, out *web.Replayed) error {
	p.log.LogAttrs(ctx, slog.LevelInfo, "a dead letter was sent in again", slog.String("topic", place.Topic), slog.Int64("offset", place.Offset),
		slog.Int("accepted", out.Accepted), slog.Int("rejected", len(out.Rejected)))
	entry := query.AuditEntry{
		At: p.deps.Now().UTC().Truncate(time.Millisecond), ID: uuid.NewString(), Actor: requestOf(ctx).callerName(), Action: "replay",
		Target: fmt.Sprintf("%s/%d/%d/%d", place.Topic, place.Partition, place.Offset, place.Digest),
		Detail: fmt.Sprintf("%d accepted, %d duplicates, %d rejected", out.Accepted, out.Duplicates, len(out.Rejected)),
	}
	if err := p.deps.Letters.SaveAudit(ctx, entry); err != nil {
		return fmt.Errorf("keep who sent a dead letter in again: %w", err)
	}
	return nil
}
