package kafka

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// readAll fetches from an offset until limit messages are there or nothing
// comes any more.
func readAll(t *testing.T, c *Client, offset int64, limit, maxBytes int) []kafka.Message {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var all []kafka.Message
	for len(all) < limit {
		messages, next, err := c.Fetcher().Fetch(ctx, c.Config().Topics.Changes, 0, offset, maxBytes)
		if err != nil {
			t.Fatal(err)
		}
		if len(messages) == 0 && next == offset {
			break
		}
		all, offset = append(all, messages...), next
	}
	return all
}

func values(messages []kafka.Message) (values []string) {
	for _, m := range messages {
		values = append(values, string(m.Value))
	}
	return values
}

func numbered(c *Client, from, to int) (messages []kafka.Message) {
	for i := from; i < to; i++ {
		messages = append(messages, kafka.Message{
			Topic: c.Config().Topics.Changes, Key: fmt.Append(nil, "key", i), Value: fmt.Append(nil, "value ", i),
			Headers: []kafka.Header{{Key: "n", Value: fmt.Append(nil, i)}},
		})
	}
	return messages
}

func TestMessagesArriveWholeAndInOrder(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		began := time.Now().Add(-time.Minute)
		sent := numbered(c, 0, 500)
		write(t, c, sent...)
		got := readAll(t, c, 0, 500, 4<<10)
		if len(got) != len(sent) {
			t.Fatalf("%d messages arrived, want %d", len(got), len(sent))
		}
		for i, m := range got {
			want := sent[i]
			want.Offset, want.Time, want.HighWaterMark = int64(i), m.Time, m.HighWaterMark
			if diff := cmp.Diff(want, m); diff != "" {
				t.Fatalf("message %d differs:\n%s", i, diff)
			}
			if m.Time.Before(began) || m.Time.After(time.Now().Add(time.Minute)) {
				t.Fatalf("message %d has the time %s", i, m.Time)
			}
		}
	})
}

func TestFetchInsideOfABatchLeavesOutWhatIsBefore(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		write(t, c, numbered(c, 0, 10)...)
		want := []string{"value 7", "value 8", "value 9"}
		if diff := cmp.Diff(want, values(readAll(t, c, 7, 3, 1<<20))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestEveryCompressionIsRead(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		var want []string
		for _, codec := range []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd} {
			w := c.Writer()
			w.Compression = codec
			messages := numbered(c, len(want), len(want)+20)
			if err := w.WriteMessages(t.Context(), messages...); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			want = append(want, values(messages)...)
		}
		if diff := cmp.Diff(want, values(readAll(t, c, 0, len(want), 1<<20))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestMessagesWithoutKeyValueOrHeadersArrive(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		topic := c.Config().Topics.Changes
		write(t, c, kafka.Message{Topic: topic, Value: []byte("v")}, kafka.Message{Topic: topic, Key: []byte("k")},
			kafka.Message{Topic: topic, Key: []byte{}, Value: []byte{}})
		got := readAll(t, c, 0, 3, 1<<20)
		if len(got) != 3 || got[0].Key != nil || got[1].Value != nil || got[2].Key == nil || got[2].Value == nil {
			t.Fatalf("got %#v", got)
		}
	})
}

func TestOffsetOutsideOfThePartitionIsToldApart(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		topic := c.Config().Topics.Changes
		write(t, c, numbered(c, 0, 10)...)
		deleteBefore(t, c, topic, 4)
		f := c.Fetcher()
		for _, offset := range []int64{0, 3, 11, 1000} {
			if _, _, err := f.Fetch(t.Context(), topic, 0, offset, 1<<20); !errors.Is(err, kafka.OffsetOutOfRange) {
				t.Errorf("Fetch at %d of 4 to 10 = %v, want OffsetOutOfRange", offset, err)
			}
		}
		first, end, err := f.Bounds(t.Context(), topic, 0)
		if err != nil || first != 4 || end != 10 {
			t.Errorf("Bounds = %d, %d, %v; want 4, 10", first, end, err)
		}
		if messages, next, err := f.Fetch(t.Context(), topic, 0, 10, 1<<20); err != nil || len(messages) > 0 || next != 10 {
			t.Errorf("Fetch at the end = %v, %d, %v; want nothing", messages, next, err)
		}
	})
}

