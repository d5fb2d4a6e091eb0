package terminal

import (
	"strings"
	"testing"
)

// TestTablesFitEveryTerminal prints a table of long, wide and hostile cells on
// terminals of several widths: no line may wrap, and what must stay whole does.
func TestTablesFitEveryTerminal(t *testing.T) {
	columns := []Column{{Title: "started"}, {Title: "incident"}, {Title: "services", Give: true}, {Title: "tries", Right: true}, {Title: "title", Give: true}}
	rows := [][]string{
		{"2026-11-20 11:00", "inc-7f3a", "checkout, payments, search, recommendations, mail", "12", "Errors on checkout and seven more services since the deploy of the card client"},
		{"2026-11-20 11:05", "inc-日本", "注文, 支払い, 検索, 在庫, 会員", "3", "決済サービスのエラー率が上昇しています。直前のデプロイを確認してください。"},
		{"2026-11-20 11:06", "inc-x", "a\x1b[2Jb\u202ec", "1", strings.Repeat("👩‍🚒🔥 ", 40)},
		{"2026-11-20 11:07"},
	}
	for _, width := range []int{60, 80, 200} {
		lines := tableLines(t, columns, rows, Options{Width: width})
		if len(lines) != len(rows)+1 {
			t.Errorf("%d columns: %d lines", width, len(lines))
		}
		for _, line := range lines {
			if cells(line) > width || strings.ContainsAny(line, "\x1b\u202e") {
				t.Errorf("%d columns: %d cells, or unsafe: %q", width, cells(line), line)
			}
		}
		if !strings.Contains(lines[1], "inc-7f3a") || !strings.HasPrefix(lines[1], "2026-11-20 11:00") {
			t.Errorf("%d columns: what must stay whole is cut: %q", width, lines[1])
		}
	}
}

func TestColourIsNeverAllThatTells(t *testing.T) {
	columns, rows := []Column{{Title: "a"}}, [][]string{{"x"}}
	plain := tableLines(t, columns, rows, Options{Width: 80})
	coloured := tableLines(t, columns, rows, Options{Width: 80, Color: true})
	for i := range plain {
		stripped := strings.NewReplacer("\x1b[1m", "", "\x1b[0m", "").Replace(coloured[i])
		if stripped != plain[i] {
			t.Errorf("%q is %q without colour", stripped, plain[i])
		}
	}
	if strings.Contains(strings.Join(plain, ""), "\x1b") || !strings.Contains(strings.Join(coloured, ""), "\x1b[1m") {
		t.Error("colour is not as asked")
	}
}

func TestLinesOfTextAreWrappedAndSafe(t *testing.T) {
	var out strings.Builder
	if err := Lines(&out, strings.Repeat("wort ", 60)+"\x1b[31m", Options{Width: 60}); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if cells(strings.TrimRight(line, "\n")) > 60 || strings.Contains(line, "\x1b") {
			t.Errorf("%q", line)
		}
	}
}
