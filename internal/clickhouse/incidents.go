package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// incidentRow is one row of incidents, memberRow one of incident_alerts.
type (
	incidentRow struct {
		*correlate.Incident
		body string
	}
	memberRow struct {
		incident string
		revision int64
		alert    correlate.AlertKey
	}
)

// The columns of the two tables.
var (
	incidentFields = []field[incidentRow]{
		textField("id", func(r *incidentRow) string { return r.ID }),
		wordField("revision", func(r *incidentRow) uint64 { return uint64(r.Revision) }),
		textField("status", func(r *incidentRow) string { return string(r.Status) }),
		textField("severity", func(r *incidentRow) string { return string(r.Severity) }),
		textField("title", func(r *incidentRow) string { return r.Title }),
		textField("environment", func(r *incidentRow) string { return r.Environment }),
		textsField("services", func(r *incidentRow) []string { return r.Services }),
		textsField("regions", func(r *incidentRow) []string { return r.Regions }),
		countField("alerts", func(r *incidentRow) uint32 { return uint32(len(r.Alerts)) }),
		textField("merged_into", func(r *incidentRow) string { return r.MergedInto }),
		timeField("started_at", func(r *incidentRow) time.Time { return r.StartedAt }),
		optionalTimeField("resolved_at", func(r *incidentRow) *time.Time { return r.ResolvedAt }),
		timeField("updated_at", func(r *incidentRow) time.Time { return r.UpdatedAt }),
		textField("body", func(r *incidentRow) string { return r.body }),
	}
	memberFields = []field[memberRow]{
		textField("incident", func(r *memberRow) string { return r.incident }),
		textField("fingerprint", func(r *memberRow) string { return r.alert.Fingerprint }),
		timeField("started_at", func(r *memberRow) time.Time { return r.alert.StartedAt }),
		wordField("revision", func(r *memberRow) uint64 { return uint64(r.revision) }),
	}
)

// SaveIncidents stores revisions of incidents. Saving a revision again, from
// here or from another correlator, changes nothing.
func (s *Store) SaveIncidents(ctx context.Context, incidents []correlate.Incident) error {
	rows := make([]incidentRow, len(incidents))
	var members []memberRow
	for i := range incidents {
		in := &incidents[i]
		body, err := toJSON(in)
		if err != nil {
			return s.refuse("save incidents", err)
		}
		rows[i] = incidentRow{Incident: in, body: body}
		for _, alert := range in.Alerts {
			members = append(members, memberRow{incident: in.ID, revision: in.Revision, alert: alert})
		}
	}
	// The incident comes last: whoever sees it finds its alerts.
	if err := insertRows(ctx, s, "incident_alerts", "", memberFields, members); err != nil {
		return err
	}
	return insertRows(ctx, s, "incidents", "", incidentFields, rows)
}

// Incidents answers one page of incidents, newest first.
func (s *Store) Incidents(ctx context.Context, q query.Incidents) (query.Page[correlate.Incident], error) {
	limit := pageLimit(q.Limit)
	filter := filterHash("incidents", q.From, q.To, q.Status, q.Severity, q.Service, q.Text)
	after, err := readCursor(q.Cursor, filter)
	if err != nil {
		return query.Page[correlate.Incident]{}, err
	}
	items, err := bodies[correlate.Incident](ctx, s, "list incidents", "incident_list",
		named("status", texts(q.Status)), named("severity", texts(q.Severity)),
		named("service", q.Service), named("text", q.Text),
		named("from", millis(q.From)), named("to", millis(q.To)),
		named("after_at", after.at), named("after_id", after.id), named("limit", limit+1))
	if err != nil {
		return query.Page[correlate.Incident]{}, err
	}
	return pageOf(items, limit, func(in *correlate.Incident) string {
		return writeCursor(cursor{at: in.StartedAt.UnixMilli(), id: in.ID}, filter)
	}), nil
}

// IncidentCounts answers how many incidents of each status have each severity.
// Of the filter it takes all but status, severity and the page, so that one answer
// tells what each of them would let through.
func (s *Store) IncidentCounts(ctx context.Context, q query.Incidents) ([]query.IncidentCount, error) {
	var all []query.IncidentCount
	params := []any{named("service", q.Service), named("text", q.Text), named("from", millis(q.From)), named("to", millis(q.To))}
	err := s.query(ctx, "count incidents", s.sql["incident_counts"], params, func(rows driver.Rows) error {
		var status, severity string
		var count uint64
		if err := rows.Scan(&status, &severity, &count); err != nil {
			return err
		}
		all = append(all, query.IncidentCount{Status: correlate.IncidentStatus(status), Severity: correlate.Severity(severity), Count: int(count)}) //nolint:gosec // Counts of rows fit.
		return nil
	})
	return all, err
}

// Incident answers the newest revision of one incident, or query.ErrNotFound.
func (s *Store) Incident(ctx context.Context, id string) (correlate.Incident, error) {
	return body[correlate.Incident](ctx, s, "read an incident", "incident_one", named("id", id))
}

// IncidentAlerts answers the alert episodes of an incident by their start, or
// query.ErrNotFound.
func (s *Store) IncidentAlerts(ctx context.Context, incident string) ([]correlate.Alert, error) {
	in, err := s.Incident(ctx, incident)
	if err != nil || len(in.Alerts) == 0 {
		return nil, err
	}
	keys := make([]correlate.AlertKey, len(in.Alerts))
	for i, key := range in.Alerts {
		keys[i] = sameMoment(key)
	}
	episodes, err := s.alertsByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	alerts := make([]correlate.Alert, 0, len(keys))
	for _, key := range keys {
		if alert, ok := episodes[key]; ok {
			alerts = append(alerts, alert)
		}
	}
	sortAlerts(alerts)
	return alerts, nil
}

// UpdatedSince tells which incidents got a row after a moment, in the order in
// which they got it.
func (s *Store) UpdatedSince(ctx context.Context, after time.Time, limit int) ([]query.Update, error) {
	var updates []query.Update
	err := s.query(ctx, "look for updates", s.sql["incident_updates"],
		[]any{named("after", millis(after)), named("limit", limit)}, func(rows driver.Rows) error {
			var u query.Update
			var revision uint64
			var version uint32
			var judgements, proposals, commands uint64
			if err := rows.Scan(&u.Incident, &revision, &version, &judgements, &proposals, &commands, &u.At); err != nil {
				return err
			}
			u.Revision, u.FindingVersion = int64(revision), int(version)
			u.Judgements, u.Proposals, u.Commands = int(judgements), int(proposals), int(commands)
			updates = append(updates, u)
			return nil
		})
	return updates, err
}

// Saved tells how far the incidents that were stored since a moment have come.
func (s *Store) Saved(ctx context.Context, since time.Time) (map[string]correlate.SavedState, error) {
	saved := map[string]correlate.SavedState{}
	err := s.query(ctx, "look what is saved", s.sql["incident_saved"],
		[]any{named("since", millis(since))}, func(rows driver.Rows) error {
			var id string
			var revision uint64
			var version uint32
			if err := rows.Scan(&id, &revision, &version); err != nil {
				return err
			}
			saved[id] = correlate.SavedState{Revision: int64(revision), FindingVersion: int(version)}
			return nil
		})
	return saved, err
}
