package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// alertRow is one row of alerts: an event with what the store derives of it.
type alertRow struct {
	*event.Alert
	key         uint64
	contractual string
}

var alertFields = []field[alertRow]{
	wordField("uid", func(r *alertRow) uint64 { return r.UID }),
	wordField("key", func(r *alertRow) uint64 { return r.key }),
	textField("fingerprint", func(r *alertRow) string { return r.Fingerprint }),
	textField("source", func(r *alertRow) string { return r.Source }),
	textField("id", func(r *alertRow) string { return r.ID }),
	textField("service", func(r *alertRow) string { return r.Service }),
	textField("environment", func(r *alertRow) string { return r.Environment }),
	textField("region", func(r *alertRow) string { return r.Region }),
	textField("instance", func(r *alertRow) string { return r.Instance }),
	textField("version", func(r *alertRow) string { return r.Version }),
	textField("name", func(r *alertRow) string { return r.Name }),
	textField("summary", func(r *alertRow) string { return r.Summary }),
	textField("severity", func(r *alertRow) string { return string(r.Severity) }),
	textField("status", func(r *alertRow) string { return string(r.Status) }),
	textField("signal", func(r *alertRow) string { return string(r.Signal) }),
	timeField("started_at", func(r *alertRow) time.Time { return r.StartedAt }),
	optionalTimeField("resolved_at", func(r *alertRow) *time.Time { return r.ResolvedAt }),
	labelsField("labels", func(r *alertRow) map[string]string { return r.Labels }),
	textField("format", func(r *alertRow) string { return r.Format }),
	textField("topic", func(r *alertRow) string { return r.Origin.Topic }),
	smallField("partition", func(r *alertRow) int32 { return int32(r.Origin.Partition) }),
	numberField("offset", func(r *alertRow) int64 { return r.Origin.Offset }),
	optionalTimeField("observed_at", func(r *alertRow) *time.Time { return r.ObservedAt }),
	timeField("arrived_at", func(r *alertRow) time.Time { return r.ArrivedAt }),
	textField("raw", func(r *alertRow) string { return textOf(r.Raw) }),
	textField("canonical", func(r *alertRow) string { return r.contractual }),
}

// InsertAlerts stores alert events, on the terms of InsertChanges.
func (s *Store) InsertAlerts(ctx context.Context, token string, rows []event.Alert) error {
	size := func(e *event.Alert) int { return len(e.Raw) + rowBytes }
	return inPieces(&s.cfg, rows, size, func(events []event.Alert) error {
		rows := make([]alertRow, len(events))
		for i := range events {
			e := &events[i]
			text, err := canonical(&e.Meta, &e.Alert)
			if err != nil {
				return s.refuse("insert alerts", fmt.Errorf("alert %s of %s: %w", e.Name, e.Service, err))
			}
			rows[i] = alertRow{Alert: e, key: hashOf(e.Fingerprint), contractual: text}
		}
		token := tokenOf(token, events, func(e *event.Alert) uint64 { return e.UID })
		return insertRows(ctx, s, "alerts", token, alertFields, rows)
	})
}
