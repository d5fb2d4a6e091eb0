package correlate

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestATopologyThatComesAfterTheAlertIsUsed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var known []bool
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			ports.Attributor = plainJudge{judge: func(in Input) { known = append(known, in.Graph.Has("cart")) }}
		})
		defer r.end()
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Second)
		r.add(event{at: time.Now(), topology: topologyOf("web", "cart")})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if diff := gocmp.Diff([]bool{false, true}, known); diff != "" {
			t.Errorf("judged with the topology known (-want +got):\n%s", diff)
		}
	})
}

// TestFewAlertsDoNotWaitForTheirTopology: alerts seconds after a new call graph
// are one incident by it; only when many are held does grouping them anew wait.
func TestFewAlertsDoNotWaitForTheirTopology(t *testing.T) {
	for _, few := range []int{0, 1, 2, 3} {
		synctest.Test(t, func(t *testing.T) {
			r := newRig(func(cfg *RunnerConfig, _ *RunnerPorts) { cfg.RegroupAtOnce = few })
			defer r.end()
			r.add(event{at: time.Now(), topology: topologyOf("web", "ledger")})
			time.Sleep(time.Second)
			r.add(event{at: time.Now(), topology: topologyOf("web", "cart")})
			r.add(event{at: time.Now(), alert: firing("cart", time.Now())}, event{at: time.Now(), alert: firing("web", time.Now())})
			open := func() (n int) {
				synctest.Wait()
				for _, row := range r.lastIncidents() {
					if row.Status == IncidentOpen {
						n++
					}
				}
				return n
			}
			time.Sleep(time.Second)
			want := 2
			if few >= 2 {
				want = 1
			}
			if got := open(); got != want {
				t.Errorf("%d incidents a second after the alerts, where up to %d alerts are regrouped at once; want %d", got, few, want)
			}
			time.Sleep(5 * time.Second)
			if got := open(); got != 1 {
				t.Errorf("%d incidents in the end", got)
			}
		})
	}
}

func TestASnapshotThatHasOutlivedItsEdgesIsLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var known []bool
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			ports.Attributor = plainJudge{judge: func(in Input) { known = append(known, in.Graph.Has("cart"), in.Graph.Has("web")) }}
		})
		defer r.end()
		stale, fresh := topologyOf("web", "cart"), topologyOf("app", "cart")
		stale.ObservedAt, fresh.ObservedAt = time.Now().Add(-8*24*time.Hour), time.Now()
		r.add(event{at: time.Now(), topology: stale}, event{at: time.Now(), topology: fresh})
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if diff := gocmp.Diff([]bool{true, false}, known); diff != "" {
			t.Errorf("cart and web known (-want +got):\n%s", diff)
		}
	})
}

// chart is an atlas whose topology can change.
type chart struct {
	mu       sync.Mutex
	topology *Topology
	err      error
	takes    time.Duration
}

func (c *chart) Topology(context.Context, time.Time) (Topology, error) {
	c.mu.Lock()
	topology, err := *c.topology, c.err
	c.mu.Unlock()
	time.Sleep(c.takes)
	return topology, err
}

func (c *chart) set(topology *Topology, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.topology, c.err = topology, err
}

func TestTheStoredTopologyReplacesTheGraphAndLosesNoSnapshot(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		atlas := &chart{topology: topologyOf("web", "cart", "old", "cart"), takes: 3 * time.Second}
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Atlas = atlas })
		time.Sleep(5 * time.Second)
		atlas.set(topologyOf("web", "cart"), nil)
		time.Sleep(DefaultRunnerConfig().RefreshTopology - time.Second) // The refresh is under way.
		r.add(event{at: time.Now(), topology: topologyOf("new", "cart")})
		time.Sleep(10 * time.Second)
		r.end()
		graph := r.runner.atlas.graph
		if graph.Has("old") || !graph.Has("web") || !graph.Has("new") {
			t.Errorf("want web and new, and old gone: %v", graph.Services())
		}
	})
}

func TestAnAtlasThatFailsLaterLeavesTheGraphAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		atlas := &chart{topology: topologyOf("web", "cart")}
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Atlas = atlas })
		time.Sleep(time.Second)
		atlas.set(atlas.topology, errDown)
		time.Sleep(time.Hour)
		r.end()
		if !r.runner.atlas.graph.Has("web") || r.notes.failures("atlas") == 0 {
			t.Errorf("want the graph kept and the failure told, got %v", r.runner.atlas.graph.Services())
		}
	})
}

func TestWhatIsOldIsForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(cfg *RunnerConfig, _ *RunnerPorts) { cfg.Poll = 10 * time.Minute })
		start := time.Now()
		r.add(
			event{at: start, change: deployOf("first", "cart", start)},
			event{at: start, alert: resolved(firing("cart", start), start.Add(time.Minute))},
		)
		time.Sleep(26 * time.Hour)
		synctest.Wait()
		if n := r.runner.grouper.Len(); n != 0 {
			t.Errorf("%d alerts are still held after a day", n)
		}
		time.Sleep(30 * 24 * time.Hour)
		r.end()
		if len(r.runner.tracked)+len(r.runner.watch)+len(r.runner.stored)+r.runner.changes.Len() != 0 {
			t.Errorf("left over: %d incidents, %d watched, %d rows, %d changes", len(r.runner.tracked),
				len(r.runner.watch), len(r.runner.stored), r.runner.changes.Len())
		}
	})
}

func TestAStartWritesNoHistoryAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newRig(nil)
		start := time.Now()
		over := resolved(firing("cart", start), start.Add(time.Minute))
		first.add(event{at: start, alert: over}, event{at: start, alert: firing("ledger", start)})
		time.Sleep(time.Hour)
		first.end()

		judged := 0
		second := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			ports.Ledger = first.shelf
			ports.Attributor = plainJudge{judge: func(Input) { judged++ }}
		})
		second.add(first.events...)
		time.Sleep(time.Minute)
		synctest.Wait()
		if judged != 0 || len(second.findings) != 0 {
			t.Errorf("%d judgements of known history, findings %v", judged, second.findings)
		}
		for _, row := range second.lastIncidents() {
			if row.Status == IncidentResolved {
				t.Errorf("a resolved incident was written again: %+v", row)
			}
		}
		second.add(event{at: time.Now(), alert: firing("invoice", time.Now())}, event{
			at: time.Now(), alert: resolved(firing("ledger", start), time.Now()),
		})
		time.Sleep(time.Second)
		second.end()
		if judged != 2 || len(second.lastFindings()) != 2 {
			t.Errorf("want the new and the recovered incident judged, got %d: %v", judged, second.lastFindings())
		}
	})
}

func TestAStartWithoutLedgerWritesTheSameRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first := newRig(nil)
		start := time.Now()
		alert := firing("cart", start)
		end := start.Add(7 * time.Minute)
		first.add(
			event{at: start, alert: alert}, event{at: start.Add(3 * time.Minute), change: deployOf("x", "cart", start.Add(2*time.Minute))},
			event{at: end, alert: resolved(alert, end)},
		)
		time.Sleep(time.Hour)
		first.end()
		second := newRig(nil)
		second.add(first.events...)
		time.Sleep(time.Second)
		second.end()
		if diff := gocmp.Diff(first.lastIncidents(), second.lastIncidents()); diff != "" {
			t.Errorf("incidents (-first +second):\n%s", diff)
		}
		if diff := gocmp.Diff(first.lastFindings(), second.lastFindings()); diff != "" {
			t.Errorf("findings (-first +second):\n%s", diff)
		}
	})
}

func TestASlowJudgeDoesNotHoldUpNewIncidents(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Attributor = plainJudge{took: 100 * time.Millisecond} })
		defer r.end()
		start := time.Now()
		for range 100 {
			r.add(event{at: start, alert: firing("noise-"+string(rune('a'+len(r.events))), start)})
		}
		time.Sleep(time.Second)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		last := r.events[len(r.events)-1].alert
		time.Sleep(time.Second)
		found := false
		for _, row := range r.lastIncidents() {
			found = found || row.ID == incidentID(keyOfAlert(last))
		}
		if !found {
			t.Error("the incident waits until a hundred others are judged")
		}
		if r.notes.last().Waiting == 0 {
			t.Error("a hundred judgements of 100 ms are not done in two seconds")
		}
		time.Sleep(time.Minute)
		if len(r.lastFindings()) != 101 {
			t.Errorf("want a finding of each incident in the end, got %d", len(r.lastFindings()))
		}
	})
}

