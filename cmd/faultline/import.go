package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func importCommand(environ []string) *cobra.Command {
	opts := app.ImportOptions{}
	cmd := &cobra.Command{
		Use:   "import FILE...",
		Short: "Send events from files or standard input to a service",
		Long: "Sends JSON, JSON Lines or gzip files of changes, alerts and topology, or a vendor's\n" +
			"payloads with --format, and says how many were accepted, known before or refused.",
		Example: "  faultline import changes.jsonl alerts.jsonl.gz\n  faultline import --format alertmanager notification.json",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = args
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			return app.Import(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	cmd.Flags().StringVar(&opts.Format, "format", "auto", "auto, change, alert, topology, or a vendor format such as github or alertmanager")
	serverFlag(cmd, environ, &opts.Server)
	return cmd
}
