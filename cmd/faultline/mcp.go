package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func mcpCommand(environ []string) *cobra.Command {
	opts := app.AgentsOptions{}
	cmd := &cobra.Command{
		Use:   "mcp",
		Short: "Let an assistant ask a service, over MCP on standard input",
		Long: "Speaks the Model Context Protocol on standard input and output. The tools read, and one proposes\n" +
			"verdicts to people, with the token of FAULTLINE_TOKEN (role agent, or reader to only read). A\n" +
			"running service offers the same tools at /mcp.",
		Example: "  FAULTLINE_TOKEN=flt_... faultline mcp --server https://faultline.example.com",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			return app.ServeAgents(cmd.Context(), opts)
		},
	}
	serverFlag(cmd, environ, &opts.Server)
	return cmd
}
