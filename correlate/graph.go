package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Graph is an immutable call graph: services numbered, and for each service its
// callees and its callers in compressed sparse rows. It is safe for use from
// many goroutines; [Graph.With] makes an updated one that shares what did not
// change. The zero value and nil are empty graphs.
type Graph struct {
	// lineage is the same for graphs that share the numbers of packed services.
	lineage  *token
	names    []string
	ids      map[string]int32
	services []Service
	// tiers are those of services, close together.
	tiers   []int32
	callees rows
	callers rows
	// busiest holds, for services that call more than hubFan others, the arcs
	// with the greatest share of their calls.
	busiest map[int32][]arc
	tokens  map[string][]int32
	// parts are the words of each name, in the order of names.
	parts [][]string
	// norms are those of the packed services' names, as they were when it was
	// packed: each name that is added changes how rare all words are.
	norms    []float64
	observed time.Time
	// patch holds what With has added since the rows were packed; nil if
	// nothing.
	patch *patch
}

// rows is a compressed sparse matrix: the arcs of service i are
// arcs[offsets[i]:offsets[i+1]].
type rows struct {
	offsets []uint32
	arcs    []arc
}

// arc is one end of an edge as seen from a service, 16 bytes without pointers.
// rate is in calls per second, 0 when unknown; share is the rate relative to
// the caller's busiest edge. fan is how many callers the callee had when the rows
// were packed, as far as it fits, and 0 in rows of callers; see Graph.fanIn.
type arc struct {
	to    int32
	rate  float32
	share float32
	kind  uint8
	fan   uint16
}

func (r *rows) of(i int32) []arc {
	if int(i)+1 >= len(r.offsets) {
		return nil
	}
	return r.arcs[r.offsets[i]:r.offsets[i+1]]
}

// peek reads the beginning of a row. Rows lie far from each other in memory: if
// several are read right before the first of them is needed, the processor waits
// for all of them at once.
func (r *rows) peek(i int32) int64 {
	if int(i) < len(r.offsets) {
		if at := r.offsets[i]; int(at) < len(r.arcs) {
			return int64(r.arcs[at].to)
		}
	}
	return 0
}

// rowsAtOnce is how many rows are read ahead.
const rowsAtOnce = 8

// NewGraph builds the graph of the merged snapshots. Of a service or edge that
// several snapshots name, the later snapshot's metadata and the greatest call
// rate count. Services that occur only in edges are added. Empty names and
// calls of a service to itself are left out.
func NewGraph(snapshots ...Topology) *Graph {
	b := graphBuilder{ids: map[string]int32{}}
	for _, t := range sortedSnapshots(snapshots) {
		b.add(t)
	}
	return b.build()
}

// sortedSnapshots orders by time and source, so that the order in which
// snapshots arrive does not matter.
func sortedSnapshots(snapshots []Topology) []*Topology {
	ordered := make([]*Topology, len(snapshots))
	for i := range snapshots {
		ordered[i] = &snapshots[i]
	}
	slices.SortStableFunc(ordered, func(a, b *Topology) int {
		return cmp.Or(a.ObservedAt.Compare(b.ObservedAt), cmp.Compare(a.Source, b.Source))
	})
	return ordered
}

// numberedEdge is an edge between numbered services.
type numberedEdge struct {
	caller, callee int32
	rate, share    float32
	kind           uint8
}

// graphBuilder collects services and edges in order of arrival.
type graphBuilder struct {
	ids      map[string]int32
	services []Service
	edges    []numberedEdge
	observed time.Time
}

func (b *graphBuilder) add(t *Topology) {
	for _, s := range t.Services {
		if s.Name != "" {
			id := b.number(s.Name)
			b.services[id] = mergeService(b.services[id], s)
		}
	}
	for _, e := range t.Edges {
		if e.Caller == "" || e.Callee == "" || e.Caller == e.Callee {
			continue
		}
		b.edges = append(b.edges, numberedEdge{
			caller: b.number(e.Caller), callee: b.number(e.Callee),
			kind: edgeCode(e.Kind), rate: float32(max(e.CallsPerSecond, 0)),
		})
	}
	if t.ObservedAt.After(b.observed) {
		b.observed = t.ObservedAt
	}
}

func (b *graphBuilder) number(name string) int32 {
	id, ok := b.ids[name]
	if !ok {
		id = int32(len(b.services))
		b.ids[name] = id
		b.services = append(b.services, Service{Name: name})
	}
	return id
}

// mergeService lets the later statement win field by field.
func mergeService(old, later Service) Service {
	return Service{
		Name:        later.Name,
		Tier:        cmp.Or(later.Tier, old.Tier),
		Team:        cmp.Or(later.Team, old.Team),
		Environment: cmp.Or(later.Environment, old.Environment),
		Lifecycle:   cmp.Or(later.Lifecycle, old.Lifecycle),
	}
}

