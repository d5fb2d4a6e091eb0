package report

import (
	"fmt"

	"github.com/faultline/faultline/internal/figures"
)

// table is a table that every rendering shows alike.
type table struct {
	Title string
	Head  []string
	Rows  [][]string
	// Note stands below; Link holds an address for each row, or is empty.
	Note string
	Link []string
}

// section is a part of the report: words, pictures and tables in this order.
type section struct {
	Title  string
	Words  []string
	Charts []string
	Tables []table
}

// sections lay the report out, the same for all renderings: what a leader must
// know and decide first, the figures behind it last.
func (r *Report) sections() []section {
	decisions := r.Decisions
	if len(decisions) == 0 {
		decisions = []string{"Nothing this week."}
	}
	return []section{
		{Title: "What needs a decision", Words: decisions},
		{Title: "AI-assisted and other changes", Words: []string{r.Impact.Headline.Words}, Charts: []string{chartRates, chartRatios}, Tables: []table{r.groupTable()}},
		{Title: "Largest incidents of the week", Tables: []table{r.incidentTable()}},
		{Title: "Policy kept and broken", Words: []string{r.policyWords()}, Tables: r.policyTables()},
		{Title: "Approval of AI-assisted changes", Words: []string{r.Approval.Effect.Words, r.Approval.Words}, Tables: []table{r.approvalTable()}},
		{Title: "Week by week", Charts: []string{chartWeeks}, Words: []string{"Share of all matured changes that a person confirmed as the cause of an incident. A point outside the grey band differs by more than noise."}},
		{Title: "Services that moved", Tables: []table{r.moverTable()}},
		{Title: "How right our findings were", Words: []string{r.Accuracy.Words}, Tables: []table{r.accuracyTable()}},
		{Title: "How good the data are", Tables: []table{r.qualityTable()}},
		{Title: "The comparison in detail", Tables: []table{r.ratioTable(), r.sensitivityTable(), r.chanceTable()}},
	}
}

func (r *Report) groupTable() table {
	t := table{
		Title: fmt.Sprintf("Matured changes from %s to %s", day(r.Impact.From), day(r.Impact.To)),
		Head:  []string{"Group", "Changes", "With an incident", "Rate, 95% interval", "And suspected", "Minutes"},
		Note: "Matured: old enough for an incident to have shown. An incident counts when a person confirmed the change as its cause. " +
			"Suspected adds what the engine suspects where nobody judged.",
	}
	for _, g := range r.Impact.Groups {
		events := "0"
		if g.Rate != nil {
			events = thousands(g.Rate.Events)
		}
		t.Rows = append(t.Rows, []string{capital(g.Group), thousands(g.Changes), events, rateWords(g.Rate), rateWords(g.Suspected), thousands(int(g.Minutes))})
	}
	return t
}

func (r *Report) ratioTable() table {
	h := &r.Impact.Headline
	t := table{
		Title: "Risk of AI-assisted changes relative to human ones (1 is no difference)",
		Head:  []string{"", "Ratio, 95% interval"},
		Rows: [][]string{
			{"As counted: all against all", ratioWords(h.Crude)},
			{"Like with like: of the same tier, kind and team", ratioWords(h.Adjusted)},
			{"And of like size", ratioWords(h.AdjustedForSize)},
			{"Exact, for few events", ratioWords(h.Exact)},
		},
		Note: "The verdict rests on the interval that may be looked at every week. Association, not proof of cause.",
	}
	if h.Corrected != nil {
		t.Rows = append(t.Rows, []string{"Corrected for wrong labels", ratioWords(h.Corrected)})
	}
	if h.Looks != nil {
		t.Rows = append(t.Rows, []string{"Like with like, read every week since " + day(h.Looks.Since), fmt.Sprintf("%.2f to %.2f", h.Looks.Lo, h.Looks.Hi)})
	}
	return t
}

