package stats

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A doubled or missing term in one of these formulas still gives a number that
// looks right; each is held to figures worked out by hand.
func TestFormulasGiveTheFiguresWorkedOutByHand(t *testing.T) {
	p, _ := Wilson(30, 100, 0.95)
	if !close9(p.SE, math.Sqrt(0.3*0.7/100)) {
		t.Errorf("error of a share: %v", p.SE)
	}
	d, _ := Newcombe(Table{A: 30, N1: 100, B: 20, N0: 50}, 0.95)
	if !close9(d.SE, math.Sqrt(0.3*0.7/100+0.4*0.6/50)) || !close9(d.Value, -0.1) {
		t.Errorf("difference %+v", d)
	}
	s := Gate{MinEvents: 10, MinExpected: 5, Ratio: 2, Power: 0.8, Level: 0.95}.Check(Table{A: 4, N1: 100, B: 16, N0: 300})
	if s.Events != 20 || s.ExpectedExposed != 5 || s.ExpectedUnexposed != 15 || !s.Enough {
		t.Errorf("gate %+v", s)
	}
	want, _ := NeededPerArm(16.0/300, 2, 0.8, 0.95)
	if s.NeededPerArm != want || s.MissingExposed != want-100 || s.MissingUnexposed != want-300 {
		t.Errorf("needed %v, gate %+v", want, s)
	}
	// Without an event among the unexposed, the rate is that of both arms.
	s = DefaultGate().Check(Table{A: 8, N1: 100, N0: 300})
	if want, _ = NeededPerArm(8.0/400, 2, 0.8, 0.95); s.NeededPerArm != want || s.Enough {
		t.Errorf("needed %v, gate %+v", want, s)
	}
	if used, outside := Informative([]Table{{A: 2, N1: 5, B: 1, N0: 4}, {A: 2, N1: 5}, {N1: 3, N0: 7}}); used != 1 || outside != 5 {
		t.Errorf("%d strata, %v units outside", used, outside)
	}
	if e := EValue(1.5); !close9(e, 1.5+math.Sqrt(0.75)) {
		t.Errorf("E-value %v", e)
	}
	// With odds of one, events fall on the arms by their sizes.
	for _, odds := range []float64{1, 1 + 1e-14, 1 + 1e-9} {
		if got := expectedEvents(Table{A: 3, N1: 30, B: 5, N0: 50}, odds); math.Abs(got-3) > 1e-6 {
			t.Errorf("odds %v: %v of 8 events", odds, got)
		}
	}
}

// The gate's bounds belong to what passes.
func TestTheGateLetsThroughWhatJustReachesIt(t *testing.T) {
	g := DefaultGate()
	if g.MinEvents != 10 || g.MinExpected != 5 {
		t.Errorf("the gate of the guide is %+v", g)
	}
	for table, enough := range map[Table]bool{
		{A: 5, N1: 100, B: 5, N0: 100}: true, {A: 5, N1: 100, B: 4, N0: 100}: false,
		{A: 3, N1: 50, B: 17, N0: 150}: true, {A: 3, N1: 49, B: 17, N0: 151}: false, {A: 3, N1: 151, B: 17, N0: 49}: false,
	} {
		if got := g.Check(table); got.Enough != enough {
			t.Errorf("%+v: %+v", table, got)
		}
	}
}

