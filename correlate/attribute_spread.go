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
	// places are the nodes of the graph that the alert may be about.
	places []place
	alerts []int
}

// place is a node with the strength, 0 to 1, of its claim to be meant.
type place struct {
	node     int32
	strength float64
}

// link says that a fault in a service would show as a symptom: with the given
// strength, or with probability Self where hops is 0.
type link struct {
	symptom  int
	strength float64
	hops     int8
	route    route
}

// route is the direction in which the fault travels from origin to symptom.
type route uint8

const (
	routeSelf route = iota
	routeCaller
	routeCallee
	routeSideways
	routeName
)

// symptoms groups the visible alerts by service, first start first.
func (e *Engine) symptoms(s *scene) []symptom {
	index := map[string]int{}
	var list []symptom
	for i := range s.alerts {
		a := &s.alerts[i]
		at, ok := index[a.Service]
		if !ok {
			at = len(list)
			index[a.Service] = at
			list = append(list, symptom{service: a.Service})
		}
		list[at].alerts = append(list[at].alerts, i)
	}
	services := max(min(float64(s.in.Graph.Len()), e.weights.Topology.NoiseServices), 10)
	for i := range list {
		e.describe(s, &list[i], services)
	}
	slices.SortFunc(list, func(a, b symptom) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.service, b.service))
	})
	return list
}

// describe fills in when the symptom began and how likely it is by chance. The
// worst alerts decide; lesser ones count when they come within half an hour
// before.
func (e *Engine) describe(s *scene, y *symptom, services float64) {
	worst := 0
	for _, i := range y.alerts {
		worst = max(worst, s.alerts[i].Severity.Rank())
	}
	first := int64(math.MaxInt64)
	severity := Severity("")
	for _, i := range y.alerts {
		a := &s.alerts[i]
		if a.Severity.Rank() == worst && a.StartedAt.UnixMilli() < first {
			first, severity = a.StartedAt.UnixMilli(), a.Severity
		}
	}
	y.start = first
	y.noise = min(e.weights.Topology.NoiseAlerts[severity]/services, 0.2)
	y.places = e.places(s.in.Graph, y.service)
}

// places finds the nodes an alert's service name stands for: the service
// itself, and services whose whole name the alert's name contains.
func (e *Engine) places(g *Graph, name string) []place {
	if g.Len() == 0 {
		return nil
	}
	var out []place
	if id, ok := g.id(name); ok {
		out = append(out, place{id, 1})
	}
	said := words(name)
	var candidates []int32
	for _, word := range said {
		if owners := g.tokens[word]; len(owners) <= 64 {
			candidates = append(candidates, owners...)
		}
	}
	slices.Sort(candidates)
	for _, id := range slices.Compact(candidates) {
		if g.names[id] == name {
			continue
		}
		own := words(g.names[id])
		contained := !slices.ContainsFunc(own, func(w string) bool { return !slices.Contains(said, w) })
		if contained && len(out) <= e.weights.Limits.AliasGroups {
			out = append(out, place{id, e.weights.Topology.Alias})
		}
	}
	return out
}

// spreader walks the graph from the symptoms back to possible origins.
type spreader struct {
	graph   *Graph
	w       *TopologyWeights
	edge    [4]float64
	found   map[int32][]link
	symptom int
	budget  int
}

func (e *Engine) newSpreader(s *scene) *spreader {
	w := &e.weights.Topology
	sp := &spreader{graph: s.in.Graph, w: w, found: map[int32][]link{}}
	for i, kind := range EdgeKinds() {
		sp.edge[i] = w.Edge[kind]
	}
	return sp
}

// pass is the strength with which a fault passes over the edge.
func (sp *spreader) pass(a arc) float64 {
	return sp.edge[a.kind] * math.Pow(float64(a.share), sp.w.SharePower)
}

func (sp *spreader) note(node int32, l link) {
	links := sp.found[node]
	if n := len(links); n > 0 && links[n-1].symptom == l.symptom {
		if links[n-1].strength < l.strength {
			links[n-1] = l
		}
		return
	}
	sp.found[node] = append(links, l)
}

// from walks back from one place of one symptom.
func (sp *spreader) from(symptom int, p place, visits int) {
	sp.symptom, sp.budget = symptom, visits
	sp.note(p.node, link{symptom, p.strength, 0, routeSelf})
	sp.callees(p)
	sp.callers(p)
	sp.sideways(p)
}

// callees walks to what the service depends on, level by level.
func (sp *spreader) callees(p place) {
	level := []place{p}
	seen := map[int32]bool{p.node: true}
	for hop, decay := range sp.w.Caller {
		before := 1.0
		if hop > 0 {
			before = sp.w.Caller[hop-1]
		}
		var next []place
		for _, at := range level {
			for _, a := range sp.graph.calleesOf(at.node) {
				if seen[a.to] || sp.budget <= 0 {
					continue
				}
				sp.budget--
				seen[a.to] = true
				strength := at.strength * sp.pass(a) * decay / before
				sp.note(a.to, link{sp.symptom, strength, int8(hop + 1), routeCaller})
				next = append(next, place{a.to, strength})
			}
		}
		level = next
	}
}

// callers walks to services that call the symptom and may have overloaded it.
func (sp *spreader) callers(p place) {
	arcs := sp.graph.callersOf(p.node)
	damp := 1 / (1 + float64(len(arcs))/sp.w.HubFan)
	for _, a := range arcs {
		if sp.budget <= 0 {
			return
		}
		sp.budget--
		sp.note(a.to, link{sp.symptom, p.strength * sp.w.Callee * sp.pass(a) * damp, 1, routeCallee})
	}
}

// sideways walks to services that share a callee with the symptom and may have
// overloaded it for both.
func (sp *spreader) sideways(p place) {
	for _, down := range sp.graph.calleesOf(p.node) {
		arcs := sp.graph.callersOf(down.to)
		damp := sp.w.Sideways * sp.w.Callee / (1 + float64(len(arcs))/sp.w.HubFan)
		for _, up := range arcs {
			if sp.budget <= 0 {
				return
			}
			if up.to == p.node {
				continue
			}
			sp.budget--
			sp.note(up.to, link{sp.symptom, p.strength * sp.pass(down) * sp.pass(up) * damp, 2, routeSideways})
		}
	}
}
