package eval

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"

	"github.com/faultline/faultline/correlate"
)

// Learner fits weights to labelled cases.
type Learner struct {
	// Base is where fitting starts, and what it is drawn back to.
	Base correlate.Weights
	// Rounds is how often each weight is tried; 0 fits the calibration alone.
	Rounds int
}

// fewestToLearn is the number of cases below which nothing can be learnt.
const fewestToLearn = 10

// dial is one weight that fitting turns, with its bounds.
type dial struct {
	name      string
	of        func(w *correlate.Weights) *float64
	low, high float64
	// settle, where set, mends what the turn put out of order.
	settle func(w *correlate.Weights)
}

// dials are the weights that a few dozen cases can tell something about. The
// others are facts about outages in general, or need more cases than anyone has.
func dials() []dial {
	return []dial{
		{"no_change_odds", func(w *correlate.Weights) *float64 { return &w.NoChangeOdds }, 0.05, 5, nil},
		{"untimed_no_change_odds", func(w *correlate.Weights) *float64 { return &w.UntimedNoChangeOdds }, 0.0005, 5, nil},
		{"kind_power", func(w *correlate.Weights) *float64 { return &w.KindPower }, 0.2, 1.5, nil},
		{"busy_power", func(w *correlate.Weights) *float64 { return &w.BusyPower }, 0.02, 1, nil},
		{"topology.self", func(w *correlate.Weights) *float64 { return &w.Topology.Self }, 0.05, 0.95, nil},
		{"topology.callee", func(w *correlate.Weights) *float64 { return &w.Topology.Callee }, 0.01, 0.9, nil},
		{"topology.blind", func(w *correlate.Weights) *float64 { return &w.Topology.Blind }, 0.01, 0.5, nil},
		{"topology.blind_no_change", func(w *correlate.Weights) *float64 { return &w.Topology.BlindNoChange }, 0.02, 0.9, nil},
		{"topology.leak_alerts", func(w *correlate.Weights) *float64 { return &w.Topology.LeakAlerts }, 0.1, 10, nil},
		{"topology.share_power", func(w *correlate.Weights) *float64 { return &w.Topology.SharePower }, 0.05, 1, nil},
		{"text.per_nat", func(w *correlate.Weights) *float64 { return &w.Text.PerNat }, 0.05, 1, nil},
		{"signals.alike", func(w *correlate.Weights) *float64 { return &w.Signals.Alike }, 1, 15, nil},
		{"undo.suspected", func(w *correlate.Weights) *float64 { return &w.Undo.Suspected }, 0.1, 2.5, nil},
		{"timing.alarm_median_seconds", func(w *correlate.Weights) *float64 { return &w.Timing.AlarmMedianSeconds }, 60, 600, nil},
		{"topology.spread.middle", func(w *correlate.Weights) *float64 { return &w.Topology.Spread[len(w.Topology.Spread)/2].Prior }, 0.05, 0.9, settleSpread},
		{"topology.cascade.last", func(w *correlate.Weights) *float64 { return &w.Topology.Cascade[len(w.Topology.Cascade)-1].Reach }, 0.05, 0.9, nil},
	}
}

// settleSpread makes the priors of the reaches add up to 1 again.
func settleSpread(w *correlate.Weights) {
	sum := 0.0
	for _, p := range w.Topology.Spread {
		sum += p.Prior
	}
	for i := range w.Topology.Spread {
		w.Topology.Spread[i].Prior /= sum
	}
}

// own returns the weights with lists of their own wherever a dial reaches into
// one.
func own(w correlate.Weights) correlate.Weights {
	w.Topology.Spread = slices.Clone(w.Topology.Spread)
	w.Topology.Cascade = slices.Clone(w.Topology.Cascade)
	return w
}

// turned are the names of the weights that fitting may alter beside the
// calibration.
func turned() []string {
	var names []string
	for _, d := range dials() {
		names = append(names, d.name)
	}
	return names
}

// drawBack is how many nats of likelihood, over all cases together, it must
// bring to turn a weight by a factor of e.
const drawBack = 1.0

// Fit turns the dials one after the other, as long as the labelled truth
// becomes more probable, and then fits the calibration.
func (l *Learner) Fit(ctx context.Context, cases []*Prepared) (correlate.Weights, error) {
	if len(cases) < fewestToLearn {
		return correlate.Weights{}, fmt.Errorf("%d cases are too few to learn from; give at least %d", len(cases), fewestToLearn)
	}
	w := own(l.Base)
	w.Calibration = correlate.Calibration{}
	best, err := l.loss(ctx, cases, &w)
	if err != nil {
		return correlate.Weights{}, err
	}
	factor := 1.6
	for range l.Rounds {
		for _, d := range dials() {
			if best, err = l.turn(ctx, cases, &w, d, factor, best); err != nil {
				return correlate.Weights{}, err
			}
		}
		factor = math.Sqrt(factor)
	}
	answers, err := answersOf(ctx, cases, NewEngineRanker(NameEngine, w))
	if err != nil {
		return correlate.Weights{}, err
	}
	w.Calibration = fitCalibration(answers)
	return w, nil
}

