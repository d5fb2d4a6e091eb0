package correlate

import (
	"slices"
)

// explain finds the origins and weighs them.
func (e *Engine) explain(s *scene) origins {
	g, work := s.in.Graph, s.work
	o := origins{nodes: max(float64(g.Len()), 1), strangers: map[string]int{}, list: work.origins[:0]}
	if len(s.symptoms) == 0 {
		return o
	}
	work.place = grown(work.place, g.Len())
	o.place = work.place
	work.reset(g, &e.weights)
	work.numbers.fit(g, s.in.Changes)
	budget := max(e.weights.Limits.Visits/len(s.symptoms), 150)
	for i := range s.symptoms {
		work.walk(int32(i), &s.symptoms[i], budget)
	}
	e.approachRecent(s)
	f := e.newFrame(s)
	o.frame, o.blind = f, f.blind()
	o.wide = f.explained(f.wide(), o.blind)
	unlinked := f.weigh(nil, f.quiet(-1, nil))
	o.unlinked = f.explained(unlinked, o.blind)
	sum := sumOf(unlinked) * max(o.nodes-float64(len(work.found)), 0)
	strongest := e.strongest(f)
	for i, r := range strongest {
		if i%rowsAtOnce == 0 {
			for _, soon := range strongest[i:min(i+rowsAtOnce, len(strongest))] {
				work.warmth += g.callers.peek(soon.node)
			}
		}
		links := work.linksOf(&r)
		quiet := f.quiet(r.node, links)
		own := f.weigh(links, quiet)
		o.enter(origin{node: r.node, via: -1, links: links, quiet: quiet, seen: own, own: own})
	}
	f.overload(&o)
	f.relay(&o)
	for i := range o.list {
		o.list[i].total = f.total(o.list[i].seen, o.blind)
		sum += sumOf(o.list[i].seen)
	}
	blind := e.blindShare(e.weights.Topology.BlindNoChange)
	o.none = (1-blind)*sum/o.nodes + blind*sumOf(o.blind)
	return o
}

// grown returns a slice of zeros at least so long, given one of zeros.
func grown(zeros []int32, n int) []int32 {
	if len(zeros) < n {
		return make([]int32, n)
	}
	return zeros
}

// blindShare is the given share, or all where topology is left out.
func (e *Engine) blindShare(share float64) float64 {
	if e.off[EvidenceTopology] {
		return 1
	}
	return share
}

// strongest returns the reached nodes that link best and changed last, by name;
// a large graph reaches more than can be weighed exactly.
func (e *Engine) strongest(f *frame) []reached {
	g := f.s.in.Graph
	list := append(f.work.chosen[:0], f.work.found...)
	f.work.chosen = list
	if limit := e.weights.Limits.Origins; len(list) > limit {
		e.link(f, list)
		list = e.quickest(f.s, list, limit)
	}
	slices.SortFunc(list, func(a, b reached) int { return g.compareNames(a.node, b.node) })
	return list
}

// link judges the reached nodes roughly by how well they link.
func (e *Engine) link(f *frame, list []reached) {
	s, chain := f.s, f.work.chain
	gain := make([]float64, len(s.symptoms))
	for j := range gain {
		gain[j] = 0.4 * s.symptoms[j].loud / s.symptoms[j].noise
	}
	for i := range list {
		quick := 1.0
		for at := list[i].last; at >= 0; at = chain[at].next {
			quick *= 1 + float64(chain[at].strength)*gain[chain[at].symptom]
		}
		list[i].quick = quick
	}
}

// quickest moves the n best to the front, in no order, by how well they link and
// how lately they changed. When a service changed is far away in memory: it is
// asked only of those that, had they changed at the worst moment, would be among
// the best. Of these so far the worst stands first, in a heap.
func (e *Engine) quickest(s *scene, list []reached, n int) []reached {
	better := func(a, b *reached) bool {
		if a.quick != b.quick {
			return a.quick > b.quick
		}
		return s.in.Graph.compareNames(a.node, b.node) < 0
	}
	best := list[:n]
	for i, start := range s.newest(best) {
		best[i].quick *= e.recency(s, start)
	}
	for at := n/2 - 1; at >= 0; at-- {
		sink(best, at, better)
	}
	latest := e.latest()
	for from := n; n > 0 && from < len(list); from += askedAtOnce {
		few := list[from:min(from+askedAtOnce, len(list))]
		hopeful := 0
		for i := range few {
			if few[i].quick*latest >= best[0].quick {
				few[i], few[hopeful] = few[hopeful], few[i]
				hopeful++
			}
		}
		for i, start := range s.newest(few[:hopeful]) {
			r := &few[i]
			if r.quick *= e.recency(s, start); better(r, &best[0]) {
				best[0], *r = *r, best[0]
				sink(best, 0, better)
			}
		}
	}
	return best
}

// askedAtOnce is how many far places of memory are asked for one right after the
// other, so that the processor waits for all of them at once.
const askedAtOnce = 64

// newest is when the service of each node last changed before the last symptom,
// noChange if it never did. The list is the scene's to use again.
func (s *scene) newest(nodes []reached) []int64 {
	w, x := s.work, s.in.Changes
	w.starts = sized(w.starts, len(nodes))
	if x == nil {
		for i := range nodes {
			w.starts[i] = noChange
		}
		return w.starts
	}
	w.asked = sized(w.asked, len(nodes))
	for i := range nodes {
		w.asked[i] = w.numbers.number(s.in.Graph, x, nodes[i].node)
	}
	for i, number := range w.asked {
		w.starts[i] = noChange
		if number >= 0 {
			w.starts[i] = x.newest[number]
		}
	}
	moment := s.symptoms[len(s.symptoms)-1].start
	for i, start := range w.starts {
		if start > moment {
			w.starts[i] = x.newestOf(w.asked[i], moment)
		}
	}
	return w.starts
}

// latest is more than the recency of any service.
func (e *Engine) latest() float64 {
	if e.off[EvidenceTiming] {
		return 1
	}
	return max(e.delays.usual.atMost(0), neverChanged) * (1 + roughness)
}

// neverChanged is the recency of a service without a change; it is still one that
// "no change" may mean.
const neverChanged = 1e-9

// recency is the density of the delay from a service's newest change to the
// first symptom, as a factor.
func (e *Engine) recency(s *scene, start int64) float64 {
	switch {
	case e.off[EvidenceTiming]:
		return 1
	case start == noChange:
		return neverChanged
	default:
		age := float64(s.symptoms[0].start-start) / 1000
		return max(e.delays.usual.at(max(age, 0), s.skew), neverChanged)
	}
}
