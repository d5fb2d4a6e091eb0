package terminal

import (
	"strings"
	"unicode"
)

// maxMarks is how many combining marks one letter may carry; scripts need two
// or three, and a tower of them covers the lines above.
const maxMarks = 4

// clean makes foreign text safe to print on one line: control characters and
// line breaks become spaces; formatting characters, such as marks that reverse
// the reading order or take no room, go. Runs of spaces become one.
func clean(text string) string {
	marks := 0
	safe := strings.Map(func(r rune) rune {
		if cellsOf(r) > 0 {
			marks = 0
		} else {
			marks++
		}
		switch {
		case unicode.IsControl(r), unicode.Is(unicode.Zl, r), unicode.Is(unicode.Zp, r):
			return ' '
		case unicode.In(r, unicode.Cf, unicode.Co, unicode.Cs), marks > maxMarks:
			return -1
		default:
			return r
		}
	}, text)
	return strings.Join(strings.Fields(safe), " ")
}

// cells is the number of columns that clean text takes.
func cells(text string) int {
	n := 0
	for _, r := range text {
		n += cellsOf(r)
	}
	return n
}

// cellsOf follows the Unicode East Asian Width ranges that terminals show two
// columns wide.
func cellsOf(r rune) int {
	switch {
	case unicode.In(r, unicode.Mn, unicode.Me):
		return 0
	case r >= 0x1100 && r <= 0x115F, r >= 0x2E80 && r <= 0xA4CF, r >= 0xAC00 && r <= 0xD7A3,
		r >= 0xF900 && r <= 0xFAFF, r >= 0xFE30 && r <= 0xFE6F, r >= 0xFF00 && r <= 0xFF60,
		r >= 0xFFE0 && r <= 0xFFE6, r >= 0x1F300 && r <= 0x1FAFF, r >= 0x20000 && r <= 0x3FFFD:
		return 2
	default:
		return 1
	}
}

// clip shortens clean text to the columns, with an ellipsis where it was cut.
func clip(text string, columns int) string {
	if cells(text) <= columns {
		return text
	}
	return cut(text, columns-1) + "…"
}

// wrap breaks clean text into lines of at most the given columns, between words
// where it can.
func wrap(text string, columns int) []string {
	columns = max(columns, 10)
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		for cells(word) > columns {
			if line != "" {
				lines = append(lines, line)
				line = ""
			}
			head := cut(word, columns)
			lines = append(lines, head)
			word = word[len(head):]
		}
		switch {
		case line == "":
			line = word
		case cells(line)+1+cells(word) <= columns:
			line += " " + word
		default:
			lines = append(lines, line)
			line = word
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// cut returns the longest beginning of the word that fits the columns.
func cut(word string, columns int) string {
	used := 0
	for i, r := range word {
		used += cellsOf(r)
		if used > columns {
			return word[:i]
		}
	}
	return word
}

// pad fills clean text with spaces up to the columns.
func pad(text string, columns int) string {
	return text + strings.Repeat(" ", max(0, columns-cells(text)))
}
