package correlate

import (
	"cmp"
	"math"
	"slices"
)

// ranking is the compared field.
type ranking struct {
	candidates []candidate
	noChange   float64
}

// rank weighs all candidates against "no recorded change".
func (e *Engine) rank(s *scene) ranking {
	if len(s.symptoms) == 0 {
		return ranking{noChange: 1}
	}
	g := e.candidates(s)
	byScore := func(a, b candidate) int {
		return cmp.Or(cmp.Compare(round(b.score, 9), round(a.score, 9)), s.in.Changes.compare(b.ref, a.ref))
	}
	slices.SortFunc(g.list, byScore)
	short := g.list[:min(len(g.list), e.weights.Limits.Shortlist)]
	e.examine(s, short)
	slices.SortFunc(short, byScore)
	return normalise(g.list, g.rest)
}

// normalise turns scores into probabilities beside "no change" at score 0 and
// the changes that were not looked at, with weight rest.
func normalise(list []candidate, rest float64) ranking {
	top := 0.0
	for i := range list {
		top = max(top, list[i].score)
	}
	sum := (1 + rest) * math.Exp(-top)
	for i := range list {
		sum += math.Exp(list[i].score - top)
	}
	for i := range list {
		list[i].share = math.Exp(list[i].score-top) / sum
	}
	return ranking{candidates: list, noChange: math.Exp(-top) / sum}
}

// unite weighs changes of several services once: half as a fault in one of
// them, half as a fault in all.
func (g *gatherer) unite() {
	x := g.s.in.Changes
	parts := map[uint32][]int{}
	kept := g.list[:0]
	for _, c := range g.list {
		if x.entries[c.ref].service != serviceMulti || c.origin < 0 {
			kept = append(kept, c)
			continue
		}
		parts[c.ref] = append(parts[c.ref], c.origin)
	}
	g.list = kept
	refs := make([]uint32, 0, len(parts))
	for ref := range parts {
		refs = append(refs, ref)
	}
	slices.SortFunc(refs, x.compare)
	for _, ref := range refs {
		g.add(ref, parts[ref][0], g.united(parts[ref], len(x.multi[ref])), 0)
	}
}

// maxUnited bounds how many services of one change are looked at together.
const maxUnited = 16

// united is the explanation by a change of that many services, of which some
// are linked to symptoms.
func (g *gatherer) united(linked []int, services int) []onsetWeight {
	f, list := g.s.origins.frame, g.s.origins.list
	slices.Sort(linked)
	linked = slices.Compact(linked)
	linked = linked[:min(len(linked), maxUnited)]
	var links []link
	quiet := f.quiet(nil, -1, nil)
	for k := range quiet {
		quiet[k] = 1
	}
	single := make([]onsetWeight, 0, f.firsts)
	for _, at := range linked {
		links = append(links, list[at].links...)
		for i, w := range list[at].onsets {
			if i == len(single) {
				single = append(single, onsetWeight{symptom: w.symptom})
			}
			single[i].weight += w.weight / float64(services)
		}
	}
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.symptom, b.symptom), cmp.Compare(b.strength, a.strength), cmp.Compare(a.route, b.route))
	})
	links = slices.CompactFunc(links, func(a, b link) bool { return a.symptom == b.symptom })
	for i, w := range f.weigh(links, quiet) {
		single[i].weight = (single[i].weight + w.weight) / 2
	}
	return single
}

// examine fetches the shortlist's whole changes and adds the terms that need
// them.
func (e *Engine) examine(s *scene, list []candidate) {
	e.fetch(s, list)
	regions, text := e.viewRegions(s, list), e.readWords(s, list)
	for i := range list {
		c := &list[i]
		add := func(t term, ok bool) {
			if ok && !e.off[t.kind] {
				c.extra = append(c.extra, t)
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
		for _, t := range c.extra {
			c.score += t.logOdds
		}
	}
}

// fetch fills in the whole changes, as they stood at the moment.
func (e *Engine) fetch(s *scene, list []candidate) {
	x := s.in.Changes
	var lacking []Key
	for i := range list {
		if body := x.bodies[list[i].ref]; body != nil {
			list[i].change = *body
		} else {
			lacking = append(lacking, x.keyOf(list[i].ref))
		}
	}
	fetched := map[Key]Change{}
	if len(lacking) > 0 && s.in.Lookup != nil {
		for _, c := range s.in.Lookup(lacking) {
			fetched[c.Key()] = c
		}
	}
	for i := range list {
		c := &list[i]
		if c.change.StartedAt.IsZero() {
			body, ok := fetched[x.keyOf(c.ref)]
			if !ok {
				body = x.outline(c.ref)
			}
			c.change = body
		}
		c.change = visibleChange(c.change, s.in.AsOf, false)
	}
}
