package correlate

import (
	"cmp"
	"math"
	"slices"
)

// candidate is one change under suspicion with its terms in log odds against
// "no recorded change did it".
type candidate struct {
	ref    uint32
	change Change
	words  []string
	// origin is the place in origins.list, -1 when no symptom is linked.
	origin int
	onsets []onsetWeight
	// onset is the symptom that the timing term mostly rests on.
	onset    int
	prior    float64
	timing   float64
	topology float64
	// delay sums weight times density over the onsets, plain the weights.
	delay, plain float64
	// extra are the terms that need the whole change.
	extra []term
	score float64
	share float64
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
}

// hopeless is how far in log odds a candidate may lie below the best before it
// is skipped: all of ten thousand such together weigh a thousandth.
const hopeless = 16

// candidates collects the changes of every service that could explain a
// symptom, the environment-wide ones and the most recent of all.
func (e *Engine) candidates(s *scene) *gatherer {
	g := &gatherer{e: e, s: s, best: -math.MaxFloat64}
	x := s.in.Changes
	if x.Len() == 0 || s.origins.none == 0 {
		return g
	}
	order := make([]int, len(s.origins.list))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(s.origins.list[b].total, s.origins.list[a].total)
	})
	for _, i := range order {
		o := &s.origins.list[i]
		g.walk(x.of(s.in.Graph.names[o.node], s.asOf), i, o.onsets)
	}
	g.unknown()
	g.walk(x.until(x.wide, s.asOf), -1, s.origins.wide)
	g.recent()
	g.unite()
	return g
}

// walk weighs one service's changes, newest first, until older ones are
// hopeless.
func (g *gatherer) walk(refs []uint32, origin int, onsets []onsetWeight) {
	if len(refs) == 0 {
		return
	}
	plain := g.explained(onsets)
	ceiling := g.topology(plain) + g.e.busy(g.s, len(g.recentOf(refs)))
	last := g.s.symptoms[g.s.origins.frame.group[len(g.s.origins.frame.group)-1]].start
	for n := range min(len(refs), g.e.weights.Limits.PerService) {
		ref := refs[len(refs)-1-n]
		entry := &g.s.in.Changes.entries[ref]
		if !g.e.off[EvidenceTiming] {
			age := float64(last-entry.start)/1000 - float64(entry.span)/1000
			if ceiling+g.e.prior(g.s, entry.kind)+g.most(entry.kind, age) < g.best-hopeless {
				if n > 8 {
					return
				}
				continue
			}
		}
		g.add(ref, origin, onsets, len(g.recentOf(refs)))
	}
}

// recentOf cuts the list to the rate window.
func (g *gatherer) recentOf(refs []uint32) []uint32 {
	from := g.s.asOf - g.e.weights.Limits.RateWindow.Milliseconds()
	return refs[len(g.s.in.Changes.until(refs, from)):]
}

// most is the greatest timing term of a change that old, or older.
func (g *gatherer) most(kind uint8, age float64) float64 {
	return math.Log(g.e.delays.of(kind).atMost(age) * g.s.usual.window)
}

// explained is the weight of an explanation, with the share of blind ones.
func (g *gatherer) explained(onsets []onsetWeight) float64 {
	blind := g.e.blindShare(g.e.weights.Topology.Blind)
	return (1-blind)*sumOnsets(onsets) + blind*g.s.origins.blindTotal
}

func (g *gatherer) topology(plain float64) float64 {
	return math.Log(max(plain, 1e-300) / g.s.origins.none)
}

// add weighs one change by prior, timing and topology. busy is the number of
// changes of its service in the rate window.
func (g *gatherer) add(ref uint32, origin int, onsets []onsetWeight, busy int) {
	c := candidate{ref: ref, origin: origin, onsets: onsets}
	entry := &g.s.in.Changes.entries[ref]
	c.prior = g.e.prior(g.s, entry.kind) + g.e.busy(g.s, busy)
	g.e.weighTiming(g.s, &c, func(y *symptom) float64 { return g.e.delayDensity(entry, y.start, g.s.skew) })
	c.topology = g.topology(c.plain)
	c.score = c.prior + c.timing + c.topology
	g.best = max(g.best, c.score)
	g.list = append(g.list, c)
}

