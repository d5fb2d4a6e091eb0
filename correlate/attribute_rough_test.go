package correlate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// crowdedScene is a company of which every service changed often, some of it as
// a rollout and some of it lately, so that there is much to weigh and to prune.
func crowdedScene(seed uint64) Input {
	in := oracleScene(seed)
	r := rand.New(rand.NewPCG(seed, 11))
	for i, name := range in.Graph.Services() {
		for n := range r.IntN(40) {
			c := Change{
				ID: fmt.Sprintf("crowd-%d-%d", i, n), Source: "ci", Kind: ChangeKinds()[r.IntN(len(ChangeKinds()))],
				Services:  []string{name},
				StartedAt: in.AsOf.Add(-time.Duration(math.Exp(r.Float64()*15)*1000) * time.Millisecond),
			}
			if i%3 == 0 {
				c.StartedAt = c.StartedAt.Add(-4000 * time.Hour)
			}
			if r.IntN(3) > 0 {
				end := c.StartedAt.Add(time.Duration(r.ExpFloat64() * float64(10*time.Minute)))
				c.FinishedAt = &end
			}
			if r.IntN(10) == 0 {
				c.Services = append(c.Services, in.Graph.Services()[r.IntN(in.Graph.Len())])
			}
			in.Changes.Put(c)
		}
	}
	return in
}

// plain is a gatherer that weighs every change in logarithms, in the order in which
// the engine does, within bounds that are found by sorting all scores so far.
type plain struct {
	*gatherer
	outshone float64
	scores   []float64
}

// bound is the score below which a change is skipped.
func (g *plain) bound() float64 {
	slices.Sort(g.scores)
	least := math.Inf(-1)
	if n := g.e.weights.Limits.Shortlist; len(g.scores) >= n {
		least = g.scores[len(g.scores)-n]
	}
	return max(g.best-hopeless, min(g.best-g.outshone, least))
}

// plainGather skips changes that lie so far below the best where a whole shortlist
// is ahead of them. It keeps those above the last bound, unless that is hopelessness.
func plainGather(e *Engine, s *scene, outshone float64) *plain {
	g := &plain{gatherer: &gatherer{e: e, s: s, best: -math.MaxFloat64}, outshone: outshone}
	order := g.order()
	slices.SortFunc(order, compareRanked)
	for _, r := range order {
		o := &s.origins.list[r.at]
		if o.node >= 0 {
			g.walk(s.in.Changes.of(s.in.Graph.names[o.node], s.asOf), int(r.at), nil)
		}
	}
	for i := range s.symptoms {
		if name := s.symptoms[i].service; !s.in.Graph.Has(name) {
			g.walk(s.in.Changes.of(name, s.asOf), g.stranger(i), nil)
		}
	}
	g.walk(until(s.in.Changes.wide, s.asOf), -1, &s.origins.wide)
	walked := g.list
	g.list = nil
	g.recent()
	g.unite()
	if bound := g.bound(); bound > g.best-hopeless && !e.off[EvidenceTiming] {
		walked = slices.DeleteFunc(walked, func(c candidate) bool { return c.score < bound })
	}
	g.list = append(walked, g.list...)
	return g
}

func (g *plain) walk(list []dated, origin int, why *explanation) {
	if origin >= 0 {
		o := &g.s.origins.list[origin]
		o.onsets = g.s.origins.frame.onsets(o.total, o.seen, g.s.origins.blind)
		why = &o.explanation
	}
	busy := g.e.busy(g.s, len(list)-begunBy(list, g.rateFrom()))
	if origin >= 0 {
		g.s.origins.list[origin].busy = busy
	}
	firsts := g.s.origins.frame.firsts
	last := g.s.symptoms[firsts[len(firsts)-1].first].start
	bound := g.bound()
	for n := range min(len(list), g.e.weights.Limits.PerService) {
		d := list[len(list)-1-n]
		age := float64(last-d.start-int64(g.s.in.Changes.at(d.ref).span)) / 1000
		most := math.Log(g.e.delays.of(d.kind()).atMost(age) * g.s.usual.window)
		if !g.e.off[EvidenceTiming] && g.topology(why.total)+busy+g.e.prior(g.s, d.kind())+most < bound {
			if n >= maxHopeless {
				return
			}
			continue
		}
		if d.multi() && origin >= 0 {
			g.s.work.parts = append(g.s.work.parts, part{d, int32(origin)})
			continue
		}
		g.add(d, origin, why, busy)
		g.scores = append(g.scores, g.list[len(g.list)-1].score)
		bound = g.bound()
	}
}

