package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func gateCommand(environ []string) *cobra.Command {
	opts := app.GateOptions{}
	cmd := &cobra.Command{
		Use:   "gate --change FILE",
		Short: "Ask whether a change may be deployed: exit 0 yes, 1 no",
		Long: "Judges one change by the policy before it is deployed. With --server the service judges, with\n" +
			"what it knows of the change, and keeps the decision; without it the change is judged here.\n" +
			"Exits with 0 for allow and warn, 1 for deny, 2 for bad input, 3 when the service cannot answer.",
		Example: "  faultline gate --change change.json --server https://faultline.example\n" +
			"  faultline gate --change change.json --policy rules.yaml --topology topology.json -o json",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			if opts.Server == "" && opts.Policy == "" && opts.Topology == "" {
				opts.Server = environment(environ, "FAULTLINE_SERVER", "")
			}
			return app.Gate(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	flags := cmd.Flags()
	flags.StringVar(&opts.Change, "change", "", "file with one change as JSON, - for standard input")
	flags.StringVar(&opts.Server, "server", "", "address of the service (FAULTLINE_SERVER); the token, of the role ingest, is read from FAULTLINE_TOKEN")
	flags.StringVar(&opts.Policy, "policy", "", "file of rules to judge by here (default: the rules that ship)")
	flags.StringVar(&opts.Topology, "topology", "", "file with a topology that tells the tiers of services, to judge here")
	flags.StringVar(&opts.BreakGlass, "break-glass", "", "reason to let the change through in spite of the rules; it is kept and shown")
	return cmd
}

func policyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "policy",
		Short: "Check and show rules of the policy",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	output := ""
	check := &cobra.Command{
		Use:     "check [FILE]",
		Short:   "Say all that is wrong with a file of rules, by line",
		Example: "  faultline policy check rules.yaml",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			path := ""
			if len(args) > 0 {
				path = args[0]
			}
			return app.CheckPolicy(path, output, cmd.OutOrStdout())
		},
	}
	outputFlag(check, &output)
	cmd.AddCommand(check, &cobra.Command{
		Use:     "show",
		Short:   "Print the rules that ship, as a start for your own",
		Example: "  faultline policy show > rules.yaml",
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return app.ShowPolicy(cmd.OutOrStdout()) },
	})
	return cmd
}
