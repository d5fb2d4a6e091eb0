package event

import (
	"bytes"
	"fmt"
)

// Layout says how events stand in a message or request.
type Layout int

// The layouts. LayoutAuto takes one object, an array, or several objects on
// lines of their own; LayoutLines is NDJSON, in which a line that is broken
// does not hide the others; LayoutDocument is one object or one array.
const (
	LayoutAuto Layout = iota
	LayoutLines
	LayoutDocument
)

// DecodeChanges decodes change events of the contract in any layout. Good
// elements are returned whatever is wrong with their neighbours; each refused
// one has a Rejection that says where it stands, which field is wrong and how
// to mend it. Meta is copied into every event, with its own Raw and UID. Data
// must not change afterwards: Raw and the strings of the events are parts of it.
func DecodeChanges(data []byte, meta Meta) ([]Change, []Rejection) {
	return decode(&reader{}, nil, LayoutAuto, data, MaxEventBytes, meta, readChange)
}

// DecodeAlerts is DecodeChanges for alerts.
func DecodeAlerts(data []byte, meta Meta) ([]Alert, []Rejection) {
	return decode(&reader{}, nil, LayoutAuto, data, MaxEventBytes, meta, readAlert)
}

// DecodeTopologies is DecodeChanges for topology snapshots.
func DecodeTopologies(data []byte, meta Meta) ([]Topology, []Rejection) {
	return decode(&reader{}, nil, LayoutAuto, data, MaxTopologyBytes, meta, readTopology)
}

// AddChanges is DecodeChanges into a batch, for a layout that the sender
// declares. The events of a batch share small pieces of memory, so that one
// that is kept may keep a little of its neighbours.
func (b *Batch) AddChanges(layout Layout, data []byte, meta Meta) (rejected []Rejection) {
	b.Changes, rejected = decode(b.ownReader(), b.Changes, layout, data, MaxEventBytes, meta, readChange)
	return rejected
}

// AddAlerts is AddChanges for alerts.
func (b *Batch) AddAlerts(layout Layout, data []byte, meta Meta) (rejected []Rejection) {
	b.Alerts, rejected = decode(b.ownReader(), b.Alerts, layout, data, MaxEventBytes, meta, readAlert)
	return rejected
}

// AddTopologies is AddChanges for topology snapshots.
func (b *Batch) AddTopologies(layout Layout, data []byte, meta Meta) (rejected []Rejection) {
	b.Topologies, rejected = decode(b.ownReader(), b.Topologies, layout, data, MaxTopologyBytes, meta, readTopology)
	return rejected
}

func (b *Batch) ownReader() *reader {
	if b.reader == nil {
		b.reader = &reader{}
	}
	return b.reader
}

// Add appends the events of another batch.
func (b *Batch) Add(other *Batch) {
	b.Changes = append(b.Changes, other.Changes...)
	b.Alerts = append(b.Alerts, other.Alerts...)
	b.Topologies = append(b.Topologies, other.Topologies...)
}

// decode splits a message into its elements, reads each and appends the good
// ones to events.
func decode[T any](
	r *reader, events []T, layout Layout, data []byte, limit int, meta Meta, read func(*reader, *T, Meta) *FieldError,
) ([]T, []Rejection) {
	var rejected []Rejection
	each := func(line int, element []byte, fe *FieldError) {
		if len(element) > limit {
			fe = TooLarge(len(element), limit)
		}
		if fe == nil {
			events = append(events, *new(T))
			fe = readElement(r, &events[len(events)-1], element, meta, read)
			if fe != nil {
				events = events[:len(events)-1]
			}
		}
		if fe != nil {
			rejected = append(rejected, Rejection{Line: line, Err: fe})
		}
	}
	layout.split(data, each)
	return events, rejected
}

// readElement reads one event and demands that nothing stands behind it.
func readElement[T any](r *reader, to *T, element []byte, meta Meta, read func(*reader, *T, Meta) *FieldError) *FieldError {
	meta.Raw = element
	r.begin(element, meta.ArrivedAt)
	if fe := read(r, to, meta); fe != nil {
		return fe
	}
	if !r.ended() {
		return &FieldError{Problem: "more text follows the JSON object", Mend: "send one object, an array of objects, or one object a line"}
	}
	return nil
}

// split calls each for every element of the data, or with an error in place of
// elements that cannot be told apart.
//
// Some editors and shells begin a text with a byte order mark, which is no part of
// its first line.
func (l Layout) split(data []byte, each func(line int, element []byte, fe *FieldError)) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	trimmed := bytes.TrimSpace(data)
	switch {
	case len(trimmed) == 0:
		each(1, nil, &FieldError{Problem: "the message is empty", Mend: "send a JSON object"})
	case l == LayoutLines, l == LayoutAuto && manyLines(trimmed):
		splitLines(data, each)
	case trimmed[0] == '[':
		splitArray(trimmed, each)
	default:
		each(1, trimmed, nil)
	}
}

// manyLines reports whether a text is a list of objects on lines of their own
// and not one object printed on many lines.
func manyLines(trimmed []byte) bool {
	first, _, several := bytes.Cut(trimmed, []byte{'\n'})
	first = bytes.TrimSpace(first)
	if !several || first[0] != '{' || first[len(first)-1] != '}' {
		return false
	}
	s := scanner{raw: trimmed, text: view(trimmed)}
	return s.skip(0) != nil || !s.ended()
}

// splitLines takes each line that is not empty as an element.
func splitLines(data []byte, each func(line int, element []byte, fe *FieldError)) {
	line := 0
	for text := range bytes.Lines(data) {
		line++
		if text = bytes.TrimSpace(text); len(text) > 0 {
			each(line, text, nil)
		}
	}
}

// splitArray takes the elements of an array. Where the array itself is broken,
// what follows cannot be told apart and is refused as a whole.
func splitArray(data []byte, each func(line int, element []byte, fe *FieldError)) {
	s := scanner{raw: data, text: view(data), at: 1}
	for place := 1; ; place++ {
		more, fe := s.next(']', place == 1)
		start := s.at
		if fe == nil && more {
			s.peek()
			start = s.at
			fe = s.skip(1)
		}
		switch {
		case fe != nil:
			fe.Problem = fmt.Sprintf("from element %d on, the array cannot be read: %s", place, fe.Problem)
			each(place, nil, fe)
			return
		case more:
			each(place, data[start:s.at:s.at], nil)
		case !s.ended():
			each(place, nil, &FieldError{Problem: "more text follows the JSON array", Mend: "send one array"})
			return
		default:
			return
		}
	}
}
