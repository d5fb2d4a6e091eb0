package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// world is a company to attribute in: its call graph and the changes of a
// window. The same flags make the same world.
type world struct {
	rng   *rand.Rand
	names []string
	// callers lists for each service who calls it.
	callers [][]int32
	// fanOut and fanIn are the degrees in descending order.
	fanOut, fanIn []int
	// active weighs how often each service is changed, as a running sum.
	active []float64
	end    time.Time
	window time.Duration
}

// Degrees follow two power laws on each side, whose 99th percentiles and
// maxima are those of a published graph of a large company's services: fan-out
// 257 and 5,865, fan-in 206 and 14,084. The exponents of the lower parts give
// ten calls per service on average.
type degreeLaw struct {
	top, p99 float64
	below    float64
}

// at is the degree of the service at place i of n, the greatest first.
func (l degreeLaw) at(i, n int) float64 {
	u := (float64(i) + 1) / float64(n)
	above := math.Log(l.top/l.p99) / math.Log(0.01*float64(n))
	if u <= 0.01 {
		return l.p99 * math.Pow(0.01/u, above)
	}
	return l.p99 * math.Pow(0.01/u, l.below)
}

// stubs lists each service as often as its degree says, in random order. The
// services are dealt their degrees at random.
func (w *world) stubs(l degreeLaw, edges int) []int32 {
	order := w.rng.Perm(len(w.names))
	list := make([]int32, 0, edges)
	for i, service := range order {
		for range int(l.at(i, len(order)) + w.rng.Float64()) {
			list = append(list, int32(service))
		}
	}
	w.rng.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// newWorld makes the services and their names.
func newWorld(f *engineFlags) *world {
	w := &world{
		rng: rand.New(rand.NewPCG(f.seed, 1)), window: f.window, //nolint:gosec // A benchmark needs the same world each time.
		end: time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC),
	}
	roles := []string{"api", "worker", "store", "gateway", "index", "cache", "sync", "events", "admin", "proxy"}
	parts := []string{"ka", "lo", "mi", "ru", "te", "so", "va", "ne", "di", "pu", "ha", "zo"}
	for i := range f.services {
		n := i / 40 // Forty services share a rare word, as those of one team do.
		word := parts[n%12] + parts[n/12%12] + parts[n/144%12] + parts[n/1728%12]
		w.names = append(w.names, fmt.Sprintf("%s-%s-%d", word, roles[i%10], i%40))
	}
	sum := 0.0
	for range f.services {
		sum += math.Exp(1.5 * w.rng.NormFloat64())
		w.active = append(w.active, sum)
	}
	return w
}

// topology draws the call graph.
func (w *world) topology(edges int) correlate.Topology {
	out := w.stubs(degreeLaw{top: 5865, p99: 257, below: 1.41}, edges)
	in := w.stubs(degreeLaw{top: 14084, p99: 206, below: 1.36}, edges)
	t := correlate.Topology{Source: "mesh", ObservedAt: w.end.Add(-time.Hour)}
	for _, name := range w.names {
		t.Services = append(t.Services, correlate.Service{Name: name, Tier: 1 + w.rng.IntN(4), Team: name[:4]})
	}
	known := make(map[int64]bool, edges)
	w.callers = make([][]int32, len(w.names))
	for i := 0; len(t.Edges) < edges; i++ {
		caller, callee := w.anyService(), w.anyService()
		if i < len(out) {
			caller = out[i]
		}
		if i < len(in) {
			callee = in[i]
		}
		// A call that is there already, or to itself, goes elsewhere, so that
		// hubs keep their degree.
		for tries := 0; tries < 20 && (caller == callee || known[pairOf(caller, callee)]); tries++ {
			callee = w.anyService()
		}
		if pair := pairOf(caller, callee); caller != callee && !known[pair] {
			known[pair] = true
			w.callers[callee] = append(w.callers[callee], caller)
			t.Edges = append(t.Edges, w.edge(caller, callee))
		}
	}
	w.measureDegrees(&t)
	return t
}

func pairOf(caller, callee int32) int64 { return int64(caller)<<32 | int64(callee) }

func (w *world) anyService() int32 { return w.rng.Int32N(int32(len(w.names))) }

func (w *world) edge(caller, callee int32) correlate.Edge {
	kinds := []correlate.EdgeKind{
		correlate.EdgeSync, correlate.EdgeSync, correlate.EdgeSync, correlate.EdgeSync, correlate.EdgeSync, correlate.EdgeSync,
		correlate.EdgeData, correlate.EdgeData, correlate.EdgeAsync, correlate.EdgeSharedInfra,
	}
	// The same call is always of one kind and has about the same rate.
	pair := rand.New(rand.NewPCG(uint64(caller), uint64(callee))) //nolint:gosec // As above.
	return correlate.Edge{
		Caller: w.names[caller], Callee: w.names[callee], Kind: kinds[pair.IntN(len(kinds))],
		CallsPerSecond: math.Exp(2*pair.NormFloat64()) * (1 + w.rng.Float64()/10),
	}
}

