package simulate

import (
	"math"
	"slices"
)

// How a fault's spread is weighed: hidden failures are drawn many times over,
// preferably where they explain alerts, and each drawing counts by how much
// likelier it is than it was preferred (importance sampling).

// idealLink is a call over which a fault may pass to something that matters: a
// service that alerts, or one that alerting services call.
type idealLink struct {
	to     int
	pass   float64
	clue   int
	callee bool
}

type quietKey struct {
	service, hops int
	reach         float64
}

// idealReaches stand for the reach of a fault, which is even from 0.3 to 1.
var idealReaches = []float64{0.42, 0.65, 0.88}

// offsets are the seconds from the impact to the first alert, with their
// widths.
var offsets = [][2]float64{{1.5, 3}, {5, 5}, {11, 7}, {20, 10}, {32, 15}, {50, 20}, {75, 30}, {115, 50}, {180, 80}, {310, 180}}

// The ways in which the first service may fail.
const (
	firstPlain  = iota // It may alert like any other.
	firstVictim        // Its caller broke it, and it alerts.
	firstSilent        // It is bought: it never alerts.
	firstLoud          // A date came: it alerts, and all is unavailable.
	firsts
)

// fell is one service that a drawing let fail.
type fell struct {
	clue, hops int
	how        route
	noticed    float64
}

// plausible is the log likelihood, against that all alerts are chance, of a fault
// in the service, by how it began and by onset.
type plausible [firsts][mostOnsets]float64

func nowhere() plausible {
	var p plausible
	for i := range p {
		for j := range p[i] {
			p[i][j] = math.Inf(-1)
		}
	}
	return p
}

func (p *plausible) best() float64 {
	best := math.Inf(-1)
	for i := range p {
		best = max(best, slices.Max(p[i][:]))
	}
	return best
}

func (p *plausible) add(q *plausible) {
	for i := range p {
		for j := range p[i] {
			p[i][j] = logAdd(p[i][j], q[i][j])
		}
	}
}

func logAdd(a, b float64) float64 {
	if a < b {
		a, b = b, a
	}
	if math.IsInf(b, -1) {
		return a
	}
	return a + math.Log1p(math.Exp(b-a))
}

// explain estimates the likelihood of a fault in the service.
func (s *sight) explain(origin, drawings int) plausible {
	sum := nowhere()
	for _, reach := range idealReaches {
		for _, d := range s.drawings([]int{origin}, drawings, reach) {
			one := s.weigh(origin, d.down, d.log-d.seen)
			sum.add(&one)
		}
	}
	norm := math.Log(float64(drawings * len(idealReaches)))
	for i := range sum {
		for j := range sum[i] {
			sum[i][j] -= norm
		}
	}
	return sum
}

// alerting is the chance that a failing service alerts in time to be seen.
func (s *sight) alerting(svc int, how route) float64 {
	return s.w.noticed(&hit{service: svc, route: how}) * 0.97
}

// mostSeen is how much an explained alert may favour a drawing before all have
// been drawn: another failed service may explain the alert too.
const mostSeen = 30

// drawing is one way in which a fault may have spread so far.
type drawing struct {
	queue []open
	down  []fell
	// reached are all that failed; log is the weight, of which seen is for alerts
	// explained so far.
	reached   []int
	log, seen float64
}

// open is a failed service whose neighbours have yet to be drawn.
type open struct{ service, hops int }

// drawings lets the fault spread from the origins so many times side by side.
// Drawings that became much less likely than others give way to copies of these
// (a particle filter).
func (s *sight) drawings(origins []int, n int, reach float64) []drawing {
	list := make([]drawing, n)
	for i := range list {
		for _, origin := range origins {
			list[i].queue = append(list[i].queue, open{origin, 0})
		}
		list[i].reached = slices.Clone(origins)
	}
	for step, more := 0, true; more && step < maxHits; step++ {
		more = false
		for i := range list {
			if step < len(list[i].queue) {
				more = true
				s.pass(&list[i], step, reach)
			}
		}
		list = s.renew(list)
	}
	return list
}

