package app

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// simulated is a file of cases of a small company.
func simulated(t *testing.T, cases int) string {
	t.Helper()
	opts := DefaultSimulateOptions()
	opts.Services, opts.ChangesPerDay, opts.Days, opts.Incidents, opts.NoChangeShare = 60, 100, 2, cases, 0
	var out bytes.Buffer
	if err := Simulate(t.Context(), opts, false, Show{}, &out); err != nil {
		t.Fatal(err)
	}
	return fileWith(t, "cases.jsonl", out.String())
}

func TestCasesAreSimulatedScoredAndLearntFrom(t *testing.T) {
	cases := simulated(t, 24)
	var out bytes.Buffer
	score := EvalOptions{Files: []string{cases}, Rankers: []string{"faultline", "recency"}, Output: "json"}
	if err := Eval(t.Context(), score, strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rankers []struct {
			Name  string
			Cases int
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Rankers) != 2 || report.Rankers[0].Cases != 24 {
		t.Fatalf("%+v %v", report, err)
	}
	weights := filepath.Join(t.TempDir(), "weights.json")
	fit := FitOptions{Files: []string{cases}, Out: weights, Folds: 2}
	out.Reset()
	if err := Fit(t.Context(), fit, Show{}, strings.NewReader(""), &out); err != nil || out.Len() == 0 {
		t.Fatalf("%v %s", err, out.String())
	}
	// What was learnt from must not be judged with unawares.
	score.Weights = weights
	if err := Eval(t.Context(), score, strings.NewReader(""), &out); err == nil || !strings.Contains(err.Error(), "--seen") {
		t.Errorf("cases that the weights were fitted to: %v", err)
	}
	score.Seen = true
	if err := Eval(t.Context(), score, strings.NewReader(""), &out); err != nil {
		t.Errorf("with --seen: %v", err)
	}
}

func TestLeavingEvidenceOutReplacesTheRankers(t *testing.T) {
	var out bytes.Buffer
	opts := EvalOptions{Files: []string{simulated(t, 2)}, Rankers: []string{"recency"}, Ablate: true, Output: "table"}
	if err := Eval(t.Context(), opts, strings.NewReader(""), &out); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); strings.Contains(text, "recency") && !strings.Contains(text, "topology") || !strings.Contains(text, "timing") {
		t.Errorf("%s", text)
	}
}

func TestWeightsThatCannotBeReadEndEveryJudgement(t *testing.T) {
	missing, broken := filepath.Join(t.TempDir(), "none.json"), fileWith(t, "weights.json", "{")
	cases := simulated(t, 1)
	for _, path := range []string{missing, broken} {
		if err := Eval(t.Context(), EvalOptions{Files: []string{cases}, Weights: path, Output: "table"}, nil, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("eval: %v", err)
		}
		if err := Attribute(t.Context(), AttributeOptions{File: cases, Weights: path, Output: "table"}, nil, &bytes.Buffer{}); err == nil || !strings.Contains(err.Error(), filepath.Base(path)) {
			t.Errorf("attribute: %v", err)
		}
	}
}

func TestACaseIsAttributedInEveryForm(t *testing.T) {
	cases := simulated(t, 1)
	for output, want := range map[string]string{"table": "started ", "json": `"suspects": [`, "yaml": "suspects:\n"} {
		var out bytes.Buffer
		if err := Attribute(t.Context(), AttributeOptions{File: cases, Output: output}, nil, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: %v %.300s", output, err, out.String())
		}
	}
	if err := Attribute(t.Context(), AttributeOptions{File: cases, Output: "xml"}, nil, &bytes.Buffer{}); err == nil {
		t.Error("xml is taken")
	}
}

