package stats

import (
	"encoding/json"
	"math"
	"os"
	"testing"
)

// tolerance is the agreement demanded of every golden number, relative to
// numbers above one.
const tolerance = 1e-9

// golden is testdata/golden.json, which testdata/golden.py made.
type golden struct {
	Wilson []struct{ Events, N, Lo, Hi float64 }
	Pairs  []struct {
		Table   [4]float64
		Diff    float64
		DiffLo  float64 `json:"diff_lo"`
		DiffHi  float64 `json:"diff_hi"`
		Ratio   float64
		RatioLo float64 `json:"ratio_lo"`
		RatioHi float64 `json:"ratio_hi"`
		RatioSE float64 `json:"ratio_se"`
	}
	Stratified []struct {
		Name    string
		Strata  [][4]float64
		Ratio   float64
		RatioSE float64 `json:"ratio_se"`
		RatioLo float64 `json:"ratio_lo"`
		RatioHi float64 `json:"ratio_hi"`
		Odds    float64
		OddsSE  float64 `json:"odds_se"`
		OddsLo  float64 `json:"odds_lo"`
		OddsHi  float64 `json:"odds_hi"`
		Equal   *float64
		EqualP  float64 `json:"equal_p"`
		EqualDF int     `json:"equal_df"`
	}
	Exact []struct {
		Strata        [][4]float64
		Ratio, Lo, Hi float64
	}
	Control struct {
		Events, Sizes []float64
		Centre        float64
		PLo           []float64 `json:"p_lo"`
		PHi           []float64 `json:"p_hi"`
		UHi           []float64 `json:"u_hi"`
	}
	Labels []struct {
		Table                    [4]float64
		Sensitivity, Specificity float64
		AuditExposed             float64 `json:"audit_exposed"`
		AuditUnexposed           float64 `json:"audit_unexposed"`
		Ratio, SE                float64
	}
	Looks       []struct{ Ratio, SE, Lo, Hi, P float64 }
	Needed      []struct{ Base, Ratio, N float64 }
	Calibration struct {
		P          []float64
		Y          []int
		Brier, ECE float64
	}
}

func readGolden(t *testing.T) golden {
	t.Helper()
	text, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var g golden
	if err := json.Unmarshal(text, &g); err != nil {
		t.Fatal(err)
	}
	return g
}

// same demands agreement with the reference.
func same(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*max(1, math.Abs(want)) || math.IsNaN(got) {
		t.Errorf("%s: %.15g, the reference says %.15g", what, got, want)
	}
}

func tableOf(c [4]float64) Table { return Table{A: c[0], N1: c[1], B: c[2], N0: c[3]} }

func tablesOf(cells [][4]float64) []Table {
	tables := make([]Table, len(cells))
	for i, c := range cells {
		tables[i] = tableOf(c)
	}
	return tables
}

func TestProportionsAgreeWithTheReference(t *testing.T) {
	g := readGolden(t)
	if len(g.Wilson) == 0 || len(g.Pairs) == 0 {
		t.Fatal("the golden file is empty")
	}
	for _, w := range g.Wilson {
		e, ok := Wilson(w.Events, w.N, 0.95)
		if !ok {
			t.Fatalf("no interval for %v of %v", w.Events, w.N)
		}
		same(t, "Wilson lo", e.Lo, w.Lo)
		same(t, "Wilson hi", e.Hi, w.Hi)
	}
	for _, p := range g.Pairs {
		d, _ := Newcombe(tableOf(p.Table), 0.95)
		same(t, "difference", d.Value, p.Diff)
		same(t, "difference lo", d.Lo, p.DiffLo)
		same(t, "difference hi", d.Hi, p.DiffHi)
		r, _ := RiskRatio(tableOf(p.Table), 0.95)
		same(t, "ratio", r.Value, p.Ratio)
		same(t, "ratio lo", r.Lo, p.RatioLo)
		same(t, "ratio hi", r.Hi, p.RatioHi)
		same(t, "ratio error", r.SE, p.RatioSE)
	}
}

