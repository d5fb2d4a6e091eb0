package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func tokenCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "token",
		Short: "Make API tokens",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	opts := app.TokenOptions{}
	create := &cobra.Command{
		Use:     "create --role ROLE --name NAME",
		Short:   "Print a new token once, and its entry for the configuration",
		Example: "  faultline token create --role ingest --name ci",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.CreateToken(opts, cmd.OutOrStdout())
		},
	}
	outputFlag(create, &opts.Output)
	create.Flags().StringVar(&opts.Role, "role", "", "reader, ingest, agent, judge or admin")
	create.Flags().StringVar(&opts.Name, "name", "", "what the token is for, shown in logs")
	_ = create.RegisterFlagCompletionFunc("role", words("reader", "ingest", "agent", "judge", "admin"))
	_ = create.MarkFlagRequired("role")
	_ = create.MarkFlagRequired("name")
	cmd.AddCommand(create)
	return cmd
}
