package format

import (
	"mime"
	"strings"

	"github.com/faultline/faultline/internal/event"
)

// native decodes the contract's own JSON, whose kind the topic or route tells.
type native struct{}

// Name is "faultline".
func (native) Name() string { return Native }

// Decode decodes one object, an array, or objects on lines of their own.
func (native) Decode(m Message) (event.Batch, []event.Rejection) {
	var batch event.Batch
	var rejected []event.Rejection
	layout := layoutOf(m)
	switch m.Kind {
	case event.KindChange:
		batch.Changes, rejected = event.DecodeChangesAs(layout, m.Body, m.Meta)
	case event.KindAlert:
		batch.Alerts, rejected = event.DecodeAlertsAs(layout, m.Body, m.Meta)
	case event.KindTopology:
		batch.Topologies, rejected = event.DecodeTopologiesAs(layout, m.Body, m.Meta)
	default:
		rejected = refuse(&event.FieldError{
			Problem: "nothing tells whether this is a change, an alert or a topology",
			Mend:    "send it to the topic or route of its kind",
		})
	}
	return batch, rejected
}

// layoutOf tells the layout: a Kafka record is one object or array, a request
// may declare lines by its content type.
func layoutOf(m Message) event.Layout {
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
func mediaType(m Message) string {
	content := m.Header("Content-Type")
	media, _, err := mime.ParseMediaType(content)
	if err != nil {
		media, _, _ = strings.Cut(content, ";")
	}
	return strings.ToLower(strings.TrimSpace(media))
}
