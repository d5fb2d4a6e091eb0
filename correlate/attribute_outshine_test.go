package correlate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Who is left out because a whole shortlist is ahead must cost the others nothing
// that a reader sees: their probabilities stay within a hundredth.
func TestTheOutshoneCostNobodyAHundredth(t *testing.T) {
	off, outshining := 0.0, 0.0
	for seed := range uint64(60) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		e.weights.Limits.Shortlist = 8
		s := e.newScene(&in)
		g := e.candidates(s)
		got, outshines := ranksOf(e, s, g), g.outshines()
		s.leave()
		again := e.newScene(&in)
		want := ranksOf(e, again, plainGather(e, again, hopeless).gatherer)
		again.leave()
		if !outshines {
			continue
		}
		outshining++
		off += math.Abs(got.noChange - want.noChange)
		if math.Abs(got.noChange-want.noChange) > 0.01 || got.keys[0] != want.keys[0] || math.Abs(got.shares[0]-want.shares[0]) > 0.01 {
			t.Errorf("seed %d: %s %g, no change %g; of all changes %s %g, %g", seed, got.keys[0], got.shares[0], got.noChange, want.keys[0], want.shares[0], want.noChange)
		}
	}
	if outshining < 10 || off > 0.002*outshining {
		t.Errorf("in %g incidents \"no change\" is off by %g in the mean", outshining, off/outshining)
	}
}

// The floor must never rise above what the last of a whole shortlist weighs: those
// who are looked at closely may gain more than any distance.
func TestNobodyOfTheShortlistIsBelowTheFloor(t *testing.T) {
	for _, size := range []int{1, 2, 7, 64} {
		e := NewEngine(DefaultWeights())
		e.weights.Limits.Shortlist = size
		g := &gatherer{e: e, s: &scene{work: &scratch{}}, best: -math.MaxFloat64, scale: 3}
		r, all := rand.New(rand.NewPCG(uint64(size), 1)), []float64(nil)
		for range 500 {
			weight := math.Exp(r.NormFloat64() * 6)
			all = append(all, weight)
			if weight > g.least {
				g.lead(weight)
			}
			slices.Sort(all)
			best, least := all[len(all)-1], 0.0
			if len(all) >= size {
				least = all[len(all)-size]
			}
			want := max(best*math.Exp(-hopeless), min(best*math.Exp(-outshone), least))
			if math.Abs(g.floor-want) > 1e-12*want || g.least != least || !nearly(g.best, g.scale+math.Log(best)) {
				t.Fatalf("shortlist of %d, after %d changes: floor %g (want %g), its last weighs %g (want %g), best %g", size, len(all), g.floor, want, g.least, least, g.best)
			}
		}
	}
}

// tailOf is the tail below a floor of 1 of changes that weigh so much.
func tailOf(far float64, without []EvidenceKind, weights ...float64) float64 {
	g := &gatherer{e: NewEngine(DefaultWeights(), without...), floor: 1, far: far}
	for _, w := range weights {
		g.rough = append(g.rough, rough{weight: w})
	}
	return g.tail()
}

func TestTheTailGoesOnAsTheStepsBeforeIt(t *testing.T) {
	// The last step weighs half of the one before: the next 0.4 of it, then 0.32...
	want, part, step := 0.0, 0.5, 3.0
	for range tailSteps {
		part *= tailFall
		step *= part
		want += step
	}
	for _, c := range []struct {
		name    string
		far     float64
		without []EvidenceKind
		weights []float64
		want    float64
	}{
		{"two steps", 0.1, nil, []float64{1, 2, 3, 3, 0.5, 0.9, 8, 90}, want},
		{"a last step that is heavier counts as equal", 0.1, nil, []float64{2, 2, 2, 3}, tailOf(0.1, nil, 2, 2, 2, 6)},
		{"nothing to tell it from", 0.1, nil, []float64{1, 2, 8, 90}, 0},
		{"nothing but the hopeless is left out", 1, nil, []float64{1, 2, 3, 3}, 0},
		{"nothing is left out without times", 0.1, []EvidenceKind{EvidenceTiming}, []float64{1, 2, 3, 3}, 0},
	} {
		if got := tailOf(c.far, c.without, c.weights...); !nearly(got, c.want) {
			t.Errorf("%s: %g, want %g", c.name, got, c.want)
		}
	}
}

// A change of several services is weighed by all of them, also by those that explain
// too little for their own changes to be looked at. So it does not matter what else
// there was to look at.
func TestAChangeOfSeveralServicesWeighsTheSameBesideAWholeShortlist(t *testing.T) {
	compared := 0
	for seed := range uint64(40) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		e.weights.Limits.Shortlist = 8
		scores := map[uint32]float64{}
		s := e.newScene(&in)
		for _, c := range plainGather(e, s, hopeless).list {
			scores[c.ref] = c.score
		}
		s.leave()
		s = e.newScene(&in)
		for _, c := range e.candidates(s).list {
			if want, both := scores[c.ref]; both && len(in.Changes.multi[c.ref]) > 1 {
				compared++
				if !nearly(c.score, want) {
					t.Fatalf("seed %d: %s scores %g, weighed without bounds %g", seed, in.Changes.keyOf(c.ref), c.score, want)
				}
			}
		}
		s.leave()
	}
	if compared < 100 {
		t.Errorf("%d changes of several services are too few to show anything", compared)
	}
}
