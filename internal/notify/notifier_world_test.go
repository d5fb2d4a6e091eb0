package notify

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// world is a store, a ledger and a target that tests change as they go.
type world struct {
	mu        sync.Mutex
	now       time.Time
	incidents map[string]correlate.Incident
	findings  map[string]correlate.Finding
	verdicts  map[string][]correlate.Judgement
	updates   []query.Update
	ledger    []Told
	failing   error
	words     []query.NoticeWord
	commands  []query.Command

	told    []News
	threads []string
	// refuse answers the next messages with errors, one each.
	refuse []error
	heard  chan struct{}
}

func newWorld() *world {
	return &world{now: noon, incidents: map[string]correlate.Incident{}, findings: map[string]correlate.Finding{}, verdicts: map[string][]correlate.Judgement{}, heard: make(chan struct{}, 100)}
}

func (w *world) UpdatedSince(_ context.Context, after time.Time, limit int) ([]query.Update, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []query.Update
	for _, u := range w.updates {
		if u.At.After(after) && len(all) < limit {
			all = append(all, u)
		}
	}
	return all, w.failing
}

func (w *world) Incident(_ context.Context, id string) (correlate.Incident, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	in, ok := w.incidents[id]
	if !ok {
		return in, query.ErrNotFound
	}
	return in, nil
}

func (w *world) Finding(_ context.Context, id string, _ int) (correlate.Finding, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	f, ok := w.findings[id]
	if !ok {
		return f, query.ErrNotFound
	}
	return f, nil
}

func (w *world) Judgements(_ context.Context, ids []string) ([]correlate.Judgement, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.verdicts[ids[0]]), nil
}

func (w *world) JudgementsSince(_ context.Context, after time.Time, limit int) ([]query.StoredJudgement, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []query.StoredJudgement
	for _, verdicts := range w.verdicts {
		for _, v := range verdicts {
			if v.DecidedAt.After(after) && len(all) < limit {
				all = append(all, query.StoredJudgement{Judgement: v, StoredAt: v.DecidedAt})
			}
		}
	}
	return all, nil
}

func (w *world) Commands(context.Context, []string) ([]query.Command, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.commands), w.failing
}

func (w *world) SaveTold(_ context.Context, t Told) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ledger = append(w.ledger, t)
	return nil
}

func (w *world) ToldSince(context.Context, time.Time) ([]Told, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.ledger), nil
}

func (w *world) Name() string { return "room" }

func (w *world) Tell(_ context.Context, n *News, thread string) (string, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer func() { w.heard <- struct{}{} }()
	if len(w.refuse) > 0 {
		err := w.refuse[0]
		w.refuse = w.refuse[1:]
		return "", err
	}
	w.told, w.threads = append(w.told, *n), append(w.threads, thread)
	return "thread-" + n.Incident.ID, nil
}

// happen changes an incident and its finding, and tells the store's readers.
func (w *world) happen(id string, status correlate.IncidentStatus, verdict correlate.Verdict, suspect string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	in := w.incidents[id]
	in.ID, in.Title, in.Status, in.Severity = id, "checkout errors", status, correlate.SeverityCritical
	in.Revision++
	if in.StartedAt.IsZero() {
		in.StartedAt = w.now
	}
	in.UpdatedAt = w.now
	w.incidents[id] = in
	if verdict != "" {
		f := w.findings[id]
		w.findings[id] = correlate.Finding{Incident: id, Version: f.Version + 1, Verdict: verdict, Suspects: []correlate.Suspect{{
			Rank: 1, Probability: 0.7, Change: correlate.Change{Source: "cd", ID: suspect, Kind: correlate.KindDeploy, Title: "new cart", Actor: &correlate.Actor{ID: "bot", Type: "ai_agent"}},
			Provenance: &correlate.Provenance{Class: correlate.ProvenanceAuthored},
		}}}
	}
	w.updates = append(w.updates, query.Update{Incident: id, Revision: in.Revision, FindingVersion: w.findings[id].Version, At: w.now})
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// quick is a configuration without waiting.
func quick() Config {
	cfg := DefaultConfig()
	cfg.Poll, cfg.Quiet, cfg.FirstPause, cfg.MaxPause = 5*time.Millisecond, 0, time.Millisecond, time.Millisecond
	cfg.Link = "https://faultline.example.com/"
	return cfg
}

func (w *world) notifier(t *testing.T, cfg Config) (*Notifier, *prometheus.Registry) {
	t.Helper()
	registry := prometheus.NewRegistry()
	n, err := New(cfg, Deps{Store: w, Judgements: w, Commands: w, Ledger: w, Lost: w, Targets: []Target{w}, Registerer: registry, Log: slog.New(slog.DiscardHandler), Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	return n, registry
}

// round looks once and tells all that is due, without goroutines.
func round(t *testing.T, n *Notifier) {
	t.Helper()
	if err := n.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, q := range n.queues {
		for {
			incident, _ := q.due(n.deps.Now())
			if incident == "" {
				break
			}
			q.tell(t.Context(), incident)
		}
	}
}
