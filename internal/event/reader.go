package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/go-faster/jx"
)

// reader pulls the fields of one event out of its JSON. It knows where it
// stands, so that every error names its field.
//
// Strings without escapes are cut out of one copy of the event instead of
// being copied one by one: an event of 1.6 KB has about forty.
type reader struct {
	json  jx.Decoder
	raw   []byte
	text  string
	path  []step
	room  [8]step
	times window
	extra map[string]json.RawMessage
}

// step is one part of a field's path: a name, or a place in a list.
type step struct {
	name  string
	place int
}

// newReader starts reading one event. The element must not change afterwards.
func newReader(element []byte, arrived time.Time) *reader {
	r := &reader{raw: element, text: string(element), times: eventWindow(arrived)}
	r.path = r.room[:0]
	r.json.ResetBytes(element)
	return r
}

func (r *reader) enter(name string)    { r.path = append(r.path, step{name: name}) }
func (r *reader) enterPlace(place int) { r.path = append(r.path, step{place: place}) }
func (r *reader) leave()               { r.path = r.path[:len(r.path)-1] }

// where is the path of the field being read, as in "commits[2].author".
func (r *reader) where() string {
	var b strings.Builder
	for _, s := range r.path {
		switch {
		case s.name == "":
			fmt.Fprintf(&b, "[%d]", s.place)
		case b.Len() > 0:
			b.WriteString("." + s.name)
		default:
			b.WriteString(s.name)
		}
	}
	return b.String()
}

// fault is an error of the field being read.
func (r *reader) fault(problem, mend string) *FieldError {
	return &FieldError{Path: r.where(), Problem: problem, Mend: mend}
}

// broken turns a syntax error of the decoder into one that names the field.
func (r *reader) broken(err error) *FieldError {
	fe := syntaxFault(r.raw, err)
	fe.Path = r.where()
	return fe
}

// syntaxFault explains an error of the JSON decoder, whose offsets count from
// the start of the text. The decoder gives up on absurd nesting on its own.
func syntaxFault(text []byte, err error) *FieldError {
	if depth(text) > MaxDepth {
		return tooDeep()
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &FieldError{Problem: "the JSON ends too early", Mend: "send the whole document"}
	}
	cause := err
	for next := errors.Unwrap(cause); next != nil; next = errors.Unwrap(cause) {
		cause = next
	}
	return &FieldError{Problem: "is not valid JSON: " + cause.Error(), Mend: "send valid JSON; escape control characters in strings"}
}

// typeNames say what was found, in the words of JSON.
var typeNames = map[jx.Type]string{
	jx.String: "a string", jx.Number: "a number", jx.Bool: "a boolean",
	jx.Array: "an array", jx.Object: "an object", jx.Null: "null",
}

// want checks the type of the next value. Mend names what to send instead.
func (r *reader) want(t jx.Type, mend string) *FieldError {
	got := r.json.Next()
	if got == t {
		return nil
	}
	if got == jx.Invalid {
		return r.broken(r.json.Skip())
	}
	return r.fault(fmt.Sprintf("is %s, not %s", typeNames[got], typeNames[t]), mend)
}

// share turns bytes that the decoder found into a string. Where they stand in
// the event unchanged, the string is a piece of the event's one copy; the
// comparison makes that safe whatever the decoder returned.
func (r *reader) share(b []byte) string {
	from := cap(r.raw) - cap(b)
	if to := from + len(b); from >= 0 && to <= len(r.text) && r.text[from:to] == string(b) {
		return r.text[from:to]
	}
	return string(b)
}

// str reads a string of at most longest bytes of valid UTF-8.
func (r *reader) str(to *string, longest int) *FieldError {
	if fe := r.want(jx.String, "put it in quotes"); fe != nil {
		return fe
	}
	b, err := r.json.StrBytes()
	switch {
	case err != nil:
		return r.broken(err)
	case len(b) > longest:
		return r.fault(fmt.Sprintf("has %d bytes, more than the limit of %d", len(b), longest), "shorten it")
	case !utf8.Valid(b):
		return r.fault("holds bytes that are not UTF-8", "send UTF-8")
	}
	*to = r.share(b)
	return nil
}

