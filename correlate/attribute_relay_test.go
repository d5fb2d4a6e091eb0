package correlate

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// relayStory is a company in which services a0 to a5 call a router, which calls
// what was changed three minutes before noon; the router itself was changed more
// than an hour earlier. The first n callers alert, and also the services named.
func relayStory(n int, also ...string) *shopStory {
	s := &shopStory{
		edges:   []string{"router>configuration"},
		changes: []Change{changed("guilty", 3*time.Minute, "configuration"), changed("older", 79*time.Minute, "router")},
	}
	for i := range 6 {
		s.edges = append(s.edges, fmt.Sprintf("a%d>router", i))
	}
	for i := range 290 {
		s.edges = append(s.edges, fmt.Sprintf("x%d>x%d", i, (i*7+3)%290))
	}
	for i := range n {
		s.alerts = append(s.alerts, critical(fmt.Sprintf("a%d", i), time.Duration(i)*20*time.Second))
	}
	for i, service := range also {
		s.alerts = append(s.alerts, critical(service, time.Duration(n+i)*20*time.Second))
	}
	return s
}

// judged is the finding with the given weight of shared ways.
func (s *shopStory) judged(relay float64) Finding {
	w := DefaultWeights()
	w.Topology.Relay = relay
	return NewEngine(w).Attribute(s.input())
}

func topologyOdds(t *testing.T, f *Finding, id string) float64 {
	t.Helper()
	return about(t, f, id, EvidenceTopology)[0].LogOdds
}

// Alerts that came over the same silent service each paid for its call before, so
// that a cause behind it lost a nat and more by every further alert.
func TestMoreAlertsOverOneSilentServiceDoNotAcquitWhatItCalls(t *testing.T) {
	two, five := relayStory(2).judged(1), relayStory(5).judged(1)
	if p := probabilityIn(&five, "guilty"); p < 0.8 {
		t.Errorf("with five alerts the cause behind the silent service has %.3f, want at least 0.8", p)
	}
	lost := topologyOdds(t, &two, "guilty") - topologyOdds(t, &five, "guilty")
	alone2, alone5 := relayStory(2).judged(0), relayStory(5).judged(0)
	lostAlone := topologyOdds(t, &alone2, "guilty") - topologyOdds(t, &alone5, "guilty")
	if lost > lostAlone-0.5 {
		t.Errorf("three more alerts cost %.2f nats, and %.2f if each pays for itself: want 0.5 less at least", lost, lostAlone)
	}
	if none, alone := five.NoChangeProbability, alone5.NoChangeProbability; none >= alone {
		t.Errorf("no change has %.4f, and %.4f if each pays for itself", none, alone)
	}
}

// A service that alerts shows by itself that the fault passed over it, which the
// ways between alerting services already say.
func TestAServiceThatAlertsIsNoSilentWay(t *testing.T) {
	with, without := relayStory(3, "router").judged(1), relayStory(3, "router").judged(0)
	if a, b := probabilityIn(&with, "guilty"), probabilityIn(&without, "guilty"); math.Abs(a-b) > 0.01 {
		t.Errorf("%.4f with shared ways, %.4f without", a, b)
	}
}

// What an origin explains over silent services, worked out one by one.
func TestAnOriginExplainsWhatItsSilentCallersWould(t *testing.T) {
	w := DefaultWeights()
	w.Topology.Callee = 0
	e, in := NewEngine(w), relayStory(4).input()
	s := e.newScene(&in)
	defer s.leave()
	f, list := s.origins.frame, s.origins.list
	router, _ := in.Graph.id("router")
	behind, _ := in.Graph.id("configuration")
	over, from := &list[s.origins.at(router)], &list[s.origins.at(behind)]
	reach, quiet := 0.0, 0.0
	for k, part := range w.Topology.Spread {
		reach += part.Prior * part.Reach
		quiet += part.Prior * from.quiet[k]
	}
	for i := range from.seen { // The router is the only caller, over one certain call.
		want := from.own[i] + w.Topology.Relay*reach*quiet*over.own[i]
		if !nearly(from.seen[i], want) {
			t.Errorf("onset %d: %g, want %g", i, from.seen[i], want)
		}
	}
	if got := f.relays(&s.origins); len(got) == 0 || list[got[0].at].node != router {
		t.Errorf("the best silent service is not the router: %v", got)
	}
}

func probabilityIn(f *Finding, id string) float64 {
	for _, s := range f.Suspects {
		if s.Change.ID == id {
			return s.Probability
		}
	}
	return 0
}

// plainRelay adds what each service explains to the services that it calls, where
// it is silent itself, and counts how often.
func plainRelay(sp *spreader, s *scene, seen, all map[string][]float64, links map[string][]link) (relayed int) {
	g, f := s.in.Graph, s.origins.frame
	var silent []string
	for name := range seen {
		if !slices.ContainsFunc(links[name], func(l link) bool { return l.route == routeSelf }) {
			silent = append(silent, name)
		}
	}
	slices.SortFunc(silent, func(a, b string) int {
		return cmp.Or(cmp.Compare(sumOf(seen[b]), sumOf(seen[a])), cmp.Compare(a, b))
	})
	for _, name := range silent[:min(len(silent), maxRelays)] {
		node, _ := g.id(name)
		for _, a := range g.mainCallees(node) {
			behind := g.names[a.to]
			if seen[behind] == nil {
				continue
			}
			reach, quiet := 0.0, 0.0
			for k, hush := range f.quiet(a.to, links[behind]) {
				part := sp.w.Topology.Spread[k]
				reach, quiet = reach+part.Prior*part.Reach, quiet+part.Prior*hush
			}
			for i, weight := range seen[name] {
				all[behind][i] += sp.w.Topology.Relay * reach * sp.over(a, g.fanIn(a)) * quiet * weight
			}
			relayed++
		}
	}
	return relayed
}
