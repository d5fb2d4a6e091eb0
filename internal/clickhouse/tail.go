package clickhouse

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// How the tail looks at the growing end of the tables. Rows carry the moment at
// which the server took them in, but become visible when their insert is
// committed, so rows may appear behind ones that were seen already. Each look
// begins again an overlap back; every sweepEvery one look goes sweepReach back,
// for inserts that took exceptionally long. Those that were under way when the
// feed began are looked for startOverlap back of its beginning: its history was
// read before they were visible.
const (
	tailOverlap  = 5 * time.Second
	startOverlap = time.Minute
	sweepEvery   = time.Minute
	sweepReach   = 10 * time.Minute
	marksPerLook = 20_000
)

// tail is the correlator's view of the store: first the history, then whatever
// is new.
type tail struct {
	store *Store
	since time.Time

	started bool
	history *history
	// followers tell what is new, by table.
	changes, alerts, topologies follower
}

// NewTail answers a feed that begins with everything that started since a
// moment and goes on with what is stored from now on. It may repeat itself, and
// misses nothing that was acknowledged.
func (s *Store) NewTail(since time.Time) correlate.Feed {
	return &tail{
		store: s, since: since,
		changes:    newFollower("tail_changes"),
		alerts:     newFollower("tail_alerts"),
		topologies: newFollower("tail_topologies"),
	}
}

// Next answers at most limit new values of each kind. When it fails, the same
// values come again.
func (t *tail) Next(ctx context.Context, limit int) (correlate.Delta, error) {
	if !t.started {
		if err := t.start(ctx); err != nil {
			return correlate.Delta{}, err
		}
	}
	if t.history != nil {
		delta, over, err := t.history.next(ctx, limit)
		if err != nil {
			return correlate.Delta{}, err
		}
		if over {
			t.history = nil
		}
		delta.More = true
		return delta, nil
	}
	return t.follow(ctx, limit)
}

// start notes the server's clock before the history is read, so that what is
// stored meanwhile is followed afterwards.
func (t *tail) start(ctx context.Context) error {
	var now time.Time
	err := t.store.query(ctx, "ask for the time", t.store.sql["server_time"], nil, func(rows driver.Rows) error {
		return rows.Scan(&now)
	})
	if err != nil {
		return err
	}
	for _, f := range t.followers() {
		f.begin(now)
	}
	t.history = &history{store: t.store, since: t.since}
	t.started = true
	return nil
}

func (t *tail) followers() []*follower { return []*follower{&t.changes, &t.alerts, &t.topologies} }

// follow looks at all three tables. What it finds counts as seen only when all
// of it could be read.
func (t *tail) follow(ctx context.Context, limit int) (delta correlate.Delta, err error) {
	now := time.Now()
	for _, f := range t.followers() {
		if err := f.look(ctx, t.store, limit, now); err != nil {
			return correlate.Delta{}, err
		}
		delta.More = delta.More || f.more
	}
	if delta.Changes, err = t.store.changesMarked(ctx, t.changes.found); err != nil {
		return correlate.Delta{}, err
	}
	carriers, err := t.store.carriers(ctx, delta.Changes)
	if err != nil {
		return correlate.Delta{}, err
	}
	delta.Changes = append(delta.Changes, carriers...)
	if delta.Alerts, err = t.store.alertsMarked(ctx, t.alerts.found); err != nil {
		return correlate.Delta{}, err
	}
	if delta.Topologies, err = t.readTopologies(ctx); err != nil {
		return correlate.Delta{}, err
	}
	for _, f := range t.followers() {
		f.accept()
	}
	return delta, nil
}

// changesMarked reads the whole changes of which an event was marked.
func (s *Store) changesMarked(ctx context.Context, marks []mark) ([]correlate.Change, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	hashes := make([]uint64, len(marks))
	for i, m := range marks {
		hashes[i] = m.key
	}
	events, err := s.changeEvents(ctx, hashes)
	if err != nil {
		return nil, err
	}
	changes := event.FoldChanges(events)
	return changes, s.joinCode(ctx, changes)
}

// alertsMarked reads the whole episodes of which an event was marked.
func (s *Store) alertsMarked(ctx context.Context, marks []mark) ([]correlate.Alert, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	at, keys := make([]int64, len(marks)), make([]uint64, len(marks))
	for i, m := range marks {
		at[i], keys[i] = m.startedAt.UnixMilli(), m.key
	}
	episodes, err := s.alertsHashed(ctx, at, keys)
	alerts := slices.Collect(maps.Values(episodes))
	sortAlerts(alerts)
	return alerts, err
}

