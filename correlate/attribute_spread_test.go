package correlate

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWalksOverCyclesEnd(t *testing.T) {
	for name, g := range map[string]*Graph{
		"two":          NewGraph(calls("a", "b", "b", "a")),
		"three":        NewGraph(calls("a", "b", "b", "c", "c", "a")),
		"two and tail": NewGraph(calls("a", "b", "b", "a", "b", "c")),
		"all to all":   NewGraph(calls("a", "b", "a", "c", "b", "a", "b", "c", "c", "a", "c", "b")),
	} {
		w := DefaultWeights()
		sp := &spreader{}
		sp.reset(g, &w)
		a, _ := g.id("a")
		sp.walk(0, &symptom{service: "a", places: []place{{a, 1}}}, 1000)
		reached := map[int32]int{}
		for _, r := range sp.found {
			reached[r.node]++
		}
		if len(reached) != g.Len() {
			t.Errorf("%s: reached %d of %d services", name, len(reached), g.Len())
		}
		for node, times := range reached {
			if times != 1 || len(plainLinksOf(sp, &sp.found[sp.slot[node]-1])) != 1 {
				t.Errorf("%s: %s is linked more than once to one symptom", name, g.names[node])
			}
		}
		if radius := BlastRadiusOf(g, []string{"a"}, nil); radius.Truncated || radius.Potential > g.Len()-1 {
			t.Errorf("%s: blast radius %+v", name, radius)
		}
	}
}

func TestAWalkKeepsToItsBudgetOfEdges(t *testing.T) {
	w := DefaultWeights()
	var edges []string
	for i := range 200 {
		edges = append(edges, "root", fmt.Sprintf("n%d", i))
		for k := range 5 {
			edges = append(edges, fmt.Sprintf("n%d", i), fmt.Sprintf("m%d-%d", i, k))
		}
	}
	g := NewGraph(calls(edges...))
	root, _ := g.id("root")
	for _, budget := range []int{0, 1, 50, 350} {
		sp := &spreader{}
		sp.reset(g, &w)
		sp.callees(0, place{root, 1})
		all := len(sp.found)
		sp.reset(g, &w)
		sp.budget = budget
		sp.callees(0, place{root, 1})
		if len(sp.found) > budget || budget < all && len(sp.found) < min(budget, 200) && budget > 0 {
			t.Errorf("with a budget of %d edges %d services were reached", budget, len(sp.found))
		}
	}
}

func TestAFaultFadesWithEachHopAndRareCallsCarryLess(t *testing.T) {
	g := NewGraph(Topology{Edges: []Edge{
		{Caller: "web", Callee: "often", CallsPerSecond: 1000},
		{Caller: "web", Callee: "seldom", CallsPerSecond: 1},
		{Caller: "web", Callee: "queue", Kind: EdgeAsync, CallsPerSecond: 1000},
		{Caller: "often", Callee: "deep"},
		{Caller: "deep", Callee: "deeper"},
		{Caller: "deeper", Callee: "deepest"},
	}})
	w := DefaultWeights()
	sp := &spreader{}
	sp.reset(g, &w)
	web, _ := g.id("web")
	sp.walk(0, &symptom{service: "web", places: []place{{web, 1}}}, 100)
	strength := map[string]float32{}
	for i := range sp.found {
		l := plainLinksOf(sp, &sp.found[i])[0]
		strength[g.names[sp.found[i].node]] = l.strength
	}
	if _, ok := strength["deepest"]; ok || len(strength) != 6 {
		t.Errorf("reached %v; want web and what it calls over three hops", strength)
	}
	for _, pair := range [][2]string{{"often", "seldom"}, {"often", "queue"}, {"often", "deep"}, {"deep", "deeper"}} {
		if strength[pair[0]] <= strength[pair[1]] {
			t.Errorf("%s (%.3f) should be linked more strongly than %s (%.3f)", pair[0], strength[pair[0]], pair[1], strength[pair[1]])
		}
	}
}

func TestTheServiceItselfIsNeverOverwrittenByAPathToIt(t *testing.T) {
	g := NewGraph(calls("a", "b", "b", "a"))
	w := DefaultWeights()
	sp := &spreader{}
	sp.reset(g, &w)
	a, _ := g.id("a")
	sp.note(a, link{symptom: 0, strength: 0.9, hops: 2, route: routeCaller})
	sp.note(a, link{symptom: 0, strength: 0.5, route: routeSelf})
	sp.note(a, link{symptom: 0, strength: 1, hops: 1, route: routeCaller})
	sp.note(a, link{symptom: 1, strength: 0.2, hops: 1, route: routeCaller})
	want := []link{{symptom: 0, strength: 0.5, route: routeSelf}, {symptom: 1, strength: 0.2, hops: 1, route: routeCaller}}
	if diff := cmp.Diff(want, plainLinksOf(sp, &sp.found[0]), cmp.AllowUnexported(link{})); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
}

// The scratch memory of one attribution must leave nothing for the next.
func TestAUsedSpreaderIsAsGoodAsNew(t *testing.T) {
	w := DefaultWeights()
	large, small := NewGraph(hub("gateway", 300)), NewGraph(calls("a", "b", "b", "c"))
	used, fresh := &spreader{}, &spreader{}
	for _, g := range []*Graph{large, small, large, small} {
		used.reset(g, &w)
		fresh = &spreader{}
		fresh.reset(g, &w)
		for _, sp := range []*spreader{used, fresh} {
			sp.walk(0, &symptom{service: g.names[0], places: []place{{0, 1}}}, 1000)
		}
		if len(used.found) != len(fresh.found) {
			t.Fatalf("a used spreader reaches %d services, a new one %d", len(used.found), len(fresh.found))
		}
		for i := range used.found {
			got, want := plainLinksOf(used, &used.found[i]), plainLinksOf(fresh, &fresh.found[i])
			if !slices.Equal(got, want) {
				t.Fatalf("links of %s: %v, want %v", g.names[used.found[i].node], got, want)
			}
		}
	}
}

func TestAnAlertsNameStandsForServicesThatItContains(t *testing.T) {
	e := NewEngine(DefaultWeights())
	g := NewGraph(calls("edge-proxy", "origin", "pay", "ledger", "pay-worker", "ledger"))
	for said, want := range map[string][]string{
		"edge-proxy":           {"edge-proxy"},
		"edge-proxy in 19 DCs": {"edge-proxy"},
		"pay-worker":           {"pay-worker", "pay"},
		"nothing known":        nil,
		"":                     nil,
	} {
		var got []string
		y := symptom{service: said}
		e.locate(g, &y)
		for i, p := range y.places {
			got = append(got, g.names[p.node])
			if exact := g.names[p.node] == said; exact != (p.strength == 1) || exact && i > 0 {
				t.Errorf("%q: %s has strength %.2f at place %d", said, g.names[p.node], p.strength, i)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", said, diff)
		}
	}
}
