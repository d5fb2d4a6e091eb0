package app

import (
	"fmt"
	"io"

	"github.com/faultline/faultline/dashboards"
)

// DashboardsOptions say what the exported Grafana files point at and where they
// are written.
type DashboardsOptions struct {
	dashboards.Options
	Dir string
}

// DefaultDashboardsOptions fit docker-compose.yml.
func DefaultDashboardsOptions() DashboardsOptions {
	return DashboardsOptions{Options: dashboards.DefaultOptions()}
}

// ExportDashboards writes Grafana's files and prints the path of each.
func ExportDashboards(opts DashboardsOptions, out io.Writer) error {
	written, err := dashboards.Export(opts.Dir, opts.Options)
	if err != nil {
		return fmt.Errorf("export the dashboards: %w", err)
	}
	for _, path := range written {
		if _, err := fmt.Fprintln(out, path); err != nil {
			return err
		}
	}
	return nil
}
