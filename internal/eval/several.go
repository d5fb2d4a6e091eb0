package eval

import (
	"fmt"
	"strings"
)

// SeveralFigures are how one ranker did on the cases with more than one cause: a
// payload and its carrier, an old fault and its trigger, two services that failed
// by a change each. The figures of all cases count whichever cause comes first.
type SeveralFigures struct {
	Name  string `json:"name"`
	Cases int    `json:"cases"`
	// AnyAt1 is the share where the first suspect is one of the causes, AllAt5 the
	// share where every cause is among the first five.
	AnyAt1 Ratio `json:"any_at_1"`
	AllAt5 Ratio `json:"all_at_5"`
}

// severalFigures computes one row per ranker, none where every case has one cause
// at most.
func severalFigures(outcomes []Outcome) []SeveralFigures {
	var rows []SeveralFigures
	for _, name := range rankerNames(outcomes) {
		var first, all mean
		for _, o := range ofRanker(outcomes, name) {
			first.addIf(o.Causes > 1, o.Hit[1])
			all.addIf(o.Causes > 1, o.AllFound)
		}
		if all.count > 0 {
			rows = append(rows, SeveralFigures{Name: name, Cases: all.count, AnyAt1: first.value(), AllAt5: all.value()})
		}
	}
	return rows
}

// severalNote words them for the table, one ranker a line.
func severalNote(rows []SeveralFigures) string {
	var b strings.Builder
	for i, f := range rows {
		if i == 0 {
			b.WriteString("\n" + fmt.Sprintf("Of %d with several causes one is first, and all are among the first five:\n", f.Cases))
		}
		fmt.Fprintf(&b, "  %-16s  %s  %s\n", f.Name, f.AnyAt1, f.AllAt5)
	}
	return b.String()
}

// allFound is the chance that all causes are among the first topK suspects. Of a
// tie of g suspects with m causes of which r come within, all m do in
// C(g-m, r-m)/C(g, r) of the orders.
func allFound(suspects []Suspect, causes []string) float64 {
	chance, found := 1.0, 0
	for start := 0; start < min(topK, len(suspects)); {
		size := tieSize(suspects, start)
		within := min(size, topK-start)
		guilty := guiltyIn(suspects[start:start+size], causes)
		for i := range guilty {
			chance *= float64(max(within-i, 0)) / float64(size-i)
		}
		found += guilty
		start += size
	}
	if found < len(causes) {
		return 0
	}
	return chance
}
