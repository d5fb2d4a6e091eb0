package figures

import (
	"cmp"
	"slices"
	"strconv"

	"github.com/faultline/faultline/internal/stats"
)

// maxLines is how many strata have a line of their own.
const maxLines = 15

// StratumLine is one stratum of a comparison, or the sum of those too light for
// a line. Weight is its share of the comparison's information, n1*n0/(n1+n0)
// over the sum of that, 0 to 1. Ratio is the risk ratio with the interval of Katz; it is
// absent where an arm has no event. Strata counts what the line stands for.
type StratumLine struct {
	Values    []string `json:"values"`
	Strata    int      `json:"strata"`
	Exposed   Tally    `json:"exposed"`
	Unexposed Tally    `json:"unexposed"`
	Ratio     *Ratio   `json:"ratio,omitempty"`
	Weight    float64  `json:"weight"`
}

// Tally counts changes and those of them with an event.
type Tally struct {
	Events  int `json:"events"`
	Changes int `json:"changes"`
}

// names are the values of each stratum.
func (t *tables) names(teams bool) [][]string {
	all := make([][]string, len(t.keys))
	for i, key := range t.keys {
		all[i] = []string{tierName(key.tier), string(key.kind)}
		if teams {
			all[i] = append(all[i], cmp.Or(key.team, "no team"))
		}
	}
	return all
}

func tierName(tier int) string {
	if tier == 0 {
		return "tier unknown"
	}
	return "tier " + strconv.Itoa(tier)
}

// lines lists the strata that compare something, the weightiest first, the rest
// as one.
func lines(strata []stats.Table, names [][]string, level float64) []StratumLine {
	var order []int
	total := 0.0
	for i, t := range strata {
		if used, _ := stats.Informative(strata[i : i+1]); used == 1 && i < len(names) {
			order, total = append(order, i), total+information(t)
		}
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(information(strata[b]), information(strata[a])), slices.Compare(names[a], names[b]))
	})
	own := order
	if len(order) > maxLines+1 {
		own = order[:maxLines]
	}
	var all []StratumLine
	for _, i := range own {
		line := lineOf(strata[i], ratio(stats.RiskRatio(strata[i], level)), total)
		line.Values, line.Strata = names[i], 1
		all = append(all, line)
	}
	if rest := order[len(own):]; len(rest) > 0 {
		all = append(all, restOf(strata, rest, total, level))
	}
	return all
}

// restOf sums up the strata that have no line of their own; their ratio is the
// one common to them.
func restOf(strata []stats.Table, rest []int, total, level float64) StratumLine {
	var sum stats.Table
	pooled := make([]stats.Table, len(rest))
	weight := 0.0
	for i, at := range rest {
		pooled[i], sum = strata[at], sum.Plus(strata[at])
		weight += information(strata[at]) / total
	}
	line := lineOf(sum, ratio(stats.MantelHaenszel(pooled, level)), total)
	line.Values, line.Strata, line.Weight = []string{"all others"}, len(rest), weight
	return line
}

func lineOf(t stats.Table, r *Ratio, total float64) StratumLine {
	return StratumLine{
		Exposed: Tally{Events: int(t.A), Changes: int(t.N1)}, Unexposed: Tally{Events: int(t.B), Changes: int(t.N0)}, Ratio: r, Weight: information(t) / total,
	}
}

// information is the weight of a stratum when the ratio is near one.
func information(t stats.Table) float64 { return t.N1 * t.N0 / (t.N1 + t.N0) }
