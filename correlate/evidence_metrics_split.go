package correlate

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// instanceFinding compares the instances that the change had reached with the
// others of the same service, after the onset against before the change. A fault
// that shows at all shows in some of the measures.
func (e *Engine) instanceFinding(v *metricView, c *candidate, w windows) finding {
	var all evenness
	for _, service := range c.detail.change.Services {
		fresh, old := e.split(v, c, service)
		for _, key := range sortedKeys(fresh, old) {
			if len(fresh[key]) == 0 || len(old[key]) == 0 {
				continue
			}
			x, ok := v.compare(fresh[key], old[key], w)
			if key.measure == measureTraffic && v.series[fresh[key][0]].instance.none() {
				usual, known := expectedRatio(&c.detail.change, w)
				x.effect -= usual
				ok = ok && known
			}
			if ok {
				all.add(key, x)
			}
		}
	}
	if len(all.logs) == 0 {
		return finding{}
	}
	log := e.weights.Metrics.Instances * max(all.log(), -e.weights.Metrics.MaxAgainst)
	return finding{log, instanceText(all.bestKey, all.best, len(all.logs), log)}
}

// expectedRatio is the log ratio of what changed instances get of a service's
// traffic to what the others get, where series tell versions apart but not
// instances. It is known where the share of instances is, and did not change in
// between.
func expectedRatio(c *Change, w windows) (float64, bool) {
	share := 0.0
	for _, step := range c.Rollout {
		switch {
		case !step.At.After(w.after):
			share = max(share, step.Percent/100)
		case step.At.Before(w.end):
			return 0, false
		}
	}
	if share <= 0 || share >= 1 {
		return 0, false
	}
	return math.Log(share / (1 - share)), true
}

// evenness collects contrasts of several measures of which a fault moves some.
type evenness struct {
	logs    []float64
	weights []float64
	best    contrast
	bestLog float64
	bestKey edgeKey
}

func (v *evenness) add(key edgeKey, x contrast) {
	log := x.logBayesOf(key)
	if len(v.logs) == 0 || log > v.bestLog {
		v.best, v.bestLog, v.bestKey = x, log, key
	}
	v.logs, v.weights = append(v.logs, log), append(v.weights, measureShare[key.measure])
}

// measureShare is how often a fault of a new version shows first in a measure.
var measureShare = [...]float64{
	measureOther: 0, measureErrors: 0.4, measureLatency: 0.25, measureSaturation: 0.15, measureTraffic: 0.2,
}

// log is the log of the mean Bayes factor, each measure weighed by how often
// faults show in it.
func (v *evenness) log() float64 {
	top := slices.Max(v.logs)
	sum, total := 0.0, 0.0
	for i, log := range v.logs {
		sum += v.weights[i] * math.Exp(log-top)
		total += v.weights[i]
	}
	return top + math.Log(sum/total)
}

// logBayesOf is the log Bayes factor in the directions that a fault may move the
// key's measure: errors, latency and use of resources rise, traffic falls; calls
// onwards may also rise, by retries and loops.
func (c contrast) logBayesOf(key edgeKey) float64 {
	if key.measure != measureTraffic {
		return c.logBayes()
	}
	fall := c
	fall.effect = -c.effect
	if !key.outbound {
		return fall.logBayes()
	}
	return math.Log(0.7*math.Exp(fall.logBayes()) + 0.3*math.Exp(c.logBayes()))
}

// split divides a service's series into those of instances that the change had
// reached and the others.
func (e *Engine) split(v *metricView, c *candidate, service string) (fresh, old map[edgeKey][]int) {
	fresh, old = map[edgeKey][]int{}, map[edgeKey][]int{}
	side := v.sides(&c.detail.change, service)
	put := func(key edgeKey, i int, of versionMatch) {
		switch of {
		case versionFresh:
			fresh[key] = append(fresh[key], i)
		case versionStale:
			old[key] = append(old[key], i)
		}
	}
	for _, i := range v.services[service] {
		x := &v.series[i]
		put(x.key(), i, side.of(x.instance, x.version))
	}
	for _, i := range v.callers[service] {
		if x := &v.series[i]; !x.peerInstance.none() {
			put(edgeKey{service, x.measure, "", true, false, x.Signal}, i, side.of(x.peerInstance, ""))
		}
	}
	return fresh, old
}

// sides tells a service's changed instances from the others: by the rollout's
// list, by version, or, for want of both, by when they began.
type sides struct {
	touched []instanceName
	version string
	// born are the instances that began with the change where others are older.
	born map[instanceName]versionMatch
}

func (v *metricView) sides(c *Change, service string) sides {
	s := sides{version: plainVersion(c.Version)}
	for _, step := range c.Rollout {
		for _, name := range step.Instances {
			s.touched = append(s.touched, v.instanceOf(service, name))
		}
	}
	versions := s.version != "" && slices.ContainsFunc(v.services[service], func(i int) bool { return v.series[i].version == s.version })
	if len(s.touched) == 0 && !versions {
		s.born = v.born(service, c.StartedAt)
	}
	return s
}

// instanceOf reads the name of an instance in a rollout. Its port tells processes
// of one host apart where series of the service know that port; else it is that
// of the service, and series have another, at which metrics are read.
func (v *metricView) instanceOf(service, name string) instanceName {
	n := readInstance(name)
	if n.port != "" && !slices.ContainsFunc(v.services[service], func(i int) bool {
		return v.series[i].instance.port == n.port && v.series[i].instance.onHost(n)
	}) {
		n.port = ""
	}
	return n
}

func (s *sides) of(instance instanceName, version string) versionMatch {
	switch {
	case instance.none() && version == "":
		return versionUnknown
	case slices.ContainsFunc(s.touched, instance.is), version != "" && version == s.version:
		return versionFresh
	case s.born != nil:
		return s.born[instance]
	case len(s.touched) > 0 || version != "" && s.version != "":
		return versionStale
	}
	return versionUnknown
}

// bornWithin is how long after the start of a change its instances begin.
const bornWithin = 15 * time.Minute

// born sorts a service's instances by whether they began with a change; nil
// where that does not tell them apart.
func (v *metricView) born(service string, start time.Time) map[instanceName]versionMatch {
	out := map[instanceName]versionMatch{}
	fresh, old := 0, 0
	for instance, life := range v.lives(service) {
		switch {
		case life.first.Before(start):
			out[instance] = versionStale
			old++
		case life.first.Sub(start) <= bornWithin:
			out[instance] = versionFresh
			fresh++
		}
	}
	if fresh == 0 || old == 0 {
		return nil
	}
	return out
}

// instanceText says how changed and unchanged instances differ most, or that they
// do not in any of the measures.
func instanceText(key edgeKey, x contrast, measures int, log float64) string {
	where, what := key.service, measureWords[x.measure]
	if key.peer != "" {
		where += " towards " + key.peer
	}
	if x.measure == measureSaturation && key.signal != "" {
		what = key.signal
	}
	if log < 0.3 {
		return fmt.Sprintf("Changed and unchanged instances of %s look alike in %s (most apart: %s %s).",
			key.service, count(measures, "measure"), what, effectWords(x))
	}
	return fmt.Sprintf("Changed instances of %s stand out from unchanged ones: %s %s.", where, what, effectWords(x))
}
