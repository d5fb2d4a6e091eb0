package simulate

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// Name implements eval.Ranker.
func (ob *observer) Name() string { return "ideal" }

// Drawings per reach: few for all services, many for the likely ones.
const (
	firstDrawings = 24
	moreDrawings  = 300
	likely        = 18.0 // nats behind the best
	mostLikely    = 30
)

// Rank implements eval.Ranker: a suspect's probability is that it is among the
// guilty changes.
func (ob *observer) Rank(v eval.View) eval.Answer {
	s := ob.look(&v)
	s.hint()
	p := posterior{sight: s, likely: s.explainAll(), weights: map[correlate.Key]float64{}, shared: math.Inf(-1)}
	p.undo()
	p.changes()
	p.pairs()
	p.neighbours()
	p.noChange()
	return p.answer()
}

// explainAll is how well a fault in each service explains the alerts.
func (s *sight) explainAll() map[int]plausible {
	type rough struct {
		service int
		best    float64
	}
	out := map[int]plausible{}
	var list []rough
	for _, svc := range s.around() {
		p := s.explain(svc, firstDrawings)
		if best := p.best(); !math.IsInf(best, -1) {
			out[svc] = p
			list = append(list, rough{svc, best})
		}
	}
	slices.SortFunc(list, func(a, b rough) int { return cmp.Or(cmp.Compare(b.best, a.best), cmp.Compare(a.service, b.service)) })
	for i, r := range list {
		if i >= mostLikely || r.best < list[0].best-likely {
			break
		}
		out[r.service] = s.explain(r.service, moreDrawings)
	}
	return out
}

// around are the services from which a fault may reach a clue.
func (s *sight) around() []int {
	seen := map[int]bool{}
	var all, level []int
	enter := func(list *[]int, svc int) {
		if !seen[svc] {
			seen[svc] = true
			all = append(all, svc)
			*list = append(*list, svc)
		}
	}
	for i := range s.clues {
		enter(&level, s.clues[i].service)
		for _, c := range s.w.callers[s.clues[i].service] {
			if len(s.w.callers[s.clues[i].service]) < 60 {
				enter(&[]int{}, c.to)
			}
		}
	}
	for range hopDamping {
		var next []int
		for _, svc := range level {
			for _, c := range s.w.callees[svc] {
				enter(&next, c.to)
			}
		}
		level = next
		if len(all) > 4000 {
			break
		}
	}
	return all
}

// posterior collects the log weights of the hypotheses.
type posterior struct {
	*sight
	likely  map[int]plausible
	weights map[correlate.Key]float64
	none    float64
	shared  float64
	// sums[onset] is the log weight of all guilty-change hypotheses.
	undone map[correlate.Key]bool
	texts  []string
}

func shareIn[T comparable](list []share[T], v T) float64 {
	total, own := 0.0, 0.0
	for _, s := range list {
		total += s.weight
		if s.value == v {
			own = s.weight
		}
	}
	return own / total
}

// undo notes which changes responders took back.
func (p *posterior) undo() {
	p.undone = map[correlate.Key]bool{}
	for i := range p.view.Changes {
		if c := &p.view.Changes[i]; c.RollbackOf != "" {
			p.undone[correlate.Key{Source: c.Source, ID: c.RollbackOf}] = true
		}
	}
	for i := range p.view.Alerts {
		if _, about, ok := strings.Cut(p.view.Alerts[i].Summary, ": "); ok && p.view.Alerts[i].Severity.Rank() >= correlate.SeverityHigh.Rank() {
			p.texts = append(p.texts, about)
		} else if p.view.Alerts[i].Severity.Rank() >= correlate.SeverityHigh.Rank() {
			p.texts = append(p.texts, "")
		}
	}
}

