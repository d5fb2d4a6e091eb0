package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// place says where in a file a JSON value begins: the line, counted from 1, and
// its number among the values, where elements of an array count one by one.
type place struct{ line, element int }

// String names the line, and the number where that is another.
func (p place) String() string {
	if p.line == p.element {
		return fmt.Sprintf("line %d", p.line)
	}
	return fmt.Sprintf("line %d, element %d", p.line, p.element)
}

// lineIndex passes a stream on and remembers where its lines end.
type lineIndex struct {
	in   io.Reader
	read int64
	// ends are the offsets behind line ends that were not asked for yet, passed
	// is how many lines were left behind.
	ends   []int64
	passed int
}

// Read implements io.Reader.
func (l *lineIndex) Read(p []byte) (int, error) {
	n, err := l.in.Read(p)
	for at := 0; ; at++ {
		next := bytes.IndexByte(p[at:n], '\n')
		if next < 0 {
			break
		}
		at += next
		l.ends = append(l.ends, l.read+int64(at)+1)
	}
	l.read += int64(n)
	return n, err
}

// at is the line of an offset; offsets may not go back.
func (l *lineIndex) at(offset int64) int {
	passed := 0
	for passed < len(l.ends) && l.ends[passed] <= offset {
		passed++
	}
	l.ends, l.passed = l.ends[passed:], l.passed+passed
	return l.passed + 1
}

// eachValue calls do for every JSON value of a stream: values one after
// another, one a line, or the elements of an array.
func eachValue(in io.Reader, do func(place, json.RawMessage) error) error {
	lines := &lineIndex{in: in}
	dec := json.NewDecoder(lines)
	for element := 1; ; {
		var value json.RawMessage
		err := dec.Decode(&value)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return broken(dec, lines, err)
		}
		begin := dec.InputOffset() - int64(len(value))
		if !bytes.HasPrefix(value, []byte("[")) {
			if err := do(place{lines.at(begin), element}, value); err != nil {
				return err
			}
			element++
			continue
		}
		if err := eachElement(value, func(offset int64, one json.RawMessage) error {
			defer func() { element++ }()
			return do(place{lines.at(begin + offset), element}, one)
		}); err != nil {
			return err
		}
	}
}

// eachElement calls do for the elements of an array that is known to be JSON, with
// the offset of each.
func eachElement(array json.RawMessage, do func(offset int64, element json.RawMessage) error) error {
	dec := json.NewDecoder(bytes.NewReader(array))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		var element json.RawMessage
		if err := dec.Decode(&element); err != nil {
			return err
		}
		if err := do(dec.InputOffset()-int64(len(element)), element); err != nil {
			return err
		}
	}
	return nil
}

// broken says where a stream stops being JSON: the line of the value that begins
// there, and that of the fault where it is another.
func broken(dec *json.Decoder, lines *lineIndex, err error) error {
	begin := dec.InputOffset()
	if rest, readErr := io.ReadAll(dec.Buffered()); readErr == nil {
		begin += int64(len(rest) - len(bytes.TrimLeft(rest, " \t\r\n")))
	}
	first := lines.at(begin)
	wrong, syntax := errors.AsType[*json.SyntaxError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("line %d: the JSON value that begins there has no end", first)
	case !syntax && lines.read == 0:
		return err
	case !syntax:
		return fmt.Errorf("line %d: %w", first, err)
	}
	if at := lines.at(max(begin, wrong.Offset-1)); at != first {
		return fmt.Errorf("line %d: no JSON, in the value that begins in line %d: %w", at, first, err)
	}
	return fmt.Errorf("line %d: no JSON: %w", first, err)
}

// plainly says in words what encoding/json says in types of this program.
func plainly(err error) error {
	if wrong, is := errors.AsType[*json.UnmarshalTypeError](err); is {
		given := "a " + wrong.Value
		if strings.ContainsAny(wrong.Value[:1], "aeiou") {
			given = "an " + wrong.Value
		}
		if wrong.Field == "" {
			return fmt.Errorf("is %s; want an object", given)
		}
		return fmt.Errorf("%s: is %s, which does not belong there; see docs/formats.md", wrong.Field, given)
	}
	if wrong, is := errors.AsType[*time.ParseError](err); is {
		return fmt.Errorf("%s is no time; write it as 2026-05-04T09:52:00Z", strings.TrimSpace(wrong.Value))
	}
	return err
}
