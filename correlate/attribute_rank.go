package correlate

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// ranking is the compared field: the shortlist in order, and "no change".
type ranking struct {
	shortlist []*candidate
	noChange  float64
}

// rank weighs all candidates against "no recorded change". Only the shortlist
// is looked at closely and put in order.
func (e *Engine) rank(s *scene) ranking {
	if len(s.symptoms) == 0 {
		return ranking{noChange: 1}
	}
	g := e.candidates(s)
	better := func(a, b *candidate) bool {
		if x, y := step(a.score), step(b.score); x != y {
			return x > y
		}
		return s.in.Changes.compare(a.ref, b.ref) > 0
	}
	best := topOf(g.list, e.weights.Limits.Shortlist, better)
	r := ranking{shortlist: make([]*candidate, len(best))}
	for i := range best {
		r.shortlist[i] = &best[i]
	}
	s.room = g.list
	e.examine(s, r.shortlist)
	topOf(r.shortlist, len(r.shortlist), func(a, b **candidate) bool { return better(*a, *b) })
	r.normalise(g.list, g.rest)
	r.calibrate(&e.weights.Calibration)
	return r
}

// normalise turns scores into probabilities beside "no change" at score 0 and
// the changes that were not looked at, with weight rest.
func (r *ranking) normalise(list []candidate, rest float64) {
	top := 0.0
	for i := range list {
		top = max(top, list[i].score)
	}
	sum := (1 + rest) * math.Exp(-top)
	for i := range list {
		sum += math.Exp(list[i].score - top)
	}
	for _, c := range r.shortlist {
		c.share = math.Exp(c.score-top) / sum
	}
	r.noChange = math.Exp(-top) / sum
}

// topOf moves the best n to the front, in order, and returns them.
func topOf[T any](list []T, n int, better func(a, b *T) bool) []T {
	n = min(n, len(list))
	slices.SortFunc(list[:n], func(a, b T) int { return order(&a, &b, better) })
	for i := n; n > 0 && i < len(list); i++ {
		if !better(&list[i], &list[n-1]) {
			continue
		}
		c := list[i]
		list[i] = list[n-1]
		at := sort.Search(n-1, func(j int) bool { return better(&c, &list[j]) })
		copy(list[at+1:n], list[at:n-1])
		list[at] = c
	}
	return list[:n]
}

func order[T any](a, b *T, better func(a, b *T) bool) int {
	switch {
	case better(a, b):
		return -1
	case better(b, a):
		return 1
	default:
		return 0
	}
}

// unite weighs changes of several services once: mostly as a fault in one of
// them, sometimes as a fault in all.
func (g *gatherer) unite() {
	x := g.s.in.Changes
	parts := g.parts
	refs := make([]uint32, 0, len(parts))
	for ref := range parts {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, x.compare)
	for _, ref := range refs {
		why := g.united(parts[ref], len(x.multi[ref]))
		g.add(x.at(ref).dated(ref), parts[ref][0], &why, 0)
	}
}

// maxUnited bounds how many services of one change are looked at together.
const maxUnited = 16

// united is the explanation by a change of that many services, of which some
// are linked to symptoms.
func (g *gatherer) united(linked []int, services int) explanation {
	f, list := g.s.origins.frame, g.s.origins.list
	slices.Sort(linked)
	linked = slices.Compact(linked)
	linked = linked[:min(len(linked), maxUnited)]
	var links []link
	rarest := 0.0
	quiet := slices.Repeat([]float64{1}, len(g.e.weights.Topology.Spread))
	single := slices.Clone(list[linked[0]].seen)
	for i := range single {
		single[i].weight = 0
	}
	for _, at := range linked {
		o := &list[at]
		links = append(links, o.links...)
		rarest = max(rarest, math.Exp(o.busy))
		for k := range quiet {
			if o.quiet != nil {
				quiet[k] *= o.quiet[k]
			}
		}
		rare := math.Exp(o.busy)
		for i, w := range o.seen {
			single[i].weight += w.weight * rare / float64(services)
		}
	}
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.symptom, b.symptom), cmp.Compare(b.strength, a.strength), cmp.Compare(a.route, b.route))
	})
	links = slices.CompactFunc(links, func(a, b link) bool { return a.symptom == b.symptom })
	all := g.e.weights.Topology.AllServices
	for i, w := range f.weigh(links, quiet) {
		single[i].weight = (1-all)*single[i].weight + all*rarest*w.weight
	}
	return f.explained(single, g.s.origins.blind)
}

// examine fetches the shortlist's whole changes and adds the terms that need
// them.
func (e *Engine) examine(s *scene, list []*candidate) {
	e.fetch(s, list)
	regions, text := e.viewRegions(s, list), e.readWords(s, list)
	for _, c := range list {
		add := func(t term, ok bool) {
			if ok && !e.off[t.kind] {
				c.detail.extra = append(c.detail.extra, t)
			}
		}
		add(e.rolloutTerm(s, c))
		add(e.regionTerm(s, &regions, c))
		add(e.environmentTerm(s, c))
		add(e.versionTerm(s, c))
		add(e.textTerm(&text, c))
		add(e.affinityTerm(&text, c))
		add(e.metricsTerm(s, c))
		add(e.undoTerm(s, c))
		add(e.historyTerm(s, c))
		c.score = c.prior + c.timing + c.topology
		for _, t := range c.detail.extra {
			c.score += t.logOdds
		}
	}
}

// fetch fills in the whole changes, as they stood at the moment.
func (e *Engine) fetch(s *scene, list []*candidate) {
	x := s.in.Changes
	var lacking []Key
	for _, c := range list {
		if x.bodies[c.ref] == nil {
			lacking = append(lacking, x.keyOf(c.ref))
		}
	}
	fetched := map[Key]*Change{}
	if len(lacking) > 0 && s.in.Lookup != nil {
		found := s.in.Lookup(lacking)
		for i := range found {
			fetched[found[i].Key()] = &found[i]
		}
	}
	for _, c := range list {
		c.detail = &detail{}
		switch body, other := x.bodies[c.ref], fetched[x.keyOf(c.ref)]; {
		case body != nil:
			c.detail.change = *body
		case other != nil:
			c.detail.change = *other
		default:
			c.detail.change = x.outline(c.ref)
		}
		c.detail.change = visibleChange(c.detail.change, s.in.AsOf, false)
	}
}

// step cuts a score to a billionth, so that sums in another order still tie.
func step(score float64) float64 { return math.Round(score * 1e9) }
