package main

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/chdb"
	"github.com/faultline/faultline/internal/testenv"
)

// shortYear is small enough for a test.
var shortYear = yearSize{seed: 3, days: 6, changes: 300, services: 40, incidents: 3}

func TestAYearHasWhatFiguresAreMadeOf(t *testing.T) {
	now := time.Date(2026, 11, 23, 14, 0, 0, 0, time.UTC)
	y := newYear(shortYear, now)
	if !y.end.Equal(now.Truncate(24*time.Hour)) || y.end.Sub(y.begin) != 6*24*time.Hour {
		t.Fatalf("from %s to %s", y.begin, y.end)
	}
	events := y.changesOf(y.begin)
	if len(events) != 400 || len(y.suspects) == 0 {
		t.Errorf("%d events, %d suspects", len(events), len(y.suspects))
	}
	ids, approved, classes := map[string]bool{}, 0, map[correlate.ProvenanceClass]bool{}
	for i := range events {
		e := &events[i]
		ids[e.ID], classes[e.Provenance.Class] = true, true
		if len(e.Approvals) > 0 {
			approved++
		}
		if e.StartedAt.Before(y.begin) || !e.StartedAt.Before(y.begin.AddDate(0, 0, 1)) || e.UID == 0 {
			t.Fatalf("%+v", e)
		}
	}
	if len(ids) != 300 || approved < 100 || len(classes) < 5 {
		t.Errorf("%d changes, %d approved, %d classes", len(ids), approved, len(classes))
	}
	again := newYear(shortYear, now)
	if diff := cmp.Diff(events[7].Change, again.changesOf(again.begin)[7].Change); diff != "" {
		t.Errorf("the same seed makes another year: %s", diff)
	}
}

func TestFiguresOfAShortYearAreMeasured(t *testing.T) {
	_, missing := chdb.Find()
	testenv.Need(t, missing == nil, "the embedded ClickHouse engine", "run `make engine`")
	out := apart(t, "figures", "-days", "6", "-changes", "300", "-services", "40", "-asked", "1", "-dir", t.TempDir())
	for _, want := range []string{"AI-assisted against others, median", "approval and its effect", "at most 2 s"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}

func TestMeasuredIsTheMedian(t *testing.T) {
	calls := 0
	wall, processor, err := measured(3, func() error {
		calls++
		time.Sleep([]time.Duration{time.Second, 100 * time.Millisecond, 0}[calls%3])
		return nil
	})
	// Neither the shortest, nor the mean, nor the longest, even where every sleep
	// lasts too long.
	if err != nil || calls != 3 || wall < 100*time.Millisecond || wall >= 360*time.Millisecond || processor < 0 {
		t.Errorf("%d calls, %s, %s, %v", calls, wall, processor, err)
	}
}
