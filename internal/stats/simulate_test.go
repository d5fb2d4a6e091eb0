package stats

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"
)

// rounds is how often each simulation is repeated; `make stats-long` asks for
// many more than the default.
var rounds = flag.Int("rounds", 1500, "repetitions of each simulation")

// draw counts events among n.
func draw(random *rand.Rand, n int, p float64) float64 {
	events := 0.0
	for range n {
		if random.Float64() < p {
			events++
		}
	}
	return events
}

// arms draws a table of two risks.
func arms(random *rand.Rand, n1, n0 int, base, ratio float64) Table {
	return Table{A: draw(random, n1, base*ratio), N1: float64(n1), B: draw(random, n0, base), N0: float64(n0)}
}

// between is a uniform draw.
func between(random *rand.Rand, lo, hi float64) float64 { return lo + (hi-lo)*random.Float64() }

// within is the coverage demanded of every 95% interval, with room for three
// standard errors of the simulation itself at few rounds.
func within(coverage float64, n int) bool {
	return coverage >= 0.93-simulationError(n) && coverage <= 0.97+simulationError(n)
}

func simulationError(n int) float64 {
	if n >= 10_000 {
		return 0
	}
	return 3 * math.Sqrt(0.05*0.95/float64(n))
}

// TestSimulatedCoverage draws data of a known truth and counts how often the
// 95% interval holds it. Risks vary from round to round: for one fixed risk and
// few units the coverage of any interval jumps, which says nothing about it.
func TestSimulatedCoverage(t *testing.T) {
	for _, c := range coverageCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(11, uint64(len(c.name))))
			covered, answered := 0, 0
			n := *rounds
			if c.slow {
				n = max(400, n/10)
			}
			for range n {
				interval, truth, ok := c.draw(random)
				if !ok {
					continue
				}
				answered++
				if interval.Contains(truth) {
					covered++
				}
			}
			coverage := float64(covered) / float64(answered)
			t.Logf("%-48s %5.1f%% of %d (no answer in %d)", c.name, 100*coverage, answered, n-answered)
			if !within(coverage, answered) {
				t.Errorf("the 95%% interval holds the truth in %.1f%%", 100*coverage)
			}
		})
	}
}

type coverageCase struct {
	name string
	slow bool
	draw func(random *rand.Rand) (Interval, float64, bool)
}

