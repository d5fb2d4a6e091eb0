package report

import (
	"bytes"
	"image/png"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
)

// TestTheCauseIsAPersonsWordOrAGuessThatSaysSo walks through what people may have
// decided, with a finding whose first suspect is a guess.
func TestTheCauseIsAPersonsWordOrAGuessThatSaysSo(t *testing.T) {
	guess := correlate.Suspect{Rank: 1, Probability: 0.7, Change: correlate.Change{Source: "cd", ID: "1", Title: "Deploy\x00 1"}}
	right := correlate.Suspect{Rank: 2, Probability: 0.1, Change: correlate.Change{Source: "cd", ID: "2", Kind: correlate.KindConfig}}
	finding := correlate.Finding{Verdict: correlate.VerdictProbable, Suspects: []correlate.Suspect{guess, right}, BlastRadius: &correlate.BlastRadius{Potential: 4}}
	none := finding
	none.Verdict = correlate.VerdictNoChange
	for name, tc := range map[string]struct {
		standing    correlate.Standing
		finding     correlate.Finding
		cause       string
		probability float64
	}{
		"nobody judged":                   {correlate.Standing{State: correlate.JudgedNot}, finding, "Deploy 1 (cd/1)", 0.7},
		"the engine blames no change":     {correlate.Standing{State: correlate.JudgedNot}, none, "", 0},
		"the engine has no suspect":       {correlate.Standing{State: correlate.JudgedNot}, correlate.Finding{}, "", 0},
		"a person chose the second":       {correlate.Standing{State: correlate.JudgedConfirmed, Confirmed: []correlate.Key{{Source: "cd", ID: "2"}}}, finding, "config (cd/2)", 0},
		"a person chose one of their own": {correlate.Standing{State: correlate.JudgedConfirmed, Confirmed: []correlate.Key{{Source: "hand", ID: "9"}}}, finding, "hand/9", 0},
		"a person rejected all":           {correlate.Standing{State: correlate.JudgedRejected}, finding, "", 0},
		"a person says no change":         {correlate.Standing{State: correlate.JudgedNoChange}, finding, "", 0},
	} {
		in := LargeIncident{}
		explain(&in, &fact{standing: tc.standing}, &tc.finding)
		if in.Cause != tc.cause || in.Probability != tc.probability {
			t.Errorf("%s: %q at %v, want %q at %v", name, in.Cause, in.Probability, tc.cause, tc.probability)
		}
	}
	words := map[string]bool{}
	for _, state := range []correlate.JudgementWord{correlate.JudgedNot, correlate.JudgedConfirmed, correlate.JudgedRejected, correlate.JudgedNoChange} {
		words[standingWords(state)] = true
	}
	if len(words) != 4 {
		t.Errorf("standings are told alike: %v", words)
	}
}

// TestAGuessIsTabledAsAGuess reads the table that every rendering shows.
func TestAGuessIsTabledAsAGuess(t *testing.T) {
	r := Report{Incidents: []LargeIncident{
		{Title: "a", Cause: "Deploy (cd/1)", Probability: 0.716, Minutes: 12.4},
		{Title: "b", Cause: "Deploy (cd/2)", Open: true, Minutes: 90},
		{Title: "c"},
	}}
	var causes, lengths []string
	for _, row := range r.incidentTable().Rows {
		causes, lengths = append(causes, row[4]), append(lengths, row[2])
	}
	if got := strings.Join(causes, "|"); got != "suspected at 72%: Deploy (cd/1)|Deploy (cd/2)|–" {
		t.Error(got)
	}
	if got := strings.Join(lengths, "|"); got != "12|90, goes on|0" {
		t.Error(got)
	}
}

