package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/config"
	"github.com/faultline/faultline/internal/terminal"
)

// MigrateFunc is what the subcommands of migrate do.
type MigrateFunc func(ctx context.Context, cfg config.Config, output string, out, logs io.Writer) error

// MigrateUp brings the schema up to date and prints its state.
func MigrateUp(ctx context.Context, cfg config.Config, output string, out, logs io.Writer) error {
	return withStore(ctx, cfg, output, logs, func(store *clickhouse.Store) error {
		if err := store.MigrateUp(ctx); err != nil {
			return schemaError(err)
		}
		_, err := printState(ctx, store, output, out)
		return err
	})
}

// MigrateStatus prints the state of the schema. It is ErrNo when the schema is
// not the one of this program. It makes nothing: an embedded store that was never
// begun is told of without beginning it.
func MigrateStatus(ctx context.Context, cfg config.Config, output string, out, logs io.Writer) error {
	if _, err := os.Stat(engineDir(&cfg)); cfg.EmbeddedClickHouse() && errors.Is(err, fs.ErrNotExist) {
		if err := checkOutput(output); err != nil {
			return err
		}
		status, err := clickhouse.PendingMigrations()
		if err != nil {
			return err
		}
		if _, err := printMigrations(status, output, out); err != nil {
			return err
		}
		return ErrNo
	}
	return withStore(ctx, cfg, output, logs, func(store *clickhouse.Store) error {
		current, err := printState(ctx, store, output, out)
		if err == nil && !current {
			return ErrNo
		}
		return err
	})
}

// withStore opens the store for one command.
func withStore(ctx context.Context, cfg config.Config, output string, logs io.Writer, do func(*clickhouse.Store) error) (err error) {
	if err := checkOutput(output); err != nil {
		return err
	}
	log := newLogger(cfg.Log, logs)
	stop := &cleanup{log: log}
	defer func() { err = errors.Join(err, stop.run(ctx, cfg.ShutdownTimeout)) }()
	store, err := openStore(ctx, &cfg, stop, log)
	if err != nil {
		return err
	}
	return do(store)
}

// migrationLine is one line of the answer.
type migrationLine struct {
	Version uint32     `json:"version"`
	Name    string     `json:"name"`
	State   string     `json:"state"`
	At      *time.Time `json:"at,omitempty"`
}

// printState prints what a store says of its migrations.
func printState(ctx context.Context, store *clickhouse.Store, output string, out io.Writer) (current bool, err error) {
	status, err := store.MigrateStatus(ctx)
	if err != nil {
		return false, down(err)
	}
	return printMigrations(status, output, out)
}

// printMigrations reports whether every migration is applied as it stands here.
func printMigrations(status []clickhouse.Migration, output string, out io.Writer) (current bool, err error) {
	current = true
	lines := make([]migrationLine, 0, len(status))
	for i := range status {
		m := &status[i]
		current = current && m.State == clickhouse.StateApplied
		line := migrationLine{Version: m.Version, Name: m.Name, State: string(m.State)}
		if !m.At.IsZero() {
			line.At = &m.At
		}
		lines = append(lines, line)
	}
	if output != "table" {
		return current, writeDocument(out, output, lines)
	}
	var rows [][]string
	for _, line := range lines {
		at := ""
		if line.At != nil {
			at = line.At.UTC().Format(time.RFC3339)
		}
		rows = append(rows, []string{fmt.Sprintf("%04d", line.Version), line.Name, line.State, at})
	}
	return current, printTable(out, []terminal.Column{{Title: "version"}, {Title: "name", Give: true}, {Title: "state"}, {Title: "at"}}, rows)
}
