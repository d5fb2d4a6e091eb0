package correlate

import (
	"cmp"
	"slices"
)

// origins hold, for each service that could explain a symptom, how well a fault
// in it explains all alerts and all silence. All likelihoods are relative to
// chance and share one scale.
type origins struct {
	list []origin
	// byName finds the place in list.
	byName map[string]int
	// blind is the explanation by a fault whose spread the graph does not show,
	// the same for every service.
	blind []onsetWeight
	// unlinked is the explanation by a service which the graph knows and links
	// to no symptom, wide that by a fault everywhere in the environment.
	unlinked, wide explanation
	// none is the explanation by no recorded change: a fault in any service, or
	// one that strikes from outside.
	none  float64
	nodes float64
	frame *frame
}

// origin is one service with its explanation of the incident; seen is the
// explanation as far as the graph shows it.
type origin struct {
	explanation
	node  int32
	links []link
	seen  []onsetWeight
	// quiet is the likelihood of the silence around it; see frame.quiet.
	quiet []float64
	// via is the service that the origin calls and would have broken, where
	// that explains more than a fault in itself; -1 otherwise.
	via int32
	// busy is how much less one change of the service is suspect because it
	// changes often, in log odds.
	busy float64
}

// explanation is how well a fault explains the incident, the chance that the
// graph is blind included: in sum, and by the symptoms that may have been first,
// as far as they count.
type explanation struct {
	total  float64
	onsets []onsetWeight
}

// onsetWeight is the likelihood that a fault showed first as the symptom and
// explains all others from there, summed over how far it spread and how noisy
// the alerting is.
type onsetWeight struct {
	symptom int
	weight  float64
}

// explain finds the origins and weighs them.
func (e *Engine) explain(s *scene) origins {
	o := origins{nodes: max(float64(s.in.Graph.Len()), 1), byName: map[string]int{}}
	if len(s.symptoms) == 0 {
		return o
	}
	sp := e.scratch.Get().(*spreader) //nolint:errcheck // The pool holds nothing else.
	defer e.scratch.Put(sp)
	sp.reset(s.in.Graph, &e.weights)
	budget := max(e.weights.Limits.Visits/len(s.symptoms), 150)
	for i := range s.symptoms {
		sp.walk(int32(i), &s.symptoms[i], budget)
	}
	e.approachRecent(s, sp)
	f := e.newFrame(s, sp)
	o.blind = f.blind()
	o.wide = f.explained(f.wide(), o.blind)
	unlinked := f.weigh(nil, f.quiet(nil, -1, nil))
	o.unlinked = f.explained(unlinked, o.blind)
	sum := sumOnsets(unlinked) * max(o.nodes-float64(len(sp.found)), 0)
	var buf []link
	for _, r := range e.strongest(sp, f) {
		buf = sp.links(&r, buf)
		one := origin{node: r.node, links: slices.Clone(buf), via: -1}
		one.quiet = f.quiet(sp, r.node, one.links)
		one.seen = f.weigh(one.links, one.quiet)
		o.byName[s.in.Graph.names[r.node]] = len(o.list)
		o.list = append(o.list, one)
	}
	f.overload(&o)
	for i := range o.list {
		o.list[i].explanation = f.explained(o.list[i].seen, o.blind)
		sum += sumOnsets(o.list[i].seen)
	}
	blind := e.blindShare(e.weights.Topology.BlindNoChange)
	o.frame = f
	o.none = (1-blind)*sum/o.nodes + blind*sumOnsets(o.blind)
	return o
}

// blindShare is the given share, or all where topology is left out.
func (e *Engine) blindShare(share float64) float64 {
	if e.off[EvidenceTopology] {
		return 1
	}
	return share
}

// approachVisits bounds the callers looked at for one recently changed service.
const approachVisits = 400

// approachRecent looks from the newest changes towards the symptoms.
func (e *Engine) approachRecent(s *scene, sp *spreader) {
	x := s.in.Changes
	if x.Len() == 0 || s.in.Graph.Len() == 0 {
		return
	}
	marked := map[int32][]claim{}
	for i := range s.symptoms {
		for _, p := range s.symptoms[i].places {
			marked[p.node] = append(marked[p.node], claim{int32(i), p.strength})
		}
	}
	left := e.weights.Limits.Approach
	done := map[int32]bool{}
	x.time.latest(x, s.symptoms[len(s.symptoms)-1].start, func(ref uint32) bool {
		for _, name := range x.servicesOf(ref) {
			if node, ok := s.in.Graph.id(name); ok && !done[node] {
				done[node] = true
				sp.approach(node, marked, approachVisits)
			}
		}
		left--
		return left > 0
	})
}

// strongest returns the reached nodes that link best and changed last, by name;
// a large graph reaches more than can be weighed exactly.
func (e *Engine) strongest(sp *spreader, f *frame) []reached {
	names := sp.graph.namesOf()
	list := slices.Clone(sp.found)
	if limit := e.weights.Limits.Origins; len(list) > limit {
		gain := make([]float64, len(f.s.symptoms))
		for j := range gain {
			gain[j] = 0.4 * f.s.symptoms[j].loud / f.s.symptoms[j].noise
		}
		for i := range list {
			list[i].quick = e.recency(f.s, names[list[i].node])
			for at := list[i].last; at >= 0; at = sp.chain[at].next {
				list[i].quick *= 1 + float64(sp.chain[at].strength)*gain[sp.chain[at].symptom]
			}
		}
		list = topOf(list, limit, func(a, b *reached) bool {
			if a.quick != b.quick {
				return a.quick > b.quick
			}
			return names[a.node] < names[b.node]
		})
	}
	slices.SortFunc(list, func(a, b reached) int { return cmp.Compare(names[a.node], names[b.node]) })
	return list
}

// recency is the density of the delay from the service's newest change to the
// first symptom, as a factor; a service that never changed is still one that
// "no change" may mean.
func (e *Engine) recency(s *scene, service string) float64 {
	const never = 1e-9
	if e.off[EvidenceTiming] {
		return 1
	}
	last := s.symptoms[len(s.symptoms)-1].start
	refs := s.in.Changes.of(service, last)
	if len(refs) == 0 {
		return never
	}
	age := float64(s.symptoms[0].start-refs[len(refs)-1].start) / 1000
	return max(e.delays.usual.at(max(age, 0), s.skew), never)
}

func (g *Graph) namesOf() []string {
	if g == nil {
		return nil
	}
	return g.names
}

func sumOnsets(list []onsetWeight) float64 {
	sum := 0.0
	for _, o := range list {
		sum += o.weight
	}
	return sum
}
