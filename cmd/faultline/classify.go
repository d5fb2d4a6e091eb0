package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func classifyCommand() *cobra.Command {
	opts := app.ClassifyOptions{}
	cmd := &cobra.Command{
		Use:   "classify FILE",
		Short: "Tell the AI provenance of each change of a file",
		Long: "Tells what part AI had in each change of a file, JSON Lines in and out. --summary counts the classes and why the rest\n" +
			"is unknown; --score compares with labels: {\"change\": {...}, \"acceptable\": [...], \"tools\": [...]}.",
		Example: "  faultline classify changes.jsonl\n  faultline classify changes.jsonl --summary -o table\n  faultline classify labelled.jsonl.gz --score -o table\n  faultline classify changes.jsonl.gz -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			opts.File = args[0]
			return app.Classify(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlagOf(cmd, &opts.Output, "json")
	cmd.Flags().BoolVar(&opts.Score, "score", false, "compare with the labels of the file and print a scored table")
	cmd.Flags().BoolVar(&opts.Summary, "summary", false, "count the classes, and why the rest is unknown")
	return cmd
}
