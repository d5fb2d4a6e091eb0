package app

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// documented are the code blocks of a language in a page of the documentation.
func documented(t *testing.T, page, language string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", page))
	if err != nil {
		t.Fatal(err)
	}
	var blocks []string
	for _, found := range regexp.MustCompile("(?s)```"+language+"\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		blocks = append(blocks, found[1])
	}
	return blocks
}

// TestTheTranscriptOfTheGateIsWhatTheGateSays runs the change of docs/policy.md
// as its transcript does.
func TestTheTranscriptOfTheGateIsWhatTheGateSays(t *testing.T) {
	dir := t.TempDir()
	change := documented(t, "policy.md", "json")[0]
	if !json.Valid([]byte(change)) {
		t.Fatalf("the example is no JSON: %s", change)
	}
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	senior := write("change.json", change)
	mid := write("mid.json", strings.Replace(change, `"level": "senior"`, `"level": "mid"`, 1))
	topology := write("topology.json", `{"observed_at":"2026-05-04T00:00:00Z","source":"mesh","services":[{"name":"checkout","tier":1}]}`)
	transcript := documented(t, "policy.md", "console")[0]
	for name, tc := range map[string]struct {
		opts GateOptions
		no   bool
		want []string
	}{
		"allowed":     {GateOptions{Change: senior}, false, []string{"ALLOW: github-actions/checkout-1842 (ai_assisted, tier 1, policy 2026.11.1)", "grace        counts, senior"}},
		"denied":      {GateOptions{Change: mid}, true, []string{"DENY: github-actions/checkout-1842 (ai_assisted, tier 1, policy 2026.11.1)", "nobody senior approved it", "grace        counts, not senior"}},
		"glass broke": {GateOptions{Change: mid, BreakGlass: "the shop is down"}, false, []string{"WARN: github-actions/checkout-1842", "let through because: the shop is down"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			tc.opts.Topology, tc.opts.Output = topology, "table"
			err := Gate(t.Context(), tc.opts, strings.NewReader(""), &out)
			if errors.Is(err, ErrNo) != tc.no || err != nil && !tc.no {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%q is not in what the gate says:\n%s", want, out.String())
				}
				if !strings.Contains(transcript, want) {
					t.Errorf("%q is not in the transcript of docs/policy.md", want)
				}
			}
		})
	}
}
