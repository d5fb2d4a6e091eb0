package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func evalCommand() *cobra.Command {
	opts := app.EvalOptions{}
	cmd := &cobra.Command{
		Use:     "eval --cases FILE...",
		Short:   "Score rankers on labelled cases",
		Example: "  faultline eval --cases cases.jsonl.gz\n  faultline eval --cases cases.jsonl.gz --without time --ranker faultline,recency -o json",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = append(opts.Files, args...)
			return app.Eval(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	cmd.Flags().StringSliceVar(&opts.Files, "cases", nil, "case files, .jsonl or .jsonl.gz, or - for standard input")
	cmd.Flags().StringSliceVar(&opts.Rankers, "ranker", []string{"all"}, "all, or names: faultline, recency, latest-deploy, same-service, topology-recency, random")
	cmd.Flags().StringSliceVar(&opts.Without, "without", nil, "leave evidence out: time, topology, metrics, text")
	_ = cmd.MarkFlagRequired("cases")
	return cmd
}
