package ingest

import (
	"strings"

	"github.com/segmentio/kafka-go"

	"github.com/faultline/faultline/correlate"
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
	for i := range r.messages {
		s.decodeMessage(r, kind, &r.messages[i])
	}
	label(s.deps.Labeller, r.events.Changes)
}

// decodeMessage adds the good events of a message to its run and, when there
// are bad ones, a dead letter with the whole message that names them.
func (s *session) decodeMessage(r *run, kind event.Kind, m *kafka.Message) {
	header := kafkaHeader(m)
	format := header(HeaderFormat)
	events, rejected, err := s.deps.Decoder.Decode(kind, format, header, m.Value, event.Meta{
		Origin:    event.Origin{Topic: m.Topic, Partition: m.Partition, Offset: m.Offset},
		ArrivedAt: m.Time.UTC(),
	})
	r.events.Changes = append(r.events.Changes, events.Changes...)
	r.events.Alerts = append(r.events.Alerts, events.Alerts...)
	r.events.Topologies = append(r.events.Topologies, events.Topologies...)
	var reason string
	switch {
	case err != nil:
		reason = err.Error()
	case len(rejected) > 0:
		reason = rejectionReason(rejected, events.Len() == 0 && len(rejected) == 1)
	default:
		return
	}
	r.dead = append(r.dead, newDeadLetter(m, format, reason, s.deps.Now()))
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

// label gives every change its provenance.
func label(l Labeller, changes []event.Change) {
	if l == nil {
		return
	}
	given := make([]correlate.Provenance, len(changes))
	for i := range changes {
		given[i] = l.Label(&changes[i].Change)
		changes[i].Provenance = &given[i]
	}
}
