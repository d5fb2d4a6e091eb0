package app

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/terminal"
)

// printFinding prints a finding as JSON or as text that suits where it goes:
// colour only on a terminal whose user did not ask for none.
func printFinding(out io.Writer, output string, f *correlate.Finding, title string) error {
	if output != "table" {
		return writeDocument(out, output, f)
	}
	return terminal.Finding(out, f, title, terminalOptions(out))
}

// printTable prints rows below their titles, as wide as the terminal allows.
func printTable(out io.Writer, columns []terminal.Column, rows [][]string) error {
	return terminal.Table(out, columns, rows, terminalOptions(out))
}

// printLine prints a sentence within the width of the terminal.
func printLine(out io.Writer, text string) error {
	return terminal.Lines(out, text, terminalOptions(out))
}

// Paragraph prints a text within the width of the terminal.
func Paragraph(out io.Writer, text string) error { return printLine(out, text) }

// Columns is how wide a text may be there: the terminal, 100 where there is none.
func Columns(out io.Writer) int {
	if width := terminalOptions(out).Width; width > 0 {
		return width
	}
	return pipeColumns
}

// pipeColumns is the width of text for a pipe or a file.
const pipeColumns = 100

// terminalOptions say how to print there: as wide as COLUMNS says or the terminal
// is, in colour only on a terminal whose user did not ask for none.
func terminalOptions(out io.Writer) terminal.Options {
	opts := terminal.Options{Color: isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil {
		opts.Width = columns
	} else if file, ok := out.(*os.File); ok {
		if columns, _, err := term.GetSize(int(file.Fd())); err == nil { //nolint:gosec // Descriptors are small.
			opts.Width = columns
		}
	}
	return opts
}

// isTerminal reports whether out is a terminal and not a file or a pipe.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	return ok && term.IsTerminal(int(file.Fd())) //nolint:gosec // Descriptors are small.
}
