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
