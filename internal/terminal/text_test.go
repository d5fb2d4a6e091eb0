package terminal

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCleanKeepsWordsOfEveryScript(t *testing.T) {
	for in, want := range map[string]string{
		"plain":                   "plain",
		"  two\t words\n":         "two words",
		"größer 検索 подъём":        "größer 検索 подъём",
		"a\u202eb":                "ab",
		"zero\u200bwidth":         "zerowidth",
		"bell\x07":                "bell",
		"line\u2028break":         "line break",
		"\x1b]0;title\x07 window": "]0;title window",
		"":                        "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCleaningTwiceChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		once := clean(rapid.String().Draw(t, "text"))
		if twice := clean(once); twice != once {
			t.Fatalf("%q becomes %q", once, twice)
		}
	})
}

func TestWideLettersCountTwice(t *testing.T) {
	for text, want := range map[string]int{"abc": 3, "検索": 4, "é": 1, "e\u0301": 1, "🔥": 2, "": 0} {
		if got := cells(text); got != want {
			t.Errorf("cells(%q) = %d, want %d", text, got, want)
		}
	}
}

func TestWrapLosesNothingAndFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := clean(rapid.String().Draw(t, "text"))
		columns := rapid.IntRange(10, 60).Draw(t, "columns")
		lines := wrap(text, columns)
		for _, line := range lines {
			if cells(line) > columns {
				t.Fatalf("%q is wider than %d", line, columns)
			}
		}
		squeeze := func(s string) string { return strings.ReplaceAll(s, " ", "") }
		if diff := cmp.Diff(squeeze(text), squeeze(strings.Join(lines, ""))); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestClipFitsAndSaysThatItCut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := clean(rapid.String().Draw(t, "text"))
		columns := rapid.IntRange(2, 40).Draw(t, "columns")
		got := clip(text, columns)
		if cells(got) > columns || !utf8.ValidString(got) {
			t.Fatalf("clip(%q, %d) = %q", text, columns, got)
		}
		if cells(text) > columns && !strings.HasSuffix(got, "…") {
			t.Fatalf("%q was cut silently to %q", text, got)
		}
	})
}

func TestTowersOfMarksAreLevelled(t *testing.T) {
	tower := "e" + strings.Repeat("\u0301", 500)
	if got := clean(tower); utf8.RuneCountInString(got) > 1+maxMarks {
		t.Errorf("%d runes are left", utf8.RuneCountInString(got))
	}
}

func TestBarsShowTheirShare(t *testing.T) {
	for share, full := range map[float64]int{0: 0, 0.001: 1, 0.5: 6, 0.99: 12, 1: 12, 7: 12, -1: 0} {
		got := bar(share)
		if strings.Count(got, "█") != full || utf8.RuneCountInString(got) != barCells {
			t.Errorf("bar(%v) = %s", share, got)
		}
	}
	for share, want := range map[float64]string{0: "0%", 0.004: "<1%", 0.5: "50%", 0.999: ">99%", 1: "100%"} {
		if got := percent(share); got != want {
			t.Errorf("percent(%v) = %s, want %s", share, got, want)
		}
	}
}
