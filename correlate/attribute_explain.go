package correlate

import (
	"cmp"
	"math"
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
	// the same for every service; unlinked that by a service which the graph
	// knows and links to no symptom. Totals are sums over the onsets.
	blind, unlinked           []onsetWeight
	blindTotal, unlinkedTotal float64
	// wide is that by a fault everywhere in the environment.
	wide []onsetWeight
	// none is the explanation by no recorded change: a fault in any service, or
	// one that strikes from outside.
	none  float64
	nodes float64
	frame *frame
}

// origin is one service with its explanation of the incident.
type origin struct {
	node   int32
	links  []link
	onsets []onsetWeight
	total  float64
}

// onsetWeight is the likelihood that a fault showed first as the symptom and
// explains all others from there, summed over how far it spread and how noisy
// the alerting is.
type onsetWeight struct {
	symptom int
	weight  float64
}

// maxOnsets bounds the choices of the first symptom; alerts that start within
// onsetGapMS of each other are one choice.
const (
	maxOnsets  = 12
	onsetGapMS = 10_000
)

// frame holds what all explanations share: for each first symptom i, reach k
// and noise n the log likelihood of all alerts when nothing is linked, and for
// each symptom j the inverse of its part in that.
type frame struct {
	e        *Engine
	s        *scene
	services float64
	firsts   int
	// group[i] is the first symptom that stands for onset i.
	group []int
	// fits[i][j] compares how well symptom j fits in time after a first symptom
	// i with how well an unrelated alert does.
	fits [][]float64
	// base[i][k][n] is exp(log likelihood - shift).
	base  [][][]float64
	unit  [][][][]float64
	shift float64
}

// explain finds the origins and weighs them.
func (e *Engine) explain(s *scene) origins {
	o := origins{nodes: max(float64(s.in.Graph.Len()), 1), byName: map[string]int{}}
	if len(s.symptoms) == 0 {
		return o
	}
	sp := e.scratch.Get().(*spreader)
	defer e.scratch.Put(sp)
	sp.reset(s.in.Graph, &e.weights)
	budget := max(e.weights.Limits.Visits/len(s.symptoms), 150)
	for i := range s.symptoms {
		sp.walk(int32(i), &s.symptoms[i], budget)
	}
	f := e.newFrame(s)
	o.blind = f.blind()
	o.wide = f.wide()
	o.unlinked = f.weigh(nil, f.quiet(nil, -1, nil))
	o.blindTotal, o.unlinkedTotal = sumOnsets(o.blind), sumOnsets(o.unlinked)
	sum := o.unlinkedTotal * max(o.nodes-float64(len(sp.found)), 0)
	var buf []link
	for _, r := range e.strongest(sp, f) {
		buf = sp.links(&r, buf)
		one := origin{node: r.node, links: slices.Clone(buf)}
		one.onsets = f.weigh(one.links, f.quiet(sp, r.node, one.links))
		one.total = sumOnsets(one.onsets)
		o.byName[s.in.Graph.names[r.node]] = len(o.list)
		o.list = append(o.list, one)
		sum += one.total
	}
	blind := e.blindShare(e.weights.Topology.BlindNoChange)
	o.frame = f
	o.none = (1-blind)*sum/o.nodes + blind*o.blindTotal
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
	for i := range sp.found {
		r := &sp.found[i]
		for at := r.last; at >= 0; at = sp.chain[at].next {
			y := &f.s.symptoms[sp.chain[at].symptom]
			r.quick += math.Log1p(float64(sp.chain[at].strength) * 0.4 * y.loud / y.noise)
		}
	}
	list := slices.Clone(sp.found)
	byName := func(a, b reached) int { return cmp.Compare(names[a.node], names[b.node]) }
	if limit := e.weights.Limits.Origins; len(list) > limit {
		slices.SortFunc(list, func(a, b reached) int {
			return cmp.Or(cmp.Compare(round(b.quick, 6), round(a.quick, 6)), byName(a, b))
		})
		list = list[:limit]
	}
	slices.SortFunc(list, byName)
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
