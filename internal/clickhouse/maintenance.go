package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// maxWindows bounds the announced windows that are read at once.
const maxWindows = 1000

var maintenanceFields = []field[query.MaintenanceWindow]{
	textField("id", func(w *query.MaintenanceWindow) string { return w.ID }),
	textField("environment", func(w *query.MaintenanceWindow) string { return w.Environment }),
	textsField("services", func(w *query.MaintenanceWindow) []string { return w.Services }),
	timeField("starts_at", func(w *query.MaintenanceWindow) time.Time { return w.From }),
	timeField("ends_at", func(w *query.MaintenanceWindow) time.Time { return w.To }),
	textField("reason", func(w *query.MaintenanceWindow) string { return w.Reason }),
	textField("created_by", func(w *query.MaintenanceWindow) string { return w.CreatedBy }),
	timeField("created_at", func(w *query.MaintenanceWindow) time.Time { return w.CreatedAt }),
	textField("changed_by", func(w *query.MaintenanceWindow) string { return w.ChangedBy }),
	timeField("changed_at", func(w *query.MaintenanceWindow) time.Time { return w.ChangedAt }),
}

// SaveMaintenance stores a window, or what became of it, with its audit entry
// first: nothing that counts is without one.
func (s *Store) SaveMaintenance(ctx context.Context, w query.MaintenanceWindow, entry query.AuditEntry) error {
	if err := s.SaveAudit(ctx, entry); err != nil {
		return err
	}
	return insertRows(ctx, s, "maintenance_windows", "", maintenanceFields, []query.MaintenanceWindow{w})
}

// MaintenanceWindows answers the windows that end after a moment, the latest to
// begin first, and at most a thousand.
func (s *Store) MaintenanceWindows(ctx context.Context, since time.Time) ([]query.MaintenanceWindow, error) {
	var all []query.MaintenanceWindow
	params := []any{named("since", millis(since)), named("limit", maxWindows)}
	err := s.query(ctx, "list maintenance windows", s.sql["maintenance_list"], params, func(rows driver.Rows) error {
		var w query.MaintenanceWindow
		err := rows.Scan(&w.ID, &w.Environment, &w.Services, &w.From, &w.To, &w.Reason, &w.CreatedBy, &w.CreatedAt, &w.ChangedBy, &w.ChangedAt)
		all = append(all, w)
		return err
	})
	return all, err
}

// Maintenance answers the same windows as the correlator takes them.
func (s *Store) Maintenance(ctx context.Context, since time.Time) ([]correlate.Maintenance, error) {
	windows, err := s.MaintenanceWindows(ctx, since)
	if err != nil {
		return nil, err
	}
	all := make([]correlate.Maintenance, len(windows))
	for i := range windows {
		all[i] = windows[i].Maintenance
	}
	return all, nil
}
