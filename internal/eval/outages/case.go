package outages

import (
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// What surrounds an outage in time, measured on another set of outages in a
// synthetic company: routine changes of the two days before, or back to the
// guilty one but a month at most; one to four stray warnings from the hour
// before; up to three responders' changes within ten minutes.
const (
	usualPast   = 48 * time.Hour
	longestPast = 30 * 24 * time.Hour
	strayBefore = time.Hour
	responders  = 10 * time.Minute
	// namedPace is how many routine changes a day a service of the outage sees.
	namedPace = 1.4
	// alertGap is the mean time between alerts of which only the order is known.
	alertGap = time.Minute
)

// The moment of judgement: some minutes after the last alert, and long enough
// after the first that findings can be judged on the way.
const (
	afterLast  = 5 * time.Minute
	afterFirst = 20 * time.Minute
)

var (
	strayCounts     = []share[int]{{1, 22}, {2, 17}, {3, 11}, {4, 14}}
	responderCounts = []share[int]{{0, 15}, {1, 23}, {2, 7}, {3, 19}}
	responderKinds  = []share[correlate.ChangeKind]{
		{correlate.KindScaling, 33}, {correlate.KindRollback, 31}, {correlate.KindConfig, 30},
	}
)

// alertNames are what monitoring calls trouble of each signal.
var alertNames = map[correlate.Signal]string{
	correlate.SignalErrors: "HighErrorRate", correlate.SignalLatency: "SlowResponses",
	correlate.SignalAvailability: "Unavailable", correlate.SignalSaturation: "Saturated",
	correlate.SignalTraffic: "TrafficDrop", correlate.SignalAISafety: "AnswerOffPolicy",
	correlate.SignalBusiness: "BusinessFigureOff", correlate.SignalSecurity: "AccessAnomaly",
}

// stage is one outage being placed in a company.
type stage struct {
	*workshop
	o *Outage
	c *company
	// onset is the first alert, judged the moment of judgement.
	onset, judged time.Time
	changes       []correlate.Change
	alerts        []correlate.Alert
	causes        []string
}

// expand makes the case of an outage.
func expand(o *Outage, parts []string, opts Options) eval.Case {
	d := newDraw(opts.Seed, o.ID)
	s := &stage{workshop: &workshop{draw: d, parts: parts}, o: o, c: newCompany(d, o, opts.Services)}
	s.onset = o.At.Add(d.span(time.Minute)).Truncate(time.Millisecond)
	s.raise()
	s.blame()
	s.pass(opts)
	s.respond()
	s.stray()
	kind := "none"
	if len(o.Changes) > 0 {
		kind = string(o.Changes[0].Kind)
	}
	return eval.Case{
		Name: fmt.Sprintf("%s#%d", o.ID, opts.Seed), Causes: s.causes, Kind: kind,
		Record: eval.Record{
			At: s.judged, Topology: s.c.topology(d, s.onset.Add(-usualPast)),
			Changes: shuffled(d, s.changes), Alerts: shuffled(d, s.alerts),
		},
	}
}

// raise raises the alerts of the outage and fixes the moment of judgement.
func (s *stage) raise() {
	at := s.onset
	for i := range s.o.Alerts {
		a := &s.o.Alerts[i]
		if i > 0 {
			at = at.Add(s.wait(alertGap))
		}
		if told := s.onset.Add(minutes(a.AfterMinutes)); a.AfterMinutes > 0 && told.After(at) {
			at = told
		}
		signal := a.Signal
		if signal == "" {
			signal = correlate.SignalErrors
		}
		s.alert(a.Service, signal, correlate.SeverityCritical, a.Region, at)
	}
	s.judged = at.Add(afterLast)
	if early := s.onset.Add(afterFirst); s.judged.Before(early) {
		s.judged = early
	}
	s.judged = s.judged.Truncate(time.Millisecond)
}

func (s *stage) alert(service string, signal correlate.Signal, severity correlate.Severity, region string, at time.Time) {
	a := correlate.Alert{
		ID: fmt.Sprintf("alert-%08x", s.Uint32()), Source: "monitor", Service: service, Environment: correlate.DefaultEnvironment,
		Region: region, Name: alertNames[signal], Severity: severity, Status: correlate.AlertFiring, Signal: signal,
		StartedAt: at.Truncate(time.Millisecond),
	}
	a.Fingerprint = a.DefaultFingerprint()
	s.alerts = append(s.alerts, a)
}

// blame makes the guilty changes and, where its time is known, the undoing of
// the first. Published minutes are rounded; a change still precedes its effect.
func (s *stage) blame() {
	s.causes = []string{}
	for i := range s.o.Changes {
		of := &s.o.Changes[i]
		start := s.o.At.Add(s.span(time.Minute) - minutes(of.BeforeMinutes))
		if latest := s.onset.Add(-5 * time.Second); start.After(latest) {
			start = latest
		}
		c := s.guilty(of, s.o.At, start)
		s.causes = append(s.causes, c.ID)
		s.changes = append(s.changes, c)
	}
	if s.o.RolledBackMinutes > 0 && len(s.o.Changes) > 0 {
		s.undo(s.changes[0].Services[0], s.changes[0].ID, s.onset.Add(minutes(s.o.RolledBackMinutes)))
	}
}

// undo rolls a change back.
func (s *stage) undo(service, id string, at time.Time) {
	back := s.make(service, correlate.KindRollback, pick(s.draw, s.parts), at)
	back.RollbackOf = id
	s.changes = append(s.changes, back)
}

// pass lets the company go about its business: at the same pace at any hour,
// more often at the services of the outage.
func (s *stage) pass(opts Options) {
	past := usualPast
	for i := range s.o.Changes {
		past = max(past, min(longestPast, minutes(s.o.Changes[i].BeforeMinutes)))
	}
	mean := 24 * time.Hour / time.Duration(opts.ChangesPerDay)
	named := min(0.5, namedPace*float64(len(s.c.named))/float64(opts.ChangesPerDay))
	for at := s.onset.Add(-past + s.wait(mean)); at.Before(s.judged); at = at.Add(s.wait(mean)) {
		service := pick(s.draw, s.c.routine)
		if s.chance(named) {
			service = pick(s.draw, s.c.named)
		}
		s.changes = append(s.changes, s.routine(service, at))
	}
}

// respond has people change services of the outage once alerts are out. Their
// rollbacks undo what was changed there last, which is never the guilty change:
// a true undoing is made by blame, at its published time.
func (s *stage) respond() {
	for range weighted(s.draw, responderCounts) {
		service, kind := pick(s.draw, s.c.named), weighted(s.draw, responderKinds)
		at := s.onset.Add(s.span(responders))
		if id := s.latest(service); kind == correlate.KindRollback && id != "" {
			s.undo(service, id, at)
			continue
		}
		s.changes = append(s.changes, s.make(service, kind, pick(s.draw, s.parts), at))
	}
}

// latest is the id of the last routine change of the service before the onset,
// empty if there is none.
func (s *stage) latest(service string) string {
	var id string
	var at time.Time
	for i := len(s.causes); i < len(s.changes); i++ {
		c := &s.changes[i]
		if c.Services[0] == service && c.RollbackOf == "" && c.StartedAt.Before(s.onset) && c.StartedAt.After(at) {
			id, at = c.ID, c.StartedAt
		}
	}
	return id
}

// stray adds warnings that have nothing to do with the outage.
func (s *stage) stray() {
	for range weighted(s.draw, strayCounts) {
		region := ""
		if s.chance(regionShare) {
			region = pick(s.draw, regions)
		}
		at := s.onset.Add(s.span(strayBefore+afterLast) - strayBefore)
		s.alert(pick(s.draw, s.c.routine), correlate.SignalSaturation, correlate.SeverityWarning, region, at)
	}
}
