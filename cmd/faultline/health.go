package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func healthCommand(environ []string) *cobra.Command {
	var server string
	cmd := &cobra.Command{
		Use:     "health",
		Short:   "Ask a service whether it is ready; exit 3 when it is not",
		Example: "  faultline health && echo ready\n  faultline health --server https://faultline.example",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Health(cmd.Context(), server, cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVar(&server, "server", environment(environ, "FAULTLINE_SERVER", "http://127.0.0.1:8080"), "address of the service (FAULTLINE_SERVER)")
	return cmd
}
