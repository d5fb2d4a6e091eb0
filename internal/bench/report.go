package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// figure is one measured number beside its target.
type figure struct {
	name     string
	measured float64
	unit     string
	// target is 0 for a figure that only explains others.
	target float64
	// least says that the target is the least that is wanted, not the most.
	least bool
}

// met reports whether the figure reaches its target.
func (f figure) met() bool {
	if f.least {
		return f.measured >= f.target
	}
	return f.measured <= f.target
}

// verdict says in a word or two how the figure compares.
func (f figure) verdict() string {
	switch {
	case f.target == 0:
		return ""
	case f.met():
		return "met"
	case f.least:
		return fmt.Sprintf("missed by %.0f %%", 100*(1-f.measured/f.target))
	default:
		return fmt.Sprintf("missed by %.0f %%", 100*(f.measured/f.target-1))
	}
}

// wanted writes the target.
func (f figure) wanted() string {
	switch {
	case f.target == 0:
		return ""
	case f.least:
		return fmt.Sprintf("at least %s %s", number(f.target), f.unit)
	default:
		return fmt.Sprintf("at most %s %s", number(f.target), f.unit)
	}
}

// number writes large numbers whole and small ones with a decimal.
func number(v float64) string {
	if v >= 1000 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.3g", v)
}

// printReport writes one line for each figure.
func printReport(w io.Writer, title string, figures []figure) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	_, _ = fmt.Fprintf(table, "%s\n  figure\tmeasured\ttarget\t\n", title)
	for _, f := range figures {
		_, _ = fmt.Fprintf(table, "  %s\t%s %s\t%s\t%s\n", f.name, number(f.measured), f.unit, f.wanted(), f.verdict())
	}
	if err := table.Flush(); err != nil {
		return fmt.Errorf("printing the report: %w", err)
	}
	return nil
}
