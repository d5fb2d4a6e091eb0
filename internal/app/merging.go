package app

import (
	"context"
	"fmt"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
)

// startMerging merges the parts of closed months, unless the settings say no.
func (s *service) startMerging(ctx context.Context) error {
	if !s.cfg.ClickHouse.Merge.Enabled {
		return nil
	}
	metrics, err := newMergeMetrics(s.registry)
	if err != nil {
		return err
	}
	merger, err := s.store.NewMerger(mergerConfig(&s.cfg.ClickHouse.Merge), metrics, s.log)
	if err != nil {
		return err
	}
	s.run(ctx, "merging of closed months", func(ctx context.Context) error { merger.Run(ctx); return nil })
	return nil
}

// mergerConfig translates the settings of merging.
func mergerConfig(cfg *config.Merge) clickhouse.MergerConfig {
	out := clickhouse.DefaultMergerConfig()
	out.MinParts, out.Quiet, out.Timeout = cfg.MinParts, cfg.Quiet, cfg.Timeout
	out.MaxBytes = int64(cfg.MaxMB) << 20
	return out
}

// mergeMetrics shows what was merged.
type mergeMetrics struct {
	parts    *prometheus.CounterVec
	months   *prometheus.CounterVec
	seconds  prometheus.Histogram
	failures prometheus.Counter
}

// newMergeMetrics registers the figures of merging.
func newMergeMetrics(registry prometheus.Registerer) (*mergeMetrics, error) {
	name := func(s string) string { return "faultline_merge_" + s }
	m := &mergeMetrics{
		parts:    prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("parts_total"), Help: "Parts of closed months that became one, by table."}, []string{"table"}),
		months:   prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("months_total"), Help: "Closed months that were merged, by table."}, []string{"table"}),
		seconds:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("seconds"), Help: "Duration of one merge.", Buckets: prometheus.ExponentialBuckets(0.01, 3, 10)}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: name("failures_total"), Help: "Merges, and looks for months to merge, that failed."}),
	}
	for _, c := range []prometheus.Collector{m.parts, m.months, m.seconds, m.failures} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering the figures of merging: %w", err)
		}
	}
	return m, nil
}

// Merged implements clickhouse.MergeObserver.
func (m *mergeMetrics) Merged(month clickhouse.MergedMonth) {
	m.parts.WithLabelValues(month.Table).Add(float64(month.Parts))
	m.months.WithLabelValues(month.Table).Inc()
	m.seconds.Observe(month.Took.Seconds())
}

// MergeFailed implements clickhouse.MergeObserver.
func (m *mergeMetrics) MergeFailed(error) { m.failures.Inc() }
