package correlate

import (
	"maps"
	"slices"
)

// patch is what was added to a graph since its rows were packed: rows of the
// services that gained or changed edges, and new services numbered after the
// others.
type patch struct {
	ids      map[string]int32
	services map[int32]Service
	callees  map[int32]*patchedRow
	callers  map[int32]*patchedRow
	// calling and called are the packed services of which callees and callers hold
	// rows: most have none, which one bit tells.
	calling, called bits
	// peaks are the rates of the busiest calls of those callers where that is no
	// longer what the shares in the rows of callers are relative to.
	peaks  map[int32]float32
	tokens map[string][]int32
	added  int
}

// maxPatchRows is the number of changed rows from which on a graph is Stale.
// Copying that many takes well under a millisecond.
const maxPatchRows = 4096

// Stale reports whether so much was added that the graph should be packed
// again, by [Graph.Packed], away from the hot path.
func (g *Graph) Stale() bool {
	return g != nil && g.patch != nil && len(g.patch.callees)+len(g.patch.callers) > maxPatchRows
}

// With returns a graph that also holds the snapshot. It costs in proportion to
// the snapshot and to what was added since the last packing, not to the graph.
// What the snapshot repeats unchanged costs a lookup.
func (g *Graph) With(t Topology) *Graph {
	if g.Len() == 0 {
		return NewGraph(t)
	}
	next := *g
	next.patch = g.patchOf()
	if t.ObservedAt.After(next.observed) {
		next.observed = t.ObservedAt
	}
	for _, s := range t.Services {
		if s.Name != "" {
			id := next.ensure(s.Name)
			next.patch.describe(id, next.serviceOf(id), s)
		}
	}
	rows := rowEdits{g: &next, peaks: map[int32]float32{}, callers: map[int32]bool{}}
	for _, e := range t.Edges {
		if e.Caller != "" && e.Callee != "" && e.Caller != e.Callee {
			rows.connect(next.ensure(e.Caller), next.ensure(e.Callee), e)
		}
	}
	rows.finish()
	return &next
}

// Packed returns the same graph with everything in packed rows. It costs in
// proportion to the whole graph.
func (g *Graph) Packed() *Graph {
	if g == nil || g.patch == nil {
		return g
	}
	b := graphBuilder{
		ids: make(map[string]int32, len(g.names)), observed: g.observed,
		services: make([]Service, 0, len(g.names)+maxPatchRows), edges: make([]numberedEdge, 0, g.Edges()),
	}
	for id := range g.names {
		b.number(g.names[id])
		b.services[id] = g.serviceOf(int32(id))
	}
	for id := range g.names {
		for _, a := range g.calleesOf(int32(id)) {
			b.edges = append(b.edges, numberedEdge{caller: int32(id), callee: a.to, kind: a.kind, rate: a.rate})
		}
	}
	return b.build()
}

// patchOf is a copy of the patch of the graph, which may be changed until somebody
// reads it.
func (g *Graph) patchOf() *patch {
	p := g.patch
	if p == nil {
		n := g.packed()/64 + 1
		return &patch{
			ids: map[string]int32{}, services: map[int32]Service{}, tokens: map[string][]int32{},
			callees: map[int32]*patchedRow{}, callers: map[int32]*patchedRow{}, peaks: map[int32]float32{},
			calling: make(bits, n), called: make(bits, n),
		}
	}
	return &patch{
		ids: maps.Clone(p.ids), services: maps.Clone(p.services), tokens: maps.Clone(p.tokens),
		callees: maps.Clone(p.callees), callers: maps.Clone(p.callers), peaks: maps.Clone(p.peaks),
		calling: slices.Clone(p.calling), called: slices.Clone(p.called), added: p.added,
	}
}

func (p *patch) describe(id int32, old, later Service) {
	if merged := mergeService(old, later); merged != old {
		p.services[id] = merged
	}
}

// ensure returns the number of the service and gives it one if it is new.
func (g *Graph) ensure(name string) int32 {
	if id, ok := g.id(name); ok {
		return id
	}
	id := int32(len(g.names))
	if !g.lineage.claim(len(g.names)) { // Another graph has put one of its own there.
		g.names, g.services, g.parts = slices.Clip(g.names), slices.Clip(g.services), slices.Clip(g.parts)
	}
	g.names = append(g.names, name)
	g.services = append(g.services, Service{Name: name})
	g.patch.ids[name] = id
	g.parts = append(g.parts, words(name))
	for _, word := range g.parts[id] {
		g.patch.tokens[word] = append(slices.Clip(g.patch.tokens[word]), id)
	}
	return id
}
