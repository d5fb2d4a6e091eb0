package web

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/faultline/faultline/internal/figures"
)

// figuresBody is what the page of figures shows.
type figuresBody struct {
	// From and To fill the form; Chosen tells that the visitor chose them.
	From, To       string
	Chosen         bool
	Grafana        string
	FromM, ToM     moment
	Impact         *figures.Impact
	Gate           string
	Rates          *intervalPlot
	Forest         *intervalPlot
	Sensitivity    *intervalPlot
	Strata         *intervalPlot
	StrataWords    string
	EffectStrata   *intervalPlot
	Weeks          *lineChart
	WeeksOut       int
	Chance         []chanceRow
	ChanceWords    string
	Accuracy       *figures.Accuracy
	Precision      *intervalPlot
	Calibration    *lineChart
	Policy         *figures.PolicyEffect
	Approval       *intervalPlot
	Effect         *intervalPlot
	Classes        []classRateRow
	ObservedFor    string
	UnknownShare   string
	UnlinkedShare  string
	ApprovalGroups []approvalGroupRow
}

// chanceRow holds what was seen near incidents against what accident makes.
type chanceRow struct{ Group, Observed, Expected, High, Words string }

// classRateRow is one class inside the group of AI-assisted changes.
type classRateRow struct{ Class, Changes, Rate string }

// approvalGroupRow is what approved and other changes look like.
type approvalGroupRow struct{ Approval, Changes, Rate, Lead, Commits, Lines string }

func (s *Site) figuresPage(w http.ResponseWriter, r *http.Request) error {
	values := r.URL.Query()
	from, wrongFrom := clockValue(values, "from")
	to, wrongTo := clockValue(values, "to")
	if wrong := cmp.Or(wrongFrom, wrongTo); wrong != "" {
		return s.wrongAddress(w, r, wrong)
	}
	body, err := s.figuresBody(r, from, to)
	var period *figures.PeriodError
	if errors.As(err, &period) {
		return s.wrongAddress(w, r, period.Error())
	}
	if err != nil {
		return err
	}
	body.Chosen = !from.IsZero() || !to.IsZero()
	body.From, body.To = body.Impact.From.UTC().Format(clockLayout), body.Impact.To.UTC().Format(clockLayout)
	body.Grafana = s.grafana("faultline-ai-impact", grafanaSpan(body.Impact.From, body.Impact.To))
	return s.show(w, r, &view{page: "figures", title: "Figures", section: "Figures", body: body})
}

