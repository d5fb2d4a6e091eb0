package app

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/correlate"
)

// runnerMetrics shows how the correlator fares. The centre knows no metrics
// library, so it is observed from here.
type runnerMetrics struct {
	log    *slog.Logger
	events *prometheus.CounterVec
	judged prometheus.Counter
	saved  *prometheus.CounterVec
	failed *prometheus.CounterVec
	held   *prometheus.GaugeVec
	wait   prometheus.Gauge
	look   prometheus.Histogram
	delay  prometheus.Histogram
}

// newRunnerMetrics registers the correlator's figures.
func newRunnerMetrics(registry prometheus.Registerer, log *slog.Logger) (*runnerMetrics, error) {
	name := func(s string) string { return "faultline_correlator_" + s }
	m := &runnerMetrics{
		log:    log,
		events: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("events_total"), Help: "Values read from the store, by kind."}, []string{"kind"}),
		judged: prometheus.NewCounter(prometheus.CounterOpts{Name: name("attributions_total"), Help: "Attributions made."}),
		saved:  prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("saved_total"), Help: "Rows saved, by kind."}, []string{"kind"}),
		failed: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name("failures_total"), Help: "Failed calls, by port."}, []string{"port"}),
		held:   prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name("held"), Help: "Values in memory, by kind."}, []string{"kind"}),
		wait:   prometheus.NewGauge(prometheus.GaugeOpts{Name: name("waiting_incidents"), Help: "Incidents due but not judged yet."}),
		look:   prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("look_seconds"), Help: "Duration of one look at the store.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
		delay:  prometheus.NewHistogram(prometheus.HistogramOpts{Name: name("fact_to_finding_seconds"), Help: "Time from reading a fact to saving its finding.", Buckets: prometheus.ExponentialBuckets(0.001, 2, 14)}),
	}
	for _, c := range []prometheus.Collector{m.events, m.judged, m.saved, m.failed, m.held, m.wait, m.look, m.delay} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("registering the correlator's figures: %w", err)
		}
	}
	return m, nil
}

// Looked counts what one look found and did.
func (m *runnerMetrics) Looked(l correlate.Look) {
	m.events.WithLabelValues("change").Add(float64(l.Changes))
	m.events.WithLabelValues("alert").Add(float64(l.Alerts))
	m.events.WithLabelValues("topology").Add(float64(l.Topologies))
	m.judged.Add(float64(l.Judged))
	m.saved.WithLabelValues("incident").Add(float64(l.SavedIncidents))
	m.saved.WithLabelValues("finding").Add(float64(l.SavedFindings))
	m.held.WithLabelValues("change").Set(float64(l.HeldChanges))
	m.held.WithLabelValues("alert").Set(float64(l.HeldAlerts))
	m.held.WithLabelValues("incident").Set(float64(l.HeldIncidents))
	m.wait.Set(float64(l.Waiting))
	m.look.Observe(l.Took.Seconds())
	if l.SavedFindings > 0 {
		m.delay.Observe(l.Oldest.Seconds())
	}
}

// Failed counts and logs a failed call of a port.
func (m *runnerMetrics) Failed(port string, err error, retry time.Duration) {
	m.failed.WithLabelValues(port).Inc()
	m.log.Warn("the correlator could not reach a part", slog.String("port", port), slog.Any("error", err), slog.Duration("retry_in", retry))
}
