package ingest

import (
	"errors"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// reason is a bounded label for what went wrong.
type reason string

// The reasons.
const (
	reasonGroup      reason = "group"
	reasonFetch      reason = "fetch"
	reasonDecode     reason = "decode"
	reasonInsert     reason = "insert"
	reasonRefused    reason = "insert_refused"
	reasonDeadLetter reason = "dead_letter"
	reasonCommit     reason = "commit"
	reasonStalled    reason = "stalled"
	reasonSignature  reason = "signature"
	reasonBusy       reason = "busy"
)

// skip is a bounded label for why offsets were passed over unread.
type skip string

// The reasons for skipped offsets. skipRetention means that messages were
// deleted before they were read, skipReset that the partition holds less than
// was committed, as after its topic was made anew.
const (
	skipRetention skip = "retention"
	skipReset     skip = "reset"
)

// The doors by which events come in.
const (
	doorKafka = "kafka"
	doorHTTP  = "http"
)

// metrics are the figures of ingest. Consumer and Intake share them.
type metrics struct {
	messages, bytes, deadLetters, skipped *prometheus.CounterVec
	rows, duplicates, failures            *prometheus.CounterVec
	generations                           prometheus.Counter
	batchRows, flushSeconds               *prometheus.HistogramVec
	lagSeconds, bufferedBytes             *prometheus.GaugeVec
}

// newMetrics registers the figures, or finds those that are registered.
func newMetrics(registerer prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		messages:    counters("messages_total", "Messages read from Kafka.", "topic"),
		bytes:       counters("bytes_total", "Bytes of keys and values read from Kafka.", "topic"),
		deadLetters: counters("dead_letters_total", "Messages that could not be used, in whole or in part.", "topic"),
		skipped:     counters("skipped_offsets_total", "Offsets that were passed over unread.", "topic", "reason"),
		rows:        counters("rows_total", "Events that are durable.", "kind", "door"),
		duplicates:  counters("duplicates_total", "Events by HTTP that were durable before.", "kind"),
		failures:    counters("errors_total", "Failures by reason; most are retried.", "reason"),
		generations: prometheus.NewCounter(prometheus.CounterOpts{
			Namespace: "faultline", Subsystem: "ingest", Name: "generations_total",
			Help: "Assignments of partitions to this process.",
		}),
		batchRows: histograms("batch_rows", "Events per insert batch.",
			prometheus.ExponentialBuckets(1, 4, 9), "topic"),
		flushSeconds: histograms("flush_seconds", "Time from a full batch to its committed offsets.",
			prometheus.ExponentialBuckets(0.001, 2.5, 12), "topic"),
		lagSeconds: gauges("lag_seconds", "Age of the last message made durable; 0 when all are.",
			"topic", "partition"),
		bufferedBytes: gauges("buffered_bytes", "Bytes of messages held in memory.", "topic"),
	}
	return m, m.register(registerer)
}

func (m *metrics) register(registerer prometheus.Registerer) error {
	return errors.Join(
		adopt(registerer, &m.messages), adopt(registerer, &m.bytes), adopt(registerer, &m.deadLetters),
		adopt(registerer, &m.skipped), adopt(registerer, &m.rows), adopt(registerer, &m.duplicates),
		adopt(registerer, &m.failures), adopt(registerer, &m.generations),
		adopt(registerer, &m.batchRows), adopt(registerer, &m.flushSeconds),
		adopt(registerer, &m.lagSeconds), adopt(registerer, &m.bufferedBytes),
	)
}

// adopt registers a collector, or takes the one registered under its name.
func adopt[C prometheus.Collector](registerer prometheus.Registerer, c *C) error {
	err := registerer.Register(*c)
	var known prometheus.AlreadyRegisteredError
	if errors.As(err, &known) {
		if same, ok := known.ExistingCollector.(C); ok {
			*c = same
			return nil
		}
	}
	return err
}

func (m *metrics) fail(why reason) { m.failures.WithLabelValues(string(why)).Inc() }

func (m *metrics) lag(topic string, partition int, seconds float64) {
	m.lagSeconds.WithLabelValues(topic, strconv.Itoa(partition)).Set(seconds)
}

func (m *metrics) forgetLag(topic string, partition int) {
	m.lagSeconds.DeleteLabelValues(topic, strconv.Itoa(partition))
}

func counters(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{
		Namespace: "faultline", Subsystem: "ingest", Name: name, Help: help,
	}, labels)
}

func gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	return prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Namespace: "faultline", Subsystem: "ingest", Name: name, Help: help,
	}, labels)
}

func histograms(name, help string, buckets []float64, labels ...string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: "faultline", Subsystem: "ingest", Name: name, Help: help, Buckets: buckets,
	}, labels)
}
