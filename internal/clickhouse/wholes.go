package clickhouse

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// Figures count changes by columns that each event fills when it is stored. That
// is all there is to know of most changes. Some are known only as a whole: a
// deployment that names a commit and nothing more, an approval that came in an
// event of its own. They are worked out here, by the same folding and joining as
// anywhere, and kept beside the events.

// Limits of one look for changes to work out.
const (
	wholesPerLook = 5000
	wholesRead    = 500
	// relabelledBack is how far behind the clock labels are looked for: a row
	// becomes visible a moment after it is stamped.
	relabelledBack = 5 * time.Second
	// bookmarkEvery is how often the place is kept, bookmarkBack how far behind
	// it a start begins.
	bookmarkEvery = 30 * time.Second
	bookmarkBack  = time.Minute
)

// wholesBookmark is the name of the place.
const wholesBookmark = "change_wholes"

// wholeRow is one row of change_wholes.
type wholeRow struct {
	correlate.Change
	class     correlate.ProvenanceClass
	approvals []string
	workedAt  time.Time
}

// bookmarkRow is one row of bookmarks.
type bookmarkRow struct {
	name string
	at   time.Time
}

// The columns of the two tables.
var (
	wholeFields = []field[wholeRow]{
		textField("source", func(r *wholeRow) string { return r.Source }),
		textField("id", func(r *wholeRow) string { return r.ID }),
		wordField("key", func(r *wholeRow) uint64 { return hashOf(r.ID) }),
		timeField("started_at", func(r *wholeRow) time.Time { return r.StartedAt }),
		textsField("services", func(r *wholeRow) []string { return r.Services }),
		textField("class", func(r *wholeRow) string { return string(r.class) }),
		countField("commits", func(r *wholeRow) uint32 { return uint32(len(r.Commits)) }),
		countField("lines", func(r *wholeRow) uint32 { return lines(&r.Change) }),
		countField("lead_seconds", func(r *wholeRow) uint32 { return leadSeconds(&r.Change) }),
		textsField("approvals", func(r *wholeRow) []string { return r.approvals }),
		timeField("worked_at", func(r *wholeRow) time.Time { return r.workedAt }),
	}
	bookmarkFields = []field[bookmarkRow]{
		textField("name", func(r *bookmarkRow) string { return r.name }),
		timeField("at", func(r *bookmarkRow) time.Time { return r.at }),
	}
)

// Wholes follows the store and works out the changes that figures cannot count
// by their events. Two of them at work write the same rows. It is not safe for
// concurrent use.
type Wholes struct {
	store   *Store
	now     func() time.Time
	started bool
	changes follower
	// relabelled is up to where labels and overrides were read.
	relabelled time.Time
	marked     time.Time
}

// NewWholes answers a follower that begins where the last one of this database
// has kept its place, or with the first change.
func (s *Store) NewWholes(now func() time.Time) *Wholes {
	return &Wholes{store: s, now: now, changes: newFollower("tail_changes")}
}

// Next works out what one look finds. It answers how many changes that were, and
// whether more is waiting. When it fails, the same comes again.
func (w *Wholes) Next(ctx context.Context) (done int, more bool, err error) {
	if !w.started {
		if err := w.begin(ctx); err != nil {
			return 0, false, err
		}
	}
	if err := w.changes.look(ctx, w.store, wholesPerLook, w.now()); err != nil {
		return 0, false, err
	}
	keys, err := w.store.wholesDue(ctx, w.changes.found)
	if err != nil {
		return 0, false, err
	}
	until := w.now().Add(-relabelledBack)
	again, err := w.store.relabelled(ctx, w.relabelled, until)
	if err != nil {
		return 0, false, err
	}
	keys = append(keys, again...)
	for piece := range slices.Chunk(keys, wholesRead) {
		n, err := w.store.workOut(ctx, piece, w.now())
		if err != nil {
			return done, false, err
		}
		done += n
	}
	w.changes.accept()
	w.relabelled = until
	return done, w.changes.more, w.mark(ctx)
}

