package correlate

import (
	"cmp"
	"maps"
	"slices"
)

// patch is what was added to a graph since its rows were packed: whole rows of
// the services that gained edges, and new services numbered after the others.
type patch struct {
	ids      map[string]int32
	services map[int32]Service
	callees  map[int32][]arc
	callers  map[int32][]arc
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
	next.patch = g.patch.clone()
	if t.ObservedAt.After(next.observed) {
		next.observed = t.ObservedAt
	}
	for _, s := range t.Services {
		if s.Name != "" {
			id := next.ensure(s.Name)
			next.patch.describe(id, next.serviceOf(id), s)
		}
	}
	rows := rowEdits{g: &next, callees: map[int32][]arc{}, callers: map[int32]bool{}}
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

func (p *patch) clone() *patch {
	if p == nil {
		return &patch{
			ids: map[string]int32{}, services: map[int32]Service{}, tokens: map[string][]int32{},
			callees: map[int32][]arc{}, callers: map[int32][]arc{}, peaks: map[int32]float32{},
		}
	}
	return &patch{
		ids: maps.Clone(p.ids), services: maps.Clone(p.services), tokens: maps.Clone(p.tokens),
		callees: maps.Clone(p.callees), callers: maps.Clone(p.callers), peaks: maps.Clone(p.peaks), added: p.added,
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

// rowEdits are the rows that one snapshot changes. Each is copied once, however
// many of its edges the snapshot names: a hub's row is long.
type rowEdits struct {
	g *Graph
	// callees are the rows of the callers touched, as they were before.
	callees map[int32][]arc
	// callers are the callees whose rows have been copied.
	callers map[int32]bool
}

// connect adds or updates one edge in the caller's row; finish tells the callees.
func (r *rowEdits) connect(caller, callee int32, e Edge) {
	row := r.g.calleesOf(caller)
	a := arc{to: callee, kind: edgeCode(e.Kind), rate: float32(max(e.CallsPerSecond, 0)), share: 1}
	at, known := findArc(row, callee)
	if known {
		a.rate = max(a.rate, row[at].rate)
		if a.rate == row[at].rate && a.kind == row[at].kind {
			return
		}
	}
	if _, own := r.callees[caller]; !own {
		r.callees[caller] = row
		row = slices.Clone(row)
	}
	if known {
		row[at] = a
	} else {
		row = slices.Insert(row, at, a)
		r.g.patch.added++
	}
	r.g.patch.callees[caller] = row
}

// finish sets the shares of the rows that were touched and puts the calls that
// changed into the callees' rows of callers. Where a caller's busiest call became
// busier, all its shares changed: that is noted once, and not in thousands of
// rows.
func (r *rowEdits) finish() {
	for caller, before := range r.callees {
		row := r.g.patch.callees[caller]
		if peak := reshare(row); peak != peakOf(before) && len(before) > 0 {
			r.g.patch.peaks[caller] = peak
		}
		for _, x := range row { // Both rows are in order, and the newer one only has more.
			if len(before) == 0 || before[0].to != x.to {
				r.mirror(caller, x)
				continue
			}
			if before[0].rate != x.rate || before[0].kind != x.kind {
				r.mirror(caller, x)
			}
			before = before[1:]
		}
	}
}

// findArc returns the place of the arc in a row, or where it belongs.
func findArc(row []arc, to int32) (int, bool) {
	return slices.BinarySearchFunc(row, to, func(x arc, to int32) int { return cmp.Compare(x.to, to) })
}

// reshare sets the shares of one caller's edges and returns the rate of the
// busiest.
func reshare(row []arc) float32 {
	peak := peakOf(row)
	for i := range row {
		row[i].share = 1
		if row[i].rate > 0 {
			row[i].share = row[i].rate / peak
		}
	}
	return peak
}

// peakOf is the rate of the busiest call in a row.
func peakOf(row []arc) float32 {
	peak := float32(0)
	for _, a := range row {
		peak = max(peak, a.rate)
	}
	return peak
}

// felt returns an arc of a row of callers with the share as it is now.
func (g *Graph) felt(a arc) arc {
	if g.patch == nil || a.rate == 0 {
		return a
	}
	if peak, moved := g.patch.peaks[a.to]; moved {
		a.share = a.rate / peak
	}
	return a
}

// mirror puts the edge into the callee's row of callers.
func (r *rowEdits) mirror(caller int32, a arc) {
	callee := a.to
	row := r.g.callersOf(callee)
	if !r.callers[callee] {
		r.callers[callee] = true
		row = slices.Clone(row)
	}
	a.to = caller
	at, known := findArc(row, caller)
	if known {
		row[at] = a
	} else {
		row = slices.Insert(row, at, a)
	}
	r.g.patch.callers[callee] = row
}
