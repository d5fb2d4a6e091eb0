package provenance

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func classifier(t testing.TB) *Classifier {
	t.Helper()
	c, err := New(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// quiz is a set of labelled changes of our own: one right answer of each sort,
// one missed and one invented AI, and one wrong tool.
const quiz = `
{"change":{"id":"a","source":"git","kind":"deploy","started_at":"2026-03-01T10:00:00Z","commits":[{"sha":"1","message":"Add a cart\n\nCo-authored-by: Claude <noreply@anthropic.com>"}]},"label":"ai_assisted","acceptable":["ai_assisted"],"tools":["claude-code"]}
{"change":{"id":"b","source":"git","kind":"deploy","started_at":"2026-03-01T10:00:00Z","commits":[{"sha":"2","message":"Add a cart"}]},"label":"ai_assisted","acceptable":["ai_assisted"],"tools":["codex"],"hard_case":["hidden"]}
{"change":{"id":"c","source":"git","kind":"deploy","started_at":"2026-03-01T10:00:00Z","commits":[{"sha":"3","message":"Bump","author":{"name":"dependabot[bot]","email":"49699333+dependabot[bot]@users.noreply.github.com"}}]},"label":"automation","acceptable":["automation"],"hard_case":["bot"]}
{"change":{"id":"d","source":"git","kind":"deploy","started_at":"2026-03-01T10:00:00Z","commits":[{"sha":"4","message":"Made-with: Cursor\n\nMade-with: Cursor"}]},"label":"human","acceptable":["human","unknown"]}
{"change":{"id":"e","source":"git","kind":"deploy","started_at":"2026-03-01T10:00:00Z","commits":[{"sha":"5","message":"Add\n\nCo-authored-by: Cursor <cursoragent@cursor.com>"}]},"label":"ai_assisted","acceptable":["ai_assisted"],"tools":["aider"]}
`

func TestScoresCountRightAndWrongAnswers(t *testing.T) {
	rows, err := ReadLabelled(strings.NewReader(strings.TrimSpace(quiz)))
	if err != nil {
		t.Fatal(err)
	}
	s := classifier(t).Score(rows)
	got := map[string]Ratio{
		"precision": s.Precision, "recall": s.Recall, "tool": s.Tool, "tools": s.Tools,
		"hard": s.Hard, "easy": s.Easy, "bots": s.Bots,
	}
	want := map[string]Ratio{
		"precision": {2, 3}, "recall": {2, 3}, "tool": {1, 2}, "tools": {1, 2},
		"hard": {1, 2}, "easy": {2, 3}, "bots": {1, 1},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("scores (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]Ratio{"hidden": {0, 1}, "bot": {1, 1}}, s.Cases); diff != "" {
		t.Errorf("cases (-want +got):\n%s", diff)
	}
	if len(s.Wrong) != 2 || s.Wrong[0].Change != "b" || s.Wrong[1].Change != "d" {
		t.Errorf("mistakes are %+v", s.Wrong)
	}
	if s.Unsure.Of != 0 || s.Sure.Right != 3 || s.Sure.Of != 4 || s.Sure.MeanConfidence != s.MeanConfidence {
		t.Errorf("unsure %+v, sure %+v, in all %v", s.Unsure, s.Sure, s.MeanConfidence)
	}
	if value := (Ratio{}).Value(); value != 1 {
		t.Errorf("nothing to be wrong about counts as %v", value)
	}
}

func TestTheTableNamesEveryScore(t *testing.T) {
	rows, err := ReadLabelled(strings.NewReader(strings.TrimSpace(quiz)))
	if err != nil {
		t.Fatal(err)
	}
	table := ""
	scores := classifier(t).Score(rows)
	for _, row := range scores.Rows() {
		table += strings.Join(row, "|") + "\n"
	}
	for _, line := range []string{"AI: precision|0.667|2 of 3", "hard cases|", "hard: hidden|0.000|0 of 1", "answer automation", "mean confidence of a claim|"} {
		if !strings.Contains(table, line) {
			t.Errorf("%q is missing in\n%s", line, table)
		}
	}
}

var errFull = errors.New("no space left")

func TestLabelledChangesThatCannotBeReadNameTheirLine(t *testing.T) {
	_, err := ReadLabelled(strings.NewReader("{}\n{\n"))
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("error = %v, want it to name line 2", err)
	}
	if _, err := ReadLabelled(io.MultiReader(strings.NewReader("{}\n"), brokenPipe{})); !errors.Is(err, errFull) {
		t.Errorf("error = %v, want the reader's", err)
	}
}

type brokenPipe struct{}

func (brokenPipe) Read([]byte) (int, error) { return 0, errFull }

var _ interface {
	Label(*correlate.Change) correlate.Provenance
} = (*Classifier)(nil)