// What cannot have been counted, and corrections that leave nothing, must give no
// answer: a number there is one that nobody can defend.
func TestImpossibleCountsGiveNoAnswer(t *testing.T) {
	perfect := LabelQuality{Sensitivity: 1, Specificity: 1}
	for name, table := range map[string]Table{
		"events of nobody": {A: -1, N1: 10, B: 3, N0: 10}, "unexposed of nobody": {A: 1, N1: 10, B: -3, N0: 10}, "more events than exposed": {A: 11, N1: 10, B: 1, N0: 10},
		"more events than unexposed": {A: 1, N1: 10, B: 11, N0: 10}, "no events": {N1: 10, N0: 10}, "no calm unit": {A: 10, N1: 10, B: 10, N0: 10},
		"no exposed events": {N1: 10, B: 3, N0: 10}, "no unexposed events": {A: 3, N1: 10, N0: 10}, "nobody exposed": {B: 3, N0: 10}, "all exposed": {A: 3, N1: 10},
	} {
		if e, ok := CorrectLabels(table, perfect, 0.95); ok {
			t.Errorf("%s: corrected to %+v", name, e)
		}
		if e, ok := RiskRatio(table, 0.95); ok && name != "no calm unit" {
			t.Errorf("%s: a ratio of %+v", name, e)
		}
	}
	for _, e := range []Estimate{{Value: 0, SE: 1}, {Value: -1, SE: 1}, {Value: 2, SE: 0}, {Value: math.NaN(), SE: 1}, {Value: 2, SE: math.NaN()}, {Value: math.Inf(1), SE: 1}} {
		if wide, p, ok := Looks(e, 0.95); ok || p != 1 || wide != (Estimate{}) {
			t.Errorf("%+v looked at gives %+v, %v", e, wide, p)
		}
	}
	for name, c := range map[string][2]float64{"a risk of more than one": {0.6, 2}, "of one": {0.5, 2}, "the same risk": {0.1, 1}, "no risk": {0.1, 0}, "a negative one": {0.1, -1}} {
		if n, ok := NeededPerArm(c[0], c[1], 0.8, 0.95); ok || n != 0 {
			t.Errorf("%s needs %v", name, n)
		}
	}
	if _, ok := Wilson(-1, 10, 0.95); ok {
		t.Error("a share of less than nothing")
	}
	if d, ok := Newcombe(Table{N0: 5}, 0.95); ok {
		t.Errorf("a difference without exposed: %+v", d)
	}
	if test, ok := Homogeneity([]Table{{A: 5, N1: 50, B: 5, N0: 50}, {A: 1, N1: 1000, B: 0, N0: 3}}); ok || test.Strata != 1 {
		t.Errorf("a stratum too sparse is tested: %+v", test)
	}
	if _, ok := Homogeneity([]Table{{A: 5, N1: 50, B: 5, N0: 50}, {A: 9, N1: 50, B: 4, N0: 50}}); !ok {
		t.Error("two strata cannot be compared")
	}
}

// Poisson draws have their mean as their variance, by either way of drawing.
func TestPoissonDrawsHaveTheirMeanAndVariance(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, mean := range []float64{0.5, 1, 12, normalFrom - 1, normalFrom, 400} {
		const n = 20_000
		sum, squares := 0.0, 0.0
		for range n {
			k := poisson(random, mean)
			if k < 0 || k != math.Trunc(k) {
				t.Fatalf("%v of a mean of %v", k, mean)
			}
			sum += k
			squares += k * k
		}
		got, variance := sum/n, squares/n-sum/n*(sum/n)
		// Five standard errors of each.
		if math.Abs(got-mean) > 5*math.Sqrt(mean/n) || math.Abs(variance-mean) > 5*mean*math.Sqrt((2+1/mean)/n) {
			t.Errorf("mean %v: drawn %v with variance %v", mean, got, variance)
		}
	}
	if poisson(random, 0) != 0 || poisson(random, -3) != 0 {
		t.Error("something of nothing")
	}
}

