package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func classifyCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "classify FILE",
		Short:   "Tell the AI provenance of each change, JSON Lines in and out",
		Example: "  faultline classify changes.jsonl\n  faultline classify changes.jsonl.gz -o json",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return app.Classify(cmd.Context(), args[0], output, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", "json", "output format: table or json")
	return cmd
}
