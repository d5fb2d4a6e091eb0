package main

import (
	"errors"
	"strings"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func commanderCommand(environ []string) *cobra.Command {
	opts := app.CommanderOptions{}
	cmd := &cobra.Command{
		Use:   "commander INCIDENT [NAME]",
		Short: "Tell who commands an incident, or say who does",
		Long: "Prints who commands an incident and who did before. With a NAME, or --nobody, keeps that\n" +
			"from now on; refused when somebody else spoke meanwhile. Needs a token with the role judge\nto say so.",
		Example: "  faultline incidents commander inc-7f3a\n  faultline incidents commander inc-7f3a ada\n  faultline incidents commander inc-7f3a --nobody",
		Args:    cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Incident = args[0]
			if len(args) > 1 {
				if opts.Name = args[1]; strings.TrimSpace(opts.Name) == "" {
					return errors.New("the name of the commander is empty; give a name, or --nobody when nobody commands any more")
				}
			}
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			return app.Commander(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	cmd.Flags().BoolVar(&opts.Nobody, "nobody", false, "nobody commands any more")
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	cmd.ValidArgsFunction = incidentWords(environ, &opts.Server)
	return cmd
}
