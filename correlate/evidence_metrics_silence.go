package correlate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// silenceFinding asks who is no longer called. A request that fails at a
// service never reaches those called later: they fall silent, the guilty one
// does not. A changed service that fell silent with the others is a victim.
// Where only the changed instances get fewer requests, they turn them away.
func (e *Engine) silenceFinding(s *scene, c *candidate, w windows, apart bool) finding {
	if len(c.detail.change.Services) != 1 {
		return finding{}
	}
	own := c.detail.change.Services[0]
	drop, ok := s.metrics.drop(s.in.Graph, own, w)
	if !ok {
		return finding{}
	}
	m := &e.weights.Metrics
	below, beside := s.metrics.silentAmong(s.in.Graph, callees(s.in.Graph, own), w), s.metrics.silentAmong(s.in.Graph, siblings(s.in.Graph, own), w)
	later := math.Max(below.most, beside.most)
	switch {
	case drop > leastDrop && drop > later/2 && apart:
		return finding{}
	case drop > leastDrop && drop > later/2:
		return finding{-m.Silent * math.Min(drop/0.5, 1), fmt.Sprintf(
			"%s itself is called %.0f%% less than its callers' load explains: requests fail before they reach it.", own, fewer(drop))}
	case len(below.names) > 0 && below.lively == 0:
		return finding{m.Stopping * math.Min(below.most/0.5, 1), fmt.Sprintf(
			"%s gets its requests as before, but %s, which it calls, up to %.0f%% fewer: requests fail in it first.", own, named(below.names), fewer(below.most))}
	case len(beside.names) > 0:
		return finding{m.Passing * math.Min(beside.most/0.5, 1), fmt.Sprintf(
			"%s gets its requests as before; %s up to %.0f%% fewer: requests get as far as %s and no further.",
			own, named(beside.names), fewer(beside.most), own)}
	default:
		return finding{}
	}
}

// fewer turns a log ratio into percent of calls lost.
func fewer(drop float64) float64 { return 100 * (1 - math.Exp(-drop)) }

// silence is which of some services fell silent, the greatest drop, and how
// many did not.
type silence struct {
	names  []string
	most   float64
	lively int
}

func (v *metricView) silentAmong(g *Graph, names []string, w windows) silence {
	var s silence
	for _, name := range names {
		d, ok := v.drop(g, name, w)
		switch {
		case ok && d > leastDrop:
			s.names = append(s.names, name)
			s.most = math.Max(s.most, d)
		case ok:
			s.lively++
		}
	}
	return s
}

// leastDrop is the log ratio of traffic from which on a service counts as
// silent.
const leastDrop = 0.12

// callees are the services that the service calls, by name.
func callees(g *Graph, service string) []string {
	var names []string
	for _, e := range g.Callees(service) {
		names = append(names, e.Callee)
	}
	return names[:min(len(names), maxCompanions)]
}

// siblings are the services that the same callers call, by name.
func siblings(g *Graph, service string) []string {
	var names []string
	for _, up := range g.Callers(service) {
		for _, e := range g.Callees(up.Caller) {
			if e.Callee != service && len(names) < maxCompanions {
				names = append(names, e.Callee)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

const maxCompanions = 64

// drop is by how much, as a natural logarithm, the traffic into a service fell
// beyond what the traffic into its callers explains.
func (v *metricView) drop(g *Graph, service string, w windows) (float64, bool) {
	own, ok := v.trafficShift(service, w)
	if !ok {
		return 0, false
	}
	load, known := 0.0, 0.0
	for _, e := range g.Callers(service) {
		if shift, ok := v.trafficShift(e.Caller, w); ok {
			load += shift
			known++
		}
	}
	if known > 0 {
		load /= known
	}
	return load - own, true
}

// trafficShift is the log ratio of the traffic into a service after the onset
// to that before the change, summed over its instances; calls that its callers
// count stand in where it counts none itself.
func (v *metricView) trafficShift(service string, w windows) (float64, bool) {
	before, after := v.traffic(v.services[service], w, func(x *viewed) bool { return !x.outbound })
	if before <= 0 {
		before, after = v.traffic(v.callers[service], w, func(*viewed) bool { return true })
	}
	if before <= 0 {
		return 0, false
	}
	floor := before * 0.02
	return math.Log(math.Max(after, floor) / before), true
}

// traffic is the sum of the rates of the series before and after.
func (v *metricView) traffic(list []int, w windows, use func(x *viewed) bool) (before, after float64) {
	var counted []*viewed
	for _, i := range list {
		if x := &v.series[i]; x.measure == measureTraffic && use(x) {
			counted = append(counted, x)
		}
	}
	return total(counted, w.before, w.change), total(counted, w.after, w.end)
}

// total is the sum of the rates of some series over a window, each counting for as
// much of it as it has samples: an instance that took another's place half-way is
// not a second one.
func total(list []*viewed, from, until time.Time) float64 {
	var first, last time.Time
	step := math.Inf(1)
	for _, x := range list {
		points := within(x.points, from, until)
		if len(points) == 0 {
			continue
		}
		begin, end := points[0].At, points[len(points)-1].At
		if first.IsZero() || begin.Before(first) {
			first = begin
		}
		if end.After(last) {
			last = end
		}
		if len(points) > 1 {
			step = math.Min(step, end.Sub(begin).Seconds()/float64(len(points)-1))
		}
	}
	moments := 1.0
	if step > 0 && !math.IsInf(step, 1) {
		moments += last.Sub(first).Seconds() / step
	}
	sum := 0.0
	for _, x := range list {
		points, own := within(x.points, from, until), 0.0
		for _, p := range points {
			own += p.Value * x.scale
		}
		sum += own / math.Max(moments, float64(len(points)))
	}
	return sum
}

// within are the points from the first moment up to before the second.
func within(points []Point, from, until time.Time) []Point {
	at := func(t time.Time) int {
		n, _ := slices.BinarySearchFunc(points, t, func(p Point, t time.Time) int { return p.At.Compare(t) })
		return n
	}
	begin, end := at(from), at(until)
	return points[begin:max(begin, end)]
}
