package clickhouse_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
)

// onEmptyDatabases runs a test through each door, before any migration.
func onEmptyDatabases(t *testing.T, test func(t *testing.T, s *clickhouse.Store)) {
	t.Helper()
	for _, d := range doors() {
		t.Run(d.name, func(t *testing.T) {
			cfg := config(t)
			cfg.MigrateTimeout = 20 * time.Second
			test(t, d.open(t, cfg))
		})
	}
}

// wantSchemaError demands a state and the command that mends it.
func wantSchemaError(t *testing.T, err error, state clickhouse.MigrationState) {
	t.Helper()
	var schema *clickhouse.SchemaError
	if !errors.As(err, &schema) || schema.State != state {
		t.Fatalf("got %v, want a schema that is %s", err, state)
	}
	if !strings.Contains(err.Error(), "`faultline migrate up`") || strings.Contains(err.Error(), "\n") {
		t.Errorf("not one line with the command: %v", err)
	}
}

func run(t *testing.T, s *clickhouse.Store, statement string) {
	t.Helper()
	if err := clickhouse.Exec(t.Context(), s, statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func up(t *testing.T, s *clickhouse.Store) {
	t.Helper()
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatalf("migrate: %v", err)
	}
}

func TestMigrationsGoUpOnceAndStay(t *testing.T) {
	onEmptyDatabases(t, func(t *testing.T, s *clickhouse.Store) {
		wantSchemaError(t, s.CheckSchema(t.Context()), clickhouse.StatePending)
		up(t, s)
		up(t, s)
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
		status, err := s.MigrateStatus(t.Context())
		if err != nil || len(status) == 0 {
			t.Fatalf("%v %v", status, err)
		}
		for _, m := range status {
			if m.State != clickhouse.StateApplied || time.Since(m.At).Abs() > time.Hour {
				t.Errorf("got %+v", m)
			}
		}
	})
}

func TestAHalfMigratedSchemaIsRefusedAndRepaired(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	run(t, s, "ALTER TABLE schema_migrations DELETE WHERE version = 3 SETTINGS mutations_sync = 1")
	run(t, s, "INSERT INTO schema_migrations (version, name, checksum, state, at) SELECT 3, 'create_change_lookup', '', 'begun', now64(3) - INTERVAL 1 DAY")
	run(t, s, "DROP TABLE change_lookup SYNC")
	wantSchemaError(t, s.CheckSchema(t.Context()), clickhouse.StateHalf)
	up(t, s)
	if err := s.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
	run(t, s, "SELECT * FROM change_lookup")
}

func TestANewerSchemaIsRefusedByReadersAndByTheRunner(t *testing.T) {
	onEmptyDatabases(t, func(t *testing.T, s *clickhouse.Store) {
		up(t, s)
		run(t, s, "INSERT INTO schema_migrations (version, name, checksum, state) SELECT 999, 'add_wonders', 'x', 'done'")
		wantSchemaError(t, s.CheckSchema(t.Context()), clickhouse.StateUnknown)
		wantSchemaError(t, s.MigrateUp(t.Context()), clickhouse.StateUnknown)
	})
}

func TestAnEditedMigrationIsRefused(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	run(t, s, "INSERT INTO schema_migrations (version, name, checksum, state, at) SELECT 2, 'create_change_services', 'other', 'done', now64(3) + INTERVAL 1 SECOND")
	wantSchemaError(t, s.CheckSchema(t.Context()), clickhouse.StateChanged)
	wantSchemaError(t, s.MigrateUp(t.Context()), clickhouse.StateChanged)
}

func TestAMigrationThatIsUnderWayElsewhereIsWaitedFor(t *testing.T) {
	s := openEmbedded(t, config(t))
	up(t, s)
	run(t, s, "RENAME TABLE schema_migrations TO finished")
	run(t, s, "CREATE TABLE schema_migrations AS finished")
	run(t, s, "INSERT INTO schema_migrations SELECT * FROM finished WHERE NOT (state = 'done' AND version = (SELECT max(version) FROM finished))")
	var other sync.WaitGroup
	other.Go(func() {
		time.Sleep(300 * time.Millisecond)
		if err := clickhouse.Exec(t.Context(), s, "INSERT INTO schema_migrations SELECT * FROM finished WHERE state = 'done'"); err != nil {
			t.Error(err)
		}
	})
	defer other.Wait()
	if err := s.CheckSchema(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestTwoProgramsMayMigrateAtOnce(t *testing.T) {
	cfg := config(t)
	stores := []*clickhouse.Store{openEmbedded(t, cfg), openEmbedded(t, cfg)}
	var both sync.WaitGroup
	for _, s := range stores {
		both.Go(func() {
			if err := s.MigrateUp(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for _, s := range stores {
		if err := s.CheckSchema(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestAnotherRetentionReachesTablesThatExist(t *testing.T) {
	cfg := config(t)
	up(t, openEmbedded(t, cfg))
	cfg.Retention.ChangesDays, cfg.Retention.AlertsDays, cfg.Retention.AuditDays = 3, 0, 9
	cfg.Retention.TopologyDays, cfg.Retention.DeadLettersDays = 11, 0
	s := openEmbedded(t, cfg)
	up(t, s)
	for table, want := range map[string]string{
		"changes": "position(create_table_query, 'toIntervalDay(3)') > 0",
		"alerts":  "position(create_table_query, 'toIntervalDay') = 0",
		"audit":   "position(create_table_query, 'toIntervalDay(9)') > 0",
		// What has a life of its own is kept for as long as its own setting says.
		"topology_edges": "position(create_table_query, 'toIntervalDay(11)') > 0",
		"dead_letters":   "position(create_table_query, 'toIntervalDay') = 0",
		"undelivered":    "position(create_table_query, 'toIntervalDay(9)') > 0",
	} {
		run(t, s, "SELECT throwIf(count() != 1) FROM system.tables WHERE database = currentDatabase() AND name = '"+table+"' AND "+want)
	}
}

func TestAStoreThatIsAwayFailsPromptlyAndMayBeRetried(t *testing.T) {
	cfg := config(t)
	cfg.DSN = "clickhouse://me:hush@127.0.0.1:1/faultline"
	cfg.DialTimeout = time.Second
	began := time.Now()
	_, err := clickhouse.Open(t.Context(), cfg, nil, quiet())
	if err == nil || !errors.Is(err, event.ErrUnavailable) || strings.Contains(err.Error(), "hush") || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v", err)
	}
	if waited := time.Since(began); waited > 15*time.Second {
		t.Errorf("took %s", waited)
	}
}
