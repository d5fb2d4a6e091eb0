package event

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// seeds are texts from which the fuzzers start: good, bad and odd ones.
func seeds(f *testing.F) {
	f.Helper()
	for _, text := range []string{
		whole, small("a", ""), "[" + small("a", "") + "," + small("b", "") + "]", small("a", "") + "\n" + small("b", ""),
		plainAlert("firing"), plainAlert("resolved"), string(typicalChange(3)),
		`{"observed_at":"2026-11-19T09:00:00Z","source":"s","services":[{"name":"a","tier":2,"x":1}],"edges":[{"caller":"a","callee":"b","kind":"async","calls_per_second":1e2}]}`,
		`{"id":"\ud83d\ude00\u0000`, `{"labels":{"a":null,"a":"b"}}`, `[[[[`, `{"x":-0.0e+1}`, "{\"id\":\"\xff\"}", `[1,2`, "nul",
	} {
		f.Add([]byte(text))
	}
}

func FuzzDecodeChanges(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		changes, rejected := DecodeChanges(data, arrival)
		demandReasons(t, rejected)
		for _, e := range changes {
			if fe := CheckChange(&e.Change); fe != nil {
				t.Fatalf("accepted an incomplete change: %v", fe)
			}
			again, rejected := DecodeChanges(encode(t, e.Change), arrival)
			if rejected != nil {
				t.Fatalf("refused what it wrote: %v", rejections(rejected))
			}
			demandEqual(t, e.Change, again[0].Change)
		}
	})
}

func FuzzDecodeAlerts(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		alerts, rejected := DecodeAlerts(data, arrival)
		demandReasons(t, rejected)
		for _, e := range alerts {
			if fe := CheckAlert(&e.Alert); fe != nil {
				t.Fatalf("accepted an incomplete alert: %v", fe)
			}
			again, rejected := DecodeAlerts(encode(t, e.Alert), arrival)
			if rejected != nil {
				t.Fatalf("refused what it wrote: %v", rejections(rejected))
			}
			demandEqual(t, e.Alert, again[0].Alert)
		}
	})
}

func FuzzDecodeTopologies(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		topologies, rejected := DecodeTopologies(data, arrival)
		demandReasons(t, rejected)
		for _, e := range topologies {
			again, rejected := DecodeTopologies(encode(t, e.Topology), arrival)
			if rejected != nil {
				t.Fatalf("refused what it wrote: %v", rejections(rejected))
			}
			demandEqual(t, e.Topology, again[0].Topology)
		}
	})
}

// FuzzScanner holds the scanner to encoding/json, apart from what the scanner
// refuses on purpose: bytes that are not UTF-8, and nesting beyond the limit.
func FuzzScanner(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		var s scanner
		s.reset(data)
		good := s.skip(0) == nil && s.ended()
		want := json.Valid(data) && utf8.Valid(data)
		if good == want || want && strings.Count(string(data), "[")+strings.Count(string(data), "{") > MaxDepth {
			return
		}
		t.Errorf("%q: the scanner says %v, encoding/json %v", data, good, want)
	})
}

// FuzzString holds the strings that the scanner reads to encoding/json.
func FuzzString(f *testing.F) {
	f.Add([]byte(`"a\u00e9\ud83d\ude00\n"`))
	f.Add([]byte(`"\ud83d\ud83d\u0041é"`))
	f.Fuzz(func(t *testing.T, data []byte) {
		var want string
		if len(data) == 0 || data[0] != '"' || !utf8.Valid(data) || json.Unmarshal(data, &want) != nil {
			return
		}
		var s scanner
		s.reset(data)
		if got, fe := s.str(); fe != nil || got != want {
			t.Errorf("%q = %q, %v, want %q", data, got, fe, want)
		}
	})
}

// demandReasons checks that every rejection says what is wrong and how to mend it.
func demandReasons(t *testing.T, rejected []Rejection) {
	t.Helper()
	for _, r := range rejected {
		if r.Line < 1 || r.Err == nil || r.Err.Problem == "" || r.Err.Mend == "" || !utf8.ValidString(r.Err.Error()) {
			t.Fatalf("rejection %d: %v", r.Line, r.Err)
		}
	}
}

func encode(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// demandEqual compares what was read with what was read after writing it.
// Writing compacts the texts of extra, so these are compared by value.
func demandEqual(t *testing.T, want, got any) {
	t.Helper()
	byValue := cmp.Transformer("value", func(text json.RawMessage) any {
		var v any
		decoder := json.NewDecoder(strings.NewReader(string(text)))
		decoder.UseNumber()
		if err := decoder.Decode(&v); err != nil {
			t.Fatalf("extra holds %q: %v", text, err)
		}
		return v
	})
	if diff := cmp.Diff(want, got, byValue); diff != "" {
		t.Fatalf("(-read +written and read again):\n%s", diff)
	}
}
