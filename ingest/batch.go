package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/event"
)

// maxToken bounds an insert token. A longer one, of a batch of very many
// partitions, is replaced by its hash.
const maxToken = 256

// run is what one fetch brought: consecutive messages of one partition, and
// after decoding what they hold.
type run struct {
	topic     string
	partition int
	messages  []kafka.Message
	// next is the offset to commit once the run is durable.
	next  int64
	bytes int
	at    time.Time

	// decoded is closed when the fields below are final.
	decoded chan struct{}
	events  event.Batch
	dead    []event.DeadLetter
}

// batch is what one flush makes durable: runs in the order of their offsets.
type batch struct {
	runs  []*run
	bytes int
	rows  int
	// since is when the oldest run was fetched.
	since time.Time
}

func (b *batch) add(r *run) {
	if len(b.runs) == 0 || r.at.Before(b.since) {
		b.since = r.at
	}
	b.runs = append(b.runs, r)
	b.bytes += r.bytes
	b.rows += r.events.Len()
}

func (b *batch) empty() bool { return len(b.runs) == 0 }

// joined is room for the events of a whole batch, which a lane uses again for
// later batches: at full speed it would be a tenth of what is allocated.
type joined struct{ events event.Batch }

// of gathers the events of a batch. They are valid until release.
func (j *joined) of(b *batch) *event.Batch {
	for _, r := range b.runs {
		j.events.Changes = append(j.events.Changes, r.events.Changes...)
		j.events.Alerts = append(j.events.Alerts, r.events.Alerts...)
		j.events.Topologies = append(j.events.Topologies, r.events.Topologies...)
	}
	return &j.events
}

// release lets go of what the events hold.
func (j *joined) release() {
	clear(j.events.Changes)
	clear(j.events.Alerts)
	clear(j.events.Topologies)
	j.events.Changes = j.events.Changes[:0]
	j.events.Alerts = j.events.Alerts[:0]
	j.events.Topologies = j.events.Topologies[:0]
}

// offsets are the offsets to commit, by topic and partition.
func (b *batch) offsets() map[string]map[int]int64 {
	next := map[string]map[int]int64{}
	for _, r := range b.runs {
		if next[r.topic] == nil {
			next[r.topic] = map[int]int64{}
		}
		next[r.topic][r.partition] = r.next
	}
	return next
}

// token names the batch by the offsets that it holds:
// topic:partition:first-last, several joined by commas in a fixed order.
func (b *batch) token() string {
	var spans []span
	for _, r := range b.runs {
		spans = addSpan(spans, r)
	}
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(strings.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	parts := make([]string, len(spans))
	for i, s := range spans {
		parts[i] = s.String()
	}
	token := strings.Join(parts, ",")
	if len(token) > maxToken {
		sum := sha256.Sum256([]byte(token))
		token = hex.EncodeToString(sum[:])
	}
	return token
}

// message finds the message that an event came from.
func (b *batch) message(o event.Origin) *kafka.Message {
	for _, r := range b.runs {
		if r.topic != o.Topic || r.partition != o.Partition {
			continue
		}
		at, found := slices.BinarySearchFunc(r.messages, o.Offset, func(m kafka.Message, offset int64) int {
			return cmp.Compare(m.Offset, offset)
		})
		if found {
			return &r.messages[at]
		}
	}
	return nil
}

// span is a range of offsets, both ends included.
type span struct {
	topic       string
	partition   int
	first, last int64
}

func (s span) String() string {
	return s.topic + ":" + strconv.Itoa(s.partition) + ":" +
		strconv.FormatInt(s.first, 10) + "-" + strconv.FormatInt(s.last, 10)
}

func addSpan(spans []span, r *run) []span {
	for i := range spans {
		if spans[i].topic == r.topic && spans[i].partition == r.partition {
			spans[i].last = r.next - 1
			return spans
		}
	}
	return append(spans, span{r.topic, r.partition, r.messages[0].Offset, r.next - 1})
}
