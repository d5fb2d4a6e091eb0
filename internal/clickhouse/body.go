package clickhouse

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/faultline/faultline/internal/event"
)

// contractFormat is the Format of events whose Raw is the contract's own JSON.
// Such an event is stored once and decoded again by the decoder that read it
// first; every other one is stored as it came and, beside it, in the JSON of
// the contract.
const contractFormat = "faultline"

// canonical is the contract's JSON of a value whose Raw is not that JSON, and
// empty for one whose Raw is.
func canonical(meta *event.Meta, value any) (string, error) {
	if meta.Format == contractFormat && len(meta.Raw) > 0 {
		return "", nil
	}
	return toJSON(value)
}

// toJSON writes a value without the escaping that is meant for HTML pages,
// which would change the bytes of fields that are kept as they came.
func toJSON(value any) (string, error) {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return "", fmt.Errorf("write JSON: %w", err)
	}
	return string(bytes.TrimSuffix(b.Bytes(), []byte("\n"))), nil
}

// fromJSON reads what toJSON wrote.
func fromJSON(text string, value any) error {
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("%w: %w", errUnreadable, err)
	}
	return nil
}

// readBody turns a stored body into the event that it was. The decoder read it
// before, or the store wrote it; but a limit of the decoder may have been lower
// for other formats, or have been lowered since, and one such row must not make
// its neighbours unreadable. So what the decoder refuses is read without limits.
func readBody[T any](
	text string, meta event.Meta, decode func([]byte, event.Meta) ([]T, []event.Rejection), value func(*T) (*event.Meta, any),
) (T, error) {
	events, rejected := decode([]byte(text), meta)
	if len(events) == 1 && len(rejected) == 0 {
		restored, _ := value(&events[0])
		restored.UID = meta.UID
		return events[0], nil
	}
	var e T
	restored, target := value(&e)
	*restored = meta
	return e, fromJSON(text, target)
}

func readChange(text string, meta event.Meta) (event.Change, error) {
	return readBody(text, meta, event.DecodeChanges, func(e *event.Change) (*event.Meta, any) { return &e.Meta, &e.Change })
}

func readAlert(text string, meta event.Meta) (event.Alert, error) {
	return readBody(text, meta, event.DecodeAlerts, func(e *event.Alert) (*event.Meta, any) { return &e.Meta, &e.Alert })
}

func readTopology(text string, meta event.Meta) (event.Topology, error) {
	return readBody(text, meta, event.DecodeTopologies, func(e *event.Topology) (*event.Meta, any) { return &e.Meta, &e.Topology })
}
