package correlate

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// drawnList is a list of changes in order of their starts, many of them at once,
// some of several services.
func drawnList(t *rapid.T, most int) []dated {
	list := make([]dated, rapid.IntRange(0, most).Draw(t, "changes"))
	for i := range list {
		list[i] = dated{start: rapid.Int64Range(0, int64(most)).Draw(t, "start"), ref: uint32(i)}
		if rapid.IntRange(0, 3).Draw(t, "several") == 0 {
			list[i].rest = datedMulti
		}
	}
	slices.SortFunc(list, func(a, b dated) int { return cmp.Compare(a.start, b.start) })
	return list
}

// indexOfOne is an index with no more than the list, of service 0.
func indexOfOne(list []dated) *ChangeIndex {
	x := NewChangeIndex()
	x.numbers([]string{"listed"})
	x.setList(0, list)
	return x
}

// Where the search begins must not show: at the number of changes within a span
// before the newest that follows when each came at the end of the list.
func TestChangesAfterAMomentAreCountedFromWhereverTheSearchBegins(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawnList(t, 120)
		for i := range list { // A hundredth of the span between one and the next.
			list[i].start *= latelyMS / 100
		}
		x, grown := indexOfOne(list), indexOfOne(nil)
		for n := range list {
			grown.extendList(0, list[:n+1])
		}
		if x.lately[0] != grown.lately[0] || x.several[0] != grown.several[0] || x.newest[0] != grown.newest[0] {
			t.Fatalf("%d, %b, %d at once, %d, %b, %d one by one", x.lately[0], x.several[0], x.newest[0],
				grown.lately[0], grown.several[0], grown.newest[0])
		}
		asOf := rapid.Int64Range(-1, 130).Draw(t, "as of") * latelyMS / 100
		moment := rapid.Int64Range(-1, 130).Draw(t, "moment") * latelyMS / 100
		begun, want := x.begun(0, asOf), 0
		for _, d := range list {
			if d.start <= asOf && d.start > moment {
				want++
			}
		}
		if got := x.after(0, begun, moment); got != want || len(begun) != len(until(list, asOf)) {
			t.Fatalf("%d of %d begun start after %d, want %d", got, len(begun), moment, want)
		}
	})
}

func TestAListIsCutBehindTheLastThatHasBegun(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := drawnList(t, 80)
		moment := rapid.Int64Range(-1, 81).Draw(t, "moment")
		want := 0
		for _, d := range list {
			if d.start <= moment {
				want++
			}
		}
		if got := len(until(list, moment)); got != want {
			t.Fatalf("%d of %d had begun at %d, want %d", got, len(list), moment, want)
		}
	})
}

// The share is what the sentence above says, however long the list and whatever
// of it is still to come.
func TestAServiceThatManyChangesMentionIsMainlyTheSubjectOfFew(t *testing.T) {
	e := NewEngine(DefaultWeights())
	window := e.weights.Limits.RateWindow.Milliseconds()
	rapid.Check(t, func(t *rapid.T) {
		list := drawnList(t, 200)
		asOf := rapid.Int64Range(0, 200).Draw(t, "as of")
		from := rapid.Int64Range(-1, asOf).Draw(t, "rate window from")
		shift := window - (asOf - from) // The window is as long as it is: so time begins earlier.
		for i := range list {
			if list[i].start <= from {
				list[i].start -= shift
			}
		}
		var recent []dated
		for _, d := range list {
			if d.start > asOf-window && d.start <= asOf {
				recent = append(recent, d)
			}
		}
		newest, several := recent[max(0, len(recent)-mentions):], 0.0
		for _, d := range newest {
			if d.multi() {
				several++
			}
		}
		want := math.Pow(1+several*float64(len(recent))/float64(max(len(newest), 1)), -e.weights.MentionPower)
		g := &gatherer{e: e, s: &scene{asOf: asOf, in: &Input{Changes: indexOfOne(list)}}}
		if got, _ := g.mainly(0); got != want {
			t.Fatalf("%g, want %g: %d of the newest %d of %d name others too", got, want, int(several), len(newest), len(recent))
		}
	})
}

