package correlate

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// Len is the number of services.
func (g *Graph) Len() int {
	if g == nil {
		return 0
	}
	return len(g.names)
}

// Edges is the number of edges.
func (g *Graph) Edges() int {
	if g == nil {
		return 0
	}
	return len(g.callees.arcs)
}

// ObservedAt is the time of the newest snapshot in the graph.
func (g *Graph) ObservedAt() time.Time { return g.observed }

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
	return g.services[id], true
}

// Services returns the names of all services in order.
func (g *Graph) Services() []string {
	if g == nil {
		return nil
	}
	return slices.Clone(g.names)
}

// Callees returns the edges that start at the service, ordered by callee.
func (g *Graph) Callees(service string) []Edge {
	id, ok := g.id(service)
	if !ok {
		return nil
	}
	return g.edgesOf(id, g.callees.of(id), false)
}

// Callers returns the edges that end at the service, ordered by caller.
func (g *Graph) Callers(service string) []Edge {
	id, ok := g.id(service)
	if !ok {
		return nil
	}
	return g.edgesOf(id, g.callers.of(id), true)
}

func (g *Graph) edgesOf(id int32, arcs []arc, reverse bool) []Edge {
	kinds := EdgeKinds()
	edges := make([]Edge, len(arcs))
	for i, a := range arcs {
		e := Edge{Caller: g.names[id], Callee: g.names[a.to], Kind: kinds[a.kind], CallsPerSecond: float64(a.rate)}
		if reverse {
			e.Caller, e.Callee = e.Callee, e.Caller
		}
		edges[i] = e
	}
	return edges
}

func (g *Graph) id(name string) (int32, bool) {
	if g == nil {
		return -1, false
	}
	id, ok := g.ids[name]
	return id, ok
}

func (g *Graph) calleesOf(id int32) []arc { return g.callees.of(id) }

func (g *Graph) callersOf(id int32) []arc { return g.callers.of(id) }

// nameTokens maps each word of the services' names to the services that carry
// it. Words that more than tokenCap services share say little and are left out.
func nameTokens(names []string) map[string][]int32 {
	tokens := map[string][]int32{}
	for i, name := range names {
		for _, word := range words(name) {
			tokens[word] = append(tokens[word], int32(i))
		}
	}
	return tokens
}

// words splits a name or text into distinct lower-case words of letters or
// digits, in order of first appearance. A change from lower to upper case
// splits too, so that "PetSearch" holds "pet" and "search".
func words(text string) []string {
	var out []string
	for _, field := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		for _, part := range splitCamel(field) {
			part = strings.ToLower(part)
			if !slices.Contains(out, part) {
				out = append(out, part)
			}
		}
	}
	return out
}

// splitCamel cuts before an upper-case letter that follows a lower-case one.
func splitCamel(field string) []string {
	var parts []string
	start := 0
	previous := rune(0)
	for i, r := range field {
		if i > start && unicode.IsUpper(r) && unicode.IsLower(previous) {
			parts = append(parts, field[start:i])
			start = i
		}
		previous = r
	}
	return append(parts, field[start:])
}
