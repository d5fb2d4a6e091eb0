package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Store is where incidents and findings are read. Missing ones are
// query.ErrNotFound.
type Store interface {
	UpdatedSince(ctx context.Context, after time.Time, limit int) ([]query.Update, error)
	Incident(ctx context.Context, id string) (correlate.Incident, error)
	Finding(ctx context.Context, incident string, version int) (correlate.Finding, error)
}

// Commands answers every word about who commands incidents, the oldest first.
type Commands interface {
	Commands(ctx context.Context, incidents []string) ([]query.Command, error)
}

// Judgements tells what people say about incidents, and which incidents they
// have judged since a moment.
type Judgements interface {
	Judgements(ctx context.Context, incidents []string) ([]correlate.Judgement, error)
	JudgementsSince(ctx context.Context, after time.Time, limit int) ([]query.StoredJudgement, error)
}

// Ledger keeps what targets were told, so that a restart tells nothing twice.
type Ledger interface {
	SaveTold(ctx context.Context, t Told) error
	ToldSince(ctx context.Context, since time.Time) ([]Told, error)
}

// Lost keeps the news that a target could not be told after all attempts, where
// people see it, ask for another attempt or dismiss it.
type Lost interface {
	SaveNoticeWord(ctx context.Context, w query.NoticeWord) error
	Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error)
}

// Target is one place that is told. Thread is what it returned when it was told
// of the incident for the first time, empty then.
type Target interface {
	Name() string
	Tell(ctx context.Context, n *News, thread string) (newThread string, err error)
}

// Config bounds the work.
type Config struct {
	// Link is the address of Faultline's pages, for links to incidents.
	Link string
	// Poll is how often the store is asked for news; Overlap how far back each
	// question reaches again, since rows of several writers arrive out of order.
	Poll, Overlap time.Duration
	// Quiet is the least time between two messages about one incident.
	Quiet time.Duration
	// Memory is how far back incidents are told of at all: one that began before
	// is no news.
	Memory time.Duration
	// Attempts bounds how often one message is tried, with pauses from FirstPause
	// doubling up to MaxPause. Timeout bounds each attempt.
	Attempts             int
	FirstPause, MaxPause time.Duration
	Timeout              time.Duration
	// MaxPending bounds the incidents that wait to be told to one target; the
	// oldest is left out beyond it.
	MaxPending int
}

// DefaultConfig fits a chat room.
func DefaultConfig() Config {
	return Config{
		Poll: 2 * time.Second, Overlap: 10 * time.Second, Quiet: 30 * time.Second, Memory: 24 * time.Hour,
		Attempts: 10, FirstPause: time.Second, MaxPause: 5 * time.Minute, Timeout: 15 * time.Second, MaxPending: 1000,
	}
}

// Deps are what a notifier works with.
type Deps struct {
	Store      Store
	Judgements Judgements
	Commands   Commands
	Ledger     Ledger
	Lost       Lost
	Targets    []Target
	Registerer prometheus.Registerer
	Log        *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Notifier watches the store and tells the targets. Run it in one process only:
// two would both tell.
type Notifier struct {
	cfg    Config
	deps   Deps
	queues []*queue
	cursor time.Time
	// judged is the cursor in what people say, heard the verdicts that are known.
	judged time.Time
	heard  map[string]time.Time
	seen   map[string]query.Update
	sent   *prometheus.CounterVec
	lost   *prometheus.GaugeVec
}

// New makes a notifier; it starts nothing. No two targets may have one name:
// what one was told would count as told to the other.
func New(cfg Config, deps Deps) (*Notifier, error) {
	names := map[string]bool{}
	for _, target := range deps.Targets {
		if names[target.Name()] {
			return nil, fmt.Errorf("two targets are named %q; remove one of them", target.Name())
		}
		names[target.Name()] = true
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	n := &Notifier{cfg: cfg, deps: deps, seen: map[string]query.Update{}, heard: map[string]time.Time{}, sent: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "faultline_notifications_total", Help: "Messages about incidents by target and outcome: sent, failed for good, or dropped because too many waited.",
	}, []string{"target", "outcome"}), lost: prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "faultline_notifications_undelivered", Help: "Incidents of which a target could not be told and which wait for a person, by target.",
	}, []string{"target"})}
	for _, c := range []prometheus.Collector{n.sent, n.lost} {
		if err := deps.Registerer.Register(c); err != nil {
			return nil, fmt.Errorf("register the notifier's metrics: %w", err)
		}
	}
	for _, target := range deps.Targets {
		n.queues = append(n.queues, newQueue(target, n))
	}
	return n, nil
}

