package correlate

import (
	"context"
	"time"
)

// Docket gives what people judged.
type Docket interface {
	// NextJudgements returns what is new since the last call, at most limit, and
	// at the first call everything. It misses nothing and may repeat. It is
	// called from one goroutine.
	NextJudgements(ctx context.Context, limit int) ([]Judgement, error)
}

// unheard is what a finding lacks while judgements cannot be read.
const unheard = "What people judged before could not be read: history was not looked at."

// docketState is what the runner knows of people's judgements.
type docketState struct {
	history *History
	// heard is true once everything that was stored has been read.
	heard bool
	next  time.Time
	// waiting are judgements whose changes could not be read yet.
	waiting []Judgement
}

// docketEvery is the pause between two questions for new judgements, docketBatch
// how many are read at once.
const (
	docketEvery = 5 * time.Second
	docketBatch = 1000
)

// hear takes over new judgements. Incidents that are held are judged anew: one
// that was judged a moment ago may have lacked a judgement older than that, and
// a finding must depend on what was judged, not on when the runner heard of it.
func (r *Runner) hear(ctx context.Context) {
	now := r.ports.Now()
	if r.ports.Docket == nil || now.Before(r.docket.next) {
		return
	}
	r.docket.next = now.Add(docketEvery)
	for more := true; more && ctx.Err() == nil; {
		var news []Judgement
		err := r.call(ctx, func(ctx context.Context) (err error) {
			news, err = r.ports.Docket.NextJudgements(ctx, docketBatch)
			return err
		})
		if err != nil {
			r.docket.heard = false
			r.ports.Observer.Failed("docket", err, docketEvery)
			return
		}
		if fresh := r.enter(ctx, news); fresh || !r.docket.heard {
			r.reconsider()
		}
		more = len(news) >= docketBatch
	}
	r.docket.heard = len(r.docket.waiting) == 0
}

// enter adds judgements to the history, those first whose changes could not be
// read before, and reports whether any is new.
func (r *Runner) enter(ctx context.Context, news []Judgement) bool {
	all := append(r.docket.waiting, news...)
	r.docket.waiting = nil
	fresh := false
	for i := range all {
		change, err := r.judged(ctx, all[i].Change)
		if err != nil {
			r.ports.Observer.Failed("archive", err, docketEvery)
			r.docket.waiting = append(r.docket.waiting, all[i:]...)
			return fresh
		}
		fresh = r.docket.history.Add(all[i], change) || fresh
	}
	return fresh
}

// judged finds the change that a judgement is about, nil where it is about none
// or nobody knows it any more.
func (r *Runner) judged(ctx context.Context, key *Key) (found *Change, err error) {
	if key == nil {
		return nil, nil
	}
	if c, held := r.changes.Change(*key); held {
		return &c, nil
	}
	if r.ports.Archive == nil {
		return nil, nil
	}
	err = r.call(ctx, func(ctx context.Context) error {
		changes, err := r.ports.Archive.ChangesByID(ctx, key.ID, key.Source)
		for i := range changes {
			if changes[i].Key() == *key {
				found = &changes[i]
			}
		}
		return err
	})
	return found, err
}

// reconsider makes every incident that is held due.
func (r *Runner) reconsider() {
	for _, t := range r.tracked {
		r.due(t)
	}
}

// recall puts what was known at the moment of judgement into the input, but for
// what was said of the incident itself, also while parts of it were incidents of
// their own.
func (r *Runner) recall(in *Input, c *cluster) {
	switch {
	case r.ports.Docket == nil:
	case !r.docket.heard:
		in.Gaps = append(in.Gaps, unheard)
	default:
		in.History = append(in.History, r.docket.history.Before(in.AsOf, c.ids()...)...)
	}
}