// ranks is what both ways of weighing must agree on: the shortlist in order, with
// its probabilities before it is looked at closely, and that of no change.
type ranks struct {
	keys     []string
	shares   []float64
	noChange float64
}

func ranksOf(e *Engine, s *scene, g *gatherer) ranks {
	better := func(a, b *candidate) bool {
		if x, y := step(a.score), step(b.score); x != y {
			return x > y
		}
		return s.in.Changes.compare(a.ref, b.ref) > 0
	}
	best := topOf(g.list, e.weights.Limits.Shortlist, better)
	r := ranking{shortlist: make([]*candidate, len(best))}
	for i := range best {
		r.shortlist[i] = &best[i]
	}
	r.normalise(g.list, g.othersOdds(), g.rest)
	out := ranks{noChange: r.noChange}
	for _, c := range r.shortlist {
		out.keys = append(out.keys, s.in.Changes.keyOf(c.ref).ID)
		out.shares = append(out.shares, c.share)
	}
	return out
}

func TestRoughWeighingFindsWhatWeighingEveryChangeFinds(t *testing.T) {
	near := gocmp.Comparer(nearly)
	left, pruned, outshining := 0, 0, 0
	for seed := range uint64(80) {
		in := crowdedScene(seed)
		e := oracleEngine(seed)
		e.weights.Limits.Shortlist = 3 + int(seed%30)
		e.off[EvidenceTiming] = seed%10 == 9
		s := e.newScene(&in)
		g := e.candidates(s)
		got, tail := ranksOf(e, s, g), g.scale+math.Log(g.tail())
		left += len(g.rough)
		if g.outshines() {
			outshining++
		}
		s.leave()
		again := e.newScene(&in)
		all := plainGather(e, again, outshone)
		all.scale, all.others = tail, 1
		want := ranksOf(e, again, all.gatherer)
		pruned += in.Changes.Len() - len(all.list)
		again.leave()
		if diff := gocmp.Diff(want, got, near, gocmp.AllowUnexported(ranks{})); diff != "" {
			t.Fatalf("seed %d (-every change +roughly):\n%s", seed, diff)
		}
	}
	if left < 1000 || pruned < 1000 || outshining < 20 {
		t.Errorf("%d weighed roughly, %d pruned, %d times beside a whole shortlist: too few to show anything", left, pruned, outshining)
	}
}

// roundings is how many times half of the last place of 1 the difference of two
// shares may be off by, taken at the mean of some delays and as the mean of their
// differences together. At the mean each of the two shares is interpolated with
// three roundings, and the place that it is taken at, itself a quotient of two sums
// of up to eight onsets within a sixteenth of the delay, adds less than three: 12.
// For one delay the interpolation takes three again and the place less than two: 10.
const roundings = 22

// mayDiffer is by how much a rough density may be off, relatively, where the share
// of delays rises by so much within the rollout; 0 stands for no rollout, or one
// that is weighed exactly. What the other operations add, logarithms included, is
// far below the first summand.
func mayDiffer(rise float64) float64 {
	if rise <= leastRise {
		return 1e-12
	}
	return 1e-12 + roundings*0x1p-53/rise
}

