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
	type revision struct {
		at   int
		seen []float64
	}
	var revised []revision // What victims explain must not change under way.
	pushes := f.pushes(o)
	for from := 0; from < len(pushes); {
		caller := pushed(pushes[from]).caller
		to := from + 1
		for to < len(pushes) && pushed(pushes[to]).caller == caller {
			to++
		}
		seen := f.work.weights.take(len(f.firsts))
		at := o.at(caller)
		if at >= 0 {
			copy(seen, o.list[at].seen)
			revised = append(revised, revision{at, seen})
		} else {
			clear(seen)
			at = o.enter(origin{node: caller, via: -1, seen: seen})
		}
		o.list[at].via = f.pushedBy(o, pushes[from:to], seen)
		from = to
	}
	for _, r := range revised {
		o.list[r.at].seen = r.seen
	}
}

// pushedBy adds to seen what one caller may have broken, and returns what it
// broke if that explains more than a fault in itself, -1 if nothing does.
func (f *frame) pushedBy(o *origins, pushes []uint64, seen []float64) (via int32) {
	g, via := f.s.in.Graph, int32(-1)
	most := sumOf(seen)
	for _, key := range pushes {
		p := pushed(key)
		victim := o.list[o.at(p.callee)].seen
		share := f.e.weights.Topology.overload(len(g.callersOf(p.callee)), min(len(g.calleesOf(p.caller)), hubFan))
		if explained := share * sumOf(victim); explained > most {
			most, via = explained, p.callee
		}
		for i := range victim {
			seen[i] += share * victim[i]
		}
	}
	return via
}

// push is a caller that may have broken a callee; as one number, for sorting, it
// is the caller and then the callee.
type push struct{ caller, callee int32 }

func (p push) key() uint64 { return uint64(uint32(p.caller))<<32 | uint64(uint32(p.callee)) }

func pushed(key uint64) push { return push{int32(key >> 32), int32(uint32(key))} }

// pushes lists the callers of the best origins with these, by name.
func (f *frame) pushes(o *origins) []uint64 {
	g := f.s.in.Graph
	order := make([]ranked, len(o.list))
	for i := range order {
		order[i] = ranked{sumOf(o.list[i].seen), int32(i)}
	}
	slices.SortFunc(order, compareRanked)
	pushes, packed := f.work.pushes[:0], int32(g.packed())
	byNumber := true
	for _, r := range order[:min(len(order), maxOverloaded)] {
		victim := o.list[r.at].node
		row := g.callersOf(victim)
		if len(row) > maxOverloaders {
			continue
		}
		byNumber = byNumber && victim < packed
		for _, a := range row {
			pushes = append(pushes, push{a.to, victim}.key())
			byNumber = byNumber && a.to < packed
		}
	}
	f.work.pushes = pushes
	if byNumber { // The numbers are in the order of names.
		slices.Sort(pushes)
		return pushes
	}
	slices.SortFunc(pushes, func(a, b uint64) int {
		p, q := pushed(a), pushed(b)
		return cmp.Or(g.compareNames(p.caller, q.caller), g.compareNames(p.callee, q.callee))
	})
	return pushes
}

// overload is the probability that a faulty caller breaks one certain callee
// instead of itself: it may break any of those that it calls, and a service with
// many callers is built for load.
func (t *TopologyWeights) overload(callers, callees int) float64 {
	return t.Callee / (1 + float64(callers)/t.HubFan) / float64(max(callees, 1))
}
