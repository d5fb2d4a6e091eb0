package app

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

// TestEveryValueKnowsItsLine holds for any mix of line ends, blank lines, arrays
// and values of several lines, however the stream is cut.
func TestEveryValueKnowsItsLine(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var text strings.Builder
		var want []place
		space := func() {
			text.WriteString(rapid.SampledFrom([]string{" ", "\n", "\r\n", "\n\n\t", "\n \n"}).Draw(t, "space"))
		}
		value := func() {
			want = append(want, place{1 + strings.Count(text.String(), "\n"), len(want) + 1})
			text.WriteString(rapid.SampledFrom([]string{`{"a":1}`, "{\n\"a\":\n[2]}", `"x"`, "7", "null", `{"a":"\n"}`}).Draw(t, "value"))
		}
		for range rapid.IntRange(0, 6).Draw(t, "values") {
			space()
			if rapid.Bool().Draw(t, "plain") {
				value()
				continue
			}
			text.WriteString("[")
			for i := range rapid.IntRange(0, 3).Draw(t, "elements") {
				if i > 0 {
					text.WriteString(",")
				}
				space()
				value()
			}
			text.WriteString("]")
		}
		space()
		in := io.Reader(strings.NewReader(text.String()))
		if rapid.Bool().Draw(t, "byte by byte") {
			in = iotest.OneByteReader(in)
		}
		var got []place
		err := eachValue(in, func(at place, value json.RawMessage) error {
			got = append(got, at)
			if !json.Valid(value) || bytes.ContainsAny(value[:1], " \n,[") {
				t.Errorf("value %q", value)
			}
			return nil
		})
		if err != nil || len(got) != len(want) {
			t.Fatalf("%v: %d values, want %d in %q", err, len(got), len(want), text.String())
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("value %d at %v, want %v in %q", i, got[i], want[i], text.String())
			}
		}
	})
}

func TestABrokenValueIsFoundByItsLine(t *testing.T) {
	for in, want := range map[string]string{
		"{}\n{}\n{\"a\":":               "line 3: the JSON value that begins there has no end",
		"{}\n\n  {a}":                   "line 3: no JSON: invalid character 'a'",
		"{}\n{\"a\":1,\n\"b\":2,\nc}\n": "line 4: no JSON, in the value that begins in line 2: invalid character 'c'",
		"{}\n[1,\n{\"a\" 2}]":           "line 3: no JSON, in the value that begins in line 2",
		"1 2 3\nx":                      "line 2: no JSON: invalid character 'x'",
		"12345\n12345\n123\n{x":         "line 4: no JSON",
	} {
		err := eachValue(strings.NewReader(in), func(place, json.RawMessage) error { return nil })
		if err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
	torn := io.MultiReader(strings.NewReader("{}\n"), iotest.ErrReader(errRig))
	if err := eachValue(torn, func(place, json.RawMessage) error { return nil }); !errors.Is(err, errRig) || !strings.HasPrefix(err.Error(), "line 2: ") {
		t.Errorf("a stream that ends in an error: %v", err)
	}
	for in, stop := range map[string]int{"{}{}": 1, "[{},{}]": 1, "[{}][{}]": 2} {
		seen := 0
		err := eachValue(strings.NewReader(in), func(at place, _ json.RawMessage) error {
			if seen++; at.element == stop {
				return errRig
			}
			return nil
		})
		if !errors.Is(err, errRig) || seen != stop {
			t.Errorf("%q: %v after %d", in, err, seen)
		}
	}
}
