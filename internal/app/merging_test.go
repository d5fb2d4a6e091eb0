package app

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
)

func TestMergesShowInTheMetrics(t *testing.T) {
	registry := prometheus.NewRegistry()
	m, err := newMergeMetrics(registry)
	if err != nil {
		t.Fatal(err)
	}
	m.Merged(clickhouse.MergedMonth{Table: "changes", Month: "202501", Parts: 9, Rows: 100, Took: 2 * time.Second})
	m.Merged(clickhouse.MergedMonth{Table: "changes", Month: "202502", Parts: 30, Rows: 100, Took: time.Second})
	m.Merged(clickhouse.MergedMonth{Table: "alerts", Month: "202502", Parts: 8, Rows: 1, Took: time.Second})
	m.MergeFailed(errors.New("away"))
	const want = `# HELP faultline_merge_failures_total Merges, and looks for months to merge, that failed.
# TYPE faultline_merge_failures_total counter
faultline_merge_failures_total 1
# HELP faultline_merge_months_total Closed months that were merged, by table.
# TYPE faultline_merge_months_total counter
faultline_merge_months_total{table="alerts"} 1
faultline_merge_months_total{table="changes"} 2
# HELP faultline_merge_parts_total Parts of closed months that became one, by table.
# TYPE faultline_merge_parts_total counter
faultline_merge_parts_total{table="alerts"} 8
faultline_merge_parts_total{table="changes"} 39
`
	if err := testutil.GatherAndCompare(registry, strings.NewReader(want), "faultline_merge_failures_total", "faultline_merge_months_total", "faultline_merge_parts_total"); err != nil {
		t.Error(err)
	}
	if n := testutil.CollectAndCount(m.seconds); n != 1 {
		t.Errorf("%d histograms of durations", n)
	}
	if _, err := newMergeMetrics(registry); err == nil {
		t.Error("two mergers count into the same figures")
	}
}

// What the settings call the default is what the merger does when told nothing.
func TestTheSettingsOfMergingReachTheMerger(t *testing.T) {
	cfg := config.Default().ClickHouse.Merge
	if got, want := mergerConfig(&cfg), clickhouse.DefaultMergerConfig(); got != want {
		t.Errorf("told nothing: %+v, want %+v", got, want)
	}
	cfg.MinParts, cfg.Quiet, cfg.MaxMB, cfg.Timeout = 3, time.Minute, 7, time.Hour
	want := clickhouse.DefaultMergerConfig()
	want.MinParts, want.Quiet, want.MaxBytes, want.Timeout = 3, time.Minute, 7<<20, time.Hour
	if got := mergerConfig(&cfg); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// That it runs otherwise, and ends with the service, a test of the service holds.
func TestNothingIsMergedWhereTheSettingsSayNo(t *testing.T) {
	cfg := config.Default()
	cfg.ClickHouse.Merge.Enabled = false
	log := slog.New(slog.DiscardHandler)
	registry := prometheus.NewRegistry()
	s := &service{cfg: cfg, registry: registry, log: log, cleanup: &cleanup{log: log}, failed: make(chan error, 1)}
	if err := s.startMerging(t.Context()); err != nil {
		t.Fatal(err)
	}
	if found, err := registry.Gather(); err != nil || len(found) > 0 {
		t.Errorf("figures of merging all the same: %v %v", found, err)
	}
}
