package clickhouse_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
)

// drain reads the feed until it has nothing more.
func drain(t *testing.T, feed correlate.Feed, limit int) (all correlate.Delta) {
	t.Helper()
	for {
		delta, err := feed.Next(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		if len(delta.Changes) > limit || len(delta.Alerts) > limit {
			t.Fatalf("a look of %d changes and %d alerts, limit %d", len(delta.Changes), len(delta.Alerts), limit)
		}
		all.Changes = append(all.Changes, delta.Changes...)
		all.Alerts = append(all.Alerts, delta.Alerts...)
		all.Topologies = append(all.Topologies, delta.Topologies...)
		if !delta.More {
			return all
		}
	}
}

func plainChange(t *testing.T, id, status string, started, arrived time.Time) event.Change {
	t.Helper()
	return changeEvent(t, arrived, fmt.Sprintf(`{"id":%q,"source":"ci","kind":"deploy","services":["s"],"started_at":%q,"status":%q}`,
		id, started.Format(time.RFC3339Nano), status))
}

func TestTheFeedBeginsWithTheWholeHistory(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var rows []event.Change
		for i := range 30 {
			at := noon.Add(time.Duration(i/2) * time.Minute)
			rows = append(rows, plainChange(t, fmt.Sprint("c", i), "in_progress", at, noon), plainChange(t, fmt.Sprint("c", i), "succeeded", at, noon.Add(time.Hour)))
		}
		rows = append(rows, plainChange(t, "too-old", "succeeded", noon.AddDate(0, -2, 0), noon))
		insertChanges(t, s, rows...)
		alerts, _ := event.DecodeAlerts([]byte(`[{"source":"am","service":"s","name":"n","status":"firing","started_at":"2026-11-20T12:00:00Z"},
			{"source":"am","service":"s","name":"n","status":"resolved","started_at":"2026-11-20T12:00:00Z","resolved_at":"2026-11-20T12:30:00Z"}]`), event.Meta{ArrivedAt: noon})
		if err := s.InsertAlerts(t.Context(), "", alerts); err != nil {
			t.Fatal(err)
		}
		feed := s.NewTail(noon.AddDate(0, -1, 0))
		got := drain(t, feed, 4)
		whole := map[string]int{}
		for _, c := range got.Changes {
			if c.Status != correlate.StatusSucceeded {
				t.Errorf("%s came half: %+v", c.ID, c)
			}
			whole[c.ID]++
		}
		// What was stored a moment ago may come again, whatever its start.
		delete(whole, "too-old")
		if len(whole) != 30 {
			t.Errorf("%d changes: %v", len(whole), whole)
		}
		if len(got.Alerts) == 0 || got.Alerts[0].Status != correlate.AlertResolved {
			t.Errorf("alerts: %+v", got.Alerts)
		}
		if again := drain(t, feed, 100); !again.Empty() {
			t.Errorf("nothing new, yet %+v", again)
		}
	})
}

// The history is read in greater pieces than it is told: none may get lost or come
// twice where one piece ends, amid changes that started at the same moment.
func TestAHistoryOfSeveralPiecesIsToldOnce(t *testing.T) {
	const many, atOnce = 20_700, 300
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		rows := make([]event.Change, many)
		for i := range rows {
			rows[i] = plainChange(t, fmt.Sprint("c", i), "succeeded", noon.Add(time.Duration(i/atOnce)*time.Second), noon)
		}
		insertChanges(t, s, rows...)
		feed, told, last := s.NewTail(noon.Add(-time.Hour)), map[string]int{}, time.Time{}
		for len(told) < many {
			delta, err := feed.Next(t.Context(), 5000)
			if err != nil {
				t.Fatal(err)
			}
			if len(delta.Changes) > 5000 || !delta.More {
				t.Fatalf("%d changes at once, more to come: %v, after %d of %d", len(delta.Changes), delta.More, len(told), many)
			}
			first := last
			for _, c := range delta.Changes {
				told[c.ID]++
				if c.StartedAt.After(last) {
					last = c.StartedAt
				}
				if told[c.ID] > 1 || c.StartedAt.Before(first.Add(-atOnce*time.Second)) {
					t.Fatalf("%s at %s came again or out of turn", c.ID, c.StartedAt)
				}
			}
		}
	})
}

