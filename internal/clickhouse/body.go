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

// one expects exactly one event out of a stored body.
func one[T any](events []T, rejected []event.Rejection) (T, error) {
	if len(events) != 1 || len(rejected) > 0 {
		var none T
		if len(rejected) > 0 {
			return none, fmt.Errorf("%w: %w", errUnreadable, rejected[0].Err)
		}
		return none, fmt.Errorf("%w: %d events in one row", errUnreadable, len(events))
	}
	return events[0], nil
}
