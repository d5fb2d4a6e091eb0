package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// pollTimeout bounds one look at the store. It asks for pollRows rows, and for
// pollGrowth times as many while they do not suffice, up to maxPollRows.
const (
	pollTimeout = 5 * time.Second
	pollRows    = 500
	pollGrowth  = 4
	maxPollRows = 100_000
)

// clockSkew is how far the clocks of this machine and of the store may be apart.
const clockSkew = 5 * time.Minute

// maxRemembered bounds how many incidents the hub remembers the last state of.
// A forgotten one costs a repeated event, nothing worse.
const maxRemembered = 10_000

// subscriber is one client of the stream. The hub alone closes events.
type subscriber struct {
	// since and lastID say where to resume; a zero since starts now.
	since  time.Time
	lastID string
	// answer receives nil or the reason to refuse, once.
	answer chan error
	// backlog is what was missed, set before the answer.
	backlog []streamEvent
	events  chan streamEvent
}

// Reasons to refuse or end a stream.
var (
	errStreamsFull = errors.New("too many streams")
	errStreamsOver = errors.New("the server is stopping")
)

const (
	endSlow     = "slow"
	endShutdown = "shutdown"
	endClient   = "client"
)

// hub looks at the store for all clients of the stream and hands each what is
// new. One goroutine, run, owns everything in it.
type hub struct {
	store   UpdateReader
	cfg     StreamConfig
	log     *slog.Logger
	metrics *metrics
	now     func() time.Time

	joins  chan *subscriber
	leaves chan *subscriber
	done   chan struct{}

	clients map[*subscriber]struct{}
	seen    map[string]state
	// cursor is the time of the newest row seen.
	cursor  time.Time
	failing bool
}

func newHub(store UpdateReader, cfg StreamConfig, log *slog.Logger, m *metrics, now func() time.Time) *hub {
	return &hub{
		store: store, cfg: cfg, log: log, metrics: m, now: now,
		joins: make(chan *subscriber), leaves: make(chan *subscriber), done: make(chan struct{}),
		clients: map[*subscriber]struct{}{}, seen: map[string]state{},
	}
}

// run serves the clients until the context ends, then ends all streams.
func (h *hub) run(ctx context.Context) {
	defer close(h.done)
	ticker := time.NewTicker(h.cfg.PollInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			for sub := range h.clients {
				h.drop(sub, endShutdown)
			}
			return
		case sub := <-h.joins:
			h.admit(ctx, h.gather(sub))
		case sub := <-h.leaves:
			h.drop(sub, endClient)
		case <-ticker.C:
			if len(h.clients) > 0 {
				h.poll(ctx)
			}
		}
	}
}