// origins are the services that the change may have been made to: of those that it
// names, the one that calls the others.
func (p *posterior) origins(c *correlate.Change) []int {
	var out []int
	for _, name := range c.Services {
		svc, ok := p.byName[name]
		if !ok {
			continue
		}
		fits := true
		for _, other := range c.Services {
			fits = fits && (other == name || slices.ContainsFunc(p.w.callees[svc], func(e call) bool { return e.to == p.byName[other] }))
		}
		if fits {
			out = append(out, svc)
		}
	}
	return out
}

// rate is the routine changes per second at the moment of the change.
func (p *posterior) rate(c *correlate.Change) float64 {
	return float64(p.w.options.ChangesPerDay) / 86400 * pace(c.StartedAt)
}

// byDelay are the patterns with one guilty change: their share, its kinds and
// its delay. Two hundredths of each that the list lacks are counted as plain.
func (p *posterior) byDelay(c *correlate.Change, delay float64) float64 {
	routine := shareIn(routineKinds, c.Kind) * 0.95
	if routine == 0 {
		return 0
	}
	d, sum := p.delays, 0.0
	usual := shareIn(guiltyKinds, c.Kind)
	sum += 0.56 * usual * d["usual"].at(delay)
	if c.Kind == correlate.KindDeploy {
		sum += 0.035 * d["soon"].at(delay)
		if n := len(c.Rollout); n > 0 {
			for _, step := range c.Rollout {
				sum += 0.035 / 0.35 * d["soon"].at(delay-step.At.Sub(c.StartedAt).Seconds()) / float64(n)
			}
		}
	}
	switch c.Kind {
	case correlate.KindRollback, correlate.KindConfig, correlate.KindScaling:
		sum += 0.04 / 3 * d["at once"].at(delay)
	case correlate.KindPrompt, correlate.KindModel, correlate.KindGuardrail:
		sum += 0.03 / 3 * d["noticed"].at(delay)
	}
	if c.Kind == correlate.KindConfig {
		sum += 0.06 * d["commit"].at(delay)
	}
	return sum / routine
}

// beside is what the rest of the record says of the change: regions, texts,
// versions and undoing, in log odds.
func (p *posterior) beside(c *correlate.Change) float64 {
	log := p.regions(c) + p.text(c) + p.version(c)
	if p.undone[c.Key()] {
		log += math.Log(0.55 / 0.05)
	}
	return log
}

func (p *posterior) regions(c *correlate.Change) float64 {
	if len(c.Regions) == 0 && !slices.ContainsFunc(c.Rollout, func(r correlate.RolloutStep) bool { return r.Region != "" }) {
		return 0
	}
	log := 0.0
	for i := range p.clues {
		a := p.clues[i].alert
		if a.Region == "" || a.Severity.Rank() < correlate.SeverityHigh.Rank() {
			continue
		}
		m := madeChange{Change: *c}
		reached := reachedRegions(&m, a.StartedAt)
		share := 0.0
		if slices.Contains(reached, a.Region) {
			share = 1 / float64(len(reached))
		}
		log += math.Log((0.97*share + 0.03*0.2) / 0.2)
	}
	return log
}

// text compares what alerts quote with the part that the change touched.
func (p *posterior) text(c *correlate.Change) float64 {
	said := c.Title
	for i := range c.Commits {
		said += " " + c.Commits[i].Message
	}
	said = strings.ReplaceAll(said, "-", " ")
	part := ""
	for _, known := range parts {
		if strings.Contains(said, known) {
			part = known
		}
	}
	if part == "" {
		return 0
	}
	log := 0.0
	for _, about := range p.texts {
		switch {
		case strings.HasSuffix(about, part):
			log += math.Log((0.5 + 0.1/30) / (0.2 / 30))
		default:
			log += math.Log(0.5)
		}
	}
	return math.Log(0.7 + 0.3*math.Exp(log))
}

