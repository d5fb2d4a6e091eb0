package correlate

import (
	"cmp"
	"math"
	"slices"
)

// link says that a fault in a service would show as a symptom, and how surely:
// strength times the reach of the fault, or times TopologyWeights.Self where
// route is routeSelf. hops counts the calls between them.
type link struct {
	symptom  int32
	strength float32
	hops     int8
	route    route
}

// route is the way in which a fault travels from its origin to a symptom.
type route uint8

const (
	// routeSelf: the alert is on the faulty service itself.
	routeSelf route = iota
	// routeCaller: the alerting service calls the faulty one, maybe through
	// others.
	routeCaller
	// routeName: no known calls, but kindred names.
	routeName
)

// spreader walks the graph from the symptoms back to what could have caused
// them. It is scratch memory, reused between attributions.
type spreader struct {
	graph *Graph
	w     *Weights
	// pass[kind] is TopologyWeights.Edge as an array.
	pass [len(edgeKinds)]float64
	// power[i] is the damping of an edge whose share is (i/shareSteps) squared.
	power [shareSteps + 1]float64
	// hush[i*reaches+k] is the log probability that a caller stays quiet although
	// a fault with reach k passes over its edge with probability i/hushSteps.
	hush    []float64
	reaches int
	// slot[node] is the place in found plus one, 0 for a node not reached.
	slot  []int32
	found []reached
	chain []chained
	// seen are the nodes that the present walk has visited.
	seen   bits
	level  []place
	next   []place
	budget int
	// warmth keeps what is read ahead of its use from being left out.
	warmth int64
}

// reached is a node with the last of its links; more hang on chained.next.
type reached struct {
	node  int32
	last  int32
	quick float64
}

type chained struct {
	link
	next int32
}

// reset prepares the spreader for a graph.
func (sp *spreader) reset(g *Graph, w *Weights) {
	for _, r := range sp.found {
		sp.slot[r.node] = 0
	}
	sp.graph, sp.w = g, w
	sp.found, sp.chain = sp.found[:0], sp.chain[:0]
	sp.slot = grown(sp.slot, g.Len())
	for i, kind := range edgeKinds {
		sp.pass[i] = w.Topology.Edge[kind]
	}
	if sp.power[shareSteps] == 0 {
		for i := range sp.power {
			share := (float64(i) + 0.5) / shareSteps
			sp.power[i] = math.Min(math.Pow(share*share, w.Topology.SharePower), 1)
		}
		sp.reaches = len(w.Topology.Spread)
		for i := range hushSteps + 1 {
			for _, part := range w.Topology.Spread {
				sp.hush = append(sp.hush, math.Log1p(-math.Min(part.Reach*float64(i)/hushSteps, 0.99)))
			}
		}
	}
}

// hushSteps is the number of steps in which hush is kept.
const hushSteps = 256

// silent is, for each reach, the log probability that a caller stays quiet.
func (sp *spreader) silent(over float64) []float64 {
	at := int(over*hushSteps+0.5) * sp.reaches
	return sp.hush[at : at+sp.reaches]
}

// shareSteps is the number of steps in which the damping by share is kept.
const shareSteps = 256

// walk notes everything that could explain one symptom, within the budget of
// visited edges.
func (sp *spreader) walk(symptom int32, y *symptom, budget int) {
	for _, p := range y.places {
		sp.budget = budget
		sp.note(p.node, link{symptom: symptom, strength: float32(p.strength), route: routeSelf})
		sp.callees(symptom, p)
	}
	if sp.graph.Len() > 0 {
		sp.kin(symptom, y)
	}
}

// note keeps the strongest link of a symptom to a node; an alert on the node
// itself is stronger than any.
func (sp *spreader) note(node int32, l link) {
	at := sp.slot[node]
	if at == 0 {
		sp.found = append(sp.found, reached{node: node, last: -1})
		at = int32(len(sp.found))
		sp.slot[node] = at
	}
	r := &sp.found[at-1]
	if r.last >= 0 {
		if old := &sp.chain[r.last].link; old.symptom == l.symptom {
			if old.route != routeSelf && (l.route == routeSelf || old.strength < l.strength) {
				*old = l
			}
			return
		}
	}
	sp.chain = append(sp.chain, chained{link: l, next: r.last})
	r.last = int32(len(sp.chain) - 1)
}