// What is found for all services at once is what each of them alone would give, and
// the next attribution begins without it.
func TestWhatChangesMentionIsFoundForEachOfTheirServices(t *testing.T) {
	asked := 0
	for seed := range uint64(12) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		s := e.newScene(&in)
		g := e.candidates(s)
		for _, number := range s.work.mentioned.known {
			asked++
			want, changes := g.mainly(number)
			if got, recent := s.work.mentioned.shares[number], s.work.mentioned.recent[number]; got != want || recent != changes {
				t.Fatalf("seed %d: the share of %s is %g, want %g", seed, in.Changes.titles[number], got, want)
			}
		}
		for _, p := range s.work.parts {
			for _, number := range in.Changes.multi[p.ref] {
				if s.work.mentioned.shares[number] <= 0 {
					t.Fatalf("seed %d: nobody asked about %s", seed, in.Changes.titles[number])
				}
			}
		}
		w := s.work
		s.leave()
		if i := slices.IndexFunc(w.mentioned.shares, func(share float64) bool { return share != 0 }); i >= 0 || len(w.mentioned.known) > 0 {
			t.Fatalf("seed %d: the share of %s is still there", seed, in.Changes.titles[i])
		}
		if slices.ContainsFunc(w.unions, func(u union) bool { return u.services != nil }) {
			t.Fatalf("seed %d: services of changes are still held", seed)
		}
		if slices.ContainsFunc(w.tails[:cap(w.tails)], func(list []dated) bool { return list != nil }) {
			t.Fatalf("seed %d: lists of changes are still held", seed)
		}
	}
	if asked < 100 {
		t.Errorf("%d services were asked about: too few to show anything", asked)
	}
}

// Scratch memory, block sizes and what was attributed before must not show: the
// same incident gives the same bytes from a fresh engine and from a used one.
func TestAnEngineThatHasWorkedFindsWhatAFreshOneFinds(t *testing.T) {
	worn := oracleEngine(7)
	for seed := range uint64(40) {
		in := crowdedScene(seed)
		r := rand.New(rand.NewPCG(seed, 5))
		for n := range 150 { // Changes of many services, so that there is much to unite.
			services := in.Graph.Services()
			in.Changes.Put(Change{
				ID: fmt.Sprintf("several-%d", n), Source: "ci", Kind: KindConfig,
				Services:  []string{services[r.IntN(len(services))], services[r.IntN(len(services))], services[r.IntN(len(services))]},
				StartedAt: in.AsOf.Add(-time.Duration(r.ExpFloat64() * float64(6*time.Hour))),
			})
		}
		want, err := json.Marshal(oracleEngine(7).Attribute(in))
		if err != nil {
			t.Fatal(err)
		}
		got, err := json.Marshal(worn.Attribute(in))
		if err != nil || !bytes.Equal(want, got) {
			t.Fatalf("seed %d: %v\nfresh %s\nworn  %s", seed, err, want, got)
		}
	}
}

// A change that names a service which hundreds of others name beside it is hardly
// about that one, whatever the services are called: the first of the graph too.
func TestTheNameOfAServiceDoesNotSayHowOftenItIsMentioned(t *testing.T) {
	probability := func(busy, rare string) float64 {
		x, asOf := NewChangeIndex(), dawn.Add(time.Hour)
		for i := range 300 {
			x.Put(Change{ID: fmt.Sprintf("routine-%d", i), Source: "ci", Kind: KindDeploy, Services: []string{busy, "mmm"}, StartedAt: asOf.Add(-time.Duration(i+2) * time.Hour)})
		}
		x.Put(Change{ID: "both", Source: "ci", Kind: KindDeploy, Services: []string{busy, rare}, StartedAt: asOf.Add(-10 * time.Minute)})
		in := Input{
			Graph: NewGraph(Topology{Edges: []Edge{{Caller: "mmm", Callee: busy}, {Caller: "mmm", Callee: rare}}}), Changes: x, AsOf: asOf,
			Incident: Incident{ID: "inc", Environment: "production", StartedAt: asOf.Add(-5 * time.Minute), Services: []string{busy}},
			Alerts:   []Alert{{Source: "prometheus", Fingerprint: "f", Service: busy, Name: "Errors", Signal: SignalErrors, Severity: SeverityCritical, Status: AlertFiring, StartedAt: asOf.Add(-5 * time.Minute)}},
		}
		return NewEngine(DefaultWeights()).Attribute(in).Suspects[0].Probability
	}
	first, last := probability("aaa", "zzz"), probability("zzz", "aaa")
	if math.Abs(first-last) > 1e-9 || first <= 0 {
		t.Errorf("%g where the busy service is the graph's first, %g where it is the last", first, last)
	}
}
