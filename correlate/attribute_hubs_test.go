package correlate

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// probabilities are what the finding says of each suspect.
func probabilities(f *Finding) map[string]float64 {
	p := map[string]float64{}
	for i := range f.Suspects {
		p[f.Suspects[i].Change.ID] = f.Suspects[i].Probability
	}
	return p
}

// A service with a thousand callers is called by whoever alerts. That must not
// make it the cause of two alerts when a service that only these two call changed
// as well.
func TestAHubIsNotTheCauseOfWhateverTwoOfItsCallersAlertFor(t *testing.T) {
	s := shopStory{
		edges:   []string{"web>cart", "app>cart"},
		alerts:  []Alert{critical("web", 0), critical("app", 20*time.Second)},
		changes: []Change{changed("hub", 3*time.Minute, "identity"), changed("narrow", 3*time.Minute, "cart")},
	}
	for i := range 1000 {
		s.edges = append(s.edges, fmt.Sprintf("caller-of-%d>identity", i))
	}
	s.edges = append(s.edges, "web>identity", "app>identity")
	f := s.finding()
	if p := probabilities(&f); p["narrow"] < 10*p["hub"] {
		t.Errorf("the service that both call has %.3f, the hub %.3f; want ten times as much", p["narrow"], p["hub"])
	}
}

// What a fault reaches does not grow without bound with the number of callers,
// and the damping begins where it is said to.
func TestTheCallersOfAHubShareAFault(t *testing.T) {
	w := DefaultWeights()
	for _, callers := range []int{1, 12, 13, 100, 2000} {
		var edges []string
		for i := range callers {
			edges = append(edges, fmt.Sprintf("caller-%d", i), "gateway")
		}
		g := NewGraph(calls(edges...))
		sp := &spreader{}
		sp.reset(g, &w)
		id, _ := g.id("gateway")
		row := g.callersOf(id)
		if len(row) != callers {
			t.Fatalf("%d callers in the graph, want %d", len(row), callers)
		}
		sum := 0.0
		for _, a := range row {
			sum += sp.over(g.felt(a), len(row))
		}
		if want := math.Min(float64(callers), w.Topology.FeltBy); math.Abs(sum-want) > 0.05*want {
			t.Errorf("of %d callers %.2f feel a fault; want %.0f", callers, sum, want)
		}
	}
}

// Kindred names stand in for calls that no trace shows; where the graph knows
// the calls of both services and none between them, they mean little.
func TestNamesMeanLittleWhereCallsAreKnown(t *testing.T) {
	told := func(edges ...string) float64 {
		s := shopStory{
			edges: append(edges, "web>db", "shop>db"), alerts: []Alert{critical("ledger-reader", 0)},
			changes: []Change{changed("kin", 2*time.Minute, "ledger-writer"), changed("other", 2*time.Minute, "db")},
		}
		f := s.finding()
		return probabilities(&f)["kin"]
	}
	traced, unknown := told("ledger-reader>db", "ledger-writer>web"), told("web>ledger-writer")
	if traced >= unknown || traced > 0.5*unknown {
		t.Errorf("kin has %.3f where calls are known and %.3f where the alerting service is unknown", traced, unknown)
	}
}

// What every change names is not what a change is about.
func TestAServiceThatManyChangesNameIsHardlyWhatOneIsAbout(t *testing.T) {
	guilt := func(mentions int) float64 {
		s := shopStory{
			edges:   []string{"web>identity", "app>identity", "web>cart"},
			alerts:  []Alert{critical("identity", 0)},
			changes: []Change{changed("suspect", 3*time.Minute, "cart", "identity")},
		}
		for i := range mentions {
			s.edges = append(s.edges, fmt.Sprintf("far-%d>identity", i))
			s.changes = append(s.changes,
				changed(fmt.Sprint("old-", i), 30*time.Hour+time.Duration(i)*time.Minute, fmt.Sprintf("far-%d", i), "identity"),
				changed(fmt.Sprint("own-", i), 31*time.Hour+time.Duration(i)*time.Minute, fmt.Sprintf("far-%d", i)))
		}
		f := s.finding()
		for i := range f.Suspects {
			if f.Suspects[i].Change.ID == "suspect" {
				for _, ev := range f.Suspects[i].Evidence {
					if ev.Kind == EvidenceTopology {
						return ev.LogOdds
					}
				}
			}
		}
		return math.Inf(-1)
	}
	if none, many := guilt(0), guilt(40); many >= none-0.5 {
		t.Errorf("topology says %.2f of a change of a service that others name, %.2f of one that they do not; want half a nat less", many, none)
	}
}
