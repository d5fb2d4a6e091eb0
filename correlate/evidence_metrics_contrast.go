package correlate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// edgeKey groups series that measure the same thing on different instances.
type edgeKey struct {
	service  string
	measure  measure
	peer     string
	inbound  bool
	outbound bool
	signal   string
}

// key groups a series with those of the same signal on other instances.
func (x *viewed) key() edgeKey {
	return edgeKey{x.Service, x.measure, x.peer, x.inbound, x.outbound, x.Signal}
}

func compareEdgeKeys(a, b edgeKey) int {
	side := func(k edgeKey) int {
		if k.inbound {
			return 1
		}
		if k.outbound {
			return 2
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.service, b.service), cmp.Compare(a.measure, b.measure), cmp.Compare(a.peer, b.peer), cmp.Compare(side(a), side(b)), cmp.Compare(a.signal, b.signal))
}

// cohort is what one group of instances shows: the shift of each from before
// the change to after the onset.
type cohort struct {
	shifts, levels []float64
	variance       float64
}

func (c *cohort) add(before, after sample) {
	if after.n == 0 {
		return
	}
	c.levels = append(c.levels, after.mean)
	c.variance += after.variance
	if before.n > 0 {
		c.shifts = append(c.shifts, after.mean-before.mean)
		c.variance += before.variance
	}
}

func sortedKeys(maps ...map[edgeKey][]int) []edgeKey {
	var keys []edgeKey
	for _, m := range maps {
		for key := range m {
			keys = append(keys, key)
		}
	}
	slices.SortFunc(keys, compareEdgeKeys)
	return slices.Compact(keys)
}

// compare is the difference in differences between two groups of series that
// measure the same thing: by shifts where all have a past, else by levels.
func (v *metricView) compare(treated, control []int, w windows) (contrast, bool) {
	t, c := v.cohort(treated, w), v.cohort(control, w)
	if len(t.shifts) < len(t.levels) || len(c.shifts) < len(c.levels) {
		return v.contrast(treated, t.levels, c.levels, t.variance, c.variance, true)
	}
	return v.contrast(treated, t.shifts, c.shifts, t.variance, c.variance, false)
}

// compareShifts is compare for groups that measure different things, such as calls
// to different services: their levels differ anyway, so that only series with a
// past tell anything.
func (v *metricView) compareShifts(treated, control []int, w windows) (contrast, bool) {
	past := func(list []int) []int {
		return slices.DeleteFunc(slices.Clone(list), func(i int) bool { return v.series[i].over(w.before, w.change).n == 0 })
	}
	treated, control = past(treated), past(control)
	t, c := v.cohort(treated, w), v.cohort(control, w)
	return v.contrast(treated, t.shifts, c.shifts, t.variance, c.variance, false)
}

// cohort reads a group of series.
func (v *metricView) cohort(list []int, w windows) cohort {
	var c cohort
	for _, i := range list {
		c.add(v.series[i].over(w.before, w.change), v.series[i].over(w.after, w.end))
	}
	return c
}

// contrast compares the values of two groups of series, whose sums of variances
// within the series are given.
func (v *metricView) contrast(treated []int, a, b []float64, withinA, withinB float64, levels bool) (contrast, bool) {
	if len(a) == 0 || len(b) == 0 {
		return contrast{}, false
	}
	m := v.series[treated[0]].measure
	floor := metricScales[m].floor
	na, nb := float64(len(a)), float64(len(b))
	usual := v.beside(v.series[treated[0]].Service, m)
	own, df := usual.moderated(spreadOf(b), nb-1, levels)
	between := math.Max(own, floor*floor)
	within := (withinA/na + withinB/nb) / 2
	return contrast{
		effect: mean(a) - mean(b), variance: between*(1/na+1/nb) + within/math.Max(na, 1), df: na + df, measure: m,
	}, true
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, x := range list {
		sum += x
	}
	return sum / math.Max(float64(len(list)), 1)
}

// spreadOf is the variance around the mean, 0 for fewer than two values.
func spreadOf(list []float64) float64 {
	if len(list) < 2 {
		return 0
	}
	m, sum := mean(list), 0.0
	for _, x := range list {
		sum += (x - m) * (x - m)
	}
	return sum / float64(len(list)-1)
}

// measureWords name the measures for the reader.
var measureWords = [...]string{
	measureOther: "value", measureErrors: "error share", measureLatency: "latency",
	measureSaturation: "utilisation", measureTraffic: "traffic",
}

