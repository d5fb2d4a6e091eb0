package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func provenanceCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "provenance",
		Short: "Apply the rules of provenance to history",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	opts := app.ReapplyOptions{}
	reapply := &cobra.Command{
		Use:   "reapply",
		Short: "Label the changes of the past again and show the difference",
		Long: "Labels the changes that started in a range by the rules of the service and shows how their\n" +
			"classes differ from what counted, the share of each class, and why the rest is unknown.\n" +
			"What people said of a change stays. Needs a token with the role admin.",
		Example: "  faultline provenance reapply --dry-run\n  faultline provenance reapply --from 2026-01-01 --to 2026-04-01",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			opts.Show = app.Show{Out: cmd.ErrOrStderr()}
			return app.Reapply(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	outputFlag(reapply, &opts.Output)
	serverFlag(reapply, environ, &opts.Server)
	reapply.Flags().StringVar(&opts.From, "from", "", "earliest start, a date or a time with zone (default: thirty days before --to)")
	reapply.Flags().StringVar(&opts.To, "to", "", "latest start, exclusive (default: now)")
	reapply.Flags().BoolVar(&opts.DryRun, "dry-run", false, "show the difference and keep nothing")
	cmd.AddCommand(reapply)
	return cmd
}