// build numbers the services by name and packs the rows.
func (b *graphBuilder) build() *Graph {
	g := &Graph{lineage: &token{}, ids: b.ids, observed: b.observed, services: b.services}
	slices.SortFunc(g.services, func(x, y Service) int { return cmp.Compare(x.Name, y.Name) })
	g.lineage.claimed.Store(int64(len(g.services)))
	g.services = slices.Grow(g.services, maxPatchRows) // Services to come need no copying.
	g.names, g.tiers = make([]string, len(g.services), cap(g.services)), make([]int32, len(g.services))
	renumbered := make([]int32, len(g.services))
	for i := range g.services {
		g.names[i], g.tiers[i] = g.services[i].Name, int32(g.services[i].Tier)
		renumbered[b.ids[g.names[i]]] = int32(i)
		g.ids[g.names[i]] = int32(i)
	}
	for i := range b.edges {
		e := &b.edges[i]
		e.caller, e.callee = renumbered[e.caller], renumbered[e.callee]
	}
	edges := mergeEdges(b.edges)
	fillShares(edges, len(g.names))
	g.callees = packRows(edges, len(g.names), false)
	g.callers = packRows(edges, len(g.names), true)
	g.noteFans()
	g.busiest = map[int32][]arc{}
	for i := range g.names {
		if row := g.callees.of(int32(i)); len(row) > hubFan {
			g.busiest[int32(i)] = busiestOf(row)
		}
	}
	g.parts, g.tokens = nameTokens(g.names)
	g.parts = slices.Grow(g.parts, maxPatchRows)
	g.norms = make([]float64, len(g.parts))
	for i, own := range g.parts {
		g.norms[i] = g.norm(own)
	}
	return g
}

// noteFans writes into the rows of callees how many callers each callee has, so
// that a walk need not look it up far away for each call.
func (g *Graph) noteFans() {
	for i := range g.callees.arcs {
		a := &g.callees.arcs[i]
		if fan := len(g.callers.of(a.to)); fan <= math.MaxUint16 {
			a.fan = uint16(fan)
		}
	}
}

// hubFan is the number of callees or callers from which on a service is a hub:
// of its edges only the busiest are walked. The 99th percentile of a published
// large call graph is 257 callees.
const hubFan = 256

// busiestOf returns the hubFan arcs of a row with the greatest share.
func busiestOf(row []arc) []arc {
	row = slices.Clone(row)
	slices.SortFunc(row, func(a, b arc) int {
		return cmp.Or(cmp.Compare(b.share, a.share), cmp.Compare(a.kind, b.kind), cmp.Compare(a.to, b.to))
	})
	return slices.Clone(row[:hubFan])
}

// mergeEdges makes one edge of those with the same ends: the last kind and the
// greatest rate count. The result is ordered by caller and callee.
func mergeEdges(edges []numberedEdge) []numberedEdge {
	slices.SortStableFunc(edges, func(a, b numberedEdge) int {
		return cmp.Or(cmp.Compare(a.caller, b.caller), cmp.Compare(a.callee, b.callee))
	})
	merged := edges[:0]
	for _, e := range edges {
		if n := len(merged); n > 0 && merged[n-1].caller == e.caller && merged[n-1].callee == e.callee {
			e.rate = max(e.rate, merged[n-1].rate)
			merged[n-1] = e
			continue
		}
		merged = append(merged, e)
	}
	return merged
}

// fillShares sets each edge's rate relative to its caller's busiest edge; an
// unknown rate counts as the busiest.
func fillShares(edges []numberedEdge, services int) {
	busiest := make([]float32, services)
	for _, e := range edges {
		busiest[e.caller] = max(busiest[e.caller], e.rate)
	}
	for i := range edges {
		edges[i].share = relative(edges[i].rate, busiest[edges[i].caller])
	}
}

// packRows makes rows by caller, or by callee when reverse. Within a row arcs
// are ordered by service number. The edges must be ordered by caller.
func packRows(edges []numberedEdge, services int, reverse bool) rows {
	r := rows{offsets: make([]uint32, services+1), arcs: make([]arc, len(edges))}
	from := func(e *numberedEdge) int32 {
		if reverse {
			return e.callee
		}
		return e.caller
	}
	for i := range edges {
		r.offsets[from(&edges[i])+1]++
	}
	for i := range services {
		r.offsets[i+1] += r.offsets[i]
	}
	next := slices.Clone(r.offsets)
	for i := range edges {
		e := &edges[i]
		to := e.callee
		if reverse {
			to = e.caller
		}
		r.arcs[next[from(e)]] = arc{to: to, kind: e.kind, rate: e.rate, share: e.share}
		next[from(e)]++
	}
	return r
}

// edgeCode is the position of the kind in [EdgeKinds]; unknown kinds count as
// synchronous calls.
func edgeCode(k EdgeKind) uint8 {
	switch k {
	case EdgeAsync:
		return 1
	case EdgeData:
		return 2
	case EdgeSharedInfra:
		return 3
	default:
		return 0
	}
}
