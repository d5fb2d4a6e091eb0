package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// record of the runner's table, folded over the lines of one version.
type record struct {
	version  uint32
	name     string
	checksum string
	done     bool
	at       time.Time
}

// Codes that mean "there is no schema yet": no table, no database.
const (
	codeNoTable    = 60
	codeNoDatabase = 81
)

// recorded is what the database says was applied, in order of version.
func (s *Store) recorded(ctx context.Context) ([]record, error) {
	var all []record
	err := s.query(ctx, "read the state of the schema", s.sql["schema_state"], nil, func(rows driver.Rows) error {
		var r record
		defer func() { all = append(all, r) }()
		return rows.Scan(&r.version, &r.name, &r.checksum, &r.done, &r.at)
	})
	if e, ok := asError(err); ok && (e.Code == codeNoTable || e.Code == codeNoDatabase) {
		return nil, nil
	}
	return all, err
}

// compare puts the files of the program beside the records of the database.
func compare(files []migration, records []record) []Migration {
	all := make([]Migration, 0, len(files))
	for _, m := range files {
		line := Migration{Version: m.version, Name: m.name, State: StatePending}
		at := slices.IndexFunc(records, func(r record) bool { return r.version == m.version })
		if at >= 0 {
			line.At, line.State = records[at].at, stateOf(&m, &records[at])
		}
		all = append(all, line)
	}
	for _, r := range records {
		if int(r.version) > len(files) {
			all = append(all, Migration{Version: r.version, Name: r.name, State: StateUnknown, At: r.at})
		}
	}
	return all
}

func stateOf(m *migration, r *record) MigrationState {
	switch {
	case !r.done:
		return StateHalf
	case r.checksum != m.checksum:
		return StateChanged
	}
	return StateApplied
}

// firstFault is the fault to tell of: what cannot be mended by migrating comes
// before what can.
func firstFault(status []Migration) *Migration {
	for _, state := range []MigrationState{StateUnknown, StateChanged, StateHalf, StatePending} {
		at := slices.IndexFunc(status, func(m Migration) bool { return m.State == state })
		if at >= 0 {
			return &status[at]
		}
	}
	return nil
}

// schemaValues asks the server which optional table settings it knows.
func (s *Store) schemaValues(ctx context.Context) (schemaValues, error) {
	known := make(map[string]bool)
	err := s.query(ctx, "read the table settings", s.sql["schema_settings"], nil, func(rows driver.Rows) error {
		var name string
		err := rows.Scan(&name)
		known[name] = true
		return err
	})
	return schemaValues{cfg: &s.cfg, known: known}, err
}

// retained names the table, the group and the column of every TTL.
var retained = []struct{ table, group, column string }{
	{"changes", "changes", "ingested_at"},
	{"change_services", "changes", "ingested_at"},
	{"change_lookup", "changes", "ingested_at"},
	{"change_wholes", "changes", "worked_at"},
	{"provenance_overrides", "changes", "decided_at"},
	{"provenance_labels", "changes", "labelled_at"},
	{"policy_decisions", "changes", "decided_at"},
	{"alerts", "alerts", "ingested_at"},
	{"topologies", "topology", "ingested_at"},
	{"topology_services", "topology", "day"},
	{"topology_edges", "topology", "day"},
	{"incidents", "incidents", "stored_at"},
	{"incident_alerts", "incidents", "stored_at"},
	{"findings", "incidents", "stored_at"},
	{"suspects", "incidents", "stored_at"},
	{"verdicts", "incidents", "decided_at"},
	{"proposals", "incidents", "said_at"},
	{"incident_commands", "incidents", "said_at"},
	{"reports", "incidents", "made_at"},
	{"dead_letters", "dead_letters", "ingested_at"},
	{"audit", "audit", "at"},
	{"notices", "audit", "told_at"},
	{"undelivered", "audit", "said_at"},
	{"report_deliveries", "incidents", "at"},
	{"report_claims", "incidents", "stored_at"},
	{"maintenance_windows", "audit", "ends_at"},
}

// alignRetention brings the tables' TTL in line with the settings, which may
// have changed since the tables were made. It touches only those that differ.
func (s *Store) alignRetention(ctx context.Context) error {
	made := make(map[string]string)
	err := s.query(ctx, "read the retention", s.sql["schema_tables"], nil, func(rows driver.Rows) error {
		var name, query string
		defer func() { made[name] = query }()
		return rows.Scan(&name, &query)
	})
	if err != nil {
		return err
	}
	cluster := schemaValues{cfg: &s.cfg}.OnCluster()
	for _, r := range retained {
		change := retentionChange(made[r.table], r.column, s.cfg.Retention.days()[r.group])
		if change == "" {
			continue
		}
		alter := fmt.Sprintf("ALTER TABLE %s %s %s SETTINGS materialize_ttl_after_modify = 0", r.table, cluster, change)
		if err := s.exec(ctx, s.read, "change the retention of "+r.table, alter); err != nil {
			return err
		}
	}
	return nil
}

// retentionChange is the ALTER clause that gives a table its retention, or
// nothing when it has it.
func retentionChange(made, column string, days int) string {
	has := strings.Contains(made, "\nTTL ") || strings.Contains(made, " TTL ")
	switch {
	case days == 0 && has:
		return "REMOVE TTL"
	case days > 0 && !strings.Contains(made, "TTL "+ttlExpression(column, days)):
		return "MODIFY TTL " + ttlExpression(column, days)
	}
	return ""
}
