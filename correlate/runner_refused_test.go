package correlate

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// choosyShelf refuses whatever is about the incidents of one service, for as
// long as it is choosy.
type choosyShelf struct {
	*shelf
	choosy atomic.Bool
	odd    atomic.Value
}

func (c *choosyShelf) SaveIncidents(ctx context.Context, rows []Incident) error {
	for i := range rows {
		if c.choosy.Load() && strings.Contains(fmt.Sprint(rows[i].Services), "odd") {
			c.odd.Store(rows[i].ID)
			return fmt.Errorf("insert: %w", ErrRefused)
		}
	}
	return c.shelf.SaveIncidents(ctx, rows)
}

func (c *choosyShelf) SaveFindings(ctx context.Context, rows []Finding) error {
	for i := range rows {
		if c.choosy.Load() && rows[i].Incident == c.odd.Load() {
			return fmt.Errorf("insert: %w", ErrRefused)
		}
	}
	return c.shelf.SaveFindings(ctx, rows)
}

// TestRowsThatTheStoreRefusesHoldNoOthersUp has the store refuse one incident of
// several that come at once, and take it once it can.
func TestRowsThatTheStoreRefusesHoldNoOthersUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sink *choosyShelf
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			sink = &choosyShelf{shelf: ports.Sink.(*shelf)}
			sink.choosy.Store(true)
			ports.Sink = sink
		})
		defer r.end()
		now := time.Now()
		r.add(event{at: now, alert: firing("web", now)}, event{at: now, alert: firing("odd", now)}, event{at: now, alert: firing("cart", now)})
		time.Sleep(10 * time.Second)
		if rows, findings := r.lastIncidents(), r.lastFindings(); len(rows) != 2 || len(findings) != 2 {
			t.Errorf("%d incidents and %d findings beside the refused one, want 2 of each", len(rows), len(findings))
		}
		failures := r.notes.failures("sink")
		if failures == 0 || failures > 10 {
			t.Errorf("%d failures told in ten seconds", failures)
		}
		r.add(event{at: time.Now(), alert: firing("mail", time.Now())})
		time.Sleep(10 * time.Second)
		if rows := r.lastIncidents(); len(rows) != 3 {
			t.Errorf("%d incidents, want also the one that came later", len(rows))
		}
		sink.choosy.Store(false)
		time.Sleep(2 * refusedEvery)
		if rows, findings := r.lastIncidents(), r.lastFindings(); len(rows) != 4 || len(findings) != 4 {
			t.Errorf("%d incidents and %d findings once the store takes all, want 4 of each", len(rows), len(findings))
		}
	})
}

// TestWhatIsRefusedForEverIsForgottenWithItsIncident bounds what is kept.
func TestWhatIsRefusedForEverIsForgottenWithItsIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(cfg *RunnerConfig, ports *RunnerPorts) {
			cfg.Poll = time.Minute
			sink := &choosyShelf{shelf: ports.Sink.(*shelf)}
			sink.choosy.Store(true)
			ports.Sink = sink
		})
		start := time.Now()
		r.add(event{at: start, alert: resolved(firing("odd", start), start.Add(time.Minute))})
		time.Sleep(27 * time.Hour)
		synctest.Wait()
		r.end()
		if left := len(r.runner.refused.incidents) + len(r.runner.refused.findings) + len(r.runner.incidents) + len(r.runner.findings); left != 0 {
			t.Errorf("%d refused rows are kept after their incident was let go", left)
		}
	})
}
