package correlate

import (
	"math"
	"slices"
	"time"
)

// background is how often the company changes anything, over the rate window
// before the moment of judgement.
type background struct {
	// perSecond is the rate of changes, window the length in seconds that it
	// was measured over or stands for, total the changes in it.
	perSecond, window, total float64
	// recorded is how many changes were counted, in as many seconds as the
	// record reaches back within the window.
	recorded int
	reach    float64
	// kinds are the changes per kind, with the usual mix added; see
	// Weights.KindMixCount.
	kinds [kindCodes]float64
	// shares is the sum of Weights.KindShare, count the sum of kinds.
	shares, count float64
	// priors are the log odds of one change per kind; see Engine.prior.
	priors [kindCodes]float64
}

func (e *Engine) background(s *scene) background {
	w := &e.weights
	b := background{window: w.Limits.RateWindow.Seconds()}
	x := s.in.Changes
	if x.Len() > 0 {
		from := max(s.asOf-w.Limits.RateWindow.Milliseconds(), x.at(x.time.first()).start)
		kinds, total := x.time.count(x, from, s.asOf)
		for code, n := range kinds {
			b.kinds[code] = float64(n)
		}
		b.recorded, b.reach = int(total), float64(s.asOf-from)/1000
		b.perSecond = (float64(total) + 1) / max(b.reach, 3600)
	} else {
		b.perSecond = 1 / b.window
	}
	b.total = b.perSecond * b.window
	for code := range b.kinds {
		b.kinds[code] += w.KindMixCount * w.kindMix(code)
		b.count += b.kinds[code]
		b.shares += w.kindShare(code)
	}
	total, odds := b.total, e.noChangeOdds()
	if e.off[EvidenceTiming] {
		total = float64(max(x.Len(), 1))
	}
	for code := range b.priors {
		factor := 1.0
		if !e.off[EvidencePrior] {
			factor = e.kindFactor(&b, uint8(code))
		}
		b.priors[code] = math.Log(factor/(odds*total)) + s.outside.logOdds + s.signals.logOdds
	}
	return b
}

// noChangeOdds are the prior odds of "no recorded change".
func (e *Engine) noChangeOdds() float64 {
	if e.off[EvidenceTiming] {
		return e.weights.UntimedNoChangeOdds
	}
	return e.weights.NoChangeOdds
}

// kindMix is the usual share of the kind with the code.
func (w *Weights) kindMix(code int) float64 {
	if code >= len(changeKinds) {
		return w.KindMix[KindOther]
	}
	return w.KindMix[changeKinds[code]]
}

// kindShare is the share of the kind among causes of outages.
func (w *Weights) kindShare(code int) float64 {
	if code >= len(changeKinds) {
		return w.KindShare[KindOther]
	}
	return w.KindShare[changeKinds[code]]
}

// kindFactor is how much more often a change of the kind causes an outage than
// the average change of this company.
func (e *Engine) kindFactor(b *background, code uint8) float64 {
	plain := e.weights.kindShare(int(code)) / b.shares / (max(b.kinds[code], 1e-9) / b.count)
	return math.Pow(plain, e.weights.KindPower)
}

// delayDensity is the density per second of the first alert so many
// milliseconds after the start of a change: part of it for an effect from the
// start on, part for an effect at any moment of the rollout, which took spanMS.
func (e *Engine) delayDensity(kind uint8, afterMS int64, spanMS uint32, skew clockSkew) float64 {
	table := e.delays.of(kind)
	delay := float64(afterMS) / 1000
	fromStart := table.at(delay, skew)
	span := min(float64(spanMS)/1000, delay)
	if span < 1 {
		return fromStart
	}
	spread := (table.upTo(delay) - table.upTo(delay-span)) / span
	w := e.weights.Timing.IntervalShare
	return (1-w)*fromStart + w*spread
}

// reaches reports whether the step may concern the alert: it names no other
// region, and, on the changed service itself, no other instances.
func reaches(step *RolloutStep, c *Change, a *Alert) bool {
	if step.Region != "" && a.Region != "" && step.Region != a.Region {
		return false
	}
	own := slices.Contains(c.Services, a.Service)
	return !own || a.Instance == "" || len(step.Instances) == 0 || c.on(step, a.Instance)
}

// on reports whether a step may be of the instance that an alert names. Where the
// rollout names its port somewhere, a step of another port is of another process;
// else the ports may be two of one process, and rule nothing out.
func (c *Change) on(step *RolloutStep, instance string) bool {
	if slices.Contains(step.Instances, instance) {
		return true
	}
	own := readInstance(instance)
	exact := slices.ContainsFunc(c.Rollout, func(r RolloutStep) bool {
		return own.port != "" && slices.ContainsFunc(r.Instances, func(name string) bool {
			n := readInstance(name)
			return n.port == own.port && n.onHost(own)
		})
	})
	return slices.ContainsFunc(step.Instances, func(name string) bool {
		n := readInstance(name)
		return n.is(own) || !exact && n.onHost(own)
	})
}

// skewOf is the tolerance for alerts that seem to precede their change: the
// clock skew, or the step to which all alerts' times are rounded.
func (e *Engine) skewOf(alerts []Alert) clockSkew {
	for _, step := range []time.Duration{5 * time.Minute, time.Minute} {
		odd := func(a Alert) bool { return a.StartedAt.Sub(a.StartedAt.Truncate(step)) != 0 }
		if len(alerts) > 1 && !slices.ContainsFunc(alerts, odd) {
			return clockSkew{share: 0.5, seconds: step.Seconds() / 2}
		}
	}
	return clockSkew{share: e.weights.Timing.SkewShare, seconds: e.weights.Timing.SkewSeconds}
}

// fit compares the density of signals at the lag after onset with that of
// unrelated alerts. Before the onset there is no signal.
func (e *Engine) fit(lagMS int64) float64 {
	if lagMS < 0 {
		return 0
	}
	t := &e.weights.Timing
	lag := float64(lagMS) / 1000
	aged := 1 + lag/t.SpreadSeconds
	scaled := t.NoiseWindowSeconds / t.SpreadSeconds / (aged * aged)
	return t.SpreadShare*scaled + 1 - t.SpreadShare
}
