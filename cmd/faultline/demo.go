package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func demoCommand(environ []string) *cobra.Command {
	opts := app.DemoOptions{}
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Replay a recorded outage and print the finding",
		Long: "Starts embedded Kafka and ClickHouse, replays a recorded outage through Kafka and the\n" +
			"real consumers at high speed, prints the finding and keeps the API up.",
		Example: "  faultline demo\n  faultline demo --scenario agent-infrastructure --exit",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Environ = environ
			return app.Demo(cmd.Context(), opts, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.Flags().StringVar(&opts.Scenario, "scenario", "retail-outage", "which outage: retail-outage, agent-infrastructure or assistant-guardrail")
	_ = cmd.RegisterFlagCompletionFunc("scenario", words("retail-outage", "agent-infrastructure", "assistant-guardrail"))
	cmd.Flags().BoolVar(&opts.Exit, "exit", false, "stop after the finding, with status 0 only if the guilty change ranked first")
	cmd.Flags().StringVar(&opts.Listen, "listen", "127.0.0.1:8080", "address of the API")
	cmd.Flags().StringVar(&opts.DataDir, "data", "", "directory for the embedded stores, kept afterwards (default: a temporary one, removed)")
	return cmd
}
