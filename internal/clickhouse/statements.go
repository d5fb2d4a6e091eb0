package clickhouse

import (
	"embed"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// statementFiles holds every query of the store.
//
//go:embed sql/*.sql
var statementFiles embed.FS

// statements are the queries by file name without its ending.
type statements map[string]string

func loadStatements() (statements, error) {
	entries, err := statementFiles.ReadDir("sql")
	if err != nil {
		return nil, fmt.Errorf("embedded queries: %w", err)
	}
	all := make(statements, len(entries))
	for _, entry := range entries {
		text, err := statementFiles.ReadFile(path.Join("sql", entry.Name()))
		if err != nil {
			return nil, fmt.Errorf("embedded query: %w", err)
		}
		all[strings.TrimSuffix(entry.Name(), ".sql")] = string(text)
	}
	return all, nil
}

// named is one parameter of a statement. A time travels as milliseconds, which
// no session time zone can shift.
func named(name string, value any) any {
	if t, ok := value.(time.Time); ok {
		value = t.UnixMilli()
	}
	return clickhouse.Named(name, value)
}
