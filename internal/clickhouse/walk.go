package clickhouse

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
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

// pageWalk is one page of a list of folded values, newest first: what stands
// where in a table is looked for window by window, then the values are read.
type pageWalk[T any] struct {
	// table is walked, statement finds the places in one window of it.
	table, statement string
	from, to         time.Time
	limit            int
	// cursor is where the page before ended, for the list with this filter.
	cursor string
	filter uint64
	// params are those of the statement beside the window and the place to go
	// on from.
	params []any
	// read reads the values at these places, in their order.
	read func(ctx context.Context, places []place) ([]T, error)
}

func (w *pageWalk[T]) page(ctx context.Context, s *Store) (query.Page[T], error) {
	limit := pageLimit(w.limit)
	after, err := readCursor(w.cursor, w.filter)
	if err != nil {
		return query.Page[T]{}, err
	}
	var places []place
	err = s.walkBack(ctx, w.table, w.from, w.to, after, func(ctx context.Context, since, until time.Time) (bool, error) {
		found, err := s.places(ctx, "list "+w.table, w.statement, slices.Concat(w.params, []any{
			named("since", since), named("until", until),
			named("after_at", after.at), named("after_id", after.id), named("limit", limit+1-len(places)),
		})...)
		places = append(places, found...)
		return len(places) > limit, err
	})
	if err != nil {
		return query.Page[T]{}, err
	}
	page := pageOf(places, limit, func(p *place) string { return writeCursor(cursor(*p), w.filter) })
	items, err := w.read(ctx, page.Items)
	return query.Page[T]{Items: items, Next: page.Next}, err
}

// place is where an item stands in a list: its start and its identity.
type place cursor

// identity joins the parts of an identity as the statements do.
func identity(parts ...string) string { return strings.Join(parts, "\x00") }

// places reads the columns start, identity.
func (s *Store) places(ctx context.Context, op, statement string, params ...any) ([]place, error) {
	var found []place
	err := s.query(ctx, op, s.sql[statement], params, func(rows driver.Rows) error {
		var at time.Time
		var id string
		err := rows.Scan(&at, &id)
		found = append(found, place{at: at.UnixMilli(), id: id})
		return err
	})
	return found, err
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
