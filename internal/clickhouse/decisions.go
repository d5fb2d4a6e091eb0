package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
)

var decisionFields = []field[query.GateDecision]{
	timeField("decided_at", func(d *query.GateDecision) time.Time { return d.At }),
	textField("source", func(d *query.GateDecision) string { return d.Change.Source }),
	textField("id", func(d *query.GateDecision) string { return d.Change.ID }),
	textField("decision", func(d *query.GateDecision) string { return d.Decision }),
	textsField("rules", func(d *query.GateDecision) []string { return d.Rules }),
	textsField("reasons", func(d *query.GateDecision) []string { return d.Reasons }),
	textField("asked_by", func(d *query.GateDecision) string { return d.AskedBy }),
	textField("body", func(d *query.GateDecision) string { return d.Body }),
}

// SaveDecision stores an answer of the policy gate.
func (s *Store) SaveDecision(ctx context.Context, d query.GateDecision) error {
	return insertRows(ctx, s, "policy_decisions", "", decisionFields, []query.GateDecision{d})
}

// Decisions answers one page of what the policy gate said, the newest first.
func (s *Store) Decisions(ctx context.Context, q query.GateDecisions) (query.Page[query.GateDecision], error) {
	limit := pageLimit(q.Limit)
	filter := filterHash("decisions", q.From, q.To, q.Change, q.Decision)
	after, err := readCursor(q.Cursor, filter)
	if err != nil {
		return query.Page[query.GateDecision]{}, err
	}
	var all []query.GateDecision
	err = s.query(ctx, "list decisions", s.sql["decision_page"], []any{
		named("source", q.Change.Source), named("id", q.Change.ID), named("decision", texts(q.Decision)),
		named("from", millis(q.From)), named("to", millis(q.To)),
		named("after_at", after.at), named("after_id", after.id), named("limit", limit+1),
	}, func(rows driver.Rows) error {
		var d query.GateDecision
		err := rows.Scan(&d.At, &d.Change.Source, &d.Change.ID, &d.Decision, &d.Rules, &d.Reasons, &d.AskedBy, &d.Body)
		all = append(all, d)
		return err
	})
	if err != nil {
		return query.Page[query.GateDecision]{}, err
	}
	return pageOf(all, limit, func(d *query.GateDecision) string {
		return writeCursor(cursor{at: d.At.UnixMilli(), id: identity(d.Change.Source, d.Change.ID)}, filter)
	}), nil
}
