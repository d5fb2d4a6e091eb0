package correlate

import (
	"cmp"
	"math"
	"slices"
)

// candidate is one change under suspicion with its terms in log odds against
// "no recorded change did it".
type candidate struct {
	ref      uint32
	change   Change
	node     int32
	onset    int
	prior    float64
	timing   float64
	topology float64
	extra    []Evidence
	score    float64
	share    float64
}

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
	list := e.candidates(s)
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(b.score, a.score), s.in.Changes.compare(b.ref, a.ref))
	})
	short := min(len(list), e.weights.Limits.Shortlist)
	e.examine(s, list[:short])
	slices.SortStableFunc(list[:short], func(a, b candidate) int { return cmp.Compare(b.score, a.score) })
	return normalise(list)
}

// normalise turns scores into probabilities beside "no change" at score 0.
func normalise(list []candidate) ranking {
	top := 0.0
	for i := range list {
		top = max(top, list[i].score)
	}
	sum := math.Exp(-top)
	for i := range list {
		sum += math.Exp(list[i].score - top)
	}
	for i := range list {
		list[i].share = math.Exp(list[i].score-top) / sum
	}
	return ranking{candidates: list, noChange: math.Exp(-top) / sum}
}

// candidates collects the changes of every service that could explain a
// symptom, the environment-wide ones and the most recent of all.
func (e *Engine) candidates(s *scene) []candidate {
	x := s.in.Changes
	if x.Len() == 0 {
		return nil
	}
	limit := s.asOf
	seen := map[uint32]int{}
	var list []candidate
	consider := func(ref uint32, o *origin) {
		c := e.weigh1(s, ref, o)
		if at, ok := seen[ref]; ok {
			if list[at].score < c.score {
				list[at] = c
			}
			return
		}
		seen[ref] = len(list)
		list = append(list, c)
	}
	for i := range s.origins.list {
		o := &s.origins.list[i]
		refs := x.of(s.in.Graph.names[o.node], limit)
		for _, ref := range refs[max(0, len(refs)-e.weights.Limits.PerService):] {
			consider(ref, o)
		}
	}
	for i := range s.symptoms {
		if !s.in.Graph.Has(s.symptoms[i].service) {
			o := e.ownOrigin(s, i)
			for _, ref := range x.of(s.symptoms[i].service, limit) {
				consider(ref, &o)
			}
		}
	}
	rest := e.weights.Limits.Recent
	x.time.latest(x, limit, func(ref uint32) bool {
		if _, ok := seen[ref]; !ok {
			consider(ref, nil)
			rest--
		}
		return rest > 0
	})
	return list
}

// ownOrigin explains a symptom whose service the graph does not know.
func (e *Engine) ownOrigin(s *scene, i int) origin {
	links := []link{{i, 1, 0, routeSelf}}
	o := origin{node: -1, links: links, weight: e.weigh(s, nil, -1, links)}
	for _, v := range o.weight {
		o.total += v
	}
	return o
}

// weigh1 scores one change by prior, timing and topology. A nil origin is a
// service that the graph does not link to any symptom.
func (e *Engine) weigh1(s *scene, ref uint32, o *origin) candidate {
	entry := &s.in.Changes.entries[ref]
	c := candidate{ref: ref, node: -1}
	weight := s.origins.unlinked
	if o != nil {
		c.node, weight = o.node, o.weight
	}
	blind := e.weights.Topology.Blind
	if e.off[EvidenceTopology] {
		blind = 1
	}
	sum, plain, background, best := 0.0, 0.0, 0.0, 0.0
	for i := range s.symptoms {
		explained := (1-blind)*weight[i] + blind*s.origins.blind[i]
		plain += explained
		background += s.origins.blind[i]
		d := 1.0
		if !e.off[EvidenceTiming] {
			d = e.delayDensity(entry, s.symptoms[i].start, s.skew)
		}
		sum += d * explained
		if d*explained > best {
			best, c.onset = d*explained, i
		}
	}
	c.prior = e.prior(s, entry.kind)
	if e.off[EvidenceTiming] {
		c.timing = 0
	} else {
		c.timing = math.Log(sum / plain / s.rate)
	}
	mean := (1-blind)*s.origins.mean + blind*background
	c.topology = math.Log(plain / mean)
	c.score = c.prior + c.timing + c.topology
	return c
}

// prior is the log odds of a change of the kind against no change.
func (e *Engine) prior(s *scene, kind uint8) float64 {
	total, shares := 0.0, 0.0
	for code := range s.kinds {
		total += s.kinds[code]
		shares += e.weights.kindShare(code)
	}
	p := e.weights.kindShare(int(kind)) / shares / (max(s.kinds[kind], 1e-9) / total)
	if e.off[EvidencePrior] {
		p = 1
	}
	return math.Log(p / e.weights.NoChangeOdds)
}

func (w *Weights) kindShare(code int) float64 {
	if code >= len(changeKinds) {
		return w.KindShare[KindOther]
	}
	return w.KindShare[changeKinds[code]]
}

// examine fetches the shortlist's full changes and adds the terms that need
// them.
func (e *Engine) examine(s *scene, list []candidate) {
	var lacking []Key
	for i := range list {
		c, ok := s.in.Changes.Change(s.in.Changes.keyOf(list[i].ref))
		if !ok {
			lacking = append(lacking, s.in.Changes.keyOf(list[i].ref))
		}
		list[i].change = c
	}
	fetched := map[Key]Change{}
	if len(lacking) > 0 && s.in.Lookup != nil {
		for _, c := range s.in.Lookup(lacking) {
			fetched[c.Key()] = c
		}
	}
	for i := range list {
		key := s.in.Changes.keyOf(list[i].ref)
		if c, ok := fetched[key]; ok {
			list[i].change = c
		}
		if list[i].change.ID == "" {
			list[i].change = s.in.Changes.skeleton(list[i].ref)
		}
		list[i].change = visibleChange(list[i].change, s.in.AsOf)
	}
}
