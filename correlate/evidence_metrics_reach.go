package correlate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// Metrics show trouble where nobody alerts. A fault in a service shows at the
// services that call it, and at those that call them; which services got worse
// and which did not tells where it began.

// reachView is, for each service with metrics, the probability that it got worse.
type reachView struct {
	names []string
	worse []float64
	at    map[string]int
	// mean is the log of the mean likelihood of a fault in any one service.
	mean float64
	ways map[string][]reachedCaller
}

// reachedCaller is a service that depends on another, with its distance in
// calls.
type reachedCaller struct {
	at   int
	hops int
}

// reachShare is how often a fault shows at the service itself and one, two and
// three calls up; reachBase how often a service gets worse for another reason.
var reachShare = [...]float64{0.5, 0.7, 0.5, 0.35}

const (
	reachBase = 0.12
	// reachPrior is the share of services that get worse in an incident.
	reachPrior = 0.2
	// reachBefore is how long before the first alert its cause is taken to act
	// at most; what is older is the time before.
	reachBefore = 10 * time.Minute
	// maxReached bounds the callers that are looked at.
	maxReached = 256
)

// viewReach finds the services that got worse around the first alert.
func (e *Engine) viewReach(s *scene) reachView {
	v := &s.metrics
	r := reachView{at: map[string]int{}, ways: map[string][]reachedCaller{}}
	if len(s.symptoms) == 0 || s.in.Graph.Len() == 0 {
		return r
	}
	onset := time.UnixMilli(s.symptoms[0].start)
	change := onset.Add(-reachBefore)
	if half := v.earliest.Add(onset.Sub(v.earliest) / 2); half.After(change) {
		change = half // The samples begin late.
	}
	w := windows{before: onset.Add(-lookBack), change: change, after: onset.Add(-time.Minute), end: s.in.AsOf.Add(time.Millisecond)}
	for service := range v.services {
		r.names = append(r.names, service)
	}
	slices.Sort(r.names)
	known := r.names[:0]
	for _, name := range r.names {
		if p, ok := v.gotWorse(name, w); ok {
			r.at[name] = len(known)
			known = append(known, name)
			r.worse = append(r.worse, p)
		}
	}
	r.names = known
	var logs []float64
	for _, name := range r.names {
		logs = append(logs, r.likelihood(s.in.Graph, name))
	}
	if len(logs) > 0 {
		r.mean = logMean(logs)
	}
	return r
}

// gotWorse is the probability that errors or latency of a service or its calls
// rose.
func (v *metricView) gotWorse(service string, w windows) (float64, bool) {
	groups := map[edgeKey][]int{}
	for _, i := range v.services[service] {
		if x := &v.series[i]; x.measure == measureErrors || x.measure == measureLatency {
			groups[x.key()] = append(groups[x.key()], i)
		}
	}
	best, known := math.Inf(-1), 0
	for _, key := range sortedKeys(groups) {
		if x, ok := v.rise(groups[key], key.measure, w); ok {
			best = math.Max(best, x.logBayes())
			known++
		}
	}
	if known == 0 {
		return 0, false
	}
	odds := reachPrior / (1 - reachPrior) * math.Exp(math.Min(best-math.Log(float64(known))/2, 50))
	return odds / (1 + odds), true
}

// rise is how much some series rose, on average, beside how much they move
// anyway.
func (v *metricView) rise(list []int, m measure, w windows) (contrast, bool) {
	c := v.cohort(list, w)
	if len(c.shifts) == 0 {
		return contrast{}, false
	}
	n, floor := float64(len(c.shifts)), metricScales[m].floor
	usual := math.Max(v.beside(v.series[list[0]].Service, m).shift, floor*floor)
	return contrast{effect: mean(c.shifts), variance: usual + c.variance/n/n, df: 8, measure: m}, true
}