// pass draws where the fault goes from one failed service.
func (s *sight) pass(d *drawing, step int, reach float64) {
	at := d.queue[step]
	if at.hops >= len(hopDamping) {
		return
	}
	d.log += s.quiet(at.service, at.hops, reach)
	for _, l := range s.leads(at.service) {
		if slices.Contains(d.reached, l.to) || len(d.reached) >= maxHits {
			continue
		}
		p := s.chancePast(at.service, at.hops, reach, &l)
		q := s.preferred(d, &l, at.hops+1, p, reach)
		if !s.chance(q) {
			d.log += math.Log((1 - p) / (1 - q))
			continue
		}
		d.log += math.Log(p / q)
		d.reached = append(d.reached, l.to)
		how := routeCaller
		if l.callee {
			how = routeCallee
		} else {
			d.queue = append(d.queue, open{l.to, at.hops + 1})
		}
		noticed := s.alerting(l.to, how)
		if l.clue < 0 {
			d.log += math.Log(1 - noticed)
			continue
		}
		seen := math.Log(1 - noticed + noticed*min(s.clues[l.clue].typical, mostSeen))
		d.log, d.seen = d.log+seen, d.seen+seen
		d.down = append(d.down, fell{l.clue, at.hops + 1, how, noticed})
	}
}

// renew draws anew from the drawings by weight once few carry most of it.
func (s *sight) renew(list []drawing) []drawing {
	top := math.Inf(-1)
	for i := range list {
		top = max(top, list[i].log)
	}
	sum, squares := 0.0, 0.0
	for i := range list {
		w := math.Exp(list[i].log - top)
		sum, squares = sum+w, squares+w*w
	}
	n := float64(len(list))
	if sum*sum/squares > n/2 {
		return list
	}
	out := make([]drawing, 0, len(list))
	next, so := s.Float64(), 0.0
	for i := range list {
		so += math.Exp(list[i].log-top) / sum * n
		for ; next < so && len(out) < len(list); next++ {
			d := list[i]
			d.queue, d.down, d.reached = slices.Clone(d.queue), slices.Clone(d.down), slices.Clone(d.reached)
			d.log = top + math.Log(sum/n)
			out = append(out, d)
		}
	}
	for len(out) < len(list) { // Rounding may leave out the last.
		out = append(out, out[len(out)-1])
		last := &out[len(out)-1]
		last.queue, last.down, last.reached = slices.Clone(last.queue), slices.Clone(last.down), slices.Clone(last.reached)
	}
	return out
}

// chancePast is the chance that the fault passes over the call.
func (s *sight) chancePast(from, hops int, reach float64, l *idealLink) float64 {
	if l.callee {
		return min(0.05*reach*hopDamping[hops], failingCallees/float64(max(len(s.w.callees[from]), 1)))
	}
	return min(l.pass*reach*hopDamping[hops], failingCallers*hopDamping[hops]/float64(max(len(s.w.callers[from]), 1)))
}

// preferred is the chance with which a drawing lets the fault pass: the more, the
// more alerts it would explain.
func (s *sight) preferred(d *drawing, l *idealLink, hops int, p, reach float64) float64 {
	var worth float64
	how := routeCaller
	if l.callee {
		how = routeCallee
	}
	noticed := s.alerting(l.to, how)
	alternative := 1.0
	if l.clue >= 0 {
		worth = 1 - noticed + noticed*s.clues[l.clue].typical
		alternative += 0.15 * (worth - 1)
	} else {
		worth = 1 - noticed
	}
	if !l.callee && hops < len(hopDamping) {
		more := 0.0
		for _, further := range s.leads(l.to) {
			if further.clue >= 0 && !slices.Contains(d.reached, further.to) {
				more += s.chancePast(l.to, hops, reach, &further) * s.clues[further.clue].typical
			} else if s.hinted[further.to] && !slices.Contains(d.reached, further.to) {
				more += 0.1 * s.chancePast(l.to, hops, reach, &further)
			}
		}
		worth *= 1 + min(more, 30)
		worth *= math.Exp(s.quiet(l.to, hops, reach))
	}
	q := p * worth / (p*worth + (1-p)*alternative)
	return min(max(q, p/4), 0.97)
}

