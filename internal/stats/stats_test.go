package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestTheMixOfChangesIsNotTakenForAnEffect(t *testing.T) {
	// AI was used for the larger changes, which fail more often in both arms.
	strata := []Table{{A: 4, N1: 200, B: 16, N0: 800}, {A: 40, N1: 400, B: 10, N0: 100}}
	crude, _ := RiskRatio(Collapse(strata), 0.95)
	adjusted, _ := MantelHaenszel(strata, 0.95)
	if math.Round(crude.Value*100) != 254 {
		t.Errorf("crude %.3f, want 2.54", crude.Value)
	}
	if math.Abs(adjusted.Value-1) > 1e-12 || math.Round(adjusted.Lo*100) != 57 || math.Round(adjusted.Hi*100) != 176 {
		t.Errorf("adjusted %.3f (%.2f to %.2f), want 1.00 (0.57 to 1.76)", adjusted.Value, adjusted.Lo, adjusted.Hi)
	}
}

func TestNothingIsAnsweredFromNothing(t *testing.T) {
	if _, ok := Wilson(0, 0, 0.95); ok {
		t.Error("a proportion of nothing")
	}
	if _, ok := Wilson(3, 2, 0.95); ok {
		t.Error("more events than units")
	}
	for _, table := range []Table{{}, {N1: 5, N0: 5}, {A: 1, N1: 5, N0: 5}, {B: 1, N1: 5, N0: 5}, {A: 2, N1: 1, B: 1, N0: 5}} {
		if e, ok := RiskRatio(table, 0.95); ok {
			t.Errorf("%+v has the ratio %+v", table, e)
		}
		if e, ok := MantelHaenszel([]Table{table}, 0.95); ok {
			t.Errorf("%+v has the pooled ratio %+v", table, e)
		}
		if e, ok := MantelHaenszelOdds([]Table{table}, 0.95); ok {
			t.Errorf("%+v has the pooled odds %+v", table, e)
		}
	}
	if _, ok := Newcombe(Table{N1: 5}, 0.95); ok {
		t.Error("a difference with one arm")
	}
	if _, ok := ExactRatio([]Table{{N1: 5, N0: 5}}, 0.95); ok {
		t.Error("an exact ratio without events")
	}
	if _, ok := ExactRatio([]Table{{A: 400, N1: 5000, B: 400, N0: 5000}}, 0.95); ok {
		t.Error("an exact ratio of more events than it is meant for")
	}
	if _, ok := Calibrate(nil, 0.95); ok {
		t.Error("calibration of nothing")
	}
	if _, ok := Homogeneity([]Table{{A: 5, N1: 50, B: 5, N0: 50}}); ok {
		t.Error("one stratum is always like itself")
	}
	if _, _, ok := Looks(Estimate{Value: math.Inf(1), SE: 1}, 0.95); ok {
		t.Error("looks at an infinite ratio")
	}
	if _, ok := NeededPerArm(0, 2, 0.8, 0.95); ok {
		t.Error("units needed without a rate")
	}
}

func TestAnArmWithoutEventsStillGetsAnExactBound(t *testing.T) {
	none, ok := ExactRatio([]Table{{A: 0, N1: 100, B: 6, N0: 100}}, 0.95)
	if !ok || none.Value != 0 || none.Lo != 0 || none.Hi > 1 || none.Hi < 0.3 {
		t.Errorf("%+v %v", none, ok)
	}
	all, ok := ExactRatio([]Table{{A: 6, N1: 100, B: 0, N0: 100}}, 0.95)
	if !ok || !math.IsInf(all.Value, 1) || !math.IsInf(all.Hi, 1) || math.Abs(all.Lo-1/none.Hi) > 1e-9 {
		t.Errorf("%+v %v", all, ok)
	}
}

func TestStrataWithoutAnArmSayNothing(t *testing.T) {
	strata := []Table{{A: 5, N1: 100, B: 3, N0: 120}, {A: 9, N1: 10}, {B: 7, N0: 70}, {N1: 4, N0: 4}}
	with, _ := MantelHaenszel(strata, 0.95)
	without, _ := MantelHaenszel(strata[:1], 0.95)
	if with.Value != without.Value {
		t.Errorf("%v and %v", with, without)
	}
	used, outside := Informative(strata)
	if used != 1 || outside != 80 {
		t.Errorf("%d strata used, %v units outside", used, outside)
	}
}

func drawTable(t *rapid.T) Table {
	n1, n0 := rapid.IntRange(1, 400).Draw(t, "n1"), rapid.IntRange(1, 400).Draw(t, "n0")
	return Table{
		A: float64(rapid.IntRange(0, n1).Draw(t, "a")), N1: float64(n1),
		B: float64(rapid.IntRange(0, n0).Draw(t, "b")), N0: float64(n0),
	}
}

