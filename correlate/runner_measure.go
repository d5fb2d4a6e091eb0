package correlate

import (
	"context"
	"slices"
	"time"
)

// Meter reads metric series from wherever they are kept.
type Meter interface {
	// Measure returns the series that it could get and, as sentences for the
	// reader of a finding, what it could not. It returns when the context ends.
	// The same question should get the same answer from whoever asks, and
	// whenever, as far as the metrics are still kept.
	Measure(ctx context.Context, q Measuring) (series []Series, missing []string)
}

// Measuring asks for metrics of services, the most telling first, between two
// moments.
type Measuring struct {
	Services    []string
	Environment string
	From, To    time.Time
}

// The bounds of what is measured for one incident.
const (
	// measureBack is how long before its start the metrics are read: an hour to
	// compare with, before changes of up to an hour ago.
	measureBack = 2 * time.Hour
	// maxMeasured is the number of services.
	maxMeasured = 16
)

// unmeasured is what a finding says while no checkpoint has come.
const unmeasured = "Metrics are read from the first checkpoint on, one minute after the first alert unless set otherwise."

// measured is what the metrics said at one checkpoint of an incident.
type measured struct {
	// moment is the checkpoint in Unix milliseconds, 0 for none.
	moment  int64
	series  []Series
	missing []string
	// coming receives the answer while it is awaited.
	coming chan answered
}

type answered struct {
	series  []Series
	missing []string
}

// measure makes sure that the incident's metrics are those of the last
// checkpoint before the moment that is judged, and reports false while they are
// awaited: the incident is then judged when they are here.
//
// Whatever is judged between two checkpoints uses the same samples, up to the
// first of them, so that what a finding says does not depend on when it was
// judged. The metrics are read beside the looks; a server that is slow holds up
// no other incident, and none for longer than MeasureWithin.
func (r *Runner) measure(ctx context.Context, t *tracked, c *cluster, latest int64) bool {
	if r.ports.Meter == nil {
		return true
	}
	if t.measured.coming != nil {
		select {
		case a := <-t.measured.coming:
			t.measured.series, t.measured.missing, t.measured.coming = a.series, a.missing, nil
		default:
			return false
		}
	}
	moment := r.checkpoint(c.founder.start, latest)
	if moment == t.measured.moment {
		return true
	}
	coming := make(chan answered, 1)
	t.measured = measured{moment: moment, coming: coming}
	question := r.question(t, c, moment)
	r.measuring.Go(func() {
		limited, cancel := context.WithTimeout(ctx, r.cfg.MeasureWithin)
		defer cancel()
		series, missing := r.ports.Meter.Measure(limited, question)
		coming <- answered{series, missing}
		r.Wake()
	})
	return false
}

// checkpoint is the last checkpoint of an incident that began at start which is
// not after the moment, 0 when there is none.
func (r *Runner) checkpoint(start, moment int64) int64 {
	last := int64(0)
	for _, after := range r.cfg.Checkpoints {
		if at := start + after.Milliseconds(); at <= moment {
			last = max(last, at)
		}
	}
	return last
}

// question asks for the services that alerted by the checkpoint, first to last,
// for those next to them that were changed shortly before, and for the callers of
// all of these that were changed: whether those got worse without an alert tells
// where a fault began. The callers of hubs are left out, they are too many.
func (r *Runner) question(t *tracked, c *cluster, moment int64) Measuring {
	members := slices.Clone(c.members)
	slices.SortStableFunc(members, func(a, b *episode) int { return int(max(min(a.start-b.start, 1), -1)) })
	var services []string
	add := func(name string) {
		if len(services) < maxMeasured && !slices.Contains(services, name) {
			services = append(services, name)
		}
	}
	for _, e := range members {
		if e.start <= moment {
			add(e.alert.Service)
		}
	}
	from := c.founder.start - r.cfg.CandidateWindow.Milliseconds()
	changed := map[string]bool{}
	r.changes.eachAround(t.around, c.founder.environment(), from, moment, func(change *Change) {
		for _, name := range change.Services {
			changed[name] = true
		}
	})
	for _, name := range t.around {
		if changed[name] {
			add(name)
		}
	}
	for _, name := range slices.Clone(services) {
		if !changed[name] {
			continue
		}
		if callers := r.atlas.graph.Callers(name); len(callers) <= maxMeasured {
			for i := range callers {
				add(callers[i].Caller)
			}
		}
	}
	return Measuring{
		Services: services, Environment: c.founder.environment(),
		From: timeOf(c.founder.start).Add(-measureBack), To: timeOf(moment),
	}
}

// tell puts the metrics into the input, or why there are none.
func (m *measured) tell(in *Input, metered bool) {
	switch {
	case !metered:
	case m.moment == 0:
		in.Gaps = append(in.Gaps, unmeasured)
	default:
		in.Metrics = append(in.Metrics, m.series...)
		in.Gaps = append(in.Gaps, m.missing...)
	}
}
