package correlate

import (
	"encoding/json"
	"fmt"
	"time"
)

// Series is one metric series of a service, or of one instance or version of
// it. Labels "direction" (inbound or outbound) and "peer" tell a call edge
// seen from that instance. Units are percent, ms, per_second and ratio.
type Series struct {
	Service  string            `json:"service"`
	Instance string            `json:"instance,omitempty"`
	Version  string            `json:"version,omitempty"`
	Signal   string            `json:"signal"`
	Unit     string            `json:"unit,omitempty"`
	Labels   map[string]string `json:"labels,omitempty"`
	Points   []Point           `json:"points"`
}

// Point is one sample of a series. In JSON it is the pair [time, value].
type Point struct {
	At    time.Time
	Value float64
}

// MarshalJSON writes the pair [time, value].
func (p Point) MarshalJSON() ([]byte, error) {
	return json.Marshal([2]any{p.At, p.Value})
}

// UnmarshalJSON reads the pair [time, value]; the time is RFC 3339.
func (p *Point) UnmarshalJSON(data []byte) error {
	var pair []json.RawMessage
	if err := json.Unmarshal(data, &pair); err != nil {
		return fmt.Errorf("point: want [time, value]: %w", err)
	}
	if len(pair) != 2 {
		return fmt.Errorf("point: want [time, value], got %d elements", len(pair))
	}
	if err := json.Unmarshal(pair[0], &p.At); err != nil {
		return fmt.Errorf("point time: %w", err)
	}
	if err := json.Unmarshal(pair[1], &p.Value); err != nil {
		return fmt.Errorf("point value: %w", err)
	}
	return nil
}
