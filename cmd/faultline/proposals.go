package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func proposalsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use: "proposals", Short: "List verdicts that agents propose, accept or dismiss them", Args: cobra.NoArgs, RunE: chooseOne,
	}
	list, opts := proposals(environ, &cobra.Command{
		Use: "list [INCIDENT]", Short: "List what agents propose, on one incident or all, newest first", Args: cobra.MaximumNArgs(1),
		Long:    "Lists the proposals that wait for a person, on all incidents unless one is named; with\n--all those too that somebody settled. The reasons are the agents' words.",
		Example: "  faultline proposals list\n  faultline proposals list inc-7f3a\n  faultline proposals list inc-7f3a --all -o json",
	}, app.ListProposals)
	list.Flags().BoolVar(&opts.All, "all", false, "those too that were accepted or dismissed")
	accept, opts := proposals(environ, &cobra.Command{
		Use: "accept INCIDENT [PROPOSAL]", Short: "Give a verdict of your own as a proposal has it", Args: cobra.RangeArgs(1, 2),
		Long: "Keeps a verdict of your own with the decision and the change of a proposal. PROPOSAL is its\n" +
			"id or the beginning of it, and may be left out when only one waits. Refused when there is\n" +
			"a newer finding than the agent saw. Needs a token with the role judge.",
		Example: "  faultline proposals accept inc-7f3a 0c8f5c8e --reason \"rolling it back ended it\"",
	}, app.AcceptProposal)
	reasonFlag(accept, opts)
	dismiss, opts := proposals(environ, &cobra.Command{
		Use: "dismiss INCIDENT [PROPOSAL]", Short: "Say that a proposal is not followed, which rules nothing out", Args: cobra.RangeArgs(1, 2),
		Long: "Takes a proposal from those that wait for a person. PROPOSAL is its id or the beginning of\n" +
			"it, and may be left out when only one waits. It is no verdict. Needs a token with the role\njudge.",
		Example: "  faultline proposals dismiss inc-7f3a --reason \"it alerted before the deploy\"",
	}, app.DismissProposal)
	reasonFlag(dismiss, opts)
	cmd.AddCommand(list, accept, dismiss)
	return cmd
}

func reasonFlag(cmd *cobra.Command, opts *app.ProposalOptions) {
	cmd.Flags().StringVar(&opts.Reason, "reason", "", "why, in your own words")
}

// proposals is a command about what agents propose on an incident.
func proposals(environ []string, cmd *cobra.Command, do func(context.Context, app.ProposalOptions, io.Writer) error) (*cobra.Command, *app.ProposalOptions) {
	opts := &app.ProposalOptions{}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			opts.Incident = args[0]
		}
		if len(args) > 1 {
			opts.Proposal = args[1]
		}
		opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
		return do(cmd.Context(), *opts, cmd.OutOrStdout())
	}
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	cmd.ValidArgsFunction = incidentWords(environ, &opts.Server)
	return cmd, opts
}