// line reads a text of one line. It may be empty.
func (r *reader) line(to *string) *FieldError { return r.str(to, MaxLineBytes) }

// prose reads a text of many lines. It may be empty.
func (r *reader) prose(to *string) *FieldError { return r.str(to, MaxTextBytes) }

// identifier reads a name by which things are told apart: not empty, and
// without NUL bytes, which other systems cut names at.
func (r *reader) identifier(to *string) *FieldError {
	if fe := r.optionalIdentifier(to); fe != nil {
		return fe
	}
	if *to == "" {
		return r.fault("is empty", "send a name")
	}
	return nil
}

// optionalIdentifier is an identifier that senders may leave empty.
func (r *reader) optionalIdentifier(to *string) *FieldError {
	if fe := r.str(to, MaxIdentifierBytes); fe != nil {
		return fe
	}
	if strings.IndexByte(*to, 0) >= 0 {
		return r.fault("holds a NUL byte", "remove it")
	}
	return nil
}

// time reads a time that takes part in correlation.
func (r *reader) time(to *time.Time) *FieldError { return r.timeWithin(to, r.times) }

// descriptiveTime reads a time that only describes.
func (r *reader) descriptiveTime(to **time.Time) *FieldError {
	var at time.Time
	fe := r.timeWithin(&at, descriptiveWindow())
	*to = &at
	return fe
}

// optionalTime reads a time that takes part in correlation and may be absent.
func (r *reader) optionalTime(to **time.Time) *FieldError {
	var at time.Time
	fe := r.time(&at)
	*to = &at
	return fe
}

func (r *reader) timeWithin(to *time.Time, w window) *FieldError {
	if fe := r.want(jx.String, "send a time such as "+exampleTime); fe != nil {
		return fe
	}
	var s string
	if fe := r.line(&s); fe != nil {
		return fe
	}
	at, fe := ParseTime(s)
	if fe == nil {
		fe = w.check(at)
	}
	if fe != nil {
		fe.Path = r.where()
		return fe
	}
	*to = at
	return nil
}

// number reads a number from low to high.
func (r *reader) number(to *float64, low, high float64) *FieldError {
	if fe := r.want(jx.Number, "send a number without quotes"); fe != nil {
		return fe
	}
	raw, err := r.json.Raw()
	if err != nil {
		return r.broken(err)
	}
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || v < low || v > high {
		return r.fault(fmt.Sprintf("%s is outside of %s", raw, between(low, high)), "check the unit")
	}
	*to = v
	return nil
}

// between writes a range of numbers.
func between(low, high float64) string {
	if high == math.MaxFloat64 {
		return fmt.Sprintf("%g and more", low)
	}
	return fmt.Sprintf("%g to %g", low, high)
}

// whole reads a whole number from low to high.
func (r *reader) whole(to *int64, low, high int64) *FieldError {
	if fe := r.want(jx.Number, "send a number without quotes"); fe != nil {
		return fe
	}
	raw, err := r.json.Raw()
	if err != nil {
		return r.broken(err)
	}
	v, err := strconv.ParseInt(string(raw), 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return r.fault(fmt.Sprintf("%s is not a whole number", raw), "send it without fraction and exponent")
	case err != nil || v < low || v > high:
		return r.fault(fmt.Sprintf("%s is outside of %d to %d", raw, low, high), "check the unit")
	}
	*to = v
	return nil
}

// count reads a number of things.
func (r *reader) count(to *int) *FieldError {
	var n int64
	if fe := r.whole(&n, 0, math.MaxInt32); fe != nil {
		return fe
	}
	*to = int(n)
	return nil
}
