package format

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/faultline/faultline/internal/event"
)

// written is a place in a document as errors write it.
func written(place []any) string {
	var b strings.Builder
	for _, step := range place {
		if n, index := step.(int); index {
			fmt.Fprintf(&b, "[%d]", n)
			continue
		}
		if b.Len() > 0 {
			b.WriteByte('.')
		}
		b.WriteString(step.(string))
	}
	return b.String()
}

// related reports whether one path lies on the way to the other. Some readers
// leave out the place in an array.
func related(a, b string) bool {
	a, b = unindexed.ReplaceAllString(a, ""), unindexed.ReplaceAllString(b, "")
	if len(a) > len(b) {
		a, b = b, a
	}
	rest, on := strings.CutPrefix(b, a)
	return on && (a == "" || rest == "" || rest[0] == '.')
}

var unindexed = regexp.MustCompile(`\[\d+\]`)

// present reports whether a document has a field.
func present(document any, path string) bool {
	for step := range strings.SplitSeq(path, ".") {
		fields, _ := document.(map[string]any)
		if document = fields[step]; document == nil {
			return false
		}
	}
	return true
}

// TestAValueOfAnotherTypeIsRefusedByItsOwnPlace replaces every value of every
// payload by one of another type. Where the payload is refused for it, the
// refusal names that place, or the part of the document around it, and not a
// neighbour that is in order: whoever mends the sender has nothing else.
func TestAValueOfAnotherTypeIsRefusedByItsOwnPlace(t *testing.T) {
	registry, refusals := testRegistry(), 0
	for _, path := range payloads(t, "testdata") {
		name := filepath.Base(filepath.Dir(path))
		var document any
		if err := json.Unmarshal(read(t, path), &document); err != nil {
			continue
		}
		sound, refused := decodeAs(t, name, headers(), read(t, path))
		if sound.Len() == 0 || refused != nil {
			continue
		}
		for _, place := range places(document, nil) {
			for _, value := range []string{`[[7]]`, `{"a":{"b":7}}`, `true`, `70e-1`} {
				body, err := json.Marshal(with(document, place, json.RawMessage(value)))
				if err != nil {
					t.Fatal(err)
				}
				_, rejected, _ := decodeWith(registry, "", name, headers(), body, event.Meta{ArrivedAt: arrived})
				// What an envelope holds is named as without one.
				at := written(place)
				if inner, enveloped := strings.CutPrefix(at, "data"); enveloped && name == "cloudevents" && !strings.HasPrefix(inner, "_") {
					at = strings.TrimPrefix(inner, ".")
				}
				for _, r := range rejected {
					refusals++
					// What was absent before may stand in for what is now.
					instead := r.Err.Problem == "is missing" && !present(document, r.Err.Path)
					if !related(r.Err.Path, at) && !instead {
						t.Errorf("%s with %s at %s: %v", path, value, written(place), r.Err)
					}
				}
			}
		}
	}
	if refusals < 1000 {
		t.Errorf("only %d refusals", refusals)
	}
}