func (w *world) measureDegrees(t *correlate.Topology) {
	out := map[string]int{}
	for i := range t.Edges {
		out[t.Edges[i].Caller]++
	}
	for i, name := range w.names {
		w.fanOut, w.fanIn = append(w.fanOut, out[name]), append(w.fanIn, len(w.callers[i]))
	}
	descending := func(a, b int) int { return cmp.Compare(b, a) }
	slices.SortFunc(w.fanOut, descending)
	slices.SortFunc(w.fanIn, descending)
}

// anyActive draws a service, often changed ones often.
func (w *world) anyActive() string {
	at, _ := slices.BinarySearch(w.active, w.rng.Float64()*w.active[len(w.active)-1])
	return w.names[min(at, len(w.names)-1)]
}

// change draws the change with the number, of those that fill the window in
// order of time.
func (w *world) change(i, of int) correlate.Change {
	at := w.end.Add(-w.window + time.Duration(float64(w.window)*float64(i)/float64(of)))
	end := at.Add(time.Duration(20+w.rng.IntN(600)) * time.Second)
	kinds := correlate.ChangeKinds()
	kind := correlate.KindDeploy
	if w.rng.IntN(2) == 0 {
		kind = kinds[w.rng.IntN(len(kinds))]
	}
	c := correlate.Change{
		ID: fmt.Sprintf("run-%010d", i), Source: "ci", Kind: kind, Status: correlate.StatusSucceeded,
		Environment: correlate.DefaultEnvironment, StartedAt: at, FinishedAt: &end,
	}
	switch n := w.rng.IntN(1000); {
	case n < 2: // The whole environment.
	case n < 20:
		c.Services = []string{w.anyActive(), w.anyActive(), w.anyActive()}
	default:
		c.Services = []string{w.anyActive()}
	}
	w.describe(&c, i)
	return c
}

// describe fills in what a deploy usually says.
func (w *world) describe(c *correlate.Change, i int) {
	c.Title = fmt.Sprintf("release %d of %v", i, c.Services)
	c.Version, c.PreviousVersion = fmt.Sprintf("v%d", i), fmt.Sprintf("v%d", i-1)
	c.Actor = &correlate.Actor{ID: fmt.Sprintf("dev-%d", i%5000), Type: correlate.ActorHuman}
	c.Links = &correlate.ChangeLinks{Diff: fmt.Sprintf("https://git.example.com/changes/%d/diff", i)}
	c.Commits = []correlate.Commit{{
		SHA: fmt.Sprintf("%040x", i), Message: fmt.Sprintf("change the handling of case %d", i%977),
		Author: &correlate.Person{Name: "A Developer", Email: "dev@example.com"}, Additions: i % 300, Deletions: i % 90,
		Files: []string{fmt.Sprintf("pkg/part%d/handler.go", i%313), fmt.Sprintf("pkg/part%d/handler_test.go", i%313)},
	}}
}

// incident draws alerts on so many services: those that a fault in one service
// reaches over its callers, filled up with others anywhere, the greatest hubs
// among them every second time.
func (w *world) incident(number, alerting int) []correlate.Alert {
	onset := w.end.Add(-time.Duration(300+w.rng.IntN(600)) * time.Second) // All of them are seen at the end.
	reached, seen := []int32{w.rng.Int32N(int32(len(w.names)))}, map[int32]bool{}
	for at := 0; at < len(reached) && len(reached) < alerting*4/5; at++ {
		seen[reached[at]] = true
		for _, caller := range w.callers[reached[at]] {
			if !seen[caller] && len(reached) < alerting*4/5 && w.rng.IntN(3) > 0 {
				seen[caller] = true
				reached = append(reached, caller)
			}
		}
	}
	for len(reached) < alerting {
		if other := w.rng.Int32N(int32(len(w.names))); !seen[other] {
			seen[other] = true
			reached = append(reached, other)
		}
	}
	severities := correlate.Severities()
	alerts := make([]correlate.Alert, len(reached))
	for i, service := range reached {
		alerts[i] = correlate.Alert{
			Source: "monitor", Fingerprint: fmt.Sprintf("%d-%d", number, i), Service: w.names[service], Name: "HighErrorRate",
			Summary: "error rate above 5 percent", Severity: severities[w.rng.IntN(len(severities)-1)], Status: correlate.AlertFiring,
			Signal: correlate.SignalErrors, StartedAt: onset.Add(time.Duration(w.rng.IntN(300)) * time.Second),
		}
	}
	return alerts
}
