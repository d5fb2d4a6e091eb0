package ingest

import (
	"context"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// place is one partition of one topic.
type place struct {
	topic string
	id    int
}

// fakeLog is a broker's log in memory: messages by partition, and the offsets
// that the group has committed.
type fakeLog struct {
	mu        sync.Mutex
	parts     map[place][]kafka.Message
	first     map[place]int64
	committed map[place]int64
	// changed is closed and replaced when a message is added.
	changed chan struct{}
	// failing, when not nil, is what every fetch returns.
	failing error
	fetches int
}

func newFakeLog() *fakeLog {
	return &fakeLog{
		parts: map[place][]kafka.Message{}, first: map[place]int64{}, committed: map[place]int64{},
		changed: make(chan struct{}),
	}
}

// produce adds messages and returns the offset after them.
func (l *fakeLog) produce(topic string, partition int, values ...string) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	for _, v := range values {
		l.parts[at] = append(l.parts[at], kafka.Message{
			Topic: topic, Partition: partition, Offset: l.first[at] + int64(len(l.parts[at])),
			Key: []byte("key of " + v), Value: []byte(v), Time: time.Now(),
			Headers: []kafka.Header{{Key: "trace", Value: []byte("t-" + v[:min(3, len(v))])}},
		})
	}
	close(l.changed)
	l.changed = make(chan struct{})
	return l.first[at] + int64(len(l.parts[at]))
}

// expire deletes what stands before an offset, as retention does.
func (l *fakeLog) expire(topic string, partition int, before int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	l.parts[at] = l.parts[at][before-l.first[at]:]
	l.first[at] = before
}

// recreate empties a partition, as making its topic anew does.
func (l *fakeLog) recreate(topic string, partition int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.parts, place{topic, partition})
	delete(l.first, place{topic, partition})
}

func (l *fakeLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failing = err
}

func (l *fakeLog) offset(topic string, partition int) int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.committed[place{topic, partition}]
}

// Fetch implements Fetcher.
func (l *fakeLog) Fetch(ctx context.Context, topic string, partition int, offset int64, maxBytes int) ([]kafka.Message, int64, error) {
	deadline := time.After(500 * time.Millisecond)
	for {
		messages, changed, err := l.look(place{topic, partition}, offset, maxBytes)
		if err != nil || len(messages) > 0 {
			return messages, offset + int64(len(messages)), err
		}
		select {
		case <-changed:
		case <-deadline:
			return nil, offset, nil
		case <-ctx.Done():
			return nil, offset, ctx.Err()
		}
	}
}

func (l *fakeLog) look(at place, offset int64, maxBytes int) ([]kafka.Message, chan struct{}, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fetches++
	index := offset - l.first[at]
	switch {
	case l.failing != nil:
		return nil, nil, l.failing
	case index < 0 || index > int64(len(l.parts[at])):
		return nil, nil, kafka.OffsetOutOfRange
	}
	var found []kafka.Message
	for _, m := range l.parts[at][index:] {
		if maxBytes -= size(&m); maxBytes < 0 && len(found) > 0 {
			break
		}
		found = append(found, m)
	}
	return found, l.changed, nil
}

// Bounds implements Fetcher.
func (l *fakeLog) Bounds(_ context.Context, topic string, partition int) (first, end int64, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := place{topic, partition}
	return l.first[at], l.first[at] + int64(len(l.parts[at])), l.failing
}
