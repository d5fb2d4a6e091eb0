package correlate

import "slices"

// maxRelays is how many of the best origins are looked at as silent services
// over which the fault of one that they call came to the alerting ones.
const maxRelays = 32

// relay adds the explanations by which a fault came to the alerting services over
// one silent caller of the origin. Links alone let every alert pay for each call on
// its way, as if the calls failed one by one for each of them; but services that
// share the way share its luck: once the silent service in between has the fault,
// it spreads as if it had begun there.
func (f *frame) relay(o *origins) {
	g, sp := f.s.in.Graph, &f.work.spreader
	most := f.e.weights.Topology.Relay * f.meanReach()
	for _, r := range f.relays(o) {
		between := &o.list[r.at]
		row := g.mainCallees(between.node)
		for _, a := range row {
			at := o.at(a.to)
			if at < 0 || o.list[at].quiet == nil {
				continue
			}
			f.passOver(&o.list[at], between, most*sp.over(a, g.fanIn(a)))
		}
	}
}

// passOver adds to what the origin explains what the service in between does, by the
// probability that the fault came over and that all else around the origin stayed
// quiet.
func (f *frame) passOver(to, between *origin, over float64) {
	if &to.seen[0] == &to.own[0] {
		to.seen = f.work.weights.take(len(f.firsts))
		copy(to.seen, to.own)
	}
	over *= f.meanQuiet(to.quiet)
	for i, w := range between.own {
		to.seen[i] += over * w
	}
}

// relays lists the best silent origins.
func (f *frame) relays(o *origins) []ranked {
	var order []ranked
	for i := range o.list {
		one := &o.list[i]
		if one.quiet == nil || one.node < 0 || slices.ContainsFunc(one.links, func(l link) bool { return l.route == routeSelf }) {
			continue
		}
		order = append(order, ranked{sumOf(one.own), int32(i)})
	}
	slices.SortFunc(order, compareRanked)
	return order[:min(len(order), maxRelays)]
}

// meanReach is the share of callers to which a fault passes, on average.
func (f *frame) meanReach() float64 {
	sum := 0.0
	for _, part := range f.e.weights.Topology.Spread {
		sum += part.Prior * part.Reach
	}
	return sum
}

// meanQuiet is the likelihood of the silence, averaged over reaches.
func (f *frame) meanQuiet(quiet []float64) float64 {
	sum := 0.0
	for k, part := range f.e.weights.Topology.Spread {
		sum += part.Prior * quiet[k]
	}
	return sum
}
