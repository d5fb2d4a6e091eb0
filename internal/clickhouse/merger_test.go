package clickhouse_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// watcher remembers what a merger told.
type watcher struct {
	mu     sync.Mutex
	merged []clickhouse.MergedMonth
	failed []error
}

// Merged implements clickhouse.MergeObserver.
func (w *watcher) Merged(m clickhouse.MergedMonth) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.merged = append(w.merged, m)
}

// MergeFailed implements clickhouse.MergeObserver.
func (w *watcher) MergeFailed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, err)
}

// told counts what was heard.
func (w *watcher) told() (merged, failed int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.merged), len(w.failed)
}

// eager merges at once and has no time for breaks.
func eager() clickhouse.MergerConfig {
	cfg := clickhouse.DefaultMergerConfig()
	cfg.Pause, cfg.Backoff, cfg.Quiet = 5*time.Millisecond, 5*time.Millisecond, 0
	return cfg
}

func newMerger(t *testing.T, s *clickhouse.Store, cfg clickhouse.MergerConfig) (*clickhouse.Merger, *watcher) {
	t.Helper()
	w := &watcher{}
	m, err := s.NewMerger(cfg, w, quiet())
	if err != nil {
		t.Fatal(err)
	}
	return m, w
}

// partsMade tells the changes of these tests apart: the server drops an insert
// that it has had.
var partsMade atomic.Int64

// inParts stores changes of a month, each in an insert of its own, while the
// server's own merges wait.
func inParts(t *testing.T, s *clickhouse.Store, month string, n int) {
	t.Helper()
	for range n {
		insertChanges(t, s, figured(t, correlate.ProvenanceHuman, fmt.Sprintf(`{"id":"%s-%d","source":"ci","kind":"deploy","started_at":"%s-03T10:00:00Z","services":["cart"]}`, month, partsMade.Add(1), month)))
	}
}

// partsOf tells in how many parts the months of a table lie, and how often the
// rows of the most merged one were written anew.
func partsOf(t *testing.T, s *clickhouse.Store, table string) string {
	t.Helper()
	return answer(t, s, fmt.Sprintf(`SELECT arrayStringConcat(groupArray(line), ' ') FROM (
SELECT concat(partition_id, ':', toString(count()), ' parts, level ', toString(max(level))) AS line FROM system.parts
WHERE active AND database = currentDatabase() AND table = '%s' GROUP BY partition_id ORDER BY partition_id)`, table))
}

// allMonths merges until nothing is due.
func allMonths(t *testing.T, m *clickhouse.Merger) (merged []clickhouse.MergedMonth) {
	t.Helper()
	for range 100 {
		one, found, err := m.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if !found {
			return merged
		}
		merged = append(merged, one)
	}
	t.Fatal("there is always a month to merge")
	return nil
}

// Figures must not change by it, and a month that is merged is not written anew.
func TestClosedMonthsAreMergedOnceAndCountTheSame(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		// The month that will be open when the test ends.
		open := time.Now().UTC().Add(time.Hour).Format("2006-01")
		inParts(t, s, "2025-03", 9)
		inParts(t, s, "2025-04", 7)
		inParts(t, s, open, 9)
		period := query.Period{From: time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Now().AddDate(0, 1, 0), Mature: time.Now()}
		before, _, err := s.ChangeCells(t.Context(), period, query.Blame{})
		if err != nil {
			t.Fatal(err)
		}
		m, _ := newMerger(t, s, eager())
		merged := allMonths(t, m)
		tables := map[string]uint64{}
		for _, one := range merged {
			if one.Month != "202503" || one.Parts != 9 || one.Took <= 0 {
				t.Errorf("merged %+v", one)
			}
			tables[one.Table] = one.Rows
		}
		if diff := cmp.Diff(map[string]uint64{"changes": 9, "change_services": 9, "change_lookup": 18}, tables); diff != "" {
			t.Errorf("tables and rows, - want, + got: %s", diff)
		}
		want := "202503:1 parts, level 1 202504:7 parts, level 0 " + strings.ReplaceAll(open, "-", "") + ":9 parts, level 0"
		if got := partsOf(t, s, "changes"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
		after, _, err := s.ChangeCells(t.Context(), period, query.Blame{})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, after, alike()); diff != "" || len(before) == 0 {
			t.Errorf("merging altered the figures: %s", diff)
		}
	})
}

