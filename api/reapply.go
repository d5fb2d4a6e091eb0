package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// reapplyChanges is how many changes one answer covers at most, reapplyShare
// the part of a request's time after which it stops at the next page.
const (
	reapplyChanges = 5000
	reapplyShare   = 2
)

// maxMoveExamples bounds the changes that are named for one difference.
const maxMoveExamples = 5

// ReapplyRequest says which changes to label again.
type ReapplyRequest struct {
	From   time.Time `json:"from"`
	To     time.Time `json:"to"`
	DryRun bool      `json:"dry_run"`
	Cursor string    `json:"cursor,omitempty"`
}

// ReapplyResult is what the rules of today say about changes of the past, and
// how that differs from what counted.
type ReapplyResult struct {
	Rules      string          `json:"rules"`
	Examined   int             `json:"examined"`
	Changed    int             `json:"changed"`
	Overridden int             `json:"overridden"`
	Classes    []ClassCount    `json:"classes"`
	Moves      []ClassMove     `json:"moves"`
	Unknown    []UnknownReason `json:"unknown"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

// ClassCount counts the changes of a class.
type ClassCount struct {
	Class   correlate.ProvenanceClass `json:"class"`
	Changes int                       `json:"changes"`
}

// ClassMove counts the changes whose class differs.
type ClassMove struct {
	From     correlate.ProvenanceClass `json:"from"`
	To       correlate.ProvenanceClass `json:"to"`
	Changes  int                       `json:"changes"`
	Examples []string                  `json:"examples"`
}

// UnknownReason counts the changes of which nothing is known for a reason.
type UnknownReason struct {
	Reason  string `json:"reason"`
	Words   string `json:"words"`
	Changes int    `json:"changes"`
}

type reapplyReply struct {
	Body ReapplyResult
}

func (s *Server) reapply(ctx context.Context, in *Delivery) (*reapplyReply, error) {
	if s.deps.Labeller == nil {
		return nil, rulesMissing.with("this process has no rules")
	}
	var result ReapplyResult
	err := s.withBody(ctx, in, func(ctx context.Context, body []byte) error {
		var asked ReapplyRequest
		if err := decodeInto(body, &asked); err != nil {
			return err
		}
		if asked.From.IsZero() || asked.To.IsZero() || !asked.From.Before(asked.To) {
			return invalidInput.with("from and to: no range", FieldProblem{
				Location: "body", Path: "to", Message: "not after from, or one of them is missing", Mend: "give both as RFC 3339 with zone, from before to",
			})
		}
		var err error
		result, err = s.relabel(ctx, &asked)
		return err
	})
	if err != nil {
		return nil, err
	}
	return &reapplyReply{Body: result}, nil
}

// relabel goes through a range page by page for half of the time that a request
// may take.
func (s *Server) relabel(ctx context.Context, asked *ReapplyRequest) (ReapplyResult, error) {
	enough := time.Now().Add(s.cfg.Timeout / reapplyShare)
	t := tally{rules: s.deps.Labeller.Version()}
	cursor := asked.Cursor
	for {
		page, err := s.deps.Store.Changes(ctx, query.Changes{From: asked.From.UTC(), To: asked.To.UTC(), Limit: query.MaxLimit, Cursor: cursor})
		if err != nil {
			return ReapplyResult{}, fmt.Errorf("list changes: %w", err)
		}
		labels, err := s.compare(ctx, page.Items, &t)
		if err != nil {
			return ReapplyResult{}, err
		}
		if !asked.DryRun && len(labels) > 0 {
			if err := s.deps.Store.SaveLabels(ctx, labels, requestOf(ctx).callerName(), s.deps.Now().UTC()); err != nil {
				return ReapplyResult{}, fmt.Errorf("save labels: %w", err)
			}
		}
		cursor = page.Next
		if cursor == "" || t.examined >= reapplyChanges || time.Now().After(enough) {
			return t.result(cursor), nil
		}
	}
}

// compare labels changes and returns the labels that differ from what the rules
// said before.
func (s *Server) compare(ctx context.Context, changes []correlate.Change, t *tally) ([]query.Label, error) {
	keys := make([]correlate.Key, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key()
	}
	known, err := s.provenances(ctx, keys)
	if err != nil {
		return nil, err
	}
	var labels []query.Label
	for i := range changes {
		before := cmp.Or(known[keys[i]], unclassified())
		if before.Override != nil {
			t.overridden++
			before = cmp.Or(before.Machine, unclassified())
		}
		now := s.deps.Labeller.Label(&changes[i])
		if t.count(keys[i], before, &now) {
			labels = append(labels, query.Label{Change: keys[i], Provenance: now})
		}
	}
	return labels, nil
}

// tally counts labels that were given again.
type tally struct {
	rules                         string
	examined, changed, overridden int
	classes                       map[correlate.ProvenanceClass]int
	moves                         map[[2]correlate.ProvenanceClass]*ClassMove
	unknown                       map[string]*UnknownReason
}

// count notes one change and reports whether its new label is worth keeping:
// its class, its tools or the version of its rules differ.
func (t *tally) count(key correlate.Key, before, now *correlate.Provenance) bool {
	if t.classes == nil {
		t.classes = map[correlate.ProvenanceClass]int{}
		t.moves = map[[2]correlate.ProvenanceClass]*ClassMove{}
		t.unknown = map[string]*UnknownReason{}
	}
	t.examined++
	t.classes[now.Class]++
	if now.Class == correlate.ProvenanceUnknown {
		t.why(now)
	}
	if now.Class != before.Class {
		way := [2]correlate.ProvenanceClass{before.Class, now.Class}
		if t.moves[way] == nil {
			t.moves[way] = &ClassMove{From: before.Class, To: now.Class, Examples: []string{}}
		}
		move := t.moves[way]
		move.Changes++
		if len(move.Examples) < maxMoveExamples {
			move.Examples = append(move.Examples, key.String())
		}
	}
	differs := now.Class != before.Class || now.Rules != before.Rules || !reflect.DeepEqual(list(now.Tools), list(before.Tools))
	if differs {
		t.changed++
	}
	return differs
}

// why notes the reason for which nothing is known of a change.
func (t *tally) why(now *correlate.Provenance) {
	reason, words := "absent.reason", "the rules do not say why"
	for i := range now.Evidence {
		if strings.HasPrefix(now.Evidence[i].Marker, "absent.") {
			reason, words = now.Evidence[i].Marker, UnknownWords(now.Evidence[i].Marker)
		}
	}
	if t.unknown[reason] == nil {
		t.unknown[reason] = &UnknownReason{Reason: reason, Words: words}
	}
	t.unknown[reason].Changes++
}

// UnknownWords tells people what a reason means and what would mend it.
func UnknownWords(reason string) string {
	switch reason {
	case "absent.commits":
		return "no commits were sent; let the sender add them, or the pull request, or what it knows of AI"
	case "absent.messages":
		return "commits were sent by hash alone; let the sender add message and author"
	case "absent.agreement":
		return "some commits carry a marker of people or machines, the others none"
	case "absent.certainty":
		return "the only markers, such as a branch name, are too often wrong to say more"
	case "absent.marker":
		return "no commit carries a marker, which proves no human work; let the sender add the pull request, or what it knows of AI"
	default:
		return "the rules do not say more"
	}
}

// result renders the tally in a stable order.
func (t *tally) result(cursor string) ReapplyResult {
	r := ReapplyResult{
		Rules: t.rules, Examined: t.examined, Changed: t.changed, Overridden: t.overridden, NextCursor: cursor,
		Classes: []ClassCount{}, Moves: []ClassMove{}, Unknown: []UnknownReason{},
	}
	for _, class := range slices.Sorted(maps.Keys(t.classes)) {
		r.Classes = append(r.Classes, ClassCount{Class: class, Changes: t.classes[class]})
	}
	for _, move := range t.moves {
		r.Moves = append(r.Moves, *move)
	}
	slices.SortFunc(r.Moves, func(a, b ClassMove) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	for _, reason := range slices.Sorted(maps.Keys(t.unknown)) {
		r.Unknown = append(r.Unknown, *t.unknown[reason])
	}
	return r
}
