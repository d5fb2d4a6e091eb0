package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func evalCommand() *cobra.Command {
	opts := app.EvalOptions{}
	cmd := &cobra.Command{
		Use:     "eval --cases FILE...",
		Short:   "Score rankers on labelled cases, grouping on storms",
		Example: "  faultline eval --cases cases.jsonl.gz\n  faultline eval --cases cases.jsonl.gz --without time --ranker faultline,recency -o json\n  faultline simulate --storms | faultline eval --storms -",
		Args:    cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.Files = append(opts.Files, args...)
			opts.Show = app.Show{Out: cmd.ErrOrStderr()}
			return app.Eval(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	cmd.Flags().StringSliceVar(&opts.Files, "cases", nil, "case files, .jsonl or .jsonl.gz, or - for standard input")
	cmd.Flags().StringSliceVar(&opts.Rankers, "ranker", []string{"all"}, "all, or names: faultline, recency, latest-deploy, same-service, topology-recency, random")
	cmd.Flags().StringSliceVar(&opts.Without, "without", nil, "leave evidence out: time, topology, metrics, text")
	cmd.Flags().StringSliceVar(&opts.By, "by", nil, "break the figures down: kind, delay")
	cmd.Flags().StringSliceVar(&opts.At, "at", nil, "judge also so long after the first alert (1m,5m), after the undoing of a cause (undo+10m), or at the end (end)")
	cmd.Flags().StringVar(&opts.Weights, "weights", "", "weights file that faultline fit wrote; empty: the weights that ship")
	cmd.Flags().BoolVar(&opts.Seen, "seen", false, "allow cases that the weights were fitted to, and say so")
	cmd.Flags().BoolVar(&opts.Ablate, "ablate", false, "score the engine without each kind of evidence, in place of --ranker")
	cmd.Flags().StringSliceVar(&opts.Storms, "storms", nil, "files of storms, for the purity and completeness of incidents; simulate --storms writes them")
	cmd.MarkFlagsOneRequired("cases", "storms")
	_ = cmd.RegisterFlagCompletionFunc("ranker", words("all", "faultline", "recency", "latest-deploy", "same-service", "topology-recency", "random"))
	_ = cmd.RegisterFlagCompletionFunc("without", words("time", "topology", "metrics", "text"))
	_ = cmd.RegisterFlagCompletionFunc("by", words("kind", "delay"))
	return cmd
}