// effectWords writes an effect in points or as a factor.
func effectWords(x contrast) string {
	if metricScales[x.measure].logarithmic {
		return fmt.Sprintf("times %.2f", math.Exp(x.effect))
	}
	return fmt.Sprintf("%+.1f points", 100*x.effect)
}

// callReading is how a caller's calls to a changed service changed beside its
// other calls.
type callReading struct {
	contrast
	log             float64
	caller, service string
	series          []int
}

// callerFinding compares the callers' calls to the changed services with their
// calls to others: a fault often shows only at the caller. A service whose own
// calls got as much worse merely passes the fault on.
func (e *Engine) callerFinding(s *scene, c *candidate, w windows) finding {
	v := &s.metrics
	best := callReading{log: math.Inf(-1)}
	tried := 0
	for _, service := range c.detail.change.Services {
		for _, r := range v.readCalls(service, w) {
			tried++
			if r.log > best.log {
				best = r
			}
		}
	}
	if tried == 0 {
		return e.beyondFinding(s, c, w)
	}
	m := &e.weights.Metrics
	log := m.Callers * max(best.log-math.Log(float64(tried))/2, -m.MaxAgainst)
	what := fmt.Sprintf("%s %s", measureWords[best.measure], effectWords(best.contrast))
	if log < 0.3 {
		return finding{log, fmt.Sprintf("Calls from %s to %s are no worse than other calls of %s: %s.", best.caller, best.service, best.caller, what)}
	}
	if further := v.passedOn(best, w); further != "" {
		return finding{-m.MaxAgainst, fmt.Sprintf(
			"Calls from %s to %s got worse (%s), but so did those from %s to %s: it passes the fault on.",
			best.caller, best.service, what, best.service, further)}
	}
	text := fmt.Sprintf("Calls from %s to %s got worse than other calls of %s: %s.", best.caller, best.service, best.caller, what)
	if most := v.blindness(s.in.Graph, best); most < log {
		return finding{max(most, 0), text + fmt.Sprintf(" Whether %s passes on a fault of what it calls cannot be seen.", best.service)}
	}
	return finding{log, text}
}

// beyondFinding is for services to which no call is seen. Where a caller's own calls
// are not seen at all and those to the caller got worse, the fault may be in the
// caller or in anything that it needs, one as much as the other.
func (e *Engine) beyondFinding(s *scene, c *candidate, w windows) finding {
	v, g, best := &s.metrics, s.in.Graph, finding{}
	for _, service := range c.detail.change.Services {
		for _, edge := range g.Callers(service) {
			readings := v.readCalls(edge.Caller, w)
			for _, r := range readings {
				log := e.weights.Metrics.Callers * (r.log - math.Log(float64(len(readings)))/2)
				log = math.Min(log, v.blindness(g, r))
				if math.IsInf(v.blindness(g, r), 1) || log < math.Max(best.logOdds, 0.3) {
					continue
				}
				best = finding{log, fmt.Sprintf("Calls from %s to %s got worse than other calls of %s: %s %s. %s calls %s; which of its calls fail cannot be seen.",
					r.caller, r.service, r.caller, measureWords[r.measure], effectWords(r.contrast), r.service, service)}
			}
		}
	}
	return best
}

// blindness bounds what worse calls to a service say of the service itself
// where its own calls are not seen: the fault may be in anything that it needs.
func (v *metricView) blindness(g *Graph, r callReading) float64 {
	needs := callees(g, r.service)
	if len(needs) == 0 || slices.ContainsFunc(v.services[r.service], func(i int) bool {
		return v.series[i].outbound && v.series[i].measure == r.measure
	}) {
		return math.Inf(1)
	}
	return math.Log(math.Max(float64(g.Len()), 2) / float64(1+len(needs)))
}

// readCalls contrasts each caller's calls to the service with its other calls.
func (v *metricView) readCalls(service string, w windows) []callReading {
	groups := map[edgeKey][]int{}
	for _, i := range v.callers[service] {
		x := &v.series[i]
		if x.measure == measureErrors || x.measure == measureLatency {
			key := edgeKey{service: x.Service, measure: x.measure}
			groups[key] = append(groups[key], i)
		}
	}
	var out []callReading
	for _, key := range sortedKeys(groups) {
		others := v.otherCalls(key, service)
		if len(others) == 0 {
			continue
		}
		if x, ok := v.compareShifts(groups[key], others, w); ok {
			out = append(out, callReading{contrast: x, log: x.logBayes(), caller: key.service, service: service, series: groups[key]})
		}
	}
	return out
}

