package correlate

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// calls is a snapshot of "caller", "callee" pairs.
func calls(pairs ...string) Topology { return *topologyOf(pairs...) }

// callersNamed are the names of the services that call the named one.
func callersNamed(g *Graph, service string) []string {
	names := []string{}
	for _, e := range g.Callers(service) {
		names = append(names, e.Caller)
	}
	return names
}

// hub is a snapshot in which one service calls so many others, the last ones
// the most often.
func hub(name string, callees int) Topology {
	t := Topology{Source: "mesh"}
	for i := range callees {
		t.Edges = append(t.Edges, Edge{Caller: name, Callee: fmt.Sprintf("%s-%04d", name, i), CallsPerSecond: float64(i + 1)})
	}
	return t
}

func TestOfAHubOnlyTheBusiestCallsAreWalked(t *testing.T) {
	const fan = 5865
	packed := NewGraph(hub("gateway", fan))
	patched := NewGraph(calls("a", "b")).With(hub("gateway", fan))
	for name, g := range map[string]*Graph{"packed": packed, "patched": patched} {
		id, _ := g.id("gateway")
		main := g.mainCallees(id)
		if len(main) != hubFan || len(g.calleesOf(id)) != fan {
			t.Fatalf("%s: walks %d of %d calls, want %d of %d", name, len(main), len(g.calleesOf(id)), hubFan, fan)
		}
		for _, a := range main {
			if a.rate <= fan-hubFan {
				t.Fatalf("%s: %s with %.0f calls/s is not among the busiest", name, g.names[a.to], a.rate)
			}
		}
		if len(g.Callees("gateway")) != fan {
			t.Errorf("%s: a reader sees %d calls, want all %d", name, len(g.Callees("gateway")), fan)
		}
	}
}

func TestAServiceJustBelowAHubIsWalkedWhole(t *testing.T) {
	g := NewGraph(hub("gateway", hubFan))
	id, _ := g.id("gateway")
	if len(g.mainCallees(id)) != hubFan || len(g.busiest) != 0 {
		t.Errorf("walks %d, keeps %d hubs", len(g.mainCallees(id)), len(g.busiest))
	}
}

// A hub's busiest calls must follow an update, not stay as they were packed.
func TestAHubsBusiestCallsFollowAnUpdate(t *testing.T) {
	g := NewGraph(hub("gateway", 400)).With(Topology{Edges: []Edge{{Caller: "gateway", Callee: "gateway-0000", CallsPerSecond: 9000}}})
	id, _ := g.id("gateway")
	busiest := g.mainCallees(id)[0]
	if g.names[busiest.to] != "gateway-0000" || busiest.share != 1 {
		t.Errorf("the busiest call is %s with share %.2f", g.names[busiest.to], busiest.share)
	}
}

func TestMergedSourcesKeepEachOthersEdges(t *testing.T) {
	mesh := Topology{Source: "mesh", ObservedAt: time.Unix(100, 0), Edges: []Edge{{Caller: "web", Callee: "cart", CallsPerSecond: 40}}}
	catalog := Topology{
		Source: "catalog", ObservedAt: time.Unix(100, 0), Services: []Service{{Name: "cart", Tier: 1, Team: "orders"}, {Name: "idle"}},
		Edges: []Edge{{Caller: "app", Callee: "cart"}, {Caller: "web", Callee: "cart"}},
	}
	for name, g := range map[string]*Graph{
		"at once": NewGraph(mesh, catalog), "mesh first": NewGraph(mesh).With(catalog), "catalog first": NewGraph(catalog).With(mesh),
	} {
		if diff := cmp.Diff([]string{"app", "web"}, callersNamed(g, "cart")); diff != "" {
			t.Errorf("%s: callers (-want +got):\n%s", name, diff)
		}
		if e := g.Callers("cart")[1]; e.CallsPerSecond != 40 {
			t.Errorf("%s: the rate that one source knows is lost: %+v", name, e)
		}
		if s, _ := g.Service("cart"); s.Tier != 1 || s.Team != "orders" {
			t.Errorf("%s: what the catalogue says is lost: %+v", name, s)
		}
		if !g.Has("idle") {
			t.Errorf("%s: a service without calls is lost", name)
		}
	}
}