// turned swaps the arms.
func turned(t Table) Table { return Table{A: t.B, N1: t.N0, B: t.A, N0: t.N1} }

func close9(a, b float64) bool {
	return a == b || math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b))
}

func TestSwappingTheArmsTurnsEveryAnswerRound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		strata := rapid.SliceOfN(rapid.Custom(drawTable), 1, 6).Draw(t, "strata")
		back := make([]Table, len(strata))
		for i := range strata {
			back[i] = turned(strata[i])
		}
		for name, f := range map[string]func([]Table, float64) (Estimate, bool){"risk": MantelHaenszel, "odds": MantelHaenszelOdds, "exact": ExactRatio} {
			e, ok := f(strata, 0.95)
			r, back := f(back, 0.95)
			if ok != back {
				t.Fatalf("%s answers one way only", name)
			}
			if ok && e.Value > 0 && !math.IsInf(e.Value, 1) && !(close9(e.Value, 1/r.Value) && close9(e.Lo, 1/r.Hi) && close9(e.Hi, 1/r.Lo)) {
				t.Fatalf("%s: %+v, turned round %+v", name, e, r)
			}
		}
		d, _ := Newcombe(strata[0], 0.95)
		r, _ := Newcombe(turned(strata[0]), 0.95)
		if !close9(d.Value, -r.Value) || !close9(d.Lo, -r.Hi) {
			t.Fatalf("difference %+v, turned round %+v", d, r)
		}
	})
}

func TestIntervalsHoldTheirEstimate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		p, _ := Wilson(table.A, table.N1, 0.95)
		d, _ := Newcombe(table, 0.95)
		if !p.Contains(p.Value) || !d.Contains(d.Value) || p.Lo < 0 || p.Hi > 1 {
			t.Fatalf("%+v %+v", p, d)
		}
		if e, ok := RiskRatio(table, 0.95); ok {
			wide, pv, _ := Looks(e, 0.95)
			if e.SE > 0 && (!e.Contains(e.Value) || wide.Lo > e.Lo || wide.Hi < e.Hi || pv < 0 || pv > 1) {
				t.Fatalf("%+v within %+v, p %v", e, wide, pv)
			}
		}
		if e, ok := ExactRatio([]Table{table}, 0.95); ok && (e.Lo > e.Value || e.Hi < e.Value) {
			t.Fatalf("%+v", e)
		}
	})
}

func TestPerfectLabelsNeedNoCorrection(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawTable(t)
		crude, ok := RiskRatio(table, 0.95)
		if !ok || table.A == table.N1 || table.B == table.N0 {
			return
		}
		e, ok := CorrectLabels(table, LabelQuality{Sensitivity: 1, Specificity: 1}, 0.95)
		if !ok || !close9(e.Value, crude.Value) {
			t.Fatalf("corrected %+v, crude %+v", e, crude)
		}
	})
}

func TestLabelsNoBetterThanChanceCorrectNothing(t *testing.T) {
	table := Table{A: 10, N1: 100, B: 5, N0: 100}
	for _, q := range []LabelQuality{{Sensitivity: 0.5, Specificity: 0.5}, {Sensitivity: 0.2, Specificity: 0.3}, {Sensitivity: 0.6, Specificity: 0.7, AuditExposed: -1}} {
		if e, ok := CorrectLabels(table, q, 0.95); ok && q.Sensitivity+q.Specificity <= 1 {
			t.Errorf("%+v gives %+v", q, e)
		}
	}
	// More unexposed carry the mark by mistake than carry it at all.
	if e, ok := CorrectLabels(Table{A: 1, N1: 10, B: 30, N0: 990}, LabelQuality{Sensitivity: 0.9, Specificity: 0.8}, 0.95); ok {
		t.Errorf("%+v", e)
	}
}

func TestAnAuditOfFewWidensTheCorrection(t *testing.T) {
	table := Table{A: 60, N1: 900, B: 80, N0: 2100}
	known, _ := CorrectLabels(table, LabelQuality{Sensitivity: 0.8, Specificity: 0.95}, 0.95)
	audited, _ := CorrectLabels(table, LabelQuality{Sensitivity: 0.8, Specificity: 0.95, AuditExposed: 40, AuditUnexposed: 40}, 0.95)
	if audited.SE <= known.SE || audited.Value != known.Value {
		t.Errorf("known %+v, audited %+v", known, audited)
	}
}

