package correlate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// shopTopology is a small shop: web calls cart, pay and search; cart and pay
// share a database; search stands on its own index.
func shopTopology() Topology {
	return Topology{
		ObservedAt: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC), Source: "catalog",
		Services: []Service{{Name: "web", Tier: 1, Team: "front"}, {Name: "cart", Tier: 1, Team: "orders"}, {Name: "batch", Tier: 4}},
		Edges: []Edge{
			{Caller: "web", Callee: "cart", Kind: EdgeSync, CallsPerSecond: 50},
			{Caller: "web", Callee: "pay", Kind: EdgeSync, CallsPerSecond: 10},
			{Caller: "web", Callee: "search", Kind: EdgeSync, CallsPerSecond: 100},
			{Caller: "cart", Callee: "orders-db", Kind: EdgeData},
			{Caller: "pay", Callee: "orders-db", Kind: EdgeData},
			{Caller: "search", Callee: "search-index", Kind: EdgeData},
		},
	}
}

func TestGraphKeepsEdgesInBothDirections(t *testing.T) {
	g := NewGraph(shopTopology())
	if g.Len() != 7 || g.Edges() != 6 {
		t.Fatalf("got %d services and %d edges, want 7 and 6", g.Len(), g.Edges())
	}
	var callers []string
	for _, e := range g.Callers("orders-db") {
		callers = append(callers, e.Caller)
	}
	if diff := cmp.Diff([]string{"cart", "pay"}, callers); diff != "" {
		t.Errorf("callers of orders-db (-want +got):\n%s", diff)
	}
	want := []Edge{{"web", "cart", EdgeSync, 50}, {"web", "pay", EdgeSync, 10}, {"web", "search", EdgeSync, 100}}
	if diff := cmp.Diff(want, g.Callees("web")); diff != "" {
		t.Errorf("callees of web (-want +got):\n%s", diff)
	}
}

func TestGraphIgnoresSelfCallsAndEmptyNames(t *testing.T) {
	g := NewGraph(Topology{
		Services: []Service{{Name: ""}},
		Edges:    []Edge{{Caller: "a", Callee: "a"}, {Caller: "", Callee: "a"}, {Caller: "a", Callee: ""}},
	})
	if g.Len() != 0 || g.Edges() != 0 {
		t.Errorf("got %d services and %d edges, want none", g.Len(), g.Edges())
	}
}

func TestGraphMergesSnapshotsWhateverTheirOrder(t *testing.T) {
	early := Topology{
		ObservedAt: time.Unix(100, 0), Source: "mesh", Services: []Service{{Name: "a", Team: "old", Tier: 2}},
		Edges: []Edge{{Caller: "a", Callee: "b", Kind: EdgeSync, CallsPerSecond: 7}},
	}
	late := Topology{
		ObservedAt: time.Unix(200, 0), Source: "catalog", Services: []Service{{Name: "a", Team: "new"}},
		Edges: []Edge{{Caller: "a", Callee: "b", Kind: EdgeAsync, CallsPerSecond: 3}},
	}
	for name, g := range map[string]*Graph{"early first": NewGraph(early, late), "late first": NewGraph(late, early)} {
		service, _ := g.Service("a")
		if diff := cmp.Diff(Service{Name: "a", Team: "new", Tier: 2}, service); diff != "" {
			t.Errorf("%s: service (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]Edge{{"a", "b", EdgeAsync, 7}}, g.Callees("a")); diff != "" {
			t.Errorf("%s: edges (-want +got):\n%s", name, diff)
		}
		if !g.ObservedAt().Equal(time.Unix(200, 0)) {
			t.Errorf("%s: observed at %v", name, g.ObservedAt())
		}
	}
}

func TestNilGraphIsEmpty(t *testing.T) {
	var g *Graph
	if g.Len() != 0 || g.Edges() != 0 || g.Has("a") || g.Callers("a") != nil || g.Services() != nil || g.Stale() || !g.ObservedAt().IsZero() {
		t.Error("a nil graph must behave as an empty one")
	}
	if g.With(shopTopology()).Len() != 7 {
		t.Error("a nil graph must take a snapshot")
	}
}

// drawTopology is a random snapshot over few services, so that snapshots
// overlap.
func drawTopology(t *rapid.T, label string) Topology {
	service := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("s%d", rapid.IntRange(0, 9).Draw(t, "service")) })
	topology := Topology{ObservedAt: time.Unix(rapid.Int64Range(0, 1000).Draw(t, label+" time"), 0), Source: label}
	for range rapid.IntRange(0, 12).Draw(t, label+" edges") {
		topology.Edges = append(topology.Edges, Edge{
			Caller: service.Draw(t, "caller"), Callee: service.Draw(t, "callee"),
			Kind:           rapid.SampledFrom(EdgeKinds()).Draw(t, "kind"),
			CallsPerSecond: float64(rapid.IntRange(0, 3).Draw(t, "rate")),
		})
	}
	return topology
}