func coverageCases() []coverageCase {
	return []coverageCase{
		{name: "Wilson, 40 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			p := between(random, 0.02, 0.3)
			e, ok := Wilson(draw(random, 40, p), 40, 0.95)
			return e.Interval, p, ok
		}},
		{name: "Wilson, 2,000 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			p := between(random, 0.005, 0.05)
			e, ok := Wilson(draw(random, 2000, p), 2000, 0.95)
			return e.Interval, p, ok
		}},
		{name: "Newcombe, 40 and 80 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			base := between(random, 0.05, 0.2)
			e, ok := Newcombe(arms(random, 40, 80, base, 2), 0.95)
			return e.Interval, base, ok
		}},
		{name: "Newcombe, 1,000 and 3,000 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			base := between(random, 0.01, 0.05)
			e, ok := Newcombe(arms(random, 1000, 3000, base, 2), 0.95)
			return e.Interval, base, ok
		}},
		{name: "crude ratio, 1,000 and 3,000 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			e, ok := RiskRatio(arms(random, 1000, 3000, between(random, 0.01, 0.05), 2), 0.95)
			return e.Interval, 2, ok
		}},
		{name: "Mantel-Haenszel, 6 large strata", draw: func(random *rand.Rand) (Interval, float64, bool) {
			e, ok := MantelHaenszel(largeStrata(random, 2), 0.95)
			return e.Interval, 2, ok
		}},
		{name: "Mantel-Haenszel, 150 sparse strata", draw: func(random *rand.Rand) (Interval, float64, bool) {
			e, ok := MantelHaenszel(sparseStrata(random, 150, 2), 0.95)
			return e.Interval, 2, ok
		}},
		{name: "odds ratio, 6 large strata, no effect", draw: func(random *rand.Rand) (Interval, float64, bool) {
			e, ok := MantelHaenszelOdds(largeStrata(random, 1), 0.95)
			return e.Interval, 1, ok
		}},
		{name: "exact, about 12 events in 20 strata", slow: true, draw: func(random *rand.Rand) (Interval, float64, bool) {
			strata := make([]Table, 20)
			for i := range strata {
				strata[i] = arms(random, 10+random.IntN(30), 20+random.IntN(60), between(random, 0.002, 0.016), 2)
			}
			e, ok := ExactRatio(strata, 0.95)
			return e.Interval, 2, ok
		}},
		{name: "label errors corrected, 4,000 units", draw: func(random *rand.Rand) (Interval, float64, bool) {
			q := LabelQuality{Sensitivity: 0.7, Specificity: 0.95}
			e, ok := CorrectLabels(mislabelled(random, 1500, 2500, 0.03, 2, q), q, 0.95)
			return e.Interval, 2, ok
		}},
		{name: "label errors corrected, audited on 400", draw: func(random *rand.Rand) (Interval, float64, bool) {
			truth := LabelQuality{Sensitivity: 0.7, Specificity: 0.95}
			q := LabelQuality{
				Sensitivity: draw(random, 200, truth.Sensitivity) / 200, Specificity: draw(random, 200, truth.Specificity) / 200,
				AuditExposed: 200, AuditUnexposed: 200,
			}
			e, ok := CorrectLabels(mislabelled(random, 1500, 2500, 0.03, 2, truth), q, 0.95)
			return e.Interval, 2, ok
		}},
		{name: "bootstrap by incident, two changes each", slow: true, draw: func(random *rand.Rand) (Interval, float64, bool) {
			strata, clusters := sharedIncidents(random, 2)
			interval, ok := Bootstrap(strata, clusters, 400, random.Uint64(), 0.95)
			return interval, 2, ok
		}},
	}
}

func largeStrata(random *rand.Rand, ratio float64) []Table {
	strata := make([]Table, 6)
	for i := range strata {
		strata[i] = arms(random, 200+random.IntN(400), 300+random.IntN(900), 0.01+0.01*float64(i), ratio)
	}
	return strata
}

func sparseStrata(random *rand.Rand, n int, ratio float64) []Table {
	strata := make([]Table, n)
	for i := range strata {
		strata[i] = arms(random, 1+random.IntN(6), 1+random.IntN(10), between(random, 0.02, 0.2), ratio)
	}
	return strata
}

// mislabelled draws a table by labels that make mistakes.
func mislabelled(random *rand.Rand, n1, n0 int, base, ratio float64, q LabelQuality) Table {
	truth := arms(random, n1, n0, base, ratio)
	eventsKept, eventsTaken := draw(random, int(truth.A), q.Sensitivity), draw(random, int(truth.B), 1-q.Specificity)
	calmKept, calmTaken := draw(random, int(truth.N1-truth.A), q.Sensitivity), draw(random, int(truth.N0-truth.B), 1-q.Specificity)
	a := eventsKept + eventsTaken
	labelled := a + calmKept + calmTaken
	return Table{A: a, N1: labelled, B: truth.A + truth.B - a, N0: float64(n1+n0) - labelled}
}

// sharedIncidents draws incidents that each blame two changes of one arm.
func sharedIncidents(random *rand.Rand, ratio float64) ([]Table, []Cluster) {
	truth := arms(random, 1500, 4000, 0.02, ratio)
	var clusters []Cluster
	for range int(truth.A) {
		clusters = append(clusters, Cluster{{Exposed: true, Events: 2}})
	}
	for range int(truth.B) {
		clusters = append(clusters, Cluster{{Events: 2}})
	}
	return []Table{{N1: 2 * (truth.N1 - truth.A), N0: 2 * (truth.N0 - truth.B)}}, clusters
}

