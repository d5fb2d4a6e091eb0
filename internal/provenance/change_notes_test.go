package provenance

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// note is a note of the Git AI Standard: ten lines of two agents, and as many
// of a known human as are asked for.
func note(human int) string {
	return fmt.Sprintf(`src/cart.go
  s_00000000000001::t_00000000000001 1-3,7
  0123456789abcdef 20-25
  h_00000000000001 100-%d
src/test.go
  s_00000000000009::t_00000000000001 1-50
---
{"schema_version":"authorship/3.0.0","base_commit_sha":"abc",
 "sessions":{"s_00000000000001":{"agent_id":{"tool":"claude","model":"claude-opus-4-6"}},
             "s_00000000000009":{"agent_id":{"tool":"mock_ai","model":"none"}}},
 "prompts":{"0123456789abcdef":{"agent_id":{"tool":"codex","model":"gpt-5"}}}}`, 99+human)
}

func withNotes(t *testing.T, notes any, commits ...correlate.Commit) *correlate.Change {
	t.Helper()
	raw, err := json.Marshal(notes)
	if err != nil {
		t.Fatal(err)
	}
	return &correlate.Change{Commits: commits, Extra: map[string]json.RawMessage{NotesField: raw}}
}

func TestNotesOfAgentsCountLines(t *testing.T) {
	c := classifier(t)
	long := plain
	long.Additions = 100
	for _, test := range []struct {
		name   string
		change *correlate.Change
		want   string
		lines  string
	}{
		{"half of the lines", withNotes(t, map[string]string{"abc": note(10)}, plain), "ai_assisted", "10 of 20 lines by agents"},
		{"most of the lines", withNotes(t, map[string]string{"abc": note(1)}, plain), "ai_authored", "10 of 11 lines by agents"},
		{"lines that nobody claims", withNotes(t, map[string]string{"abc": note(1)}, long), "ai_assisted", "10 of 100 lines by agents"},
	} {
		p := c.Label(test.change)
		if string(p.Class) != test.want || marker(t, p, "attested.lines").Excerpt != test.lines {
			t.Errorf("%s: %s, %+v", test.name, p.Class, p.Evidence)
		}
		want := []correlate.AITool{{Name: "claude-code", Model: "claude-opus-4-6"}, {Name: "codex", Model: "gpt-5"}}
		if diff := cmp.Diff(want, p.Tools); diff != "" {
			t.Errorf("%s: tools (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestNotesThatSayNothingAreNoProofOfAHuman(t *testing.T) {
	c := classifier(t)
	onlyHuman := "a.go\n  h_00000000000001 1-9\n---\n{\"schema_version\":\"authorship/3.0.0\"}"
	for name, notes := range map[string]any{
		"no lines of agents":  map[string]string{"abc": onlyHuman},
		"no divider":          map[string]string{"abc": "a.go\n  s_1::t_1 1-9\n"},
		"no metadata":         map[string]string{"abc": "a.go\n  s_1::t_1 1-9\n---\n{"},
		"another schema":      map[string]string{"abc": "a.go\n  s_1::t_1 1-9\n---\n{\"schema_version\":\"authorship/4.0.0\"}"},
		"ranges that are bad": map[string]string{"abc": "a.go\n  s_1::t_1 x,9-1,2-y\n---\n{\"schema_version\":\"authorship/3.0.0\"}"},
		"not an object":       []int{1},
	} {
		if p := c.Label(withNotes(t, notes, plain)); p.Class != correlate.ProvenanceUnknown {
			t.Errorf("%s: %s", name, answer(p))
		}
	}
}

func TestRecordsOfAgentTraceCountLines(t *testing.T) {
	const record = `{"version":"0.1.0","id":"1","timestamp":"2026-03-01T00:00:00Z","tool":{"name":"cursor","version":"2"},
	  "files":[{"path":"a.go","conversations":[
	    {"contributor":{"type":"ai","model_id":"anthropic/claude-opus-4-6"},"ranges":[{"start_line":1,"end_line":8}]},
	    {"contributor":{"type":"human"},"ranges":[{"start_line":9,"end_line":20}]}]}]}`
	c := classifier(t)
	for _, raw := range []string{record, "[" + record + "]"} {
		p := c.Label(&correlate.Change{Commits: []correlate.Commit{plain}, Extra: map[string]json.RawMessage{TraceField: json.RawMessage(raw)}})
		if answer(p) != "ai_assisted cursor/anthropic/claude-opus-4-6" || marker(t, p, "attested.lines").Excerpt != "8 of 20 lines by agents" {
			t.Errorf("%s, %+v", answer(p), p.Evidence)
		}
	}
	p := c.Label(&correlate.Change{Commits: []correlate.Commit{plain}, Extra: map[string]json.RawMessage{TraceField: json.RawMessage(`"x"`)}})
	if p.Class != correlate.ProvenanceUnknown {
		t.Errorf("a record that cannot be read: %s", answer(p))
	}
}
