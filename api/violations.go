package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// violationBatch is how many changes are judged between two looks at the clock.
const violationBatch = 100

// Violation is one rule that a change did not keep when it went through.
type Violation struct {
	policy.RuleFinding
	Change      correlate.Key             `json:"change"`
	ChangeTitle string                    `json:"change_title,omitempty"`
	Kind        correlate.ChangeKind      `json:"kind"`
	Services    []string                  `json:"services"`
	StartedAt   time.Time                 `json:"started_at"`
	Tier        int                       `json:"tier"`
	Class       correlate.ProvenanceClass `json:"class"`
	Approvals   []policy.ApprovalFacts    `json:"approvals"`
	// Policy is the version of the rules.
	Policy string `json:"policy"`
}

type violationsInput struct {
	Conditional
	Located
	PageInput
	RangeInput
	Service string         `query:"service" maxLength:"300" doc:"Changes of this service." example:"checkout"`
	Rule    string         `query:"rule" maxLength:"200" doc:"Id of a rule." example:"ai-senior-approval"`
	Lapse   []policy.Lapse `query:"lapse" enum:"no_approval,not_senior,by_author,after_start,without_time,older_commit,by_machine,rule,break_glass,not_judged" doc:"What is wrong: any of these, separated by commas."`
}

// violationCursor is where a page ended: the cursor of the batch of changes in
// which it did, and how many violations of that batch it holds.
type violationCursor struct {
	Filter uint64 `json:"f"`
	Batch  string `json:"b"`
	Skip   int    `json:"s"`
}

func (s *Server) listViolations(ctx context.Context, in *violationsInput) (*pageReply[Violation], error) {
	items, next, err := s.violationPage(ctx, in)
	if err != nil {
		return nil, err
	}
	return paged(&in.Conditional, &in.here, items, next)
}

// violationPage is one page of violations and the cursor of the next.
func (s *Server) violationPage(ctx context.Context, in *violationsInput) (items []Violation, cursor string, err error) {
	if s.deps.Policy == nil {
		return nil, "", rulesMissing.with("this process has no policy")
	}
	if err := in.check(); err != nil {
		return nil, "", err
	}
	filter := xxhash.Sum64String(fmt.Sprintf("%q", []any{in.From, in.To, in.Service, in.Rule, in.Lapse, s.deps.Policy.Version()}))
	at, err := readViolationCursor(in.Cursor, filter)
	if err != nil {
		return nil, "", err
	}
	tiers, err := s.tiers(ctx)
	if err != nil {
		return nil, "", err
	}
	items, next, err := s.violations(ctx, in, tiers, at)
	if err != nil || next == nil {
		return items, "", err
	}
	return items, next.text(), nil
}

// violations judges changes batch by batch until a page is full, half of the
// request's time is over, or there are no more. Next is nil at the end.
func (s *Server) violations(ctx context.Context, in *violationsInput, tiers func(*correlate.Change) int, at violationCursor) ([]Violation, *violationCursor, error) {
	enough := time.Now().Add(s.cfg.Timeout / 2)
	limit := cmp.Or(in.Limit, query.DefaultLimit)
	q := query.Changes{From: in.From.UTC(), To: in.To.UTC(), Limit: violationBatch}
	if in.Service != "" {
		q.Services = []string{in.Service}
	}
	items := []Violation{}
	for {
		q.Cursor = at.Batch
		page, err := s.deps.Store.Changes(ctx, q)
		if err != nil {
			return nil, nil, fmt.Errorf("list changes: %w", err)
		}
		found, err := s.violationsOf(ctx, in, page.Items, tiers)
		if err != nil {
			return nil, nil, err
		}
		found = found[min(at.Skip, len(found)):]
		if room := limit - len(items); len(found) > room {
			at.Skip += room
			return append(items, found[:room]...), &at, nil
		}
		items = append(items, found...)
		at.Batch, at.Skip = page.Next, 0
		switch {
		case page.Next == "":
			return items, nil, nil
		case len(items) == limit, time.Now().After(enough):
			return items, &at, nil
		}
	}
}

// violationsOf judges changes after the fact.
func (s *Server) violationsOf(ctx context.Context, in *violationsInput, changes []correlate.Change, tiers func(*correlate.Change) int) ([]Violation, error) {
	keys := make([]correlate.Key, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key()
	}
	known, err := s.provenances(ctx, keys)
	if err != nil {
		return nil, err
	}
	now := s.deps.Now()
	var found []Violation
	for i := range changes {
		c := &changes[i]
		if c.Status == correlate.StatusCancelled || c.StartedAt.After(now) {
			// It never went through, or is only planned.
			continue
		}
		decision := s.deps.Policy.Judge(&policy.Input{Change: c, Provenance: cmp.Or(known[keys[i]], unclassified()), Tier: tiers(c)})
		for _, f := range decision.Findings {
			if (in.Rule != "" && f.Rule != in.Rule) || !anyOf(f.Lapse, in.Lapse) {
				continue
			}
			found = append(found, Violation{
				RuleFinding: f, Change: keys[i], ChangeTitle: c.Title, Kind: c.Kind, Services: list(c.Services), StartedAt: c.StartedAt,
				Tier: decision.Tier, Class: decision.Class, Approvals: decision.Approvals, Policy: decision.Policy,
			})
		}
	}
	return found, nil
}

// anyOf reports whether a value is among some; none lets all through.
func anyOf[T comparable](value T, some []T) bool {
	for _, one := range some {
		if one == value {
			return true
		}
	}
	return len(some) == 0
}

func (c *violationCursor) text() string {
	// A struct of strings and numbers always encodes.
	raw, _ := json.Marshal(c)
	return base64.RawURLEncoding.EncodeToString(raw)
}

// readViolationCursor refuses a cursor of another query, whose page would begin
// somewhere else.
func readViolationCursor(text string, filter uint64) (violationCursor, error) {
	if text == "" {
		return violationCursor{Filter: filter}, nil
	}
	var at violationCursor
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || json.Unmarshal(raw, &at) != nil || at.Filter != filter || at.Skip < 0 {
		return at, query.ErrBadCursor
	}
	return at, nil
}
