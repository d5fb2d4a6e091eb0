package ingest

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestCommitFailsAndTheMessagesComeAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.group.failCommits(kafka.NotCoordinatorForGroup)
		r.log.produce("changes", 0, "one", "two")
		r.start(zero)
		r.group.assign <- []place{zero}
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantStored("one", "two")
		r.wantCommitted(zero, 2)
		if got := r.store.times["one"]; got != 2 {
			t.Fatalf("the row was sent %d times, want again after the failed commit", got)
		}
		if r.store.tokens[0] != r.store.tokens[1] {
			t.Fatalf("the same rows went under two tokens, %q and %q", r.store.tokens[0], r.store.tokens[1])
		}
		if r.figure("errors_total", "commit") != 1 {
			t.Fatal("the failed commit is not counted")
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLaterBatchIsNotCommittedBeforeAnEarlierOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BatchRows, c.Inserts = 10, 3 })
		held := make(chan struct{})
		r.store.holds = map[string]chan struct{}{"c-0003": held}
		r.start(zero)
		for i := range 5 {
			r.log.produce("changes", 0, series("c", 50)[10*i:10*i+10]...)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		r.wantStored(series("c", 50)[10:30]...)
		r.wantCommitted(zero, 0)
		close(held)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored(series("c", 50)...)
		r.wantCommitted(zero, 50)
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestNothingIsCommittedBehindABatchThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BatchRows, c.Inserts = 10, 3 })
		held := make(chan struct{})
		r.store.holds = map[string]chan struct{}{"c-0003": held}
		r.start(zero)
		for i := range 3 {
			r.log.produce("changes", 0, series("c", 30)[10*i:10*i+10]...)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		r.wantStored(series("c", 30)[10:]...)
		r.crash()
		r.wantCommitted(zero, 0)
		close(held)
	})
}

func TestEndlessCommitFailureDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.group.failCommits(slices.Repeat([]error{kafka.GroupAuthorizationFailed}, 1000)...)
		r.log.produce("changes", 0, "one")
		r.start(zero)
		go func() {
			for range 1000 {
				select {
				case r.group.assign <- []place{zero}:
				case <-r.group.closed:
					return
				}
			}
		}()
		time.Sleep(10 * time.Minute)
		synctest.Wait()
		if commits := r.group.commits; commits > 120 {
			t.Fatalf("%d commits in ten minutes", commits)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRebalanceFlushesWhatWasRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.ChangeAge = time.Hour })
		r.log.produce("changes", 0, series("a", 10)...)
		r.log.produce("changes", 1, series("b", 10)...)
		r.start(zero, place{"changes", 1})
		time.Sleep(time.Second)
		synctest.Wait()
		r.group.rebalance(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantCommitted(zero, 10)
		r.wantCommitted(place{"changes", 1}, 10)
		if got := r.store.times["b-0003"]; got != 1 {
			t.Fatalf("a row was sent %d times, want once", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRebalanceLosesPartitionWithoutRewindingItsNewOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.store.block = make(chan struct{})
		r.log.produce("changes", 0, "one", "two")
		r.start(zero)
		time.Sleep(time.Second)
		// Another member has taken over and is further on already.
		r.group.fenceOff()
		r.log.produce("changes", 0, "three")
		r.log.committed[zero] = 3
		close(r.store.block)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantCommitted(zero, 3)
		if r.group.commits == 0 {
			t.Fatal("no commit was tried; the test proves nothing")
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestReplayAfterCrashDoublesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, func(c *Config) { c.BatchRows = 50 })
		r.log.produce("changes", 0, series("c", 500)...)
		r.group.failCommits(nil, nil, kafka.NetworkException)
		r.start(zero)
		time.Sleep(100 * time.Millisecond)
		synctest.Wait()
		r.crash()

		again := &rig{
			T: t, log: r.log, group: newFakeGroup(r.log), store: r.store, writer: r.writer,
			registry: r.registry, config: r.config, ended: make(chan error, 1),
		}
		again.store.set(func(s *fakeStore) { s.down = nil })
		again.start(zero)
		time.Sleep(time.Minute)
		synctest.Wait()
		again.wantStored(series("c", 500)...)
		again.wantCommitted(zero, 500)
		if err := again.stop(); err != nil {
			t.Fatal(err)
		}
	})
}
