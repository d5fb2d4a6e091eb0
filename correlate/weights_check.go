package correlate

import (
	"errors"
	"fmt"
	"math"
)

// Check returns an error that names every weight out of bounds and its mend,
// nil when an engine can work with them.
func (w *Weights) Check() error {
	c := weightsCheck{}
	c.positive("no_change_odds", w.NoChangeOdds)
	c.positive("untimed_no_change_odds", w.UntimedNoChangeOdds)
	c.between("kind_power", w.KindPower, 0, 3)
	c.between("busy_power", w.BusyPower, 0, 1)
	c.between("mention_power", w.MentionPower, 0, 1)
	c.positive("kind_mix_count", w.KindMixCount)
	for kind, share := range w.KindShare {
		c.positive("kind_share."+string(kind), share)
	}
	for i := range w.Outside {
		c.between(fmt.Sprintf("outside.%d.factor", i), w.Outside[i].Factor, 1e-3, 1)
	}
	c.between("second", w.Second, 0, 0.9)
	c.between("signals.alike", w.Signals.Alike, 0, 1000)
	c.between("signals.alike_outside", w.Signals.AlikeOutside, 0, 1000)
	c.between("signals.as_changes", w.Signals.AsChanges, 0.01, 1)
	for i := range w.Signals.Outside {
		c.positive(fmt.Sprintf("signals.outside.%d.share", i), w.Signals.Outside[i].Share)
	}
	c.timing(&w.Timing)
	c.topology(&w.Topology)
	c.terms(w)
	c.limits(&w.Limits)
	c.between("verdict.probable", w.Verdict.Probable, w.Verdict.Possible, 1)
	c.between("verdict.possible", w.Verdict.Possible, 0, 1)
	return errors.Join(c.errs...)
}

// weightsCheck collects what is wrong.
type weightsCheck struct {
	errs []error
}

func (c *weightsCheck) between(key string, value, low, high float64) {
	if !(value >= low && value <= high) {
		c.errs = append(c.errs, fmt.Errorf("%s is %v; set it from %v to %v", key, value, low, high))
	}
}

func (c *weightsCheck) positive(key string, value float64) {
	if !(value > 0) || math.IsInf(value, 0) {
		c.errs = append(c.errs, fmt.Errorf("%s is %v; set it above 0", key, value))
	}
}

func (c *weightsCheck) atLeastOne(key string, value int) {
	if value < 1 {
		c.errs = append(c.errs, fmt.Errorf("%s is %d; set it to at least 1", key, value))
	}
}

func (c *weightsCheck) timing(t *TimingWeights) {
	c.atLeastOne("timing.delay (its parts)", len(t.Delay))
	c.delays("timing.delay", t.Delay)
	c.delays("timing.step_delay", t.StepDelay)
	for kind, parts := range t.KindDelay {
		c.atLeastOne("timing.kind_delay."+string(kind)+" (its parts)", len(parts))
		c.delays("timing.kind_delay."+string(kind), parts)
	}
	c.positive("timing.alarm_median_seconds", t.AlarmMedianSeconds)
	c.positive("timing.alarm_sigma", t.AlarmSigma)
	c.between("timing.alarm_at_once", t.AlarmAtOnce, 1e-3, 0.99)
	c.positive("timing.skew_seconds", t.SkewSeconds)
	c.positive("timing.resolution_seconds", t.ResolutionSeconds)
	c.positive("timing.spread_seconds", t.SpreadSeconds)
	c.positive("timing.noise_window_seconds", t.NoiseWindowSeconds)
	c.between("timing.spread_share", t.SpreadShare, 0, 1)
	c.between("timing.interval_share", t.IntervalShare, 0, 1)
	c.between("timing.step_share", t.StepShare, 0, 1)
}

func (c *weightsCheck) delays(key string, parts []DelayPart) {
	for i, p := range parts {
		at := fmt.Sprintf("%s.%d", key, i)
		c.positive(at+".share", p.Share)
		c.positive(at+".median_seconds", p.MedianSeconds)
		c.positive(at+".sigma", p.Sigma)
	}
}

func (c *weightsCheck) topology(t *TopologyWeights) {
	c.positive("topology.felt_by", t.FeltBy)
	c.between("topology.name_traced", t.NameTraced, 0, 1)
	c.between("topology.self", t.Self, 0.001, 0.999)
	c.between("topology.callee", t.Callee, 0, 1)
	c.between("topology.relay", t.Relay, 0, 1)
	c.between("topology.all_services", t.AllServices, 0, 1)
	c.between("topology.share_power", t.SharePower, 0, 5)
	c.positive("topology.hub_fan", t.HubFan)
	c.positive("topology.noise_services", t.NoiseServices)
	c.positive("topology.leak_alerts", t.LeakAlerts)
	c.between("topology.blind", t.Blind, 0, 1)
	c.between("topology.blind_no_change", t.BlindNoChange, 0, 1)
	c.atLeastOne("topology.caller (its hops)", len(t.Caller))
	for name, parts := range map[string][]SpreadPart{
		"spread": t.Spread, "cascade": t.Cascade, "blind_alerts": t.BlindAlerts,
		"wide_share": t.WideShare, "noise_levels": t.NoiseLevels,
	} {
		sum := 0.0
		for _, p := range parts {
			sum += p.Prior
		}
		c.between("topology."+name+" (the sum of its priors)", sum, 0.99, 1.01)
	}
}

// terms checks the weights of the terms that need the whole change.
func (c *weightsCheck) terms(w *Weights) {
	c.between("confinement.inside", w.Confinement.Inside, 0.01, 0.999)
	c.between("confinement.version_fresh", w.Confinement.VersionFresh, 0.01, 0.999)
	c.between("confinement.one_region", w.Confinement.OneRegion, 0, 1)
	c.positive("confinement.other_environment", w.Confinement.OtherEnvironment)
	c.between("metrics.alerts_beside", w.Metrics.AlertsBeside, 0, 1)
	c.between("text.per_nat", w.Text.PerNat, 0, 5)
	c.between("text.said_power", w.Text.SaidPower, 0, 2)
	for i := range w.Text.Affinities {
		c.positive(fmt.Sprintf("text.affinities.%d.factor", i), w.Text.Affinities[i].Factor)
		c.positive(fmt.Sprintf("text.affinities.%d.others", i), w.Text.Affinities[i].Others)
	}
	c.between("undo.recovers_guilty", w.Undo.RecoversGuilty, 0, 0.999)
	c.positive("undo.recovery_median_seconds", w.Undo.RecoveryMedianSeconds)
	c.positive("undo.recovery_sigma", w.Undo.RecoverySigma)
	c.positive("undo.lasts_seconds", w.Undo.LastsSeconds)
	c.positive("undo.undone_before", w.Undo.UndoneBefore)
	c.positive("history.shrink", w.History.Shrink)
	c.between("calibration.no_change.slope", w.Calibration.NoChange.Slope, 0, 20)
	c.between("calibration.first.slope", w.Calibration.First.Slope, 0, 20)
}

func (c *weightsCheck) limits(l *Limits) {
	for key, value := range map[string]int{
		"suspects": l.Suspects, "shortlist": l.Shortlist, "recent": l.Recent, "per_service": l.PerService,
		"symptoms": l.Symptoms, "origins": l.Origins, "visits": l.Visits,
	} {
		c.atLeastOne("limits."+key, value)
	}
	c.positive("limits.rate_window", l.RateWindow.Seconds())
}
