package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// firstStep is the window that a list looks at first; each further one is
// stepGrowth times as long.
const (
	firstStep  = 24 * time.Hour
	stepGrowth = 4
)

// walkBack looks at windows of time from the newest to the oldest until look
// has enough. A list of the newest items thus reads little, however much is
// stored, and a filter that lets few through still reaches all of it in a few
// steps.
func (s *Store) walkBack(
	ctx context.Context, table string, from, to time.Time, after cursor,
	look func(ctx context.Context, since, until time.Time) (enough bool, err error),
) error {
	first, last, any, err := s.bounds(ctx, table)
	if err != nil || !any {
		return err
	}
	if from.Before(first) {
		from = first
	}
	if end := last.Add(time.Millisecond); to.IsZero() || to.After(end) {
		to = end
	}
	if at := time.UnixMilli(after.at).Add(time.Millisecond); after.id != "" && at.Before(to) {
		to = at
	}
	step := firstStep
	for until := to; until.After(from); {
		since := until.Add(-step)
		if since.Before(from) {
			since = from
		}
		enough, err := look(ctx, since, until)
		if err != nil || enough {
			return err
		}
		until, step = since, step*stepGrowth
	}
	return nil
}

// bounds answers the first and the last start in a table, and whether it holds
// anything. The answer comes from the parts' own statistics.
func (s *Store) bounds(ctx context.Context, table string) (first, last time.Time, any bool, err error) {
	err = s.query(ctx, "look how far "+table+" reach", s.sql["bounds_"+table], nil, func(rows driver.Rows) error {
		var n uint64
		err := rows.Scan(&first, &last, &n)
		any = n > 0
		return err
	})
	return first, last, any, err
}
