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
	f := e.newFrame(s)
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

// strongest returns the reached nodes that link best, by name; a large graph
// reaches more than can be weighed exactly.
func (e *Engine) strongest(sp *spreader, f *frame) []reached {
	names := sp.graph.namesOf()
	list := slices.Clone(sp.found)
	if limit := e.weights.Limits.Origins; len(list) > limit {
		gain := make([]float64, len(f.s.symptoms))
		for j := range gain {
			gain[j] = 0.4 * f.s.symptoms[j].loud / f.s.symptoms[j].noise
		}
		for i := range list {
			list[i].quick = 1
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