// ledgerAge is how old what a target was told may be to matter still.
func (n *Notifier) ledgerAge() time.Duration { return 2 * n.cfg.Memory }

// Run watches and tells until ctx ends. A store that cannot be read is asked
// again; only the ledger of what was told before must be readable at the start.
func (n *Notifier) Run(ctx context.Context) error {
	told, err := n.deps.Ledger.ToldSince(ctx, n.deps.Now().Add(-n.ledgerAge()))
	if err != nil {
		return fmt.Errorf("read what was told before: %w", err)
	}
	for _, q := range n.queues {
		q.remember(told)
	}
	n.cursor = n.deps.Now().Add(-n.cfg.Memory)
	n.judged = n.cursor
	group, ctx := errgroup.WithContext(ctx)
	for _, q := range n.queues {
		group.Go(func() error { return q.work(ctx) })
	}
	group.Go(func() error { return n.watch(ctx) })
	if err := group.Wait(); err != nil && ctx.Err() == nil {
		return err
	}
	return nil
}

// watch asks the store for news again and again.
func (n *Notifier) watch(ctx context.Context) error {
	ticker := time.NewTicker(n.cfg.Poll)
	defer ticker.Stop()
	for {
		if err := n.look(ctx); err != nil && ctx.Err() == nil {
			n.deps.Log.WarnContext(ctx, "incidents cannot be read for notifications", slog.Any("error", err))
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// updatesAtOnce bounds what one look takes in, and the first question to the
// store. Rows of one insert share their time, so an answer that holds nothing new
// cannot be continued from its last row: a larger one is asked for instead, up to
// mostUpdates.
const (
	updatesAtOnce = 500
	updatesGrowth = 4
	mostUpdates   = 100_000
)

// unseen asks for rows, the oldest first, until there is something new among them
// or no more to be had. Fresh are at most updatesAtOnce new ones; what stands
// behind the last of them is for the next look.
func unseen[T any](ask func(limit int) ([]T, error), known func(*T) bool) (fresh []T, err error) {
	for limit := updatesAtOnce; ; limit *= updatesGrowth {
		rows, err := ask(limit)
		if err != nil {
			return nil, err
		}
		for i := range rows {
			if !known(&rows[i]) && len(fresh) < updatesAtOnce {
				fresh = append(fresh, rows[i])
			}
		}
		if len(fresh) > 0 || len(rows) < limit || limit >= mostUpdates {
			return fresh, nil
		}
	}
}

// look hands every incident with a newer row to the queues.
func (n *Notifier) look(ctx context.Context) error {
	updates, err := unseen(func(limit int) ([]query.Update, error) {
		return n.deps.Store.UpdatedSince(ctx, n.cursor.Add(-n.cfg.Overlap), limit)
	}, func(u *query.Update) bool {
		before := n.seen[u.Incident]
		return before.Revision == u.Revision && before.FindingVersion == u.FindingVersion && !u.At.After(before.At)
	})
	if err != nil {
		return err
	}
	for _, u := range updates {
		if u.At.After(n.cursor) {
			n.cursor = u.At
		}
		n.seen[u.Incident] = u
		for _, q := range n.queues {
			q.add(ctx, u.Incident)
		}
	}
	n.forget()
	return errors.Join(n.listen(ctx), n.resume(ctx))
}

// listen hands every incident with a new verdict to the queues: a verdict
// changes no row of its incident.
func (n *Notifier) listen(ctx context.Context) error {
	verdicts, err := unseen(func(limit int) ([]query.StoredJudgement, error) {
		return n.deps.Judgements.JudgementsSince(ctx, n.judged.Add(-n.cfg.Overlap), limit)
	}, func(v *query.StoredJudgement) bool {
		_, known := n.heard[v.ID]
		return known
	})
	if err != nil {
		return err
	}
	for i := range verdicts {
		v := &verdicts[i]
		if v.StoredAt.After(n.judged) {
			n.judged = v.StoredAt
		}
		n.heard[v.ID] = v.StoredAt
		for _, q := range n.queues {
			q.add(ctx, v.Incident)
		}
	}
	return nil
}

// forget drops incidents and verdicts that are older than the memory, and what
// was told so long ago that a restart would not read it either.
func (n *Notifier) forget() {
	for id, u := range n.seen {
		if n.deps.Now().Sub(u.At) > n.cfg.Memory {
			delete(n.seen, id)
		}
	}
	for id, at := range n.heard {
		if n.judged.Sub(at) > n.cfg.Memory {
			delete(n.heard, id)
		}
	}
	for _, q := range n.queues {
		q.forget(n.deps.Now().Add(-n.ledgerAge()))
	}
}

// news reads what there is to tell about an incident; nil when it is too old
// to be news, unless a person asked for it.
func (n *Notifier) news(ctx context.Context, id string, asked bool) (*News, error) {
	incident, err := n.deps.Store.Incident(ctx, id)
	if errors.Is(err, query.ErrNotFound) {
		return nil, nil //nolint:nilnil // An incident that is gone is no news and no error.
	}
	if err != nil {
		return nil, fmt.Errorf("read incident %s: %w", id, err)
	}
	if !asked && n.deps.Now().Sub(incident.StartedAt) > n.cfg.Memory {
		return nil, nil //nolint:nilnil // Likewise one that began too long ago.
	}
	out := &News{Incident: incident, Link: n.link(id)}
	finding, err := n.deps.Store.Finding(ctx, id, 0)
	switch {
	case err == nil:
		out.Finding = blinded(finding)
	case !errors.Is(err, query.ErrNotFound):
		return nil, fmt.Errorf("read the finding of %s: %w", id, err)
	}
	history, err := n.deps.Judgements.Judgements(ctx, []string{id})
	if err != nil {
		return nil, fmt.Errorf("read the verdicts on %s: %w", id, err)
	}
	out.Judgement = correlate.StandingOf(history)
	said, err := n.deps.Commands.Commands(ctx, []string{id})
	if err != nil {
		return nil, fmt.Errorf("read who commands %s: %w", id, err)
	}
	out.Commander = query.CommanderOf(said)
	return out, nil
}

// blinded leaves out of a finding what tells the part that AI had: people judge
// from the message, and must not know it before they have.
func blinded(f correlate.Finding) *correlate.Finding {
	f.Suspects = slices.Clone(f.Suspects)
	for i := range f.Suspects {
		s := &f.Suspects[i]
		s.Provenance = nil
		c := s.Change
		s.Change = correlate.Change{
			ID: c.ID, Source: c.Source, Kind: c.Kind, Title: c.Title, Services: c.Services, Environment: c.Environment, Regions: c.Regions,
			StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, Status: c.Status, Version: c.Version, PreviousVersion: c.PreviousVersion, RollbackOf: c.RollbackOf, Links: c.Links,
		}
	}
	return &f
}

// link is where a reader opens the incident.
func (n *Notifier) link(id string) string {
	if n.cfg.Link == "" {
		return ""
	}
	return strings.TrimRight(n.cfg.Link, "/") + "/incidents/" + url.PathEscape(id)
}
