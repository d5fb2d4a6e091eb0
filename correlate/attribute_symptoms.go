package correlate

import (
	"cmp"
	"math"
	"slices"
)

// symptom is one alerting service: what its alerts say together.
type symptom struct {
	service string
	start   int64
	// noise is the probability of such an alert on the service by chance.
	noise float64
	// loud is the probability that a fault which shows raises an alert of this
	// severity.
	loud float64
	// grave says that the severity is critical or high.
	grave bool
	// places are the nodes of the graph that the alerts may be about.
	places []place
	// said are the words of the service's name, kin the nodes that share a rare one.
	said []string
	kin  []int32
	// alerts are indexes into scene.alerts, first start first; lead is the one
	// that gave start.
	alerts []int
	lead   int
}

// place is a node with the strength, 0 to 1, of its claim to be meant.
type place struct {
	node     int32
	strength float64
}

// setSymptoms groups the visible alerts by service, first start first. Of very
// many, the gravest and earliest are kept and the others are counted.
func (e *Engine) setSymptoms(s *scene) {
	index := map[string]int{}
	for i := range s.alerts {
		service := s.alerts[i].Service
		at, ok := index[service]
		if !ok {
			at = len(s.symptoms)
			index[service] = at
			s.symptoms = append(s.symptoms, symptom{service: service})
		}
		s.symptoms[at].alerts = append(s.symptoms[at].alerts, i)
	}
	for i := range s.symptoms {
		e.describe(s, &s.symptoms[i])
	}
	byStart := func(a, b symptom) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.service, b.service))
	}
	if limit := e.weights.Limits.Symptoms; len(s.symptoms) > limit {
		slices.SortFunc(s.symptoms, func(a, b symptom) int { return cmp.Or(cmp.Compare(b.loud, a.loud), byStart(a, b)) })
		s.crowd = len(s.symptoms) - limit
		s.symptoms = s.symptoms[:limit]
	}
	slices.SortFunc(s.symptoms, byStart)
	for i := range s.symptoms {
		e.locate(s.in.Graph, &s.symptoms[i])
	}
}

// describe fills in when the symptom began and how likely it is by chance. The
// gravest of its alerts decide.
func (e *Engine) describe(s *scene, y *symptom) {
	worst := 0
	for _, i := range y.alerts {
		worst = max(worst, s.alerts[i].Severity.Rank())
	}
	y.start = math.MaxInt64
	for _, i := range y.alerts {
		a := &s.alerts[i]
		if a.Severity.Rank() == worst && a.StartedAt.UnixMilli() < y.start {
			y.start, y.lead = a.StartedAt.UnixMilli(), i
		}
	}
	severity := s.alerts[y.lead].Severity
	w := &e.weights.Topology
	y.noise = min(w.noiseAlerts(severity)/e.noiseServices(s.in.Graph), 0.2)
	y.grave = severity.Rank() >= SeverityHigh.Rank()
	y.loud = w.signalAlerts(severity)
}

// noiseServices is the number of services on which unrelated alerts fall.
func (e *Engine) noiseServices(g *Graph) float64 {
	return max(min(float64(g.Len()), e.weights.Topology.NoiseServices), 10)
}

// noiseAlerts is the expected number of unrelated alerts of the severity; a
// severity without an entry counts as unknown.
func (w *TopologyWeights) noiseAlerts(s Severity) float64 {
	if n, ok := w.NoiseAlerts[s]; ok {
		return n
	}
	return w.NoiseAlerts[""]
}

// signalAlerts is the share of a fault's alerts that have the severity.
func (w *TopologyWeights) signalAlerts(s Severity) float64 {
	if p, ok := w.SignalAlerts[s]; ok {
		return p
	}
	return w.SignalAlerts[""]
}

// maxAliases bounds how many services one alert's name may stand for.
const maxAliases = 4

// locate finds the nodes that an alert's service name stands for: the service
// itself, and services whose whole name the alert's name contains, as "edge
// proxy in 19 DCs" contains "edge-proxy".
func (e *Engine) locate(g *Graph, y *symptom) {
	if g.Len() == 0 {
		return
	}
	if id, ok := g.id(y.service); ok {
		y.places = append(y.places, place{id, 1})
	}
	y.said = words(y.service)
	y.kin = g.kin(y.service, y.said)
	aliases := 0
	for _, node := range y.kin {
		if own := g.parts[node]; aliases < maxAliases && len(own) < len(y.said) && containsAll(y.said, own) {
			y.places = append(y.places, place{node, e.weights.Topology.Alias})
			aliases++
		}
	}
}
