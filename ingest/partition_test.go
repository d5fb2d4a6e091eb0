package ingest

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/segmentio/kafka-go"
)

func TestFetchFailsAndIsTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.fail(kafka.NotLeaderForPartition)
		r.log.produce("changes", 0, "one")
		r.start(zero)
		time.Sleep(time.Minute)
		if r.log.fetches > 100 || r.figure("errors_total", "fetch") == 0 {
			t.Fatalf("%d fetches in a minute, %v failures counted", r.log.fetches, r.figure("errors_total", "fetch"))
		}
		r.log.fail(nil)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantStored("one")
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRetentionGapIsCountedAndPassed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.produce("changes", 0, series("c", 10)...)
		r.log.committed[zero] = 2
		r.log.expire("changes", 0, 6)
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.wantStored(series("c", 10)[6:]...)
		r.wantCommitted(zero, 10)
		if got := r.figure("skipped_offsets_total", "retention", "changes"); got != 4 {
			t.Fatalf("%v skipped offsets are counted, want 4", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestRecreatedTopicIsReadFromItsStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, nil)
		r.log.produce("changes", 0, series("old", 10)...)
		r.start(zero)
		time.Sleep(time.Second)
		synctest.Wait()
		r.log.recreate("changes", 0)
		r.log.produce("changes", 0, series("new", 10)[:3]...)
		time.Sleep(time.Minute)
		synctest.Wait()
		r.wantStored(append(series("old", 10), series("new", 10)[:3]...)...)
		r.wantCommitted(zero, 3)
		if got := r.figure("skipped_offsets_total", "reset", "changes"); got != 7 {
			t.Fatalf("%v offsets are counted as reset, want 7", got)
		}
		if err := r.stop(); err != nil {
			t.Fatal(err)
		}
	})
}
