package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// overrideRow is one row of provenance_overrides, labelRow one of
// provenance_labels.
type (
	overrideRow struct {
		key correlate.Key
		correlate.ProvenanceOverride
	}
	labelRow struct {
		query.Label
		by   string
		at   time.Time
		body string
	}
)

// The columns of the two tables.
var (
	overrideFields = []field[overrideRow]{
		textField("source", func(r *overrideRow) string { return r.key.Source }),
		textField("id", func(r *overrideRow) string { return r.key.ID }),
		timeField("decided_at", func(r *overrideRow) time.Time { return r.DecidedAt }),
		textField("class", func(r *overrideRow) string { return string(r.Class) }),
		textField("reason", func(r *overrideRow) string { return r.Reason }),
		textField("decided_by", func(r *overrideRow) string { return r.DecidedBy }),
	}
	labelFields = []field[labelRow]{
		textField("source", func(r *labelRow) string { return r.Change.Source }),
		textField("id", func(r *labelRow) string { return r.Change.ID }),
		timeField("labelled_at", func(r *labelRow) time.Time { return r.at }),
		textField("rules", func(r *labelRow) string { return r.Provenance.Rules }),
		textField("class", func(r *labelRow) string { return string(r.Provenance.Class) }),
		textField("provenance", func(r *labelRow) string { return r.body }),
		textField("labelled_by", func(r *labelRow) string { return r.by }),
	}
)

// Provenances answers the provenance of each change: a person's word where there
// is one, else what the rules said last, of the change itself or of the source
// code that it carries. A change without any is left out.
func (s *Store) Provenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]correlate.Provenance, error) {
	given, err := s.ownProvenances(ctx, keys)
	if err != nil {
		return nil, err
	}
	return given, s.codeProvenances(ctx, keys, given)
}

// ownProvenances is Provenances without the code that changes carry.
func (s *Store) ownProvenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]correlate.Provenance, error) {
	given := make(map[correlate.Key]correlate.Provenance, len(keys))
	if len(keys) == 0 {
		return given, nil
	}
	wanted := make(map[correlate.Key]bool, len(keys))
	hashes := make([]uint64, len(keys))
	for i, k := range keys {
		wanted[k], hashes[i] = true, hashOf(k.ID)
	}
	err := s.query(ctx, "read provenances", s.sql["change_provenances"], []any{named("hashes", hashes)}, func(rows driver.Rows) error {
		var key correlate.Key
		var text, class string
		var by correlate.ProvenanceOverride
		if err := rows.Scan(&key.Source, &key.ID, &text, &class, &by.Reason, &by.DecidedBy, &by.DecidedAt); err != nil || !wanted[key] {
			return err
		}
		p := correlate.Provenance{Class: correlate.ProvenanceUnknown}
		if text != "" {
			if err := fromJSON(text, &p); err != nil {
				return err
			}
		}
		by.Class = correlate.ProvenanceClass(class)
		given[key] = p.Overridden(by)
		return nil
	})
	return given, err
}

// SaveOverride stores a person's word on the provenance of a change, with its
// audit entry first. The id of the entry must be a UUID.
func (s *Store) SaveOverride(ctx context.Context, id string, key correlate.Key, by correlate.ProvenanceOverride) error {
	detail, err := toJSON(&by)
	if err != nil {
		return s.refuse("save an override", err)
	}
	entry := query.AuditEntry{At: by.DecidedAt, ID: id, Actor: by.DecidedBy, Action: "provenance override", Target: key.String(), Detail: detail}
	if err := s.SaveAudit(ctx, entry); err != nil {
		return err
	}
	return insertRows(ctx, s, "provenance_overrides", "", overrideFields, []overrideRow{{key: key, ProvenanceOverride: by}})
}

// Overrides answers every word of people on the provenance of a change, the
// newest first.
func (s *Store) Overrides(ctx context.Context, key correlate.Key) ([]correlate.ProvenanceOverride, error) {
	var all []correlate.ProvenanceOverride
	err := s.query(ctx, "list overrides", s.sql["override_list"], []any{named("source", key.Source), named("id", key.ID)}, func(rows driver.Rows) error {
		var by correlate.ProvenanceOverride
		var class string
		err := rows.Scan(&class, &by.Reason, &by.DecidedBy, &by.DecidedAt)
		by.Class = correlate.ProvenanceClass(class)
		all = append(all, by)
		return err
	})
	return all, err
}

// SaveLabels stores labels that rules gave again to changes of the past, and who
// asked for it. They count for what was stored before that moment.
func (s *Store) SaveLabels(ctx context.Context, labels []query.Label, by string, at time.Time) error {
	rows := make([]labelRow, len(labels))
	for i, l := range labels {
		body, err := toJSON(&l.Provenance)
		if err != nil {
			return s.refuse("save labels", err)
		}
		rows[i] = labelRow{Label: l, by: by, at: at, body: body}
	}
	return insertRows(ctx, s, "provenance_labels", "", labelFields, rows)
}
