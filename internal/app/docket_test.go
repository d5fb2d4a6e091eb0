package app

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// verdictShelf answers as the store does: what was stored after the moment, in
// that order. Rows become visible when they are added.
type verdictShelf struct {
	rows []query.StoredJudgement
	err  error
}

func (s *verdictShelf) JudgementsSince(_ context.Context, after time.Time, limit int) ([]query.StoredJudgement, error) {
	rows := slices.Clone(s.rows)
	slices.SortStableFunc(rows, func(a, b query.StoredJudgement) int { return a.StoredAt.Compare(b.StoredAt) })
	rows = slices.DeleteFunc(rows, func(r query.StoredJudgement) bool { return !r.StoredAt.After(after) })
	return rows[:min(len(rows), limit)], s.err
}

func (s *verdictShelf) add(id string, second int) {
	at := time.Date(2026, 5, 4, 12, 0, second, 0, time.UTC)
	s.rows = append(s.rows, query.StoredJudgement{Judgement: correlate.Judgement{ID: id}, StoredAt: at})
}

func nextIDs(t *testing.T, d *docket, limit int) string {
	t.Helper()
	all, err := d.NextJudgements(t.Context(), limit)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, j := range all {
		ids = append(ids, j.ID)
	}
	return fmt.Sprint(ids)
}

func TestTheDocketMissesNoVerdictAndRepeatsNone(t *testing.T) {
	shelf := &verdictShelf{}
	d := newDocket(shelf)
	steps := []struct {
		add  func()
		want string
	}{
		{func() {}, "[]"},
		{func() { shelf.add("a", 0); shelf.add("b", 1) }, "[a b]"},
		{func() {}, "[]"},
		{func() { shelf.add("late", 0) }, "[late]"}, // Stamped before b, visible after it.
		{func() { shelf.add("c", 40) }, "[c]"},
		{func() { shelf.add("d", 35) }, "[d]"},
		{func() {}, "[]"},
	}
	for i, step := range steps {
		step.add()
		if got := nextIDs(t, d, 10); got != step.want {
			t.Errorf("step %d: got %s, want %s", i, got, step.want)
		}
	}
	if len(d.recent) > 3 {
		t.Errorf("remembers %d verdicts", len(d.recent))
	}
}

func TestADocketIsReadInPortionsEvenWhenManyVerdictsShareASecond(t *testing.T) {
	shelf := &verdictShelf{}
	for i := range 7 {
		shelf.add(fmt.Sprint(i), 0)
	}
	d := newDocket(shelf)
	for i, want := range []string{"[0 1 2]", "[3 4 5]", "[6]", "[]"} {
		if got := nextIDs(t, d, 3); got != want {
			t.Errorf("portion %d: got %s, want %s", i, got, want)
		}
	}
}

func TestADocketThatFailsLosesNothing(t *testing.T) {
	shelf := &verdictShelf{err: context.DeadlineExceeded}
	shelf.add("a", 0)
	d := newDocket(shelf)
	if _, err := d.NextJudgements(t.Context(), 3); err == nil {
		t.Error("the failure is not told")
	}
	shelf.err = nil
	if got := nextIDs(t, d, 3); got != "[a]" {
		t.Errorf("got %s", got)
	}
}
