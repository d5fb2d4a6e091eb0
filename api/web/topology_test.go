package web

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// pointers are the services as the topology page hands them on.
func pointers(services []correlate.Service) []*correlate.Service {
	all := make([]*correlate.Service, len(services))
	for i := range services {
		all[i] = &services[i]
	}
	return all
}

// town is a topology of n services: a gateway, a row of shops behind it, a
// database that all of them call, and little ones behind the shops.
func town(n int) ([]correlate.Service, []correlate.Edge) {
	services := []correlate.Service{{Name: "gateway", Tier: 1, Team: "web"}, {Name: "orders-db", Tier: 1, Team: "data"}}
	var edges []correlate.Edge
	for i := 2; i < n; i++ {
		name := fmt.Sprintf("service-%03d", i)
		services = append(services, correlate.Service{Name: name, Tier: 1 + i%4, Team: fmt.Sprintf("team-%d", i%9)})
		caller := "gateway"
		if i >= 20 {
			caller = fmt.Sprintf("service-%03d", 2+i%18)
		}
		edges = append(edges, correlate.Edge{Caller: caller, Callee: name}, correlate.Edge{Caller: name, Callee: "orders-db"})
	}
	return services, edges
}

func TestATownOfTwoHundredServicesFitsAScreen(t *testing.T) {
	services, edges := town(200)
	v := topologyMap(pointers(services), edges)
	if len(v.Nodes) > 70 || v.Height > 900 || v.Width > 1300 {
		t.Errorf("%d boxes on %v by %v", len(v.Nodes), v.Width, v.Height)
	}
	if v.Hubs == 0 || v.Undrawn < 190 {
		t.Errorf("%d hubs, %d calls left out; the database alone has 198", v.Hubs, v.Undrawn)
	}
	if len(v.Edges) > 150 {
		t.Errorf("%d lines are drawn", len(v.Edges))
	}
	at := slices.IndexFunc(v.Nodes, func(n nodeView) bool { return n.Label == "orders-db" })
	if at < 0 || v.Nodes[at].State != stateHub || !strings.Contains(v.Nodes[at].Tip, "hub") {
		t.Errorf("the database is no hub: %+v", v.Nodes)
	}
	if !slices.ContainsFunc(v.Nodes, func(n nodeView) bool { return strings.Contains(n.Label, " of team-") }) {
		t.Error("nothing is gathered by team")
	}
}

func TestASmallTopologyIsDrawnWholeFromLeftToRight(t *testing.T) {
	services := []correlate.Service{{Name: "storefront"}, {Name: "checkout"}, {Name: "payments"}, {Name: "island"}}
	v := topologyMap(pointers(services), []correlate.Edge{{Caller: "storefront", Callee: "checkout"}, {Caller: "checkout", Callee: "payments"}, {Caller: "checkout", Callee: "elsewhere"}})
	x := map[string]float64{}
	for _, n := range v.Nodes {
		x[n.Label] = n.X
	}
	if len(v.Nodes) != 4 || len(v.Edges) != 2 || !(x["storefront"] < x["checkout"] && x["checkout"] < x["payments"]) || x["island"] != x["storefront"] || v.Gathered+v.Hubs != 0 {
		t.Errorf("drawn: %+v", x)
	}
	if topologyMap(nil, nil) != nil {
		t.Error("nothing is drawn as something")
	}
}

// TestAnyTopologyIsDrawnWithoutLossOrOverlap holds for circles, calls of a
// service to itself, calls of unknown services and any names.
func TestAnyTopologyIsDrawnWithoutLossOrOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 60).Draw(t, "services")
		services := make([]correlate.Service, n)
		for i := range services {
			services[i] = correlate.Service{Name: fmt.Sprintf("s%d", i), Team: rapid.SampledFrom([]string{"", "a", "b", "c", "d", "e"}).Draw(t, "team")}
		}
		var edges []correlate.Edge
		for range rapid.IntRange(0, 200).Draw(t, "edges") {
			edges = append(edges, correlate.Edge{
				Caller: fmt.Sprintf("s%d", rapid.IntRange(0, n).Draw(t, "caller")), Callee: fmt.Sprintf("s%d", rapid.IntRange(0, n).Draw(t, "callee")),
			})
		}
		v := topologyMap(pointers(services), edges)
		alone := 0
		for i, a := range v.Nodes {
			if !a.Group {
				alone++
			}
			for _, b := range v.Nodes[i+1:] {
				if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
					t.Fatalf("%s lies on %s", a.Label, b.Label)
				}
			}
		}
		if shown := alone + v.Gathered; shown < n {
			t.Fatalf("%d of %d services are drawn or counted", shown, n)
		}
		if again := topologyMap(pointers(services), edges); !reflect.DeepEqual(v, again) {
			t.Fatal("drawn twice, the picture differs")
		}
	})
}

func TestDepthIsTheShortestWayIn(t *testing.T) {
	depth := depths(pointers([]correlate.Service{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "x"}, {Name: "y"}}), []correlate.Edge{
		{Caller: "a", Callee: "b"}, {Caller: "b", Callee: "c"}, {Caller: "a", Callee: "c"}, {Caller: "x", Callee: "y"}, {Caller: "y", Callee: "x"},
	})
	if want := map[string]int{"a": 0, "b": 1, "c": 1, "x": 0, "y": 1}; !reflect.DeepEqual(depth, want) {
		t.Errorf("%v, want %v", depth, want)
	}
}

// TestAStepSaysWhatAServiceCalls is what a telephone shows in place of lines.
func TestAStepSaysWhatAServiceCalls(t *testing.T) {
	services, edges := town(200)
	v := topologyMap(pointers(services), edges)
	words, drawn := map[string]string{}, 0
	for _, step := range v.Steps() {
		for _, n := range step.Nodes {
			words[n.Label] = n.Calls
			drawn++
		}
	}
	if drawn != len(v.Nodes) {
		t.Errorf("the steps have %d of %d boxes", drawn, len(v.Nodes))
	}
	if got := words["orders-db"]; !strings.HasPrefix(got, "joined to ") || strings.Contains(got, "calls") {
		t.Errorf("the hub says %q", got)
	}
	small := topologyMap(pointers([]correlate.Service{{Name: "a"}, {Name: "b"}, {Name: "c"}, {Name: "d"}, {Name: "e"}, {Name: "f"}}), []correlate.Edge{
		{Caller: "a", Callee: "e"}, {Caller: "a", Callee: "d"}, {Caller: "a", Callee: "c"}, {Caller: "a", Callee: "b"}, {Caller: "b", Callee: "c"}, {Caller: "b", Callee: "unknown"},
	})
	for _, n := range small.Nodes {
		if want := map[string]string{"a": "calls b, c, d and 1 more", "b": "calls c"}[n.Label]; n.Calls != want {
			t.Errorf("%s says %q, want %q", n.Label, n.Calls, want)
		}
	}
}
