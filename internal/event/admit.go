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
	e, fe := admit(c, meta, CheckChange, readChange)
	if fe == nil {
		e.UID, e.Raw = changeUID(xxhash.New(), &e.Change, meta.Raw), meta.Raw
	}
	return e, fe
}

// NewAlert is NewChange for alerts.
func NewAlert(a correlate.Alert, meta Meta) (Alert, *FieldError) {
	e, fe := admit(a, meta, CheckAlert, readAlert)
	if fe == nil {
		e.UID, e.Raw = alertUID(xxhash.New(), &e.Alert, meta.Raw), meta.Raw
	}
	return e, fe
}

// admit checks a value, writes it as JSON and reads it under the contract's
// rules.
func admit[V, E any](v V, meta Meta, check func(*V) *FieldError, read func(*reader, *E, Meta) *FieldError) (E, *FieldError) {
	var e E
	if fe := check(&v); fe != nil {
		return e, fe
	}
	text, err := json.Marshal(v)
	if err != nil {
		return e, &FieldError{Problem: fmt.Sprintf("cannot be written as JSON: %v", err), Mend: "check what the sender put into free fields"}
	}
	var r reader
	if fe := readElement(&r, &e, text, meta, read); fe != nil {
		// What was read before the fault is nothing to use.
		var none E
		return none, fe
	}
	return e, nil
}
