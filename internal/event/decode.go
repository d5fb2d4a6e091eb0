package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/go-faster/jx"
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
// must not change afterwards: Raw is a part of it.
func DecodeChanges(data []byte, meta Meta) ([]Change, []Rejection) {
	return DecodeChangesAs(LayoutAuto, data, meta)
}

// DecodeAlerts is DecodeChanges for alerts.
func DecodeAlerts(data []byte, meta Meta) ([]Alert, []Rejection) {
	return DecodeAlertsAs(LayoutAuto, data, meta)
}

// DecodeTopologies is DecodeChanges for topology snapshots.
func DecodeTopologies(data []byte, meta Meta) ([]Topology, []Rejection) {
	return DecodeTopologiesAs(LayoutAuto, data, meta)
}

// DecodeChangesAs is DecodeChanges for a layout that the sender declares.
func DecodeChangesAs(layout Layout, data []byte, meta Meta) ([]Change, []Rejection) {
	return decode(layout, data, MaxMessageBytes, meta, readChange)
}

// DecodeAlertsAs is DecodeAlerts for a layout that the sender declares.
func DecodeAlertsAs(layout Layout, data []byte, meta Meta) ([]Alert, []Rejection) {
	return decode(layout, data, MaxMessageBytes, meta, readAlert)
}

// DecodeTopologiesAs is DecodeTopologies for a layout that the sender declares.
func DecodeTopologiesAs(layout Layout, data []byte, meta Meta) ([]Topology, []Rejection) {
	return decode(layout, data, MaxTopologyBytes, meta, readTopology)
}

// decode splits a message into its elements and reads each.
func decode[T any](layout Layout, data []byte, limit int, meta Meta, read func(*reader, Meta) (T, *FieldError)) ([]T, []Rejection) {
	var events []T
	var rejected []Rejection
	each := func(line int, element []byte, fe *FieldError) {
		var e T
		if fe == nil {
			e, fe = readElement(element, meta, read)
		}
		if fe != nil {
			rejected = append(rejected, Rejection{Line: line, Err: fe})
			return
		}
		events = append(events, e)
	}
	if len(data) > limit {
		each(1, nil, &FieldError{Problem: fmt.Sprintf("the message has %d bytes, more than the limit of %d", len(data), limit), Mend: "send fewer or smaller events"})
		return events, rejected
	}
	layout.split(data, each)
	return events, rejected
}

// readElement reads one event and demands that nothing stands behind it.
func readElement[T any](element []byte, meta Meta, read func(*reader, Meta) (T, *FieldError)) (T, *FieldError) {
	meta.Raw = element
	r := newReader(element, meta.ArrivedAt)
	e, fe := read(r, meta)
	if fe == nil && !errors.Is(r.json.Skip(), io.EOF) {
		fe = &FieldError{Problem: "more text follows the JSON object", Mend: "send one object, an array of objects, or one object a line"}
	}
	return e, fe
}

// split calls each for every element of the data, or with an error in place of
// elements that cannot be told apart.
func (l Layout) split(data []byte, each func(line int, element []byte, fe *FieldError)) {
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
	return jx.DecodeBytes(trimmed).Validate() != nil
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
	d := jx.DecodeBytes(data)
	elements, err := d.ArrIter()
	place := 0
	for err == nil && elements.Next() {
		place++
		var raw jx.Raw
		if raw, err = d.Raw(); err == nil {
			each(place, bytes.TrimSpace(raw), nil)
		}
	}
	if err == nil {
		place++
		err = elements.Err()
	}
	switch {
	case err != nil:
		fe := syntaxFault(data, err)
		fe.Problem = fmt.Sprintf("from element %d on, the array %s", max(place, 1), fe.Problem)
		each(max(place, 1), nil, fe)
	case !errors.Is(d.Skip(), io.EOF):
		each(place, nil, &FieldError{Problem: "more text follows the JSON array", Mend: "send one array"})
	}
}
