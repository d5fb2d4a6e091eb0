package simulate

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// script is one outage in the making.
type script struct {
	draw
	w *world

	// onset is the first alert of the outage, lag before it the impact, and
	// judged the moment of judgement.
	onset  time.Time
	lag    time.Duration
	judged time.Time
	why    cause

	kind    string
	hits    []hit
	guilty  []*madeChange
	others  []*madeChange
	alerts  []correlate.Alert
	metrics []correlate.Series

	// regions confine the outage; none means everywhere.
	regions []string
	// hint is a word of the guilty change that alert texts may quote.
	hint string
	// signal overrides what the alerts measure.
	signal correlate.Signal
}

// impact is when users began to be hurt.
func (s *script) impact() time.Time { return s.onset.Add(-s.lag) }

// effect is when the guilty change must have taken effect.
func (s *script) effect() time.Time { return s.impact().Add(-impactDelay(s.draw, s.why)) }

// newScript sets the stage: when it happens and what mechanism delays it.
// Outages by change begin when changes are made, others when the load is high.
func (w *world) newScript(d draw, byChange bool) *script {
	s := &script{draw: d, w: w, why: weighted(d, delayMixture), lag: alarmLag(d)}
	day := firstDay.AddDate(0, 0, d.IntN(w.options.Days))
	within := time.Duration(d.Float64() * float64(time.Hour))
	hour := pick(d, peakHours)
	if byChange && s.why != nextPeak {
		hour = d.hourByPace()
	}
	s.onset = day.Add(time.Duration(hour)*time.Hour + within).Truncate(time.Millisecond)
	s.judged = s.onset.Add(seconds(60 * min(max(d.logNormal(7, 0.7), 1), 30))).Truncate(time.Millisecond)
	return s
}

// hourByPace draws an hour of the day by how much is changed in it.
func (d draw) hourByPace() int {
	shares := make([]share[int], len(busyHours))
	for h, weight := range busyHours {
		shares[h] = share[int]{h, weight}
	}
	return weighted(d, shares)
}

// blame makes a guilty change of the kind to the service at the moment. A
// guilty change is a routine change of which two things are known: it went to
// production, and it was begun.
func (s *script) blame(kind correlate.ChangeKind, svc int, start time.Time) *madeChange {
	m := s.w.change(s.draw, kind, svc, start)
	m.Environment = correlate.DefaultEnvironment
	s.guilty = append(s.guilty, &m)
	return &m
}

// add makes a change that is not guilty.
func (s *script) add(kind correlate.ChangeKind, svc int, start time.Time) *madeChange {
	m := s.w.change(s.draw, kind, svc, start)
	s.others = append(s.others, &m)
	return &m
}

// fail lets the fault break out at the origin and spread.
func (s *script) fail(origin int, reach float64) {
	s.hits = s.w.spread(s.draw, origin, s.impact(), reach)
	ensureLoud(s.hits)
}

// usualReach draws how much of the origin's work a fault harms.
func (s *script) usualReach() float64 { return 0.3 + 0.7*s.Float64() }

// confine limits the outage to where the change had come by the impact, and
// sometimes lets the alerts quote what it touched.
func (s *script) confine(m *madeChange) {
	s.regions = reachedRegions(m, s.impact())
	if s.chance(0.3) {
		s.hint = m.part
	}
	switch m.Kind {
	case correlate.KindPrompt, correlate.KindModel, correlate.KindGuardrail:
		s.signal = correlate.SignalAISafety
	}
}

// reachedRegions are the regions that a change had come to by the moment, none
// for everywhere.
func reachedRegions(m *madeChange, by time.Time) []string {
	var reached []string
	for _, step := range m.Rollout {
		if step.Region != "" && !step.At.After(by) {
			reached = append(reached, step.Region)
		}
	}
	if len(reached) > 0 {
		return reached
	}
	return m.Regions
}

// alerting are the services that noticed.
func (s *script) alerting() []int {
	var services []int
	for _, h := range s.hits {
		if h.loud {
			services = append(services, h.service)
		}
	}
	return services
}

// neighbour draws a service that calls or is called by one that is hit.
func (s *script) neighbour() int {
	near := pick(s.draw, s.hits).service
	calls := append(append([]call(nil), s.w.callers[near]...), s.w.callees[near]...)
	if len(calls) == 0 {
		return near
	}
	return pick(s.draw, calls).to
}

// afterOnset draws a moment in which responders act.
func (s *script) afterOnset() time.Time {
	return s.onset.Add(seconds(s.between(45, max(60, s.judged.Sub(s.onset).Seconds()+600))))
}
