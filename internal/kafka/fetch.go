package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	fetchapi "github.com/segmentio/kafka-go/protocol/fetch"
)

const (
	// fetchWait is how long a broker holds a fetch for which it has no message.
	fetchWait = 500 * time.Millisecond
	// fetchPatience is how long a fetch may take beyond that.
	fetchPatience = 15 * time.Second
	// readCommitted keeps the broker from showing messages of transactions
	// that are not yet committed.
	readCommitted = 1
	// noSession says that a fetch stands alone.
	noSession = -1
)

// Fetcher reads single partitions. It holds no state but connections, so that
// any offset may be asked for at any time.
type Fetcher struct{ client *Client }

// Fetcher returns a reader of partitions.
func (c *Client) Fetcher() *Fetcher { return &Fetcher{client: c} }

// Fetch waits a short while for messages from offset on and returns them in
// order, with the offset to ask for next. Records of aborted transactions and
// the marks of transactions are left out, so that the next offset may lie
// beyond the last message. Nothing to read is no error; an offset that the
// partition does not hold is kafka.OffsetOutOfRange.
//
// At most about maxBytes are returned, but always a whole batch of records.
// The values of the messages stand one behind the other in memory of their own.
func (f *Fetcher) Fetch(
	ctx context.Context, topic string, partition int, offset int64, maxBytes int,
) ([]kafka.Message, int64, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchWait+fetchPatience)
	defer cancel()
	answer, err := f.client.transport.RoundTrip(ctx, kafka.TCP(f.client.config.Brokers...),
		fetchRequest(topic, partition, offset, maxBytes))
	if err != nil {
		return nil, offset, fmt.Errorf("fetching %s/%d at offset %d: %w", topic, partition, offset, err)
	}
	part, err := onlyPartition(answer)
	if err != nil {
		return nil, offset, fmt.Errorf("fetching %s/%d at offset %d: %w", topic, partition, offset, err)
	}
	r := recordReader{
		topic: topic, partition: partition, next: offset, highWater: part.HighWatermark,
		aborted: part.AbortedTransactions, most: maxBytes,
	}
	if err := r.read(part.RecordSet.Records); err != nil {
		return nil, offset, fmt.Errorf("reading records of %s/%d from offset %d: %w", topic, partition, offset, err)
	}
	return r.messages, r.next, nil
}

// Bounds returns the first offset that the partition holds and the one after
// its last message.
func (f *Fetcher) Bounds(ctx context.Context, topic string, partition int) (first, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, fetchPatience)
	defer cancel()
	answer, err := f.client.API().ListOffsets(ctx, &kafka.ListOffsetsRequest{
		Topics: map[string][]kafka.OffsetRequest{
			topic: {kafka.FirstOffsetOf(partition), kafka.LastOffsetOf(partition)},
		},
	})
	if err != nil {
		return 0, 0, fmt.Errorf("asking for the offsets of %s/%d: %w", topic, partition, err)
	}
	for _, p := range answer.Topics[topic] {
		if p.Partition == partition {
			return p.FirstOffset, p.LastOffset, p.Error
		}
	}
	return 0, 0, fmt.Errorf("asking for the offsets of %s/%d: %w", topic, partition, kafka.UnknownTopicOrPartition)
}

func fetchRequest(topic string, partition int, offset int64, maxBytes int) *fetchapi.Request {
	return &fetchapi.Request{
		ReplicaID:   -1,
		MaxWaitTime: int32(fetchWait.Milliseconds()),
		MinBytes:    1,
		// The limit of the only partition decides.
		MaxBytes:       math.MaxInt32,
		IsolationLevel: readCommitted,
		SessionID:      noSession,
		SessionEpoch:   noSession,
		Topics: []fetchapi.RequestTopic{{
			Topic: topic,
			Partitions: []fetchapi.RequestPartition{{
				Partition:          int32(partition),
				CurrentLeaderEpoch: -1,
				FetchOffset:        offset,
				LogStartOffset:     -1,
				PartitionMaxBytes:  int32(maxBytes),
			}},
		}},
	}
}

// onlyPartition unwraps the answer for the one partition that was asked for.
func onlyPartition(answer kafka.Response) (*fetchapi.ResponsePartition, error) {
	response, ok := answer.(*fetchapi.Response)
	if !ok {
		return nil, fmt.Errorf("the broker answers with a %T", answer)
	}
	if response.ErrorCode != 0 {
		return nil, kafka.Error(response.ErrorCode)
	}
	if len(response.Topics) != 1 || len(response.Topics[0].Partitions) != 1 {
		return nil, errors.New("the broker does not answer for the partition asked for")
	}
	part := &response.Topics[0].Partitions[0]
	if part.ErrorCode != 0 {
		return nil, kafka.Error(part.ErrorCode)
	}
	return part, nil
}