// join asks the hub for a seat and waits for what was missed.
func (h *hub) join(ctx context.Context, lastID string) (*subscriber, error) {
	sub := &subscriber{
		lastID: lastID, since: eventTime(lastID),
		answer: make(chan error, 1), events: make(chan streamEvent, h.cfg.Queue),
	}
	select {
	case h.joins <- sub:
	case <-h.done:
		return nil, errStreamsOver
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	// The hub took the subscriber, so it answers, within the time of one look.
	return sub, <-sub.answer
}

// leave gives the seat back.
func (h *hub) leave(sub *subscriber) {
	select {
	case h.leaves <- sub:
	case <-h.done:
	}
}

// gather takes the clients that are waiting at the door together with the
// first, so that a crowd that comes back at once costs one look at the store.
func (h *hub) gather(first *subscriber) []*subscriber {
	crowd := []*subscriber{first}
	for len(crowd) < h.cfg.MaxClients {
		select {
		case sub := <-h.joins:
			crowd = append(crowd, sub)
		default:
			return crowd
		}
	}
	return crowd
}

// admit seats new clients and replays to each what it missed.
func (h *hub) admit(ctx context.Context, crowd []*subscriber) {
	err := h.prime(ctx)
	var rows []query.Update
	if err == nil {
		rows, err = h.missed(ctx, crowd)
	}
	for _, sub := range crowd {
		switch {
		case err != nil:
			sub.answer <- err
		case len(h.clients) >= h.cfg.MaxClients:
			sub.answer <- errStreamsFull
		default:
			sub.backlog = h.replay(sub, rows)
			h.clients[sub] = struct{}{}
			h.metrics.streams.Inc()
			sub.answer <- nil
		}
	}
}

// prime finds the newest row before the first client is seated, so that the
// cursor follows the store's clock alone, and what is old is not told as new.
func (h *hub) prime(ctx context.Context) error {
	if len(h.clients) > 0 {
		return nil
	}
	h.cursor = h.now().UTC().Add(-clockSkew)
	rows, err := h.read(ctx, h.cursor, 0)
	if err != nil {
		return err
	}
	for i := range rows {
		h.remember(&rows[i])
	}
	return nil
}

// remember notes the state that clients know of, and moves the cursor.
func (h *hub) remember(row *query.Update) {
	h.seen[row.Incident] = state{revision: row.Revision, version: row.FindingVersion, judgements: row.Judgements, proposals: row.Proposals, commands: row.Commands, at: row.At}
	if row.At.After(h.cursor) {
		h.cursor = row.At
	}
}

// missed reads what the resuming clients of a crowd missed, for the one that
// was away longest.
func (h *hub) missed(ctx context.Context, crowd []*subscriber) ([]query.Update, error) {
	var since time.Time
	oldest := h.now().Add(-h.cfg.ReplayWindow)
	for _, sub := range crowd {
		resumes := !sub.since.IsZero() && sub.since.After(oldest)
		if resumes && (since.IsZero() || sub.since.Before(since)) {
			since = sub.since
		}
	}
	if since.IsZero() {
		return nil, nil
	}
	return h.read(ctx, since.Add(-h.cfg.Overlap), h.cfg.MaxReplay+1)
}

// replay returns the events that one client missed. It may repeat some from
// the overlap, which a client must bear anyhow.
func (h *hub) replay(sub *subscriber, rows []query.Update) []streamEvent {
	if sub.since.IsZero() {
		return nil
	}
	now := h.now()
	if sub.since.Before(now.Add(-h.cfg.ReplayWindow)) || len(rows) > h.cfg.MaxReplay {
		return []streamEvent{{id: eventID(now, "", ""), kind: eventReset, data: []byte("{}")}}
	}
	var events []streamEvent
	after := sub.since.Add(-h.cfg.Overlap)
	for i := range rows {
		if rows[i].At.Before(after) {
			continue
		}
		for _, e := range eventsOf(&rows[i], state{}) {
			if e.id != sub.lastID {
				events = append(events, e)
			}
		}
	}
	return events
}

// poll hands what is new to all clients.
func (h *hub) poll(ctx context.Context) {
	rows, err := h.read(ctx, h.cursor.Add(-h.cfg.Overlap), 0)
	if err != nil {
		return
	}
	for i := range rows {
		row := &rows[i]
		for _, e := range eventsOf(row, h.seen[row.Incident]) {
			h.deliver(e)
		}
		h.remember(row)
	}
	h.forget()
}

// forget keeps the memory of incidents bounded: those that are behind the
// overlap do not come again unless they change.
func (h *hub) forget() {
	if len(h.seen) <= maxRemembered {
		return
	}
	for incident, s := range h.seen {
		if s.at.Before(h.cursor.Add(-h.cfg.Overlap)) {
			delete(h.seen, incident)
		}
	}
}

// read reads updates, oldest first, at most a number of rows, 0 for all. Rows of
// one insert share their time, so a full answer cannot be continued from its
// last row: a larger one is asked for instead. A failure is logged once, not at
// every look.
func (h *hub) read(ctx context.Context, after time.Time, most int) ([]query.Update, error) {
	ctx, cancel := context.WithTimeout(ctx, pollTimeout)
	defer cancel()
	if most == 0 {
		most = maxPollRows
	}
	for limit := min(pollRows, most); ; limit = min(limit*pollGrowth, most) {
		rows, err := h.store.UpdatedSince(ctx, after, limit)
		if err != nil {
			return nil, h.failed(ctx, err)
		}
		if len(rows) < limit || limit == most {
			h.failing = false
			return rows, nil
		}
	}
}

func (h *hub) failed(ctx context.Context, err error) error {
	h.metrics.pollErrors.Inc()
	if !h.failing {
		h.failing = true
		h.log.LogAttrs(ctx, slog.LevelWarn, "the stream cannot read updates; it tries on", slog.Any("error", err))
	}
	return fmt.Errorf("read updates: %w", err)
}

// deliver queues an event for every client and drops those that lag too far
// behind: they come back with Last-Event-ID and miss nothing.
func (h *hub) deliver(e streamEvent) {
	for sub := range h.clients {
		select {
		case sub.events <- e:
			h.metrics.streamEvents.WithLabelValues(e.kind).Inc()
		default:
			h.drop(sub, endSlow)
		}
	}
}

// drop ends a stream; a second call does nothing.
func (h *hub) drop(sub *subscriber, reason string) {
	if _, seated := h.clients[sub]; !seated {
		return
	}
	delete(h.clients, sub)
	h.metrics.streams.Dec()
	h.metrics.streamEnds.WithLabelValues(reason).Inc()
	close(sub.events)
}
