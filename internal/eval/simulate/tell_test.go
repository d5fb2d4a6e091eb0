package simulate

import (
	"cmp"
	"math"
	"slices"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// placed is where a guilty change stands among the changes of its case when
// they are ordered by a trivial rule: from 0 to 1, 0.5 on average if the rule
// tells nothing.
func placed(changes []correlate.Change, guilty string, rule func(a, b *correlate.Change) int) float64 {
	var self *correlate.Change
	for i := range changes {
		if changes[i].ID == guilty {
			self = &changes[i]
		}
	}
	before, equal := 0.0, 0.0
	for i := range changes {
		switch c := rule(&changes[i], self); {
		case c < 0:
			before++
		case c == 0:
			equal++
		}
	}
	return (before + equal/2) / float64(len(changes))
}

// Ids, titles, words and the order of the list must not tell the guilty change.
func TestNoTrivialRuleFindsTheGuiltyChange(t *testing.T) {
	text := func(field func(*correlate.Change) string) func(a, b *correlate.Change) int {
		return func(a, b *correlate.Change) int { return cmp.Compare(field(a), field(b)) }
	}
	number := func(field func(*correlate.Change) int) func(a, b *correlate.Change) int {
		return func(a, b *correlate.Change) int { return cmp.Compare(field(a), field(b)) }
	}
	rules := map[string]func(a, b *correlate.Change) int{
		"id":             text(func(c *correlate.Change) string { return c.ID }),
		"end of id":      text(func(c *correlate.Change) string { return c.ID[len(c.ID)-3:] }),
		"title":          text(func(c *correlate.Change) string { return c.Title }),
		"title length":   number(func(c *correlate.Change) int { return len(c.Title) }),
		"actor":          text(func(c *correlate.Change) string { return string(c.Actor.Type) }),
		"ai declared":    number(func(c *correlate.Change) int { return boolean(c.AI != nil) }),
		"commits":        number(func(c *correlate.Change) int { return len(c.Commits) }),
		"version":        text(func(c *correlate.Change) string { return c.Version }),
		"services":       number(func(c *correlate.Change) int { return len(c.Services) }),
		"regions":        number(func(c *correlate.Change) int { return len(c.Regions) }),
		"end reported":   number(func(c *correlate.Change) int { return boolean(c.FinishedAt != nil) }),
		"milliseconds":   number(func(c *correlate.Change) int { return c.StartedAt.Nanosecond() }),
		"second started": number(func(c *correlate.Change) int { return c.StartedAt.Second() }),
	}
	places := map[string][]float64{}
	for _, c := range sample() {
		for _, g := range guiltyOf(&c) {
			changes := alike(&c, &g)
			for name, rule := range rules {
				places[name] = append(places[name], placed(changes, g.ID, rule))
			}
		}
	}
	for name := range rules {
		tells(t, name, places[name])
	}
}

// alike are the production changes of the guilty one's kind before the onset.
// The kind, the environment and the place in the course of the incident are
// evidence; all else is not.
func alike(c *labelledCase, g *correlate.Change) []correlate.Change {
	return slices.DeleteFunc(slices.Clone(c.Changes), func(o correlate.Change) bool {
		return o.ID != g.ID && (o.Kind != g.Kind || o.Environment != correlate.DefaultEnvironment ||
			o.RollbackOf != "" || o.StartedAt.After(c.script.onset))
	})
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

// tells fails when places in [0, 1] do not average one half.
func tells(t *testing.T, rule string, places []float64) {
	t.Helper()
	sum := 0.0
	for _, p := range places {
		sum += p
	}
	n := float64(len(places))
	// Ties pull places to the middle: the spread of a uniform place is the
	// widest that chance allows.
	if z := (sum/n - 0.5) / math.Sqrt(1/(12*n)); math.Abs(z) > 4 {
		t.Errorf("ordering by %s puts guilty changes at %.3f of the list on average (z = %.1f)", rule, sum/n, z)
	}
}

func TestPositionInTheListTellsNothing(t *testing.T) {
	var places []float64
	firsts := 0
	for _, c := range sample() {
		for i := range c.Changes {
			if slices.Contains(c.Causes, c.Changes[i].ID) {
				places = append(places, (float64(i)+0.5)/float64(len(c.Changes)))
				firsts += boolean(i == 0 || i == len(c.Changes)-1)
			}
		}
	}
	tells(t, "position", places)
	if firsts > 4 {
		t.Errorf("%d guilty changes stand first or last", firsts)
	}
}

func TestOldestAndNewestChangesAreNotGuiltyMoreOftenThanByChance(t *testing.T) {
	oldest := 0
	for _, c := range sample() {
		view := c.View(eval.Parts{})
		first := slices.MinFunc(view.Changes, func(a, b correlate.Change) int { return a.StartedAt.Compare(b.StartedAt) })
		oldest += boolean(slices.Contains(c.Causes, first.ID))
	}
	if oldest > 4 {
		t.Errorf("the oldest change is guilty in %d cases", oldest)
	}
}

// A guilty change says of its end what innocent ones of its kind say: statuses
// after judgement are hidden, and rollbacks follow innocent changes as well.
func TestStatusTellsNothingAtJudgement(t *testing.T) {
	guilty, innocent := map[correlate.ChangeStatus]float64{}, map[correlate.ChangeStatus]float64{}
	n, m := 0.0, 0.0
	for _, c := range sample() {
		view := c.View(eval.Parts{})
		for i := range view.Changes {
			v := &view.Changes[i]
			age := c.script.onset.Sub(v.StartedAt)
			if age < 0 || age > 3*day {
				continue
			}
			if slices.Contains(c.Causes, v.ID) {
				guilty[v.Status]++
				n++
			} else {
				innocent[v.Status]++
				m++
			}
		}
	}
	for _, bad := range []correlate.ChangeStatus{correlate.StatusFailed, correlate.StatusCancelled} {
		within(t, "share of guilty changes "+string(bad), guilty[bad]/n, innocent[bad]/m, 0.03)
	}
	within(t, "share of guilty changes that succeeded", (guilty[correlate.StatusSucceeded]+guilty[correlate.StatusRolledBack]+guilty[correlate.StatusInProgress])/n,
		(innocent[correlate.StatusSucceeded]+innocent[correlate.StatusRolledBack]+innocent[correlate.StatusInProgress])/m, 0.04)
}
