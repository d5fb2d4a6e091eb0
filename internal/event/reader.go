package event

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
)

// reader pulls the fields of one event out of its JSON. It knows where it
// stands, so that every error names its field.
type reader struct {
	scanner
	path  []step
	room  [8]step
	words []string
	spare []time.Time
	times window
	extra map[string]json.RawMessage
	// digest is for the UID.
	digest xxhash.Digest
}

// step is one part of a field's path: a name, or a place in a list if listed.
type step struct {
	name   string
	place  int
	listed bool
}

// begin starts reading one event. The element must not change afterwards.
func (r *reader) begin(element []byte, arrived time.Time) {
	r.reset(element)
	r.path = r.room[:0]
	r.times = eventWindow(arrived)
	r.extra = nil
}

func (r *reader) enter(name string)    { r.path = append(r.path, step{name: name}) }
func (r *reader) enterPlace(place int) { r.path = append(r.path, step{place: place, listed: true}) }
func (r *reader) leave()               { r.path = r.path[:len(r.path)-1] }

// where is the path of the field being read, as in "commits[2].author".
func (r *reader) where() string {
	var b strings.Builder
	for _, s := range r.path {
		switch {
		case s.listed:
			fmt.Fprintf(&b, "[%d]", s.place)
		case s.name == "":
			b.WriteString(`[""]`)
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
	return r.here(&FieldError{Problem: problem, Mend: mend})
}

// here adds the path of the field being read to an error.
func (r *reader) here(fe *FieldError) *FieldError {
	if fe != nil {
		fe.Path = r.where()
	}
	return fe
}

// typeName says what sort of value begins with a byte, in the words of JSON.
func typeName(c byte) string {
	switch {
	case c == '"':
		return "a string"
	case c == '-' || c-'0' <= 9:
		return "a number"
	case c == '{':
		return "an object"
	case c == '[':
		return "an array"
	case c == 't' || c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	}
	return ""
}

// want checks the type of the next value by its first byte. Mend names what to
// send instead.
func (r *reader) want(first byte, mend string) *FieldError {
	got := r.peek()
	if got == first || typeName(got) == typeName(first) {
		return nil
	}
	if typeName(got) == "" {
		return r.here(r.unexpected("a value"))
	}
	return r.fault(fmt.Sprintf("is %s, not %s", typeName(got), typeName(first)), mend)
}

// null consumes a null, which counts as an absent field.
func (r *reader) null() (bool, *FieldError) {
	if r.peek() != 'n' {
		return false, nil
	}
	return true, r.here(r.word("null"))
}

// limited reads a string of at most longest bytes and without NUL bytes, which
// no text has and at which other systems cut what they are given.
func (r *reader) limited(to *string, longest int) *FieldError {
	if fe := r.want('"', "put it in quotes"); fe != nil {
		return fe
	}
	v, fe := r.str()
	if fe != nil {
		return r.here(fe)
	}
	if len(v) > longest {
		return r.fault(fmt.Sprintf("has %d bytes, more than the limit of %d", len(v), longest), "shorten it")
	}
	if strings.IndexByte(v, 0) >= 0 {
		return r.fault("holds a NUL byte", "remove it")
	}
	*to = v
	return nil
}

// line reads a text of one line. It may be empty.
func (r *reader) line(to *string) *FieldError { return r.limited(to, MaxLineBytes) }

// prose reads a text of many lines. It may be empty.
func (r *reader) prose(to *string) *FieldError { return r.limited(to, MaxTextBytes) }

// identifier reads a name by which things are told apart. It is not empty.
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
	return r.limited(to, MaxIdentifierBytes)
}

// time reads a time that takes part in correlation.
func (r *reader) time(to *time.Time) *FieldError { return r.timeWithin(to, r.times) }

// optionalTime reads a time that takes part in correlation and may be absent.
func (r *reader) optionalTime(to **time.Time) *FieldError {
	*to = r.newTime()
	return r.timeWithin(*to, r.times)
}

// descriptiveTime reads a time that only describes.
func (r *reader) descriptiveTime(to **time.Time) *FieldError {
	*to = r.newTime()
	return r.timeWithin(*to, descriptiveWindow)
}

// newTime gives room for an optional time out of a small block, since an event
// has several of them, and the next event too.
func (r *reader) newTime() *time.Time {
	const block = 6
	if len(r.spare) == 0 {
		r.spare = make([]time.Time, block)
	}
	at := &r.spare[0]
	r.spare = r.spare[1:]
	return at
}

func (r *reader) timeWithin(to *time.Time, w window) *FieldError {
	if fe := r.want('"', "send a time such as "+exampleTime); fe != nil {
		return fe
	}
	s, fe := r.str()
	if fe != nil {
		return r.here(fe)
	}
	if *to, fe = ParseTime(s); fe == nil {
		fe = w.check(*to)
	}
	return r.here(fe)
}

// number reads a number from low to high.
func (r *reader) number(to *float64, low, high float64) *FieldError {
	text, fe := r.numeral()
	if fe != nil {
		return fe
	}
	v, err := strconv.ParseFloat(text, 64)
	if err != nil || v < low || v > high {
		return r.fault(fmt.Sprintf("%s is outside of %s", clip(text), between(low, high)), "check the unit")
	}
	*to = v
	return nil
}

// numeral reads a number as it is written.
func (r *reader) numeral() (string, *FieldError) {
	if fe := r.want('0', "send a number without quotes"); fe != nil {
		return "", fe
	}
	text, fe := r.scanner.number()
	return text, r.here(fe)
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
	text, fe := r.numeral()
	if fe != nil {
		return fe
	}
	v, err := strconv.ParseInt(text, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrSyntax):
		return r.fault(fmt.Sprintf("%s is not a whole number", clip(text)), "send it without fraction and exponent")
	case err != nil || v < low || v > high:
		return r.fault(fmt.Sprintf("%s is outside of %d to %d", clip(text), low, high), "check the unit")
	}
	*to = v
	return nil
}

// count reads a number of things.
func (r *reader) count(to *int) *FieldError {
	var n int64
	fe := r.whole(&n, 0, math.MaxInt32)
	*to = int(n)
	return fe
}
