package correlate

import (
	"cmp"
	"slices"
	"time"
)

// Len is the number of services.
func (g *Graph) Len() int {
	if g == nil {
		return 0
	}
	return len(g.names)
}

// packed is the number of services whose rows are packed; their numbers are in
// the order of their names.
func (g *Graph) packed() int {
	if g == nil {
		return 0
	}
	return max(len(g.callees.offsets)-1, 0)
}

// Edges is the number of edges.
func (g *Graph) Edges() int {
	if g == nil {
		return 0
	}
	n := len(g.callees.arcs)
	if g.patch != nil {
		n += g.patch.added
	}
	return n
}

// ObservedAt is the time of the newest snapshot in the graph.
func (g *Graph) ObservedAt() time.Time {
	if g == nil {
		return time.Time{}
	}
	return g.observed
}

// Has reports whether the graph knows the service.
func (g *Graph) Has(service string) bool {
	_, ok := g.id(service)
	return ok
}

// Service returns what the snapshots say about the service.
func (g *Graph) Service(name string) (Service, bool) {
	id, ok := g.id(name)
	if !ok {
		return Service{}, false
	}
	return g.serviceOf(id), true
}

// Services returns the names of all services in order.
func (g *Graph) Services() []string {
	if g == nil {
		return nil
	}
	names := slices.Clone(g.names)
	slices.Sort(names)
	return names
}

// Callees returns the edges that start at the service, ordered by callee.
func (g *Graph) Callees(service string) []Edge {
	id, ok := g.id(service)
	if !ok {
		return nil
	}
	edges := make([]Edge, 0, len(g.calleesOf(id)))
	for _, a := range g.calleesOf(id) {
		edges = append(edges, g.edge(id, a.to, a))
	}
	slices.SortFunc(edges, compareEdges)
	return edges
}

// Callers returns the edges that end at the service, ordered by caller.
func (g *Graph) Callers(service string) []Edge {
	id, ok := g.id(service)
	if !ok {
		return nil
	}
	edges := make([]Edge, 0, len(g.callersOf(id)))
	for _, a := range g.callersOf(id) {
		edges = append(edges, g.edge(a.to, id, a))
	}
	slices.SortFunc(edges, compareEdges)
	return edges
}

func (g *Graph) edge(caller, callee int32, a arc) Edge {
	return Edge{
		Caller: g.names[caller], Callee: g.names[callee],
		Kind: edgeKinds[a.kind], CallsPerSecond: float64(a.rate),
	}
}

// edgeKinds is the immutable order behind edgeCode.
var edgeKinds = [...]EdgeKind{EdgeSync, EdgeAsync, EdgeData, EdgeSharedInfra}

func (g *Graph) id(name string) (int32, bool) {
	if g == nil {
		return -1, false
	}
	if id, ok := g.ids[name]; ok {
		return id, true
	}
	if g.patch != nil {
		id, ok := g.patch.ids[name]
		return id, ok
	}
	return -1, false
}

func (g *Graph) serviceOf(id int32) Service {
	if g.patch != nil {
		if s, ok := g.patch.services[id]; ok {
			return s
		}
	}
	return g.services[id]
}

// tierOf is the tier of the service, 0 when unknown.
func (g *Graph) tierOf(id int32) int {
	if g.patch != nil || int(id) >= len(g.tiers) {
		return g.serviceOf(id).Tier
	}
	return int(g.tiers[id])
}

// patchedCallees is the row of callees that was changed since the rows were packed,
// nil if it was not.
func (g *Graph) patchedCallees(id int32) *patchedRow {
	if g.patch == nil || int(id)>>6 < len(g.patch.calling) && !g.patch.calling.has(id) {
		return nil
	}
	return g.patch.callees[id]
}

// patchedCallers is the same for the row of callers.
func (g *Graph) patchedCallers(id int32) *patchedRow {
	if g.patch == nil || int(id)>>6 < len(g.patch.called) && !g.patch.called.has(id) {
		return nil
	}
	return g.patch.callers[id]
}

func (g *Graph) calleesOf(id int32) []arc {
	if row := g.patchedCallees(id); row != nil {
		return row.arcs()
	}
	return g.callees.of(id)
}

// mainCallees are the callees of the service, of a hub the busiest only.
func (g *Graph) mainCallees(id int32) []arc {
	if row := g.patchedCallees(id); row != nil {
		return row.mainArcs()
	}
	row := g.callees.of(id)
	if len(row) > hubFan {
		return g.busiest[id]
	}
	return row
}

func (g *Graph) callersOf(id int32) []arc {
	if row := g.patchedCallers(id); row != nil {
		return row.arcs()
	}
	return g.callers.of(id)
}

// fanIn is the number of callers of the callee that an arc of a row of callees
// leads to.
func (g *Graph) fanIn(a arc) int {
	if row := g.patchedCallers(a.to); row != nil {
		return row.n
	}
	if a.fan == 0 {
		return len(g.callers.of(a.to))
	}
	return int(a.fan)
}

// carriers returns the services whose names hold the word.
func (g *Graph) carriers(word string) []int32 {
	list := g.tokens[word]
	if g.patch == nil {
		return list
	}
	if more := g.patch.tokens[word]; len(more) > 0 {
		return slices.Concat(list, more)
	}
	return list
}

func compareEdges(a, b Edge) int {
	return cmp.Or(cmp.Compare(a.Caller, b.Caller), cmp.Compare(a.Callee, b.Callee))
}
