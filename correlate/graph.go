package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Graph is an immutable call graph: services numbered by name, and for each
// service its callees and its callers in compressed sparse rows. A Graph is
// safe for use from many goroutines.
type Graph struct {
	names    []string
	ids      map[string]int32
	services []Service
	callees  rows
	callers  rows
	tokens   map[string][]int32
	observed time.Time
}

// rows is a compressed sparse matrix: the arcs of service i are
// arcs[offsets[i]:offsets[i+1]].
type rows struct {
	offsets []uint32
	arcs    []arc
}

// arc is one end of an edge as seen from a service, 16 bytes without
// pointers. rate is in calls per second, 0 when unknown; share is the rate
// relative to the caller's busiest edge.
type arc struct {
	to    int32
	kind  uint8
	rate  float32
	share float32
}

func (r *rows) of(i int32) []arc {
	if int(i)+1 >= len(r.offsets) {
		return nil
	}
	return r.arcs[r.offsets[i]:r.offsets[i+1]]
}

// NewGraph builds the graph of the merged snapshots. A service or edge that
// several snapshots name is taken once: the later snapshot's metadata and the
// greatest call rate count. Services that occur only in edges are added.
// Empty names and calls of a service to itself are left out.
func NewGraph(snapshots ...Topology) *Graph {
	b := newGraphBuilder()
	ordered := slices.Clone(snapshots)
	slices.SortStableFunc(ordered, func(a, b Topology) int {
		return cmp.Or(a.ObservedAt.Compare(b.ObservedAt), cmp.Compare(a.Source, b.Source))
	})
	for i := range ordered {
		b.add(&ordered[i])
	}
	return b.build()
}

// graphBuilder collects services and edges by name before they are numbered.
type graphBuilder struct {
	services map[string]Service
	edges    map[[2]string]Edge
	observed time.Time
}

func newGraphBuilder() *graphBuilder {
	return &graphBuilder{services: map[string]Service{}, edges: map[[2]string]Edge{}}
}

func (b *graphBuilder) add(t *Topology) {
	for _, s := range t.Services {
		if s.Name != "" {
			b.services[s.Name] = mergeService(b.services[s.Name], s)
		}
	}
	for _, e := range t.Edges {
		if e.Caller == "" || e.Callee == "" || e.Caller == e.Callee {
			continue
		}
		key := [2]string{e.Caller, e.Callee}
		if old, ok := b.edges[key]; ok {
			e = mergeEdge(old, e)
		}
		b.edges[key] = e
		b.ensure(e.Caller)
		b.ensure(e.Callee)
	}
	if t.ObservedAt.After(b.observed) {
		b.observed = t.ObservedAt
	}
}

func (b *graphBuilder) ensure(name string) {
	if _, ok := b.services[name]; !ok {
		b.services[name] = Service{Name: name}
	}
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

// mergeEdge keeps the later kind and the greater call rate.
func mergeEdge(old, later Edge) Edge {
	later.Kind = cmp.Or(later.Kind, old.Kind)
	later.CallsPerSecond = math.Max(later.CallsPerSecond, old.CallsPerSecond)
	return later
}

func (b *graphBuilder) build() *Graph {
	g := &Graph{ids: make(map[string]int32, len(b.services)), observed: b.observed}
	g.names = make([]string, 0, len(b.services))
	for name := range b.services {
		g.names = append(g.names, name)
	}
	slices.Sort(g.names)
	g.services = make([]Service, len(g.names))
	for i, name := range g.names {
		g.ids[name] = int32(i)
		g.services[i] = b.services[name]
	}
	edges := make([]numberedEdge, 0, len(b.edges))
	for key, e := range b.edges {
		edges = append(edges, numberedEdge{
			caller: g.ids[key[0]], callee: g.ids[key[1]],
			kind: edgeCode(e.Kind), rate: float32(e.CallsPerSecond),
		})
	}
	fillShares(edges, len(g.names))
	g.callees = packRows(edges, len(g.names), false)
	g.callers = packRows(edges, len(g.names), true)
	g.tokens = nameTokens(g.names)
	return g
}

// numberedEdge is an edge between numbered services.
type numberedEdge struct {
	caller, callee int32
	kind           uint8
	rate, share    float32
}

// fillShares sets each edge's rate relative to its caller's busiest edge; an
// unknown rate counts as the busiest.
func fillShares(edges []numberedEdge, services int) {
	busiest := make([]float32, services)
	for _, e := range edges {
		busiest[e.caller] = max(busiest[e.caller], e.rate)
	}
	for i := range edges {
		edges[i].share = 1
		if top := busiest[edges[i].caller]; top > 0 && edges[i].rate > 0 {
			edges[i].share = edges[i].rate / top
		}
	}
}

// packRows sorts the edges into rows by caller, or by callee when reverse.
// Within a row arcs are ordered by service number, that is by name.
func packRows(edges []numberedEdge, services int, reverse bool) rows {
	ends := func(e numberedEdge) (from, to int32) {
		if reverse {
			return e.callee, e.caller
		}
		return e.caller, e.callee
	}
	slices.SortFunc(edges, func(a, b numberedEdge) int {
		af, at := ends(a)
		bf, bt := ends(b)
		return cmp.Or(cmp.Compare(af, bf), cmp.Compare(at, bt))
	})
	r := rows{offsets: make([]uint32, services+1), arcs: make([]arc, 0, len(edges))}
	next := int32(0)
	for _, e := range edges {
		from, to := ends(e)
		for ; next <= from; next++ {
			r.offsets[next] = uint32(len(r.arcs))
		}
		r.arcs = append(r.arcs, arc{to: to, kind: e.kind, rate: e.rate, share: e.share})
	}
	for ; int(next) <= services; next++ {
		r.offsets[next] = uint32(len(r.arcs))
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
