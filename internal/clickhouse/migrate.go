package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/migrations"
)

// MigrationState is how far one migration has come.
type MigrationState string

// The states of a migration. StateHalf means that it was begun and not ended;
// StateChanged that the file differs from the one that was applied;
// StateUnknown that a newer program applied it.
const (
	StateApplied MigrationState = "applied"
	StatePending MigrationState = "pending"
	StateHalf    MigrationState = "half-applied"
	StateChanged MigrationState = "changed"
	StateUnknown MigrationState = "unknown"
)

// Migration is one line of the answer to "what is the state of the schema".
type Migration struct {
	Version uint32
	Name    string
	State   MigrationState
	// At is when the state was recorded, zero for a pending migration.
	At time.Time
}

// SchemaError says why the schema of the database cannot be used as it is and
// which command mends it.
type SchemaError struct {
	Database string
	Migration
}

// Error is one line with the mend.
func (e *SchemaError) Error() string {
	at := fmt.Sprintf("the schema of database %s is %%s at %04d_%s; ", e.Database, e.Version, e.Name)
	switch e.State {
	case StatePending:
		return fmt.Sprintf(at, "not up to date") + "run `faultline migrate up`"
	case StateHalf:
		return fmt.Sprintf(at, "half migrated") + "run `faultline migrate up`, which repeats that step"
	case StateChanged:
		return fmt.Sprintf(at, "not the one of this program") + "the migration was changed after it was applied; run the program that applied it, or start with an empty database and run `faultline migrate up`"
	}
	return fmt.Sprintf(at, "newer than this program") + "run a newer program; `faultline migrate up` of this one cannot go back"
}

// bookkeeping creates the runner's own table. Rows are only ever added: a
// migration is "begun" before its first statement and "done" after its last.
const bookkeeping = `CREATE TABLE IF NOT EXISTS schema_migrations %s
(
    version  UInt32,
    name     String,
    checksum String,
    state    LowCardinality(String),
    at       DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = %s
ORDER BY (version, at)`

// PendingMigrations is what MigrateStatus says of a database that is not there.
func PendingMigrations() ([]Migration, error) {
	all, err := loadMigrations(migrations.Files)
	return compare(all, nil), err
}

// MigrateStatus lists every migration that the program or the database knows,
// in order of version.
func (s *Store) MigrateStatus(ctx context.Context) ([]Migration, error) {
	all, err := loadMigrations(migrations.Files)
	if err != nil {
		return nil, err
	}
	recorded, err := s.recorded(ctx)
	if err != nil {
		return nil, err
	}
	return compare(all, recorded), nil
}

// CheckSchema returns a *SchemaError unless the schema is exactly the one that
// this program brings. A migration that is under way elsewhere is waited for,
// as long as one statement may take.
func (s *Store) CheckSchema(ctx context.Context) error {
	deadline := time.Now().Add(s.cfg.MigrateTimeout)
	for {
		status, err := s.MigrateStatus(ctx)
		if err != nil {
			return err
		}
		worst := firstFault(status)
		if worst == nil {
			return nil
		}
		underWay := worst.State == StateHalf && time.Since(worst.At) < s.cfg.MigrateTimeout
		if !underWay || time.Now().After(deadline) {
			return &SchemaError{Database: s.cfg.Database, Migration: *worst}
		}
		if err := pause(ctx, migratePause); err != nil {
			return s.fail("check the schema", err)
		}
	}
}

// migratePause is how long a look at another's migration waits for the next.
const migratePause = 200 * time.Millisecond

// MigrateUp brings the schema up to date: it creates the database when absent,
// applies what is pending and repeats what was left half done. It refuses a
// schema that is newer than the program or was made from other files. Several
// may run at once: every statement is idempotent, and who fails because another
// was faster looks again.
func (s *Store) MigrateUp(ctx context.Context) error {
	all, err := loadMigrations(migrations.Files)
	if err != nil {
		return err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return err
	}
	recorded, err := s.recorded(ctx)
	if err != nil {
		return err
	}
	status := compare(all, recorded)
	for i := range status {
		if status[i].State == StateChanged || status[i].State == StateUnknown {
			return &SchemaError{Database: s.cfg.Database, Migration: status[i]}
		}
	}
	values, err := s.schemaValues(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if status[i].State == StateApplied {
			continue
		}
		if err := s.apply(ctx, &all[i], values); err != nil {
			return err
		}
	}
	return s.alignRetention(ctx)
}

// prepareSchema makes the database and the runner's table.
func (s *Store) prepareSchema(ctx context.Context) (err error) {
	outside, err := s.pool("default", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outside.Close()) }()
	values := schemaValues{cfg: &s.cfg}
	if err := s.exec(ctx, outside, "create the database", "CREATE DATABASE IF NOT EXISTS "+s.cfg.Database+" "+values.OnCluster()); err != nil {
		return err
	}
	return s.exec(ctx, s.read, "create the table of migrations", fmt.Sprintf(bookkeeping, values.OnCluster(), values.Merge()))
}

// exec runs one schema statement within its own deadline.
func (s *Store) exec(ctx context.Context, conn driver.Conn, op, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.MigrateTimeout)
	defer cancel()
	return s.fail(op, conn.Exec(ctx, statement))
}

// apply runs one migration, twice if need be: the first failure may come of
// another program that runs the same statement at the same moment.
func (s *Store) apply(ctx context.Context, m *migration, values schemaValues) error {
	err := s.applyOnce(ctx, m, values)
	if err == nil {
		return nil
	}
	s.log.WarnContext(ctx, "migration failed, trying once more", slog.String("migration", m.name), slog.Any("error", err))
	if pauseErr := pause(ctx, migratePause); pauseErr != nil {
		return err
	}
	return s.applyOnce(ctx, m, values)
}

func (s *Store) applyOnce(ctx context.Context, m *migration, values schemaValues) error {
	statements, err := m.render(values)
	if err != nil {
		return err
	}
	if err := s.record(ctx, m, "begun"); err != nil {
		return err
	}
	for _, statement := range statements {
		op := fmt.Sprintf("migration %04d_%s", m.version, m.name)
		if err := s.exec(ctx, s.read, op, statement); err != nil {
			return err
		}
	}
	s.log.InfoContext(ctx, "migration applied", slog.Uint64("version", uint64(m.version)), slog.String("migration", m.name))
	return s.record(ctx, m, "done")
}

// record adds a line to the runner's table.
func (s *Store) record(ctx context.Context, m *migration, state string) error {
	const line = "INSERT INTO schema_migrations (version, name, checksum, state) SELECT {version:UInt32}, {name:String}, {checksum:String}, {state:String}"
	ctx, cancel := context.WithTimeout(ctx, s.cfg.MigrateTimeout)
	defer cancel()
	err := s.read.Exec(ctx, line, named("version", m.version), named("name", m.name), named("checksum", m.checksum), named("state", state))
	return s.fail("record a migration", err)
}

// pause waits, or returns early with the context's error.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("waiting: %w", ctx.Err())
	}
}
