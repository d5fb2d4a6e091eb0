package eval

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// Ranker answers which change caused an outage. Rank must depend on the View
// alone and not on the order of its lists, and must not modify it.
type Ranker interface {
	// Name is how reports call the ranker.
	Name() string
	Rank(v View) Answer
}

// indexer is a Ranker that a live process feeds event by event: Index does
// ahead of time what happens as events arrive, and the returned function
// answers from it. Only the latter is timed. Rank must be the same as both.
type indexer interface {
	Index(v View) func() Answer
}

// Answer is a ranker's verdict on one case. Suspects are ordered by falling
// Score; equal scores are a tie. Probabilities of the suspects and NoChange
// sum to at most one.
type Answer struct {
	Suspects []Suspect
	NoChange float64
	// Uncalibrated says that the ranker orders and knows no probabilities: the
	// scorer then gives its first suspect the best constant in hindsight.
	Uncalibrated bool
}

// Suspect is one change in a ranking.
type Suspect struct {
	Change      correlate.Key
	Score       float64
	Probability float64
}

// sortSuspects orders by falling score; the key makes the order of a tie
// independent of the input's order.
func sortSuspects(suspects []Suspect) {
	slices.SortFunc(suspects, func(a, b Suspect) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score),
			cmp.Compare(a.Change.Source, b.Change.Source), cmp.Compare(a.Change.ID, b.Change.ID))
	})
}

// NameAll selects every ranker.
const NameAll = "all"

// SelectRankers picks rankers by name from available, in the order of
// available. No names, or the name NameAll, selects all.
func SelectRankers(available []Ranker, names []string) ([]Ranker, error) {
	if len(names) == 0 || slices.Contains(names, NameAll) {
		return available, nil
	}
	var known []string
	for _, r := range available {
		known = append(known, r.Name())
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return nil, fmt.Errorf("no ranker is called %q; choose from %s, %s", name, NameAll, strings.Join(known, ", "))
		}
	}
	return slices.DeleteFunc(slices.Clone(available), func(r Ranker) bool {
		return !slices.Contains(names, r.Name())
	}), nil
}
