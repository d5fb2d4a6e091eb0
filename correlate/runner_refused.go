package correlate

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrRefused is wrapped by the error of a sink that lies in the rows: the store
// answered, and would refuse the same rows again. Every other error is taken for
// passing.
var ErrRefused = errors.New("the store refuses these rows")

// refusedEvery is the pause before rows that were refused are offered again: a
// schema that was behind may have been brought up to date.
const refusedEvery = time.Minute

// refused are rows that the sink would not take, the newest of each incident
// held, until it does. A later start works them out of the events anew.
type refused struct {
	incidents map[string]Incident
	findings  map[string]Finding
	next      time.Time
}

// offerAgain puts refused rows before those to be saved once their pause is over.
func (r *Runner) offerAgain() {
	if len(r.refused.incidents)+len(r.refused.findings) == 0 || r.ports.Now().Before(r.refused.next) {
		return
	}
	incidents, findings := make([]Incident, 0, len(r.refused.incidents)), make([]Finding, 0, len(r.refused.findings))
	for _, row := range r.refused.incidents {
		incidents = append(incidents, row)
	}
	for _, row := range r.refused.findings {
		findings = append(findings, row)
	}
	clear(r.refused.incidents)
	clear(r.refused.findings)
	r.incidents, r.findings = append(incidents, r.incidents...), append(findings, r.findings...)
}

// leave keeps an incident that was refused for later.
func (r *Runner) leave(row Incident, err error) {
	r.refused.incidents[row.ID] = row
	r.refuse(fmt.Errorf("incident %s, revision %d: %w", row.ID, row.Revision, err))
}

// leaveFinding keeps a finding that was refused for later.
func (r *Runner) leaveFinding(row Finding, err error) {
	r.refused.findings[row.Incident] = row
	r.refuse(fmt.Errorf("finding %d of incident %s: %w", row.Version, row.Incident, err))
}

func (r *Runner) refuse(err error) {
	r.refused.next = r.ports.Now().Add(refusedEvery)
	r.ports.Observer.Failed("sink", err, refusedEvery)
}

// deliver hands rows to the sink until it has them. Those that it refuses for
// what they hold are found by halving and left, so that they hold up no others.
// Taken is how many it took; ok is false when the context has ended.
func deliver[R any](ctx context.Context, r *Runner, rows []R, save func(context.Context, []R) error, leave func(R, error)) (taken int, ok bool) {
	var refusal error
	ok = r.persist(ctx, "sink", r.unhurried(func(ctx context.Context) error {
		err := save(ctx, rows)
		if errors.Is(err, ErrRefused) {
			refusal, err = err, nil
		}
		return err
	}))
	switch {
	case !ok:
		return 0, false
	case refusal == nil:
		return len(rows), true
	case len(rows) == 1:
		leave(rows[0], refusal)
		return 0, true
	}
	half := len(rows) / 2
	first, ok := deliver(ctx, r, rows[:half], save, leave)
	if !ok {
		return first, false
	}
	rest, ok := deliver(ctx, r, rows[half:], save, leave)
	return first + rest, ok
}