// TestTheRatioAxisHasOneAndTheRange holds for any interval: the line of no
// difference is always marked, and no mark lies outside the picture.
func TestTheRatioAxisHasOneAndTheRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(0.02, 5).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1, 20).Draw(t, "factor")
		one := false
		last := 0.0
		for _, tick := range ratioTicks(lo, hi) {
			one = one || tick.Value == 1
			if tick.Value <= last || tick.Value < min(lo, 0.5)*0.98 || tick.Value > max(hi, 2)*1.02 {
				t.Fatalf("%v after %v for %v to %v", tick.Value, last, lo, hi)
			}
			last = tick.Value
		}
		if !one {
			t.Fatalf("1 is not marked for %v to %v", lo, hi)
		}
	})
}

// TestWeeksAreNamedFromTheLastBackwards wants the newest week named, and no more
// names than fit.
func TestWeeksAreNamedFromTheLastBackwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		end := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
		n := rapid.IntRange(1, 60).Draw(t, "weeks")
		ticks := weekTicks{}.Ticks(float64(end.AddDate(0, 0, -7*n).Unix()), float64(end.Unix()))
		if ticks[0].Label != "2026-W47" || len(ticks) > 9 || len(ticks) < 2 {
			t.Fatalf("%d weeks: %+v", n, ticks)
		}
		for _, tick := range ticks {
			if math.Mod(float64(end.Unix())-tick.Value, 7*24*3600) != 0 {
				t.Fatalf("%v is no Monday", tick)
			}
		}
	})
}

// TestChartsAreDrawnForWhatIsThere leaves out one part of the figures after the
// other.
func TestChartsAreDrawnForWhatIsThere(t *testing.T) {
	full := simulateQuarter(7).build(t)
	for name, tc := range map[string]struct {
		spoil func(r *Report)
		lost  string
	}{
		"everything":           {func(*Report) {}, ""},
		"groups of nothing":    {func(r *Report) { r.Impact.Groups = nil }, chartRates},
		"no ratio":             {func(r *Report) { r.Impact.Headline = figures.Comparison{} }, chartRatios},
		"a ratio without end":  {func(r *Report) { r.Impact.Headline = figures.Comparison{Crude: &figures.Ratio{Lo: 2}} }, chartRatios},
		"a single week":        {func(r *Report) { r.Impact.Weeks = r.Impact.Weeks[:1] }, chartWeeks},
		"weeks without change": {func(r *Report) { r.Impact.Weeks = make([]figures.Week, 9) }, chartWeeks},
	} {
		r := full
		tc.spoil(&r)
		charts, err := r.Charts()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, chart := range []string{chartRates, chartRatios, chartWeeks} {
			c, drawn := charts[chart]
			if drawn == (chart == tc.lost) {
				t.Errorf("%s: %s is drawn: %v", name, chart, drawn)
			}
			if !drawn {
				continue
			}
			picture, err := png.Decode(bytes.NewReader(c.PNG))
			if err != nil || picture.Bounds().Dx() != 1152 || len(c.Alt) < 40 {
				t.Errorf("%s: %s: %v, %q", name, chart, err, c.Alt)
			}
		}
		for _, f := range Formats() {
			render(t, &r, f)
		}
	}
}

// TestColumnsFillThePageAndHoldTheirWords lays any table out.
func TestColumnsFillThePageAndHoldTheirWords(t *testing.T) {
	r := simulateQuarter(7).build(t)
	d := newDocument(&r)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "columns")
		table := &table{Head: make([]string, n)}
		for range rapid.IntRange(1, 5).Draw(t, "rows") {
			row := make([]string, n)
			for i := range row {
				row[i] = strings.Repeat(rapid.SampledFrom([]string{"a", "word ", "longer ", "0.97% "}).Draw(t, "text"), rapid.IntRange(0, 30).Draw(t, "times"))
			}
			table.Rows = append(table.Rows, row)
		}
		sum := 0.0
		for i, width := range d.columns(table) {
			if width < 0 {
				t.Fatalf("column %d is %v wide", i, width)
			}
			sum += width
		}
		if math.Abs(sum-pdfWidth) > 0.01 {
			t.Fatalf("the columns are %v wide, the page %v", sum, pdfWidth)
		}
	})
}