// passedOn returns the service whose calls from the read service got worse by
// at least half as much as the calls to it, if there is one.
func (v *metricView) passedOn(r callReading, w windows) string {
	arrived := v.worsening(r.series, w)
	byPeer := map[string][]int{}
	for _, i := range v.services[r.service] {
		if x := &v.series[i]; x.outbound && x.measure == r.measure && x.peer != "" && x.peer != r.service {
			byPeer[x.peer] = append(byPeer[x.peer], i)
		}
	}
	worst, worstPeer := 0.0, ""
	for peer, list := range byPeer {
		if d := v.worsening(list, w); d > worst || d == worst && peer < worstPeer {
			worst, worstPeer = d, peer
		}
	}
	if arrived > 0 && worst >= arrived/2 {
		return worstPeer
	}
	return ""
}

// worsening is the mean rise of the series in their own unit.
func (v *metricView) worsening(list []int, w windows) float64 {
	sum, n := 0.0, 0.0
	for _, i := range list {
		before, after := v.series[i].over(w.before, w.change), v.series[i].over(w.after, w.end)
		if before.n == 0 || after.n == 0 {
			continue
		}
		if metricScales[v.series[i].measure].logarithmic {
			sum += math.Exp(after.mean) - math.Exp(before.mean)
		} else {
			sum += after.mean - before.mean
		}
		n++
	}
	return sum / math.Max(n, 1)
}

// otherCalls are the series of a caller's calls to other services.
func (v *metricView) otherCalls(key edgeKey, not string) []int {
	var list []int
	for _, i := range v.services[key.service] {
		x := &v.series[i]
		if x.outbound && x.measure == key.measure && x.peer != "" && x.peer != not {
			list = append(list, i)
		}
	}
	return list
}

// serviceFinding is for series that tell neither instances nor callees apart:
// did the changed service itself get worse than the others? Errors may show
// only at the caller, so silence says little.
func (e *Engine) serviceFinding(s *scene, c *candidate, w windows) finding {
	v := &s.metrics
	best, bestLog := contrast{}, math.Inf(-1)
	service, tried := "", 0
	for _, name := range c.detail.change.Services {
		groups := map[edgeKey][]int{}
		for _, i := range v.services[name] {
			if x := &v.series[i]; !x.outbound && x.measure != measureTraffic {
				groups[x.key()] = append(groups[x.key()], i)
			}
		}
		for _, key := range sortedKeys(groups) {
			x, ok := v.compareShifts(groups[key], v.elsewhere(key), w)
			if !ok {
				continue
			}
			tried++
			if log := x.logBayes(); log > bestLog {
				best, bestLog, service = x, log, name
			}
		}
	}
	if tried == 0 {
		return finding{}
	}
	what := fmt.Sprintf("%s %s", measureWords[best.measure], effectWords(best))
	log := e.weights.Metrics.Services * max(bestLog-math.Log(float64(tried))/2, -e.weights.Metrics.MaxAgainst/2)
	if log < 0.3 {
		return finding{log, fmt.Sprintf("%s itself got no worse than other services: %s beside theirs.", service, what)}
	}
	for _, callee := range callees(s.in.Graph, service) {
		key := edgeKey{service: callee, measure: best.measure}
		if x, ok := v.compareShifts(v.own(key), v.elsewhere(key), w); ok && x.effect >= best.effect/2 {
			return finding{0, fmt.Sprintf("%s got worse (%s), but so did %s, which it calls.", service, what, callee)}
		}
	}
	return finding{log, fmt.Sprintf("%s got worse than other services: %s beside theirs.", service, what)}
}

// own are a service's series of the measure, without its calls to others.
func (v *metricView) own(key edgeKey) []int {
	var list []int
	for _, i := range v.services[key.service] {
		if x := &v.series[i]; x.measure == key.measure && !x.outbound {
			list = append(list, i)
		}
	}
	return list
}

// maxElsewhere bounds the series of other services that are read.
const maxElsewhere = 256

// elsewhere are other services' series of the measure.
func (v *metricView) elsewhere(key edgeKey) []int {
	var list []int
	for i := range v.series {
		x := &v.series[i]
		if x.measure == key.measure && x.Service != key.service && !x.outbound && len(list) < maxElsewhere {
			list = append(list, i)
		}
	}
	return list
}
