package app

import (
	"context"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// docketBack is how far behind the last judgement read the next look begins: a
// row becomes visible a moment after it is stamped.
const docketBack = 10 * time.Second

// judgementReader is the store as the docket needs it.
type judgementReader interface {
	JudgementsSince(ctx context.Context, after time.Time, limit int) ([]query.StoredJudgement, error)
}

// docket follows the verdicts in the store for the correlator.
type docket struct {
	store judgementReader
	last  time.Time
	// recent are the judgements read that the next look finds again.
	recent map[string]time.Time
}

// newDocket returns a docket that begins with the first verdict.
func newDocket(store judgementReader) *docket {
	return &docket{store: store, recent: map[string]time.Time{}}
}

// NextJudgements returns what was stored since the last call.
func (d *docket) NextJudgements(ctx context.Context, limit int) ([]correlate.Judgement, error) {
	after := time.UnixMilli(0)
	if !d.last.IsZero() {
		after = d.last.Add(-docketBack)
	}
	rows, err := d.store.JudgementsSince(ctx, after, limit+len(d.recent))
	if err != nil {
		return nil, err
	}
	var fresh []correlate.Judgement
	for i := range rows {
		if _, known := d.recent[rows[i].ID]; known || len(fresh) == limit {
			continue
		}
		fresh = append(fresh, rows[i].Judgement)
		d.recent[rows[i].ID] = rows[i].StoredAt
		if rows[i].StoredAt.After(d.last) {
			d.last = rows[i].StoredAt
		}
	}
	for id, stored := range d.recent {
		if !stored.After(d.last.Add(-docketBack)) {
			delete(d.recent, id)
		}
	}
	return fresh, nil
}
