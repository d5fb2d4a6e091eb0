package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func incidentsCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "incidents",
		Short: "List, show, watch and command incidents of a running service",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	cmd.AddCommand(incidentsList(environ),
		incidentsOne(environ, &cobra.Command{
			Use: "show INCIDENT", Short: "Print the newest finding, and what agents propose", Args: cobra.ExactArgs(1),
			Example: "  faultline incidents show inc-7f3a\n  faultline incidents show inc-7f3a -o json",
		}, app.ShowIncident),
		commanderCommand(environ),
		exportCommand(environ),
		incidentsOne(environ, &cobra.Command{
			Use: "watch [INCIDENT]", Short: "Print each new finding until interrupted", Args: cobra.MaximumNArgs(1),
			Long:    "Prints each new finding, of one incident or of all, until interrupted.",
			Example: "  faultline incidents watch\n  faultline incidents watch inc-7f3a",
		}, app.WatchIncidents))
	return cmd
}

func incidentsList(environ []string) *cobra.Command {
	opts := app.IncidentsOptions{Limit: 50}
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List incidents, newest first",
		Example: "  faultline incidents list --status open,quiet\n  faultline incidents list --service checkout --since 24h -o json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
			return app.ListIncidents(cmd.Context(), opts, cmd.OutOrStdout())
		},
	}
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	cmd.Flags().StringSliceVar(&opts.Status, "status", nil, "open, quiet, resolved or merged; several with commas")
	cmd.Flags().StringSliceVar(&opts.Severity, "severity", nil, "critical, high, warning or info; several with commas")
	cmd.Flags().StringVar(&opts.Service, "service", "", "incidents that this service is part of")
	cmd.Flags().StringVar(&opts.Text, "text", "", "text in the title")
	cmd.Flags().DurationVar(&opts.Since, "since", 0, "how far back they may have begun, as 24h")
	cmd.Flags().IntVar(&opts.Limit, "limit", opts.Limit, fmt.Sprintf("how many at most, 1 to %d", app.MostIncidents))
	statuses, severities := app.IncidentChoices()
	_ = cmd.RegisterFlagCompletionFunc("status", words(statuses...))
	_ = cmd.RegisterFlagCompletionFunc("severity", words(severities...))
	return cmd
}

// incidentsOne is a command about one incident.
func incidentsOne(environ []string, cmd *cobra.Command, do func(context.Context, app.IncidentOptions, io.Writer) error) *cobra.Command {
	opts := app.IncidentOptions{}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			opts.Incident = args[0]
		}
		opts.Token = environment(environ, "FAULTLINE_TOKEN", "")
		return do(cmd.Context(), opts, cmd.OutOrStdout())
	}
	outputFlag(cmd, &opts.Output)
	serverFlag(cmd, environ, &opts.Server)
	cmd.ValidArgsFunction = incidentWords(environ, &opts.Server)
	return cmd
}
