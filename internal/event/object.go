package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/go-faster/jx"
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
}

// newObject builds the table of an object's fields.
func newObject[T any](fields ...field[T]) *object[T] {
	o := &object[T]{fields: fields, places: make(map[string]int, len(fields))}
	for i, f := range fields {
		o.places[f.name] = i
	}
	return o
}

// read reads one object. A null field counts as absent, a field given twice is
// refused, and an unknown one is kept.
func (o *object[T]) read(r *reader, to *T) *FieldError {
	if fe := r.want(jx.Object, "send a JSON object"); fe != nil {
		return fe
	}
	fields, err := r.json.ObjIter()
	if err != nil {
		return r.broken(err)
	}
	var seen uint64
	for fields.Next() {
		place, known := o.places[string(fields.Key())]
		if !known {
			if fe := r.keep(fields.Key()); fe != nil {
				return fe
			}
			continue
		}
		r.enter(o.fields[place].name)
		if seen&(1<<place) != 0 {
			return r.twice()
		}
		seen |= 1 << place
		if fe := r.unlessNull(func() *FieldError { return o.fields[place].read(r, to) }); fe != nil {
			return fe
		}
		r.leave()
	}
	if err := fields.Err(); err != nil {
		return r.broken(err)
	}
	return nil
}

// into reads an object that is optional in its parent.
func (o *object[T]) into(r *reader, to **T) *FieldError {
	v := new(T)
	if fe := o.read(r, v); fe != nil {
		return fe
	}
	*to = v
	return nil
}

// list reads an array of objects. Check says what else an element must have.
func (o *object[T]) list(r *reader, to *[]T, check func(r *reader, v *T) *FieldError) *FieldError {
	return r.array(func() *FieldError {
		*to = append(*to, *new(T))
		v := &(*to)[len(*to)-1]
		if fe := o.read(r, v); fe != nil || check == nil {
			return fe
		}
		return check(r, v)
	})
}

func (r *reader) twice() *FieldError { return r.fault("is given twice", "send it once") }

// unlessNull reads a value unless it is null.
func (r *reader) unlessNull(read func() *FieldError) *FieldError {
	if r.json.Next() != jx.Null {
		return read()
	}
	if err := r.json.Null(); err != nil {
		return r.broken(err)
	}
	return nil
}

// array reads each element of an array.
func (r *reader) array(read func() *FieldError) *FieldError {
	if fe := r.want(jx.Array, "send a JSON array"); fe != nil {
		return fe
	}
	elements, err := r.json.ArrIter()
	if err != nil {
		return r.broken(err)
	}
	for place := 0; elements.Next(); place++ {
		r.enterPlace(place)
		if fe := read(); fe != nil {
			return fe
		}
		r.leave()
	}
	if err := elements.Err(); err != nil {
		return r.broken(err)
	}
	return nil
}

// names reads an array of identifiers.
func (r *reader) names(to *[]string) *FieldError {
	return r.array(func() *FieldError {
		*to = append(*to, "")
		return r.identifier(&(*to)[len(*to)-1])
	})
}

// lines reads an array of one-line texts.
func (r *reader) lines(to *[]string) *FieldError {
	return r.array(func() *FieldError {
		*to = append(*to, "")
		return r.line(&(*to)[len(*to)-1])
	})
}

// labels reads an object of strings.
func (r *reader) labels(to *map[string]string) *FieldError {
	if fe := r.want(jx.Object, "send an object of strings"); fe != nil {
		return fe
	}
	fields, err := r.json.ObjIter()
	if err != nil {
		return r.broken(err)
	}
	labels := make(map[string]string, 8)
	for fields.Next() {
		if len(labels) == MaxLabels {
			return r.fault(fmt.Sprintf("holds more than the limit of %d labels", MaxLabels), "send those that tell services apart")
		}
		if fe := r.label(labels, fields.Key()); fe != nil {
			return fe
		}
	}
	if err := fields.Err(); err != nil {
		return r.broken(err)
	}
	*to = labels
	return nil
}

// label reads one value of an object of strings. A null value counts as absent.
func (r *reader) label(labels map[string]string, key []byte) *FieldError {
	name, fe := r.key(key)
	if fe != nil {
		return fe
	}
	r.enter(name)
	defer r.leave()
	if _, known := labels[name]; known {
		return r.twice()
	}
	return r.unlessNull(func() *FieldError {
		var value string
		if fe := r.line(&value); fe != nil {
			return fe
		}
		labels[name] = value
		return nil
	})
}

// key takes over the name of a field that the sender chose.
func (r *reader) key(b []byte) (string, *FieldError) {
	switch {
	case len(b) > MaxIdentifierBytes:
		return "", r.fault(fmt.Sprintf("holds a field name of %d bytes, more than the limit of %d", len(b), MaxIdentifierBytes), "shorten it")
	case !utf8.Valid(b):
		return "", r.fault("holds a field name that is not UTF-8", "send UTF-8")
	case strings.IndexByte(string(b), 0) >= 0:
		return "", r.fault("holds a field name with a NUL byte", "remove it")
	}
	return r.share(b), nil
}

// keep stores an unknown field as it came. A field of a nested object is kept
// under its whole path, such as "commits[0].url".
func (r *reader) keep(key []byte) *FieldError {
	name, fe := r.key(key)
	if fe != nil {
		return fe
	}
	r.enter(name)
	defer r.leave()
	if len(r.path) > 1 {
		name = r.where()
	}
	return r.keepAs(name)
}

// keepExtra reads the field "extra" itself: an object of fields that were
// unknown before. Anything else under that name is itself an unknown field.
func (r *reader) keepExtra() *FieldError {
	if r.json.Next() != jx.Object {
		return r.keepAs("extra")
	}
	fields, err := r.json.ObjIter()
	if err != nil {
		return r.broken(err)
	}
	for fields.Next() {
		name, fe := r.key(fields.Key())
		if fe != nil {
			return fe
		}
		r.enter(name)
		if fe := r.keepAs(name); fe != nil {
			return fe
		}
		r.leave()
	}
	if err := fields.Err(); err != nil {
		return r.broken(err)
	}
	return nil
}

// keepAs stores the next value, whatever it is, under a name.
func (r *reader) keepAs(name string) *FieldError {
	if _, known := r.extra[name]; known {
		return r.twice()
	}
	if len(r.extra) == MaxExtra {
		return &FieldError{Problem: fmt.Sprintf("the event holds more than the limit of %d fields that the contract does not know", MaxExtra), Mend: "send fewer"}
	}
	value, err := r.json.Raw()
	switch {
	case err != nil:
		return r.broken(err)
	case !utf8.Valid(value):
		return r.fault("holds bytes that are not UTF-8", "send UTF-8")
	case depth(value)+len(r.path) > MaxDepth:
		fe := tooDeep()
		fe.Path = r.where()
		return fe
	}
	if r.extra == nil {
		r.extra = make(map[string]json.RawMessage)
	}
	r.extra[name] = json.RawMessage(value)
	return nil
}

func tooDeep() *FieldError {
	return &FieldError{Problem: fmt.Sprintf("is nested deeper than the limit of %d", MaxDepth), Mend: "flatten it"}
}

// depth is how deep the objects and arrays of a valid JSON text are nested.
func depth(value []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