// flood is a feed that always has more, a little later.
type flood struct{ *script }

func (f flood) Next(ctx context.Context, limit int) (Delta, error) {
	time.Sleep(50 * time.Millisecond)
	delta, err := f.script.Next(ctx, limit)
	delta.More = true
	return delta, err
}

func TestAFeedThatNeverEndsIsJudgedAllTheSame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		history := &script{now: time.Now}
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Feed = flood{history} })
		defer r.end()
		history.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Minute)
		if len(r.lastFindings()) != 0 {
			t.Error("history was judged while most of it may be unread")
		}
		time.Sleep(2 * time.Minute)
		history.add(event{at: time.Now(), alert: firing("ledger", time.Now())})
		time.Sleep(time.Second)
		if len(r.lastFindings()) != 2 {
			t.Errorf("want both incidents judged, got %d", len(r.lastFindings()))
		}
	})
}

// failingEnricher adds a gap, or fails.
type failingEnricher struct{ err error }

func (f failingEnricher) Enrich(_ context.Context, in *Input) error {
	in.Gaps = append(in.Gaps, "the flag service does not report")
	return f.err
}

func TestAnEnricherThatFailsCostsNoFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var gaps []string
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
			ports.Enricher = failingEnricher{errDown}
			ports.Attributor = plainJudge{judge: func(in Input) { gaps = in.Gaps }}
		})
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Second)
		r.end()
		if len(gaps) != 2 || len(r.lastFindings()) != 1 || r.notes.failures("enricher") != 1 {
			t.Errorf("gaps %q, findings %v", gaps, r.lastFindings())
		}
	})
}

// attic is an archive of one change.
type attic struct{ change Change }

func (a attic) ChangesByID(_ context.Context, id, source string) ([]Change, error) {
	if id != a.change.ID || source != a.change.Source {
		return nil, errDown
	}
	return []Change{a.change}, nil
}

func TestReleasedChangesComeFromTheArchive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := *deployOf("old", "cart", time.Now())
		var fetched, missing []Change
		r := newRig(func(cfg *RunnerConfig, ports *RunnerPorts) {
			cfg.Poll = 10 * time.Minute
			ports.Archive = attic{old}
			ports.Attributor = plainJudge{judge: func(in Input) {
				fetched = in.Lookup([]Key{old.Key()})
				missing = in.Lookup([]Key{{ID: "unknown"}})
			}}
		})
		r.add(event{at: time.Now(), change: &old})
		time.Sleep(9 * 24 * time.Hour)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(11 * time.Minute)
		r.end()
		if _, held := r.runner.changes.Change(old.Key()); held || r.runner.changes.Len() != 1 {
			t.Error("a change of nine days ago should be held without its body")
		}
		if diff := gocmp.Diff([]Change{old}, fetched); diff != "" || missing != nil {
			t.Errorf("fetched (-want +got):\n%s\nand %v", diff, missing)
		}
		if r.notes.failures("archive") == 0 {
			t.Error("an archive that fails goes unnoticed")
		}
	})
}

func TestTheEngineNamesTheGuiltyChangeThroughTheRunner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Attributor = NewEngine(DefaultWeights()) })
		defer r.end()
		r.add(event{at: time.Now(), topology: topologyOf("web", "cart", "cart", "stock", "invoice", "ledger")})
		for _, service := range []string{"ledger", "invoice"} {
			r.add(event{at: time.Now(), change: deployOf("routine-"+service, service, time.Now())})
		}
		time.Sleep(2 * time.Hour)
		r.add(event{at: time.Now(), change: deployOf("guilty", "cart", time.Now())})
		time.Sleep(time.Minute)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())}, event{at: time.Now(), alert: firing("web", time.Now())})
		time.Sleep(time.Second)
		for _, f := range r.lastFindings() {
			if len(f.Suspects) == 0 || f.Suspects[0].Change.ID != "guilty" {
				t.Errorf("want the guilty deploy first, got %+v", f.Suspects)
			}
		}
		if len(r.lastFindings()) != 1 {
			t.Errorf("want one finding, got %d", len(r.lastFindings()))
		}
	})
}
