package app

import (
	"context"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/kafka"
)

// startIngest joins the consumer group. In a process that also correlates, an
// insert wakes the correlator, so that it does not wait for its next look.
func (s *service) startIngest(ctx context.Context) error {
	client, err := openKafka(ctx, &s.cfg, s.cleanup, s.log)
	if err != nil {
		return err
	}
	s.kafka = client
	labeller, err := newClassifier()
	if err != nil {
		return err
	}
	writer := client.Writer()
	s.cleanup.push("dead-letter writer", func(context.Context) error { return writer.Close() })
	consumer, err := ingest.NewConsumer(ingestConfig(&s.cfg.Ingest, client.Config().Topics), ingest.Deps{
		Group:       ingest.KafkaGroup(client.Group(s.cfg.Kafka.Group)),
		Fetcher:     client.Fetcher(),
		Decoder:     s.formats,
		Labeller:    labeller,
		Store:       s.waking(),
		DeadLetters: writer,
		Registerer:  s.registry,
		Log:         s.log,
	})
	if err != nil {
		return err
	}
	s.probes.add("kafka", consumer.Check)
	s.run(ctx, "ingest", consumer.Run)
	return nil
}

// waking returns the store as ingest sees it: each insert wakes the correlator
// of this process, if it plays that role.
func (s *service) waking() ingest.Store {
	if s.runner == nil {
		return s.store
	}
	return &wakingStore{Store: s.store, wake: s.runner.Wake}
}

// wakingStore calls wake after every insert.
type wakingStore struct {
	*clickhouse.Store
	wake func()
}

// InsertChanges stores changes and wakes the correlator.
func (w *wakingStore) InsertChanges(ctx context.Context, token string, rows []event.Change) error {
	defer w.wake()
	return w.Store.InsertChanges(ctx, token, rows)
}

// InsertAlerts stores alerts and wakes the correlator.
func (w *wakingStore) InsertAlerts(ctx context.Context, token string, rows []event.Alert) error {
	defer w.wake()
	return w.Store.InsertAlerts(ctx, token, rows)
}

// InsertTopology stores snapshots and wakes the correlator.
func (w *wakingStore) InsertTopology(ctx context.Context, token string, rows []event.Topology) error {
	defer w.wake()
	return w.Store.InsertTopology(ctx, token, rows)
}

var _ correlate.Sink = (*clickhouse.Store)(nil)

// leastBuffer is room for a few messages of each topic.
const leastBuffer = 6 << 20

// ingestConfig translates the settings of ingest.
func ingestConfig(cfg *config.Ingest, topics kafka.Topics) ingest.Config {
	out := ingest.DefaultConfig()
	out.Topics = ingest.Topics(topics)
	// A batch on its way into the store and the next one fit the share of the
	// buffer that changes have.
	out.BufferBytes = max(leastBuffer, cfg.BatchBytes/3*7)
	out.BatchRows, out.BatchBytes = cfg.BatchRows, cfg.BatchBytes
	out.ChangeAge, out.AlertAge = cfg.ChangeAge, cfg.AlertAge
	return out
}
