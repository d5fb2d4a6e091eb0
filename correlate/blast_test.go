package correlate

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// loud are alerts of the services.
func loud(services ...string) []Alert {
	var alerts []Alert
	for _, service := range services {
		alerts = append(alerts, *firing(service, time.Unix(0, 0)))
	}
	return alerts
}

// blastLines write the nodes as "service state distance tier team".
func blastLines(r BlastRadius) []string {
	lines := []string{}
	for _, n := range r.Nodes {
		lines = append(lines, fmt.Sprintf("%s %s %d %d %s", n.Service, n.State, n.Distance, n.Tier, n.Team))
	}
	return lines
}

// storeTopology is a database that cart and pay read; web and app call them, and
// a robot calls app.
func storeTopology() Topology {
	return Topology{
		Services: []Service{
			{Name: "db", Tier: 1, Team: "data"},
			{Name: "cart", Tier: 1, Team: "orders"},
			{Name: "pay", Tier: 2, Team: "money"},
			{Name: "web", Tier: 1, Team: "front"},
			{Name: "app", Tier: 3, Team: "front"},
			{Name: "robot"},
			{Name: "elsewhere", Tier: 4, Team: "other"},
		},
		Edges: []Edge{
			{Caller: "cart", Callee: "db", Kind: EdgeData},
			{Caller: "pay", Callee: "db", Kind: EdgeData},
			{Caller: "web", Callee: "cart"},
			{Caller: "web", Callee: "pay"},
			{Caller: "app", Callee: "cart"},
			{Caller: "robot", Callee: "app"},
			{Caller: "db", Callee: "elsewhere"},
		},
	}
}