// riseOf is the least share of delays within the rollout over some delays, 0 where
// it plays no part.
func riseOf(e *Engine, kind uint8, after []int64, span uint32) float64 {
	least := math.Inf(1)
	for _, ms := range after {
		delay := float64(ms) / 1000
		length := min(float64(span)/1000, delay)
		if length < 1 {
			return 0
		}
		table := e.delays.of(kind)
		least = min(least, table.upTo(delay)-table.upTo(delay-length))
	}
	return least
}

func TestWhatRoundingCostsIsLessThanRoughness(t *testing.T) {
	if worst := mayDiffer(math.Nextafter(leastRise, 1)); worst > roughness/2 {
		t.Errorf("a rough weight may be off by %g, it is taken to be off by less than %g", worst, roughness)
	}
}

func TestTheWeightOfARoughChangeIsItsScore(t *testing.T) {
	spread := 0
	for seed := range uint64(20) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		s := e.newScene(&in)
		g := e.candidates(s)
		for i := range g.rough {
			r := &g.rough[i]
			why, busy := &s.origins.wide, g.wideBusy
			if r.origin >= 0 {
				o := &s.origins.list[r.origin]
				why, busy = &o.explanation, o.busy
			}
			g.list = g.list[:0]
			d := in.Changes.at(r.ref).dated(r.ref)
			g.add(d, int(r.origin), why, busy)
			var after []int64
			for _, w := range why.onsets {
				after = append(after, s.symptoms[w.symptom].start-d.start)
			}
			rise := riseOf(e, d.kind(), after, in.Changes.spanOf(d))
			if rise > leastRise {
				spread++
			}
			want := math.Exp(g.list[0].score - g.scale)
			if off := math.Abs(r.weight-want) / want; off > mayDiffer(rise) {
				t.Fatalf("seed %d, %s: weighs %g, its score says %g: off by %g with a rise of %g", seed, in.Changes.keyOf(r.ref), r.weight, want, off, rise)
			}
		}
		s.leave()
	}
	if spread < 1000 {
		t.Errorf("%d rollouts: too few to show anything", spread)
	}
}

func TestBetweenTwoPointsOfTheGridTheMeanIsThatOfAllDelays(t *testing.T) {
	e := NewEngine(DefaultWeights())
	straight := 0
	rapid.Check(t, func(t *rapid.T) {
		kind := kindCode(rapid.SampledFrom(ChangeKinds()).Draw(t, "kind"))
		start := -int64(math.Exp(rapid.Float64Range(0, 22).Draw(t, "log age")))
		span := uint32(rapid.SampledFrom([]int{0, 700, 1000, 40_000, 3_600_000}).Draw(t, "span"))
		delays := rapid.SliceOfN(rapid.Int64Range(0, 400_000), 1, 8).Draw(t, "onsets")
		plain, want, centre := 0.0, 0.0, 0.0
		first, last := slices.Min(delays), slices.Max(delays)
		for i, at := range delays {
			w := float64(i%3) + 0.25
			plain += w
			want += w * e.delayDensity(kind, at-start, span, clockSkew{share: 0.01, seconds: 30})
			centre += w * float64(at-first) / 1000
		}
		got, ok := e.delays.of(kind).straight(float64(first-start)/1000, float64(last-start)/1000, centre/plain,
			float64(span)/1000, e.weights.Timing.IntervalShare)
		if ok {
			straight++
			for i := range delays {
				delays[i] -= start
			}
			rise := riseOf(e, kind, delays, span)
			if off := math.Abs(got-want/plain) / (want / plain); off > mayDiffer(rise) {
				t.Fatalf("%g, the mean is %g: off by %g with a rise of %g", got, want/plain, off, rise)
			}
		}
	})
	if straight == 0 {
		t.Error("no delays were between two points of the grid")
	}
}

