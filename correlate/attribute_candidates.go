package correlate

import (
	"math"
	"slices"
)

// candidate is one change under suspicion with its terms in log odds against
// "no recorded change did it".
type candidate struct {
	prior, timing, topology float64
	score, share            float64
	// mapped is what calibration adds to the score's log odds.
	mapped float64
	// detail is filled in for the shortlist.
	detail *detail
	why    *explanation
	ref    uint32
	// origin is the place in origins.list, -1 when no symptom is linked.
	origin int32
	// onset is the symptom that the timing term mostly rests on.
	onset int32
}

// detail is what the terms that need the whole change know.
type detail struct {
	change Change
	// words are what it shares with the alerts' texts.
	words []string
	extra []term
}

// term is one more piece of evidence; say words it for the reader.
type term struct {
	kind    EvidenceKind
	logOdds float64
	say     func() (text string, refs []string)
}

// gatherer collects candidates. Whatever cannot come within reach of the best
// one is skipped unscored.
type gatherer struct {
	e    *Engine
	s    *scene
	list []candidate
	best float64
	// rest is the weight of the unlinked changes that were not looked at.
	rest float64
	// rough are the changes of services that explain something; a weight of 1
	// stands for the log odds scale, heaviest the greatest weight so far, others the
	// weight of all that did not become candidates.
	rough                   []rough
	scale, heaviest, others float64
	// floor is what is hopeless: far, or what is less than near and than least,
	// which is what the last of a whole shortlist weighs so far.
	floor, far, near, least float64
	// odds are the prior odds by kind, times the window that timing is measured
	// against.
	odds     [kindCodes]float64
	wideBusy float64
	// ceilings bound what timing and prior of any change add up to, most all of them.
	ceilings []ceiling
	most     float64
	// bare is the weight of an origin without links and without silence around it.
	bare []float64
	// last is the start of the last onset.
	last int64
}

// part is one of the services of a change of several, as a place in
// origins.list.
type part struct {
	dated
	origin int32
}

// A candidate may lie so far in log odds below the best before it is skipped: as
// far as hopeless, where a thousand such together weigh less than a hundredth; and
// as far as outshone, where a whole shortlist is ahead of it. It would then not be
// looked at closely, and what all such weigh together can be told from those that
// weigh a little more (gatherer.tail).
const (
	hopeless = 12
	outshone = 9
)

// candidates collects the changes of every service that could explain a
// symptom, the environment-wide ones and the most recent of all.
func (e *Engine) candidates(s *scene) *gatherer {
	g := &gatherer{e: e, s: s, best: -math.MaxFloat64, list: s.work.room[:0], rough: s.work.rough[:0]}
	x := s.in.Changes
	if x.Len() == 0 || s.origins.none == 0 {
		return g
	}
	order := g.order()
	front := topOf(order, firstLooks, func(a, b *ranked) bool { return compareRanked(*a, *b) < 0 })
	g.measure(front)
	g.lookThrough(front)
	g.lookThrough(g.promising(order))
	g.unknown()
	wide := until(x.wide, s.asOf)
	g.walk(wide, len(wide)-begunBy(wide, g.rateFrom()), -1, &s.origins.wide)
	g.recent()
	g.unite()
	g.settle(e.weights.Limits.Shortlist)
	s.work.room, s.work.rough = g.list, g.rough
	return g
}

// order lists the origins with how well they explain the incident.
func (g *gatherer) order() []ranked {
	order := g.s.work.order[:0]
	for i := range g.s.origins.list {
		order = append(order, ranked{g.s.origins.list[i].total, int32(i)})
	}
	g.s.work.order = order
	return order
}

// firstLooks is how many of the best origins are looked at before the others are
// even put in order: mostly that makes most of the others hopeless.
const firstLooks = 64

