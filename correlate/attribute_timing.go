package correlate

import (
	"math"
	"slices"
	"time"
)

// delayTables hold, per kind, the density of the time from a change to the
// first alert: impact delay and alarm lag convolved once, at construction.
type delayTables struct {
	fallback delayTable
	kinds    map[uint8]delayTable
}

// delayTable is a density per second over delays on a logarithmic grid, and
// the share of delays up to each point.
type delayTable struct {
	density []float64
	share   []float64
}

// The grid runs from one second to about three years, 24 points per factor e.
const (
	delayPoints  = 440
	delayPerNat  = 24.0
	lagQuantiles = 96
)

func delayAt(i int) float64 { return math.Exp(float64(i)/delayPerNat) - 0.5 }

func newDelayTables(w *TimingWeights) delayTables {
	t := delayTables{fallback: newDelayTable(w.Delay, w), kinds: map[uint8]delayTable{}}
	for kind, parts := range w.KindDelay {
		t.kinds[kindCode(kind)] = newDelayTable(parts, w)
	}
	return t
}

// newDelayTable convolves the mixture with the alarm lag by taking the lag at
// evenly spaced quantiles.
func newDelayTable(parts []DelayPart, w *TimingWeights) delayTable {
	lags := make([]float64, lagQuantiles)
	for q := range lags {
		p := (float64(q) + 0.5) / lagQuantiles
		lags[q] = w.AlarmMedianSeconds * math.Exp(w.AlarmSigma*normalQuantile(p))
	}
	shareUpTo := func(delay float64) float64 {
		sum := 0.0
		for _, lag := range lags {
			if rest := delay - lag; rest > 0 {
				sum += mixtureShare(parts, rest)
			}
		}
		return sum / lagQuantiles
	}
	t := delayTable{density: make([]float64, delayPoints), share: make([]float64, delayPoints)}
	for i := range t.share {
		t.share[i] = shareUpTo(delayAt(i))
	}
	for i := range t.density {
		lo, hi := max(i-6, 0), min(i+6, delayPoints-1)
		t.density[i] = max((t.share[hi]-t.share[lo])/(delayAt(hi)-delayAt(lo)), 1e-14)
	}
	return t
}

// mixtureShare is the share of impact delays up to the given seconds.
func mixtureShare(parts []DelayPart, seconds float64) float64 {
	sum, total := 0.0, 0.0
	for _, p := range parts {
		sum += p.Share * 0.5 * math.Erfc(-math.Log(seconds/p.MedianSeconds)/(p.Sigma*math.Sqrt2))
		total += p.Share
	}
	return sum / total
}

// at returns the density per second at the delay; skew is the scale in seconds
// by which it falls off when the alert seems to precede the change.
func (t *delayTable) at(seconds, skew float64) float64 {
	if seconds < 0 {
		return t.density[0] * math.Exp(seconds/skew)
	}
	return interpolate(t.density, seconds)
}

// upTo is the share of delays up to the given seconds.
func (t *delayTable) upTo(seconds float64) float64 {
	if seconds <= 0 {
		return 0
	}
	return interpolate(t.share, seconds)
}

func interpolate(grid []float64, seconds float64) float64 {
	x := math.Log(seconds+0.5) * delayPerNat
	if x <= 0 {
		return grid[0]
	}
	i := int(x)
	if i >= len(grid)-1 {
		return grid[len(grid)-1]
	}
	part := x - float64(i)
	return grid[i]*(1-part) + grid[i+1]*part
}

func (d *delayTables) of(kind uint8) *delayTable {
	if t, ok := d.kinds[kind]; ok {
		return &t
	}
	return &d.fallback
}

// normalQuantile is the inverse of the standard normal distribution.
func normalQuantile(p float64) float64 { return -math.Sqrt2 * math.Erfcinv(2*p) }

// density of the first alert at onset given the change: part of it for an
// effect from the start on, part for an effect at any moment of the rollout.
func (e *Engine) delayDensity(c *lightChange, onset int64, skew float64) float64 {
	table := e.delays.of(c.kind)
	delay := float64(onset-c.start) / 1000
	fromStart := table.at(delay, skew)
	span := min(float64(c.span)/1000, delay)
	if span < 1 {
		return fromStart
	}
	spread := (table.upTo(delay) - table.upTo(delay-span)) / span
	w := e.weights.Timing.IntervalShare
	return (1-w)*fromStart + w*spread
}

// skewOf is the tolerance for alerts that seem to precede their change: the
// clock skew, or the step to which the alerts' times are rounded.
func (e *Engine) skewOf(alerts []Alert) float64 {
	skew := e.weights.Timing.SkewSeconds
	for _, step := range []time.Duration{5 * time.Minute, time.Minute} {
		rounded := !slices.ContainsFunc(alerts, func(a Alert) bool { return a.StartedAt.Sub(a.StartedAt.Truncate(step)) != 0 })
		if rounded && len(alerts) > 1 {
			return max(skew, step.Seconds()/2)
		}
	}
	return skew
}

// background measures how often the company changes anything, in changes per
// second over the rate window before the moment, and which kinds.
func (e *Engine) background(s *scene) (rate float64, kinds [kindCodes]float64) {
	w := &e.weights
	mix := w.KindMixCount
	for code := range kinds {
		kinds[code] = mix * w.kindMix(code)
	}
	x := s.in.Changes
	if x.Len() == 0 {
		return 1.0 / 3600, kinds
	}
	window := w.Limits.RateWindow
	from := max(s.asOf-window.Milliseconds(), x.time.oldest(x))
	counts, total := x.time.count(from, s.asOf)
	for code, n := range counts {
		kinds[code] += float64(n)
	}
	seconds := max(float64(s.asOf-from)/1000, 3600)
	return (float64(total) + 1) / seconds, kinds
}

// kindMix is the usual share of the kind with the code.
func (w *Weights) kindMix(code int) float64 {
	if code >= len(changeKinds) {
		return w.KindMix[KindOther]
	}
	return w.KindMix[changeKinds[code]]
}
