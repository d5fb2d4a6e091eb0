package ingest

import (
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/internal/event"
)

// HeaderFormat names the format of a Kafka message that holds a vendor's
// payload.
const HeaderFormat = "faultline-format"

// decode decodes runs until there are no more.
func (s *session) decode() {
	for r := range s.work {
		s.decodeRun(r)
		s.moved()
		close(r.decoded)
	}
}

func (s *session) decodeRun(r *run) {
	kind := s.lanes[r.topic].kind
	// Most messages hold one event of the kind that the topic is for.
	switch kind {
	case event.KindChange:
		r.events.Changes = make([]event.Change, 0, len(r.messages))
	case event.KindAlert:
		r.events.Alerts = make([]event.Alert, 0, len(r.messages))
	case event.KindTopology:
		r.events.Topologies = make([]event.Topology, 0, len(r.messages))
	}
	for i := range r.messages {
		s.decodeMessage(r, kind, &r.messages[i])
	}
	label(s.deps.Labeller, r.events.Changes, s.log)
}

// decodeMessage adds the good events of a message to its run and, when there
// are bad ones, a dead letter with the whole message that names them.
func (s *session) decodeMessage(r *run, kind event.Kind, m *kafka.Message) {
	header := kafkaHeader(m)
	format := header(HeaderFormat)
	if reason := s.tryDecode(&r.events, kind, format, header, m); reason != "" {
		s.metrics.fail(reasonDecode)
		r.dead = append(r.dead, newDeadLetter(m, format, reason, s.deps.Now()))
	}
}

// tryDecode adds the good events and, when there are bad ones, tells why. A
// decoder that panics on a message would do so again after every restart, so
// such a message is a dead letter like any other, and nothing of it is added.
func (s *session) tryDecode(into *event.Batch, kind event.Kind, format string, header func(string) string, m *kafka.Message) (reason string) {
	before := *into
	defer func() {
		if p := recover(); p != nil {
			*into, reason = before, fmt.Sprintf("the decoder broke off: %v", p)
			s.log.Error("a decoder panicked", slog.Any("panic", p), slog.String("format", format),
				slog.String("stack", string(debug.Stack())))
		}
	}()
	rejected, err := s.deps.Decoder.Decode(into, kind, format, header, m.Value, event.Meta{
		Origin:    event.Origin{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset},
		ArrivedAt: arrival(m.Time, s.deps.Now()),
	})
	switch {
	case err != nil:
		return err.Error()
	case len(rejected) > 0:
		return rejectionReason(rejected, into.Len() == before.Len() && len(rejected) == 1)
	}
	return ""
}

// clockSlack is how far a producer's clock may be ahead of ours. It is what
// alerts are allowed: one whose producer is wrong by hours would otherwise vouch
// for its own start.
const clockSlack = 10 * time.Minute

// arrival is when a message came to Kafka, so that a replay arrives at the same
// moment. Producers may set that time and some set nonsense, which would make
// good events look absurdly late or early: then it is now.
func arrival(recorded, now time.Time) time.Time {
	if recorded.Year() < 2000 || recorded.After(now.Add(clockSlack)) {
		recorded = now
	}
	return recorded.UTC().Truncate(time.Millisecond)
}

func rejectionReason(rejected []event.Rejection, sole bool) string {
	var b strings.Builder
	for i, r := range rejected {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(elementReason(r, sole))
		if b.Len() > maxReason {
			break
		}
	}
	return b.String()
}

// kafkaHeader looks headers up by name in any case; of several, the first.
func kafkaHeader(m *kafka.Message) func(string) string {
	return func(name string) string {
		for i := range m.Headers {
			if strings.EqualFold(m.Headers[i].Key, name) {
				return string(m.Headers[i].Value)
			}
		}
		return ""
	}
}

// label gives every change its provenance. A change on which the labeller
// panics stays without one.
func label(l Labeller, changes []event.Change, log *slog.Logger) {
	if l == nil {
		return
	}
	for i := range changes {
		labelOne(l, &changes[i], log)
	}
}

func labelOne(l Labeller, c *event.Change, log *slog.Logger) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("labelling a change panicked", slog.Any("panic", p), slog.String("change", c.ID),
				slog.String("source", c.Source), slog.String("stack", string(debug.Stack())))
		}
	}()
	given := l.Label(&c.Change)
	c.Provenance = &given
}
