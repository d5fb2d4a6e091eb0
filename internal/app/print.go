package app

import (
	"io"
	"os"
	"strconv"

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

func terminalOptions(out io.Writer) terminal.Options {
	opts := terminal.Options{Color: isTerminal(out) && os.Getenv("NO_COLOR") == ""}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil {
		opts.Width = columns
	}
	return opts
}

// isTerminal reports whether out is a terminal and not a file or a pipe.
func isTerminal(out io.Writer) bool {
	file, ok := out.(*os.File)
	if !ok {
		return false
	}
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
