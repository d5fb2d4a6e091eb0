package correlate

import (
	"context"
	"encoding/json"
	"math"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAnAlertHasItsFindingAfterOnePoll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		time.Sleep(time.Second + 10*time.Millisecond)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		if rows := r.lastIncidents(); len(rows) != 1 || rows[0].Status != IncidentOpen {
			t.Errorf("want one open incident, got %+v", rows)
		}
		if len(r.lastFindings()) != 1 {
			t.Errorf("want one finding, got %v", r.lastFindings())
		}
	})
}

func TestWakeEndsThePauseAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(cfg *RunnerConfig, _ *RunnerPorts) { cfg.Poll = time.Hour })
		defer r.end()
		synctest.Wait()
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		for range 3 {
			r.runner.Wake() // Never blocks, however often it is called.
		}
		synctest.Wait()
		if len(r.lastFindings()) != 1 {
			t.Error("the finding waits for the next poll")
		}
	})
}

func TestFindingsAreJudgedAgainAtCheckpointsAndAfterRecovery(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		start := time.Now()
		alert := firing("cart", start)
		r.add(event{at: start, alert: alert})
		r.add(event{at: start.Add(20 * time.Minute), alert: resolved(alert, start.Add(20*time.Minute))})
		time.Sleep(2 * time.Hour)
		want := []string{
			"v01 at 0s", "v02 at 1m0s", "v03 at 5m0s", "v04 at 15m0s", // As it goes on,
			"v05 at 20m0s", "v06 at 21m0s", "v07 at 25m0s", "v08 at 35m0s", // and after it ended.
		}
		if diff := gocmp.Diff(want, r.versions(t, start)); diff != "" {
			t.Errorf("versions (-want +got):\n%s", diff)
		}
		if rows := r.lastIncidents(); rows[0].Status != IncidentResolved || rows[0].Revision != 3 {
			t.Errorf("the incident should be resolved at revision 3: %+v", rows[0])
		}
	})
}

func TestAChangeLongAfterRecoveryMakesNoVersion(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, alert: resolved(firing("cart", start), start.Add(time.Minute))})
		time.Sleep(time.Hour)
		before := r.versions(t, start)
		r.add(event{at: time.Now(), change: deployOf("next", "cart", time.Now())})
		time.Sleep(time.Minute)
		if diff := gocmp.Diff(before, r.versions(t, start)); diff != "" {
			t.Errorf("versions (-before +after):\n%s", diff)
		}
	})
}

func TestNothingIsLostWhileTheSinkFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		r.shelf.fail(errDown)
		start := time.Now()
		r.add(event{at: start, alert: firing("cart", start)})
		time.Sleep(10 * time.Second)
		asked := r.asked()
		r.add(event{at: time.Now(), alert: firing("ledger", time.Now())})
		time.Sleep(10 * time.Minute)
		if r.asked() != asked {
			t.Error("the feed was read although nothing could be saved")
		}
		r.shelf.fail(nil)
		time.Sleep(time.Minute)
		if rows, findings := r.lastIncidents(), r.lastFindings(); len(rows) != 2 || len(findings) != 2 {
			t.Errorf("want two incidents with findings, got %v and %v", rows, findings)
		}
		if longest := r.notes.waits[len(r.notes.waits)-1]; longest != DefaultRunnerConfig().MaxBackoff {
			t.Errorf("the last wait was %v", longest)
		}
	})
}

func TestNothingIsLostWhileTheFeedFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		r.script.fail(errDown)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(5 * time.Minute)
		if n := r.notes.failures("feed"); n < 20 || n > 40 {
			t.Errorf("%d attempts in five minutes: the pauses should grow to 15 seconds", n)
		}
		r.script.fail(nil)
		time.Sleep(time.Minute)
		if len(r.lastFindings()) != 1 {
			t.Error("the alert is lost")
		}
	})
}

func TestAStopDuringFailuresEndsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		r.script.fail(errDown)
		time.Sleep(time.Minute)
		begin := time.Now()
		r.end()
		if took := time.Since(begin); took > 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}

// slowSink takes its time for each call.
type slowSink struct {
	*shelf
	takes time.Duration
}

func (s slowSink) SaveIncidents(ctx context.Context, rows []Incident) error {
	select {
	case <-time.After(s.takes):
		return s.shelf.SaveIncidents(ctx, rows)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func TestAStopLetsARunningWriteEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		kept := newShelf()
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Sink = slowSink{kept, 2 * time.Second} })
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Second)
		r.end()
		if len(kept.lastIncidents()) != 1 {
			t.Error("the write was cut short")
		}
	})
}

func TestAMergedIncidentIsSavedAsSuchAndNotJudgedAnyMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(nil)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, topology: topologyOf("web", "cart", "cart", "stock", "stock", "db")})
		r.add(event{at: start, alert: firing("web", start)}, event{at: start, alert: firing("db", start.Add(time.Second))})
		time.Sleep(5 * time.Second)
		if rows := r.lastIncidents(); len(rows) != 2 {
			t.Fatalf("want two incidents, got %v", rows)
		}
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(2 * time.Hour)
		rows := r.lastIncidents()
		want := []string{start.Add(time.Second).Format("15:04") + " db merged into " + start.Format("15:04")}
		if diff := gocmp.Diff(want, pictures(rows)[:1]); diff != "" {
			t.Errorf("incidents (-want +got):\n%s", diff)
		}
		for _, row := range rows {
			if f := r.lastFindings()[row.ID]; row.Status == IncidentMerged && f.Version != 1 {
				t.Errorf("the merged incident was judged again: %+v", f)
			}
		}
	})
}

// oddJudge finds no number for one service.
type oddJudge struct{ plainJudge }

func (o oddJudge) Attribute(in Input) Finding {
	f := o.plainJudge.Attribute(in)
	if len(in.Alerts) > 0 && in.Alerts[0].Service == "odd" {
		f.NoChangeProbability = math.NaN()
	}
	return f
}

// strictShelf refuses what JSON cannot hold, as the store does, every time.
type strictShelf struct{ *shelf }

func (s strictShelf) SaveFindings(ctx context.Context, rows []Finding) error {
	if _, err := json.Marshal(rows); err != nil {
		return err
	}
	return s.shelf.SaveFindings(ctx, rows)
}

func TestAFindingThatCannotBeWrittenHoldsNoOtherUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			ports.Attributor = oddJudge{}
			ports.Sink = strictShelf{ports.Sink.(*shelf)}
		})
		defer r.end()
		r.add(event{at: time.Now(), alert: firing("odd", time.Now())})
		time.Sleep(time.Minute)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Minute)
		if rows, findings := r.lastIncidents(), r.lastFindings(); len(rows) != 2 || len(findings) != 1 {
			t.Errorf("%d incidents and %d findings, want two incidents and the finding of the sound one", len(rows), len(findings))
		}
		r.notes.mu.Lock()
		defer r.notes.mu.Unlock()
		if r.notes.failed["attributor"] == 0 || r.notes.failed["sink"] != 0 {
			t.Errorf("failures: %v", r.notes.failed)
		}
	})
}