func (p *posterior) version(c *correlate.Change) float64 {
	log := 0.0
	m := madeChange{Change: *c}
	for _, svc := range p.origins(c) {
		at, ok := p.clueOf[svc]
		if !ok {
			continue
		}
		a := p.clues[at].alert
		switch {
		case c.Version != "" && a.Version == c.Version: // Chance versions never match; in reality half do.
			log += math.Log(0.9 / 0.5)
		}
		if names := reachedInstances(&m, a.StartedAt); len(names) > 0 {
			all := float64(len(p.w.instances(svc)))
			share := 0.15 * 0.5 / all
			if slices.Contains(names, a.Instance) {
				share += 0.5 / float64(len(names))
			}
			if a.Instance == "" {
				log += math.Log(0.5)
			} else {
				log += math.Log(share / (0.15 / all))
			}
		}
	}
	return log
}

// eligible reports whether the change may be guilty at all.
func (p *posterior) eligible(c *correlate.Change) bool {
	if c.Environment != correlate.DefaultEnvironment {
		return false
	}
	switch c.Kind {
	case correlate.KindPrompt, correlate.KindModel, correlate.KindGuardrail:
		return p.safety
	default:
		return !p.safety
	}
}

// starting is the likelihood of a fault in the change's service by onset; the
// change may also break what its service calls.
func (p *posterior) starting(c *correlate.Change) [mostOnsets]float64 {
	var out [mostOnsets]float64
	for j := range out {
		out[j] = math.Inf(-1)
	}
	all := p.origins(c)
	for _, svc := range all {
		few := -math.Log(float64(len(all)))
		if x, ok := p.likely[svc]; ok {
			for j := range p.onsets {
				out[j] = logAdd(out[j], x[firstPlain][j]+few)
			}
		}
		for _, callee := range p.w.callees[svc] {
			x, ok := p.likely[callee.to]
			for j := range p.onsets {
				if ok {
					out[j] = logAdd(out[j], x[firstVictim][j]+few+math.Log(0.06/float64(len(p.w.callees[svc]))))
				}
			}
		}
	}
	return out
}

// changes weighs the hypotheses of one guilty change.
func (p *posterior) changes() {
	hub := map[int]bool{}
	for _, h := range p.w.hubs {
		hub[h] = true
	}
	for i := range p.view.Changes {
		c := &p.view.Changes[i]
		if !p.eligible(c) {
			continue
		}
		fault, sum := p.starting(c), math.Inf(-1)
		boost := 0.0
		for _, svc := range p.origins(c) {
			if hub[svc] {
				boost = max(boost, 0.05/0.9/float64(len(p.w.hubs))/p.w.shareOf(svc))
			}
		}
		for j, o := range p.onsets {
			delay := o.start - c.StartedAt.Sub(p.view.At).Seconds()
			if like := p.byDelay(c, delay); like > 0 && !math.IsInf(fault[j], -1) {
				sum = logAdd(sum, fault[j]+math.Log(like*(1+boost)))
			}
		}
		if !math.IsInf(sum, -1) {
			p.raise(c.Key(), sum+math.Log(p.w.byChange()/p.rate(c))+p.beside(c))
		}
	}
}

func (w *world) byChange() float64 { return 1 - w.options.NoChangeShare }

func (p *posterior) raise(k correlate.Key, log float64) {
	old, ok := p.weights[k]
	if !ok {
		old = math.Inf(-1)
	}
	p.weights[k] = logAdd(old, log)
}

// answer normalises the hypotheses. A pair is one hypothesis that makes two
// changes guilty.
func (p *posterior) answer() eval.Answer {
	total := p.none
	for _, log := range p.weights {
		total = logAdd(total, log)
	}
	if p.shared < total { // Counted with either change.
		total += math.Log1p(-math.Exp(p.shared - total))
	}
	a := eval.Answer{NoChange: math.Exp(p.none - total)}
	for key, log := range p.weights {
		a.Suspects = append(a.Suspects, eval.Suspect{Change: key, Score: log, Probability: min(math.Exp(log-total), 1)})
	}
	slices.SortFunc(a.Suspects, func(a, b eval.Suspect) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Change.Source, b.Change.Source), cmp.Compare(a.Change.ID, b.Change.ID))
	})
	return a
}
