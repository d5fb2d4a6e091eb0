package ingest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// zero is the partition that most tests use.
var zero = place{"changes", 0}

func (r *rig) wantStored(ids ...string) {
	r.Helper()
	slices.Sort(ids)
	if diff := cmp.Diff(ids, r.store.ids()); diff != "" {
		r.Fatalf("stored events (-want +got):\n%s", diff)
	}
}

func (r *rig) wantCommitted(at place, offset int64) {
	r.Helper()
	if got := r.log.offset(at.topic, at.id); got != offset {
		r.Fatalf("committed offset of %v is %d, want %d", at, got, offset)
	}
}

func TestQuietTopicFlushesByAge(t *testing.T) {
	for topic, age := range map[string]time.Duration{
		"changes": 250 * time.Millisecond, "alerts": 50 * time.Millisecond, "topology": time.Second,
	} {
		t.Run(topic, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := newRig(t, nil)
				at := place{topic, 0}
				r.start(at)
				synctest.Wait()
				r.log.produce(topic, 0, "one")
				time.Sleep(age - time.Millisecond)
				synctest.Wait()
				r.wantStored()
				time.Sleep(2 * time.Millisecond)
				synctest.Wait()
				r.wantStored("one")
				r.wantCommitted(at, 1)
				if err := r.stop(); err != nil {
					t.Fatal(err)
				}
			})
		})
	}
}

func TestFullBatchDoesNotWaitForItsAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BatchRows, c.ChangeAge = 10, time.Hour })
		r.log.produce("changes", 0, series("c", 30)...)
		r.start(zero)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		r.wantStored(series("c", 30)...)
		r.wantCommitted(zero, 30)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNothingIsCommittedBeforeItIsDurable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.block = make(chan struct{})
		r.log.produce("changes", 0, "one", "two")
		r.start(zero)
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if r.group.commits > 0 {
			t.Fatal("offsets were committed while the insert was still running")
		}
		close(r.store.block)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored("one", "two")
		r.wantCommitted(zero, 2)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFlushFailsAndIsRepeatedWithTheSameToken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.down = errStoreDown
		r.log.produce("changes", 0, "one", "two")
		r.start(zero)
		time.Sleep(3 * time.Second)
		r.log.produce("changes", 0, "three")
		time.Sleep(3 * time.Second)
		r.store.set(func(s *fakeStore) { s.down = nil })
		time.Sleep(30 * time.Second)
		synctest.Wait()
		r.wantStored("one", "two", "three")
		r.wantCommitted(zero, 3)
		if !slices.Contains(r.store.tokens, "changes:0:0-1") {
			t.Fatalf("the tokens are %q, want the range that failed among them", r.store.tokens)
		}
		if r.figure("errors_total", "insert") == 0 {
			t.Fatal("the failures are not counted")
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestStoreDownThenUpLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BufferBytes, c.FetchBytes = 12_000, 1_000 })
		r.start(zero, place{"changes", 1})
		r.store.set(func(s *fakeStore) { s.down = errStoreDown })
		r.log.produce("changes", 0, series("left", 1000)...)
		r.log.produce("changes", 1, series("right", 1000)...)
		time.Sleep(time.Hour)
		synctest.Wait()
		held, fetches := r.figure("buffered_bytes", "changes"), r.log.fetches
		if held == 0 || held > 2*12_000 {
			t.Fatalf("%v bytes are held while the store is down, want some but not more than the buffer allows", held)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		if r.log.fetches != fetches {
			t.Fatal("fetching goes on although the buffer is full")
		}
		r.store.set(func(s *fakeStore) { s.down = nil })
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantStored(append(series("left", 1000), series("right", 1000)...)...)
		r.wantCommitted(zero, 1000)
		if held := r.figure("buffered_bytes", "changes"); held != 0 {
			t.Fatalf("%v bytes are held after everything is durable", held)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestFloodOfChangesDoesNotHoldUpAlerts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BufferBytes = 12_000 })
		r.start(zero, place{"alerts", 0})
		r.store.set(func(s *fakeStore) { s.block = make(chan struct{}) })
		r.log.produce("changes", 0, series("c", 5000)...)
		time.Sleep(time.Minute)
		synctest.Wait()
		block := r.store.block
		r.store.set(func(s *fakeStore) { s.block = nil })
		r.log.produce("alerts", 0, "disk full")
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		r.wantStored("disk full")
		close(block)
		time.Sleep(time.Minute)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestGracefulStopFlushes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.ChangeAge = time.Hour })
		r.log.produce("changes", 0, "one", "two")
		r.start(zero)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantStored()
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		r.wantStored("one", "two")
		r.wantCommitted(zero, 2)
	})
}