func TestStratifiedRatiosAgreeWithTheReference(t *testing.T) {
	for _, s := range readGolden(t).Stratified {
		strata := tablesOf(s.Strata)
		r, _ := MantelHaenszel(strata, 0.95)
		same(t, s.Name+" ratio", r.Value, s.Ratio)
		same(t, s.Name+" ratio error", r.SE, s.RatioSE)
		same(t, s.Name+" ratio lo", r.Lo, s.RatioLo)
		same(t, s.Name+" ratio hi", r.Hi, s.RatioHi)
		o, _ := MantelHaenszelOdds(strata, 0.95)
		same(t, s.Name+" odds", o.Value, s.Odds)
		same(t, s.Name+" odds error", o.SE, s.OddsSE)
		same(t, s.Name+" odds lo", o.Lo, s.OddsLo)
		same(t, s.Name+" odds hi", o.Hi, s.OddsHi)
		if s.Equal == nil {
			continue
		}
		h, ok := Homogeneity(strata)
		if !ok || h.Degrees != s.EqualDF {
			t.Errorf("%s: homogeneity %+v %v", s.Name, h, ok)
		}
		same(t, s.Name+" homogeneity", h.Statistic, *s.Equal)
		same(t, s.Name+" homogeneity p", h.P, s.EqualP)
	}
}

func TestExactRatiosAgreeWithTheReference(t *testing.T) {
	for _, x := range readGolden(t).Exact {
		e, ok := ExactRatio(tablesOf(x.Strata), 0.95)
		if !ok {
			t.Fatal("no answer")
		}
		same(t, "exact ratio", e.Value, x.Ratio)
		same(t, "exact lo", e.Lo, x.Lo)
		same(t, "exact hi", e.Hi, x.Hi)
	}
}

func TestControlLimitsAgreeWithTheReference(t *testing.T) {
	c := readGolden(t).Control
	centre, points := PChart(c.Events, c.Sizes)
	same(t, "centre", centre, c.Centre)
	for i := range points {
		same(t, "p lo", points[i].Limits.Lo, c.PLo[i])
		same(t, "p hi", points[i].Limits.Hi, c.PHi[i])
	}
	if !points[3].Out || points[0].Out {
		t.Errorf("the one bad week is not the one out of limits: %+v", points)
	}
}

func TestLabelCorrectionAgreesWithTheReference(t *testing.T) {
	for _, l := range readGolden(t).Labels {
		q := LabelQuality{Sensitivity: l.Sensitivity, Specificity: l.Specificity, AuditExposed: l.AuditExposed, AuditUnexposed: l.AuditUnexposed}
		e, ok := CorrectLabels(tableOf(l.Table), q, 0.95)
		if !ok {
			t.Fatal("no answer")
		}
		same(t, "corrected", e.Value, l.Ratio)
		same(t, "corrected error", e.SE, l.SE)
	}
}

func TestRepeatedLooksAgreeWithTheReference(t *testing.T) {
	for _, l := range readGolden(t).Looks {
		e, p, ok := Looks(Estimate{Value: l.Ratio, SE: l.SE}, 0.95)
		if !ok {
			t.Fatal("no answer")
		}
		same(t, "looks lo", e.Lo, l.Lo)
		same(t, "looks hi", e.Hi, l.Hi)
		same(t, "looks p", p, l.P)
	}
}

func TestNeededUnitsAndCalibrationAgreeWithTheReference(t *testing.T) {
	g := readGolden(t)
	for _, n := range g.Needed {
		got, _ := NeededPerArm(n.Base, n.Ratio, 0.8, 0.95)
		same(t, "needed", got, n.N)
	}
	forecasts := make([]Forecast, len(g.Calibration.P))
	for i, p := range g.Calibration.P {
		forecasts[i] = Forecast{Probability: p, True: g.Calibration.Y[i] == 1}
	}
	c, _ := Calibrate(forecasts, 0.95)
	same(t, "Brier", c.Brier, g.Calibration.Brier)
	same(t, "ECE", c.ECE, g.Calibration.ECE)
}
