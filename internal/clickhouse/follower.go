package clickhouse

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// mark is where an event stands and when the server took it in.
type mark struct {
	uid, key              uint64
	startedAt, ingestedAt time.Time
}

// follower finds the events of one table that were not seen before.
type follower struct {
	statement string
	// cursor is the latest moment of intake that was seen.
	cursor time.Time
	seen   seenSet
	swept  time.Time

	// found is what the last look found, more whether it left something.
	found []mark
	more  bool
	// sweeping is true while the last look went far back.
	sweeping bool
}

func newFollower(statement string) follower {
	return follower{statement: statement, seen: seenSet{slots: map[int64]map[uint64]struct{}{}}}
}

// begin follows from a moment of the server's clock.
func (f *follower) begin(at time.Time) {
	f.cursor, f.swept = at, time.Now()
	f.seen.floor = slotOf(at.Add(-startOverlap))
}

// look reads the marks behind and beyond the cursor and keeps those that are
// new, the oldest first, at most limit of them.
func (f *follower) look(ctx context.Context, s *Store, limit int, now time.Time) error {
	reach := tailOverlap
	f.sweeping = now.Sub(f.swept) >= sweepEvery
	if f.sweeping {
		reach = f.seen.reach(f.cursor)
	}
	f.found, f.more = f.found[:0], false
	beyond := 0
	err := s.query(ctx, "look for new events", s.sql[f.statement], []any{
		named("from", f.cursor.Add(-reach)), named("cursor", f.cursor), named("limit", marksPerLook),
	}, func(rows driver.Rows) error {
		var m mark
		if err := rows.Scan(&m.uid, &m.key, &m.startedAt, &m.ingestedAt); err != nil {
			return err
		}
		if m.ingestedAt.After(f.cursor) {
			beyond++
		}
		if !f.seen.has(m) {
			f.found = append(f.found, m)
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortFunc(f.found, func(a, b mark) int { return a.ingestedAt.Compare(b.ingestedAt) })
	cut := len(f.found) > limit
	f.more = beyond >= marksPerLook || cut
	f.found = f.found[:min(len(f.found), limit)]
	if f.sweeping && !cut {
		// What a sweep had no room for lies too far back for any other look.
		f.swept = now
	}
	return nil
}

// accept counts what the last look found as seen.
func (f *follower) accept() {
	for _, m := range f.found {
		f.seen.add(m)
		if m.ingestedAt.After(f.cursor) {
			f.cursor = m.ingestedAt
		}
	}
	f.found = f.found[:0]
	f.seen.forget(f.cursor)
}

// seenLimit bounds the memory of what was seen, about 40 MB.
const seenLimit = 1 << 20

// slotLength is the grain in which what was seen is forgotten.
const slotLength = 10 * time.Second

// seenSet remembers the events of the last minutes, in slots of time.
type seenSet struct {
	slots map[int64]map[uint64]struct{}
	size  int
	// floor is the first slot that is remembered in full.
	floor int64
}

func slotOf(at time.Time) int64 { return at.UnixMilli() / slotLength.Milliseconds() }

func (s *seenSet) has(m mark) bool {
	_, known := s.slots[slotOf(m.ingestedAt)][m.uid]
	return known
}

func (s *seenSet) add(m mark) {
	slot := slotOf(m.ingestedAt)
	if s.slots[slot] == nil {
		s.slots[slot] = map[uint64]struct{}{}
	}
	if _, known := s.slots[slot][m.uid]; !known {
		s.slots[slot][m.uid] = struct{}{}
		s.size++
	}
}

// reach is how far behind the cursor a sweep may go without repeating what was
// seen but forgotten.
func (s *seenSet) reach(cursor time.Time) time.Duration {
	kept := cursor.Sub(time.UnixMilli(s.floor * slotLength.Milliseconds()))
	return max(tailOverlap, min(sweepReach, kept))
}

// forget drops what no sweep asks for any more, and the oldest slots when there
// is too much.
func (s *seenSet) forget(cursor time.Time) {
	s.floor = max(s.floor, slotOf(cursor.Add(-sweepReach)))
	for s.size > seenLimit && s.floor < slotOf(cursor.Add(-tailOverlap)) {
		s.floor++
		s.drop()
	}
	s.drop()
}

func (s *seenSet) drop() {
	for slot, uids := range s.slots {
		if slot < s.floor {
			s.size -= len(uids)
			delete(s.slots, slot)
		}
	}
}
