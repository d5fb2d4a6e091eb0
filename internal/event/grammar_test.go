package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// near calls each with every text that differs from one by a byte replaced, taken
// away or put in, and with every beginning of it.
func near(text, alphabet string, each func(text string)) {
	for i := 0; i <= len(text); i++ {
		each(text[:i])
		for _, c := range []byte(alphabet) {
			each(text[:i] + string([]byte{c}) + text[i:])
			if i < len(text) {
				each(text[:i] + string([]byte{c}) + text[i+1:])
			}
		}
		if i < len(text) {
			each(text[:i] + text[i+1:])
		}
	}
}

// A fault of one byte is what networks, templates and people make of good JSON. The
// scanner must judge each as encoding/json does, wherever in a word of eight bytes
// it stands.
func TestTheScannerJudgesEveryNearMissAsEncodingJSONDoes(t *testing.T) {
	const alphabet = "\"\\{}[],:0159-+.eEulnatf /\x00\x1f\x7f\x80\xc3\xff\n\t"
	for _, text := range []string{
		`{"a":1,"b":[true,false,null]}`, `[-0.5e+10,12E-3,0]`, `"abcdefghijklmnop"`, `"abcdefg\"hij\\k\/l\b\f\n\r\t"`,
		`"x\u00e9\ud83d\ude00\uD83Dy"`, "\"caf\u00e9 \u2615 and more text\"", `{"":{"":[]},"k":{}}`, ` [ 1 , 2 ] `,
	} {
		near(text, alphabet, func(text string) {
			data := []byte(text)
			var s scanner
			s.reset(data)
			good := s.skip(0) == nil && s.ended()
			if want := json.Valid(data) && utf8.Valid(data); good != want {
				t.Errorf("%q: the scanner says %v, encoding/json %v", text, good, want)
			}
			var want string
			if !good || json.Unmarshal(data, &want) != nil || strings.TrimSpace(text) == "null" {
				return
			}
			s.reset(data)
			s.peek()
			if got, fe := s.str(); fe != nil || got != want {
				t.Errorf("%q is read as %q, %v, want %q", text, got, fe, want)
			}
		})
	}
}

// Eight bytes are looked at in one word: a sign that ends a string must be seen at
// each place of it, and no other sign be taken for one.
func TestPlainStopsAtTheFirstSignThatIsNot(t *testing.T) {
	for place := range 20 {
		for c := range 256 {
			text := []byte(strings.Repeat("x", 20))
			text[place] = byte(c)
			want := 20
			if c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
				want = place
			}
			if got := plain(text); got != want {
				t.Fatalf("%q: %d, want %d", text, got, want)
			}
		}
	}
}

// The short way of reading a time must take what senders send, or it is no use,
// and must agree with package time on everything near it.
func TestTheShortWayTakesTheUsualTimesAndNoneThatIsWrong(t *testing.T) {
	for _, text := range []string{
		"2026-11-19T09:00:00Z", "2026-11-19T23:59:59Z", "2026-11-19T09:00:00.1Z", "2026-11-19T09:00:00.12Z", "2026-11-19T09:00:00.123Z", "2026-11-19T09:00:00.123456789Z", "2024-02-29T00:00:00Z",
	} {
		at, ok := parseUTC(text)
		if want, err := time.Parse(time.RFC3339, text); !ok || err != nil || !at.Equal(want.Truncate(time.Millisecond)) {
			t.Errorf("%s: %s, %v, want %s", text, at, ok, want)
		}
	}
	for _, text := range []string{"2026-10-29T19:59:58.123Z", "2026-11-30T23:09:00Z", "2024-02-29T00:00:00.5Z"} {
		near(text, "0123456789:-TZtz+., /\x00", func(text string) {
			got, ok := parseUTC(text)
			want, err := time.Parse(time.RFC3339, text)
			if ok && (err != nil || !got.Equal(want.Truncate(time.Millisecond))) {
				t.Errorf("%q is read as %s, package time says %s, %v", text, got, want, err)
			}
			whole, fe := ParseTime(text)
			if err == nil && (fe != nil || !whole.Equal(want.Truncate(time.Millisecond))) {
				t.Errorf("%q is read as %s, %v, package time says %s", text, whole, fe, want)
			}
		})
	}
	if _, fe := ParseTime("2026-11-19T09:00"); fe == nil || !strings.Contains(fe.Problem, "has no zone") {
		t.Errorf("%v", fe)
	}
}

