package main

import (
	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func migrateCommand(environ []string) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Bring the schema up, or say how far it is",
		Args:  cobra.NoArgs,
		RunE:  chooseOne,
	}
	cmd.AddCommand(
		migrateStep(environ, "up", "Apply every migration that is missing", app.MigrateUp),
		migrateStep(environ, "status", "List the migrations; exit 1 when some are missing", app.MigrateStatus),
	)
	return cmd
}

func migrateStep(environ []string, name, short string, do app.MigrateFunc) *cobra.Command {
	var output string
	cmd := &cobra.Command{Use: name, Short: short, Args: cobra.NoArgs, Example: "  faultline migrate " + name + " --clickhouse-dsn clickhouse://host:9000/faultline"}
	outputFlag(cmd, &output)
	load := settings(cmd, environ, "clickhouse", "data_dir", "log")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		return do(cmd.Context(), cfg, output, cmd.OutOrStdout(), cmd.ErrOrStderr())
	}
	return cmd
}