// weighTiming sums the onsets' weights with the density of their delays.
func (e *Engine) weighTiming(s *scene, c *candidate, density func(y *symptom) float64) {
	blind := e.blindShare(e.weights.Topology.Blind)
	c.plain, c.delay, c.timing = 0, 0, 0
	best := -1.0
	see := func(list []onsetWeight, share float64) {
		for _, w := range list {
			d := 1.0
			if !e.off[EvidenceTiming] {
				d = density(&s.symptoms[w.symptom]) * s.usual.window
			}
			c.plain += share * w.weight
			c.delay += share * w.weight * d
			if share*w.weight*d > best {
				best, c.onset = share*w.weight*d, w.symptom
			}
		}
	}
	see(c.onsets, 1-blind)
	see(s.origins.blind, blind)
	if !e.off[EvidenceTiming] {
		c.timing = math.Log(max(c.delay, 1e-300) / max(c.plain, 1e-300))
	}
}

// prior is the log odds that one change of the kind, out of those of the rate
// window, caused the incident, against that none did.
func (e *Engine) prior(s *scene, kind uint8) float64 {
	factor := 1.0
	if !e.off[EvidencePrior] {
		factor = e.kindFactor(s, kind)
	}
	total := s.usual.total
	if e.off[EvidenceTiming] {
		total = float64(s.in.Changes.Len())
	}
	return math.Log(factor / (e.weights.NoChangeOdds * total))
}

// busy is how much less one change of an often changing service is suspect.
func (e *Engine) busy(s *scene, changes int) float64 {
	if e.off[EvidencePrior] {
		return 0
	}
	usual := s.usual.total / s.origins.nodes
	return e.weights.BusyPower * math.Log((usual+1)/(float64(changes)+1))
}

// unknown adds the changes of alerting services that the graph does not know.
func (g *gatherer) unknown() {
	f := g.s.origins.frame
	for i := range g.s.symptoms {
		if name := g.s.symptoms[i].service; !g.s.in.Graph.Has(name) {
			links := []link{{symptom: int32(i), strength: 1, route: routeSelf}}
			quiet := f.quiet(nil, -1, nil)
			for k := range quiet {
				quiet[k] /= 1 - g.e.weights.Topology.Self
			}
			o := origin{node: -1, links: links, onsets: f.weigh(links, quiet)}
			o.total = sumOnsets(o.onsets)
			g.s.origins.byName[name] = len(g.s.origins.list)
			g.s.origins.list = append(g.s.origins.list, o)
			g.walk(g.s.in.Changes.of(name, g.s.asOf), len(g.s.origins.list)-1, o.onsets)
		}
	}
}

// recent adds the newest changes of services without a link, and accounts for
// the older ones as a whole.
func (g *gatherer) recent() {
	x := g.s.in.Changes
	known := make(map[uint32]bool, len(g.list))
	for i := range g.list {
		known[g.list[i].ref] = true
	}
	left, oldest := g.e.weights.Limits.Recent, g.s.asOf
	x.time.latest(x, g.s.asOf, func(ref uint32) bool {
		oldest = x.entries[ref].start
		if !known[ref] && g.linked(ref) < 0 {
			g.add(ref, -1, g.s.origins.unlinked, 0)
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
		beyond = max(0, 1-float64(g.e.weights.Limits.Recent)/float64(x.Len()))
	}
	g.rest = beyond * g.explained(g.s.origins.unlinked) / g.s.origins.none / g.e.weights.NoChangeOdds
}

// linked returns the place of the origin that walk has dealt with for the
// slot's service, or -1.
func (g *gatherer) linked(ref uint32) int {
	x := g.s.in.Changes
	if service := x.entries[ref].service; service == serviceWide {
		return 0
	}
	for _, name := range x.servicesOf(ref) {
		if at, ok := g.s.origins.byName[name]; ok {
			return at
		}
	}
	return -1
}
