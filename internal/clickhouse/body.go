package clickhouse

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

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

// stored is the body of one event as it is read back. Rewritten bodies are what
// toJSON wrote; the others are the contract's JSON as it came.
type stored struct {
	meta      event.Meta
	text      string
	rewritten bool
}

// scan reads the columns uid, arrived_at, body, rewritten.
func (b *stored) scan(rows driver.Rows) error {
	return rows.Scan(&b.meta.UID, &b.meta.ArrivedAt, &b.text, &b.rewritten)
}

// change is the event in the body. What came as the contract's JSON is decoded
// by the decoder that read it first. If a limit of that decoder has been lowered
// since, the body is read without limits: one such row must not make its
// neighbours unreadable.
func (b *stored) change() (event.Change, error) {
	if !b.rewritten {
		events, rejected := event.DecodeChanges([]byte(b.text), b.meta)
		if len(events) == 1 && len(rejected) == 0 {
			events[0].UID = b.meta.UID
			return events[0], nil
		}
	}
	e := event.Change{Meta: b.meta}
	return e, fromJSON(b.text, &e.Change)
}

// alert is the event in the body, by the rules of change.
func (b *stored) alert() (event.Alert, error) {
	if !b.rewritten {
		events, rejected := event.DecodeAlerts([]byte(b.text), b.meta)
		if len(events) == 1 && len(rejected) == 0 {
			events[0].UID = b.meta.UID
			return events[0], nil
		}
	}
	e := event.Alert{Meta: b.meta}
	return e, fromJSON(b.text, &e.Alert)
}

// topology is the event in the body, by the rules of change.
func (b *stored) topology() (event.Topology, error) {
	if !b.rewritten {
		events, rejected := event.DecodeTopologies([]byte(b.text), b.meta)
		if len(events) == 1 && len(rejected) == 0 {
			return events[0], nil
		}
	}
	e := event.Topology{Meta: b.meta}
	return e, fromJSON(b.text, &e.Topology)
}
