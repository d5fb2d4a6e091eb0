package event

import (
	"encoding/json"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
)

// NewChange makes a change event of what a decoder of another format read. The
// value is held to everything that the contract demands, and gets its defaults,
// by being written and read as the contract's JSON; the paths of errors are
// therefore those of the contract. Meta.Raw are the bytes that the value was
// read from: the same bytes give the same UID.
func NewChange(c correlate.Change, meta Meta) (Change, *FieldError) {
	if fe := CheckChange(&c); fe != nil {
		return Change{}, fe
	}
	e, fe := admit(c, meta, readChange)
	if fe == nil {
		e.UID = changeUID(xxhash.New(), &e.Change, meta.Raw)
		e.Raw = meta.Raw
	}
	return e, fe
}

// NewAlert is NewChange for alerts.
func NewAlert(a correlate.Alert, meta Meta) (Alert, *FieldError) {
	if fe := CheckAlert(&a); fe != nil {
		return Alert{}, fe
	}
	e, fe := admit(a, meta, readAlert)
	if fe == nil {
		e.UID = alertUID(xxhash.New(), &e.Alert, meta.Raw)
		e.Raw = meta.Raw
	}
	return e, fe
}

// NewTopology is NewChange for topology snapshots.
func NewTopology(t correlate.Topology, meta Meta) (Topology, *FieldError) {
	if fe := CheckTopology(&t); fe != nil {
		return Topology{}, fe
	}
	e, fe := admit(t, meta, readTopology)
	if fe == nil {
		e.UID = topologyUID(xxhash.New(), &e.Topology, meta.Raw)
		e.Raw = meta.Raw
	}
	return e, fe
}

// admit writes a value as JSON and reads it under the contract's rules.
func admit[V, E any](v V, meta Meta, read func(*reader, *E, Meta) *FieldError) (E, *FieldError) {
	var e E
	text, err := json.Marshal(v)
	if err != nil {
		return e, &FieldError{Problem: fmt.Sprintf("cannot be written as JSON: %v", err), Mend: "check what the sender put into free fields"}
	}
	var r reader
	fe := readElement(&r, &e, text, meta, read)
	return e, fe
}
