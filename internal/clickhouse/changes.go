package clickhouse

import (
	"context"
	"slices"
	"strings"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// Changes answers one page of folded changes, newest first.
func (s *Store) Changes(ctx context.Context, q query.Changes) (query.Page[correlate.Change], error) {
	list := pageWalk[correlate.Change]{table: "changes", statement: "change_page", from: q.From, to: q.To, limit: q.Limit, cursor: q.Cursor}
	list.filter = filterHash("changes", q.From, q.To, q.Services, q.Kinds, q.Status, q.Environment, q.Source, q.Class, q.Text)
	list.params = []any{
		named("services", q.Services), named("kinds", texts(q.Kinds)), named("status", texts(q.Status)),
		named("environment", q.Environment), named("source", q.Source), named("class", texts(q.Class)), named("text", q.Text),
	}
	list.read = s.changesAt
	return list.page(ctx, s)
}

// changesAt reads whole changes in the order of their places.
func (s *Store) changesAt(ctx context.Context, places []place) ([]correlate.Change, error) {
	if len(places) == 0 {
		return nil, nil
	}
	hashes := make([]uint64, len(places))
	for i, p := range places {
		_, id, _ := strings.Cut(p.id, "\x00")
		hashes[i] = hashOf(id)
	}
	events, err := s.changeEvents(ctx, hashes)
	if err != nil {
		return nil, err
	}
	folded := event.FoldChanges(events)
	if err := s.joinCode(ctx, folded); err != nil {
		return nil, err
	}
	byKey := map[string]correlate.Change{}
	for _, c := range folded {
		byKey[identity(c.Source, c.ID)] = c
	}
	changes := make([]correlate.Change, 0, len(places))
	for _, p := range places {
		// A change whose start was moved far is found at both places, and is at
		// one of them.
		if c, ok := byKey[p.id]; ok && c.StartedAt.UnixMilli() == p.at {
			changes = append(changes, c)
		}
	}
	return changes, nil
}

// changeEvents reads every event of the changes whose ids have these hashes.
func (s *Store) changeEvents(ctx context.Context, hashes []uint64) ([]event.Change, error) {
	return s.readChangeEvents(ctx, "read changes", "change_events", hashes)
}

// hashesAtOnce bounds the hashes of one question: over HTTP they are part of its
// address, and servers take a megabyte of that at most. One push may have more.
const hashesAtOnce = 20_000

func (s *Store) readChangeEvents(ctx context.Context, op, statement string, hashes []uint64) ([]event.Change, error) {
	var events []event.Change
	for some := range slices.Chunk(hashes, hashesAtOnce) {
		err := s.query(ctx, op, s.sql[statement], []any{named("hashes", some)}, func(rows driver.Rows) error {
			var b stored
			if err := b.scan(rows); err != nil {
				return err
			}
			e, err := b.change()
			events = append(events, e)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return events, nil
}

// ChangesByID answers the changes with an id, one for each source that knows
// it, or the one of a source. None is no error.
func (s *Store) ChangesByID(ctx context.Context, id, source string) ([]correlate.Change, error) {
	events, err := s.changeEvents(ctx, []uint64{hashOf(id)})
	if err != nil {
		return nil, err
	}
	events = slices.DeleteFunc(events, func(e event.Change) bool {
		return e.ID != id || (source != "" && e.Source != source)
	})
	changes := event.FoldChanges(events)
	slices.SortFunc(changes, func(a, b correlate.Change) int { return strings.Compare(a.Source, b.Source) })
	return changes, s.joinCode(ctx, changes)
}
