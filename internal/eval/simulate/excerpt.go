package simulate

import "slices"

// excerpt is the part of the company that a case shows.
type excerpt struct {
	// shown are the services of the snapshot, near those up to two calls away
	// from the centre: what was changed, fails or alerts.
	shown, near, centre []int
	edges               []edge
}

// edge is a call by its place in the caller's list.
type edge struct{ caller, place int }

// wholeGraph is the number of services up to which a case shows all of them.
const wholeGraph = 2000

// ringSizes bound how many services are looked at 1 and 2 calls away from an
// alert; beyond a hub there are thousands. Which of them are taken is random:
// what is left out says nothing.
var ringSizes = []int{400, 600}

// excerpt cuts out the surroundings of the outage. All calls of the services up
// to one call away are kept, so that the silent callers of a hub can be counted.
func (w *world) excerpt(s *script) *excerpt {
	e := &excerpt{centre: s.centre()}
	seen := make(map[int]bool)
	for _, svc := range e.centre {
		seen[svc] = true
	}
	ring1 := w.ring(s.draw, e.centre, seen, ringSizes[0])
	inner := slices.Concat(e.centre, ring1)
	e.near = slices.Sorted(slices.Values(slices.Concat(inner, w.ring(s.draw, ring1, seen, ringSizes[1]))))
	if len(w.services) <= wholeGraph {
		for i := range w.services {
			e.shown = append(e.shown, i)
			for place := range w.callees[i] {
				e.edges = append(e.edges, edge{i, place})
			}
		}
		return e
	}
	w.cut(e, inner)
	return e
}

// centre are the services that were changed or that the fault reached.
func (s *script) centre() []int {
	var services []int
	for _, h := range s.hits {
		services = append(services, h.service)
	}
	for _, m := range s.guilty {
		services = append(services, m.service)
	}
	slices.Sort(services)
	return slices.Compact(services)
}

// ring draws up to size services that are one call away from the given ones and
// were not seen before, and marks them as seen.
func (w *world) ring(d draw, from []int, seen map[int]bool, size int) []int {
	var next []int
	for _, svc := range from {
		for _, list := range [][]call{w.callers[svc], w.callees[svc]} {
			for _, c := range list {
				if !seen[c.to] {
					seen[c.to] = true
					next = append(next, c.to)
				}
			}
		}
	}
	return some(d, next, size)
}

// cut keeps all calls of the inner services, and those among near ones.
func (w *world) cut(e *excerpt, inner []int) {
	isInner, isNear := make(map[int]bool, len(inner)), make(map[int]bool, len(e.near))
	for _, svc := range inner {
		isInner[svc] = true
	}
	for _, svc := range e.near {
		isNear[svc] = true
	}
	shown := make(map[int]bool)
	for caller := range w.callees {
		for place, c := range w.callees[caller] {
			if isInner[caller] || isInner[c.to] || isNear[caller] && isNear[c.to] {
				e.edges = append(e.edges, edge{caller, place})
				shown[caller], shown[c.to] = true, true
			}
		}
	}
	for _, svc := range e.near {
		shown[svc] = true
	}
	for svc := range w.services {
		if shown[svc] {
			e.shown = append(e.shown, svc)
		}
	}
}
