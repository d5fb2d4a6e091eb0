package clickhouse

import (
	"context"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/internal/event"
)

var deadLetterFields = []field[event.DeadLetter]{
	timeField("event_time", func(r *event.DeadLetter) time.Time { return r.At }),
	textField("format", func(r *event.DeadLetter) string { return r.Format }),
	textField("error", func(r *event.DeadLetter) string { return r.Reason }),
	textField("raw_message", func(r *event.DeadLetter) string { return textOf(r.Value) }),
	textField("kafka_topic_name", func(r *event.DeadLetter) string { return r.Origin.Topic }),
	smallField("kafka_partition", func(r *event.DeadLetter) int32 { return int32(r.Origin.Partition) }),
	numberField("kafka_offset", func(r *event.DeadLetter) int64 { return r.Origin.Offset }),
	textField("kafka_key", func(r *event.DeadLetter) string { return textOf(r.Key) }),
	labelsField("headers", func(r *event.DeadLetter) map[string]string { return r.Headers }),
	wordField("digest", func(r *event.DeadLetter) uint64 { return xxhash.Sum64(r.Value) }),
}

// InsertDeadLetters stores messages that could not be used. The same message
// read again from Kafka collapses with its first row.
func (s *Store) InsertDeadLetters(ctx context.Context, rows []event.DeadLetter) error {
	size := func(d *event.DeadLetter) int { return len(d.Value) + rowBytes }
	return inPieces(&s.cfg, rows, size, func(piece []event.DeadLetter) error {
		return insertRows(ctx, s, "dead_letters", "", deadLetterFields, piece)
	})
}
