package simulate

import (
	"context"
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// A storm holds two to six outages that begin within two hours, and is judged
// half an hour after: long enough for late alerts, with most still firing.
const (
	fewestOutages = 2
	mostOutages   = 6
	stormSpan     = 2 * time.Hour
	stormAfter    = 30 * time.Minute
)

// stormKind is what makes a storm hard, beside that outages overlap.
type stormKind string

// The kinds of storms; see stormKinds.
const (
	stormOutages    stormKind = "outages"
	stormHub        stormKind = "shared_hub"
	stormFlapping   stormKind = "flapping"
	stormMonitoring stormKind = "monitoring_fails"
)

// stormKinds is the order in which storms take turns. Ordinary ones are the
// same whatever the others are.
var stormKinds = []stormKind{stormOutages, stormHub, stormOutages, stormFlapping, stormMonitoring}

// EachStorm makes Incidents storms of the company and calls visit with each,
// for judging how alerts are grouped into incidents. It stops at the first
// error of visit.
func EachStorm(ctx context.Context, o Options, visit func(*eval.Storm) error) error {
	if err := o.validate(); err != nil {
		return err
	}
	w := newWorld(o)
	for number := range o.Incidents {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("simulate storms: %w", err)
		}
		if err := visit(w.storm(number)); err != nil {
			return err
		}
	}
	return nil
}

// stormStream keeps the random streams of storms apart from those of cases.
const stormStream = 1 << 40

// storm makes storm number of the world.
func (w *world) storm(number int) *eval.Storm {
	d := newDraw(w.options.Seed, stormStream+uint64(number))
	kind := stormKinds[number%len(stormKinds)]
	all := w.newScript(d, true)
	begin := all.onset
	all.judged = begin.Add(stormSpan + stormAfter)
	truth := make(map[correlate.AlertKey]string)
	take := func(s *script, outage string) {
		for j := range s.alerts {
			a := &s.alerts[j]
			a.Fingerprint = a.DefaultFingerprint()
			truth[a.Key()] = outage
		}
		all.alerts = append(all.alerts, s.alerts...)
		all.hits = append(all.hits, s.hits...)
	}
	for i := range fewestOutages + d.IntN(mostOutages-fewestOutages+1) {
		onset := begin.Add(time.Duration(d.Float64() * float64(stormSpan)))
		var s *script
		if kind == stormHub && i == 0 {
			s = w.played(d, onset, all.judged, true, pattern{"k_hub", (*script).hub})
		} else {
			s = w.outage(d, onset, all.judged)
		}
		if kind == stormFlapping {
			s.unsteady()
		}
		take(s, fmt.Sprintf("outage-%d", i))
	}
	if kind == stormMonitoring {
		take(w.darkness(d, begin.Add(time.Duration(d.Float64()*float64(stormSpan))), all.judged), "monitoring")
	}
	view := w.excerpt(all)
	known := len(all.alerts)
	all.noise(view)
	for i := range all.alerts[known:] {
		a := &all.alerts[known+i]
		a.Fingerprint = a.DefaultFingerprint()
	}
	shuffle(d, all.alerts)
	return &eval.Storm{
		Name: fmt.Sprintf("storm-%d-%05d", w.options.Seed, number), Kind: string(kind), Truth: truth,
		Record: eval.Record{At: all.judged, Topology: all.topology(view), Alerts: all.alerts},
	}
}

// outage plays one outage with the first alert near onset, for its alerts only.
func (w *world) outage(d draw, onset, judged time.Time) *script {
	byChange := !d.chance(w.options.NoChangeShare)
	return w.played(d, onset, judged, byChange, pattern{})
}

// played plays an outage of the pattern, or of one that is drawn where it is
// empty.
func (w *world) played(d draw, onset, judged time.Time, byChange bool, chosen pattern) *script {
	s := w.newScript(d, byChange)
	s.onset, s.judged = onset.Truncate(time.Millisecond), judged
	switch {
	case chosen.play != nil:
	case byChange:
		chosen = weighted(d, changePatterns)
	default:
		chosen = weighted(d, controlPatterns)
	}
	chosen.play(s)
	s.raise()
	return s
}

// flappingShare is the share of alerts that flap in a storm of flapping.
const flappingShare = 0.4

// unsteady has some of the outage's alerts resolve and fire again, over and
// over.
func (s *script) unsteady() {
	steady := s.alerts
	s.alerts = nil
	for _, a := range steady {
		if !s.chance(flappingShare) {
			s.alerts = append(s.alerts, a)
			continue
		}
		for range 2 + s.poisson(3) {
			end := a.StartedAt.Add(30*time.Second + s.exponential(4*time.Minute)).Truncate(time.Millisecond)
			a.ResolvedAt, a.Status = &end, correlate.AlertResolved
			s.alerts = append(s.alerts, a)
			a.ID = fmt.Sprintf("alr-%012x", s.Uint64()>>16)
			a.StartedAt = end.Add(time.Minute + s.exponential(5*time.Minute)).Truncate(time.Millisecond)
		}
	}
}

// Monitoring that fails lacks data of a share of all services within minutes.
const (
	leastDark = 0.15
	mostDark  = 0.7
	// maxDark bounds the alerts; operators cut them off as well.
	maxDark = 300
)

// noDataNames are what the same monitoring calls services without data.
var noDataNames = []string{"TargetDown", "DatasourceNoData", "No data", "ScrapeFailed", "HeartbeatMissing"}

// darkness is a failure of the monitoring: it reports services as gone that work.
func (w *world) darkness(d draw, from, judged time.Time) *script {
	s := w.newScript(d, false)
	s.onset, s.judged = from.Truncate(time.Millisecond), judged
	n := int(float64(len(w.services)) * d.between(leastDark, mostDark))
	name, severity := pick(d, noDataNames), pick(d, []correlate.Severity{correlate.SeverityWarning, correlate.SeverityHigh, correlate.SeverityCritical})
	for _, svc := range d.Perm(len(w.services))[:min(max(n, 8), maxDark, len(w.services))] {
		a := s.alertOn(svc, s.onset.Add(min(s.exponential(90*time.Second), 8*time.Minute)), severity)
		a.Name, a.Signal = name, correlate.SignalAvailability
		a.Summary = name + " on " + a.Service
		s.finish(&a)
		s.alerts = append(s.alerts, a)
		s.hits = append(s.hits, hit{service: svc, from: s.onset, loud: true})
	}
	return s
}
