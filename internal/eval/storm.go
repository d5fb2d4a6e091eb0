package eval

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// Storm is a stretch of time in which several outages overlap, with the label
// of which alert belongs to which. Alerts that Truth does not name are noise.
type Storm struct {
	Record
	Name string
	// Kind is what makes the storm hard.
	Kind  string
	Truth map[correlate.AlertKey]string
}

// stormLine is a storm as one line of a file: a case without changes and causes,
// with the alerts of each outage.
type stormLine struct {
	Name string `json:"name"`
	Record
	Outages map[string][]correlate.AlertKey `json:"outages"`
	Kind    string                          `json:"kind"`
}

// WriteStorm writes the storm as one line.
func WriteStorm(out io.Writer, s *Storm) error {
	line := stormLine{Name: s.Name, Record: s.Record, Kind: s.Kind, Outages: map[string][]correlate.AlertKey{}}
	if line.Changes == nil {
		line.Changes = []correlate.Change{}
	}
	for i := range s.Alerts {
		key := s.Alerts[i].Key()
		if outage, ok := s.Truth[key]; ok {
			line.Outages[outage] = append(line.Outages[outage], key)
		}
	}
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(line); err != nil {
		return fmt.Errorf("write storm %s: %w", s.Name, err)
	}
	return nil
}

// EachStorm calls visit with every storm of the named files in order, as
// EachCase does with cases.
func EachStorm(ctx context.Context, files []string, stdin io.Reader, visit func(*Storm) error) error {
	for _, name := range files {
		err := eachLine(ctx, name, stdin, func(line []byte) error {
			s, bad := decodeStorm(line)
			if bad != nil {
				return &LineError{File: titleOf(name), Err: bad}
			}
			return visit(s)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decodeStorm reads one line. A label of an alert that is not there is an error:
// a misspelt one would count as noise, without a sound.
func decodeStorm(line []byte) (*Storm, *event.FieldError) {
	var read stormLine
	if err := json.Unmarshal(line, &read); err != nil {
		return nil, locate(line, err)
	}
	c := Case{Name: read.Name, Record: read.Record}
	if err := checkCase(&c); err != nil {
		return nil, err
	}
	normalise(&c)
	if read.Outages == nil {
		return nil, missing("outages", "list the alerts of each outage by fingerprint and started_at; {} if all are noise")
	}
	there := map[correlate.AlertKey]bool{}
	for i := range c.Alerts {
		there[c.Alerts[i].Key()] = true
	}
	s := &Storm{Name: c.Name, Record: c.Record, Kind: read.Kind, Truth: map[correlate.AlertKey]string{}}
	for _, outage := range slices.Sorted(maps.Keys(read.Outages)) {
		for i, key := range read.Outages[outage] {
			key.StartedAt = key.StartedAt.UTC()
			path := fmt.Sprintf("outages.%s[%d]", outage, i)
			if !there[key] {
				return nil, &event.FieldError{Path: path, Problem: "names no alert of the storm", Mend: "give fingerprint and started_at as the alert has them"}
			}
			if other, taken := s.Truth[key]; taken {
				return nil, &event.FieldError{Path: path, Problem: "belongs to " + other + " already", Mend: "label an alert with one outage"}
			}
			s.Truth[key] = outage
		}
	}
	return s, nil
}