// weigh is the likelihood of all alerts given what failed.
func (s *sight) weigh(origin int, down []fell, log float64) plausible {
	out := nowhere()
	self, has := s.clueOf[origin]
	n := s.alerting(origin, routeSelf)
	for i := range s.onsets {
		out[firstPlain][i] = log + s.timed(i, down, storyChange, self, has, n, routeSelf)
		out[firstVictim][i] = log + s.timed(i, down, storyChange, self, has, 1, routeCallee)
		out[firstSilent][i] = log + s.timed(i, down, storyChange, self, has, 0, routeSelf)
		if s.clues[s.onsets[i].clue].alert.Signal == "availability" {
			out[firstLoud][i] = log + s.timed(i, down, storyAvailability, self, has, 1, routeSelf)
		}
	}
	return out
}

// timed is the log likelihood of the alerts' times and kinds when the onset's
// alert was the first.
func (s *sight) timed(onset int, down []fell, story, self int, has bool, loud float64, how route) float64 {
	first := s.onsets[onset]
	all := down
	if has {
		all = append(slices.Clip(down), fell{self, 0, how, loud})
	} else if loud == 1 {
		return math.Inf(-1)
	}
	scale, holds := 0.0, false
	if !has {
		scale += math.Log(1 - loud)
	}
	for _, f := range all {
		scale += math.Log(1 + s.clues[f.clue].typical)
		holds = holds || f.clue == first.clue
	}
	if !holds {
		return math.Inf(-1)
	}
	sum := 0.0
	for _, u := range offsets {
		product := u[1]
		for _, f := range all {
			c := &s.clues[f.clue]
			after := c.start - first.start
			shown := f.noticed * c.gain[story][f.how] * s.density(f.hops, u[0]+after)
			if after < 0 {
				shown = 0
			}
			if f.clue != first.clue {
				shown += 1 - f.noticed
			}
			product *= shown / (1 + c.typical)
		}
		sum += product
	}
	return math.Log(sum*first.prior) + scale
}

// leads are the calls by which a fault in the service may come to something that
// matters.
func (s *sight) leads(svc int) []idealLink {
	if list, ok := s.links[svc]; ok {
		return list
	}
	list := []idealLink{}
	for _, c := range s.w.callers[svc] {
		at, alerts := s.clueOf[c.to]
		if !alerts {
			at = -1
		}
		if alerts || s.hinted[c.to] {
			list = append(list, idealLink{to: c.to, pass: passShare[c.kind], clue: at})
		}
	}
	for _, c := range s.w.callees[svc] {
		if at, alerts := s.clueOf[c.to]; alerts {
			list = append(list, idealLink{to: c.to, clue: at, callee: true})
		}
	}
	s.links[svc] = list
	return list
}

// hint marks the services that alerting ones call, and what those call.
func (s *sight) hint() {
	level := []int{}
	for i := range s.clues {
		level = append(level, s.clues[i].service)
	}
	for range 2 {
		var next []int
		for _, svc := range level {
			for _, c := range s.w.callees[svc] {
				if _, alerts := s.clueOf[c.to]; !alerts && !s.hinted[c.to] {
					next = append(next, c.to)
				}
			}
		}
		if len(next) > 1500 {
			return
		}
		for _, svc := range next {
			s.hinted[svc] = true
		}
		level = next
	}
}

// quiet is the log likelihood that nothing is heard of the neighbours that do not
// matter: they did not fail, or failed without a word from them and theirs.
func (s *sight) quiet(svc, hops int, reach float64) float64 {
	key := quietKey{svc, hops, reach}
	if log, ok := s.quiets[key]; ok {
		return log
	}
	log := 0.0
	for _, c := range s.w.callers[svc] {
		if _, alerts := s.clueOf[c.to]; alerts || s.hinted[c.to] {
			continue
		}
		p := s.chancePast(svc, hops, reach, &idealLink{to: c.to, pass: passShare[c.kind]})
		further := 0.0
		if hops+1 < len(hopDamping) {
			further = min(s.passed[c.to]*reach, failingCallers) * hopDamping[hops+1] * 0.6
		}
		log += math.Log(1 - p*(1-(1-s.alerting(c.to, routeCaller))*math.Exp(-further)))
	}
	for _, c := range s.w.callees[svc] {
		if _, alerts := s.clueOf[c.to]; !alerts {
			log += math.Log(1 - s.chancePast(svc, hops, reach, &idealLink{callee: true})*s.alerting(c.to, routeCallee))
		}
	}
	s.quiets[key] = log
	return log
}
