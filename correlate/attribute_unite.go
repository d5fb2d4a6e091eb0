package correlate

import (
	"cmp"
	"math"
	mathbits "math/bits"
	"slices"
)

// unite weighs changes of several services once: mostly as a fault in one of
// them, sometimes as a fault in all.
func (g *gatherer) unite() {
	x, parts := g.s.in.Changes, g.s.work.parts
	slices.SortFunc(parts, func(a, b part) int { return x.compareDated(a.dated, b.dated) })
	unions := g.s.work.unions[:0]
	for from := 0; from < len(parts); {
		to := from + 1
		for to < len(parts) && parts[to].ref == parts[from].ref {
			to++
		}
		unions = append(unions, union{parts[from:to], x.multi[parts[from].ref]})
		from = to
	}
	g.s.work.unions = unions
	g.mention(unions)
	for _, u := range unions {
		why := g.united(g.whole(u), u.services)
		g.add(u.parts[0].dated, int(u.parts[0].origin), &why, 0)
	}
}

// union is a change of several services: those that explain something, and the
// numbers of all.
type union struct {
	parts    []part
	services []int32
}

// maxUnited bounds how many services of one change are looked at together.
const maxUnited = 16

// whole are the parts of a change with those of its services that explain too
// little for their own changes to be looked at: together with the others they may
// explain what none does alone. Of a change of more than maxUnited services only
// those count that were looked at.
func (g *gatherer) whole(u union) []part {
	if len(u.parts) == len(u.services) || len(u.services) > maxUnited {
		return u.parts
	}
	parts := append(g.s.work.whole[:0], u.parts...)
	for _, number := range u.services {
		at := g.originOf(number)
		if at < 0 || slices.ContainsFunc(u.parts, func(p part) bool { return int(p.origin) == at }) {
			continue
		}
		g.s.origins.list[at].busy = g.e.busy(g.s, int(g.s.work.mentioned.recent[number]))
		parts = append(parts, part{u.parts[0].dated, int32(at)})
	}
	g.s.work.whole = parts
	return parts
}

// originOf is the place among the origins of the service with that number in the
// index, -1 if it is none.
func (g *gatherer) originOf(number int32) int {
	x := g.s.in.Changes
	if node := g.s.work.numbers.node(g.s.in.Graph, x, number); node >= 0 {
		return g.s.origins.at(node)
	}
	if at, ok := g.s.origins.strangers[x.titles[number]]; ok {
		return at
	}
	return -1
}

// mentions is how many of a service's newest changes are looked at for how many
// name other services too; see ChangeIndex.several.
const mentions = 64

// mentioned remembers what mainly found in one attribution, by the number of the
// service: its share, 0 where it is not known, and its changes of the rate window.
type mentioned struct {
	shares []float64
	recent []int32
	known  []int32
}

// fit makes room for so many services.
func (m *mentioned) fit(services int) {
	if len(m.shares) < services {
		m.shares, m.recent = make([]float64, services+services/8), make([]int32, services+services/8)
	}
}

// reset forgets all shares.
func (m *mentioned) reset() {
	for _, number := range m.known {
		m.shares[number] = 0
	}
	m.known = m.known[:0]
}

// mention finds the shares of all services that the changes name. Each lies
// somewhere else in memory: so some are read before the first of them is looked
// at.
func (g *gatherer) mention(unions []union) {
	x, w := g.s.in.Changes, g.s.work
	w.mentioned.fit(len(x.lists))
	for _, u := range unions {
		for _, number := range u.services {
			if w.mentioned.shares[number] == 0 {
				w.mentioned.shares[number] = -1
				w.mentioned.known = append(w.mentioned.known, number)
			}
		}
	}
	for numbers := range slices.Chunk(w.mentioned.known, askedAtOnce) {
		w.warmLately(x, numbers)
		for _, number := range numbers {
			w.mentioned.shares[number], w.mentioned.recent[number] = g.mainly(number)
		}
	}
}