// Rows of the same statement collapse by their UIDs. Were these to change between
// versions, everything that is sent again after an upgrade would be kept twice.
func TestUIDsAreTheSameInEveryVersion(t *testing.T) {
	meta := Meta{ArrivedAt: noon, Origin: Origin{Topic: "t"}}
	changes, _ := DecodeChanges([]byte(`{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`), meta)
	alerts, _ := DecodeAlerts([]byte(`{"source":"s","service":"a","name":"n","fingerprint":"f","status":"firing","started_at":"2026-11-19T09:00:00Z"}`), meta)
	topologies, _ := DecodeTopologies([]byte(`{"source":"s","observed_at":"2026-11-19T09:00:00Z"}`), meta)
	got := []uint64{changes[0].UID, alerts[0].UID, topologies[0].UID}
	if diff := cmp.Diff([]uint64{412097597593102408, 6182447801127034406, 8354572032008428624}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for kind, kept := range map[Kind]Meta{KindChange: changes[0].Meta, KindAlert: alerts[0].Meta, KindTopology: topologies[0].Meta} {
		if kept.ArrivedAt != noon || kept.Origin.Topic != "t" || len(kept.Raw) == 0 {
			t.Errorf("%s: where it came from is lost: %+v", kind, kept)
		}
	}
	// Parts that only meet differently are other statements.
	one, _ := DecodeChanges([]byte(`{"id":"bc","source":"a","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`), meta)
	two, _ := DecodeChanges([]byte(`{"id":"c","source":"ab","kind":"deploy","started_at":"2026-11-19T09:00:00Z"}`), meta)
	if one[0].UID == two[0].UID {
		t.Error("two changes have one UID")
	}
}

// The limits are those of docs/formats.md: what is just allowed is taken, one more
// is refused by field.
func TestEveryLimitIsExact(t *testing.T) {
	change := func(more string) string {
		return `{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z",` + more + `}`
	}
	word := func(n int) string { return strings.Repeat("x", n) }
	nested := func(n int) string { return change(`"deep":` + strings.Repeat("[", n) + strings.Repeat("]", n)) }
	objects := func(n int) string {
		return change(`"deep":` + strings.Repeat(`{"a":`, n) + "1" + strings.Repeat("}", n))
	}
	sized := func(n int) string {
		return change(`"x":"` + word(n-len(change(`"x":""`))) + `"`)
	}
	for name, c := range map[string]struct {
		text func(n int) string
		most int
	}{
		"version": {func(n int) string { return change(`"version":"` + word(n) + `"`) }, MaxIdentifierBytes},
		"title":   {func(n int) string { return change(`"title":"` + word(n) + `"`) }, MaxLineBytes},
		"extra":   {func(n int) string { return change(`"` + word(n) + `":1`) }, MaxIdentifierBytes},
		"lists":   {nested, MaxDepth - 1},
		"objects": {objects, MaxDepth - 1},
		"bytes":   {sized, MaxEventBytes},
		"percent": {func(n int) string { return change(fmt.Sprintf(`"ai":{"lines_percent":%d}`, n)) }, 100},
	} {
		for n, good := range map[int]bool{c.most: true, c.most + 1: false} {
			if changes, rejected := DecodeChanges([]byte(c.text(n)), arrival); (len(changes) == 1) != good {
				t.Errorf("%s of %d: %d changes, %.200v", name, n, len(changes), rejections(rejected))
			}
		}
	}
}

// What is wrong is told by its field and in JSON's words.
func TestWrongValuesAreNamedByFieldAndType(t *testing.T) {
	for text, want := range map[string]string{
		`"title":false`:                                     "title: is a boolean, not a string",
		`"title":true`:                                      "title: is a boolean, not a string",
		`"title":9`:                                         "title: is a number, not a string",
		`"title":-1`:                                        "title: is a number, not a string",
		`"title":[]`:                                        "title: is an array, not a string",
		`"title":{}`:                                        "title: is an object, not a string",
		`"title":nope`:                                      "title: is not valid JSON",
		`"title":?`:                                         "title: is not valid JSON",
		`"services":"a"`:                                    "services: is a string, not an array",
		`"labels":{"a":1}`:                                  "labels.a: is a number, not a string",
		`"labels":{"a":"1","a":"2"}`:                        "labels.a: is given twice",
		`"labels":{"a":null,"b":nul}`:                       "labels.b: is not valid JSON",
		`"labels":{"\u0000a":"1"}`:                          "labels: holds a field name with a NUL byte",
		`"labels":{"x":"\u0000a"}`:                          "labels.x: holds a NUL byte",
		`"commits":[{},{"additions":1.5}]`:                  `commits[1].additions: "1.5" is not a whole number`,
		`"commits":[{},{"additions":-1}]`:                   `commits[1].additions: "-1" is outside of 0 to`,
		`"commits":[{"additions":"1"}]`:                     "commits[0].additions: is a string, not a number",
		`"commits":[{"additions":99999999999999}]`:          `commits[0].additions: "99999999999999" is outside of 0 to`,
		`"ai":{"lines_percent":1e999}`:                      `ai.lines_percent: "1e999" is outside of 0 to 100`,
		`"ai":{"lines_percent":-0.1}`:                       `ai.lines_percent: "-0.1" is outside of 0 to 100`,
		`"commits":[{"x":1,"x":2}]`:                         "commits[0].x: is given twice",
		`"kind":"deploy"`:                                   "kind: is given twice",
		`"title":null,"version":5`:                          "version: is a number, not a string",
		`"actor":null,"commits":[{"sha":null,"message":3}]`: "commits[0].message: is a number, not a string",
		`"labels":{"a":null,"b":3}`:                         "labels.b: is a number, not a string",
		`"finished_at":5`:                                   "finished_at: is a number, not a string",
		`"extra":{"a":1,"a":2}`:                             "extra.a: is given twice",
		`"x":1,"extra":{"x":2}`:                             "extra.x: is given twice",
		`"rollout":[{"at":"2026-11-19T09:00:00"}]`:          "rollout[0].at: \"2026-11-19T09:00:00\" has no zone",
	} {
		_, rejected := DecodeChanges([]byte(`{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z",`+text+`}`), arrival)
		if len(rejected) != 1 || !strings.HasPrefix(rejected[0].Err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, rejections(rejected), want)
		}
	}
	fe := &FieldError{Path: "kind", Problem: "is missing"}
	if got := fe.Error(); got != "kind: is missing" {
		t.Errorf("%q", got)
	}
	if got := (&UnknownFormatError{Format: "x", Known: []string{"a", "b"}}).Error(); got != `unknown format "x"; known are a, b` {
		t.Errorf("%q", got)
	}
	_, ahead := NewAlert(correlate.Alert{Source: "s", Service: "a", Name: "n", Fingerprint: "f", Status: correlate.AlertFiring, StartedAt: noon.Add(time.Hour)}, Meta{ArrivedAt: noon})
	if ahead == nil || ahead.Path != "started_at" || !strings.Contains(ahead.Problem, "after the alert arrived") || !strings.Contains(ahead.Mend, "check the clock and the zone of the sender; at most ") {
		t.Errorf("an alert of a time to come: %v", ahead)
	}
}

// Unknown fields stand under their paths, those of the field extra under their
// own names, each with its value as it came.
func TestWhatNoFieldHoldsIsKeptUnderItsPath(t *testing.T) {
	changes, rejected := DecodeChanges([]byte(`{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z",`+
		`"x":{"y":[1, 2]},"commits":[{"sha":"1"},{"sha":"2","url":"u"}],"actor":{"id":"i","team":null},"extra":{"z":1,"more":[]}}`), arrival)
	if rejected != nil {
		t.Fatal(rejections(rejected))
	}
	got := map[string]string{}
	for name, value := range changes[0].Extra {
		got[name] = string(value)
	}
	want := map[string]string{"x": `{"y":[1, 2]}`, "commits[1].url": `"u"`, "actor.team": "null", "z": "1", "more": "[]"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	alerts, rejected := DecodeAlerts([]byte(`{"source":"s","service":"a","name":"n","status":"firing","started_at":"2026-11-19T09:00:00Z","extra":{"z":1}}`), arrival)
	if rejected != nil || string(alerts[0].Extra["z"]) != "1" || len(alerts[0].Extra) != 1 {
		t.Errorf("%+v, %v", alerts, rejections(rejected))
	}
}
