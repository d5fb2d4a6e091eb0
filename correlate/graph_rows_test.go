package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drawnSnapshot names calls among few services, some of them new, some with a rate
// and some without, some twice.
func drawnSnapshot(t *rapid.T, minute int) Topology {
	out := Topology{Source: "mesh", ObservedAt: time.Unix(int64(minute)*60, 0)}
	name := rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("s-%02d", rapid.IntRange(0, 20).Draw(t, "service")) })
	for range rapid.IntRange(0, 12).Draw(t, "calls") {
		out.Edges = append(out.Edges, Edge{
			Caller: name.Draw(t, "caller"), Callee: name.Draw(t, "callee"),
			Kind: rapid.SampledFrom(EdgeKinds()).Draw(t, "kind"), CallsPerSecond: float64(rapid.IntRange(0, 9).Draw(t, "rate")),
		})
	}
	return out
}

// rowsOf tells all that is read of a graph's rows, by name: numbers differ with
// the order in which services were added.
func rowsOf(g *Graph) map[string][]string {
	out := map[string][]string{}
	for id, name := range g.names {
		for _, a := range g.calleesOf(int32(id)) {
			out[name] = append(out[name], fmt.Sprintf("calls %s %d %g %g, which %d call", g.names[a.to], a.kind, a.rate, a.share, g.fanIn(a)))
		}
		for _, a := range g.callersOf(int32(id)) {
			a = g.felt(a)
			out[name] = append(out[name], fmt.Sprintf("called by %s %d %g %g", g.names[a.to], a.kind, a.rate, a.share))
		}
		slices.Sort(out[name])
	}
	return out
}

func TestRowsUpdatedOneByOneAreThoseBuiltAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snapshots := []Topology{drawnSnapshot(t, 0)}
		g := NewGraph(snapshots[0])
		var graphs []*Graph
		var wanted []map[string][]string
		for minute := range rapid.IntRange(1, 6).Draw(t, "updates") {
			snapshots = append(snapshots, drawnSnapshot(t, minute+1))
			g = g.With(snapshots[minute+1])
			if rapid.IntRange(0, 3).Draw(t, "pack") == 0 {
				g = g.Packed()
			}
			graphs, wanted = append(graphs, g), append(wanted, rowsOf(NewGraph(snapshots...)))
			if rapid.Bool().Draw(t, "read") { // What was read before must not be what is read later.
				rowsOf(g)
			}
		}
		for i, g := range graphs {
			if diff := cmp.Diff(wanted[i], rowsOf(g)); diff != "" {
				t.Fatalf("after %d updates (-built at once +updated):\n%s", i+1, diff)
			}
			if got, want := g.Edges(), NewGraph(snapshots[:i+2]...).Edges(); got != want {
				t.Fatalf("after %d updates %d calls, want %d", i+1, got, want)
			}
		}
	})
}

func TestOfAHubThatWasUpdatedTheBusiestCallsAreWalked(t *testing.T) {
	g := NewGraph(hub("gateway", hubFan+40)).With(Topology{Edges: []Edge{
		{Caller: "gateway", Callee: "brand-new", CallsPerSecond: 1e9}, {Caller: "gateway", Callee: "seldom", CallsPerSecond: 1e-6},
	}})
	whole := NewGraph(hub("gateway", hubFan+40), Topology{Edges: g.Callees("gateway")})
	names := func(g *Graph) (out []string) {
		id, _ := g.id("gateway")
		for _, a := range g.mainCallees(id) {
			out = append(out, g.names[a.to])
		}
		slices.Sort(out)
		return out
	}
	if got := names(g); len(got) != hubFan || !slices.Contains(got, "brand-new") || slices.Contains(got, "seldom") {
		t.Errorf("%d calls are walked: %v", len(got), got)
	}
	if diff := cmp.Diff(names(whole), names(g)); diff != "" {
		t.Errorf("(-built at once +updated):\n%s", diff)
	}
	if diff := cmp.Diff(names(g), names(g)); diff != "" {
		t.Errorf("read twice:\n%s", diff)
	}
}

// An update of a hub must not cost a copy of the hub, nor must the next one.
func TestAnUpdateOfAHubCopiesNothingOfIt(t *testing.T) {
	g := NewGraph(hub("gateway", 5000))
	next := g
	for i := range 3 {
		next = next.With(Topology{Edges: []Edge{{Caller: "gateway", Callee: fmt.Sprintf("gateway-%04d", i), CallsPerSecond: 90_000}}})
		id, _ := next.id("gateway")
		row := next.patchedCallees(id)
		if row == nil || row.whole.Load() != nil || len(row.over) != i+1 {
			t.Fatalf("after %d updates the row is %+v", i+1, row)
		}
	}
	id, _ := next.id("gateway")
	if got := len(next.calleesOf(id)); got != 5000 || next.patchedCallees(id).whole.Load() == nil {
		t.Errorf("%d callees, want 5000, put together once", got)
	}
	if g.patchedCallees(id) != nil {
		t.Error("the graph before was changed")
	}
}

func TestManyReadersOfAnUpdatedRowReadTheSame(t *testing.T) {
	g := NewGraph(hub("gateway", 3000))
	id, _ := g.id("gateway")
	for i := range 20 {
		g = g.With(Topology{Edges: []Edge{{Caller: "gateway", Callee: fmt.Sprintf("added-%d", i), CallsPerSecond: 5}}})
		var reading sync.WaitGroup
		lengths := make([]int, 8)
		for r := range lengths {
			reading.Go(func() { lengths[r] = len(g.calleesOf(id)) + len(g.mainCallees(id)) })
		}
		reading.Wait()
		if want := slices.Repeat([]int{3001 + i + hubFan}, len(lengths)); !slices.Equal(lengths, want) {
			t.Fatalf("after %d updates %v, want %v", i+1, lengths, want)
		}
	}
}

// The busiest call is told by its share; a rate that differs in its last bit must
// not pass for it.
func TestTheBusiestCallIsToldByItsShare(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 20_000 {
		peak := math.Float32frombits(r.Uint32N(0x7f000000-0x00800000) + 0x00800000)
		below := math.Nextafter32(peak, 0)
		if share := relative(below, peak); share >= 1 {
			t.Fatalf("%g is a share of %g of %g", below, share, peak)
		}
		row := []arc{{rate: 0, share: relative(0, peak)}, {rate: below, share: relative(below, peak)}, {rate: peak, share: relative(peak, peak)}}
		if got := peakOf(row); got != peak {
			t.Fatalf("the busiest of %v is said to be %g", row, got)
		}
	}
	if peakOf([]arc{{share: 1}, {share: 1}}) != 0 || peakOf(nil) != 0 {
		t.Error("where no rate is known, none is the greatest")
	}
}
