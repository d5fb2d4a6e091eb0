package app

import (
	"context"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const agentCommit = `{"id":"c-1","source":"git","kind":"deploy","started_at":"2026-05-01T00:00:00Z","commits":[{"sha":"a","message":"Fix\n\nCo-Authored-By: Claude <noreply@anthropic.com>","author":{"name":"Dev 1","email":"dev1@example.com"}}]}`

func TestClassifyPrintsALineForEachChange(t *testing.T) {
	in := agentCommit + "\n" + `{"change":{"id":"c-2","commits":[{"sha":"b","message":"Fix"}]},"label":"human"}` + "\n"
	var out strings.Builder
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "json"}, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("printed %q", out.String())
	}
	var first, second struct {
		ID, Class  string
		Confidence float64
		Tools      []struct{ Name string }
		Evidence   []struct{ Marker, Where, Excerpt string }
	}
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(lines[1]), &second); err != nil {
		t.Fatal(err)
	}
	if first.ID != "c-1" || first.Class != "ai_assisted" || len(first.Tools) == 0 || len(first.Evidence) == 0 || first.Confidence <= 0.5 {
		t.Errorf("first %+v", first)
	}
	if second.ID != "c-2" || second.Class != "unknown" {
		t.Errorf("no marker is no proof of a human: %+v", second)
	}
	if !strings.Contains(lines[1], `"tools":[]`) {
		t.Errorf("an empty list must be a list: %s", lines[1])
	}
}

func TestClassifyAsTable(t *testing.T) {
	var out strings.Builder
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "table"}, strings.NewReader(agentCommit), &out); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "CLASS") || !strings.Contains(out.String(), "c-1") || !strings.Contains(out.String(), "ai_assisted") {
		t.Error(out.String())
	}
}

func TestClassifyAsYAMLIsADocumentForEachChange(t *testing.T) {
	var out strings.Builder
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "yaml"}, strings.NewReader(agentCommit+"\n"+agentCommit), &out); err != nil {
		t.Fatal(err)
	}
	documents := yaml.NewDecoder(strings.NewReader(out.String()))
	for range 2 {
		var c struct{ ID, Class string }
		if err := documents.Decode(&c); err != nil || c.ID != "c-1" || c.Class != "ai_assisted" {
			t.Fatalf("%+v %v\n%s", c, err, out.String())
		}
	}
	for name, opts := range map[string]ClassifyOptions{"rules: ": {Summary: true}, "precision:": {Score: true}} {
		out.Reset()
		opts.File, opts.Output = "-", "yaml"
		labelled := `{"change": ` + agentCommit + `, "acceptable": ["ai_assisted"]}`
		if err := Classify(context.Background(), opts, strings.NewReader(labelled), &out); err != nil || !strings.Contains(out.String(), name) || strings.HasPrefix(out.String(), "{") {
			t.Errorf("%v\n%s", err, out.String())
		}
	}
}

func TestClassifyRefuses(t *testing.T) {
	for name, tc := range map[string]struct{ file, output, in, want string }{
		"output":  {"-", "xml", "", "want table"},
		"file":    {"/nonexistent", "json", "", "/nonexistent"},
		"no end":  {"-", "json", agentCommit + "\n{", "-: line 2: the JSON value that begins there has no end"},
		"no JSON": {"-", "json", agentCommit + "\n\n{id}", "-: line 3: no JSON: "},
		"number":  {"-", "json", agentCommit + "\n7", "-: line 2: change: is a number; want an object"},
		"type":    {"-", "json", `{"id":7}`, "-: line 1: change: id: is a number, which does not belong there"},
		"deep":    {"-", "json", `{"commits":[{"sha":[]}]}`, "change: commits.sha: is an array"},
		"time":    {"-", "json", `{"started_at":"noon"}`, `noon is no time; write it as 2026`},
		"array":   {"-", "json", "[\n" + agentCommit + ",\n" + agentCommit + ",\n{\"id\":\n7}]", "-: line 4, element 3: change: id"},
	} {
		err := Classify(context.Background(), ClassifyOptions{File: tc.file, Output: tc.output}, strings.NewReader(tc.in), io.Discard)
		if err == nil || !strings.Contains(err.Error(), tc.want) || strings.Contains(err.Error(), "Go ") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestClassifySummaryTellsTheShareOfTheUnknownAndWhy(t *testing.T) {
	in := agentCommit + "\n" + `{"id":"c-2","commits":[{"sha":"b","message":"Fix"}]}` + "\n" + `{"id":"c-3"}` + "\n" + `{"id":"c-4","commits":[{"sha":"b"}]}` + "\n"
	var out strings.Builder
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "table", Summary: true}, strings.NewReader(in), &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Of 4 changes AI had a part in 25.0%; 0.0% are people's alone, 0.0% automation's. Of 75.0% nothing is known", "unknown            3  75.0%", "ai_assisted        1  25.0%", "no commits were sent", "by hash alone", "no commit carries a marker"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in\n%s", want, out.String())
		}
	}
	out.Reset()
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "json", Summary: true}, strings.NewReader(in), &out); err != nil || !strings.Contains(out.String(), `"reason": "absent.messages"`) {
		t.Errorf("%v %s", err, out.String())
	}
}

func TestClassifyScoresLabelledChanges(t *testing.T) {
	labelled := `{"change": ` + agentCommit + `, "acceptable": ["ai_assisted"], "tools": ["claude-code"]}` + "\n"
	var out strings.Builder
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "table", Score: true}, strings.NewReader(labelled), &out); err != nil || !strings.Contains(out.String(), "AI: precision") || !strings.Contains(out.String(), "1 of 1") {
		t.Errorf("%v %s", err, out.String())
	}
	out.Reset()
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "json", Score: true}, strings.NewReader(labelled), &out); err != nil || !json.Valid([]byte(out.String())) {
		t.Errorf("%v %s", err, out.String())
	}
	for in, want := range map[string]string{labelled + agentCommit: "line 2 has no label", "": "no label", "{": "line 1"} {
		if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "table", Score: true}, strings.NewReader(in), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", in, err)
		}
	}
	if err := Classify(context.Background(), ClassifyOptions{File: "-", Output: "table", Score: true, Summary: true}, strings.NewReader(""), io.Discard); err == nil {
		t.Error("both are taken")
	}
}