func TestUnknownPartitionIsAnError(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, _, err := c.Fetcher().Fetch(ctx, c.Config().Topics.Changes, 7, 0, 1<<20); err == nil {
			t.Error("fetching a partition that does not exist succeeds")
		}
		if _, _, err := c.Fetcher().Bounds(ctx, "no.such.topic", 0); err == nil {
			t.Error("asking for the bounds of a topic that does not exist succeeds")
		}
	})
}

func TestEndOfTheContextEndsALongFetch(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, _, err := c.Fetcher().Fetch(ctx, c.Config().Topics.Changes, 0, 0, 1<<20)
		if err == nil || time.Since(began) > fetchPatience {
			t.Fatalf("Fetch = %v after %s, want the end of the context at once", err, time.Since(began))
		}
	})
}

func TestAbortedTransactionsAreNotDelivered(t *testing.T) {
	onBothBrokers(t, func(t *testing.T, c *Client) {
		ensure(t, c, TopicPlan{Partitions: 1, Replication: 1})
		p := transactions(t, c)
		var want []string
		for i, end := range []kgo.TransactionEndTry{kgo.TryAbort, kgo.TryCommit, kgo.TryAbort, kgo.TryAbort, kgo.TryCommit} {
			value := fmt.Sprint("transaction ", i)
			transact(t, p, c.Config().Topics.Changes, value, end)
			if end == kgo.TryCommit {
				want = append(want, value, value)
			}
		}
		write(t, c, kafka.Message{Topic: c.Config().Topics.Changes, Value: []byte("plain")})
		want = append(want, "plain")
		if diff := cmp.Diff(want, values(readAll(t, c, 0, len(want), 1<<20))); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, values(readAll(t, c, 0, len(want), 1))); diff != "" {
			t.Fatalf("fetched in the smallest pieces:\n%s", diff)
		}
	})
}

func TestCompactedOffsetsArePassed(t *testing.T) {
	r := recordReader{next: 5}
	empty := kafka.NewRecordReader()
	if err := r.read(empty); err != nil || r.next != 6 {
		t.Fatalf("after a batch of which nothing is left, next = %d, %v; want 6", r.next, err)
	}
	r = recordReader{next: 5}
	if err := r.read(nil); err != nil || r.next != 5 {
		t.Fatalf("after no batch, next = %d, %v; want 5", r.next, err)
	}
}

func transactions(t *testing.T, c *Client) *kgo.Client {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(c.Config().Brokers...),
		kgo.TransactionalID(c.Config().Topics.Changes), kgo.DefaultProduceTopic(c.Config().Topics.Changes))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// transact writes a value twice, in two batches, and ends the transaction.
func transact(t *testing.T, p *kgo.Client, topic, value string, end kgo.TransactionEndTry) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	if err := p.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.ProduceSync(ctx, &kgo.Record{Topic: topic, Value: []byte(value)}).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.EndTransaction(ctx, end); err != nil {
		t.Fatal(err)
	}
}

// deleteBefore does at once what retention does in days.
func deleteBefore(t *testing.T, c *Client, topic string, offset int64) {
	t.Helper()
	p, err := kgo.NewClient(kgo.SeedBrokers(c.Config().Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	request := kmsg.NewPtrDeleteRecordsRequest()
	request.TimeoutMillis = 10_000
	part := kmsg.NewDeleteRecordsRequestTopicPartition()
	part.Partition, part.Offset = 0, offset
	of := kmsg.NewDeleteRecordsRequestTopic()
	of.Topic, of.Partitions = topic, append(of.Partitions, part)
	request.Topics = append(request.Topics, of)
	if _, err := request.RequestWith(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}