// recordReader turns the batches of one answer into messages.
type recordReader struct {
	topic     string
	partition int
	highWater int64
	aborted   []fetchapi.ResponseTransaction
	// ended holds, by producer, the transactions of the answer that an abort
	// mark has ended: their list is by first offset only.
	ended map[int64]int64

	messages []kafka.Message
	next     int64
	// most is about how many bytes the answer may have, taken those of the
	// messages so far.
	most, taken int
	// room is what is left of the current piece of memory, piece its size.
	room  []byte
	piece int
}

// read goes through the batches. What stands before the offset that was asked
// for, since batches are sent whole, is left out.
func (r *recordReader) read(records protocol.RecordReader) error {
	batches := []protocol.RecordReader{records}
	if stream, ok := records.(*protocol.RecordStream); ok {
		batches = stream.Records
	}
	asked, seen := r.next, false
	for _, b := range batches {
		var err error
		seen = seen || b != nil
		switch b := b.(type) {
		case nil:
		case *protocol.ControlBatch:
			err = r.control(b)
		case *protocol.RecordBatch:
			err = r.batch(b, r.isAborted(b))
		default:
			err = r.batch(b, false)
		}
		if err != nil {
			return err
		}
	}
	// A batch from which compaction took the end, or all, does not tell where
	// it ended; going on by one offset at a time passes it.
	if seen && r.next == asked {
		r.next++
	}
	return nil
}

// control passes the mark that ends a transaction.
func (r *recordReader) control(b *protocol.ControlBatch) error {
	if r.ended == nil {
		r.ended = map[int64]int64{}
	}
	r.ended[b.ProducerID] = b.BaseOffset
	return r.drop(b)
}

// isAborted reports whether the batch belongs to a transaction that was
// aborted: one of its producer's began before it and has no mark before it.
func (r *recordReader) isAborted(b *protocol.RecordBatch) bool {
	if !b.Attributes.Transactional() {
		return false
	}
	for _, t := range r.aborted {
		mark, marked := r.ended[b.ProducerID]
		over := marked && mark > t.FirstOffset
		if t.ProducerID == b.ProducerID && t.FirstOffset <= b.BaseOffset && !over {
			return true
		}
	}
	return false
}

// drop passes records that are not for the reader.
func (r *recordReader) drop(b protocol.RecordReader) error {
	return r.each(b, func(*protocol.Record) error { return nil })
}

// batch copies the records of one batch out of the connection's pages.
func (r *recordReader) batch(b protocol.RecordReader, aborted bool) error {
	if aborted {
		return r.drop(b)
	}
	return r.each(b, func(record *protocol.Record) error {
		key, err := r.take(record.Key)
		if err != nil {
			return err
		}
		value, err := r.take(record.Value)
		if err != nil {
			return err
		}
		r.makeRoom(len(key) + len(value))
		r.messages = append(r.messages, kafka.Message{
			Topic: r.topic, Partition: r.partition, Offset: record.Offset, HighWaterMark: r.highWater,
			Key: key, Value: value, Headers: record.Headers, Time: record.Time,
		})
		return nil
	})
}

// fewMessages is how many messages an answer may have before room is made for
// as many as it is likely to have.
const fewMessages = 32

// makeRoom makes room for the rest of a long answer at once, of messages that
// are about as large as those so far.
func (r *recordReader) makeRoom(bytes int) {
	r.taken += bytes
	if n := len(r.messages); n == cap(r.messages) && n >= fewMessages {
		rest := max(0, r.most-r.taken) / max(1, r.taken/n)
		r.messages = slices.Grow(r.messages, 1+min(max(rest, n/4), 64*n))
	}
}

// each calls use for the records from the next offset on, and closes all.
func (r *recordReader) each(b protocol.RecordReader, use func(*protocol.Record) error) error {
	for {
		record, err := b.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if record.Offset >= r.next {
			if err := use(record); err != nil {
				return err
			}
			r.next = record.Offset + 1
		}
		closeBytes(record.Key)
		closeBytes(record.Value)
	}
}

// Memory for messages is taken in pieces that grow with the answer, so that a
// long answer makes few objects and a single message does not hold much.
const leastPiece, mostPiece = 2 << 10, 256 << 10

// take copies b into the current piece of memory, or a new one when it does
// not fit.
func (r *recordReader) take(b protocol.Bytes) ([]byte, error) {
	if b == nil {
		return nil, nil
	}
	n := b.Len()
	if n > len(r.room) {
		r.piece = min(max(2*r.piece, leastPiece), mostPiece)
		r.room = make([]byte, max(n, r.piece))
	}
	taken := r.room[:n:n]
	r.room = r.room[n:]
	if _, err := io.ReadFull(b, taken); err != nil {
		return nil, fmt.Errorf("reading a record: %w", err)
	}
	return taken, nil
}

// closeBytes returns a record's page of memory to the transport.
func closeBytes(b protocol.Bytes) {
	if b != nil {
		_ = b.Close()
	}
}