// A late event must not cost a month's merge, many of them must.
func TestAMonthIsMergedAgainOnlyForManyLateEvents(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	inParts(t, s, "2025-03", 8)
	m, _ := newMerger(t, s, eager())
	if n := len(allMonths(t, m)); n != 3 {
		t.Fatalf("%d months merged, want those of three tables", n)
	}
	inParts(t, s, "2025-03", 6)
	if merged := allMonths(t, m); len(merged) != 0 {
		t.Errorf("merged again for six late events: %+v", merged)
	}
	inParts(t, s, "2025-03", 1)
	if n := len(allMonths(t, m)); n != 3 {
		t.Errorf("%d months merged after the eighth part, want 3", n)
	}
}

// While a load is going on in a month, its merge would be made again soon; a month
// beyond the bound is the server's.
func TestAMonthIsLeftWhileItGrowsAndWhenItIsLarge(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	inParts(t, s, "2025-03", 8)
	growing, large := eager(), eager()
	growing.Quiet, large.MaxBytes = time.Hour, 1000
	for name, cfg := range map[string]clickhouse.MergerConfig{"growing": growing, "large": large} {
		m, _ := newMerger(t, s, cfg)
		if merged := allMonths(t, m); len(merged) > 0 {
			t.Errorf("%s: merged %+v", name, merged)
		}
	}
	m, _ := newMerger(t, s, eager())
	if len(allMonths(t, m)) == 0 {
		t.Error("nothing was merged without those bounds either")
	}
}

// Verdicts come one row at a time and never lie in a closed month: hundreds of parts
// would be read by each question about a year. They cost nothing to merge, so they
// do not wait behind millions of events.
func TestASmallTableWithoutMonthsIsMergedFirst(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	exec(t, s, "CREATE TABLE said (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS min_parts_to_merge_at_once = 1000")
	exec(t, s, "CREATE TABLE told (at DateTime, n UInt64) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY n SETTINGS min_parts_to_merge_at_once = 1000")
	one := func(n int) { exec(t, s, fmt.Sprintf("INSERT INTO said SELECT %d", n)) }
	for n := range 63 {
		one(n)
	}
	m, _ := newMerger(t, s, eager())
	if merged := allMonths(t, m); len(merged) > 0 {
		t.Errorf("63 parts were written anew: %+v", merged)
	}
	one(63)
	for range 8 {
		exec(t, s, "INSERT INTO told SELECT toDateTime('2025-03-01 00:00:00'), number FROM numbers(100)")
	}
	var order []string
	for _, merged := range allMonths(t, m) {
		order = append(order, fmt.Sprintf("%s %s: %d parts, %d rows", merged.Table, merged.Month, merged.Parts, merged.Rows))
	}
	if diff := cmp.Diff([]string{"said all: 64 parts, 64 rows", "told 202503: 8 parts, 800 rows"}, order); diff != "" {
		t.Errorf("- want, + got: %s", diff)
	}
}

// A large table that never closes is the server's: it would be written anew for ever.
func TestALargeTableWithoutMonthsIsLeftToTheServer(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	exec(t, s, "CREATE TABLE said (word String CODEC(NONE)) ENGINE = MergeTree ORDER BY tuple() SETTINGS min_parts_to_merge_at_once = 1000")
	exec(t, s, "INSERT INTO said SELECT randomString(1024) FROM numbers(65537)")
	for range 63 {
		exec(t, s, "INSERT INTO said SELECT toString(rand64())")
	}
	m, _ := newMerger(t, s, eager())
	if merged := allMonths(t, m); len(merged) > 0 {
		t.Errorf("merged %+v", merged)
	}
}

// Two replicas of the service look at the same moment; between them each month is
// written once.
func TestTwoMergersWriteAMonthOnce(t *testing.T) {
	cfg := config(t)
	s := openNative(t, cfg)
	up(t, s)
	for month := range 6 {
		inParts(t, s, fmt.Sprintf("2025-%02d", month+1), 9)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var both sync.WaitGroup
	var heard []*watcher
	for range 2 {
		m, w := newMerger(t, s, eager())
		heard = append(heard, w)
		both.Go(func() { m.Run(ctx) })
	}
	waitFor(t, "all months are merged", func() bool {
		return answer(t, s, "SELECT toString(max(n)) FROM (SELECT count() AS n FROM system.parts WHERE active AND database = currentDatabase() AND table LIKE 'change%' GROUP BY table, partition_id)") == "1"
	})
	cancel()
	both.Wait()
	for _, table := range []string{"changes", "change_services", "change_lookup"} {
		for month := range 6 {
			if got := partsOf(t, s, table); !strings.Contains(got, fmt.Sprintf("2025%02d:1 parts, level 1", month+1)) {
				t.Errorf("%s: %s", table, got)
			}
		}
	}
	for _, w := range heard {
		if _, failed := w.told(); failed > 0 {
			t.Errorf("failures: %v", w.failed)
		}
	}
	if got := answer(t, s, "SELECT toString(count()) FROM changes"); got != "54" {
		t.Errorf("%s rows, want 54", got)
	}
}

// waitFor waits for something that happens soon.
func waitFor(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(3 * time.Minute); !happened(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not come to pass that %s", what)
		}
	}
}

