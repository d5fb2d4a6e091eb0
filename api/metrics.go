package api

import (
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the API tells about itself. Routes are templates, never
// paths, so that the number of series is fixed.
type metrics struct {
	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	refused  *prometheus.CounterVec
	inFlight prometheus.Gauge
	panics   prometheus.Counter

	streams      prometheus.Gauge
	streamEvents *prometheus.CounterVec
	streamEnds   *prometheus.CounterVec
	pollErrors   prometheus.Counter
}

// newMetrics creates the metrics and registers them.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "faultline", Name: name, Help: help}, labels)
	}
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "faultline", Name: name, Help: help})
	}
	m := &metrics{
		requests: counter("http_requests_total", "Requests answered, by route template, method and status.", "route", "method", "status"),
		refused:  counter("http_refused_total", "Requests refused before their handler, by problem.", "problem"),
		inFlight: gauge("http_in_flight", "Requests being handled, streams included."),
		panics:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "faultline", Name: "http_panics_total", Help: "Handlers that panicked."}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: "faultline", Name: "http_request_duration_seconds", Help: "Time to answer, by route template and method.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"route", "method"}),
		streams:      gauge("stream_clients", "Open event streams."),
		streamEvents: counter("stream_events_total", "Events queued to stream clients, by type.", "type"),
		streamEnds:   counter("stream_ends_total", "Streams that ended, by reason.", "reason"),
		pollErrors:   prometheus.NewCounter(prometheus.CounterOpts{Namespace: "faultline", Name: "stream_poll_errors_total", Help: "Looks at the store for the stream that failed."}),
	}
	for _, c := range []prometheus.Collector{
		m.requests, m.refused, m.inFlight, m.panics, m.duration, m.streams, m.streamEvents, m.streamEnds, m.pollErrors,
	} {
		if err := registerer.Register(c); err != nil {
			return nil, fmt.Errorf("register the API's metrics: %w", err)
		}
	}
	return m, nil
}

// observe counts one answered request.
func (m *metrics) observe(route, method string, status int, took time.Duration) {
	if route == "" {
		route = "none"
	}
	if !knownMethod(method) {
		method = "other"
	}
	m.requests.WithLabelValues(route, method, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(route, method).Observe(took.Seconds())
}

// knownMethod keeps invented methods from becoming series.
func knownMethod(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return true
	default:
		return false
	}
}
