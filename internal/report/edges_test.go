package report

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// A question is put to leaders from a stated border on, and not before it.
func TestADecisionIsAskedForBeyondItsBorderOnly(t *testing.T) {
	out := []figures.Week{{Starts: time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC), Out: true}}
	for name, c := range map[string]struct {
		report Report
		want   string
	}{
		"a fifth unknown":        {Report{Impact: figures.Impact{Population: figures.Population{Unknown: &figures.Share{Value: 0.2}}}}, ""},
		"more unknown":           {Report{Impact: figures.Impact{Population: figures.Population{Unknown: &figures.Share{Value: 0.21}}}}, "origin of 21%"},
		"nine in ten approved":   {Report{Approval: figures.PolicyEffect{Coverage: &figures.Share{Events: 9, N: 10, Value: 0.9}}}, ""},
		"fewer approved":         {Report{Approval: figures.PolicyEffect{Coverage: &figures.Share{Events: 89, N: 100, Value: 0.89}}}, "11 of 100"},
		"one ratio fits":         {Report{Impact: figures.Impact{Headline: figures.Comparison{Homogeneity: &figures.Homogeneity{P: 0.05}}}}, ""},
		"no ratio fits":          {Report{Impact: figures.Impact{Headline: figures.Comparison{Homogeneity: &figures.Homogeneity{P: 0.049}}}}, "differs between tiers"},
		"the week is out":        {Report{Week: "2026-W47", Impact: figures.Impact{Weeks: out}}, "outside its usual range"},
		"another week was out":   {Report{Week: "2026-W46", Impact: figures.Impact{Weeks: out}}, ""},
		"a usual week like many": {Report{Week: "2026-W47", Impact: figures.Impact{Weeks: []figures.Week{{Starts: out[0].Starts}}}}, ""},
	} {
		got := strings.Join(decisions(&past{}, &c.report), "\n")
		if !strings.Contains(got, c.want) || (c.want == "") != (got == "") {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// What waits for a word is what nobody judged, or judged without naming a cause:
// not what somebody declared to have none.
func TestWhatWaitsForAVerdictIsCountedByItsStanding(t *testing.T) {
	for _, c := range []struct {
		state       correlate.JudgementWord
		tile, basis string
		waits       bool
	}{
		{correlate.JudgedConfirmed, "1 of 1", "0 without a cause or a verdict", false},
		{correlate.JudgedNoChange, "0 of 1", "0 without a cause or a verdict", false},
		{correlate.JudgedRejected, "0 of 1", "1 without a cause or a verdict", true},
		{correlate.JudgedNot, "0 of 1", "1 without a cause or a verdict", true},
	} {
		p := &past{}
		p.weeks[0] = []fact{ended("x", 10, correlate.SeverityHigh, c.state)}
		if tile := judgedTile(p.weeks[0]); tile.Value != c.tile || tile.Before != c.basis {
			t.Errorf("%s: %+v", c.state, tile)
		}
		if asked := decisions(p, &Report{}); (len(asked) == 1) != c.waits || c.waits && !strings.HasPrefix(asked[0], "1 incident of") {
			t.Errorf("%s: %q", c.state, asked)
		}
		// One of an earlier week waits no less.
		p.weeks[8], p.weeks[0] = p.weeks[0], nil
		if asked := decisions(p, &Report{}); (len(asked) == 1) != c.waits {
			t.Errorf("%s, eight weeks ago: %q", c.state, asked)
		}
	}
}

func TestAStandingIsSaidAsWhatItIs(t *testing.T) {
	said := map[string]bool{}
	for state, want := range map[correlate.JudgementWord]string{
		correlate.JudgedConfirmed: "confirmed", correlate.JudgedNoChange: "no change to blame",
		correlate.JudgedRejected: "rejected", correlate.JudgedNot: "not yet judged", "": "not yet judged",
	} {
		got := standingWords(state)
		if !strings.Contains(got, want) {
			t.Errorf("%q: %q, want %q", state, got, want)
		}
		said[got] = true
	}
	if len(said) != 4 {
		t.Errorf("standings that differ read alike: %v", said)
	}
}

// An incident that two clocks let end before it began has no negative length, which
// would shorten the week's minutes.
func TestLengthsAreNeverNegative(t *testing.T) {
	began := monday.Add(time.Hour)
	before, after := monday, monday.Add(3*time.Hour)
	for name, c := range map[string]struct {
		end  *time.Time
		want float64
	}{"ended before it began": {&before, 0}, "ended": {&after, 120}, "goes on": {nil, 300}} {
		f := query.IncidentFact{StartedAt: began, ResolvedAt: c.end}
		if got := lasted(&f, began.Add(5*time.Hour)); got != c.want {
			t.Errorf("%s: %v minutes, want %v", name, got, c.want)
		}
	}
}

func TestAnUnknownSeverityComesLast(t *testing.T) {
	all := correlate.Severities()
	for i, s := range all {
		if severityRank(s) != i {
			t.Errorf("%s ranks %d, want %d", s, severityRank(s), i)
		}
	}
	if got := severityRank("vendor-made"); got != len(all) {
		t.Errorf("a foreign severity ranks %d, want %d", got, len(all))
	}
}

// A change without a title is named by its kind, always with its key, by which it
// can be found.
func TestACauseIsNamedSoThatItCanBeFound(t *testing.T) {
	c := correlate.Change{ID: "7", Source: "ci", Kind: correlate.KindConfig}
	if got := causeWords(&c); got != "config (ci/7)" {
		t.Errorf("%q", got)
	}
	if c.Title = "Raise a limit"; causeWords(&c) != "Raise a limit (ci/7)" {
		t.Errorf("%q", causeWords(&c))
	}
}

// The short form is all that many read: each number of the week and of the
// comparison must be in it.
func TestTheSlackFormHasEveryTile(t *testing.T) {
	r := simulateQuarter(7).build(t)
	var fields []string
	for _, b := range r.Slack().Blocks {
		for _, f := range b.Fields {
			fields = append(fields, f.Text)
		}
	}
	all := strings.Join(fields, "\n")
	for _, tile := range slices.Concat(r.Tiles, r.Groups) {
		for _, part := range []string{tile.Name, tile.Value, tile.Basis, tile.Before} {
			if !strings.Contains(all, slackWords(part)) {
				t.Errorf("the tile %q: %q is missing", tile.Name, part)
			}
		}
	}
	if len(fields) != len(r.Tiles)+len(r.Groups) || len(r.Tiles) != 5 || len(r.Groups) == 0 {
		t.Errorf("%d fields for %d and %d tiles", len(fields), len(r.Tiles), len(r.Groups))
	}
}

// The picture of the ratio has a line for each way to compare, the one that may be
// looked at every week among them: the verdict rests on it.
func TestThePictureOfTheRatioHasEachWayToCompare(t *testing.T) {
	one, two := 1.0, 2.0
	ratio := &figures.Ratio{Value: &one, Lo: 0.5, Hi: &two}
	weekly := &figures.Looks{Lo: 0.25, Hi: 4}
	for name, c := range map[string]struct {
		h    figures.Comparison
		want []string
	}{
		"all":                    {figures.Comparison{Crude: ratio, Adjusted: ratio, Looks: weekly, AdjustedForSize: ratio}, []string{"as counted: 1.00 (0.50 to 2.00)", "like with like: 1.00", "read weekly: 1.00 (0.25 to 4.00)", "of like size: 1.00"}},
		"not to be read weekly":  {figures.Comparison{Adjusted: ratio}, []string{"like with like: 1.00"}},
		"nothing to compare":     {figures.Comparison{Looks: weekly}, nil},
		"one without an end":     {figures.Comparison{Crude: ratio, AdjustedForSize: &figures.Ratio{Value: &one, Lo: 0.5}}, []string{"as counted"}},
		"one that begins at all": {figures.Comparison{Crude: ratio, AdjustedForSize: &figures.Ratio{Value: &one, Hi: &two}}, []string{"as counted"}},
	} {
		r := Report{Impact: figures.Impact{Headline: c.h}}
		_, alt := r.ratioPlot()
		for _, part := range c.want {
			if !strings.Contains(alt, part) {
				t.Errorf("%s: %q lacks %q", name, alt, part)
			}
		}
		if lines := strings.Count(alt, " ("); lines != len(c.want) {
			t.Errorf("%s: %d lines, want %d: %q", name, lines, len(c.want), alt)
		}
	}
}