// figuresBody reads all figures of a period.
func (s *Site) figuresBody(r *http.Request, from, to time.Time) (*figuresBody, error) {
	impact, err := s.deps.Figures.AIImpact(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	accuracy, err := s.deps.Figures.Accuracy(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	policy, err := s.deps.Figures.Policy(r.Context(), from, to)
	if err != nil {
		return nil, err
	}
	b := &figuresBody{FromM: s.at(impact.From), ToM: s.at(impact.To), Impact: &impact, Accuracy: &accuracy, Policy: &policy}
	b.impact()
	b.accuracy()
	b.policy()
	return b, nil
}

// impact prepares the comparison of AI-assisted with human changes.
func (b *figuresBody) impact() {
	in := b.Impact
	b.Gate = gateWords(&in.Headline)
	b.ObservedFor = span(time.Duration(in.ObservationHours * float64(time.Hour)))
	b.UnknownShare, b.UnlinkedShare = shareWords(in.Population.Unknown), shareWords(in.Incidents.Unlinked)
	var rates []interval
	for i := range in.Groups {
		g := &in.Groups[i]
		rates = append(rates, shareRow(capital(g.Group), g.Rate))
		if g.Suspected != nil && g.Rate != nil && g.Suspected.Events != g.Rate.Events {
			rates = append(rates, shareRow("… with machine-suspected ones", g.Suspected))
		}
		for j := range g.Classes {
			b.Classes = append(b.Classes, classRateRow{Class: classWords(g.Classes[j].Class), Changes: group(g.Classes[j].Changes), Rate: shareWords(g.Classes[j].Rate)})
		}
	}
	b.Rates = plotIntervals("Rates", "Share of changes with a confirmed incident by group, with intervals; the table below has the same content", "Rate", rates, rateScale(rates))
	b.Forest = forest(&in.Headline, "Ratio of risks", "Ratios of the risk of AI-assisted changes to that of human changes by method, with intervals; the table below has the same content")
	b.Strata, b.StrataWords = strataForest(&in.Headline, "Strata"), homogeneityWords(&in.Headline)
	var lines []interval
	for i := range in.Sensitivity {
		c := &in.Sensitivity[i]
		lines = append(lines, ratioRow(strings.ReplaceAll(capital(words(c.Name)), " ai", " AI"), cmp.Or(c.Adjusted, c.Crude), false))
	}
	if len(lines) > 0 {
		b.Sensitivity = plotIntervals("Other assumptions", "Adjusted ratios under other assumptions, with intervals; the table below has the same content", "Ratio", lines, ratioScale(lines))
	}
	if len(in.Weeks) > 0 {
		b.Weeks = controlChart(in.Weeks)
		for i := range in.Weeks {
			if in.Weeks[i].Out {
				b.WeeksOut++
			}
		}
	}
	b.chance()
}

// chance prepares what stands near incidents.
func (b *figuresBody) chance() {
	c := &b.Impact.Chance
	b.ChanceWords = fmt.Sprintf("Of %s, how many began within %s of a change to one of their services, against how many would by chance.",
		count(c.Incidents, "incident", "incidents"), span(time.Duration(c.LookbackHours*float64(time.Hour))))
	for i := range c.Groups {
		g := &c.Groups[i]
		row := chanceRow{
			Group: capital(g.Group), Observed: group(g.Observed), Expected: fmt.Sprintf("%.1f", g.Expected), High: fmt.Sprintf("%.0f", g.High), Words: "no more than chance makes",
		}
		if float64(g.Observed) > g.High {
			row.Words = "more than chance makes"
		}
		b.Chance = append(b.Chance, row)
	}
}

// forest lists the ways in which two groups are compared.
func forest(c *figures.Comparison, name, about string) *intervalPlot {
	by := strings.Join(c.Strata.By, ", ")
	rows := []interval{
		ratioRow("All against all", c.Crude, false),
		ratioRow("Adjusted for "+by, c.Adjusted, true),
		ratioRow("… and for size", c.AdjustedForSize, false),
		ratioRow("Exact method, for few incidents", c.Exact, false),
		ratioRow("Resampled by incident", c.Bootstrap, false),
	}
	if c.Corrected != nil {
		rows = append(rows, ratioRow("Corrected for wrong labels", c.Corrected, false))
	}
	if c.Looks != nil {
		hi := c.Looks.Hi
		looks := &figures.Ratio{Lo: c.Looks.Lo, Hi: &hi}
		if c.Adjusted != nil {
			looks.Value = c.Adjusted.Value
		}
		rows = append(rows, ratioRow("Widened for weekly looks", looks, true))
	}
	return plotIntervals(name, about, "Ratio", rows, ratioScale(rows))
}

// accuracy prepares how right the findings were.
func (b *figuresBody) accuracy() {
	a := b.Accuracy
	rows := []interval{
		shareRow("Confirmed change stood first", a.PrecisionAt1), shareRow("… or among the first three", a.PrecisionAt3),
		shareRow("“No change” that people agreed with", a.NoChangePrecision), shareRow("… that the finding said too", a.NoChangeRecall),
	}
	b.Precision = plotIntervals("Accuracy", "How right findings were, with intervals; the table below has the same content", "Share", rows, shareScale())
	if a.Calibration != nil {
		b.Calibration = calibrationChart(a.Calibration)
	}
}

// policy prepares what approval goes along with.
func (b *figuresBody) policy() {
	p := b.Policy
	rows := []interval{shareRow("Approved by a senior before the start", p.Coverage)}
	b.Approval = plotIntervals("Approval", "Share of AI-assisted changes approved before their start, with its interval; the table below has the same content", "Share", rows, shareScale())
	b.Effect = forest(&p.Effect, "Ratio of risks, approved against not", "Ratios of the risk of approved to that of other AI-assisted changes, with intervals; the table below has the same content")
	b.EffectStrata = strataForest(&p.Effect, "Strata, approved against not")
	for i := range p.Groups {
		g := &p.Groups[i]
		b.ApprovalGroups = append(b.ApprovalGroups, approvalGroupRow{
			Approval: capital(words(g.Approval)), Changes: group(g.Changes), Rate: shareWords(g.Rate), Lead: spreadWords(g.LeadHours, " h"),
			Commits: spreadWords(g.BatchCommits, ""), Lines: spreadWords(g.BatchLines, ""),
		})
	}
}

// gateWords say how much data is missing, empty when there is enough.
func gateWords(c *figures.Comparison) string {
	if c.Gate.MissingExposed+c.Gate.MissingUnexposed == 0 {
		return ""
	}
	var missing []string
	if n := c.Gate.MissingExposed; n > 0 {
		missing = append(missing, group(n)+" "+c.Exposed)
	}
	if n := c.Gate.MissingUnexposed; n > 0 {
		missing = append(missing, group(n)+" "+c.Unexposed)
	}
	return fmt.Sprintf("To tell a doubling of the risk, each group needs about %s; still missing: %s.", count(c.Gate.NeededPerGroup, "change", "changes"), strings.Join(missing, " and "))
}

func shareWords(s *figures.Share) string {
	if s == nil {
		return "no data"
	}
	return fmt.Sprintf("%s (%s of %s; %s to %s)", rateText(s.Value), group(s.Events), group(s.N), rateText(s.Lo), rateText(s.Hi))
}

func spreadWords(s *figures.Spread, unit string) string {
	if s == nil {
		return "not stated"
	}
	return fmt.Sprintf("%.3g%s (80%% below %.3g%s)", s.Median, unit, s.P80, unit)
}

// capital begins a phrase with a capital letter, in whatever script it is.
func capital(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	if size == 0 {
		return text
	}
	return string(unicode.ToUpper(first)) + text[size:]
}
