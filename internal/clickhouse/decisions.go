package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
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

// Decisions answers what the policy gate said about a change, the newest first.
func (s *Store) Decisions(ctx context.Context, change correlate.Key) ([]query.GateDecision, error) {
	var all []query.GateDecision
	err := s.query(ctx, "list decisions", s.sql["decision_list"], []any{named("source", change.Source), named("id", change.ID)}, func(rows driver.Rows) error {
		d := query.GateDecision{Change: change}
		err := rows.Scan(&d.At, &d.Decision, &d.Rules, &d.Reasons, &d.AskedBy, &d.Body)
		all = append(all, d)
		return err
	})
	return all, err
}