// callersOf lists the services that depend on one, up to three calls away.
func (r *reachView) callersOf(g *Graph, service string) []reachedCaller {
	if list, ok := r.ways[service]; ok {
		return list
	}
	var out []reachedCaller
	seen := map[string]bool{service: true}
	level := []string{service}
	for hop := 1; hop < len(reachShare); hop++ {
		var next []string
		for _, name := range level {
			for _, edge := range g.Callers(name) {
				if seen[edge.Caller] || len(seen) > maxReached {
					continue
				}
				seen[edge.Caller] = true
				next = append(next, edge.Caller)
				if at, ok := r.at[edge.Caller]; ok {
					out = append(out, reachedCaller{at, hop})
				}
			}
		}
		level = next
	}
	r.ways[service] = out
	return out
}

// likelihood is the log likelihood ratio of who got worse when the fault is in
// the service, against trouble in services at random.
func (r *reachView) likelihood(g *Graph, service string) float64 {
	log := 0.0
	add := func(at int, p float64) {
		log += math.Log(r.worse[at]*p/reachBase + (1-r.worse[at])*(1-p)/(1-reachBase))
	}
	if at, ok := r.at[service]; ok {
		add(at, reachShare[0])
	}
	for _, c := range r.callersOf(g, service) {
		add(c.at, reachShare[c.hops])
	}
	return log
}

// reachFinding asks whether those got worse who depend on the changed service,
// and nobody else.
func (e *Engine) reachFinding(s *scene, c *candidate) finding {
	r := &s.reach
	if len(r.names) < 2 || len(c.detail.change.Services) != 1 {
		return finding{}
	}
	service := c.detail.change.Services[0]
	if !s.in.Graph.Has(service) {
		return finding{}
	}
	m := &e.weights.Metrics
	log := m.Reach * (r.likelihood(s.in.Graph, service) - r.mean)
	log = min(max(log, -m.MaxReach), m.MaxReach)
	return finding{log, r.text(s.in.Graph, service)}
}

// discount brings what topology says of the suspects closer together as far as the
// alerting services have series: who alerts and whose series got worse are news of
// one failure, and would count twice. What alerts say on average stays.
func (e *Engine) discount(s *scene, list []*candidate) {
	told := 0.0
	for i := range s.symptoms {
		if _, ok := s.reach.at[s.symptoms[i].service]; ok {
			told++
		}
	}
	if told == 0 || len(s.reach.names) < 2 || len(list) == 0 || e.off[EvidenceTopology] {
		return
	}
	said := make([]float64, len(list))
	for i, c := range list {
		said[i] = c.topology
	}
	kept := 1 - (1-e.weights.Metrics.AlertsBeside)*told/float64(len(s.symptoms))
	usual := logMean(said)
	for _, c := range list {
		c.topology = usual + kept*(c.topology-usual)
	}
}

// text says how many of those that depend on the service got worse, and how
// many others.
func (r *reachView) text(g *Graph, service string) string {
	inside, worse, all := 0, 0, 0
	for _, p := range r.worse {
		if p > 0.5 {
			all++
		}
	}
	near := r.callersOf(g, service)
	for _, c := range near {
		inside++
		if r.worse[c.at] > 0.5 {
			worse++
		}
	}
	if at, ok := r.at[service]; ok && r.worse[at] > 0.5 {
		all--
	}
	if all == 0 || inside == 0 {
		return ""
	}
	others := all - worse
	switch {
	case worse == 0:
		return fmt.Sprintf("By their metrics none of %s that depend%s on %s got worse, but %s did.",
			count(inside, "service"), singularVerb(inside), service, count(others, "other service"))
	case others == 0:
		return fmt.Sprintf("By their metrics %d of %s that depend%s on %s got worse, and no other.",
			worse, count(inside, "service"), singularVerb(inside), service)
	default:
		return fmt.Sprintf("By their metrics %d of %s that depend%s on %s got worse, and so did %s.",
			worse, count(inside, "service"), singularVerb(inside), service, count(others, "other service"))
	}
}

// singularVerb ends a verb whose subject is so many.
func singularVerb(n int) string {
	if n == 1 {
		return "s"
	}
	return ""
}

// logMean is the log of the mean of numbers given as logs.
func logMean(logs []float64) float64 {
	top := slices.Max(logs)
	sum := 0.0
	for _, log := range logs {
		sum += math.Exp(log - top)
	}
	return top + math.Log(sum/float64(len(logs)))
}
