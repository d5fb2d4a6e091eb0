package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func simulateCommand() *cobra.Command {
	opts, storms, outages := app.DefaultSimulateOptions(), false, false
	cmd := &cobra.Command{
		Use:     "simulate",
		Short:   "Write labelled cases of a simulated company",
		Example: "  faultline simulate --seed 7 --services 500 --changes-per-day 2000 --incidents 100 > cases.jsonl\n  faultline simulate --outages --seed 7 > outages.jsonl",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if outages {
				return app.SimulateOutages(cmd.Context(), outageOptions(cmd, &opts), cmd.OutOrStdout())
			}
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
	cmd.Flags().BoolVar(&outages, "outages", false, "write published outages placed in a company instead, as many as there are; unless told, 300 services with 150 changes a day")
	for _, other := range []string{"storms", "days", "incidents", "no-change-share"} {
		cmd.MarkFlagsMutuallyExclusive("outages", other)
	}
	return cmd
}

// outageOptions takes over what was told; what was not has defaults of its own.
func outageOptions(cmd *cobra.Command, told *app.SimulateOptions) app.OutageOptions {
	opts := app.DefaultOutageOptions()
	opts.Seed = told.Seed
	if cmd.Flags().Changed("services") {
		opts.Services = told.Services
	}
	if cmd.Flags().Changed("changes-per-day") {
		opts.ChangesPerDay = told.ChangesPerDay
	}
	return opts
}
