package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// Freshness tells for each source of the last week when it was last heard of
// and how many events it sent, counting what came more than once.
func (s *Store) Freshness(ctx context.Context) ([]query.Freshness, error) {
	var all []query.Freshness
	err := s.query(ctx, "look how fresh the sources are", s.sql["freshness"], nil, func(rows driver.Rows) error {
		var f query.Freshness
		var lag int64
		if err := rows.Scan(&f.Kind, &f.Source, &f.LastSeenAt, &f.Events, &lag); err != nil {
			return err
		}
		f.Lag = time.Duration(lag) * time.Millisecond
		all = append(all, f)
		return nil
	})
	return all, err
}

// seenBatch bounds the uids of one question.
const seenBatch = 5000

// Seen tells which of these events are stored already.
func (s *Store) Seen(ctx context.Context, kind event.Kind, uids []uint64) (map[uint64]bool, error) {
	seen := make(map[uint64]bool)
	statement := s.sql["seen_"+string(kind)]
	for from := 0; from < len(uids); from += seenBatch {
		piece := uids[from:min(from+seenBatch, len(uids))]
		err := s.query(ctx, "look which events are known", statement, []any{named("uids", piece)}, func(rows driver.Rows) error {
			var uid uint64
			err := rows.Scan(&uid)
			seen[uid] = true
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return seen, nil
}
