package simulate

import (
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
)

// raise turns the noticed hits into alerts. The first of them starts at the
// onset; the others keep their distance from it, with some jitter of their own
// checks.
func (s *script) raise() {
	labelled := s.chance(0.5)
	first := time.Time{}
	var raised []correlate.Alert
	for i := range s.hits {
		h := &s.hits[i]
		if !h.loud {
			continue
		}
		severity := weighted(s.draw, []share[correlate.Severity]{
			{correlate.SeverityCritical, 0.6}, {correlate.SeverityHigh, 0.3}, {correlate.SeverityWarning, 0.1},
		})
		a := s.alertOn(h.service, h.from.Add(s.exponential(90*time.Second)), severity)
		a.Signal = s.signalOf(h)
		a.Name = pick(s.draw, alertNames[a.Signal])
		s.place(&a, h, labelled)
		s.word(&a)
		raised = append(raised, a)
		if first.IsZero() || a.StartedAt.Before(first) {
			first = a.StartedAt
		}
	}
	shift := s.onset.Sub(first)
	for i := range raised {
		raised[i].StartedAt = raised[i].StartedAt.Add(shift)
		s.finish(&raised[i])
	}
	s.alerts = append(s.alerts, raised...)
}

// alertOn makes a firing alert of a service with nothing said about its cause.
func (s *script) alertOn(svc int, start time.Time, severity correlate.Severity) correlate.Alert {
	signal := weighted(s.draw, []share[correlate.Signal]{
		{correlate.SignalErrors, 4},
		{correlate.SignalLatency, 3},
		{correlate.SignalSaturation, 3},
		{correlate.SignalAvailability, 1},
	})
	service := &s.w.services[svc]
	return correlate.Alert{
		ID: fmt.Sprintf("alr-%012x", s.Uint64()>>16), Source: "monitor", Service: service.name,
		Environment: correlate.DefaultEnvironment, Name: pick(s.draw, alertNames[signal]), Severity: severity,
		Status: correlate.AlertFiring, Signal: signal, StartedAt: start.Truncate(time.Millisecond),
		Labels: map[string]string{"team": service.team},
	}
}

// signalOf is what a failing service shows: errors and latency at callers,
// saturation or missing traffic at what they call.
func (s *script) signalOf(h *hit) correlate.Signal {
	if s.signal != "" {
		return s.signal
	}
	if h.route == routeCallee {
		return pick(s.draw, []correlate.Signal{correlate.SignalSaturation, correlate.SignalTraffic})
	}
	return weighted(s.draw, []share[correlate.Signal]{
		{correlate.SignalErrors, 5}, {correlate.SignalLatency, 3}, {correlate.SignalAvailability, 2},
	})
}

// place says where the alert was seen. Half of the outages have alerts with
// regions; an alert of the changed service itself may name the failing version
// or instance.
func (s *script) place(a *correlate.Alert, h *hit, labelled bool) {
	if labelled {
		regions := s.regions
		if len(regions) == 0 {
			regions = s.w.regions
		}
		a.Region = pick(s.draw, regions)
	}
	for _, m := range s.guilty {
		if m.service != h.service {
			continue
		}
		if m.Version != "" && s.chance(0.3) {
			a.Version = m.Version
		}
		if names := reachedInstances(m, s.impact()); len(names) > 0 && s.chance(0.5) {
			a.Instance = pick(s.draw, names)
		}
	}
	if a.Instance == "" && s.chance(0.15) {
		a.Instance = pick(s.draw, s.w.instances(h.service))
	}
	if a.Version == "" && s.chance(0.1) {
		a.Version = version(s.draw)
	}
}

// reachedInstances are the named instances that a change had come to.
func reachedInstances(m *madeChange, by time.Time) []string {
	var names []string
	for _, step := range m.Rollout {
		if !step.At.After(by) {
			names = append(names, step.Instances...)
		}
	}
	return names
}

// word writes the alert's summary. A hint quotes what the guilty change
// touched; as often, the text names something else.
func (s *script) word(a *correlate.Alert) {
	about := ""
	switch {
	case s.hint != "" && s.chance(0.5):
		about = s.hint
	case s.chance(0.2):
		about = pick(s.draw, parts)
	}
	a.Summary = fmt.Sprintf("%s on %s", a.Name, a.Service)
	if about != "" {
		a.Summary += ": " + pick(s.draw, []string{"exceeded", "unexpected", "failing", "mismatch in"}) + " " + about
	}
}

// finish gives the alert its end, which judgement usually does not live to see:
// outages last 209 minutes in the median.
func (s *script) finish(a *correlate.Alert) {
	end := a.StartedAt.Add(seconds(60 * s.logNormal(209, 1))).Truncate(time.Millisecond)
	a.ResolvedAt, a.Status = &end, correlate.AlertResolved
}

// usualNoise is how many unrelated alerts come with an outage. A case is one
// incident: what is far away in a large company is another one.
const usualNoise = 3.0

// noise adds alerts that have nothing to do with the outage: mostly warnings,
// half of them near enough to be taken for a part of it, sometimes one that
// flaps.
func (s *script) noise(view *excerpt) {
	from := s.onset.Add(-time.Hour)
	span := s.judged.Sub(from) + 15*time.Minute
	for range s.poisson(usualNoise) {
		severity := weighted(s.draw, []share[correlate.Severity]{
			{correlate.SeverityWarning, 0.7},
			{correlate.SeverityInfo, 0.2},
			{correlate.SeverityHigh, 0.08},
			{correlate.SeverityCritical, 0.02},
		})
		a := s.alertOn(s.noisy(view), from.Add(time.Duration(s.Float64()*float64(span))), severity)
		s.word(&a)
		if s.chance(0.6) {
			end := a.StartedAt.Add(s.exponential(15 * time.Minute)).Truncate(time.Millisecond)
			a.ResolvedAt, a.Status = &end, correlate.AlertResolved
		}
		s.alerts = append(s.alerts, a)
	}
	if s.chance(0.25) {
		s.flap(s.noisy(view), from)
	}
}

func (s *script) noisy(view *excerpt) int {
	if s.chance(0.5) {
		return pick(s.draw, view.near)
	}
	return s.IntN(len(s.w.services))
}

// flap adds one alert that fires and resolves again and again.
func (s *script) flap(svc int, from time.Time) {
	a := s.alertOn(svc, from, correlate.SeverityWarning)
	a.StartedAt = from.Add(s.exponential(10 * time.Minute)).Truncate(time.Millisecond)
	for range 3 + s.IntN(6) {
		end := a.StartedAt.Add(30*time.Second + s.exponential(2*time.Minute)).Truncate(time.Millisecond)
		again := a
		again.ResolvedAt, again.Status = &end, correlate.AlertResolved
		again.ID = fmt.Sprintf("alr-%012x", s.Uint64()>>16)
		s.alerts = append(s.alerts, again)
		a.StartedAt = end.Add(time.Minute + s.exponential(3*time.Minute)).Truncate(time.Millisecond)
	}
}