// heavy is a month whose merge takes seconds, since its key is costly to compare.
const heavyRows = 100_000

func heavyMonth(t *testing.T, s *clickhouse.Store) {
	t.Helper()
	exec(t, s, "CREATE TABLE heavy (at DateTime, word String CODEC(ZSTD(12))) ENGINE = MergeTree PARTITION BY toYYYYMM(at) ORDER BY word SETTINGS min_parts_to_merge_at_once = 100")
	for range 8 {
		exec(t, s, fmt.Sprintf("INSERT INTO heavy SELECT toDateTime('2025-03-01 00:00:00'), concat(hex(rand64()), repeat(hex(rand64(1)), 8)) FROM numbers(%d)", heavyRows))
	}
}

// A stop must not wait for a merge, and what was begun leaves nothing behind.
func TestAStopInTheMiddleOfAMergeLeavesTheMonthAsItWas(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	heavyMonth(t, s)
	m, w := newMerger(t, s, eager())
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); m.Run(ctx) }()
	waitFor(t, "a merge begins", func() bool {
		return answer(t, s, "SELECT toString(count()) FROM system.merges WHERE database = currentDatabase() AND table = 'heavy'") == "1"
	})
	began := time.Now()
	cancel()
	<-ended
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("the stop took %s", took)
	}
	if merged, failed := w.told(); merged+failed > 0 {
		t.Errorf("%d merged, %d failed, want neither of a stop", merged, failed)
	}
	if got := partsOf(t, s, "heavy"); got != "202503:8 parts, level 0" {
		t.Errorf("%s, want the eight parts that there were", got)
	}
	// The next process takes it up again; the engine merges as before.
	exec(t, s, "TRUNCATE TABLE heavy")
	for range 8 {
		exec(t, s, "INSERT INTO heavy SELECT toDateTime('2025-03-01 00:00:00'), hex(rand64()) FROM numbers(10)")
	}
	if n := len(allMonths(t, m)); n != 1 {
		t.Errorf("%d months merged after the stop, want 1", n)
	}
}

// A merge that takes too long is a failure, told and tried again after a break; it
// must not hold up the months of other tables for ever.
func TestAMergeEndsWithItsDeadline(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	heavyMonth(t, s)
	cfg := eager()
	cfg.Timeout = 50 * time.Millisecond
	m, w := newMerger(t, s, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	waitFor(t, "two merges fail", func() bool { _, failed := w.told(); return failed >= 2 })
	cancel()
	running.Wait()
	if err := w.failed[0]; !errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "merge 202503 of heavy") {
		t.Errorf("told %v", err)
	}
	if got := partsOf(t, s, "heavy"); got != "202503:8 parts, level 0" {
		t.Errorf("%s, want the eight parts that there were", got)
	}
}

// A store that is away is told of once in a while, not in a busy loop.
func TestAMergerTakesABreakWhenItFails(t *testing.T) {
	s := openEmbedded(t, config(t)) // Without tables; its pools closed.
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := eager()
	cfg.Backoff = time.Hour
	m, w := newMerger(t, s, cfg)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { m.Run(ctx) })
	waitFor(t, "a look fails", func() bool { _, failed := w.told(); return failed == 1 })
	time.Sleep(50 * time.Millisecond)
	cancel()
	running.Wait()
	if merged, failed := w.told(); merged != 0 || failed != 1 {
		t.Errorf("%d merged, %d failed, want one failure and a break", merged, failed)
	}
}

func TestMergingIsRefusedWithSettingsThatCannotWork(t *testing.T) {
	s := openEmbedded(t, config(t))
	for want, change := range map[string]func(*clickhouse.MergerConfig){
		"pause": func(c *clickhouse.MergerConfig) { c.Pause = 0 }, "backoff": func(c *clickhouse.MergerConfig) { c.Backoff = 0 },
		"timeout": func(c *clickhouse.MergerConfig) { c.Timeout = -1 }, "quiet": func(c *clickhouse.MergerConfig) { c.Quiet = -1 },
		"parts": func(c *clickhouse.MergerConfig) { c.MinParts = 1 }, "bytes": func(c *clickhouse.MergerConfig) { c.MaxBytes = 0 },
	} {
		cfg := clickhouse.DefaultMergerConfig()
		change(&cfg)
		if _, err := s.NewMerger(cfg, &watcher{}, quiet()); err == nil || !strings.Contains(err.Error(), want+" ") {
			t.Errorf("%s: %v", want, err)
		}
	}
}