func TestTheGateTellsHowMuchIsMissing(t *testing.T) {
	g := DefaultGate()
	few := g.Check(Table{A: 1, N1: 40, B: 3, N0: 160})
	if few.Enough || few.NeededPerArm < 1000 || few.MissingExposed != few.NeededPerArm-40 || few.MissingUnexposed != few.NeededPerArm-160 {
		t.Errorf("%+v", few)
	}
	if lopsided := g.Check(Table{A: 0, N1: 10, B: 40, N0: 4000}); lopsided.Enough {
		t.Errorf("an arm that can expect a tenth of an event passes: %+v", lopsided)
	}
	if many := g.Check(Table{A: 40, N1: 600, B: 60, N0: 2000}); !many.Enough || many.MissingUnexposed != 0 {
		t.Errorf("%+v", many)
	}
	if none := g.Check(Table{}); none.Enough || none.NeededPerArm != 0 {
		t.Errorf("%+v", none)
	}
}

func TestEValue(t *testing.T) {
	// The paper's example: a risk ratio of 3.9 needs 7.26.
	if e := EValue(3.9); math.Abs(e-7.26) > 0.005 {
		t.Error(e)
	}
	if EValue(1) != 1 || EValue(0.5) != EValue(2) {
		t.Error("not symmetric about one")
	}
}

func TestTheBootstrapIsTheSameEveryTime(t *testing.T) {
	strata := []Table{{N1: 900, N0: 2000}, {N1: 30, N0: 60}}
	clusters := []Cluster{{{Stratum: 0, Exposed: true, Events: 2}}, {{Stratum: 1, Events: 1}, {Stratum: 0, Events: 1}}}
	for range 20 {
		clusters = append(clusters, Cluster{{Stratum: 0, Exposed: true, Events: 1}}, Cluster{{Stratum: 0, Events: 1}})
	}
	first, ok := Bootstrap(strata, clusters, 400, 7, 0.95)
	again, _ := Bootstrap(strata, clusters, 400, 7, 0.95)
	other, _ := Bootstrap(strata, clusters, 400, 8, 0.95)
	if !ok || first != again || first == other {
		t.Errorf("%v %v %v %v", ok, first, again, other)
	}
	if _, ok := Bootstrap(strata, nil, 400, 7, 0.95); ok {
		t.Error("an interval without events")
	}
}

func TestSharedIncidentsWidenTheBootstrap(t *testing.T) {
	strata := []Table{{N1: 4000, N0: 9000}}
	var apart, together []Cluster
	for range 40 {
		apart = append(apart, Cluster{{Exposed: true, Events: 1}}, Cluster{{Events: 1}})
	}
	for range 8 {
		together = append(together, Cluster{{Exposed: true, Events: 5}}, Cluster{{Events: 5}})
	}
	a, _ := Bootstrap(strata, apart, 1000, 1, 0.95)
	b, _ := Bootstrap(strata, together, 1000, 1, 0.95)
	if math.Log(b.Hi/b.Lo) < 1.5*math.Log(a.Hi/a.Lo) {
		t.Errorf("80 incidents %v, 16 incidents %v", a, b)
	}
}

func TestOverChance(t *testing.T) {
	always := OverChance(func(float64) float64 { return 3 }, 99, 1)
	if math.Abs(always.Expected-3) > 1e-9 || always.P != 1 {
		t.Errorf("%+v", always)
	}
	tied := OverChance(func(step float64) float64 {
		if step == 0 {
			return 10
		}
		return 2
	}, 99, 1)
	if tied.P != 0.01 || tied.Observed != 10 || tied.Expected < 1.99 || tied.High != 2 {
		t.Errorf("%+v", tied)
	}
	if none := OverChance(func(float64) float64 { return 4 }, 0, 1); none.P != 1 || none.Observed != 4 {
		t.Errorf("%+v", none)
	}
}

func TestAWeekWithoutChangesIsNoAlarm(t *testing.T) {
	_, points := PChart([]float64{0, 5, 6}, []float64{0, 100, 110})
	if points[0].Out || points[0].Rate != 0 {
		t.Errorf("%+v", points[0])
	}
	if centre, points := PChart([]float64{0}, []float64{0}); centre != 0 || len(points) != 1 {
		t.Error(centre, points)
	}
}

func TestCalibrationLeavesEmptyBinsOut(t *testing.T) {
	c, ok := Calibrate([]Forecast{{Probability: 1, True: true}, {Probability: 0.96, True: true}, {Probability: 0.05}}, 0.95)
	if !ok || len(c.Bins) != 2 || c.Bins[1].N != 2 || c.Bins[1].Came.Value != 1 || c.Bins[0].From != 0 {
		t.Errorf("%+v", c)
	}
}