// promising are those after the first looks that are not hopeless already, in
// order.
func (g *gatherer) promising(order []ranked) []ranked {
	rest := order[min(firstLooks, len(order)):]
	if g.floor > 0 {
		rest = slices.DeleteFunc(rest, func(r ranked) bool { return g.tooWeak(r.by) || g.outOfReach(g.numberOf(r), r.by) })
	}
	g.s.work.sort(rest, len(order))
	return rest
}

// lookThrough walks the changes of the origins that are not hopeless. What is
// known of each, and its changes, lie somewhere else in memory: so a few are asked
// for at once.
func (g *gatherer) lookThrough(order []ranked) {
	x, w := g.s.in.Changes, g.s.work
	for few := range slices.Chunk(order, askedAtOnce/4) {
		w.asked = sized(w.asked, len(few))
		for i, r := range few {
			if w.asked[i] = g.numberOf(r); g.outOfReach(w.asked[i], r.by) {
				w.asked[i] = -1 // It stays so: what is out of reach only becomes more.
			}
		}
		w.tailsOf(x, w.asked)
		for i, r := range few {
			if g.tooWeak(r.by) {
				return // Those that follow are weaker still.
			}
			if !g.outOfReach(w.asked[i], r.by) {
				list := until(w.tails[i], g.s.asOf)
				g.walk(list, x.after(w.asked[i], list, g.rateFrom()), int(r.at), nil)
			}
		}
	}
}

// numberOf is the number of the origin's service in the index, -1 for none.
func (g *gatherer) numberOf(r ranked) int32 {
	return g.s.work.numbers.number(g.s.in.Graph, g.s.in.Changes, g.s.origins.list[r.at].node)
}

// walk weighs one service's changes, newest first, until older ones are
// hopeless. They are explained by the origin, or, where that is -1, by why; recent
// is how many of them are of the rate window.
func (g *gatherer) walk(list []dated, recent, origin int, why *explanation) {
	if len(list) == 0 {
		return
	}
	if origin >= 0 {
		o := &g.s.origins.list[origin]
		o.onsets = g.s.origins.frame.onsets(o.total, o.seen, g.s.origins.blind)
		why = &o.explanation
	}
	busy := g.e.busy(g.s, recent)
	if origin >= 0 {
		g.s.origins.list[origin].busy = busy
	} else {
		g.wideBusy = busy
	}
	look := g.focus(why, busy)
	timed := !g.e.off[EvidenceTiming]
	for n := range min(len(list), g.e.weights.Limits.PerService) {
		d := list[len(list)-1-n]
		weight, span := look.scale*g.odds[d.kind()], g.s.in.Changes.spanOf(d)
		if timed {
			age := float64(g.last-d.start-int64(span)) / 1000
			if weight*g.e.delays.of(d.kind()).atMost(age) < g.floor {
				if n >= maxHopeless {
					return
				}
				continue
			}
		}
		if d.multi() && origin >= 0 {
			g.s.work.parts = append(g.s.work.parts, part{d, int32(origin)})
			continue
		}
		if timed {
			weight *= look.density(d.kind(), d.start, span)
		}
		g.rough = append(g.rough, rough{weight, d.ref, int32(origin)})
		if weight > g.least {
			g.lead(weight)
		}
	}
}

// maxHopeless is how many of a service's newest changes are looked at even if
// the first are hopeless: an older one may be of a worse kind.
const maxHopeless = 8

// rateFrom is when the rate window began.
func (g *gatherer) rateFrom() int64 {
	return g.s.asOf - g.e.weights.Limits.RateWindow.Milliseconds()
}

// topology is the log odds of an explanation against no recorded change.
func (g *gatherer) topology(plain float64) float64 {
	return math.Log(max(plain, 1e-300) / g.s.origins.none)
}

// add weighs one change by prior, timing and topology.
func (g *gatherer) add(d dated, origin int, why *explanation, busy float64) {
	c := candidate{ref: d.ref, origin: int32(origin), why: why, prior: g.e.prior(g.s, d.kind()) + busy}
	span := g.s.in.Changes.spanOf(d)
	g.e.weighTiming(g.s, &c, func(y *symptom) float64 {
		return g.e.delayDensity(d.kind(), y.start-d.start, span, g.s.skew)
	})
	c.topology = g.topology(why.total)
	c.score = c.prior + c.timing + c.topology
	g.raise(c.score)
	g.list = append(g.list, c)
}

