package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/faultline/faultline/internal/terminal"
)

// Show is where a command shows how far it has come: standard error, where that
// is a terminal. The zero value shows nothing.
type Show struct{ Out io.Writer }

// progress makes the line of a piece of work, nil where it must not be seen: off
// a terminal, and beside a document that a script reads.
func (s Show) progress(what, output string) *terminal.Progress {
	if s.Out == nil || !isTerminal(s.Out) || output == "json" || output == "yaml" {
		return nil
	}
	return terminal.NewProgress(s.Out, what, terminalOptions(s.Out), nil)
}

// notAmong says that a value is none of those that there are, and which one may
// have been meant.
func notAmong(what, given string, known []string) error {
	text := fmt.Sprintf("%s %q is unknown; want %s", what, given, strings.Join(known, ", "))
	if near := Nearest(given, known); near != "" {
		text += fmt.Sprintf("; did you mean %s?", near)
	}
	return fmt.Errorf("%s", text)
}

// Nearest is the known word that a given one may have been meant for: the one
// that it begins, or one that is at most a third of its letters away; empty for
// none.
func Nearest(given string, known []string) string {
	best, least := "", 0
	for _, word := range known {
		if len(given) > 2 && strings.HasPrefix(word, given) {
			return word
		}
		d := distance(strings.ToLower(given), strings.ToLower(word))
		if d > max(1, len(word)/3) || best != "" && d >= least {
			continue
		}
		best, least = word, d
	}
	return best
}

// distance is how many letters must be put in, taken out, changed or swapped
// with their neighbour to turn one word into the other (optimal string
// alignment).
func distance(a, b string) int {
	x, y := []rune(a), []rune(b)
	rows := make([][]int, len(x)+1)
	for i := range rows {
		rows[i] = make([]int, len(y)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(x); i++ {
		for j := 1; j <= len(y); j++ {
			change := rows[i-1][j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			rows[i][j] = min(change, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(x)][len(y)]
}