func (w *Wholes) begin(ctx context.Context) error {
	at := time.UnixMilli(0)
	err := w.store.query(ctx, "read a bookmark", w.store.sql["bookmark_one"], []any{named("name", wholesBookmark)}, func(rows driver.Rows) error {
		err := rows.Scan(&at)
		at = at.Add(-bookmarkBack)
		return err
	})
	if err != nil {
		return err
	}
	w.changes.begin(at)
	w.relabelled, w.started = at, true
	return nil
}

// mark keeps the place, now and then: at worst a start repeats a little.
func (w *Wholes) mark(ctx context.Context) error {
	if w.changes.more || w.now().Sub(w.marked) < bookmarkEvery || w.changes.cursor.UnixMilli() <= 0 {
		return nil
	}
	w.marked = w.now()
	return insertRows(ctx, w.store, "bookmarks", "", bookmarkFields, []bookmarkRow{{wholesBookmark, w.changes.cursor}})
}

// wholesDue answers which of the changes behind marks are to be worked out.
func (s *Store) wholesDue(ctx context.Context, marks []mark) ([]uint64, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	keys, starts := make([]uint64, len(marks)), make([]int64, len(marks))
	for i, m := range marks {
		keys[i], starts[i] = m.key, m.startedAt.UnixMilli()
	}
	slices.Sort(starts)
	return s.hashes(ctx, "look for changes to work out", "wholes_due", named("keys", keys), named("starts", slices.Compact(starts)))
}

func (s *Store) relabelled(ctx context.Context, from, to time.Time) ([]uint64, error) {
	return s.hashes(ctx, "look for new labels", "wholes_relabelled", named("from", from), named("to", to))
}

// hashes reads one column of hashes.
func (s *Store) hashes(ctx context.Context, op, statement string, params ...any) ([]uint64, error) {
	var all []uint64
	err := s.query(ctx, op, s.sql[statement], params, func(rows driver.Rows) error {
		var hash uint64
		err := rows.Scan(&hash)
		all = append(all, hash)
		return err
	})
	return all, err
}

// workOut folds and joins changes and stores what figures count them by; of
// changes to source code those that carry them.
func (s *Store) workOut(ctx context.Context, keys []uint64, now time.Time) (int, error) {
	events, err := s.changeEvents(ctx, keys)
	if err != nil {
		return 0, err
	}
	changes := event.FoldChanges(events)
	carriers, err := s.carriers(ctx, changes)
	if err != nil {
		return 0, err
	}
	changes = slices.DeleteFunc(changes, func(c correlate.Change) bool { return isCode(&c) })
	if err := s.joinCode(ctx, changes); err != nil {
		return 0, err
	}
	return s.saveWholes(ctx, distinct(append(changes, carriers...)), now)
}

// distinct keeps the first of the changes with a key.
func distinct(changes []correlate.Change) []correlate.Change {
	seen := make(map[correlate.Key]bool, len(changes))
	return slices.DeleteFunc(changes, func(c correlate.Change) bool {
		known := seen[c.Key()]
		seen[c.Key()] = true
		return known
	})
}

func (s *Store) saveWholes(ctx context.Context, changes []correlate.Change, now time.Time) (int, error) {
	if len(changes) == 0 {
		return 0, nil
	}
	keys := make([]correlate.Key, len(changes))
	for i := range changes {
		keys[i] = changes[i].Key()
	}
	classes, err := s.Provenances(ctx, keys)
	if err != nil {
		return 0, err
	}
	rows := make([]wholeRow, len(changes))
	for i := range changes {
		rows[i] = wholeRow{Change: changes[i], class: classes[keys[i]].Class, approvals: approvalsOf(&changes[i]), workedAt: now}
	}
	slices.SortFunc(rows, func(a, b wholeRow) int { return a.StartedAt.Compare(b.StartedAt) })
	size := func(r *wholeRow) int { return rowBytes + len(r.ID) }
	err = inPieces(&s.cfg, rows, size, func(piece []wholeRow) error {
		return insertRows(ctx, s, "change_wholes", "", wholeFields, piece)
	})
	if err != nil {
		return 0, fmt.Errorf("changes as wholes: %w", err)
	}
	return len(rows), nil
}
