package correlate

import (
	"cmp"
	"slices"
)

// maxOverloaded is how many of the best origins are looked at as victims of
// their callers.
const maxOverloaded = 32

// maxOverloaders is the number of callers from which on a service is not looked
// at as the victim of one of them.
const maxOverloaders = 400

// overload adds the explanations by which a changed caller broke what it calls:
// retries, a new access pattern, a flood. The fault then spreads from the callee
// as if it had begun there.
func (f *frame) overload(o *origins) {
	g := f.s.in.Graph
	best := make([]int, len(o.list))
	for i := range best {
		best[i] = i
	}
	slices.SortStableFunc(best, func(a, b int) int {
		return cmp.Compare(sumOnsets(o.list[b].seen), sumOnsets(o.list[a].seen))
	})
	type push struct {
		caller, callee int32
		seen           []onsetWeight
		share          float64
	}
	var pushes []push
	for _, at := range best[:min(len(best), maxOverloaded)] {
		victim := &o.list[at]
		row := g.callersOf(victim.node)
		if len(row) > maxOverloaders {
			continue
		}
		for _, a := range row {
			pushes = append(pushes, push{a.to, victim.node, victim.seen, f.e.weights.Topology.overload(len(row), len(g.mainCallees(a.to)))})
		}
	}
	slices.SortStableFunc(pushes, func(a, b push) int {
		return cmp.Or(g.compareNames(a.caller, b.caller), g.compareNames(a.callee, b.callee))
	})
	fresh := map[int32][]onsetWeight{}
	own := map[int32]float64{}
	for _, p := range pushes {
		name := g.names[p.caller]
		at, known := o.byName[name]
		if !known {
			at = len(o.list)
			o.byName[name] = at
			o.list = append(o.list, origin{node: p.caller, via: -1, seen: make([]onsetWeight, len(p.seen))})
			for i := range p.seen {
				o.list[at].seen[i].symptom = p.seen[i].symptom
			}
		}
		if fresh[p.caller] == nil {
			fresh[p.caller] = slices.Clone(o.list[at].seen)
			own[p.caller] = sumOnsets(o.list[at].seen)
		}
		if share := p.share * sumOnsets(p.seen); share > own[p.caller] {
			own[p.caller] = share
			o.list[at].via = p.callee
		}
		for i := range p.seen {
			fresh[p.caller][i].weight += p.share * p.seen[i].weight
		}
	}
	for node, seen := range fresh {
		o.list[o.byName[g.names[node]]].seen = seen
	}
}

// overload is the probability that a faulty caller breaks one certain callee
// instead of itself: it may break any of those that it calls, and a service with
// many callers is built for load.
func (t *TopologyWeights) overload(callers, callees int) float64 {
	return t.Callee / (1 + float64(callers)/t.HubFan) / float64(max(callees, 1))
}
