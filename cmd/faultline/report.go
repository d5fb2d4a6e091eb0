package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func reportCommand(environ []string) *cobra.Command {
	opts := app.ReportOptions{}
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write the leadership report of a week",
		Long: "Fetches the report of an ISO week from a running service: the stored one, or one made\n" +
			"for the asking. Without --week it is the last whole week.",
		Example: "  faultline report --week 2026-W47\n  faultline report --week 2026-W47 --format pdf --out report.pdf",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			opts.Show = app.Show{Out: cmd.ErrOrStderr()}
			return app.Report(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&opts.Week, "week", "", "ISO week such as 2026-W47; the last whole week if left out")
	cmd.Flags().StringVar(&opts.Format, "format", "markdown", "html, markdown, json or pdf")
	_ = cmd.RegisterFlagCompletionFunc("format", words("html", "markdown", "json", "pdf"))
	cmd.Flags().StringVar(&opts.Out, "out", "", "file to write; standard output if left out")
	serverFlag(cmd, environ, &opts.Server)
	return cmd
}