// TestSimulatedRatioIsRecoveredUnderLabelErrors checks the estimate itself: the
// labels pull a ratio of 2 down to about 1.5, and the correction brings it back.
func TestSimulatedRatioIsRecoveredUnderLabelErrors(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 5))
	q := LabelQuality{Sensitivity: 0.6, Specificity: 0.9}
	var seen, corrected float64
	n := max(100, *rounds/5)
	for range n {
		table := mislabelled(random, 5000, 5000, 0.05, 2, q)
		crude, _ := RiskRatio(table, 0.95)
		fixed, ok := CorrectLabels(table, q, 0.95)
		if !ok {
			t.Fatal("no answer")
		}
		seen += math.Log(crude.Value) / float64(n)
		corrected += math.Log(fixed.Value) / float64(n)
	}
	t.Logf("true 2.00, by the labels %.2f, corrected %.2f", math.Exp(seen), math.Exp(corrected))
	if got := math.Exp(corrected); math.Abs(got-2) > 0.08 {
		t.Errorf("corrected %.3f, want 2", got)
	}
	if got := math.Exp(seen); math.Abs(got-1.42) > 0.05 {
		t.Errorf("by the labels %.3f, want 1.42 as computed by hand", got)
	}
}

// TestSimulatedWeeklyLooksRaiseNoFalseAlarm looks every week for a year at data
// without an effect, as the report does, and counts the years with an alarm.
func TestSimulatedWeeklyLooksRaiseNoFalseAlarm(t *testing.T) {
	random := rand.New(rand.NewPCG(17, 19))
	n := max(400, *rounds/3)
	alarms, naive := 0, 0
	for range n {
		a, b := yearOfLooks(random, 1)
		alarms += a
		naive += b
	}
	rate, plain := float64(alarms)/float64(n), float64(naive)/float64(n)
	t.Logf("years with a false alarm: %.1f%% by repeated looks, %.1f%% had the plain interval been used, of %d", 100*rate, 100*plain, n)
	if rate > 0.05 {
		t.Errorf("%.1f%% of years raise a false alarm", 100*rate)
	}
	if plain < rate {
		t.Error("the plain interval alarms less often: the looks are not what is tested here")
	}
}

// TestSimulatedDoublingIsFoundWithinAYear is the other side: what never alarms
// is no use.
func TestSimulatedDoublingIsFoundWithinAYear(t *testing.T) {
	random := rand.New(rand.NewPCG(23, 29))
	n := max(200, *rounds/10)
	found := 0
	for range n {
		a, _ := yearOfLooks(random, 2)
		found += a
	}
	t.Logf("a doubling is found within a year in %.0f%% of %d", 100*float64(found)/float64(n), n)
	if float64(found)/float64(n) < 0.8 {
		t.Errorf("a doubling is found in %d of %d years", found, n)
	}
}

// yearOfLooks tells whether any weekly look at a growing year would have said
// that there is an effect, by the interval for repeated looks and by the plain
// one.
func yearOfLooks(random *rand.Rand, ratio float64) (alarm, naive int) {
	strata := make([]Table, 4)
	gate := DefaultGate()
	for range 52 {
		for s := range strata {
			strata[s] = strata[s].Plus(arms(random, 10, 30, 0.01+0.01*float64(s), ratio))
		}
		if !gate.Check(Collapse(strata)).Enough {
			continue
		}
		e, ok := MantelHaenszel(strata, 0.95)
		if !ok {
			continue
		}
		if !e.Contains(1) {
			naive = 1
		}
		if wide, p, ok := Looks(e, 0.95); ok && !wide.Contains(1) {
			if p > 0.05 {
				panic("the interval and the p-value disagree")
			}
			return 1, naive
		}
	}
	return 0, naive
}

// TestSimulatedHomogeneityIsRejectedAsOftenAsStated checks the size of the test.
func TestSimulatedHomogeneityIsRejectedAsOftenAsStated(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 37))
	rejected, n := 0.0, *rounds
	for range n {
		strata := make([]Table, 5)
		for i := range strata {
			strata[i] = arms(random, 300, 600, 0.05, 1)
		}
		if h, ok := Homogeneity(strata); ok && h.P < 0.05 {
			rejected++
		}
	}
	t.Logf("equal strata are called unequal in %.1f%%", 100*rejected/float64(n))
	if rejected/float64(n) > 0.05+simulationError(n)+0.005 {
		t.Errorf("%.1f%%", 100*rejected/float64(n))
	}
}