func TestTheBlastRadiusTellsChangedAlertingQuietAndPotentialApart(t *testing.T) {
	r := BlastRadiusOf(NewGraph(storeTopology()), []string{"db"}, loud("web", "cart", "cart", "moon"))
	want := []string{
		"db changed 0 1 data", "cart alerting 1 1 orders", "web alerting 2 1 front", "moon alerting -1 0 ",
		"pay quiet 1 2 money", "app potential 2 3 front", "robot potential 3 0 ",
	}
	if diff := cmp.Diff(want, blastLines(r)); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]int{"1": 2, "2": 1, "3": 1, "unknown": 1}, r.PotentialByTier); diff != "" {
		t.Errorf("by tier (-want +got):\n%s", diff)
	}
	if r.Potential != 5 || r.Truncated {
		t.Errorf("potential %d, truncated %v; want the five that reach db by calls", r.Potential, r.Truncated)
	}
	for what, lists := range map[string][2][]string{
		"changed": {{"db"}, r.Changed}, "alerting": {{"cart", "moon", "web"}, r.Alerting}, "quiet": {{"pay"}, r.Quiet},
		"teams": {{"data", "front", "money", "orders"}, r.Teams},
	} {
		if diff := cmp.Diff(lists[0], lists[1]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
}

func TestTheBlastRadiusShowsOnlyCallsBetweenListedServices(t *testing.T) {
	r := BlastRadiusOf(NewGraph(storeTopology()), []string{"cart"}, nil)
	want := []Edge{
		{Caller: "app", Callee: "cart", Kind: EdgeSync}, {Caller: "robot", Callee: "app", Kind: EdgeSync}, {Caller: "web", Callee: "cart", Kind: EdgeSync},
	}
	if diff := cmp.Diff(want, r.Edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

func TestAChangeThatTakesPartInACycleReachesEachServiceOnce(t *testing.T) {
	g := NewGraph(calls("a", "b", "b", "c", "c", "a", "d", "a"))
	r := BlastRadiusOf(g, []string{"a"}, loud("c"))
	want := []string{"a changed 0 0 ", "c alerting 1 0 ", "d quiet 1 0 ", "b potential 2 0 "}
	if diff := cmp.Diff(want, blastLines(r)); diff != "" {
		t.Errorf("nodes (-want +got):\n%s", diff)
	}
	if r.Potential != 3 {
		t.Errorf("potential %d, want 3", r.Potential)
	}
}

func TestSeveralChangedServicesSpreadTogether(t *testing.T) {
	r := BlastRadiusOf(NewGraph(storeTopology()), []string{"pay", "db", "db"}, nil)
	if diff := cmp.Diff([]string{"db", "pay"}, r.Changed); diff != "" {
		t.Errorf("changed (-want +got):\n%s", diff)
	}
	// Web calls pay directly, cart calls db; app and robot are further away.
	if diff := cmp.Diff([]string{"cart", "web"}, r.Quiet); diff != "" {
		t.Errorf("quiet (-want +got):\n%s", diff)
	}
	if r.Potential != 4 {
		t.Errorf("potential %d: a changed service is not also a potential one", r.Potential)
	}
}

// A service called by everybody must neither hide the graph's size nor flood
// the answer.
func TestAHubsCallersAreCountedAndTheListIsCut(t *testing.T) {
	for _, callers := range []int{0, 1, 199, 200, 201, 5865} {
		topology := Topology{Services: []Service{{Name: "db", Tier: 1}}}
		for i := range callers {
			name := fmt.Sprintf("caller-%04d", i)
			topology.Services = append(topology.Services, Service{Name: name, Tier: 1 + i%4})
			topology.Edges = append(topology.Edges, Edge{Caller: name, Callee: "db"})
		}
		alerting := ""
		if callers > 0 {
			alerting = fmt.Sprintf("caller-%04d", callers-1)
		}
		r := BlastRadiusOf(NewGraph(topology), []string{"db"}, loud(alerting)[:min(callers, 1)])
		limit := DefaultWeights().Limits.BlastNodes
		if r.Potential != callers || len(r.Nodes) != min(callers+1, limit) || r.Truncated != (callers+1 > limit) {
			t.Errorf("%d callers: potential %d, %d nodes, truncated %v", callers, r.Potential, len(r.Nodes), r.Truncated)
		}
		sum := 0
		for _, n := range r.PotentialByTier {
			sum += n
		}
		if sum != callers || len(r.Quiet) != max(callers-1, 0) {
			t.Errorf("%d callers: %d by tier, %d quiet", callers, sum, len(r.Quiet))
		}
		if len(r.Nodes) > 1 && (r.Nodes[0].State != "changed" || r.Nodes[1].Service != alerting) {
			t.Errorf("%d callers: what a reader must see first was cut: %+v", callers, r.Nodes[:2])
		}
	}
}

// What is cut is the least telling: of callers alike, those of the worst tiers
// stay.
func TestTheMostCriticalStayWhenTheListIsCut(t *testing.T) {
	var topology Topology
	for i := range 30 {
		name := fmt.Sprintf("s%02d", i)
		topology.Services = append(topology.Services, Service{Name: name, Tier: i % 5}) // Tier 0 is unknown.
		topology.Edges = append(topology.Edges, Edge{Caller: name, Callee: "db"})
	}
	r := new(blast).radius(NewGraph(topology), []string{"db"}, nil, 13, 1000)
	tiers := []int{}
	for _, n := range r.Nodes[1:] {
		tiers = append(tiers, n.Tier)
	}
	if diff := cmp.Diff([]int{1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}, tiers); diff != "" || !r.Truncated {
		t.Errorf("tiers (-want +got):\n%s", diff)
	}
	if r.Nodes[1].Service != "s01" || r.Nodes[6].Service != "s26" {
		t.Errorf("services of one tier are not in order: %v", blastLines(r))
	}
}

func TestTheWalkOfTheBlastRadiusIsBounded(t *testing.T) {
	var pairs []string
	for i := range 50 {
		pairs = append(pairs, fmt.Sprintf("s%d", i+1), fmt.Sprintf("s%d", i))
	}
	g := NewGraph(calls(pairs...))
	if r := new(blast).radius(g, []string{"s0"}, nil, 100, 10); !r.Truncated || r.Potential > 11 || r.Potential < 9 {
		t.Errorf("after ten edges: potential %d, truncated %v", r.Potential, r.Truncated)
	}
	if r := new(blast).radius(g, []string{"s0"}, nil, 100, 1000); r.Truncated || r.Potential != 50 {
		t.Errorf("unbounded: potential %d, truncated %v", r.Potential, r.Truncated)
	}
}

func TestWithoutGraphOrChangeTheBlastRadiusIsWhatAlerts(t *testing.T) {
	for name, g := range map[string]*Graph{"no graph": nil, "empty graph": NewGraph()} {
		r := BlastRadiusOf(g, []string{"db"}, loud("web"))
		if diff := cmp.Diff([]string{"db changed -1 0 ", "web alerting -1 0 "}, blastLines(r)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if r.Potential != 0 || r.Quiet == nil || r.Edges == nil || r.PotentialByTier == nil {
			t.Errorf("%s: %+v; empty lists are lists", name, r)
		}
	}
	r := BlastRadiusOf(NewGraph(storeTopology()), nil, loud("web"))
	if diff := cmp.Diff([]string{"web alerting -1 1 front"}, blastLines(r)); diff != "" || len(r.Changed) != 0 {
		t.Errorf("no change (-want +got):\n%s", diff)
	}
}

// plainBlast is the distance of each service to a changed one by repeated
// relaxing of all edges.
func plainBlast(t Topology, changed []string) map[string]int {
	distance := map[string]int{}
	for _, name := range changed {
		distance[name] = 0
	}
	for range t.Edges {
		for _, e := range t.Edges {
			if d, ok := distance[e.Callee]; ok && e.Caller != e.Callee {
				if old, known := distance[e.Caller]; !known || d+1 < old {
					distance[e.Caller] = d + 1
				}
			}
		}
	}
	return distance
}

func TestDistancesAreTheFewestCalls(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		topology := drawTopology(t, "calls")
		g := NewGraph(topology)
		if g.Len() == 0 {
			return
		}
		changed := sortedNames([]string{rapid.SampledFrom(g.Services()).Draw(t, "one"), rapid.SampledFrom(g.Services()).Draw(t, "other")})
		want := plainBlast(topology, changed)
		r := BlastRadiusOf(g, changed, nil)
		got := map[string]int{}
		for _, n := range r.Nodes {
			got[n.Service] = n.Distance
			if quiet := n.Distance == 1; quiet != slices.Contains(r.Quiet, n.Service) || quiet && n.State != "quiet" {
				t.Fatalf("%+v with quiet %v", n, r.Quiet)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("distances (-want +got):\n%s", diff)
		}
		if r.Potential != len(want)-len(changed) {
			t.Fatalf("potential %d, want %d", r.Potential, len(want)-len(changed))
		}
	})
}
