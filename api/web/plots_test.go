package web

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/internal/figures"
)

func TestEveryIntervalStaysInItsPlotAndAroundItsValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows []interval
		for range rapid.IntRange(1, 12).Draw(t, "rows") {
			lo := rapid.Float64Range(0, 5).Draw(t, "lo")
			value := lo + rapid.Float64Range(0, 5).Draw(t, "above")
			hi := value + rapid.Float64Range(0, 50).Draw(t, "beyond")
			if rapid.IntRange(0, 9).Draw(t, "unbounded") == 0 {
				hi = math.Inf(1)
			}
			rows = append(rows, interval{label: "x", value: value, lo: lo, hi: hi, missing: rapid.IntRange(0, 9).Draw(t, "missing") == 0})
		}
		p := plotIntervals("n", "a", "v", rows, ratioScale(rows))
		for i, r := range p.Drawings[0].Rows {
			if !r.HasValue {
				if !rows[i].missing {
					t.Fatalf("row %d has no value: %+v", i, rows[i])
				}
				continue
			}
			if r.LoX > r.X || r.X > r.HiX+0.1 || r.LoX < plotShapes[0].left-0.1 || r.HiX > plotShapes[0].right+0.1 {
				t.Fatalf("%+v lies at %v, %v, %v", rows[i], r.LoX, r.X, r.HiX)
			}
			if r.OpenEnded != (rows[i].hi > ratioScale(rows).hi) {
				t.Fatalf("%+v: an arrow does not say that it goes on", rows[i])
			}
		}
		if !p.Drawings[0].HasRef || len(p.Drawings[0].Ticks) < 3 {
			t.Fatalf("ticks %v", p.Drawings[0].Ticks)
		}
	})
}

func TestRatesHaveAScaleThatHoldsThem(t *testing.T) {
	for _, top := range []float64{0, 0.0004, 0.012, 0.3, 1} {
		s := rateScale([]interval{{hi: top}})
		if s.hi < top || s.hi <= 0 || len(s.ticks) > 8 || s.ticks[0] != 0 {
			t.Errorf("up to %v: scale to %v with ticks %v", top, s.hi, s.ticks)
		}
	}
}

func TestRareRatesKeepTheirDigits(t *testing.T) {
	for v, want := range map[float64]string{0: "0%", 0.0047: "0.47%", 0.0153: "1.5%", 0.5: "50%", 1: "100%"} {
		if got := rateText(v); got != want {
			t.Errorf("rateText(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{math.Inf(1): "no bound", math.Inf(-1): "not known", -0.1: "not known", 0: "0.00", 9.994: "9.99", 10: "10", 999999: "999999", 1e6: "over a million"} {
		if got := ratioText(v); got != want {
			t.Errorf("ratioText(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestARatioWithoutBoundIsSaidAndNotDrawnAsANumber(t *testing.T) {
	row := ratioRow("x", &figures.Ratio{Lo: 1.2}, false)
	if row.note != "no bound (1.20 to no bound)" || !math.IsInf(row.hi, 1) {
		t.Errorf("%+v", row)
	}
	p := plotIntervals("n", "a", "v", []interval{row, ratioRow("none", nil, false)}, ratioScale([]interval{row}))
	if !p.Drawings[0].Rows[0].OpenEnded || p.Rows[1].HasValue || p.Rows[1].Note != "not enough data" {
		t.Errorf("%+v", p.Rows)
	}
}

func TestAControlChartMarksTheWeekThatStandsOut(t *testing.T) {
	monday := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var weeks []figures.Week
	for i := range 20 {
		w := figures.Week{Starts: monday.AddDate(0, 0, 7*i), High: 0.02, All: &figures.Share{Events: 1, N: 100, Value: 0.01}}
		if i == 7 {
			w.All.Value, w.Out = 0.05, true
		}
		if i == 9 {
			w.All = nil
		}
		weeks = append(weeks, w)
	}
	all := controlChart(weeks)
	c := all.Drawings[0]
	if len(c.Points) != 19 || !c.Points[7].Out || c.Points[6].Out || c.Points[7].Y >= c.Points[6].Y {
		t.Errorf("%+v", c.Points)
	}
	if len(c.XTicks) > 11 || c.XTicks[0].Text != "2026-W02" {
		t.Errorf("%+v", c.XTicks)
	}
	if cells := all.Rows[7]; cells[len(cells)-1] != "outside" {
		t.Errorf("the table says %v", cells)
	}
}

func TestACalibrationCurveLeavesOutEmptyBins(t *testing.T) {
	chart := calibrationChart(&figures.Calibration{Bins: []figures.CalibrationBin{
		{From: 0.1, To: 0.2, Stated: 0.15}, {From: 0.8, To: 0.9, Stated: 0.85, Right: figures.Share{Events: 8, N: 10, Value: 0.8, Lo: 0.5, Hi: 0.95}},
	}})
	c := chart.Drawings[0]
	if len(c.Points) != 1 || c.Points[0].LoY <= c.Points[0].Y || c.Points[0].HiY >= c.Points[0].Y || c.Diagonal == "" {
		t.Errorf("%+v", c.Points)
	}
}

func TestTheGateSaysHowMuchIsMissing(t *testing.T) {
	c := figures.Comparison{Exposed: "AI-assisted changes", Unexposed: "human changes", Gate: figures.Sufficiency{NeededPerGroup: 400, MissingExposed: 43}}
	if got := gateWords(&c); !strings.Contains(got, "still missing: 43 AI-assisted changes.") {
		t.Errorf("%q", got)
	}
	if got := gateWords(&figures.Comparison{}); got != "" {
		t.Errorf("%q", got)
	}
}
