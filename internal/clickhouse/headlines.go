package clickhouse

import (
	"context"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Headlines answers the newest finding of each incident in a few words, in no
// particular order. Incidents without a finding are left out.
func (s *Store) Headlines(ctx context.Context, incidents []string) ([]query.Headline, error) {
	if len(incidents) == 0 {
		return nil, nil
	}
	var all []query.Headline
	err := s.query(ctx, "read headlines", s.sql["finding_headlines"], []any{named("incidents", incidents)}, func(rows driver.Rows) error {
		var h query.Headline
		var version uint32
		var verdict, kind string
		if err := rows.Scan(&h.Incident, &version, &verdict, &h.NoChangeProbability, &h.Change.Source, &h.Change.ID, &kind, &h.Title, &h.Probability); err != nil {
			return err
		}
		h.Version, h.Verdict, h.Kind = int(version), correlate.Verdict(verdict), correlate.ChangeKind(kind)
		all = append(all, h)
		return nil
	})
	return all, err
}

// maxSuspicions bounds how many incidents one change is shown with.
const maxSuspicions = 20

// Suspicions answers the incidents in whose newest finding a change is a
// suspect, the most recently judged first.
func (s *Store) Suspicions(ctx context.Context, change correlate.Key) ([]query.Suspicion, error) {
	var all []query.Suspicion
	params := []any{named("source", change.Source), named("id", change.ID), named("limit", maxSuspicions)}
	err := s.query(ctx, "look where a change is a suspect", s.sql["change_suspicions"], params, func(rows driver.Rows) error {
		var x query.Suspicion
		var version, rank uint32
		if err := rows.Scan(&x.Incident, &version, &rank, &x.Probability); err != nil {
			return err
		}
		x.Version, x.Rank = int(version), int(rank)
		all = append(all, x)
		return nil
	})
	return all, err
}