// lineNames say what a sensitivity line supposes.
var lineNames = map[string]string{
	"machine_suspected": "if the engine is right where nobody judged",
	"unknown_as_human":  "if all changes of unknown origin are human",
	"unknown_as_ai":     "if all changes of unknown origin are AI-assisted",
}

// verdictNames say a verdict in a cell.
var verdictNames = map[figures.Verdict]string{
	figures.Insufficient: "insufficient data", figures.NoDifference: "no detectable difference",
	figures.More: "associated with more", figures.Fewer: "associated with fewer",
}

func (r *Report) sensitivityTable() table {
	t := table{Title: "The same with other assumptions", Head: []string{"Assumption", "Adjusted ratio, 95% interval", "Verdict"}}
	for i := range r.Impact.Sensitivity {
		c := &r.Impact.Sensitivity[i]
		t.Rows = append(t.Rows, []string{lineNames[c.Name], ratioWords(c.Adjusted), verdictNames[c.Verdict]})
	}
	return t
}

func (r *Report) incidentTable() table {
	t := table{Head: []string{"Incident", "Severity", "Minutes", "Blast radius", "Cause", "Verdict"}}
	for i := range r.Incidents {
		in := &r.Incidents[i]
		lasted, cause := fmt.Sprintf("%.0f", in.Minutes), in.Cause
		if in.Open {
			lasted += ", goes on"
		}
		switch {
		case in.Probability > 0:
			cause = fmt.Sprintf("suspected at %.0f%%: %s", 100*in.Probability, cause)
		case cause == "":
			cause = "–"
		}
		t.Rows = append(t.Rows, []string{in.Title, in.Severity, lasted, fmt.Sprintf("%d alerting, %d in reach", in.Alerting, in.Potential), cause, in.Standing})
		t.Link = append(t.Link, in.URL)
	}
	return t
}

func (r *Report) approvalTable() table {
	names := map[string]string{"senior": "By a senior engineer", "other": "By somebody else", "none": "None"}
	t := table{
		Title: "AI-assisted changes by approval before the start, by somebody else than the author",
		Head:  []string{"Approval", "Changes", "Rate, 95% interval", "Lead time", "Lines"},
		Note:  "Approved by a senior engineer: " + percentOf(r.Approval.Coverage) + ".",
	}
	for _, g := range r.Approval.Groups {
		t.Rows = append(t.Rows, []string{names[g.Approval], thousands(g.Changes), rateWords(g.Rate), spreadWords(g.LeadHours, " h"), spreadWords(g.BatchLines, "")})
	}
	return t
}

func (r *Report) accuracyTable() table {
	a := &r.Accuracy
	t := table{
		Title: fmt.Sprintf("%s of %s judged by a person", thousands(a.Judged), counted(a.Incidents, "incident", "incidents")),
		Head:  []string{"", "Share, 95% interval", "Of"},
	}
	row := func(name string, s *figures.Share) {
		n := "0"
		if s != nil {
			n = thousands(s.N)
		}
		t.Rows = append(t.Rows, []string{name, rateWords(s), n})
	}
	row("The cause stood first", a.PrecisionAt1)
	row("Among the first three", a.PrecisionAt3)
	row("\"No change\" was right", a.NoChangePrecision)
	if c := a.Calibration; c != nil {
		t.Note = fmt.Sprintf("Stated probabilities were off by %.0f points on average (ECE, %d findings; Brier score %.2f).", 100*c.ECE, c.N, c.Brier)
	}
	return t
}

func (r *Report) moverTable() table {
	t := table{Title: "Incidents that touched the service, against the mean of eight weeks", Head: []string{"Service", "This week", "Mean before", "Minutes"}}
	for _, m := range r.Movers {
		t.Rows = append(t.Rows, []string{m.Service, thousands(m.Incidents), fmt.Sprintf("%.1f", m.Mean), thousands(int(m.Minutes))})
	}
	return t
}

func (r *Report) qualityTable() table {
	t := table{Head: []string{"", ""}}
	for _, q := range r.Quality {
		t.Rows = append(t.Rows, []string{q.Name, q.Value})
	}
	return t
}
