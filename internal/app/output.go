package app

import (
	"encoding/json"
	"fmt"
	"io"
)

// writeJSON prints a value as one indented JSON document.
func writeJSON(out io.Writer, value any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

// checkOutput refuses output formats that a command does not have.
func checkOutput(output string) error {
	if output != "table" && output != "json" {
		return fmt.Errorf("-o %q is unknown; want table or json", output)
	}
	return nil
}
