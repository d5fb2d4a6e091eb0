package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func exportCommand(environ []string) *cobra.Command {
	opts := app.ExportOptions{}
	cmd := &cobra.Command{
		Use:   "export INCIDENT",
		Short: "Write an incident as a document for the meeting after it",
		Long: "Writes timeline, suspects with the evidence for and against, what could not be looked at,\n" +
			"verdicts, who commanded, blast radius, approvals and policy. What part AI had is left out\n" +
			"for those who may judge until the cause is decided, as on the page.",
		Example: "  faultline incidents export inc-7f3a --out inc-7f3a.md\n  faultline incidents export inc-7f3a --format json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Incident, opts.Token = args[0], environment(environ, "FAULTLINE_TOKEN", "")
			return app.ExportIncident(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	serverFlag(cmd, environ, &opts.Server)
	cmd.Flags().StringVar(&opts.Format, "format", "markdown", "markdown or json")
	cmd.Flags().StringVar(&opts.Out, "out", "", "file to write; standard output if left out")
	_ = cmd.RegisterFlagCompletionFunc("format", words("markdown", "json"))
	cmd.ValidArgsFunction = incidentWords(environ, &opts.Server)
	return cmd
}