// describe lists everything a graph knows, independent of its numbering.
func describeGraph(g *Graph) []string {
	var out []string
	for _, name := range g.Services() {
		s, _ := g.Service(name)
		out = append(out, fmt.Sprint(s))
		id, _ := g.id(name)
		for _, e := range g.Callees(name) {
			out = append(out, fmt.Sprint(e))
		}
		for _, e := range g.Callers(name) {
			out = append(out, fmt.Sprint(e))
		}
		for _, a := range g.callersOf(id) {
			out = append(out, fmt.Sprintf("%s<-%s share %.4f", name, g.names[a.to], g.felt(a).share))
		}
		for _, word := range words(name) {
			out = append(out, fmt.Sprint(word, len(g.carriers(word))))
		}
	}
	slices.Sort(out)
	return out
}

func TestGraphUpdatedEqualsGraphBuiltAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first, second, third := drawTopology(t, "a"), drawTopology(t, "b"), drawTopology(t, "c")
		second.ObservedAt = first.ObservedAt.Add(time.Second)
		third.ObservedAt = second.ObservedAt.Add(time.Second)
		start := NewGraph(first)
		before := describeGraph(start)
		updated := start.With(second).With(third)
		want := describeGraph(NewGraph(first, second, third))
		if diff := cmp.Diff(want, describeGraph(updated)); diff != "" {
			t.Fatalf("updated graph differs (-built at once +updated):\n%s", diff)
		}
		if diff := cmp.Diff(want, describeGraph(updated.Packed())); diff != "" {
			t.Fatalf("packed graph differs (-built at once +packed):\n%s", diff)
		}
		if diff := cmp.Diff(before, describeGraph(start)); diff != "" {
			t.Fatalf("the old graph was changed by an update:\n%s", diff)
		}
		if updated.Edges() != NewGraph(first, second, third).Edges() {
			t.Fatalf("got %d edges", updated.Edges())
		}
	})
}

func TestWordsSplitNamesAsPeopleReadThem(t *testing.T) {
	for text, want := range map[string][]string{
		"edge-proxy in 19 DCs": {"edge", "proxy", "in", "19", "dcs"},
		"PetSearch_client":     {"pet", "search", "client"},
		"static.crates.io":     {"static", "crate", "io"},
		"docker-jobs":          {"docker", "job"},
		"address address":      {"address"},
		"...":                  nil,
		"":                     nil,
	} {
		if diff := cmp.Diff(want, words(text)); diff != "" {
			t.Errorf("words(%q) (-want +got):\n%s", text, diff)
		}
	}
}

func TestLikenessNeedsRareWords(t *testing.T) {
	var topology Topology
	for i := range 60 {
		topology.Services = append(topology.Services, Service{Name: fmt.Sprintf("service-%d", i)})
	}
	topology.Services = append(topology.Services, Service{Name: "gclb"}, Service{Name: "gclb-tier1"})
	g := NewGraph(topology)
	likeness := func(said, name string) float64 {
		node, _ := g.id(name)
		like := g.kinship(words(said))
		return like.to(node, words(name))
	}
	rare, common := likeness("gclb", "gclb-tier1"), likeness("service-1", "service-2")
	if rare < 0.5 || common > 0.2 {
		t.Errorf("likeness by a rare word %.2f, by a common one %.2f; want above 0.5 and below 0.2", rare, common)
	}
}
