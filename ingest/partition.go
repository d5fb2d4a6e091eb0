package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/segmentio/kafka-go"
)

// Bounds of what one fetch of one partition may bring, so that many partitions
// together stay within the lane's buffer and few ones still read in large
// pieces.
const leastFetch = 64 << 10

// partition reads one partition of one generation.
type partition struct {
	topic   string
	id      int
	fetcher Fetcher
	lane    *lane
	decode  chan<- *run
	bytes   int
	metrics *metrics
	log     *slog.Logger
	pause   backoff
	moved   func()
}

// fetchBytes shares half of a lane's buffer among its partitions.
func fetchBytes(buffer, partitions, most int) int {
	return min(most, max(leastFetch, buffer/(2*partitions)))
}

// read fetches from offset on until ctx ends.
func (p *partition) read(ctx context.Context, offset int64) {
	for p.lane.budget.await(ctx) {
		next, err := p.step(ctx, offset)
		switch {
		case err == nil:
			p.pause.reset()
		case ctx.Err() != nil:
			return
		default:
			p.metrics.fail(reasonFetch)
			p.log.WarnContext(ctx, "reading a partition failed, trying again", slog.String("topic", p.topic),
				slog.Int("partition", p.id), slog.Int64("offset", offset), slog.Any("error", err))
			if !p.pause.sleep(ctx) {
				return
			}
		}
		offset = next
	}
}

// step makes one fetch and hands its messages on. It returns the offset to go
// on from, which after an error is the one that it was given.
func (p *partition) step(ctx context.Context, offset int64) (int64, error) {
	if offset < 0 {
		return p.beginning(ctx, offset)
	}
	messages, next, err := p.fetcher.Fetch(ctx, p.topic, p.id, offset, p.bytes)
	if errors.Is(err, kafka.OffsetOutOfRange) {
		return p.relocate(ctx, offset)
	}
	if err != nil {
		return offset, fmt.Errorf("fetching: %w", err)
	}
	if len(messages) == 0 {
		p.idle()
		return next, nil
	}
	if !p.hand(ctx, messages, next) {
		return offset, ctx.Err()
	}
	return next, nil
}

// beginning is where a partition without a committed offset starts: at its
// first message, for nothing may be lost.
func (p *partition) beginning(ctx context.Context, unknown int64) (int64, error) {
	first, _, err := p.fetcher.Bounds(ctx, p.topic, p.id)
	if err != nil {
		return unknown, fmt.Errorf("finding the first offset: %w", err)
	}
	return first, nil
}

// relocate finds where to go on when the partition does not hold the offset.
// Messages that retention deleted are lost to us, which is counted; a
// partition that ends before the offset was made anew and is read from its
// start, since repeating is harmless and losing is not.
func (p *partition) relocate(ctx context.Context, offset int64) (int64, error) {
	first, end, err := p.fetcher.Bounds(ctx, p.topic, p.id)
	if err != nil {
		return offset, fmt.Errorf("finding the bounds of the partition: %w", err)
	}
	switch {
	case offset < first:
		p.skipped(ctx, skipRetention, first-offset, offset, first)
	case offset > end:
		p.skipped(ctx, skipReset, offset-end, offset, first)
	default:
		return offset, fmt.Errorf("offset %d of %d to %d: %w", offset, first, end, kafka.OffsetOutOfRange)
	}
	return first, nil
}

func (p *partition) skipped(ctx context.Context, why skip, count, from, to int64) {
	p.metrics.skipped.WithLabelValues(p.topic, string(why)).Add(float64(count))
	p.log.ErrorContext(ctx, "the partition does not hold the offset to read",
		slog.String("topic", p.topic), slog.Int("partition", p.id), slog.String("reason", string(why)),
		slog.Int64("offset", from), slog.Int64("continue_at", to), slog.Int64("offsets", count))
}

// idle notes that everything of this partition was read, and, when nothing of
// its topic is under way, that all of it is durable.
func (p *partition) idle() {
	if p.lane.inFlight.Load() == 0 {
		p.metrics.lag(p.topic, p.id, 0)
	}
}

// hand passes messages on to be decoded and queued. Decoding comes first: a
// queued run is always decoded, which its batcher waits for.
func (p *partition) hand(ctx context.Context, messages []kafka.Message, next int64) bool {
	r := &run{
		topic: p.topic, partition: p.id, messages: messages, next: next,
		at: time.Now(), decoded: make(chan struct{}),
	}
	for i := range messages {
		r.bytes += size(&messages[i])
	}
	p.metrics.messages.WithLabelValues(p.topic).Add(float64(len(messages)))
	p.metrics.bytes.WithLabelValues(p.topic).Add(float64(r.bytes))
	p.moved()
	p.lane.book(r)
	select {
	case p.decode <- r:
	case <-ctx.Done():
		return false
	}
	select {
	case p.lane.queue <- r:
		return true
	case <-ctx.Done():
		return false
	}
}

// size is what a message is counted as: its key, value and headers.
func size(m *kafka.Message) int {
	n := len(m.Key) + len(m.Value)
	for _, h := range m.Headers {
		n += len(h.Key) + len(h.Value)
	}
	return n
}
