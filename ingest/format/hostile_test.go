package format

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/event"
)

// hostile are values that no vendor sends in good faith, each put in the place
// of every value of every payload.
func hostile() map[string]string {
	return map[string]string{
		"null": `null`, "a negative number": `-1`, "a huge number": `1e400`, "a fraction": `0.5`, "a boolean": `true`,
		"an empty text": `""`, "a NUL": `"a\u0000b"`, "half a surrogate": `"\ud800"`, "a long text": `"` + strings.Repeat("x", event.MaxLineBytes+1) + `"`,
		"an empty object": `{}`, "an empty array": `[]`, "an array of nulls": `[null,null]`, "an object in an array": `[{"id":{}}]`,
		"a time before all time": `"0000-00-00T00:00:00Z"`, "a late time": `"9999-12-31T23:59:59Z"`,
		"deep nesting": strings.Repeat("[", 500) + strings.Repeat("]", 500),
	}
}

// places lists the paths of all values of a document.
func places(value any, path []any) [][]any {
	all := [][]any{path}
	switch v := value.(type) {
	case map[string]any:
		for _, key := range slices.Sorted(maps.Keys(v)) {
			all = append(all, places(v[key], slices.Concat(path, []any{key}))...)
		}
	case []any:
		for i := range v {
			all = append(all, places(v[i], slices.Concat(path, []any{i}))...)
		}
	}
	return all
}

// with returns a document with another value in one place.
func with(value any, path []any, other json.RawMessage) any {
	if len(path) == 0 {
		return other
	}
	switch v := value.(type) {
	case map[string]any:
		changed := maps.Clone(v)
		changed[path[0].(string)] = with(v[path[0].(string)], path[1:], other)
		return changed
	case []any:
		changed := slices.Clone(v)
		changed[path[0].(int)] = with(v[path[0].(int)], path[1:], other)
		return changed
	}
	return value
}

// usefulFirst puts the payloads that become events before those that are
// refused or say nothing: a hostile value gets further in them.
func usefulFirst(t *testing.T, paths []string) []string {
	t.Helper()
	useful := func(path string) int {
		golden := read(t, strings.TrimSuffix(path, ".json")+".golden")
		if bytes.Contains(golden, []byte(`"started_at"`)) {
			return 0
		}
		return 1
	}
	return slices.SortedStableFunc(slices.Values(paths), func(a, b string) int { return useful(a) - useful(b) })
}

// shape tells payloads of one kind from those of another by their fields.
func shape(document any) string {
	fields, _ := document.(map[string]any)
	return strings.Join(slices.Sorted(maps.Keys(fields)), ",")
}

// TestNoValueInAnyPlaceOfAPayloadBreaksADecoder replaces every value of every
// kind of payload by every hostile one. Whatever comes out: no panic, every
// refusal says what is wrong and how to mend it, and every event that is taken
// meets what the contract demands of events.
func TestNoValueInAnyPlaceOfAPayloadBreaksADecoder(t *testing.T) {
	registry, done := testRegistry(), map[string]bool{}
	for _, path := range usefulFirst(t, payloads(t, "testdata")) {
		name := filepath.Base(filepath.Dir(path))
		var document any
		if err := json.Unmarshal(read(t, path), &document); err != nil {
			continue
		}
		for _, place := range places(document, nil) {
			key := fmt.Sprint(name, "\x00", shape(document), "\x00", place)
			if done[key] {
				continue
			}
			done[key] = true
			for what, value := range hostile() {
				body, err := json.Marshal(with(document, place, json.RawMessage(value)))
				if err != nil {
					t.Fatal(err)
				}
				if fault := decodesCleanly(registry, name, body); fault != "" {
					t.Fatalf("%s with %s at %v: %s", path, what, place, fault)
				}
			}
		}
	}
}

// decodesCleanly says what is wrong with how a body is decoded.
func decodesCleanly(registry *Registry, name string, body []byte) (fault string) {
	defer func() {
		if p := recover(); p != nil {
			fault = fmt.Sprintf("the decoder panicked: %v", p)
		}
	}()
	batch, rejected, err := decodeWith(registry, "", name, headers(), body, event.Meta{ArrivedAt: arrived})
	if err != nil {
		return err.Error()
	}
	for _, r := range rejected {
		if r.Line < 1 || r.Err == nil || r.Err.Problem == "" || r.Err.Mend == "" {
			return fmt.Sprintf("the refusal %+v explains nothing", r)
		}
	}
	for i := range batch.Changes {
		if fe := event.CheckChange(&batch.Changes[i].Change); fe != nil {
			return "a change was taken of which " + fe.Error()
		}
		if fe := event.CheckChangeWords(&batch.Changes[i].Change); fe != nil {
			return "a change was taken of which " + fe.Error()
		}
	}
	for i := range batch.Alerts {
		if fe := event.CheckAlert(&batch.Alerts[i].Alert); fe != nil {
			return "an alert was taken of which " + fe.Error()
		}
		if fe := event.CheckAlertWords(&batch.Alerts[i].Alert); fe != nil {
			return "an alert was taken of which " + fe.Error()
		}
	}
	return ""
}

// TestTruncatedPayloadsAreRefused cuts every payload at many places.
func TestTruncatedPayloadsAreRefused(t *testing.T) {
	registry := testRegistry()
	for _, path := range payloads(t, "testdata") {
		name := filepath.Base(filepath.Dir(path))
		body := bytes.TrimSpace(read(t, path))
		for cut := 1; cut < len(body); cut += 1 + len(body)/40 {
			batch, rejected, err := decodeWith(registry, "", name, headers(), body[:cut], event.Meta{ArrivedAt: arrived})
			if err != nil || batch.Len() > 0 || len(rejected) != 1 {
				t.Fatalf("%s cut at %d: %d events, rejected %v, %v", path, cut, batch.Len(), rejected, err)
			}
		}
	}
}
