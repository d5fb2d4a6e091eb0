package correlate

import (
	"math"
	"testing"
	"time"
)

// rolloutLog is what the rollout says for or against a change of cart that began
// three hours before the outbreak and has the steps.
func rolloutLog(t *testing.T, w Weights, steps ...RolloutStep) float64 {
	t.Helper()
	s := newStory(staged(steps...))
	f := NewEngine(w).Attribute(Input{
		Incident: Incident{ID: "i"}, Alerts: s.alerts, AsOf: s.asOf, Graph: NewGraph(s.topology), Changes: NewChangeIndex(s.changes...),
	})
	log, _, _, _ := weightOf(suspectOf(t, f, "guilty"), EvidenceRollout)
	return log
}

func TestAStepMinutesBeforeTheAlertOutweighsOneOfAnHourBeforeByMoreThanChangesDo(t *testing.T) {
	sharp, usual := DefaultWeights(), DefaultWeights()
	usual.Timing.StepDelay = nil
	near, far := RolloutStep{At: after(-2 * time.Minute), Percent: 20}, RolloutStep{At: after(-time.Hour), Percent: 20}
	gap := rolloutLog(t, sharp, near) - rolloutLog(t, sharp, far)
	before := rolloutLog(t, usual, near) - rolloutLog(t, usual, far)
	if gap < before+0.5 {
		t.Errorf("a step two minutes before the alert is %.2f ahead of one an hour before, where changes are %.2f", gap, before)
	}
}

func TestAnOldStepIsNotRuledOut(t *testing.T) {
	// What a canary did not show may show under the load of the next day.
	old := rolloutLog(t, DefaultWeights(), RolloutStep{At: after(-150 * time.Minute), Percent: 20})
	if old < -3 {
		t.Errorf("a step of two and a half hours ago costs %.2f nats", -old)
	}
}

func TestStepsCountByWhatTheyAdded(t *testing.T) {
	w := DefaultWeights()
	most := rolloutLog(t, w, RolloutStep{At: after(-2 * time.Hour), Percent: 5}, RolloutStep{At: after(-2 * time.Minute), Percent: 100})
	least := rolloutLog(t, w, RolloutStep{At: after(-2 * time.Hour), Percent: 95}, RolloutStep{At: after(-2 * time.Minute), Percent: 100})
	if most < least+1 {
		t.Errorf("a step that added 95%% shortly before the alert says %.2f, one that added 5%% %.2f", most, least)
	}
}

func TestWhatAStepAdded(t *testing.T) {
	steps := []RolloutStep{
		{Percent: 10, Region: "eu"},
		{Percent: 30, Region: "us"},
		{Percent: 45, Region: "eu"},
		{Percent: 45, Region: "eu"},
		{Percent: 40, Region: "us"},
	}
	for i, want := range []float64{10, 30, 35, 1, 10} {
		if got := added(steps, i); got != want {
			t.Errorf("step %d added %v, want %v", i, got, want)
		}
	}
}

func TestAStepThatCannotHaveReachedTheAlertDoesNotExplainIt(t *testing.T) {
	e := NewEngine(DefaultWeights())
	c := staged(RolloutStep{At: after(-2 * time.Minute), Percent: 50, Region: "eu"}, RolloutStep{At: after(-2 * time.Minute), Percent: 50, Region: "us"})
	density := func(region string) float64 {
		y := symptom{start: outbreak.UnixMilli()}
		s := &scene{alerts: []Alert{{Service: "cart", Region: region, StartedAt: outbreak}}, skew: clockSkew{share: 0.01, seconds: 1}}
		return e.stepDensity(&c, &y, s)
	}
	if both, one := density(""), density("eu"); math.Abs(both-2*one) > both/10 {
		t.Errorf("both steps explain with %.3g, one alone with %.3g: want half", both, one)
	}
	if none, both := density("asia"), density(""); none > both/10 {
		t.Errorf("no step reached asia, yet they explain its alert with %.3g of %.3g", none, both)
	}
}

