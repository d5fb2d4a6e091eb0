package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func dashboardsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "dashboards",
		Short: "Write Grafana's dashboards and alert rules",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	opts := app.DefaultDashboardsOptions()
	export := &cobra.Command{
		Use:     "export --out DIR",
		Short:   "Write dashboards, alert rules and the reading user's SQL",
		Example: "  faultline dashboards export --base-url https://faultline.example.com --out grafana",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return app.ExportDashboards(opts, cmd.OutOrStdout())
		},
	}
	export.Flags().StringVar(&opts.Dir, "out", "", "directory to write into, made if missing")
	export.Flags().StringVar(&opts.BaseURL, "base-url", opts.BaseURL, "address of Faultline's pages as a browser reaches it")
	export.Flags().StringVar(&opts.Datasource, "datasource", opts.Datasource, "uid of Grafana's ClickHouse data source, for the alert rules")
	_ = export.MarkFlagRequired("out")
	cmd.AddCommand(export)
	return cmd
}
