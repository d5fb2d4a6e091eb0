package report

import (
	"fmt"
	"image/color"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/plot"

	"github.com/faultline/faultline/internal/figures"
)

func share(value, lo, hi float64) *figures.Share {
	return &figures.Share{Value: value, Lo: lo, Hi: hi}
}

func ratio(value, lo, hi float64) *figures.Ratio {
	return &figures.Ratio{Value: &value, Lo: lo, Hi: &hi}
}

// ticksOf writes the marks of an axis as "value label".
func ticksOf(axis *plot.Axis) []string {
	var out []string
	for _, tick := range axis.Tick.Marker.Ticks(axis.Min, axis.Max) {
		out = append(out, fmt.Sprintf("%g %s", tick.Value, tick.Label))
	}
	return out
}

// wantChart compares what a chart says to those who cannot see it, and its axes.
func wantChart(t *testing.T, p *plot.Plot, alt, wantAlt string, x [2]float64, y []string) {
	t.Helper()
	if alt != wantAlt {
		t.Errorf("in words: %s\nwant      %s", alt, wantAlt)
	}
	if math.Abs(p.X.Min-x[0]) > 1e-9 || math.Abs(p.X.Max-x[1]) > 1e-9 {
		t.Errorf("from %v to %v, want %v", p.X.Min, p.X.Max, x)
	}
	if diff := cmp.Diff(y, ticksOf(&p.Y)); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// TestTheRatesOfAChartAreInPercent from zero on, so that a small difference does
// not look like a large one.
func TestTheRatesOfAChartAreInPercent(t *testing.T) {
	r := Report{Impact: figures.Impact{Groups: []figures.ChangeGroup{
		{Group: "human", Changes: 12345, Rate: share(0.01, 0.005, 0.02)},
		{Group: "automation", Changes: 3},
		{Group: "ai_assisted", Changes: 7, Rate: share(0.25, 0.125, 0.4)},
	}}}
	p, alt := r.ratePlot()
	wantChart(t, p, alt, "Share of changes with an incident, with 95% intervals. human: 1.00% (0.50 to 2.00). ai_assisted: 25.00% (12.50 to 40.00).",
		[2]float64{0, 42}, []string{"1 Human (12,345)", "0 Ai_assisted (7)"})
	if p.Y.Min != -0.7 || p.Y.Max != 1.7 {
		t.Errorf("lines from %v to %v", p.Y.Min, p.Y.Max)
	}
}

// TestTheRatiosOfAChartStandAroundOne, on a scale on which half and twice are
// equally far; a ratio without an end is not drawn.
func TestTheRatiosOfAChartStandAroundOne(t *testing.T) {
	h := figures.Comparison{Crude: ratio(1.5, 1.2, 1.8), Adjusted: ratio(1.1, 0.9, 1.4), Looks: &figures.Looks{Lo: 0.8, Hi: 1.6}, AdjustedForSize: ratio(1, 0.7, 1.3)}
	r := Report{Impact: figures.Impact{Headline: h}}
	p, alt := r.ratioPlot()
	wantChart(t, p, alt, "Risk of AI-assisted changes relative to human ones; 1 is no difference. as counted: 1.50 (1.20 to 1.80). like with like: 1.10 (0.90 to 1.40). "+
		"like with like, read weekly: 1.10 (0.80 to 1.60). and of like size: 1.00 (0.70 to 1.30).",
		[2]float64{0.5, 2}, []string{"3 as counted", "2 like with like", "1 like with like, read weekly", "0 and of like size"})
	if diff := cmp.Diff([]string{"0.5 0.5", "1 1", "2 2"}, ticksOf(&p.X)); diff != "" {
		t.Error(diff)
	}
	r.Impact.Headline = figures.Comparison{Crude: ratio(3, 0.04, 12), AdjustedForSize: &figures.Ratio{Lo: 2}}
	p, alt = r.ratioPlot()
	wantChart(t, p, alt, "Risk of AI-assisted changes relative to human ones; 1 is no difference. as counted: 3.00 (0.04 to 12.00).", [2]float64{0.04, 12.6}, []string{"0 as counted"})
	if diff := cmp.Diff([]string{"0.05 0.05", "0.1 0.1", "0.25 0.25", "0.5 0.5", "1 1", "2 2", "4 4", "10 10"}, ticksOf(&p.X)); diff != "" {
		t.Error(diff)
	}
	for name, none := range map[string]figures.Comparison{
		"no value": {Crude: &figures.Ratio{Lo: 1, Hi: h.Crude.Hi}}, "no end": {Crude: &figures.Ratio{Value: h.Crude.Value, Lo: 1}}, "from zero": {Crude: ratio(1, 0, 2)},
	} {
		r.Impact.Headline = none
		if p, alt := r.ratioPlot(); p != nil || alt != "" {
			t.Errorf("%s: drawn as %q", name, alt)
		}
	}
}

// TestTheWeeksOfAChartCountThoseWithChanges: a week without any has no share,
// and two make a line.
func TestTheWeeksOfAChartCountThoseWithChanges(t *testing.T) {
	monday := time.Date(2026, 11, 2, 0, 0, 0, 0, time.UTC)
	weeks := []figures.Week{
		{Starts: monday, All: share(0.01, 0, 0), Low: 0, High: 0.02},
		{Starts: monday.AddDate(0, 0, 7)},
		{Starts: monday.AddDate(0, 0, 14), All: share(0.05, 0, 0), Low: 0, High: 0.02, Out: true},
	}
	r := Report{Impact: figures.Impact{Weeks: weeks}}
	p, alt := r.weekPlot()
	if want := "Share of changes with an incident over 2 weeks; 1 outside the usual range. Last week 5.00%."; alt != want {
		t.Errorf("in words: %s", alt)
	}
	if p.Y.Min != 0 || p.Y.Max < 5 || p.X.Min != float64(monday.Unix()) || p.X.Max != float64(weeks[2].Starts.Unix()) {
		t.Errorf("from %v, %v to %v, %v", p.X.Min, p.Y.Min, p.X.Max, p.Y.Max)
	}
	for n := range 3 {
		r.Impact.Weeks = weeks[:n]
		if p, alt := r.weekPlot(); p != nil || alt != "" {
			t.Errorf("%d weeks, one with changes, are drawn as %q", n, alt)
		}
	}
}

// luminance is that of WCAG 2.2 for a colour in sRGB.
func luminance(c color.RGBA) float64 {
	linear := func(v uint8) float64 {
		s := float64(v) / 255
		if s <= 0.04045 {
			return s / 12.92
		}
		return math.Pow((s+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// TestChartsCanBeSeen holds the colours to the contrast with white that WCAG
// asks for: 4.5 for text, 3 for marks; what lies behind them stays light.
func TestChartsCanBeSeen(t *testing.T) {
	for name, c := range map[string]struct {
		color       color.RGBA
		least, most float64
	}{
		"ink": {inkColor, 4.5, 21}, "marks": {markColor, 3, 21}, "alarms": {alarmColor, 3, 21}, "band": {bandColor, 1.1, 1.5}, "grid": {gridColor, 1.1, 2},
	} {
		contrast := 1.05 / (luminance(c.color) + 0.05)
		if contrast < c.least || contrast > c.most || c.color.A != 0xff {
			t.Errorf("%s: contrast %.2f, want %v to %v", name, contrast, c.least, c.most)
		}
	}
}
