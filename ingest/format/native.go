package format

import (
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// native decodes the contract's own JSON, whose kind the topic or route tells.
type native struct{}

// Name is "faultline".
func (native) Name() string { return Native }

// Decode decodes one object, an array, or objects on lines of their own.
func (n native) Decode(m Message) (event.Batch, []event.Rejection) {
	var batch event.Batch
	rejected := n.append(&batch, &m)
	return batch, rejected
}

// append implements appender.
func (native) append(into *event.Batch, m *Message) []event.Rejection {
	layout := layoutOf(m)
	switch m.Kind {
	case event.KindChange:
		return into.AddChanges(layout, m.Body, m.Meta)
	case event.KindAlert:
		return into.AddAlerts(layout, m.Body, m.Meta)
	case event.KindTopology:
		return into.AddTopologies(layout, m.Body, m.Meta)
	default:
		return refuse(&event.FieldError{
			Problem: "nothing tells whether this is a change, an alert or a topology",
			Mend:    "send it to the topic or route of its kind",
		})
	}
}

// layoutOf tells the layout: a Kafka record is one object or array, a request
// may declare lines by its content type.
func layoutOf(m *Message) event.Layout {
	if m.Meta.Origin.Topic != "" {
		return event.LayoutDocument
	}
	switch mediaType(m) {
	case "application/x-ndjson", "application/ndjson", "application/jsonl", "application/x-jsonlines":
		return event.LayoutLines
	}
	return event.LayoutAuto
}

// mediaType is the content type without parameters, in lower case.
func mediaType(m *Message) string {
	media, _, _ := strings.Cut(m.Header("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}