// A list is passed over unseen only if its changes, looked at one by one, would
// all be.
func TestAServiceOutOfReachHasNoChangeWithinReach(t *testing.T) {
	passed := 0
	for seed := range uint64(40) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		s := e.newScene(&in)
		g := e.candidates(s)
		for i := range s.origins.list {
			o := &s.origins.list[i]
			if o.node < 0 {
				continue
			}
			number := s.work.numbers.number(in.Graph, in.Changes, o.node)
			if number < 0 || !g.outOfReach(number, o.total) {
				continue
			}
			passed++
			(&plain{gatherer: g, outshone: outshone}).walk(in.Changes.lists[number], i, nil)
			for _, c := range g.list {
				if int(c.origin) == i && c.score >= g.scale+math.Log(g.floor) {
					t.Fatalf("seed %d: a change of %s lies %g above the floor", seed, in.Graph.names[o.node], c.score-g.scale-math.Log(g.floor))
				}
			}
		}
		s.leave()
	}
	if passed == 0 {
		t.Error("no service was out of reach")
	}
}

// Which services are judged closely must not depend on that most are never asked
// when they changed.
func TestTheQuickestAreThoseOfAskingAll(t *testing.T) {
	for seed := range uint64(60) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		e.off[EvidenceTiming] = seed%10 == 9
		s := e.newScene(&in)
		f := s.origins.frame
		all := slices.Clone(s.work.found)
		e.link(f, all)
		for i := range all {
			recent := e.recency(s, s.newest(all[i : i+1])[0])
			if recent > e.latest() {
				t.Fatalf("seed %d: recency %g is above its bound %g", seed, recent, e.latest())
			}
			all[i].quick *= recent
		}
		slices.SortFunc(all, func(a, b reached) int {
			return cmp.Or(cmp.Compare(b.quick, a.quick), s.in.Graph.compareNames(a.node, b.node))
		})
		for _, n := range []int{1, len(all) / 3, len(all)} {
			list := slices.Clone(s.work.found)
			e.link(f, list)
			got := e.quickest(s, list, min(n, len(list)))
			slices.SortFunc(got, func(a, b reached) int {
				return cmp.Or(cmp.Compare(b.quick, a.quick), s.in.Graph.compareNames(a.node, b.node))
			})
			if !slices.Equal(got, all[:n]) {
				t.Fatalf("seed %d: the best %d are %v, want %v", seed, n, got, all[:n])
			}
		}
		s.leave()
	}
}

func TestNoChangeEndsAfterTheBoundOfItsService(t *testing.T) {
	for seed := range uint64(10) {
		in := crowdedScene(seed)
		x := in.Changes
		for n := range 30 { // Some become shorter, some go.
			x.Put(Change{ID: fmt.Sprintf("crowd-%d-0", n), Source: "ci", Services: []string{"pay-api-0"}, StartedAt: in.AsOf})
			x.Remove(Key{Source: "ci", ID: fmt.Sprintf("crowd-%d-1", n)})
		}
		for number, list := range x.lists {
			for _, d := range list {
				if end := x.at(d.ref).end(); end > x.ends[number] {
					t.Fatalf("seed %d: a change of %s ends at %d, after %d", seed, x.titles[number], end, x.ends[number])
				}
			}
		}
	}
}

func TestManyNumbersThatDifferInTheirLastBitsAreSorted(t *testing.T) {
	w, list := &scratch{}, []ranked(nil)
	for i := range 3000 {
		list = append(list, ranked{math.Float64frombits(math.Float64bits(0.25) + uint64(i*7919%2500)), int32(i)})
	}
	want := slices.Clone(list)
	slices.SortFunc(want, compareRanked)
	w.sort(list, len(list))
	if !slices.Equal(list, want) {
		t.Error("not in order")
	}
	some := slices.Clone(want[1000:2000])
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(some), func(i, j int) { some[i], some[j] = some[j], some[i] })
	w.sort(some, len(list)) // Places need not be there all.
	if !slices.Equal(some, want[1000:2000]) {
		t.Error("a part is not in order")
	}
}
