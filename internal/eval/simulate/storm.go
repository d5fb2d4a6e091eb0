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
	all := w.newScript(d, true)
	begin := all.onset
	all.judged = begin.Add(stormSpan + stormAfter)
	truth := make(map[correlate.AlertKey]string)
	for i := range fewestOutages + d.IntN(mostOutages-fewestOutages+1) {
		s := w.outage(d, begin.Add(time.Duration(d.Float64()*float64(stormSpan))), all.judged)
		for j := range s.alerts {
			a := &s.alerts[j]
			a.Fingerprint = a.DefaultFingerprint()
			truth[a.Key()] = fmt.Sprintf("outage-%d", i)
		}
		all.alerts = append(all.alerts, s.alerts...)
		all.hits = append(all.hits, s.hits...)
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
		Name: fmt.Sprintf("storm-%d-%05d", w.options.Seed, number), Truth: truth,
		Record: eval.Record{At: all.judged, Topology: all.topology(view), Alerts: all.alerts},
	}
}

// outage plays one outage with the first alert near onset, for its alerts only.
func (w *world) outage(d draw, onset, judged time.Time) *script {
	byChange := !d.chance(w.options.NoChangeShare)
	s := w.newScript(d, byChange)
	s.onset, s.judged = onset.Truncate(time.Millisecond), judged
	chosen := weighted(d, controlPatterns)
	if byChange {
		chosen = weighted(d, changePatterns)
	}
	chosen.play(s)
	s.raise()
	return s
}
