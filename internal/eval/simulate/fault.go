package simulate

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// route is how a fault reached a service.
type route int

const (
	routeSelf   route = iota // The service where the fault is.
	routeCaller              // It calls a failing service.
	routeCallee              // A failing service calls it too much, or no more.
)

// hit is one service that a fault reached.
type hit struct {
	service int
	from    time.Time
	hops    int
	route   route
	// loud tells that monitoring notices.
	loud bool
}

// passShare is how often a failure passes from callee to caller in full, by
// kind of dependency. No figure is published; that synchronous calls pass most
// and asynchronous ones least is common experience.
var passShare = map[correlate.EdgeKind]float64{
	correlate.EdgeSync: 0.6, correlate.EdgeData: 0.6, correlate.EdgeSharedInfra: 0.45, correlate.EdgeAsync: 0.2,
}

// hopDamping is how much of a failure is left after each further call: paths
// from fault to symptom have 1, 2, 3 and 4 or more components in 12%, 53%, 27%
// and 8% of published cases.
var hopDamping = []float64{1, 0.5, 0.25}

// Bounds of a spread: how many callers and callees of one service fail on
// average at most, and how many services in all. Operators see the first tens
// of alerts of a storm.
const (
	failingCallers = 12
	failingCallees = 0.4
	maxHits        = 60
)

// spread lets a fault at the origin reach its callers, theirs, and by retries
// and missing traffic the services below. Reach scales how much passes.
func (w *world) spread(d draw, origin int, impact time.Time, reach float64) []hit {
	hits := []hit{{service: origin, from: impact, route: routeSelf}}
	reached := map[int]bool{origin: true}
	for next := 0; next < len(hits) && len(hits) < maxHits; next++ {
		h := hits[next]
		if h.route == routeCallee || h.hops >= len(hopDamping) {
			continue
		}
		add := func(to int, how route) {
			if reached[to] || len(hits) >= maxHits {
				return
			}
			reached[to] = true
			delay := d.exponential(40 * time.Second)
			hits = append(hits, hit{service: to, from: h.from.Add(delay), hops: h.hops + 1, route: how})
		}
		w.passUp(d, h, reach, add)
		w.passDown(d, h, reach, add)
	}
	for i := range hits {
		hits[i].loud = d.chance(w.noticed(&hits[i]))
	}
	return hits
}

func (w *world) passUp(d draw, h hit, reach float64, add func(int, route)) {
	callers := w.callers[h.service]
	ceiling := failingCallers * hopDamping[h.hops] / float64(max(len(callers), 1))
	for _, c := range callers {
		if d.chance(min(passShare[c.kind]*reach*hopDamping[h.hops], ceiling)) {
			add(c.to, routeCaller)
		}
	}
}

func (w *world) passDown(d draw, h hit, reach float64, add func(int, route)) {
	callees := w.callees[h.service]
	ceiling := failingCallees / float64(max(len(callees), 1))
	for _, c := range callees {
		if d.chance(min(0.05*reach*hopDamping[h.hops], ceiling)) {
			add(c.to, routeCallee)
		}
	}
}

// noticed is the chance that a service raises an alert when a fault reaches it:
// critical services are watched best, and one that fails others need not look
// ill itself.
func (w *world) noticed(h *hit) float64 {
	byTier := []float64{0, 0.85, 0.75, 0.6, 0.4}
	p := byTier[w.services[h.service].tier]
	if h.route == routeSelf {
		p *= 0.8
	}
	return p
}

// ensureLoud makes at least one hit noticed: without an alert there is no
// incident.
func ensureLoud(hits []hit) {
	if !slices.ContainsFunc(hits, func(h hit) bool { return h.loud }) {
		hits[len(hits)-1].loud = true
	}
}
