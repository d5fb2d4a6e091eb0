package app

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
)

// writeJSON prints a value as one indented JSON document.
func writeJSON(out io.Writer, value any) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(value)
}

// writeDocument prints a value as JSON or, with the same names, as YAML.
func writeDocument(out io.Writer, output string, value any) error {
	if output != "yaml" {
		return writeJSON(out, value)
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("print: %w", err)
	}
	text, err := yaml.JSONToYAML(raw)
	if err != nil {
		return fmt.Errorf("print as YAML: %w", err)
	}
	_, err = out.Write(text)
	return err
}

// checkOutput refuses output formats that a command does not have.
func checkOutput(output string) error {
	if output != "table" && output != "json" && output != "yaml" {
		return fmt.Errorf("-o %q is unknown; want table, json or yaml", output)
	}
	return nil
}
