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
	for _, r := range e.strongest(f) {
		links := work.linksOf(&r)
		quiet := f.quiet(r.node, links)
		own := f.weigh(links, quiet)
		o.enter(origin{node: r.node, via: -1, links: links, quiet: quiet, seen: own, own: own})
	}
	f.overload(&o)
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
		e.quicken(f, list)
		list = topOf(list, limit, func(a, b *reached) bool {
			if a.quick != b.quick {
				return a.quick > b.quick
			}
			return g.compareNames(a.node, b.node) < 0
		})
	}
	slices.SortFunc(list, func(a, b reached) int { return g.compareNames(a.node, b.node) })
	return list
}

// quicken judges the reached nodes roughly.
func (e *Engine) quicken(f *frame, list []reached) {
	s, work := f.s, f.work
	gain := make([]float64, len(s.symptoms))
	for j := range gain {
		gain[j] = 0.4 * s.symptoms[j].loud / s.symptoms[j].noise
	}
	e.newest(s, list)
	for i := range list {
		quick := e.recency(s, work.starts[i])
		for at := list[i].last; at >= 0; at = work.chain[at].next {
			quick *= 1 + float64(work.chain[at].strength)*gain[work.chain[at].symptom]
		}
		list[i].quick = quick
	}
}

// newest fills in when each node's service last changed before the last symptom.
// The loop does nothing else, for then the far places of memory that it reads are
// fetched side by side.
func (e *Engine) newest(s *scene, list []reached) {
	starts, x := sized(s.work.starts, len(list)), s.in.Changes
	s.work.starts = starts
	last := s.symptoms[len(s.symptoms)-1].start
	for i := range list {
		starts[i] = noChange
		if x == nil {
			continue
		}
		if number := s.work.numbers.number(s.in.Graph, x, list[i].node); number >= 0 {
			starts[i] = x.newestOf(number, last)
		}
	}
}

// recency is the density of the delay from a service's newest change to the
// first symptom, as a factor; a service that never changed is still one that
// "no change" may mean.
func (e *Engine) recency(s *scene, start int64) float64 {
	const never = 1e-9
	switch {
	case e.off[EvidenceTiming]:
		return 1
	case start == noChange:
		return never
	default:
		age := float64(s.symptoms[0].start-start) / 1000
		return max(e.delays.usual.at(max(age, 0), s.skew), never)
	}
}