// The bootstrap of independent single events must agree with the interval that
// theory gives, or one of its parts is not drawn as it should be.
func TestTheBootstrapOfSingleEventsAgreesWithTheory(t *testing.T) {
	table := Table{A: 120, N1: 1000, B: 150, N0: 2500}
	var clusters []Cluster
	for range 120 {
		clusters = append(clusters, Cluster{{Exposed: true, Events: 1}})
	}
	for range 150 {
		clusters = append(clusters, Cluster{{Events: 1}})
	}
	theory, _ := RiskRatio(table, 0.95)
	got, ok := Bootstrap([]Table{{N1: table.N1 - table.A, N0: table.N0 - table.B}}, clusters, 4000, 5, 0.95)
	if !ok || math.Abs(math.Log(got.Lo/theory.Lo)) > 0.03 || math.Abs(math.Log(got.Hi/theory.Hi)) > 0.03 {
		t.Errorf("bootstrap %v, theory %v", got, theory.Interval)
	}
	narrow, _ := Bootstrap([]Table{{N1: table.N1 - table.A, N0: table.N0 - table.B}}, clusters, 4000, 5, 0.5)
	if narrow.Lo <= got.Lo || narrow.Hi >= got.Hi || narrow.Lo >= narrow.Hi {
		t.Errorf("half of the draws lie in %v, 95%% in %v", narrow, got)
	}
	// One incident of five events is drawn as one, so that most draws with few of them have no answer.
	if few, ok := Bootstrap([]Table{{N1: 100, N0: 100}}, []Cluster{{{Exposed: true, Events: 5}}, {{Events: 5}}}, 500, 5, 0.95); ok {
		t.Errorf("two incidents give %v", few)
	}
}

// Order statistics, by hand.
func TestQuantilesInterpolateBetweenOrderStatistics(t *testing.T) {
	sorted := []float64{1, 2, 4, 8}
	for q, want := range map[float64]float64{0: 1, 1: 8, 0.5: 3, 1.0 / 3: 2, 0.25: 1.75, 0.9: 6.8} {
		if got := sortedQuantile(sorted, q); !close9(got, want) {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	if got := sortedQuantile([]float64{7}, 0.5); got != 7 {
		t.Errorf("of one: %v", got)
	}
	unsorted := []float64{9, 1, 5}
	if got := percentile(unsorted, 0.5); got != percentile([]float64{1, 5, 9}, 0.5) || !slices.Equal(unsorted, []float64{9, 1, 5}) {
		t.Errorf("the order of what is given decides, or is changed: %v %v", got, unsorted)
	}
}

// Bins are tenths, each with what was stated and what came of it.
func TestCalibrationBinsHoldTheirForecasts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forecasts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Forecast {
			return Forecast{Probability: float64(rapid.IntRange(0, 100).Draw(t, "percent")) / 100, True: rapid.Bool().Draw(t, "true")}
		}), 1, 40).Draw(t, "forecasts")
		c, ok := Calibrate(forecasts, 0.95)
		n, came, stated := 0, 0.0, 0.0
		for _, b := range c.Bins {
			n += b.N
			came += b.Came.Value * float64(b.N)
			stated += b.Stated * float64(b.N)
			if !close9(b.To-b.From, 0.1) || b.Stated < b.From-1e-9 || b.Stated > b.To+1e-9 {
				t.Fatalf("bin %+v", b)
			}
		}
		for _, f := range forecasts {
			stated -= f.Probability
			if f.True {
				came--
			}
		}
		if !ok || n != len(forecasts) || c.N != n || math.Abs(came) > 1e-9 || math.Abs(stated) > 1e-9 {
			t.Fatalf("%d of %d forecasts, %v came and %v stated too much", n, len(forecasts), came, stated)
		}
	})
}

// Steps stay away from none at all, where nothing is moved.
func TestStepsOfAShiftStayAwayFromNone(t *testing.T) {
	var steps []float64
	e := OverChance(func(step float64) float64 { steps = append(steps, step); return step }, 400, 3)
	if steps[0] != 0 || slices.Min(steps[1:]) < minStep || slices.Max(steps) > 1-minStep || slices.Max(steps) < 0.95 || slices.Min(steps[1:]) > 0.05 {
		t.Errorf("from %v to %v", slices.Min(steps[1:]), slices.Max(steps))
	}
	if math.Abs(e.Expected-0.5) > 0.05 || e.High < 0.9 || e.High > 0.98 || e.P != 1 || e.Shifts != 400 {
		t.Errorf("%+v", e)
	}
}
