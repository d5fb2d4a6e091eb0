package web

import (
	"fmt"
	"strings"

	"github.com/faultline/faultline/internal/figures"
)

// strataForest is the forest plot of a comparison: each stratum with its interval
// and its weight as the size of its mark, and what they come to as the diamond
// below. It is nil where nothing is compared.
func strataForest(c *figures.Comparison, name string) *intervalPlot {
	if len(c.Strata.Lines) == 0 {
		return nil
	}
	rows := make([]interval, 0, len(c.Strata.Lines)+1)
	for i := range c.Strata.Lines {
		rows = append(rows, stratumRow(&c.Strata.Lines[i]))
	}
	rows = append(rows, ratioRow("All of them, adjusted", c.Adjusted, true))
	rows[len(rows)-1].weight = 1
	return plotIntervals(name, "Forest plot: the ratio of risks in each stratum with its interval, the weightiest first, and what they come to; the table below has the same content",
		"Ratio", rows, ratioScale(rows))
}

// stratumRow is a stratum as a row.
func stratumRow(l *figures.StratumLine) interval {
	values := make([]string, len(l.Values))
	for i, v := range l.Values {
		values[i] = words(v)
	}
	name := strings.Join(values, ", ")
	if l.Strata > 1 {
		name += " (" + count(l.Strata, "stratum", "strata") + ")"
	}
	row := ratioRow(name, l.Ratio, false)
	row.weight = l.Weight
	row.count = fmt.Sprintf("%s of %s against %s of %s, weight %s", group(l.Exposed.Events), group(l.Exposed.Changes), group(l.Unexposed.Events), group(l.Unexposed.Changes), rateText(l.Weight))
	if l.Ratio == nil {
		row.note = "one group has no incident"
	}
	return row
}

// homogeneityWords say whether the strata differ by more than chance.
func homogeneityWords(c *figures.Comparison) string {
	h := c.Homogeneity
	switch {
	case h == nil:
		return "Too few incidents per stratum to tell whether strata differ."
	case h.P < 0.05:
		return fmt.Sprintf("The strata differ by more than chance (p = %.3f over %s): one ratio for all of them hides something.", h.P, count(h.Strata, "stratum", "strata"))
	default:
		return fmt.Sprintf("The strata differ by no more than chance (p = %.2f over %s).", h.P, count(h.Strata, "stratum", "strata"))
	}
}
