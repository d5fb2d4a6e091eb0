package eval

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// grid is a table in the making: rows of cells, the first row the head.
type grid struct {
	rows [][]string
}

func (g *grid) add(cells ...string) { g.rows = append(g.rows, cells) }

// fit leaves columns out by their titles, the first named first, until the table
// is no wider than the page; it returns those that it left out. What cannot be
// left out stays, however wide.
func (g *grid) fit(page int, order ...string) (out []string) {
	for _, title := range order {
		if g.width() <= page {
			break
		}
		at := slices.Index(g.rows[0], title)
		if at < 0 {
			continue
		}
		for i := range g.rows {
			g.rows[i] = slices.Delete(g.rows[i], at, at+1)
		}
		out = append(out, title)
	}
	return out
}

// width is that of the widest line.
func (g *grid) width() int {
	widest := 0
	for line := range strings.Lines(g.String()) {
		widest = max(widest, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")))
	}
	return widest
}

// String aligns the columns, words to the left and figures to the right. A
// last column of words is not padded.
func (g *grid) String() string {
	var widths []int
	for _, row := range g.rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range g.rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if i == 0 {
				line.WriteString(cell + pad)
			} else {
				line.WriteString("  " + pad + cell)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// writeTable prints the report for people: figures, comparison of the first
// ranker with the others, groups. All lines fit the page, as far as names let them;
// the figures that this leaves out are named.
func writeTable(out io.Writer, r *Report, outcomes []Outcome, without []string, page int) error {
	var b strings.Builder
	if r.Grouping != nil {
		writeGrouping(&b, r.Grouping)
	}
	switch {
	case len(r.Rankers) == 0 && r.Grouping != nil:
	case len(r.Rankers) == 0:
		b.WriteString("no cases\n")
	default:
		if r.Grouping != nil {
			b.WriteString("\n")
		}
		fmt.Fprintf(&b, "%d cases, %d with a cause%s\n\n", r.Rankers[0].Cases, r.Rankers[0].WithCause, withheldNote(without))
		if r.Seen {
			b.WriteString("The weights may have been fitted to these very cases: no figure here says how\nthey do on others.\n\n")
		}
		figures := figuresGrid(r.Rankers, outcomes)
		left := figures.fit(page, "p50", "ece", "mrr", "hit@5", "rank", "p99", "hit@3", "brier", "95%")
		b.WriteString(figures.String() + legendOf(left) + chanceNote(r.Chance) + severalNote(r.Several))
		if len(r.Rankers) > 1 {
			b.WriteString("\n" + comparisonGrid(r.Rankers, outcomes).String())
		}
		for _, group := range r.Groups {
			fmt.Fprintf(&b, "\n%s: %s, %d cases\n", group.By, group.Value, group.Rankers[0].Cases)
			rows := groupGrid(group.Rankers)
			rows.fit(page, "hit@5", "brier", "hit@3")
			b.WriteString(rows.String())
		}
	}
	if _, err := io.WriteString(out, b.String()); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}

// anyPage is how wide tables are where nobody says: in a pipe or a file.
const anyPage = 100

// legendOf explains the figures that are there, and names those that are not. Its
// lines fit 80 columns.
func legendOf(left []string) string {
	text := "rank: mean of the listed causes; nc-p, nc-r: precision and recall of the\n" +
		"answer \"no change\"; brier, ece: of the first suspect's probability (baselines:\n" +
		"their best constant); p50, p99: per case\n"
	if len(left) > 0 {
		text += "left out for want of room, and in -o json: " + strings.Join(left, ", ") + "\n"
	}
	return text
}

func withheldNote(without []string) string {
	if len(without) == 0 {
		return ""
	}
	return ", judged without " + strings.Join(without, ", ")
}

func figuresGrid(rows []RankerFigures, outcomes []Outcome) *grid {
	g := &grid{}
	g.add("ranker", "hit@1", "95%", "hit@3", "hit@5", "mrr", "rank",
		"nc-p", "nc-r", "brier", "ece", "p50", "p99")
	for i := range rows {
		f := &rows[i]
		ci := bootstrapMean(hitsByCase(outcomes, f.Name))
		g.add(f.Name, share(f.HitAt1), short(ci.Low)+"-"+short(ci.High), share(f.HitAt3), share(f.HitAt5),
			share(f.MRR), rankText(f.MeanRank), share(f.NoChangePrecision), share(f.NoChangeRecall),
			share(f.Brier), share(f.ECE), duration(f.P50us), duration(f.P99us))
	}
	return g
}

func comparisonGrid(rows []RankerFigures, outcomes []Outcome) *grid {
	g := &grid{}
	g.add("hit@1 of "+rows[0].Name+" against", "difference", "95% of it", "p")
	for i := 1; i < len(rows); i++ {
		c := compare(outcomes, rows[0].Name, rows[i].Name)
		g.add("  "+c.Against, c.Difference.String(), c.Interval.Low.String()+" to "+c.Interval.High.String(), c.P.String())
	}
	return g
}

func groupGrid(rows []RankerFigures) *grid {
	g := &grid{}
	g.add("ranker", "hit@1", "hit@3", "hit@5", "nc-p", "nc-r", "brier")
	for i := range rows {
		f := &rows[i]
		g.add(f.Name, share(f.HitAt1), share(f.HitAt3), share(f.HitAt5),
			share(f.NoChangePrecision), share(f.NoChangeRecall), share(f.Brier))
	}
	return g
}

// share prints a figure from 0 to 1 in four columns at most.
func share(r Ratio) string { return decimals(r, 3) }

// short prints one with two decimals.
func short(r Ratio) string { return decimals(r, 2) }

func decimals(r Ratio, n int) string {
	if math.IsNaN(float64(r)) {
		return "-"
	}
	text := fmt.Sprintf("%.*f", n, float64(r))
	if strings.HasPrefix(text, "0.") {
		return text[1:]
	}
	return text[:n+1]
}

func rankText(r Ratio) string {
	switch {
	case math.IsNaN(float64(r)):
		return "-"
	case r < 100:
		return fmt.Sprintf("%.1f", float64(r))
	default:
		return fmt.Sprintf("%.0f", float64(r))
	}
}

// duration prints microseconds in five columns, a dash for none.
func duration(took *int64) string {
	if took == nil {
		return "-"
	}
	switch us := *took; {
	case us < 1000:
		return fmt.Sprintf("%dus", us)
	case us < 10_000:
		return fmt.Sprintf("%.1fms", float64(us)/1e3)
	case us < 1_000_000:
		return fmt.Sprintf("%dms", us/1000)
	default:
		return fmt.Sprintf("%.1fs", float64(us)/1e6)
	}
}
