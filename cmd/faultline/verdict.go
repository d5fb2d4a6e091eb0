package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

// serverFlag adds --server, whose default is FAULTLINE_SERVER.
func serverFlag(cmd *cobra.Command, environ []string, server *string) {
	cmd.Flags().StringVar(server, "server", environment(environ, "FAULTLINE_SERVER", "http://127.0.0.1:8080"),
		"address of the service (FAULTLINE_SERVER); its token is read from FAULTLINE_TOKEN")
}

func verdictCommand(environ []string) *cobra.Command {
	opts := app.VerdictOptions{}
	cmd := &cobra.Command{
		Use:   "verdict INCIDENT confirm|reject|no_change",
		Short: "Judge the finding about an incident",
		Long: "Confirms or rejects a change (the first suspect unless --change names another), or says\n" +
			"that no recorded change is to blame. Needs a token with the role judge.",
		Example: "  faultline verdict inc-7f3a confirm --reason \"rolling it back ended it\"\n" +
			"  faultline verdict inc-7f3a reject --change checkout-1842\n  faultline verdict inc-7f3a no_change",
		Args: cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Incident, opts.Decision = args[0], args[1]
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			return app.GiveVerdict(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	cmd.ValidArgsFunction = incidentWords(environ, &opts.Server, "confirm", "reject", "no_change")
	cmd.Flags().StringVar(&opts.Change, "change", "", "id of the change; the first suspect if left out")
	cmd.Flags().StringVar(&opts.Source, "source", "", "source of the change, when several know its id")
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, in words")
	return cmd
}
