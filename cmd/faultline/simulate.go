package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func simulateCommand() *cobra.Command {
	opts, storms := app.DefaultSimulateOptions(), false
	cmd := &cobra.Command{
		Use:     "simulate",
		Short:   "Write labelled cases of a simulated company",
		Example: "  faultline simulate --seed 7 --services 500 --changes-per-day 2000 --incidents 100 > cases.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Simulate(cmd.Context(), opts, storms, app.Show{Out: cmd.ErrOrStderr()}, cmd.OutOrStdout())
		},
	}
	cmd.Flags().Uint64Var(&opts.Seed, "seed", opts.Seed, "seed; the same seed writes the same cases")
	cmd.Flags().IntVar(&opts.Services, "services", opts.Services, "services of the company")
	cmd.Flags().IntVar(&opts.ChangesPerDay, "changes-per-day", opts.ChangesPerDay, "changes to production a day")
	cmd.Flags().IntVar(&opts.Days, "days", opts.Days, "days that are simulated")
	cmd.Flags().IntVar(&opts.Incidents, "incidents", opts.Incidents, "incidents, one case each")
	cmd.Flags().Float64Var(&opts.NoChangeShare, "no-change-share", opts.NoChangeShare, "share of incidents that no recorded change caused, 0 to 1")
	cmd.Flags().BoolVar(&storms, "storms", false, "write storms of overlapping outages instead, for eval --storms: --incidents of them")
	return cmd
}
