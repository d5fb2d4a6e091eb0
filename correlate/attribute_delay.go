package correlate

import (
	"math"
	"slices"
)

// delayTables hold, per kind, the density of the time from a change to the
// first alert: impact delay and alarm lag convolved once, at construction.
type delayTables struct {
	usual delayTable
	kinds [kindCodes]*delayTable
	// step is for delays from a step of a rollout; nil where they are as usual.
	step *delayTable
}

// delayTable is a density per second over delays on a grid, and the share of
// delays up to each point. peak[i] is the greatest density from i on.
type delayTable struct {
	density []float64
	share   []float64
	peak    []float64
}

// The grid has delayPerOctave points per doubling, evenly spaced within it, from
// half a second to about four years: a place in it is read off the bits of the
// delay without taking a logarithm.
const (
	delayBits      = 4
	delayPerOctave = 1 << delayBits
	delayOctaves   = 28
	delayPoints    = delayPerOctave*delayOctaves + 1
	lagPoints      = 120
)

// leastDelay is the first point of the grid in seconds.
const leastDelay = 0.5

func delayAt(i int) float64 {
	octave, step := i/delayPerOctave, i%delayPerOctave
	return math.Ldexp(leastDelay*(1+float64(step)/delayPerOctave), octave)
}

// delayPlace is the point at or before the delay, and how far the delay lies
// towards the next, 0 to 1.
func delayPlace(seconds float64) (int, float64) {
	if !(seconds > leastDelay) {
		return 0, 0
	}
	const mantissa, bias = 52, 1023
	bits := math.Float64bits(seconds / leastDelay)
	octave := int(bits>>mantissa) - bias
	if octave >= delayOctaves {
		return delayPoints - 2, 1
	}
	step := int(bits >> (mantissa - delayBits) & (delayPerOctave - 1))
	rest := bits & (1<<(mantissa-delayBits) - 1)
	return octave*delayPerOctave + step, float64(rest) / (1 << (mantissa - delayBits))
}

func newDelayTables(w *TimingWeights) delayTables {
	lags := alarmLags(w)
	t := delayTables{usual: newDelayTable(w.Delay, lags, w.ResolutionSeconds)}
	for kind, parts := range w.KindDelay {
		code := kindCode(kind)
		for other, same := range w.KindDelay { // Kindred kinds share a table.
			if known := t.kinds[kindCode(other)]; known != nil && slices.Equal(parts, same) {
				t.kinds[code] = known
			}
		}
		if t.kinds[code] == nil {
			table := newDelayTable(parts, lags, w.ResolutionSeconds)
			t.kinds[code] = &table
		}
	}
	if len(w.StepDelay) > 0 {
		table := newDelayTable(w.StepDelay, []lag{{share: 1}}, w.ResolutionSeconds)
		t.step = &table
	}
	return t
}

// ofStep is the table for delays from a step of a change of the kind.
func (d *delayTables) ofStep(kind uint8) *delayTable {
	if d.step != nil {
		return d.step
	}
	return d.of(kind)
}

func (d *delayTables) of(kind uint8) *delayTable {
	if t := d.kinds[kind]; t != nil {
		return t
	}
	return &d.usual
}

// newDelayTable convolves the mixture of impact delays with the alarm lag by
// taking the lag at points of its distribution. Below the resolution all delays are
// equally likely.
func newDelayTable(parts []DelayPart, lags []lag, resolution float64) delayTable {
	shareUpTo := func(delay float64) float64 {
		sum := 0.0
		for _, lag := range lags {
			if rest := delay - lag.seconds; rest > 0 {
				sum += lag.share * mixtureShare(parts, rest)
			}
		}
		return sum
	}
	t := delayTable{density: make([]float64, delayPoints), share: make([]float64, delayPoints), peak: make([]float64, delayPoints)}
	for i := range t.share {
		t.share[i] = shareUpTo(delayAt(i))
	}
	early := shareUpTo(resolution) / resolution
	highest := 0.0
	for i := delayPoints - 1; i >= 0; i-- {
		lo, hi := max(i-3, 0), min(i+3, delayPoints-1)
		t.density[i] = max((t.share[hi]-t.share[lo])/(delayAt(hi)-delayAt(lo)), 1e-14)
		if delayAt(i) < resolution {
			t.density[i] = early
		}
		highest = max(highest, t.density[i])
		t.peak[i] = highest
	}
	return t
}

// lag is a point of the distribution of the lag from impact to the first alert,
// with its share of all.
type lag struct {
	seconds, share float64
}

// alarmLags are points of the lag, those of the log-normal part spread evenly over
// its logarithm: even ranks lie hours apart at the end, and each would show in the
// sum as a hill of its own.
func alarmLags(w *TimingWeights) []lag {
	var lags []lag
	const atOnce = 10
	for i := range atOnce {
		lags = append(lags, lag{w.AlarmAtOnceSeconds * (float64(i) + 0.5) / atOnce, w.AlarmAtOnce / atOnce})
	}
	const widest = 4.0 // Standard deviations to either side.
	upTo := func(z float64) float64 { return 0.5 * math.Erfc(-z/math.Sqrt2) }
	total := upTo(widest) - upTo(-widest)
	for i := range lagPoints {
		low := widest * (2*float64(i)/lagPoints - 1)
		high := low + 2*widest/lagPoints
		share := (upTo(high) - upTo(low)) / total
		lags = append(lags, lag{w.AlarmMedianSeconds * math.Exp(w.AlarmSigma*(low+high)/2), (1 - w.AlarmAtOnce) * share})
	}
	return lags
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

// clockSkew is how an alert may seem to precede its change: the share of clocks
// that are off, and the scale in seconds by which.
type clockSkew struct {
	share, seconds float64
}

// at returns the density per second at the delay; an alert that seems to
// precede its change needs a skewed clock.
func (t *delayTable) at(seconds float64, skew clockSkew) float64 {
	if seconds < 0 {
		return t.density[0] * skew.share * math.Exp(max(seconds/skew.seconds, -60))
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

// atMost is the greatest density at the delay or any longer one.
func (t *delayTable) atMost(seconds float64) float64 {
	i, _ := delayPlace(seconds)
	return t.peak[i]
}

func interpolate(grid []float64, seconds float64) float64 {
	i, part := delayPlace(seconds)
	return grid[i]*(1-part) + grid[i+1]*part
}
