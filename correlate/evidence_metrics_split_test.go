package correlate

import (
	"math"
	"testing"
	"time"
)

// byVersion is the traffic into cart by version, where the new one has a quarter
// of the instances and so much of the traffic that would be its own.
func byVersion(part float64) []Series {
	fresh := level("cart", "", "traffic", "per_second", 10*part, -8*time.Minute, 5*time.Minute)
	old := level("cart", "", "traffic", "per_second", 30, -40*time.Minute, 5*time.Minute)
	fresh.Version, old.Version = "v2", "v1"
	return []Series{fresh, old}
}

func canaryOf(percent ...float64) *candidate {
	c := staged()
	c.Rollout = nil
	for i, p := range percent {
		c.Rollout = append(c.Rollout, RolloutStep{At: after(time.Duration(i*8-9) * time.Minute), Percent: p})
	}
	return &candidate{detail: &detail{change: c}}
}

// A version on a quarter of the instances gets a quarter of the requests: that is
// no fall of its traffic.
func TestTrafficOfAVersionIsMeasuredAgainstItsShareOfInstances(t *testing.T) {
	e := NewEngine(DefaultWeights())
	effect := func(part float64, c *candidate) float64 {
		s, w := viewOf(byVersion(part)...)
		w.change, w.after = after(-9*time.Minute), after(-3*time.Minute)
		return e.instanceFinding(&s.metrics, c, w).logOdds
	}
	fair, starved := effect(1, canaryOf(25)), effect(0.1, canaryOf(25))
	if fair >= 0 || starved <= fair {
		t.Errorf("its share of the traffic weighs %.2f, a tenth of that %.2f", fair, starved)
	}
	if got := effect(0.1, canaryOf()); got != 0 {
		t.Errorf("without a known share of instances its traffic weighs %.2f", got)
	}
}

func TestTheShareOfChangedInstances(t *testing.T) {
	w := windows{after: after(-3 * time.Minute), end: after(5 * time.Minute)}
	for _, tc := range []struct {
		name    string
		percent []float64
		want    float64
		known   bool
	}{
		{"a quarter", []float64{25}, math.Log(1.0 / 3), true},
		{"a half", []float64{50}, 0, true},
		{"it grew meanwhile", []float64{25, 50}, 0, false},
		{"all", []float64{100}, 0, false},
		{"not told", []float64{0}, 0, false},
		{"no steps", nil, 0, false},
	} {
		got, known := expectedRatio(&canaryOf(tc.percent...).detail.change, w)
		if known != tc.known || math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %v, known %v; want %v, %v", tc.name, got, known, tc.want, tc.known)
		}
	}
	late := canaryOf(25)
	late.detail.change.Rollout = append(late.detail.change.Rollout, RolloutStep{At: after(time.Hour), Percent: 100})
	if got, known := expectedRatio(&late.detail.change, w); !known || math.Abs(got-math.Log(1.0/3)) > 1e-9 {
		t.Errorf("a step after all that is looked at: %v, known %v", got, known)
	}
}

// With two services under observation, the one that fails must not be what its own
// failing is measured against.
func TestTheSpreadOfAFaultyServiceIsNoMeasureOfItself(t *testing.T) {
	e := NewEngine(DefaultWeights())
	share := func(service, instance string, value float64) Series {
		s := level(service, instance, "errors", "ratio", 0.001, -40*time.Minute, 5*time.Minute)
		for i := range s.Points {
			if s.Points[i].At.After(after(-4 * time.Minute)) {
				s.Points[i].Value = value
			}
		}
		return s
	}
	series := []Series{share("cart", "cart-1", 0.25), share("cart", "cart-2", 0.001), share("cart", "cart-3", 0.001), share("cart", "cart-4", 0.001)}
	c := staged(RolloutStep{At: after(-9 * time.Minute), Instances: []string{"cart-1"}})
	weigh := func(more ...Series) float64 {
		s, w := viewOf(append(more, series...)...)
		return e.instanceFinding(&s.metrics, &candidate{detail: &detail{change: c}}, w).logOdds
	}
	alone, beside := weigh(), weigh(share("search", "search-1", 0.001), share("search", "search-2", 0.001))
	if alone < 1 || beside < alone {
		t.Errorf("a quarter of the requests fails on the changed instance alone: %.2f, beside a service in good health %.2f", alone, beside)
	}
	restless := []Series{share("search", "search-1", 0.3), share("search", "search-2", 0.001), share("pay", "pay-1", 0.001), share("pay", "pay-2", 0.4)}
	if got := weigh(restless...); got >= beside {
		t.Errorf("where instances of all services differ as much it still says %.2f, not less than %.2f", got, beside)
	}
}

func TestTheMedianOfSpreads(t *testing.T) {
	for _, tc := range []struct {
		list []float64
		want float64
	}{{nil, 0}, {[]float64{3}, 3}, {[]float64{9, 1}, 1}, {[]float64{5, 9, 1}, 5}, {[]float64{4, 1, 3, 2}, 2}} {
		if got := median(tc.list); got != tc.want {
			t.Errorf("the median of %v reads %v", tc.list, got)
		}
	}
}

func TestThePoolLeavesOutTheServiceThatIsLookedAt(t *testing.T) {
	v := metricView{}
	v.pools[measureErrors] = []spread{{"cart", 9, 9}, {"web", 1, 2}, {"web", 3, -1}, {"pay", 5, 6}}
	if got, want := v.beside("cart", measureErrors), (pooled{level: 3, shift: 2, groups: 3}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got, want := v.beside("web", measureErrors), (pooled{level: 5, shift: 6, groups: 2}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if got := v.beside("cart", measureLatency); got != (pooled{}) {
		t.Errorf("of a measure that nobody has: %+v", got)
	}
}