// TestAFindingOfACaseHasWhatTheAPIAdds: scripts read both by one shape.
func TestAFindingOfACaseHasWhatTheAPIAdds(t *testing.T) {
	links := &correlate.ChangeLinks{Diff: "https://git.example/1"}
	finding := correlate.Finding{Suspects: []correlate.Suspect{
		{Change: correlate.Change{ID: "a", Links: links, Commits: []correlate.Commit{{Message: "Fix\n\nCo-authored-by: Claude <noreply@anthropic.com>"}}}},
		{Change: correlate.Change{ID: "b"}},
	}}
	if err := complete(&finding); err != nil {
		t.Fatal(err)
	}
	first, second := &finding.Suspects[0], &finding.Suspects[1]
	if first.Provenance == nil || first.Provenance.Class != correlate.ProvenanceAssisted || first.Links != links {
		t.Errorf("%+v", first)
	}
	if second.Provenance == nil || second.Provenance.Class != correlate.ProvenanceUnknown || second.Links == nil || second.Links.Diff != "" {
		t.Errorf("%+v", second)
	}
}

func TestStormsAreWrittenALineEachAndCounted(t *testing.T) {
	opts := DefaultSimulateOptions()
	opts.Services, opts.ChangesPerDay, opts.Days, opts.Incidents = 60, 100, 2, 3
	var out bytes.Buffer
	if err := Simulate(t.Context(), opts, true, Show{}, &out); err != nil || bytes.Count(out.Bytes(), []byte{'\n'}) != 3 {
		t.Fatalf("%v, %d lines", err, bytes.Count(out.Bytes(), []byte{'\n'}))
	}
	var storm eval.Storm
	first, _, _ := bytes.Cut(out.Bytes(), []byte{'\n'})
	if err := json.Unmarshal(first, &storm); err != nil {
		t.Error(err)
	}
	var told []int
	counted := &lineCounter{out: &bytes.Buffer{}, tell: func(lines int) { told = append(told, lines) }}
	for _, part := range []string{"a\nb", "c\n\n", ""} {
		if _, err := counted.Write([]byte(part)); err != nil {
			t.Fatal(err)
		}
	}
	if len(told) != 3 || told[2] != 3 {
		t.Errorf("told %v", told)
	}
	full := &lineCounter{out: fullDisk{}, tell: func(int) {}}
	if err := Simulate(t.Context(), opts, false, Show{}, full); err == nil {
		t.Error("a full disk is not said")
	}
}

func TestDashboardsAreWrittenAndListed(t *testing.T) {
	opts := DefaultDashboardsOptions()
	opts.Dir = filepath.Join(t.TempDir(), "grafana")
	var out strings.Builder
	if err := ExportDashboards(opts, &out); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if _, err := os.Stat(strings.TrimSpace(line)); err != nil {
			t.Error(err)
		}
	}
	if err := ExportDashboards(opts, fullDisk{}); err == nil {
		t.Error("a full disk is not said")
	}
	opts.Dir = fileWith(t, "file", "")
	if err := ExportDashboards(opts, &out); err == nil || !strings.Contains(err.Error(), "export the dashboards") {
		t.Errorf("%v", err)
	}
}

func TestPublishedOutagesAreWrittenAndScored(t *testing.T) {
	opts := DefaultOutageOptions()
	opts.Services, opts.ChangesPerDay = 40, 20
	var cases, out bytes.Buffer
	if err := SimulateOutages(t.Context(), opts, &cases); err != nil {
		t.Fatal(err)
	}
	score := EvalOptions{Files: []string{eval.StdinName}, Rankers: []string{"faultline", "recency"}, Output: "json"}
	if err := Eval(t.Context(), score, &cases, &out); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rankers []struct {
			Cases     int
			WithCause int `json:"with_cause"`
		}
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Rankers) != 2 {
		t.Fatalf("%+v %v", report, err)
	}
	if r := report.Rankers[0]; r.Cases < 50 || r.WithCause < 30 || r.WithCause == r.Cases {
		t.Errorf("%+v", r)
	}
	opts.Services = 1
	if err := SimulateOutages(t.Context(), opts, &cases); err == nil || !strings.Contains(err.Error(), "services") {
		t.Errorf("a company of one service: %v", err)
	}
}
