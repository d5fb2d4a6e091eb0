package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/faultline/faultline/internal/app"
)

func serveCommand(environ []string) *cobra.Command {
	var check, dump bool
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the service",
		Long: "Runs the roles ingest, correlate, api and report (all unless --roles says otherwise).\n" +
			"Without --kafka-brokers and --clickhouse-dsn it runs embedded stores in --data-dir.",
		Example: "  faultline serve\n" +
			"  faultline serve --kafka-brokers kafka:9092 --clickhouse-dsn clickhouse://faultline:secret@clickhouse:9000/faultline\n" +
			"  faultline serve --config faultline.yaml --check",
		Args: cobra.NoArgs,
	}
	load := settings(cmd, environ, "api", "clickhouse", "kafka", "data_dir", "log", "roles")
	cmd.Flags().BoolVar(&check, "check", false, "check the settings and exit")
	cmd.Flags().BoolVar(&dump, "dump", false, "print the effective settings, secrets hidden, and exit")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cfg, err := load()
		if err != nil {
			return err
		}
		switch {
		case dump:
			return cfg.Dump(cmd.OutOrStdout())
		case check:
			if _, err := app.LoadPolicy(cfg.Policy.File); err != nil {
				return err
			}
			_, err = fmt.Fprintln(cmd.OutOrStdout(), "the configuration is valid")
			return err
		}
		return app.Serve(cmd.Context(), cfg, cmd.ErrOrStderr())
	}
	return cmd
}
