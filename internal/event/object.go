package event

import (
	"encoding/json"
	"fmt"
	"strings"
)

// field is one field that the contract knows, and how it is read into T.
type field[T any] struct {
	name string
	read func(r *reader, to *T) *FieldError
}

// object reads a JSON object into T, field by field. Objects are immutable
// tables: at most 64 fields each, so that a bit set tells which were seen.
type object[T any] struct {
	fields []field[T]
	places map[string]int
	// heads are the names as they stand in compact JSON, as in `"id":`.
	heads []string
}

// newObject builds the table of an object's fields.
func newObject[T any](fields ...field[T]) *object[T] {
	o := &object[T]{fields: fields, places: make(map[string]int, len(fields))}
	for i, f := range fields {
		o.places[f.name] = i
		o.heads = append(o.heads, `"`+f.name+`":`)
	}
	return o
}

// unknown is the place of a field that the object does not have.
const unknown = -1

// member reads the name of the next field and finds its place. Senders tend to
// send fields in the order of the contract and without white space: the field
// behind the last one is tried first.
func (o *object[T]) member(r *reader, last int) (string, int, *FieldError) {
	if next := last + 1; next < len(o.heads) && strings.HasPrefix(r.text[r.at:], o.heads[next]) {
		r.at += len(o.heads[next])
		return o.fields[next].name, next, nil
	}
	name, fe := r.key()
	if fe != nil {
		return "", unknown, fe
	}
	place, known := o.places[name]
	if !known {
		place = unknown
	}
	return name, place, nil
}

// read reads one object. A null field counts as absent, a field given twice is
// refused, and an unknown one is kept.
func (o *object[T]) read(r *reader, to *T) *FieldError {
	if fe := r.want('{', "send a JSON object"); fe != nil {
		return fe
	}
	r.at++
	var seen uint64
	last := unknown
	for first := true; ; first = false {
		more, fe := r.next('}', first)
		if !more || fe != nil {
			return r.here(fe)
		}
		name, place, fe := o.member(r, last)
		switch {
		case fe != nil:
			return r.here(fe)
		case place == unknown:
			fe = r.keep(name)
		case seen&(1<<place) != 0:
			r.enter(name)
			return r.twice()
		default:
			last = place
			seen |= 1 << place
			fe = o.readField(r, place, to)
		}
		if fe != nil {
			return fe
		}
	}
}

// readField reads the value of one field unless it is null.
func (o *object[T]) readField(r *reader, place int, to *T) *FieldError {
	r.enter(o.fields[place].name)
	if null, fe := r.null(); null || fe != nil {
		r.leave()
		return fe
	}
	if fe := o.fields[place].read(r, to); fe != nil {
		return fe
	}
	r.leave()
	return nil
}

// members calls each for the members of an object whose bracket is consumed.
func (r *reader) members(each func(name string) *FieldError) *FieldError {
	for first := true; ; first = false {
		more, fe := r.next('}', first)
		if !more || fe != nil {
			return r.here(fe)
		}
		name, fe := r.key()
		if fe != nil {
			return r.here(fe)
		}
		if fe := each(name); fe != nil {
			return fe
		}
	}
}

// into reads an object that is optional in its parent.
func (o *object[T]) into(r *reader, to **T) *FieldError {
	*to = new(T)
	return o.read(r, *to)
}

// list reads an array of objects. Check says what else an element must have.
func (o *object[T]) list(r *reader, to *[]T, check func(r *reader, v *T) *FieldError) *FieldError {
	return r.elements(func() *FieldError {
		*to = append(*to, *new(T))
		v := &(*to)[len(*to)-1]
		if fe := o.read(r, v); fe != nil || check == nil {
			return fe
		}
		return check(r, v)
	})
}

// elements calls each for the elements of an array.
func (r *reader) elements(each func() *FieldError) *FieldError {
	if fe := r.want('[', "send a JSON array"); fe != nil {
		return fe
	}
	r.at++
	for place := 0; ; place++ {
		more, fe := r.next(']', place == 0)
		if !more || fe != nil {
			return r.here(fe)
		}
		r.enterPlace(place)
		if fe := each(); fe != nil {
			return fe
		}
		r.leave()
	}
}

