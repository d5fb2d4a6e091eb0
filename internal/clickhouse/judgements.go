package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// The columns of the tables that hold what people said.
var (
	verdictFields = []field[correlate.Judgement]{
		textField("incident", func(j *correlate.Judgement) string { return j.Incident }),
		timeField("decided_at", func(j *correlate.Judgement) time.Time { return j.DecidedAt }),
		textField("id", func(j *correlate.Judgement) string { return j.ID }),
		countField("finding_version", func(j *correlate.Judgement) uint32 { return uint32(j.FindingVersion) }),
		textField("decision", func(j *correlate.Judgement) string { return string(j.Decision) }),
		textField("change_source", func(j *correlate.Judgement) string { return judgedKey(j).Source }),
		textField("change_id", func(j *correlate.Judgement) string { return judgedKey(j).ID }),
		textField("reason", func(j *correlate.Judgement) string { return j.Reason }),
		textField("decided_by", func(j *correlate.Judgement) string { return j.DecidedBy }),
	}
	auditFields = []field[query.AuditEntry]{
		timeField("at", func(a *query.AuditEntry) time.Time { return a.At }),
		textField("id", func(a *query.AuditEntry) string { return a.ID }),
		textField("actor", func(a *query.AuditEntry) string { return a.Actor }),
		textField("action", func(a *query.AuditEntry) string { return a.Action }),
		textField("target", func(a *query.AuditEntry) string { return a.Target }),
		textField("detail", func(a *query.AuditEntry) string { return a.Detail }),
	}
)

// judgedKey is the change that a judgement is about, zero for none.
func judgedKey(j *correlate.Judgement) correlate.Key {
	if j.Change == nil {
		return correlate.Key{}
	}
	return *j.Change
}

// SaveAudit stores who did what. The id must be a UUID; saving the same entry
// again changes nothing.
func (s *Store) SaveAudit(ctx context.Context, entry query.AuditEntry) error {
	return insertRows(ctx, s, "audit", "", auditFields, []query.AuditEntry{entry})
}

// AuditEntries answers who did what, the newest first.
func (s *Store) AuditEntries(ctx context.Context, limit int) ([]query.AuditEntry, error) {
	var all []query.AuditEntry
	err := s.query(ctx, "list the audit", s.sql["audit_list"], []any{named("limit", limit)}, func(rows driver.Rows) error {
		var a query.AuditEntry
		if err := rows.Scan(&a.At, &a.ID, &a.Actor, &a.Action, &a.Target, &a.Detail); err != nil {
			return err
		}
		all = append(all, a)
		return nil
	})
	return all, err
}

// SaveJudgement stores a judgement, with its audit entry first: nothing that
// counts is without one. The id must be a UUID; saving the same judgement again
// changes nothing.
func (s *Store) SaveJudgement(ctx context.Context, j correlate.Judgement) error {
	detail, err := toJSON(&j)
	if err != nil {
		return s.refuse("save a verdict", err)
	}
	entry := query.AuditEntry{At: j.DecidedAt, ID: j.ID, Actor: j.DecidedBy, Action: "verdict", Target: j.Incident, Detail: detail}
	if err := s.SaveAudit(ctx, entry); err != nil {
		return err
	}
	return insertRows(ctx, s, "verdicts", "", verdictFields, []correlate.Judgement{j})
}

// Judgements answers every judgement on some incidents, the oldest first.
func (s *Store) Judgements(ctx context.Context, incidents []string) ([]correlate.Judgement, error) {
	if len(incidents) == 0 {
		return nil, nil
	}
	var all []correlate.Judgement
	err := s.query(ctx, "list verdicts", s.sql["verdict_list"], []any{named("incidents", incidents)}, func(rows driver.Rows) error {
		j, err := scanJudgement(rows)
		all = append(all, j)
		return err
	})
	return all, err
}

// JudgementsSince answers the judgements that were stored after a moment of the
// store's clock, in that order, at most limit. A reader that goes on from the
// last one should step back by a few seconds and skip the ids that it knows:
// rows become visible a moment after they are stamped.
func (s *Store) JudgementsSince(ctx context.Context, after time.Time, limit int) ([]query.StoredJudgement, error) {
	var all []query.StoredJudgement
	err := s.query(ctx, "follow verdicts", s.sql["verdict_since"],
		[]any{named("after", millis(after)), named("limit", limit)}, func(rows driver.Rows) error {
			var stored time.Time
			j, err := scanJudgement(rows, &stored)
			all = append(all, query.StoredJudgement{Judgement: j, StoredAt: stored})
			return err
		})
	return all, err
}

// scanJudgement reads a row of verdict_list, and further columns behind it.
func scanJudgement(rows driver.Rows, more ...any) (correlate.Judgement, error) {
	var j correlate.Judgement
	var key correlate.Key
	var version uint32
	var decision string
	columns := []any{&j.ID, &j.Incident, &version, &decision, &key.Source, &key.ID, &j.Reason, &j.DecidedBy, &j.DecidedAt}
	if err := rows.Scan(append(columns, more...)...); err != nil {
		return j, err
	}
	j.FindingVersion, j.Decision = int(version), correlate.Decision(decision)
	if key != (correlate.Key{}) {
		j.Change = &key
	}
	return j, nil
}
