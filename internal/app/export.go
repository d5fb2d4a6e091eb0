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
	if opts.Out == "" {
		_, err = out.Write(answer.Body)
		return err
	}
	if err := os.WriteFile(filepath.Clean(opts.Out), answer.Body, 0o644); err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	return printLine(out, fmt.Sprintf("%s written to %s", opts.Incident, opts.Out))
}