func TestStepsHaveTheDelaysOfTheirKindWhereTheyHaveNoneOfTheirOwn(t *testing.T) {
	w := DefaultWeights()
	w.Timing.StepDelay = nil
	w.Timing.KindDelay = map[ChangeKind][]DelayPart{KindConfig: {{Share: 1, MedianSeconds: 5000, Sigma: 0.3}}}
	d := newDelayTables(&w.Timing)
	config, deploy := kindCode(KindConfig), kindCode(KindDeploy)
	if d.ofStep(config) != d.of(config) || d.ofStep(deploy) != &d.usual {
		t.Error("steps are not followed as changes of their kind are")
	}
	w.Timing.StepDelay = []DelayPart{{Share: 1, MedianSeconds: 60, Sigma: 1}}
	d = newDelayTables(&w.Timing)
	if d.ofStep(config) != d.step || d.ofStep(deploy) != d.step || d.of(config) == d.step {
		t.Error("steps do not have delays of their own")
	}
}

func TestDelaysOfStepsHoldNoAlarmLagOfTheirOwn(t *testing.T) {
	w := DefaultWeights()
	w.Timing.StepDelay = []DelayPart{{Share: 2, MedianSeconds: 600, Sigma: 0.5}}
	d := newDelayTables(&w.Timing)
	if half := d.step.upTo(600); math.Abs(half-0.5) > 0.02 {
		t.Errorf("%.3f of the delays are below their median", half)
	}
}

func TestTheDensityOfADelayIsTheSlopeOfItsShare(t *testing.T) {
	w := DefaultWeights()
	d := newDelayTables(&w.Timing)
	for seconds := 100.0; seconds < 1e6; seconds *= 1.3 {
		slope := (d.step.upTo(seconds*1.1) - d.step.upTo(seconds/1.1)) / (seconds*1.1 - seconds/1.1)
		if got := d.step.at(seconds, clockSkew{}); math.Abs(got-slope) > 0.1*slope { // It is smoothed over six points.
			t.Errorf("the density at %.0f s is %.4g, the share rises by %.4g a second", seconds, got, slope)
		}
		if got := d.step.atMost(seconds); got < d.step.at(seconds, clockSkew{})*(1-1e-9) {
			t.Errorf("no density from %.0f s on is above %.4g, but the one there is", seconds, got)
		}
	}
}

func TestTheDensityOfUsualDelaysHasNoHillsOfItsOwnMaking(t *testing.T) {
	w := DefaultWeights()
	d := newDelayTables(&w.Timing)
	for seconds := 1000.0; seconds < 15_000; seconds *= 1.05 { // No part of the mixture has its hill here.
		if now, later := d.usual.at(seconds, clockSkew{}), d.usual.at(seconds*1.05, clockSkew{}); later > now {
			t.Errorf("the density rises from %.4g at %.0f s to %.4g", now, seconds, later)
		}
	}
}

func TestKindsWithTheSameDelaysShareATable(t *testing.T) {
	w := DefaultWeights()
	d := newDelayTables(&w.Timing)
	prompt, model := d.of(kindCode(KindPrompt)), d.of(kindCode(KindModel))
	if prompt != model || prompt == d.of(kindCode(KindDeploy)) {
		t.Error("prompts and models are not followed alike, or not apart from deploys")
	}
	if late, usual := prompt.upTo(6*3600), d.usual.upTo(6*3600); late >= usual {
		t.Errorf("%.2f of the delays of prompts are below six hours, %.2f of the usual ones", late, usual)
	}
}

func TestDelaysBelowTheResolutionAreEquallyLikely(t *testing.T) {
	w := DefaultWeights()
	d := newDelayTables(&w.Timing)
	for _, table := range []*delayTable{&d.usual, d.step} {
		if a, b := table.at(2, clockSkew{}), table.at(50, clockSkew{}); a != b {
			t.Errorf("a delay of 2 s has the density %.4g, one of 50 s %.4g", a, b)
		}
	}
}
