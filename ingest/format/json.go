package format

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// parse reads a vendor's JSON into a Go value. The error names the field in
// the vendor's words.
func parse(data []byte, to any) *event.FieldError {
	if len(data) > event.MaxEventBytes {
		return event.TooLarge(len(data), event.MaxEventBytes)
	}
	err := json.Unmarshal(data, to)
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &wrongType):
		return typeFault(wrongType)
	case errors.As(err, &syntax):
		return &event.FieldError{
			Problem: fmt.Sprintf("is not valid JSON at byte %d: %s", syntax.Offset, syntax.Error()),
			Mend:    "send the whole payload, unchanged",
		}
	}
	return &event.FieldError{Problem: err.Error(), Mend: "send the payload as the vendor defines it"}
}

// typeFault names the field that has a value of another type.
func typeFault(wrong *json.UnmarshalTypeError) *event.FieldError {
	return &event.FieldError{
		Path:    wrong.Field,
		Problem: fmt.Sprintf("is of the JSON type %s, not %s", wrong.Value, jsonType(wrong.Type)),
		Mend:    "send the payload as the vendor defines it",
	}
}

// jsonType names the JSON type that a Go type is read from.
func jsonType(t reflect.Type) string {
	switch t.Kind() {
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Slice, reflect.Array:
		return "array"
	case reflect.Struct, reflect.Map, reflect.Pointer, reflect.Interface:
		return "object"
	}
	return "number"
}

// refuse is the rejection of a message as a whole.
func refuse(fe *event.FieldError) []event.Rejection {
	return []event.Rejection{{Line: 1, Err: fe}}
}

// lacks is the error of a vendor's field that is missing or empty.
func lacks(path string) *event.FieldError {
	return &event.FieldError{Path: path, Problem: "is missing", Mend: "send the payload as the vendor defines it"}
}

// under puts the path of an error of an element below that of the element.
func under(path string, fe *event.FieldError) *event.FieldError {
	if fe.Path != "" {
		path += "." + fe.Path
	}
	return &event.FieldError{Path: path, Problem: fe.Problem, Mend: fe.Mend}
}

// oneChange makes the batch of a message that holds one change.
func oneChange(c correlate.Change, m Message) (event.Batch, []event.Rejection) {
	m.Meta.Raw = m.Body
	e, fe := event.NewChange(c, m.Meta)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	return event.Batch{Changes: []event.Change{e}}, nil
}

// oneAlert makes the batch of a message that holds one alert.
func oneAlert(a correlate.Alert, m Message) (event.Batch, []event.Rejection) {
	m.Meta.Raw = m.Body
	e, fe := event.NewAlert(a, m.Meta)
	if fe != nil {
		return event.Batch{}, refuse(fe)
	}
	return event.Batch{Alerts: []event.Alert{e}}, nil
}

// changeOr makes the batch of a message that was read as a change, as nothing
// of interest (nil), or as a fault.
func changeOr(c *correlate.Change, fe *event.FieldError, m Message) (event.Batch, []event.Rejection) {
	switch {
	case fe != nil:
		return event.Batch{}, refuse(fe)
	case c == nil:
		return event.Batch{}, nil
	}
	return oneChange(*c, m)
}

// mark sets a mark of package correlate on a change.
func mark(c *correlate.Change, name string) {
	if c.Extra == nil {
		c.Extra = map[string]json.RawMessage{}
	}
	c.Extra[name] = json.RawMessage("true")
}

// timeAt reads a time that must be there.
func timeAt(path, text string) (time.Time, *event.FieldError) {
	if text == "" {
		return time.Time{}, lacks(path)
	}
	t, fe := event.ParseTime(text)
	if fe != nil {
		fe.Path = path
	}
	return t, fe
}

// looseTime is timeAt for senders that write the offset without a colon, as in
// 2026-11-19T09:00:00.000+0000.
func looseTime(path, text string) (time.Time, *event.FieldError) {
	if t, err := time.Parse("2006-01-02T15:04:05-0700", text); err == nil {
		return t.UTC().Truncate(time.Millisecond), nil
	}
	return timeAt(path, text)
}

// labels makes a map of pairs and leaves out those without value.
func labels(pairs ...string) map[string]string {
	set := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			set[pairs[i]] = pairs[i+1]
		}
	}
	return set
}

// firstOf is the first text that is not empty.
func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// firstLine is a text up to its first line break.
func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.TrimSpace(line)
}

// at makes an optional time, absent for the zero time.
func at(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}