// linksOf returns the node's links ordered by symptom.
func (w *scratch) linksOf(r *reached) []link {
	n := 0
	for at := r.last; at >= 0; at = w.chain[at].next {
		n++
	}
	list := w.links.take(n)
	for at := r.last; at >= 0; at = w.chain[at].next { // The last symptom comes first.
		n--
		list[n] = w.chain[at].link
	}
	slices.SortFunc(list, func(a, b link) int { return cmp.Compare(a.symptom, b.symptom) })
	return list
}

// join keeps the stronger of a link found from the cause and what the walks from
// the symptoms found between the same two.
func (sp *spreader) join(node int32, l link) {
	if at := sp.slot[node]; at > 0 {
		for at := sp.found[at-1].last; at >= 0; at = sp.chain[at].next {
			if old := &sp.chain[at].link; old.symptom == l.symptom {
				if old.route == routeCaller && old.strength < l.strength {
					*old = l
				}
				return
			}
		}
	}
	sp.note(node, l)
}

// over is how readily a fault passes over the edge from a service with so many
// callers.
func (sp *spreader) over(a arc, callers int) float64 {
	pass := sp.pass[a.kind] * sp.power[int(math.Sqrt(float64(a.share))*shareSteps)]
	if most := sp.w.Topology.FeltBy; float64(callers) > most {
		pass *= most / float64(callers)
	}
	return pass
}

// callees walks to what the place depends on, level by level.
func (sp *spreader) callees(symptom int32, p place) {
	sp.seen = sp.seen.sized(sp.graph.Len())
	sp.seen.set(p.node)
	sp.level = append(sp.level[:0], p)
	before := 1.0
	for hop, decay := range sp.w.Topology.Caller {
		sp.next = sp.next[:0]
		for i, at := range sp.level {
			if i%rowsAtOnce == 0 {
				for _, soon := range sp.level[i:min(i+rowsAtOnce, len(sp.level))] {
					sp.warmth += sp.graph.callees.peek(soon.node)
				}
			}
			row := sp.graph.mainCallees(at.node)
			if sp.budget <= 0 {
				return
			}
			row = row[:min(len(row), sp.budget)]
			for i := range row {
				sp.warmth += int64(sp.slot[row[i].to])
			}
			for _, a := range row {
				if sp.seen.has(a.to) {
					continue
				}
				sp.budget--
				sp.seen.set(a.to)
				strength := at.strength * sp.over(a, sp.graph.fanIn(a)) * decay / before
				sp.note(a.to, link{symptom: symptom, strength: float32(strength), hops: int8(hop + 1), route: routeCaller})
				sp.next = append(sp.next, place{a.to, strength})
			}
		}
		sp.level, sp.next = sp.next, sp.level
		before = decay
	}
}

// leastLikeness is the cosine from which on names count as kindred.
const leastLikeness = 0.3

// kin links services whose names share rare words with the symptom's.
func (sp *spreader) kin(symptom int32, y *symptom) {
	like, most := sp.graph.kinship(y.said), sp.w.Topology.NameLink
	traced := len(y.places) > 0 && sp.hasCalls(y.places[0].node)
	for _, node := range y.kin {
		if like := like.to(node, sp.graph.parts[node]); like > leastLikeness {
			strength := most * (like - leastLikeness) / (1 - leastLikeness)
			if traced && sp.hasCalls(node) {
				strength *= sp.w.Topology.NameTraced
			}
			sp.note(node, link{symptom: symptom, strength: float32(strength), hops: 1, route: routeName})
		}
	}
}

// hasCalls reports whether the graph knows any call from or to the service.
func (sp *spreader) hasCalls(node int32) bool {
	return len(sp.graph.callersOf(node)) > 0 || len(sp.graph.mainCallees(node)) > 0
}
