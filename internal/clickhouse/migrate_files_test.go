package clickhouse

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/faultline/faultline/migrations"
)

func TestMigrationsAreNumberedWithoutGaps(t *testing.T) {
	all, err := loadMigrations(migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	if len(all) == 0 || all[0].version != 1 || all[0].name != "create_changes" || len(all[0].checksum) != 16 {
		t.Errorf("got %+v", all[0])
	}
}

func TestMigrationFilesWithWrongNamesAreRefused(t *testing.T) {
	for name, files := range map[string][]string{
		"gap":       {"0001_create_a.sql", "0003_create_b.sql"},
		"starts at": {"0002_create_a.sql"},
		"no verb":   {"0001_a.sql"},
		"twice":     {"0001_create_a.sql", "0001_create_b.sql"},
		"digits":    {"001_create_a.sql"},
	} {
		tree := fstest.MapFS{}
		for _, file := range files {
			tree[file] = &fstest.MapFile{Data: []byte("SELECT 1;\n")}
		}
		if _, err := loadMigrations(tree); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestAChecksumIsOfTheFileAndNotOfItsLineEnds(t *testing.T) {
	if checksum([]byte("a\r\nb\r\n")) != checksum([]byte("a\nb\n")) {
		t.Error("a checkout on another system has another checksum")
	}
	if checksum([]byte("a\n")) == checksum([]byte("b\n")) {
		t.Error("two files have one checksum")
	}
}

// rendered is the whole schema for some settings.
func rendered(t *testing.T, cfg Config) []string {
	t.Helper()
	all, err := loadMigrations(migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"auto_statistics_types": true}
	var statements []string
	for i := range all {
		some, err := all[i].render(schemaValues{cfg: &cfg, known: known})
		if err != nil {
			t.Fatal(err)
		}
		statements = append(statements, some...)
	}
	return statements
}

func TestEverySchemaStatementMayRunAgain(t *testing.T) {
	for _, statement := range rendered(t, DefaultConfig()) {
		head := withoutComments(statement)
		alters := strings.HasPrefix(head, "ALTER TABLE ") &&
			(strings.Contains(head, " ADD COLUMN IF NOT EXISTS ") || strings.Contains(head, " DROP COLUMN IF EXISTS "))
		if !alters && !strings.HasPrefix(head, "CREATE TABLE IF NOT EXISTS ") && !strings.HasPrefix(head, "CREATE OR REPLACE VIEW ") {
			t.Errorf("not idempotent: %.60s", head)
		}
	}
}

func withoutComments(statement string) string {
	lines := slices.DeleteFunc(strings.Split(statement, "\n"), func(line string) bool { return strings.HasPrefix(line, "--") })
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

func TestAClusterReplicatesEveryTable(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Cluster = "blue"
	for _, statement := range rendered(t, cfg) {
		first, _, _ := strings.Cut(withoutComments(statement), "\n")
		if !strings.Contains(first, "ON CLUSTER 'blue'") {
			t.Errorf("stays on one server: %s", first)
		}
		if strings.Contains(statement, "ENGINE") && !strings.Contains(statement, "ENGINE = Replicated") {
			t.Errorf("is not replicated: %s", first)
		}
	}
}

func TestRetentionAndSyncReachTheTables(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Fsync, cfg.Retention.ChangesDays, cfg.Retention.AlertsDays = true, 7, 0
	for _, statement := range rendered(t, cfg) {
		text := withoutComments(statement)
		switch {
		case !strings.HasPrefix(text, "CREATE TABLE"):
			continue
		case !strings.Contains(text, "fsync_after_insert = 1") || !strings.Contains(text, "auto_statistics_types = ''"):
			t.Errorf("lacks settings: %.60s", text)
		case strings.Contains(text, "EXISTS changes ") && !strings.Contains(text, "TTL toDateTime(ingested_at) + toIntervalDay(7)"):
			t.Errorf("lacks its retention: %s", text)
		case strings.Contains(text, "EXISTS alerts ") && strings.Contains(text, "TTL"):
			t.Errorf("has a retention: %s", text)
		}
	}
}

// Every table with a TTL must be known to alignRetention, or a changed setting
// would never reach it.
func TestEveryRetentionCanBeChangedLater(t *testing.T) {
	all, err := loadMigrations(migrations.Files)
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig()
	cfg.Retention.IncidentsDays, cfg.Retention.AuditDays = 3, 3
	aligned := 0
	for _, statement := range rendered(t, cfg) {
		if !strings.Contains(statement, "TTL toDateTime(") {
			continue
		}
		aligned++
		found := slices.ContainsFunc(retained, func(r struct{ table, group, column string }) bool {
			return strings.Contains(statement, "EXISTS "+r.table+" ") &&
				strings.Contains(statement, "TTL "+ttlExpression(r.column, cfg.Retention.days()[r.group]))
		})
		if !found {
			t.Errorf("alignRetention does not know %.80s", withoutComments(statement))
		}
	}
	if aligned != len(retained) {
		t.Errorf("%d tables have a TTL, alignRetention knows %d (of %d migrations)", aligned, len(retained), len(all))
	}
}

func TestRetentionIsChangedOnlyWhereItDiffers(t *testing.T) {
	made := "CREATE TABLE db.t (`x` DateTime) ENGINE = MergeTree ORDER BY x TTL toDateTime(x) + toIntervalDay(30) SETTINGS index_granularity = 64"
	for days, want := range map[int]string{30: "", 31: "MODIFY TTL toDateTime(x) + toIntervalDay(31)", 0: "REMOVE TTL"} {
		if got := retentionChange(made, "x", days); got != want {
			t.Errorf("%d days: got %q, want %q", days, got, want)
		}
	}
	if got := retentionChange("CREATE TABLE db.t (`x` DateTime) ENGINE = MergeTree ORDER BY x", "x", 0); got != "" {
		t.Errorf("no retention wanted and none there: got %q", got)
	}
}
