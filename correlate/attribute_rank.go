package correlate

import "math"

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
	e.examine(s, r.shortlist)
	inOrder := func() {
		topOf(r.shortlist, len(r.shortlist), func(a, b **candidate) bool { return better(*a, *b) })
	}
	inOrder()
	if e.couple(s, r.shortlist) {
		inOrder()
	}
	r.normalise(g.list, g.othersOdds(), g.rest)
	if !e.off[EvidenceTiming] { // It was learnt where times are known.
		r.calibrate(&e.weights.Calibration)
	}
	return r
}

// normalise turns scores into probabilities beside "no change" at score 0, changes
// whose odds together have the logarithm others, and those that were not looked
// at, with weight rest.
func (r *ranking) normalise(list []candidate, others, rest float64) {
	top := 0.0
	for i := range list {
		top = max(top, list[i].score)
	}
	sum := (1+rest)*math.Exp(-top) + math.Exp(others-top)
	for i := range list {
		sum += math.Exp(list[i].score - top)
	}
	for _, c := range r.shortlist {
		c.share = math.Exp(c.score-top) / sum
	}
	r.noChange = math.Exp(-top) / sum
}

// topOf moves the best n to the front, in order, and returns them. Of those found
// so far the worst stands first, in a heap: most of the others are worse still,
// which one comparison tells. Nothing is copied to be compared.
func topOf[T any](list []T, n int, better func(a, b *T) bool) []T {
	n = min(n, len(list))
	for at := n/2 - 1; at >= 0; at-- {
		sink(list[:n], at, better)
	}
	for i := n; n > 0 && i < len(list); i++ {
		if better(&list[i], &list[0]) {
			list[0], list[i] = list[i], list[0]
			sink(list[:n], 0, better)
		}
	}
	for end := n - 1; end > 0; end-- {
		list[0], list[end] = list[end], list[0]
		sink(list[:end], 0, better)
	}
	return list[:n]
}

// sink moves what stands at the place down a heap to where nothing below it is
// worse.
func sink[T any](heap []T, at int, better func(a, b *T) bool) {
	for {
		worst := 2*at + 1
		if worst >= len(heap) {
			return
		}
		if other := worst + 1; other < len(heap) && better(&heap[worst], &heap[other]) {
			worst = other
		}
		if !better(&heap[at], &heap[worst]) {
			return
		}
		heap[at], heap[worst] = heap[worst], heap[at]
		at = worst
	}
}

// examine fetches the shortlist's whole changes and adds the terms that need
// them.
func (e *Engine) examine(s *scene, list []*candidate) {
	e.fetch(s, list)
	regions, text := e.viewRegions(s, list), e.readWords(s, list)
	e.discount(s, list)
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
		if s.in.Lookup != nil && x.bodies[c.ref] == nil {
			lacking = append(lacking, x.keyOf(c.ref))
		}
	}
	fetched := map[Key]*Change{}
	if len(lacking) > 0 {
		found := s.in.Lookup(lacking)
		for i := range found {
			fetched[found[i].Key()] = &found[i]
		}
	}
	s.work.details = sized(s.work.details, len(list))
	for i, c := range list {
		c.detail = &s.work.details[i]
		*c.detail = detail{extra: c.detail.extra[:0]}
		whole := x.bodies[c.ref]
		if whole == nil && len(fetched) > 0 {
			whole = fetched[x.keyOf(c.ref)]
		}
		if whole == nil {
			outline := x.outline(c.ref)
			whole = &outline
		}
		c.detail.change = visibleChange(*whole, s.in.AsOf, false)
	}
}

// step cuts a score to a billionth, so that sums in another order still tie.
func step(score float64) float64 { return math.Round(score * 1e9) }