func (r *reader) twice() *FieldError { return r.fault("is given twice", "send it once") }

// names reads an array of identifiers.
func (r *reader) names(to *[]string) *FieldError { return r.strings(to, (*reader).identifier) }

// lines reads an array of one-line texts.
func (r *reader) lines(to *[]string) *FieldError { return r.strings(to, (*reader).line) }

// strings reads an array of texts. The lists of one event, and of the next,
// share blocks of memory, each list cut off from what follows it.
func (r *reader) strings(to *[]string, read func(*reader, *string) *FieldError) *FieldError {
	const block = 16
	start := len(r.words)
	fe := r.elements(func() *FieldError {
		if len(r.words) == cap(r.words) {
			r.words = append(make([]string, 0, max(block, 2*(len(r.words)-start))), r.words[start:]...)
			start = 0
		}
		r.words = append(r.words, "")
		return read(r, &r.words[len(r.words)-1])
	})
	if end := len(r.words); end > start {
		*to = r.words[start:end:end]
	}
	return fe
}

// labels reads an object of strings.
func (r *reader) labels(to *map[string]string) *FieldError {
	if fe := r.want('{', "send an object of strings"); fe != nil {
		return fe
	}
	r.at++
	labels := make(map[string]string, 8)
	*to = labels
	return r.members(func(name string) *FieldError {
		if len(labels) == MaxLabels {
			return r.fault(fmt.Sprintf("holds more than the limit of %d labels", MaxLabels), "send those that tell services apart")
		}
		return r.label(labels, name)
	})
}

// label reads one value of an object of strings. A null value counts as absent.
func (r *reader) label(labels map[string]string, name string) *FieldError {
	if fe := checkName(name); fe != nil {
		return r.here(fe)
	}
	r.enter(name)
	if null, fe := r.null(); null || fe != nil {
		r.leave()
		return fe
	}
	var value string
	if fe := r.line(&value); fe != nil {
		return fe
	}
	before := len(labels)
	labels[name] = value
	if len(labels) == before {
		return r.twice()
	}
	r.leave()
	return nil
}

// checkName checks a field name that the sender chose. The error has no path,
// which would hold the name itself.
func checkName(name string) *FieldError {
	switch {
	case len(name) > MaxIdentifierBytes:
		return &FieldError{Problem: fmt.Sprintf("holds a field name of %d bytes, more than the limit of %d", len(name), MaxIdentifierBytes), Mend: "shorten it"}
	case strings.IndexByte(name, 0) >= 0:
		return &FieldError{Problem: "holds a field name with a NUL byte", Mend: "remove it"}
	}
	return nil
}

// keep stores an unknown field as it came. A field of a nested object is kept
// under its whole path, such as "commits[0].url".
func (r *reader) keep(name string) *FieldError {
	r.enter(name)
	if len(r.path) > 1 {
		name = r.where()
	}
	if fe := r.keepAs(name); fe != nil {
		return fe
	}
	r.leave()
	return nil
}

// keepExtra reads the field "extra" itself: an object of fields that were
// unknown before. Anything else under that name is itself an unknown field.
func (r *reader) keepExtra() *FieldError {
	if r.peek() != '{' {
		return r.keepAs("extra")
	}
	r.at++
	return r.members(func(name string) *FieldError {
		r.enter(name)
		if fe := r.keepAs(name); fe != nil {
			return fe
		}
		r.leave()
		return nil
	})
}

// keepAs stores the next value, whatever it is, under a name.
func (r *reader) keepAs(name string) *FieldError {
	if fe := checkName(name); fe != nil {
		return fe
	}
	if _, known := r.extra[name]; known {
		return r.twice()
	}
	if len(r.extra) == MaxExtra {
		return &FieldError{Problem: fmt.Sprintf("the event holds more than the limit of %d fields that the contract does not know", MaxExtra), Mend: "send fewer"}
	}
	r.peek()
	start := r.at
	if fe := r.skip(len(r.path)); fe != nil {
		return r.here(fe)
	}
	if r.extra == nil {
		r.extra = make(map[string]json.RawMessage)
	}
	r.extra[name] = json.RawMessage(r.raw[start:r.at:r.at])
	return nil
}
