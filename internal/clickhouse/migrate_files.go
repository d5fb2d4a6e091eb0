package clickhouse

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"text/template"

	"github.com/cespare/xxhash/v2"
)

// migration is one numbered file of the schema.
type migration struct {
	version  uint32
	name     string
	checksum string
	text     string
}

// migrationName is NNNN_verb_noun.sql.
var migrationName = regexp.MustCompile(`^([0-9]{4})_([a-z]+_[a-z_]+)\.sql$`)

// loadMigrations reads the numbered files and demands that none is missing.
func loadMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("embedded migrations: %w", err)
	}
	all := make([]migration, 0, len(names))
	for i, name := range names {
		parts := migrationName.FindStringSubmatch(name)
		if parts == nil {
			return nil, fmt.Errorf("migration %s: the name must be NNNN_verb_noun.sql", name)
		}
		version, err := strconv.ParseUint(parts[1], 10, 32)
		if err != nil || int(version) != i+1 {
			return nil, fmt.Errorf("migration %s: its number must be %04d", name, i+1)
		}
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("migration %s: %w", name, err)
		}
		all = append(all, migration{version: uint32(version), name: parts[2], checksum: checksum(text), text: string(text)})
	}
	return all, nil
}

// checksum covers the file as it is, not what the settings make of it: another
// retention is not another schema.
func checksum(text []byte) string {
	digest := xxhash.New()
	_, _ = digest.Write(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))
	return hex.EncodeToString(digest.Sum(nil))
}

// schemaValues are what the settings put into the schema's statements. Its
// methods are called by the templates.
type schemaValues struct {
	cfg *Config
	// known are the table settings that the server has.
	known map[string]bool
}

// OnCluster is the clause that carries a schema statement to every server.
func (v schemaValues) OnCluster() string {
	if v.cfg.Cluster == "" {
		return ""
	}
	return "ON CLUSTER '" + v.cfg.Cluster + "'"
}

// Merge is the engine of a table that collapses nothing.
func (v schemaValues) Merge() string { return v.replicated() + "MergeTree" }

// Replacing is the engine of a table that keeps, of the rows with one order
// key, the one with the largest value of a column, or the last one.
func (v schemaValues) Replacing(column string) string {
	engine := v.replicated() + "ReplacingMergeTree"
	if column != "" {
		engine += "(" + column + ")"
	}
	return engine
}

func (v schemaValues) replicated() string {
	if v.cfg.Cluster == "" {
		return ""
	}
	return "Replicated"
}

// TTL is the clause that lets rows of a group go, counted from a column.
func (v schemaValues) TTL(group, column string) (string, error) {
	days, known := v.cfg.Retention.days()[group]
	if !known {
		return "", fmt.Errorf("no retention named %q", group)
	}
	if days == 0 {
		return "", nil
	}
	return "TTL " + ttlExpression(column, days), nil
}

func ttlExpression(column string, days int) string {
	return fmt.Sprintf("toDateTime(%s) + toIntervalDay(%d)", column, days)
}

// optionalSettings make inserts cheaper on servers that know them: statistics
// of every column cost 2 us a row and no query of ours uses them; write buffers
// that grow as needed spare a megabyte for each column and insert.
var optionalSettings = []struct{ name, value string }{
	{"auto_statistics_types", "''"},
	{"min_columns_to_activate_adaptive_write_buffer", "1"},
}

// Settings are common to all tables: whole parts expire, a retry of an insert
// is recognised, and on request an insert is synced to disk.
//
// A merge costs as much for each row as its insert, 8 to 13 us of processor
// time (measured), and by default the parts of a flood are merged two or three
// times over while it lasts. So parts wait until there are a hundred of them,
// or until they are a minute old.
func (v schemaValues) Settings() string {
	settings := "ttl_only_drop_parts = 1, non_replicated_deduplication_window = 1000" +
		", min_parts_to_merge_at_once = 100, min_age_to_force_merge_seconds = 60"
	if v.cfg.Fsync {
		settings += ", fsync_after_insert = 1, fsync_part_directory = 1"
	}
	for _, optional := range optionalSettings {
		if v.known[optional.name] {
			settings += ", " + optional.name + " = " + optional.value
		}
	}
	return settings
}

// render gives the statements of a migration for the settings.
func (m *migration) render(values schemaValues) ([]string, error) {
	t, err := template.New(m.name).Option("missingkey=error").Parse(m.text)
	if err != nil {
		return nil, fmt.Errorf("migration %04d_%s: %w", m.version, m.name, err)
	}
	var text strings.Builder
	if err := t.Execute(&text, values); err != nil {
		return nil, fmt.Errorf("migration %04d_%s: %w", m.version, m.name, err)
	}
	var all []string
	for statement := range strings.SplitSeq(text.String(), ";\n") {
		if statement = strings.TrimSpace(statement); statement != "" {
			all = append(all, statement)
		}
	}
	return all, nil
}