// turn tries a greater and a smaller value of one weight and keeps the best.
func (l *Learner) turn(ctx context.Context, cases []*Prepared, w *correlate.Weights, d dial, factor, best float64) (float64, error) {
	start := *d.of(w)
	keep := own(*w)
	for _, by := range []float64{factor, 1 / factor} {
		try := own(*w)
		*d.of(&try) = min(max(start*by, d.low), d.high)
		if *d.of(&try) == start {
			continue
		}
		if d.settle != nil {
			d.settle(&try)
		}
		loss, err := l.loss(ctx, cases, &try)
		if err != nil {
			return 0, err
		}
		if loss < best {
			best, keep = loss, try
		}
	}
	*w = keep
	return best, nil
}

// loss is the negative log likelihood of the labels under the weights, and what
// draws them back to the base.
func (l *Learner) loss(ctx context.Context, cases []*Prepared, w *correlate.Weights) (float64, error) {
	whole := *w
	whole.Limits.Suspects = whole.Limits.Shortlist
	answers, err := answersOf(ctx, cases, NewEngineRanker(NameEngine, whole))
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for i := range answers {
		sum -= answers[i].counts * math.Log(max(answers[i].truth, leastTruth))
	}
	base := l.Base
	for _, d := range dials() {
		turned := math.Log(*d.of(w) / *d.of(&base))
		sum += drawBack * turned * turned
	}
	return sum, nil
}

// leastTruth bounds what one case can cost: a cause that no ranking could find
// must not rule the fit.
const leastTruth = 1e-3

// answered is what one case tells the fit.
type answered struct {
	guilty bool
	// counts is how many cases it counts for; untimed says that times were withheld.
	counts  float64
	untimed bool
	// truth is the probability that was given to the label, noChange that of "no
	// recorded change", first that of the first suspect with its ties.
	truth, noChange, first float64
	listed                 bool
	// right is the chance that the first suspect is a cause.
	right float64
}

// answersOf asks about all cases on all processors, in the order of cases.
func answersOf(ctx context.Context, cases []*Prepared, r *EngineRanker) ([]answered, error) {
	out := make([]answered, len(cases))
	next := make(chan int)
	var workers sync.WaitGroup
	for range max(runtime.GOMAXPROCS(0), 1) {
		workers.Go(func() {
			for i := range next {
				out[i] = cases[i].answer(r)
			}
		})
	}
	for i := range cases {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	workers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("ask about the cases: %w", err)
	}
	return out, nil
}

// answer asks about one case.
func (p *Prepared) answer(r *EngineRanker) answered {
	f, o := p.FindingAndJudge(r)
	a := answered{guilty: o.Guilty, counts: p.counts, untimed: p.withheld.Time, noChange: o.NoChange, truth: o.NoChange, listed: o.Listed, right: o.TopRight}
	if o.Listed {
		suspects := asSuspects(f.Suspects)
		a.first = suspects[0].Probability * float64(tieSize(suspects, 0))
	}
	if !o.Guilty {
		return a
	}
	a.truth = 0
	causes := p.alike.causes(p.label.Causes) // Naming a twin is naming all.
	for i := range f.Suspects {
		if guiltyIn([]Suspect{{Change: f.Suspects[i].Change.Key()}}, causes) > 0 {
			a.truth += f.Suspects[i].Probability
		}
	}
	return a
}

// CrossFit scores a way of learning on cases that it has not learnt from: each
// fold is scored with weights fitted to all other folds; fold[i] is that of case
// i. The outcomes come in the order of cases.
func (l *Learner) CrossFit(ctx context.Context, cases []*Prepared, fold []int) ([]Outcome, error) {
	folds := slices.Max(append(fold[:len(fold):len(fold)], 0)) + 1
	outcomes := make([]Outcome, len(cases))
	for f := range folds {
		var train []*Prepared
		for i := range cases {
			if fold[i] != f {
				train = append(train, cases[i])
			}
		}
		w, err := l.Fit(ctx, train)
		if err != nil {
			return nil, fmt.Errorf("fit without fold %d of %d: %w", f+1, folds, err)
		}
		ranker := NewEngineRanker(NameFitted, w)
		for i := range cases {
			if fold[i] == f {
				outcomes[i] = cases[i].Judge(ranker)
			}
		}
	}
	return outcomes, nil
}

// NameFitted is how reports call weights that were fitted to other cases.
const NameFitted = "fitted"