func TestEdgesAreOfTheKindsOfTheContractAndUnknownOnesAreCalls(t *testing.T) {
	for _, kind := range EdgeKinds() {
		g := NewGraph(Topology{Edges: []Edge{{Caller: "a", Callee: "b", Kind: kind}}})
		if got := g.Callees("a")[0].Kind; got != kind {
			t.Errorf("%s is kept as %s", kind, got)
		}
	}
	g := NewGraph(Topology{Edges: []Edge{{Caller: "a", Callee: "b", Kind: "carrier-pigeon", CallsPerSecond: -3}}})
	if e := g.Callees("a")[0]; e.Kind != EdgeSync || e.CallsPerSecond != 0 {
		t.Errorf("got %+v, want a synchronous call of unknown rate", e)
	}
}

func TestSharesAreRelativeToTheCallersBusiestCall(t *testing.T) {
	g := NewGraph(Topology{Edges: []Edge{
		{Caller: "a", Callee: "x", CallsPerSecond: 10},
		{Caller: "a", Callee: "y", CallsPerSecond: 40},
		{Caller: "a", Callee: "z"},
		{Caller: "b", Callee: "x", CallsPerSecond: 2},
	}})
	want := map[string]float32{"a>x": 0.25, "a>y": 1, "a>z": 1, "b>x": 1}
	for _, caller := range []string{"a", "b"} {
		id, _ := g.id(caller)
		for _, a := range g.calleesOf(id) {
			if key := caller + ">" + g.names[a.to]; a.share != want[key] {
				t.Errorf("%s has share %.2f, want %.2f", key, a.share, want[key])
			}
		}
	}
}

func TestAGraphThatHasChangedMuchIsStaleUntilItIsPacked(t *testing.T) {
	g := NewGraph(calls("a", "b"))
	if g.Stale() || g.Packed() != g {
		t.Error("a fresh graph is not stale, and packing it is free")
	}
	g = g.With(hub("gateway", maxPatchRows+10))
	if !g.Stale() {
		t.Error("a graph with thousands of changed rows should be packed again")
	}
	packed := g.Packed()
	if packed.Stale() || packed.patch != nil || packed.Edges() != g.Edges() || packed.Len() != g.Len() {
		t.Errorf("packed: %d services, %d edges; want %d and %d", packed.Len(), packed.Edges(), g.Len(), g.Edges())
	}
}

func TestRepeatingWhatIsKnownChangesNoRow(t *testing.T) {
	again := shopTopology()
	g := NewGraph(again).With(again)
	if n := len(g.patch.callees) + len(g.patch.callers) + len(g.patch.services); n != 0 || g.Edges() != 6 {
		t.Errorf("%d rows were changed by news that is none, %d edges", n, g.Edges())
	}
}

// Readers keep the graph that they have; an update must not reach into it.
func TestReadersOfAnOlderGraphSeeNothingOfAnUpdate(t *testing.T) {
	old := NewGraph(shopTopology()).With(calls("web", "login"))
	before := describeGraph(old)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range 200 {
			if diff := cmp.Diff(before, describeGraph(old)); diff != "" {
				t.Errorf("the older graph changed:\n%s", diff)
				return
			}
		}
	}()
	next := old
	for i := range 200 {
		next = next.With(calls("web", fmt.Sprintf("new-%d", i), fmt.Sprintf("new-%d", i), "orders-db"))
	}
	<-done
	if next.Len() != old.Len()+200 {
		t.Errorf("%d services after 200 new ones on %d", next.Len(), old.Len())
	}
}