// weighTiming sets the timing term: the density of the delay, averaged over the
// onsets by their weight, against a uniform one over the rate window.
func (e *Engine) weighTiming(s *scene, c *candidate, density func(y *symptom) float64) {
	plain, sum, best := 0.0, 0.0, -1.0
	for _, w := range c.why.onsets {
		d := 1.0
		if !e.off[EvidenceTiming] {
			d = density(&s.symptoms[w.symptom])
		}
		plain += w.weight
		sum += w.weight * d
		if w.weight*d > best {
			best, c.onset = w.weight*d, int32(w.symptom)
		}
	}
	c.timing = 0
	if !e.off[EvidenceTiming] {
		c.timing = math.Log(max(sum, 1e-300) / max(plain, 1e-300) * s.usual.window)
	}
}

// prior is the log odds that one change of the kind, out of those of the rate
// window, caused the incident, against that none did.
func (e *Engine) prior(s *scene, kind uint8) float64 { return s.usual.priors[kind] }

// busy is how much less one change of an often changing service is suspect.
func (e *Engine) busy(s *scene, changes int) float64 {
	if e.off[EvidencePrior] || e.off[EvidenceTiming] {
		return 0
	}
	usual := s.usual.total / s.origins.nodes
	return e.weights.BusyPower * math.Log((usual+1)/(float64(changes)+1))
}

// unknown adds the changes of alerting services that the graph does not know.
func (g *gatherer) unknown() {
	for i := range g.s.symptoms {
		if name := g.s.symptoms[i].service; !g.s.in.Graph.Has(name) {
			list := g.s.in.Changes.of(name, g.s.asOf)
			g.walk(list, len(list)-begunBy(list, g.rateFrom()), g.stranger(i), nil)
		}
	}
}

// stranger enters the service of a symptom that the graph does not know among the
// origins, and returns its place.
func (g *gatherer) stranger(symptom int) int {
	f := g.s.origins.frame
	links := []link{{symptom: int32(symptom), strength: 1, route: routeSelf}}
	quiet := f.quiet(-1, nil)
	for k := range quiet {
		quiet[k] /= 1 - g.e.weights.Topology.Self
	}
	o := origin{node: -1, via: -1, links: links, seen: f.weigh(links, quiet), quiet: quiet}
	o.total = f.total(o.seen, g.s.origins.blind)
	at := g.s.origins.enter(o)
	g.s.origins.strangers[g.s.symptoms[symptom].service] = at
	return at
}

// recent adds the newest changes of services without a link, and accounts for
// the older ones as a whole.
func (g *gatherer) recent() {
	x := g.s.in.Changes
	limit := g.e.weights.Limits.Recent
	left, oldest := limit, g.s.asOf
	x.time.latest(x, g.s.asOf, func(ref uint32) bool {
		oldest = x.at(ref).start
		if !g.linked(ref) {
			g.add(x.at(ref).dated(ref), -1, &g.s.origins.unlinked, 0)
		}
		left--
		return left > 0
	})
	if left > 0 {
		return
	}
	start := float64(g.s.symptoms[0].start)
	beyond := 1 - g.e.delays.usual.upTo((start-float64(oldest))/1000)
	if g.e.off[EvidenceTiming] {
		beyond = max(0, 1-float64(limit)/float64(x.Len()))
	}
	g.rest = beyond * g.s.origins.unlinked.total / g.s.origins.none / g.e.noChangeOdds()
}

// linked reports whether the slot's services were dealt with as origins.
func (g *gatherer) linked(ref uint32) bool {
	x := g.s.in.Changes
	if x.at(ref).service == serviceWide {
		return true
	}
	for _, number := range x.numbersOf(ref) {
		if g.originOf(number) >= 0 {
			return true
		}
	}
	return false
}
