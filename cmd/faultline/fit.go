package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func fitCommand() *cobra.Command {
	opts := app.FitOptions{}
	cmd := &cobra.Command{
		Use:   "fit --cases FILE... --out FILE",
		Short: "Learn the engine's weights and calibration from labelled cases",
		Long: "Learns from labelled cases, and from people's verdicts about them, how much each kind of evidence is worth and how " +
			"often the engine's probabilities are right. Every file counts the same, however many cases it holds. Prints figures of cases that were not learnt from, fold by fold.",
		Example: "  faultline fit --cases cases.jsonl.gz --out weights.json\n" +
			"  faultline fit --cases cases.jsonl --verdicts verdicts.jsonl --folds 10 --out weights.json\n" +
			"  faultline eval --cases other.jsonl --weights weights.json",
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = append(opts.Files, args...)
			return app.Fit(cmd.Context(), opts, app.Show{Out: cmd.ErrOrStderr()}, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringSliceVar(&opts.Files, "cases", nil, "case files, .jsonl or .jsonl.gz, or - for standard input")
	cmd.Flags().StringSliceVar(&opts.Untimed, "untimed", nil, "further case files, whose times are withheld")
	cmd.Flags().StringSliceVar(&opts.Verdicts, "verdicts", nil, "verdict files, one JSON object a line: case, decision (confirm, reject, no_change), change")
	cmd.Flags().StringSliceVar(&opts.Without, "without", nil, "leave evidence out: time, topology, metrics, text")
	cmd.Flags().StringVar(&opts.Out, "out", "", "weights file to write")
	cmd.Flags().IntVar(&opts.Folds, "folds", 5, "folds of the cross-validation; 0 leaves out one file at a time")
	cmd.Flags().IntVar(&opts.Rounds, "rounds", 2, "how often each weight is tried; 0 fits the calibration alone")
	_ = cmd.MarkFlagRequired("cases")
	_ = cmd.MarkFlagRequired("out")
	return cmd
}