func TestStopIsBoundedWhenTheStoreIsDown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.down = errStoreDown
		r.log.produce("changes", 0, "one")
		r.start(zero)
		time.Sleep(time.Minute)
		began := time.Now()
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took > r.config.StopTimeout {
			t.Fatalf("the stop took %s", took)
		}
		r.wantCommitted(zero, 0)
	})
}

func TestStopGivesUpOnAStoreThatDoesNotObey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.block, r.store.deaf = make(chan struct{}), true
		defer close(r.store.block)
		r.log.produce("changes", 0, "one")
		r.start(zero)
		time.Sleep(time.Minute)
		began := time.Now()
		err := r.stop()
		if took := time.Since(began); took > r.config.StopTimeout {
			t.Fatalf("the stop took %s", took)
		}
		if !errors.Is(err, errStuck) {
			t.Fatalf("Run = %v, want the reason why it did not end in order", err)
		}
	})
}

func TestStalledWorkGivesThePartitionsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.block, r.store.deaf = make(chan struct{}), true
		defer close(r.store.block)
		r.log.produce("changes", 0, "one")
		r.start(zero)
		err := <-r.ended
		if !errors.Is(err, errStuck) {
			t.Fatalf("Run = %v, want that the work does not end", err)
		}
		r.cancel()
	})
}

func TestSlowStoreIsNotTakenForAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.StallAfter = time.Minute })
		r.store.down = errStoreDown
		r.log.produce("changes", 0, "one")
		r.start(zero)
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		if r.figure("generations_total") != 1 {
			t.Fatal("the partitions were given back because the store was away")
		}
		r.store.set(func(s *fakeStore) { s.down = nil })
		time.Sleep(time.Minute)
		r.wantStored("one")
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLagIsAnAgeAndEndsAtZero(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.down = errStoreDown
		r.log.produce("changes", 0, "one")
		r.start(zero)
		time.Sleep(90 * time.Second)
		r.store.set(func(s *fakeStore) { s.down = nil })
		for r.figure("lag_seconds", "0", "changes") == 0 {
			time.Sleep(time.Millisecond)
		}
		if got := r.figure("lag_seconds", "0", "changes"); got < 90 || got > 110 {
			t.Fatalf("the lag is %v s, want the age of the message", got)
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if got := r.figure("lag_seconds", "0", "changes"); got != 0 {
			t.Fatalf("the lag is %v s although everything is durable", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		if n := r.figure("lag_seconds", "0", "changes"); n != 0 {
			t.Fatal("the lag of a partition that is not ours is still shown")
		}
	})
}

func TestCheckTellsMembership(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.start(zero)
		fresh, err := NewConsumer(r.config, r.consumer.deps)
		if err != nil {
			t.Fatal(err)
		}
		if fresh.Check(context.Background()) == nil {
			t.Fatal("a consumer that never joined says that it is well")
		}
		synctest.Wait()
		if err := r.consumer.Check(context.Background()); err != nil {
			t.Fatalf("a member is not well: %v", err)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rejoinGrace)
		if r.consumer.Check(context.Background()) == nil {
			t.Fatal("a consumer that left says that it is well")
		}
	})
}

func TestWrongSettingIsNamed(t *testing.T) {
	for want, wrong := range map[string]func(*Config){
		"batch rows":    func(c *Config) { c.BatchRows = 0 },
		"buffer bytes":  func(c *Config) { c.BufferBytes = -1 },
		"alert age":     func(c *Config) { c.AlertAge = 0 },
		"retry pause":   func(c *Config) { c.RetryMax = c.RetryMin / 2 },
		"topics":        func(c *Config) { c.Topics.Alerts = c.Topics.Changes },
		"decoders":      func(c *Config) { c.Decoders = 0 },
		"stall limit":   func(c *Config) { c.StallAfter = 0 },
		"drain timeout": func(c *Config) { c.DrainTimeout = 0 },
	} {
		config := DefaultConfig()
		wrong(&config)
		_, err := NewConsumer(config, Deps{})
		if err == nil || !containsText(err.Error(), want) {
			t.Errorf("NewConsumer = %v, want an error about %q", err, want)
		}
	}
}
