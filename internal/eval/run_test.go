package eval

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"
)

func caseLines(t *testing.T, n int) *bytes.Reader {
	t.Helper()
	var b bytes.Buffer
	for i, c := range manyCases(n) {
		if i%2 == 1 {
			c.Causes, c.Kind = []string{}, "no_change"
		}
		data, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(data, '\n'))
	}
	return bytes.NewReader(b.Bytes())
}

func run(t *testing.T, o Options) string {
	t.Helper()
	o.Files, o.Stdin, o.Available = []string{StdinName}, caseLines(t, 6), baselines()
	var out bytes.Buffer
	if err := Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTableFitsAHundredColumns(t *testing.T) {
	table := run(t, Options{Output: OutputTable, By: BreakdownNames(), Without: []string{"text"}})
	for _, line := range strings.Split(table, "\n") {
		if len(line) > 100 || strings.TrimRight(line, " ") != line {
			t.Errorf("line of %d columns: %q", len(line), line)
		}
	}
	for _, want := range []string{
		"6 cases, 3 with a cause, judged without text", "topology-recency", "hit@1 of recency against",
		"kind: no_change, 3 cases", "delay: <= 5m, 3 cases", "delay: no cause, 3 cases",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("table lacks %q:\n%s", want, table)
		}
	}
}

// TestTableFitsANarrowTerminal leaves figures out by name, and never the ranker and
// its first figure.
func TestTableFitsANarrowTerminal(t *testing.T) {
	for _, width := range []int{60, 72, 80, 90} {
		table := run(t, Options{Output: OutputTable, By: BreakdownNames(), Without: []string{"text"}, Width: width})
		for line := range strings.Lines(table) {
			if line = strings.TrimSuffix(line, "\n"); utf8.RuneCountInString(line) > max(width, 80) || strings.Contains(line, "ranker") && utf8.RuneCountInString(line) > width {
				t.Errorf("width %d: line of %d columns: %q", width, utf8.RuneCountInString(line), line)
			}
		}
		if !strings.Contains(table, "left out for want of room, and in -o json: p50") || !strings.Contains(table, "topology-recency") || !strings.Contains(table, "nc-r") || !strings.Contains(table, "hit@1") {
			t.Errorf("width %d:\n%s", width, table)
		}
	}
	if whole := run(t, Options{Output: OutputTable, Width: 120}); strings.Contains(whole, "left out") || !strings.Contains(whole, "ece") || !strings.Contains(whole, "p50") {
		t.Errorf("with room enough:\n%s", whole)
	}
}

func TestJSONHoldsAllRankersAndCases(t *testing.T) {
	var report struct {
		Rankers []RankerFigures
		Cases   []CaseFigures
		Groups  []Group
	}
	text := strings.ReplaceAll(run(t, Options{Output: OutputJSON, By: []string{"kind"}}), "null", "0")
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	if len(report.Rankers) != 5 || len(report.Cases) != 30 || len(report.Groups) != 2 {
		t.Errorf("%d rankers, %d cases, %d groups", len(report.Rankers), len(report.Cases), len(report.Groups))
	}
	if f := report.Rankers[0]; f.Name != NameRecency || f.HitAt1 != 1 || f.WithCause != 3 || f.NoChangeRecall != 0 {
		t.Errorf("recency: %+v", f)
	}
}

func TestUnaskedGroupsAreAbsent(t *testing.T) {
	if text := run(t, Options{Output: OutputJSON, Rankers: []string{"random"}}); strings.Contains(text, "groups") {
		t.Errorf("report %s", text)
	}
}

func TestWrongOptionsAreRefusedBeforeReading(t *testing.T) {
	for want, o := range map[string]Options{
		`"guess"`:  {Rankers: []string{"guess"}, Output: OutputTable},
		`"colour"`: {Without: []string{"colour"}, Output: OutputTable},
		`"weight"`: {By: []string{"weight"}, Output: OutputTable},
		`"xml"`:    {Output: "xml"},
	} {
		o.Files, o.Available = []string{"/nowhere"}, baselines()
		err := Run(t.Context(), o, &bytes.Buffer{})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "choose") {
			t.Errorf("error %v does not name %s and the choices", err, want)
		}
	}
}

func TestNoCasesGiveAnEmptyTable(t *testing.T) {
	var out bytes.Buffer
	o := Options{Files: []string{StdinName}, Stdin: strings.NewReader(""), Available: baselines(), Output: OutputTable}
	if err := Run(t.Context(), o, &out); err != nil || out.String() != "no cases\n" {
		t.Errorf("%q, %v", out.String(), err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestFailingWriterIsReported(t *testing.T) {
	for _, form := range []Output{OutputTable, OutputJSON} {
		o := Options{Files: []string{StdinName}, Stdin: caseLines(t, 2), Available: baselines(), Output: form}
		if err := Run(t.Context(), o, fullDisk{}); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: error %v", form, err)
		}
	}
}

func TestSelectionKeepsTheOrderOfTheContract(t *testing.T) {
	chosen, err := SelectRankers(baselines(), []string{NameRandom, NameRecency})
	if err != nil || len(chosen) != 2 || chosen[0].Name() != NameRecency {
		t.Errorf("%v, %v", chosen, err)
	}
	for _, names := range [][]string{nil, {NameAll}, {NameRecency, NameAll}} {
		if chosen, err := SelectRankers(baselines(), names); err != nil || len(chosen) != 5 {
			t.Errorf("%v selects %d, %v", names, len(chosen), err)
		}
	}
}

func TestWithoutCasesEveryRankerHasARowOfNulls(t *testing.T) {
	var out bytes.Buffer
	o := Options{Files: []string{StdinName}, Stdin: strings.NewReader("\n"), Rankers: []string{NameRecency, NameRandom}, Available: baselines(), Output: OutputJSON}
	if err := Run(t.Context(), o, &out); err != nil {
		t.Fatal(err)
	}
	var report struct {
		Rankers []map[string]any
		Cases   []any
	}
	if err := json.Unmarshal(out.Bytes(), &report); err != nil || len(report.Rankers) != 2 || report.Cases == nil {
		t.Fatalf("report %s (%v)", out.String(), err)
	}
	for _, row := range report.Rankers {
		if value, there := row["hit_at_1"]; !there || value != nil {
			t.Errorf("hit_at_1 of no case is %v, want null", value)
		}
	}
}
