package correlate

import (
	"context"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"slices"
	"time"
)

// queue adds the row to those to be saved, unless that is what is stored.
func (r *Runner) queue(row Incident) {
	content, _ := contentOf(row) // A row of an incident holds nothing that JSON cannot.
	last, known := r.stored[row.ID]
	r.stored[row.ID] = content
	over := row.Status == IncidentResolved || row.Status == IncidentMerged
	written := !known && over && r.ledger[row.ID].Revision >= row.Revision
	if last != content && !written {
		r.incidents = append(r.incidents, row)
	}
}

// save hands the queued rows to the sink, incidents first, so that no finding
// is read without its incident. It does not return before all are saved or
// refused for good, or reports false when the context has ended.
func (r *Runner) save(ctx context.Context) bool {
	r.offerAgain()
	for rows := range slices.Chunk(r.incidents, r.cfg.SaveBatch) {
		taken, ok := deliver(ctx, r, rows, r.ports.Sink.SaveIncidents, r.leave)
		if r.look.SavedIncidents += taken; !ok {
			return false
		}
	}
	r.incidents = nil
	for rows := range slices.Chunk(r.findings, r.cfg.SaveBatch) {
		taken, ok := deliver(ctx, r, rows, r.ports.Sink.SaveFindings, r.leaveFinding)
		if r.look.SavedFindings += taken; !ok {
			return false
		}
	}
	r.findings = nil
	return true
}

// unhurried shields a call from the end of the runner's context, so that a stop
// does not cut a write short. Its own time limit stays.
func (r *Runner) unhurried(call func(context.Context) error) func(context.Context) error {
	return func(ctx context.Context) error {
		limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.cfg.SaveTimeout)
		defer cancel()
		return call(limited)
	}
}

// contentOf is a hash of everything that a row says. The error is that of a row
// that JSON cannot hold: no sink could ever take it.
func contentOf(row any) (uint64, error) {
	h := fnv.New64a()
	if err := json.NewEncoder(h).Encode(row); err != nil {
		return 0, fmt.Errorf("a row that cannot be written: %w", err)
	}
	return max(h.Sum64(), 1), nil
}

// The pace of clean: once a minute it drops at most so many changes that the
// pause stays below ten milliseconds.
const (
	cleanEvery = time.Minute
	cleanBatch = 1000
)

// clean forgets what is too old to matter.
func (r *Runner) clean() {
	now := r.ports.Now()
	if now.Sub(r.cleaned) < cleanEvery {
		return
	}
	dropped := r.changes.DropBefore(now.Add(-r.cfg.ChangeWindow), cleanBatch)
	if r.ports.Archive != nil {
		dropped = max(dropped, r.changes.Release(now.Add(-r.cfg.BodyWindow), cleanBatch))
		r.holdFewer()
	}
	for _, id := range r.grouper.Evict(now.Add(-r.cfg.Retain)) {
		r.untrack(id)
		delete(r.refused.incidents, id)
		delete(r.stored, id)
		delete(r.ledger, id)
	}
	if dropped < cleanBatch {
		r.cleaned = now
	}
}

// holdFewer forgets the oldest whole changes beyond those that may be held. It
// lets some more gather first, so that many go at once.
func (r *Runner) holdFewer() {
	if r.ports.Archive == nil || r.changes.Held() <= r.cfg.HeldBodies+cleanBatch {
		return
	}
	for r.changes.Held() > r.cfg.HeldBodies {
		r.changes.ReleaseOldest(cleanBatch)
	}
}
