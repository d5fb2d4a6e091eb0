package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/event"
)

// The headers of a dead letter. The headers of the original message follow
// them, except where the names meet.
const (
	HeaderError     = "error"
	HeaderTopic     = "original-topic"
	HeaderPartition = "original-partition"
	HeaderOffset    = "original-offset"
)

// maxReason bounds the reason of a dead letter; a message of many bad
// elements names the first ones.
const maxReason = 2 << 10

// newDeadLetter is the letter for a whole message.
func newDeadLetter(m *kafka.Message, format, reason string, now time.Time) event.DeadLetter {
	headers := make(map[string]string, len(m.Headers))
	for _, h := range m.Headers {
		headers[h.Key] = string(h.Value)
	}
	return event.DeadLetter{
		Origin: event.Origin{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset},
		Key:    m.Key, Value: m.Value, Headers: headers,
		Format: format, Reason: bounded(reason), At: now.UTC().Truncate(time.Millisecond),
	}
}

// elementReason names the element at fault of a message that holds several.
func elementReason(r event.Rejection, sole bool) string {
	if sole {
		return r.Err.Error()
	}
	return fmt.Sprintf("element %d: %s", r.Line, r.Err)
}

func bounded(reason string) string {
	if len(reason) <= maxReason {
		return reason
	}
	return reason[:maxReason] + "..."
}

// deadLetters writes to the dead-letter topic and table.
type deadLetters struct {
	topic   string
	writer  MessageWriter
	insert  *inserter
	metrics *metrics
	log     *slog.Logger
}

// write returns nil when every letter is acknowledged by the topic and by the
// table. A letter that the topic will never take, being too large for it or
// not allowed, is in the table alone, which is logged.
func (d *deadLetters) write(ctx context.Context, letters []event.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	if err := d.publish(ctx, letters); err != nil {
		return err
	}
	err := d.insert.patiently(ctx, "storing dead letters", func(ctx context.Context) error {
		return d.insert.store.InsertDeadLetters(ctx, letters)
	})
	if errors.Is(err, event.ErrRefused) {
		d.metrics.fail(reasonRefused)
		d.log.ErrorContext(ctx, "the store refuses dead letters; they are in the topic",
			slog.String("topic", d.topic), slog.Any("error", err))
		err = nil
	}
	if err != nil {
		return err
	}
	for i := range letters {
		d.metrics.deadLetters.WithLabelValues(letters[i].Origin.Topic).Inc()
		d.log.WarnContext(ctx, "a message went to the dead letters",
			slog.String("topic", letters[i].Origin.Topic), slog.Int("partition", letters[i].Origin.Partition),
			slog.Int64("offset", letters[i].Origin.Offset), slog.String("reason", letters[i].Reason))
	}
	return nil
}

func (d *deadLetters) publish(ctx context.Context, letters []event.DeadLetter) error {
	pending := make([]kafka.Message, len(letters))
	for i := range letters {
		pending[i] = d.message(&letters[i])
	}
	return d.insert.patiently(ctx, "writing dead letters to their topic", func(ctx context.Context) error {
		err := d.writer.WriteMessages(ctx, pending...)
		if err == nil {
			return nil
		}
		d.metrics.fail(reasonDeadLetter)
		pending = d.unwritten(ctx, pending, err)
		if len(pending) == 0 {
			return nil
		}
		return fmt.Errorf("writing to %s: %w", d.topic, brief(err))
	})
}

// unwritten picks the messages that are worth another attempt.
func (d *deadLetters) unwritten(ctx context.Context, sent []kafka.Message, err error) []kafka.Message {
	var each kafka.WriteErrors
	if !errors.As(err, &each) || len(each) != len(sent) {
		each = make(kafka.WriteErrors, len(sent))
		for i := range each {
			each[i] = err
		}
	}
	var again []kafka.Message
	for i := range sent {
		switch {
		case each[i] == nil:
		case permanent(each[i]):
			d.log.ErrorContext(ctx, "the dead-letter topic refuses a message; it is in the table only",
				slog.String("topic", d.topic), slog.Int("bytes", len(sent[i].Value)), slog.Any("error", each[i]))
		default:
			again = append(again, sent[i])
		}
	}
	return again
}

// brief names the first error of many: the text of WriteErrors has all of them
// and may be a megabyte long.
func brief(err error) error {
	var each kafka.WriteErrors
	if errors.As(err, &each) {
		for _, e := range each {
			if e != nil {
				return fmt.Errorf("%d of %d messages failed, the first with: %w", each.Count(), len(each), e)
			}
		}
	}
	return err
}

// permanent reports whether the brokers will refuse the message every time.
func permanent(err error) bool {
	var tooLarge kafka.MessageTooLargeError
	if errors.As(err, &tooLarge) {
		return true
	}
	var code kafka.Error
	return errors.As(err, &code) && !code.Temporary() && !code.Timeout()
}

// message is the letter as it stands in the topic: the original key and the
// original value, byte for byte.
func (d *deadLetters) message(l *event.DeadLetter) kafka.Message {
	m := kafka.Message{
		Topic: d.topic, Key: l.Key, Value: l.Value,
		Headers: []kafka.Header{
			{Key: HeaderError, Value: []byte(l.Reason)},
			{Key: HeaderTopic, Value: []byte(l.Origin.Topic)},
			{Key: HeaderPartition, Value: []byte(strconv.Itoa(l.Origin.Partition))},
			{Key: HeaderOffset, Value: []byte(strconv.FormatInt(l.Origin.Offset, 10))},
		},
	}
	for name, value := range l.Headers {
		switch name {
		case HeaderError, HeaderTopic, HeaderPartition, HeaderOffset:
		default:
			m.Headers = append(m.Headers, kafka.Header{Key: name, Value: []byte(value)})
		}
	}
	return m
}