func TestDegreesAndNeighboursGoBothWays(t *testing.T) {
	g := NewGraph(shopTopology()).With(calls("app", "cart"))
	if callers, callees := g.Degree("cart"); callers != 2 || callees != 1 {
		t.Errorf("cart has %d callers and %d callees", callers, callees)
	}
	var near []string
	g.Adjacent("cart", func(other string) { near = append(near, other) })
	slices.Sort(near)
	if diff := cmp.Diff([]string{"app", "orders-db", "web"}, near); diff != "" {
		t.Errorf("neighbours (-want +got):\n%s", diff)
	}
	if callers, callees := g.Degree("nowhere"); callers+callees != 0 {
		t.Error("an unknown service has neighbours")
	}
}

func TestAWordThatManyServicesCarryMakesNoKin(t *testing.T) {
	var topology Topology
	for i := range maxCarriers + 1 {
		topology.Services = append(topology.Services, Service{Name: fmt.Sprintf("common-%c%c", 'a'+i/26, 'a'+i%26)})
	}
	topology.Services = append(topology.Services, Service{Name: "rare-one"}, Service{Name: "rare-two"})
	g := NewGraph(topology)
	kin := func(name string) (names []string) {
		for _, node := range g.kin(name, words(name)) {
			names = append(names, g.names[node])
		}
		return names
	}
	if got := kin("common-aa"); got != nil {
		t.Errorf("%d services are kin by a common word", len(got))
	}
	if diff := cmp.Diff([]string{"rare-two"}, kin("rare-one")); diff != "" {
		t.Errorf("kin of rare-one (-want +got):\n%s", diff)
	}
}

func TestNamesOfNewServicesAreFoundByTheirWords(t *testing.T) {
	g := NewGraph(calls("billing", "ledger")).With(calls("billing-export", "ledger"))
	if got := len(g.carriers("billing")); got != 2 {
		t.Errorf("%d services carry the word, want 2", got)
	}
	if r := g.rarity("ledger"); math.IsNaN(r) || r <= g.rarity("billing") {
		t.Errorf("a rarer word must weigh more: %.2f", r)
	}
}

// Graphs made from one share the lists of services; none may write where another
// has written.
func TestTwoUpdatesOfOneGraphDoNotSeeEachOther(t *testing.T) {
	base := NewGraph(calls("a", "b"))
	one := base.With(calls("a", "c"))
	other := base.With(calls("a", "d", "d", "e"))
	further := one.With(calls("c", "f"))
	last := other.With(calls("a", "g"))
	for name, tc := range map[string]struct {
		g    *Graph
		want []string
	}{
		"base": {base, []string{"a", "b"}}, "one": {one, []string{"a", "b", "c"}}, "other": {other, []string{"a", "b", "d", "e"}},
		"further": {further, []string{"a", "b", "c", "f"}}, "last": {last, []string{"a", "b", "d", "e", "g"}},
	} {
		if diff := cmp.Diff(tc.want, tc.g.Services()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		for _, service := range tc.want {
			if id, ok := tc.g.id(service); !ok || tc.g.names[id] != service || tc.g.serviceOf(id).Name != service {
				t.Errorf("%s: %s has number %d", name, service, id)
			}
		}
	}
}

// A hub calls thousands; that its busiest call got busier must not be written to
// each of them.
func TestABusierPeakOfAHubIsNotedOnce(t *testing.T) {
	g := NewGraph(hub("gateway", 5000)).With(Topology{Edges: []Edge{{Caller: "gateway", Callee: "gateway-0007", CallsPerSecond: 90_000}}})
	if rows := len(g.patch.callers); rows != 1 {
		t.Errorf("%d rows of callers were copied for one call", rows)
	}
	id, _ := g.id("gateway-2499")
	if got, want := g.felt(g.callersOf(id)[0]).share, float32(2500)/90_000; got != want {
		t.Errorf("a quarter of the old peak has share %v, want %v of the new one", got, want)
	}
}
