package ingest

import (
	"context"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// Fetcher reads single partitions.
type Fetcher interface {
	// Fetch waits a short while for messages from offset on and returns them in
	// order, with the offset to ask for next, which may lie beyond the last
	// message. No message and no error means that there is nothing to read now.
	// An offset that the partition does not hold is kafka.OffsetOutOfRange.
	// The messages belong to the caller.
	Fetch(ctx context.Context, topic string, partition int, offset int64, maxBytes int) ([]kafka.Message, int64, error)
	// Bounds returns the first offset that is held and the one after the last.
	Bounds(ctx context.Context, topic string, partition int) (first, end int64, err error)
}

// Group is a consumer group that this process may join.
type Group interface {
	Join() (Membership, error)
}

// Membership is a place in a consumer group.
type Membership interface {
	// Next returns the next generation, once the previous one has ended. An
	// error other than kafka.ErrGroupClosed and that of ctx is passing.
	Next(ctx context.Context) (Generation, error)
	// Close ends the generation, waits for its functions and leaves the group.
	Close() error
}

// Generation is one assignment of partitions. Its commits carry its number, so
// that the group refuses them once the partitions belong to somebody else.
type Generation interface {
	Assigned() map[string][]kafka.PartitionAssignment
	// Start runs fn in its own goroutine. The context ends with the
	// generation, and the group waits for fn to return before it moves on; the
	// return of fn ends the generation.
	Start(fn func(ctx context.Context))
	CommitOffsets(next map[string]map[int]int64) error
}

// ChangeStore stores change events. When a method returns nil, the rows are
// durable. The same token with the same rows again is harmless, and with other
// rows no different from another token. An error that wraps event.ErrRefused
// lies in the rows, any other in the store. Rows belong to the caller again
// when the method returns.
type ChangeStore interface {
	InsertChanges(ctx context.Context, token string, rows []event.Change) error
}

// AlertStore stores alert events, on the terms of ChangeStore.
type AlertStore interface {
	InsertAlerts(ctx context.Context, token string, rows []event.Alert) error
}

// TopologyStore stores topology snapshots, on the terms of ChangeStore.
type TopologyStore interface {
	InsertTopology(ctx context.Context, token string, rows []event.Topology) error
}

// DeadLetterStore stores messages that could not be used, on the terms of
// ChangeStore.
type DeadLetterStore interface {
	InsertDeadLetters(ctx context.Context, rows []event.DeadLetter) error
}

// Store takes all that is ingested.
type Store interface {
	ChangeStore
	AlertStore
	TopologyStore
	DeadLetterStore
}

// MessageWriter writes messages to the topics that they name and returns when
// the brokers have acknowledged them. *kafka.Writer is one.
type MessageWriter interface {
	WriteMessages(ctx context.Context, messages ...kafka.Message) error
}

// Labeller classifies the provenance of a change. It is called from several
// goroutines.
type Labeller interface {
	Label(c *correlate.Change) correlate.Provenance
}

// Decoder reads messages and requests of every format.
type Decoder interface {
	// Decode adds the good events of a body to a batch and returns a rejection
	// for each bad one. Kind is what the topic or route is for; it is empty when the format
	// decides. Format is a name, or empty when the header tells it. Header looks
	// a header up in any case. The events hold parts of the body. Meta is copied
	// into every event, with its own Raw, UID and Format. The error means that
	// the format is not known.
	Decode(into *event.Batch, kind event.Kind, format string, header func(name string) string, body []byte, meta event.Meta) ([]event.Rejection, error)
}

// Verifier checks the signatures of webhooks.
type Verifier interface {
	// Signs reports whether the senders of a format can sign.
	Signs(format string) bool
	// Verify returns event.ErrBadSignature unless the header proves that the
	// sender of the body knows the secret.
	Verify(format, secret string, header func(name string) string, body []byte) error
}

// SeenStore tells which events are durable already.
type SeenStore interface {
	Seen(ctx context.Context, kind event.Kind, uids []uint64) (map[uint64]bool, error)
}