func (t *tail) readTopologies(ctx context.Context) ([]correlate.Topology, error) {
	if len(t.topologies.found) == 0 {
		return nil, nil
	}
	uids := make([]uint64, len(t.topologies.found))
	for i, m := range t.topologies.found {
		uids[i] = m.uid
	}
	return t.store.snapshots(ctx, "tail_snapshots", named("uids", uids))
}

// snapshots reads topology snapshots.
func (s *Store) snapshots(ctx context.Context, statement string, params ...any) ([]correlate.Topology, error) {
	var all []correlate.Topology
	seen := map[uint64]bool{}
	err := s.query(ctx, "read topology snapshots", s.sql[statement], params, func(rows driver.Rows) error {
		var b stored
		if err := b.scan(rows); err != nil || seen[b.meta.UID] {
			return err
		}
		seen[b.meta.UID] = true
		e, err := b.topology()
		all = append(all, e.Topology)
		return err
	})
	return all, err
}

// history reads what is stored already, in the order of the tables.
type history struct {
	store *Store
	since time.Time

	// after is the place of the last change or alert that was read.
	after mark
	stage historyStage
	// pending are changes that were read and not told.
	pending []correlate.Change
}

// historyPage is how many places are read at once, which may be more than are told
// at once: the way from the hash of a change to all its events leads through half
// of a table whose order is that of hashes, however few are asked for.
const historyPage = hashesAtOnce

// historyStage is the table that the history is reading.
type historyStage int

const (
	readingTopologies historyStage = iota
	readingChanges
	readingAlerts
	historyRead
)

// next answers the next piece, and whether all is told.
func (h *history) next(ctx context.Context, limit int) (delta correlate.Delta, over bool, err error) {
	switch h.stage {
	case readingTopologies:
		delta.Topologies, err = h.store.snapshots(ctx, "history_topologies")
		if err == nil {
			h.stage = readingChanges
		}
	case readingChanges:
		delta.Changes, err = h.changes(ctx, limit)
	default:
		delta.Alerts, err = h.alerts(ctx, limit)
	}
	return delta, h.stage == historyRead, err
}

// advance goes on behind the last of these places, or to the next table when
// there are none.
func (h *history) advance(marks []mark, then historyStage) {
	if len(marks) == 0 {
		h.stage, h.after = then, mark{}
		return
	}
	h.after = marks[len(marks)-1]
}

func (h *history) changes(ctx context.Context, limit int) ([]correlate.Change, error) {
	if len(h.pending) == 0 {
		if err := h.readPage(ctx, max(limit, historyPage)); err != nil {
			return nil, err
		}
	}
	n := min(limit, len(h.pending))
	told := h.pending[:n:n]
	h.pending = h.pending[n:]
	return told, nil
}

// readPage reads the changes of the next places.
func (h *history) readPage(ctx context.Context, places int) error {
	marks, err := h.marks(ctx, "history_changes", places)
	if err != nil {
		return err
	}
	changes, err := h.store.changesMarked(ctx, marks)
	if err == nil {
		h.pending = changes
		h.advance(marks, readingAlerts)
	}
	return err
}

func (h *history) alerts(ctx context.Context, limit int) ([]correlate.Alert, error) {
	marks, err := h.marks(ctx, "history_alerts", limit)
	if err != nil {
		return nil, err
	}
	alerts, err := h.store.alertsMarked(ctx, marks)
	if err == nil {
		h.advance(marks, historyRead)
	}
	return alerts, err
}

// marks reads the places of the next values, each place once. It begins where the
// last ended, so that what has been told is not read again only to be left out.
func (h *history) marks(ctx context.Context, statement string, limit int) ([]mark, error) {
	var found []mark
	since := h.since
	if h.after.startedAt.After(since) {
		since = h.after.startedAt
	}
	err := h.store.query(ctx, "read the history", h.store.sql[statement], []any{
		named("since", since), named("after_at", h.after.startedAt.UnixMilli()), named("after_key", h.after.key),
		named("begun", !h.after.startedAt.IsZero()), named("limit", limit),
	}, func(rows driver.Rows) error {
		var m mark
		err := rows.Scan(&m.startedAt, &m.key)
		found = append(found, m)
		return err
	})
	return found, err
}

var _ correlate.Feed = (*tail)(nil)
