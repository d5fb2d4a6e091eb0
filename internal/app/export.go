package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/faultline/faultline/api/client"
)

// ExportOptions say which incident to export, as what and to where.
type ExportOptions struct {
	Server, Token, Incident string
	// Format is markdown or json.
	Format string
	// Out is a file; empty means standard output.
	Out string
}

// ExportIncident fetches an incident as a document from a running service and
// writes it.
func ExportIncident(ctx context.Context, opts ExportOptions, out io.Writer) error {
	formats := []string{"markdown", "json"}
	if !slices.Contains(formats, opts.Format) {
		return notAmong("--format", opts.Format, formats)
	}
	service, err := askService(opts.Server, opts.Token)
	if err != nil {
		return err
	}
	format := client.ExportIncidentParamsFormat(opts.Format)
	answer, err := service.ExportIncidentWithResponse(ctx, opts.Incident, &client.ExportIncidentParams{Format: &format})
	if err != nil {
		return service.explain(err)
	}
	return handOver(out, opts.Out, opts.Incident, answer.Body)
}

// handOver writes a document to a file and says so, or to out where none is named.
func handOver(out io.Writer, file, what string, document []byte) error {
	if file == "" {
		_, err := out.Write(document)
		return err
	}
	if err := os.WriteFile(filepath.Clean(file), document, 0o644); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return printLine(out, fmt.Sprintf("%s written to %s", what, file))
}