func TestAnUpdateBringsTheWholeChangeAgain(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s, plainChange(t, "c", "in_progress", noon, noon))
		feed := s.NewTail(noon.Add(-time.Hour))
		drain(t, feed, 100)
		// The correction moves the start; the change is still one.
		insertChanges(t, s, changeEvent(t, noon.Add(time.Minute), `{"id":"c","source":"ci","kind":"deploy","title":"now with a title","started_at":"2026-11-20T11:59:00Z"}`))
		got := drain(t, feed, 100)
		if len(got.Changes) != 1 || got.Changes[0].Title != "now with a title" || len(got.Changes[0].Services) != 1 || got.Changes[0].Status != correlate.StatusInProgress {
			t.Errorf("got %+v", got.Changes)
		}
	})
}

func TestTheFeedMissesNothingUnderConcurrentInserts(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		feed := s.NewTail(noon.Add(-time.Hour))
		const writers, batches, size = 4, 10, 25
		var wait sync.WaitGroup
		for w := range writers {
			wait.Go(func() {
				for b := range batches {
					rows := make([]event.Change, size)
					for i := range rows {
						rows[i] = plainChange(t, fmt.Sprintf("c-%d-%d-%d", w, b, i), "succeeded", noon.Add(time.Duration(i)*time.Second), noon)
					}
					if err := s.InsertChanges(t.Context(), "", rows); err != nil {
						t.Error(err)
					}
				}
			})
		}
		done := make(chan struct{})
		go func() { wait.Wait(); close(done) }()
		seen := map[string]bool{}
		// On a machine that is busy enough an insert takes longer than looks
		// overlap. Its rows are found by the next sweep, a minute later at most.
		var late <-chan time.Time
		for running := true; running && len(seen) < writers*batches*size; {
			select {
			case <-done:
				late, done = time.After(5*time.Minute), nil
			case <-late:
				running = false
			case <-time.After(5 * time.Millisecond):
			}
			for _, c := range drain(t, feed, 60).Changes {
				seen[c.ID] = true
			}
		}
		wait.Wait()
		if len(seen) != writers*batches*size {
			t.Errorf("saw %d of %d changes", len(seen), writers*batches*size)
		}
	})
}

// Inserts that took long come in behind what was seen. More of them than one look
// may bring are no reason to leave the rest for another minute.
func TestASweepGoesOnUntilItHasBroughtEverything(t *testing.T) {
	s := migratedStore(t)
	const many, limit = 35, 10
	feed := s.NewTail(noon.Add(-time.Hour))
	drain(t, feed, limit)
	rows := make([]event.Change, many)
	for i := range rows {
		rows[i] = plainChange(t, fmt.Sprintf("c-%d", i), "succeeded", noon, noon)
	}
	if err := s.InsertChanges(t.Context(), "", rows); err != nil {
		t.Fatal(err)
	}
	if got := drain(t, feed, limit); len(got.Changes) != many {
		t.Fatalf("told %d", len(got.Changes))
	}
	// As inserts that began half a minute before the feed did.
	exec(t, s, "INSERT INTO changes SELECT * REPLACE (bitXor(uid, 1) AS uid, ingested_at - INTERVAL 30 SECOND AS ingested_at) FROM changes")
	if got := drain(t, feed, limit); len(got.Changes) != 0 {
		t.Fatalf("an ordinary look reaches half a minute back: %d", len(got.Changes))
	}
	clickhouse.SweepNext(feed)
	if got := drain(t, feed, limit); len(got.Changes) != many {
		t.Errorf("the sweep told %d of %d", len(got.Changes), many)
	}
	clickhouse.SweepNext(feed)
	if got := drain(t, feed, limit); len(got.Changes) != 0 {
		t.Errorf("another sweep repeats %d", len(got.Changes))
	}
}

func TestSnapshotsAreFollowed(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		feed := s.NewTail(noon)
		drain(t, feed, 10)
		events, _ := event.DecodeTopologies([]byte(`{"source":"catalog","observed_at":"2026-11-20T12:00:00Z","services":[{"name":"cart"}],"edges":[]}`), event.Meta{ArrivedAt: noon, Format: "faultline"})
		for range 2 {
			if err := s.InsertTopology(t.Context(), "", events); err != nil {
				t.Fatal(err)
			}
		}
		got := drain(t, feed, 10)
		if len(got.Topologies) != 1 || got.Topologies[0].Services[0].Name != "cart" {
			t.Errorf("got %+v", got.Topologies)
		}
		fresh := s.NewTail(noon)
		if again := drain(t, fresh, 10); len(again.Topologies) == 0 {
			t.Error("a new feed does not begin with the graph")
		}
	})
}
