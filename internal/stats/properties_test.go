package stats

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// drawnTable draws a table with events in both arms.
func drawnTable(t *rapid.T) Table {
	n1, n0 := rapid.IntRange(2, 400).Draw(t, "n1"), rapid.IntRange(2, 400).Draw(t, "n0")
	return Table{
		A: float64(rapid.IntRange(1, n1-1).Draw(t, "a")), N1: float64(n1),
		B: float64(rapid.IntRange(1, n0-1).Draw(t, "b")), N0: float64(n0),
	}
}

func TestOneStratumIsTheCrudeRatio(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawnTable(t)
		crude, ok1 := RiskRatio(table, 0.95)
		pooled, ok2 := MantelHaenszel([]Table{table}, 0.95)
		if !ok1 || !ok2 || math.Abs(crude.Value-pooled.Value) > 1e-9*crude.Value {
			t.Fatalf("%+v: crude %+v, pooled %+v", table, crude, pooled)
		}
	})
}

func TestTheOrderOfStrataChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var strata, turned []Table
		for range rapid.IntRange(2, 8).Draw(t, "strata") {
			strata = append(strata, drawnTable(t))
		}
		for i := range strata {
			turned = append(turned, strata[len(strata)-1-i])
		}
		for name, pool := range map[string]func([]Table, float64) (Estimate, bool){"risks": MantelHaenszel, "odds": MantelHaenszelOdds} {
			a, _ := pool(strata, 0.95)
			b, _ := pool(turned, 0.95)
			if math.Abs(a.Value-b.Value) > 1e-9*a.Value || math.Abs(a.Lo-b.Lo) > 1e-9*a.Lo {
				t.Fatalf("%s: %+v and %+v", name, a, b)
			}
		}
	})
}

func TestAHigherLevelIsWider(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table := drawnTable(t)
		for name, interval := range map[string]func(level float64) (Estimate, bool){
			"Wilson":     func(level float64) (Estimate, bool) { return Wilson(table.A, table.N1, level) },
			"Newcombe":   func(level float64) (Estimate, bool) { return Newcombe(table, level) },
			"risk ratio": func(level float64) (Estimate, bool) { return RiskRatio(table, level) },
			"pooled":     func(level float64) (Estimate, bool) { return MantelHaenszel([]Table{table}, level) },
		} {
			narrow, ok1 := interval(0.8)
			wide, ok2 := interval(0.99)
			if !ok1 || !ok2 || wide.Lo > narrow.Lo+1e-12 || wide.Hi < narrow.Hi-1e-12 {
				t.Fatalf("%s of %+v: %+v at 80%%, %+v at 99%%", name, table, narrow, wide)
			}
		}
	})
}

func TestLooksAreWiderThanOneLook(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		one, ok := RiskRatio(drawnTable(t), 0.95)
		if !ok || one.SE == 0 {
			return
		}
		many, p, ok := Looks(one, 0.95)
		if !ok || many.Lo > one.Lo || many.Hi < one.Hi || p < 0 || p > 1 {
			t.Fatalf("one look %+v, many %+v, p %v", one, many, p)
		}
	})
}

func TestSharesOfNothingAndOfAllStayWithinTheScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := float64(rapid.IntRange(1, 5000).Draw(t, "n"))
		for _, events := range []float64{0, n} {
			e, ok := Wilson(events, n, 0.95)
			if !ok || e.Lo < 0 || e.Hi > 1 || e.Lo > e.Value || e.Hi < e.Value {
				t.Fatalf("%v of %v: %+v", events, n, e)
			}
		}
	})
}

func TestMoreDataNeedsLessStill(t *testing.T) {
	// The gate asks for less the more there is, and opens in the end.
	last := math.Inf(1)
	for _, factor := range []float64{1, 2, 5, 10, 50} {
		s := DefaultGate().Check(Table{A: 2 * factor, N1: 100 * factor, B: 4 * factor, N0: 200 * factor})
		if missing := s.MissingExposed + s.MissingUnexposed; missing > last {
			t.Errorf("at %v times the data %v are missing, before %v", factor, missing, last)
		} else {
			last = missing
		}
		if factor == 50 && !s.Enough {
			t.Errorf("%+v", s)
		}
	}
}
