package terminal

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func tableLines(t *testing.T, columns []Column, rows [][]string, o Options) []string {
	t.Helper()
	var out bytes.Buffer
	if err := Table(&out, columns, rows, o); err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestTableLinesUp(t *testing.T) {
	got := tableLines(t, []Column{{Title: "id"}, {Title: "share", Right: true}, {Title: "title", Give: true}},
		[][]string{{"inc-1", "96%", "checkout"}, {"incident-2", "4%", "界面 broken"}, {"x"}}, Options{})
	want := []string{
		"ID          SHARE  TITLE",
		"inc-1         96%  checkout",
		"incident-2     4%  界面 broken",
		"x",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestTheColumnThatMayGiveIsCutFirst(t *testing.T) {
	got := tableLines(t, []Column{{Title: "id"}, {Title: "title", Give: true}}, [][]string{{"an-id-that-must-stay-whole", strings.Repeat("word ", 30)}}, Options{Width: 50})
	if !strings.HasPrefix(got[1], "an-id-that-must-stay-whole  word") || !strings.HasSuffix(got[1], "…") || cells(got[1]) > 50 {
		t.Errorf("%q", got[1])
	}
}

func TestATableWithoutGivingColumnsIsCutAtTheEdge(t *testing.T) {
	got := tableLines(t, []Column{{Title: "a"}, {Title: "b"}}, [][]string{{strings.Repeat("a", 45), strings.Repeat("b", 45)}}, Options{Width: 60})
	if cells(got[1]) > 60 || !strings.HasPrefix(got[1], strings.Repeat("a", 45)) {
		t.Errorf("%q", got[1])
	}
}

func TestAColumnThatWrapsLosesNothing(t *testing.T) {
	reason := "started_at has no zone; append Z or an offset"
	got := tableLines(t, []Column{{Title: "id"}, {Title: "reason", Wrap: true}, {Title: "n", Right: true}}, [][]string{{"faultline.changes/2/41", reason, "7"}, {"x", "short", "12"}}, Options{Width: 46})
	want := []string{
		"ID                      REASON               N",
		"faultline.changes/2/41  started_at has no    7",
		"                        zone; append Z or",
		"                        an offset",
		"x                       short               12",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
}

func TestAPipeGetsWholeCellsAndAWideTerminalAllItHasRoomFor(t *testing.T) {
	title := strings.Repeat("word ", 34) + "end"
	columns := []Column{{Title: "id"}, {Title: "title", Give: true}, {Title: "why", Wrap: true}}
	for _, width := range []int{0, 600} {
		if got := tableLines(t, columns, [][]string{{"a", title, title}}, Options{Width: width}); len(got) != 2 || strings.Count(got[1], title) != 2 {
			t.Errorf("width %d: %q", width, got)
		}
	}
}

func TestHostileCellsCannotBreakTheTable(t *testing.T) {
	got := tableLines(t, []Column{{Title: "title"}}, [][]string{{"one\x1b[2J\ntwo\u202e"}}, Options{})
	if len(got) != 2 || strings.ContainsAny(got[1], "\x1b\u202e") {
		t.Errorf("%q", got)
	}
}

func TestTitlesAreBoldOnlyWhenAskedFor(t *testing.T) {
	if got := tableLines(t, []Column{{Title: "a"}}, nil, Options{Color: true}); !strings.Contains(got[0], "\x1b[1mA") {
		t.Errorf("%q", got)
	}
	if got := tableLines(t, []Column{{Title: "a"}}, nil, Options{}); got[0] != "A" {
		t.Errorf("%q", got)
	}
}

func TestNoTableIsWiderThanThePage(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		columns := rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) Column {
			return Column{Title: rapid.StringN(0, 12, -1).Draw(rt, "title"), Give: rapid.Bool().Draw(rt, "give"), Wrap: rapid.Bool().Draw(rt, "wrap"), Right: rapid.Bool().Draw(rt, "right")}
		}), 1, 6).Draw(rt, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(rapid.StringN(0, 80, -1), 0, 6), 0, 5).Draw(rt, "rows")
		width := rapid.IntRange(40, 160).Draw(rt, "width")
		var out bytes.Buffer
		if err := Table(&out, columns, rows, Options{Width: width}); err != nil {
			rt.Fatal(err)
		}
		for line := range strings.SplitSeq(out.String(), "\n") {
			if cells(line) > width {
				rt.Fatalf("%d columns on a page of %d: %q", cells(line), width, line)
			}
		}
	})
}

func TestATableThatCannotBePrintedSaysSo(t *testing.T) {
	if err := Table(failing{}, []Column{{Title: "a"}}, nil, Options{}); !errors.Is(err, errFull) {
		t.Errorf("%v", err)
	}
}

var errFull = errors.New("the disk is full")

type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errFull }

func TestColumnsAreLeftOutOnlyWhereTheTableCannotFitOtherwise(t *testing.T) {
	columns := []Column{{Title: "id"}, {Title: "who", Drop: 1}, {Title: "services", Give: true, Drop: 2}, {Title: "title", Give: true}}
	rows := [][]string{{"inc-0123456789abcdef", "somebody-with-a-name", "checkout, cart, payments", strings.Repeat("word ", 20)}, {"inc-1"}}
	for width, want := range map[int]string{
		0: "ID WHO SERVICES TITLE", 120: "ID WHO SERVICES TITLE", 66: "ID WHO SERVICES TITLE", 65: "ID WHO TITLE", 54: "ID WHO TITLE", 53: "ID TITLE", 40: "ID TITLE",
	} {
		lines := tableLines(t, columns, rows, Options{Width: width})
		if got := strings.Join(strings.Fields(lines[0]), " "); got != want || !strings.HasPrefix(lines[1], "inc-0123456789abcdef  ") {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
		for _, line := range lines {
			if width > 0 && cells(line) > width {
				t.Errorf("width %d: %q", width, line)
			}
		}
	}
	if len(columns) != 4 || len(rows[0]) != 4 || columns[2].Title != "services" {
		t.Error("what the caller gave was changed")
	}
}

func TestAColumnThatWouldBeTooNarrowIsLeftOut(t *testing.T) {
	columns := []Column{{Title: "id"}, {Title: "services", Give: true, Drop: 1, Least: 20}, {Title: "title", Give: true}}
	rows := [][]string{{"inc-0123456789abcdef", "checkout, cart, payments", strings.Repeat("word ", 20)}}
	for width, want := range map[int]string{54: "ID SERVICES TITLE", 53: "ID TITLE"} {
		if got := strings.Join(strings.Fields(tableLines(t, columns, rows, Options{Width: width})[0]), " "); got != want {
			t.Errorf("width %d: %q, want %q", width, got, want)
		}
	}
}
