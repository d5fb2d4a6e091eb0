package ingest

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/event"
)

// flusher makes batches durable and commits their offsets after that.
type flusher struct {
	insert  *inserter
	dead    *deadLetters
	commit  func(next map[string]map[int]int64) error
	metrics *metrics
	log     *slog.Logger
	now     func() time.Time
}

// store returns nil when everything in the batch is durable: its rows in the
// store, and the letters of its decoding and of refused rows.
func (f *flusher) store(ctx context.Context, b *batch, room *joined) error {
	defer room.release()
	letters, err := f.insertRows(ctx, b, room.of(b))
	if err != nil {
		return err
	}
	return f.dead.write(ctx, letters)
}

// finish commits a batch that is durable. After an error no later batch may be
// committed.
func (f *flusher) finish(topic string, s *storing) error {
	if err := f.commit(s.batch.offsets()); err != nil {
		f.metrics.fail(reasonCommit)
		return fmt.Errorf("committing offsets: %w", err)
	}
	f.metrics.batchRows.WithLabelValues(topic).Observe(float64(s.batch.rows))
	f.metrics.flushSeconds.WithLabelValues(topic).Observe(time.Since(s.began).Seconds())
	f.recordLag(s.batch)
	return nil
}

// insertRows inserts the rows and returns the letters of the batch.
func (f *flusher) insertRows(ctx context.Context, b *batch, events *event.Batch) ([]event.DeadLetter, error) {
	var letters []event.DeadLetter
	for _, r := range b.runs {
		letters = append(letters, r.dead...)
	}
	refused := func(meta *event.Meta, err error) {
		if m := b.message(meta.Origin); m != nil {
			letters = append(letters, newDeadLetter(m, meta.Format, refusedReason(m, meta, err), f.now()))
		}
	}
	token := b.token()
	err := insert(ctx, f.insert, event.KindChange, token, events.Changes, f.insert.store.InsertChanges,
		func(row int, err error) { refused(&events.Changes[row].Meta, err) })
	if err != nil {
		return nil, err
	}
	err = insert(ctx, f.insert, event.KindAlert, token, events.Alerts, f.insert.store.InsertAlerts,
		func(row int, err error) { refused(&events.Alerts[row].Meta, err) })
	if err != nil {
		return nil, err
	}
	err = insert(ctx, f.insert, event.KindTopology, token, events.Topologies, f.insert.store.InsertTopology,
		func(row int, err error) { refused(&events.Topologies[row].Meta, err) })
	return letters, err
}

// refusedReason tells which part of the message the store refuses, when it is
// not all of it.
func refusedReason(m *kafka.Message, meta *event.Meta, err error) string {
	if len(meta.Raw) == len(m.Value) {
		return err.Error()
	}
	const shown = 200
	return fmt.Sprintf("%s; the element begins %.*q", err, shown, meta.Raw)
}

// recordLag notes how old the newest durable message of each partition is.
func (f *flusher) recordLag(b *batch) {
	for _, r := range b.runs {
		last := &r.messages[len(r.messages)-1]
		age := f.now().Sub(last.Time).Seconds()
		f.metrics.lag(r.topic, r.partition, max(0, age))
	}
	f.log.Debug("a batch is durable", slog.String("topic", b.runs[0].topic), slog.Int("events", b.rows))
}
