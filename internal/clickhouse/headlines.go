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

// maxSuspicions bounds how many incidents one change is told with.
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

// Suspected answers for each of some changes the incidents in whose newest finding
// it is a suspect, the most recently judged first. Changes that are none are left
// out.
func (s *Store) Suspected(ctx context.Context, changes []correlate.Key) (map[correlate.Key][]string, error) {
	if len(changes) == 0 {
		return nil, nil
	}
	sources, ids := make([]string, len(changes)), make([]string, len(changes))
	for i, c := range changes {
		sources[i], ids[i] = c.Source, c.ID
	}
	all := map[correlate.Key][]string{}
	params := []any{named("sources", sources), named("ids", ids), named("limit", maxSuspicions)}
	err := s.query(ctx, "look which changes are suspects", s.sql["change_suspected"], params, func(rows driver.Rows) error {
		var change correlate.Key
		var incident string
		if err := rows.Scan(&change.Source, &change.ID, &incident); err != nil {
			return err
		}
		all[change] = append(all[change], incident)
		return nil
	})
	return all, err
}
