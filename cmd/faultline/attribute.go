package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func attributeCommand() *cobra.Command {
	opts := app.AttributeOptions{}
	cmd := &cobra.Command{
		Use:     "attribute --case FILE",
		Short:   "Rank the changes of one case, with the evidence for each",
		Example: "  faultline attribute --case incident.jsonl\n  faultline attribute --case cases.jsonl.gz --name retail-outage -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.Attribute(cmd.Context(), opts, cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	cmd.Flags().StringVar(&opts.File, "case", "", "case file, .jsonl or .jsonl.gz, or - for standard input")
	cmd.Flags().StringVar(&opts.Name, "name", "", "name of the case; needed when the file holds several")
	cmd.Flags().StringVar(&opts.Weights, "weights", "", "weights file that faultline fit wrote; empty: the weights that ship")
	_ = cmd.MarkFlagRequired("case")
	return cmd
}
