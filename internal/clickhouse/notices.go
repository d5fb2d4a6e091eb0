package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

var noticeFields = []field[query.Told]{
	textField("incident", func(t *query.Told) string { return t.Incident }),
	textField("target", func(t *query.Told) string { return t.Target }),
	timeField("told_at", func(t *query.Told) time.Time { return t.At }),
	textField("thread", func(t *query.Told) string { return t.Thread }),
	textField("status", func(t *query.Told) string { return string(t.Status) }),
	textField("severity", func(t *query.Told) string { return string(t.Severity) }),
	textField("verdict", func(t *query.Told) string { return string(t.Verdict) }),
	textField("suspect", func(t *query.Told) string { return t.Suspect }),
	textField("state", func(t *query.Told) string { return t.State }),
	textField("commander", func(t *query.Told) string { return t.Commander }),
}

// SaveTold keeps that a target was told of an incident.
func (s *Store) SaveTold(ctx context.Context, t query.Told) error {
	return insertRows(ctx, s, "notices", "", noticeFields, []query.Told{t})
}

// ToldSince answers what each target was told last of each incident, where that
// was at or after a moment.
func (s *Store) ToldSince(ctx context.Context, since time.Time) ([]query.Told, error) {
	var all []query.Told
	err := s.query(ctx, "read what was told", s.sql["told_since"], []any{named("since", millis(since))}, func(rows driver.Rows) error {
		var t query.Told
		var status, severity, verdict string
		if err := rows.Scan(&t.Incident, &t.Target, &t.At, &t.Thread, &status, &severity, &verdict, &t.Suspect, &t.State, &t.Commander); err != nil {
			return err
		}
		t.Status, t.Severity, t.Verdict = correlate.IncidentStatus(status), correlate.Severity(severity), correlate.Verdict(verdict)
		all = append(all, t)
		return nil
	})
	return all, err
}