// tailsOf are the lists of some services, of which the last entries have been
// read.
func (w *scratch) tailsOf(x *ChangeIndex, numbers []int32) [][]dated {
	w.tails = sized(w.tails, len(numbers))
	for i, number := range numbers {
		w.tails[i] = nil
		if number >= 0 {
			w.tails[i] = x.lists[number]
		}
	}
	for _, list := range w.tails {
		if n := len(list); n > 0 {
			w.warmth += list[n-1].start
		}
	}
	return w.tails
}

// warmLately reads where the lists of some services are looked at for how many
// changes are recent. Numbers below 0 are of no service.
func (w *scratch) warmLately(x *ChangeIndex, numbers []int32) {
	for _, number := range numbers {
		if number < 0 {
			continue
		}
		if n := int(x.lately[number]); n > 0 {
			list := x.lists[number]
			w.warmth += list[len(list)-n].start
		}
	}
}

// mainly is how likely a change that names the service beside others is mostly about this one, in parts of what it is for a service that no
// other such change of the rate window names; and how many changes of that window it has.
func (g *gatherer) mainly(number int32) (share float64, changes int32) {
	x := g.s.in.Changes
	list := x.begun(number, g.s.asOf)
	recent := x.after(number, list, g.rateFrom())
	looked := min(mentions, recent)
	several := 0
	if len(list) == len(x.lists[number]) {
		several = mathbits.OnesCount64(x.several[number] & (1<<looked - 1))
	} else {
		for _, d := range list[len(list)-looked:] {
			several += int(d.rest >> datedKindBits & 1)
		}
	}
	return math.Pow(1+float64(several)*float64(recent)/float64(max(looked, 1)), -g.e.weights.MentionPower), int32(recent)
}

// united is the explanation by a change of several services, of which some are
// linked to symptoms. It puts the parts in order. The fault is the likelier in one
// of the services, the fewer changes name that one beside others: what hundreds of
// changes touch is hardly what any of them is about.
func (g *gatherer) united(parts []part, services []int32) explanation {
	f, list := g.s.origins.frame, g.s.origins.list
	slices.SortFunc(parts, func(a, b part) int { return cmp.Compare(a.origin, b.origin) })
	parts = slices.CompactFunc(parts, func(a, b part) bool { return a.origin == b.origin })
	parts = parts[:min(len(parts), maxUnited)]
	links := g.s.work.joined[:0]
	rarest, shares, mainly := 0.0, 0.0, g.s.work.mentioned.shares
	for _, number := range services {
		shares += mainly[number]
	}
	quiet, single := f.work.weights.take(len(g.e.weights.Topology.Spread)), f.work.weights.take(len(f.firsts))
	clear(single)
	for k := range quiet {
		quiet[k] = 1
	}
	for _, p := range parts {
		o := &list[p.origin]
		links = append(links, o.links...)
		rare, share := math.Exp(o.busy), 1/float64(len(services))
		if o.node >= 0 {
			share = mainly[g.s.work.numbers.number(g.s.in.Graph, g.s.in.Changes, o.node)] / shares
		}
		rarest = max(rarest, rare)
		for k := range o.quiet {
			quiet[k] *= o.quiet[k]
		}
		for i, w := range o.seen {
			single[i] += w * rare * share
		}
	}
	g.s.work.joined = links
	slices.SortFunc(links, func(a, b link) int {
		return cmp.Or(cmp.Compare(a.symptom, b.symptom), cmp.Compare(b.strength, a.strength), cmp.Compare(a.route, b.route))
	})
	links = slices.CompactFunc(links, func(a, b link) bool { return a.symptom == b.symptom })
	all := g.e.weights.Topology.AllServices
	together := list[parts[0].origin].own
	switch { // Of one alone it is known, of one that links to nothing it is always the same.
	case len(parts) == 1 && together == nil && len(links) == 0:
		if g.bare == nil {
			g.bare = f.weigh(nil, quiet)
		}
		together = g.bare
	case len(parts) > 1 || together == nil:
		together = f.weigh(links, quiet)
	}
	for i, w := range together {
		single[i] = (1-all)*single[i] + all*rarest*w
	}
	return f.explained(single, g.s.origins.blind)
}
