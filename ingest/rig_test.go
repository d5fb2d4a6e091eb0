package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// rig is a consumer among fakes.
type rig struct {
	*testing.T
	log      *fakeLog
	group    *fakeGroup
	store    *fakeStore
	writer   *fakeWriter
	registry *prometheus.Registry
	config   Config
	labeller Labeller
	consumer *Consumer
	cancel   context.CancelFunc
	ended    chan error
}

// newRig returns a rig that is not running. Its topics are called changes,
// alerts, topology and dead.
func newRig(t *testing.T, adjust func(*Config)) *rig {
	t.Helper()
	l := newFakeLog()
	r := &rig{
		T: t, log: l, group: newFakeGroup(l), store: newFakeStore(), writer: &fakeWriter{},
		registry: prometheus.NewRegistry(), config: testConfig(), ended: make(chan error, 1),
	}
	if adjust != nil {
		adjust(&r.config)
	}
	return r
}

func testConfig() Config {
	c := DefaultConfig()
	c.Topics = Topics{Changes: "changes", Alerts: "alerts", Topology: "topology", DeadLetter: "dead"}
	c.Decoders = 4
	return c
}

// start runs the consumer with the given partitions of the topic changes.
func (r *rig) start(parts ...place) {
	r.Helper()
	var err error
	r.consumer, err = NewConsumer(r.config, Deps{
		Group: r.group, Fetcher: r.log, Decoder: fakeDecoder{}, Labeller: r.labeller, Store: r.store, DeadLetters: r.writer,
		Registerer: r.registry, Log: silence(),
	})
	if err != nil {
		r.Fatal(err)
	}
	var ctx context.Context
	ctx, r.cancel = context.WithCancel(r.Context())
	r.group.assign <- parts
	go func() { r.ended <- r.consumer.Run(ctx) }()
}

// stop ends the consumer and returns what Run returned.
func (r *rig) stop() error {
	r.cancel()
	return <-r.ended
}

// crash abandons the consumer as kill -9 would, as far as its partners can
// see: what it does from now on has no effect.
func (r *rig) crash() {
	r.group.fenceOff()
	r.store.set(func(s *fakeStore) { s.down = errors.New("killed") })
	r.cancel()
	<-r.ended
}

// figure reads a counter or gauge by its name and labels, as in
// `errors_total{reason="fetch"}`.
func (r *rig) figure(name string, labels ...string) float64 {
	r.Helper()
	families, err := r.registry.Gather()
	if err != nil {
		r.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != "faultline_ingest_"+name {
			continue
		}
		for _, m := range f.GetMetric() {
			var values []string
			for _, l := range m.GetLabel() {
				values = append(values, l.GetValue())
			}
			if slices.Equal(values, labels) {
				return m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return 0
}

func silence() *slog.Logger { return slog.New(slog.DiscardHandler) }

// series returns prefix-0 to prefix-(n-1).
func series(prefix string, n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("%s-%04d", prefix, i)
	}
	return out
}
