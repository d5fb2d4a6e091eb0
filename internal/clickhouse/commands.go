package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
)

var commandFields = []field[query.Command]{
	textField("incident", func(c *query.Command) string { return c.Incident }),
	timeField("said_at", func(c *query.Command) time.Time { return c.SetAt }),
	textField("id", func(c *query.Command) string { return c.ID }),
	textField("commander", func(c *query.Command) string { return c.Commander }),
	textField("said_by", func(c *query.Command) string { return c.SetBy }),
}

// SaveCommand stores who commands an incident from now on, with its audit entry
// first. The id must be a UUID; saving the same word again changes nothing.
func (s *Store) SaveCommand(ctx context.Context, c query.Command) error {
	detail, err := toJSON(&c)
	if err != nil {
		return s.refuse("save a commander", err)
	}
	if err := s.SaveAudit(ctx, query.AuditEntry{At: c.SetAt, ID: c.ID, Actor: c.SetBy, Action: "commander", Target: c.Incident, Detail: detail}); err != nil {
		return err
	}
	return insertRows(ctx, s, "incident_commands", "", commandFields, []query.Command{c})
}

// Commands answers every word about who commands some incidents, the oldest
// first.
func (s *Store) Commands(ctx context.Context, incidents []string) ([]query.Command, error) {
	if len(incidents) == 0 {
		return nil, nil
	}
	var all []query.Command
	err := s.query(ctx, "list commanders", s.sql["command_list"], []any{named("incidents", incidents)}, func(rows driver.Rows) error {
		var c query.Command
		if err := rows.Scan(&c.ID, &c.Incident, &c.Commander, &c.SetBy, &c.SetAt); err != nil {
			return err
		}
		all = append(all, c)
		return nil
	})
	return all, err
}
