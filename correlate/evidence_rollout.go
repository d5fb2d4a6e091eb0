package correlate

import (
	"fmt"
	"math"
)

// rolloutTerm replaces the start of a staged rollout by its steps: what the
// steps say beyond what the timing term has said of the start.
func (e *Engine) rolloutTerm(s *scene, c *candidate) (term, bool) {
	if len(c.detail.change.Rollout) == 0 || e.off[EvidenceTiming] {
		return term{}, false
	}
	staged := *c
	e.weighTiming(s, &staged, func(y *symptom) float64 { return e.stepDensity(&c.detail.change, y, s) })
	log := staged.timing - c.timing
	onset := &s.symptoms[staged.onset]
	first := &s.alerts[onset.lead]
	return term{kind: EvidenceRollout, logOdds: log, say: func() (string, []string) {
		return rolloutText(&c.detail.change, onset, first), []string{"alert:" + first.Fingerprint}
	}}, true
}

// rolloutText names the last step before the first alert.
func rolloutText(c *Change, onset *symptom, first *Alert) string {
	last := -1
	for i := range c.Rollout {
		if c.Rollout[i].At.UnixMilli() <= onset.start && (last < 0 || c.Rollout[i].At.After(c.Rollout[last].At)) {
			last = i
		}
	}
	if last < 0 {
		return fmt.Sprintf("None of its %s had begun at the alert %s of %s.", count(len(c.Rollout), "rollout step"), first.Name, first.Service)
	}
	step := &c.Rollout[last]
	reached := fmt.Sprintf("step %d of %d", last+1, len(c.Rollout))
	switch {
	case step.Percent > 0 && step.Region != "":
		reached += fmt.Sprintf(" (%.0f%% of %s)", step.Percent, step.Region)
	case step.Percent > 0:
		reached += fmt.Sprintf(" (%.0f%%)", step.Percent)
	case len(step.Instances) > 0:
		reached += fmt.Sprintf(" (%s)", count(len(step.Instances), "instance"))
	case step.Region != "":
		reached += " (" + step.Region + ")"
	}
	return fmt.Sprintf("Rollout %s came %s before the alert %s of %s.", reached, roughly(first.StartedAt.Sub(step.At)), first.Name, first.Service)
}

// stepDensity is the density per second of the first alert at the symptom given
// the steps of a rollout. Each step counts by what it added; steps that cannot
// have reached the symptom's region or instance are left out.
func (e *Engine) stepDensity(c *Change, y *symptom, s *scene) float64 {
	kind := kindCode(c.Kind)
	table := e.delays.ofStep(kind)
	lead := &s.alerts[y.lead]
	sum, total := 0.0, 0.0
	for i := range c.Rollout {
		weight := added(c.Rollout, i)
		total += weight
		if step := &c.Rollout[i]; reaches(step, c, lead) {
			sum += weight * table.at(float64(y.start-step.At.UnixMilli())/1000, s.skew)
		}
	}
	first := e.delays.of(kind).at(float64(y.start-c.StartedAt.UnixMilli())/1000, s.skew)
	w := e.weights.Timing.StepShare
	return math.Max((1-w)*first+w*sum/total, 1e-14)
}

// added is what a step added to its region in percent, at least 1.
func added(steps []RolloutStep, i int) float64 {
	before := 0.0
	for j := range i {
		if steps[j].Region == steps[i].Region {
			before = steps[j].Percent
		}
	}
	return math.Max(steps[i].Percent-before, 1)
}
