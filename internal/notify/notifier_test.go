package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

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

func TestAnIncidentIsToldOnceAndThenItsMaterialChanges(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	for i, step := range []struct {
		status  correlate.IncidentStatus
		verdict correlate.Verdict
		suspect string
		want    string
	}{
		{correlate.IncidentOpen, "", "", "new incident"},
		{correlate.IncidentOpen, correlate.VerdictPossible, "a", "first finding"},
		{correlate.IncidentOpen, correlate.VerdictPossible, "a", ""},
		{correlate.IncidentQuiet, correlate.VerdictPossible, "a", ""},
		{correlate.IncidentOpen, correlate.VerdictProbable, "a", "the finding is now a probable cause, was a possible cause"},
		{correlate.IncidentOpen, correlate.VerdictProbable, "b", "another first suspect: cd/b"},
		{correlate.IncidentResolved, correlate.VerdictNoChange, "b", "resolved, was open; the finding is now that no recorded change did it, was a probable cause"},
	} {
		w.pass(time.Minute)
		before := len(w.told)
		w.happen("inc-1", step.status, step.verdict, step.suspect)
		round(t, n)
		switch {
		case step.want == "" && len(w.told) != before:
			t.Errorf("step %d was told: %v", i, w.told[before].Changes)
		case step.want != "" && len(w.told) != before+1:
			t.Fatalf("step %d was not told", i)
		case step.want != "" && strings.Join(w.told[before].Changes, "; ") != step.want:
			t.Errorf("step %d: %q, want %q", i, w.told[before].Changes, step.want)
		}
	}
	if w.threads[0] != "" || w.threads[1] != "thread-inc-1" {
		t.Errorf("threads %q", w.threads)
	}
	if w.told[0].Link != "https://faultline.example.com/incidents/inc-1" {
		t.Errorf("link %q", w.told[0].Link)
	}
}

func TestTwoTargetsOfOneNameAreRefused(t *testing.T) {
	w := newWorld()
	_, err := New(quick(), Deps{Store: w, Judgements: w, Commands: w, Ledger: w, Lost: w, Targets: []Target{w, w}, Registerer: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler), Now: w.clock})
	if err == nil || !strings.Contains(err.Error(), `"room"`) {
		t.Errorf("%v", err)
	}
}

// TestWhatWasToldLongAgoIsForgotten has incidents come for a month: what is kept
// of them in memory is bounded by what a restart would read.
func TestWhatWasToldLongAgoIsForgotten(t *testing.T) {
	w := newWorld()
	w.heard = make(chan struct{}, 100)
	n, _ := w.notifier(t, quick())
	for day := range 30 {
		w.happen(fmt.Sprintf("inc-%d", day), correlate.IncidentOpen, "", "")
		round(t, n)
		w.pass(24 * time.Hour)
	}
	if len(w.told) != 30 {
		t.Errorf("told %d times", len(w.told))
	}
	if got := len(n.queues[0].told); got > 3 {
		t.Errorf("%d incidents are remembered after a month", got)
	}
}

func TestARestartTellsNothingTwice(t *testing.T) {
	w := newWorld()
	first, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictPossible, "a")
	round(t, first)
	second, _ := w.notifier(t, quick())
	for _, q := range second.queues {
		q.remember(w.ledger)
	}
	round(t, second)
	if len(w.told) != 1 {
		t.Fatalf("told %d times", len(w.told))
	}
	w.pass(time.Minute)
	w.happen("inc-1", correlate.IncidentResolved, "", "")
	round(t, second)
	if len(w.told) != 2 || w.threads[1] != "thread-inc-1" {
		t.Errorf("the thread of the message before is lost: %q", w.threads)
	}
}

func TestMessagesAboutOneIncidentKeepTheirDistance(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Quiet = time.Minute
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictPossible, "a")
	round(t, n)
	for _, suspect := range []string{"b", "c", "d"} {
		w.pass(10 * time.Second)
		w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictPossible, suspect)
		round(t, n)
	}
	if len(w.told) != 1 {
		t.Fatalf("told %d times within half a minute", len(w.told))
	}
	w.pass(time.Minute)
	round(t, n)
	if len(w.told) != 2 || w.told[1].Finding.Suspects[0].Change.ID != "d" {
		t.Errorf("the last state is not what is told after the pause: %d", len(w.told))
	}
}

func TestAFailedMessageIsTriedAgainAndThenGivenUp(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 3
	n, _ := w.notifier(t, cfg)
	w.refuse = []error{errors.New("down"), errors.New("down")}
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	for range 3 {
		round(t, n)
		w.pass(time.Second)
	}
	if len(w.told) != 1 {
		t.Fatalf("told %d times after two failures", len(w.told))
	}
	w.refuse = []error{errors.New("down"), errors.New("down"), errors.New("down")}
	w.happen("inc-2", correlate.IncidentOpen, "", "")
	for range 5 {
		round(t, n)
		w.pass(time.Second)
	}
	if got := testutil.ToFloat64(n.sent.WithLabelValues("room", "failed")); got != 1 || len(w.told) != 1 {
		t.Errorf("given up %g times, told %d", got, len(w.told))
	}
}

func TestARefusalForGoodIsNotTriedAgain(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.refuse = []error{finalError{errors.New("no such channel")}}
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	round(t, n)
	round(t, n)
	if len(w.told) != 0 || testutil.ToFloat64(n.sent.WithLabelValues("room", "failed")) != 1 {
		t.Errorf("told %d", len(w.told))
	}
}

func TestTooManyWaitingIncidentsLeaveOutTheOldest(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.MaxPending = 2
	n, _ := w.notifier(t, cfg)
	for i := range 5 {
		w.happen(fmt.Sprintf("inc-%d", i), correlate.IncidentOpen, "", "")
	}
	if err := n.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	round(t, n)
	var told []string
	for _, one := range w.told {
		told = append(told, one.Incident.ID)
	}
	if !slices.Equal(told, []string{"inc-3", "inc-4"}) || testutil.ToFloat64(n.sent.WithLabelValues("room", "dropped")) != 3 {
		t.Errorf("told %v", told)
	}
}

func TestOldIncidentsAreNoNews(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.pass(25 * time.Hour)
	w.happen("inc-1", correlate.IncidentResolved, "", "")
	w.happen("gone", correlate.IncidentOpen, "", "")
	delete(w.incidents, "gone")
	round(t, n)
	if len(w.told) != 0 {
		t.Errorf("told %v", w.told[0].Changes)
	}
}

func TestWhatTellsThePartOfAIIsLeftOut(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictProbable, "a")
	round(t, n)
	s := w.told[0].Finding.Suspects[0]
	if s.Provenance != nil || s.Change.Actor != nil || s.Change.Title != "new cart" {
		t.Errorf("%+v", s)
	}
	if w.findings["inc-1"].Suspects[0].Provenance == nil {
		t.Error("the store's own finding was changed")
	}
}

func TestAVerdictIsTold(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictProbable, "a")
	round(t, n)
	w.verdicts["inc-1"] = []correlate.Judgement{{ID: "j", Incident: "inc-1", Decision: correlate.DecisionConfirm, Change: &correlate.Key{Source: "cd", ID: "a"}, DecidedAt: noon}}
	round(t, n)
	round(t, n)
	if len(w.told) != 2 || w.told[1].Changes[0] != "people say: confirmed cd/a" {
		t.Errorf("told %d times", len(w.told))
	}
}

func TestAnotherCommanderIsTold(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictProbable, "a")
	round(t, n)
	w.commands = []query.Command{{Incident: "inc-1", Commander: "ada", SetBy: "ada", SetAt: noon}}
	w.updates = append(w.updates, query.Update{Incident: "inc-1", Revision: 1, FindingVersion: 1, Commands: 1, At: noon.Add(time.Minute)})
	round(t, n)
	round(t, n)
	if len(w.told) != 2 || w.told[1].Commander != "ada" || !slices.Contains(w.told[1].Changes, "commander: ada, was nobody") {
		t.Errorf("told %d times: %+v", len(w.told), w.told)
	}
	if last := w.ledger[len(w.ledger)-1]; last.Commander != "ada" {
		t.Errorf("the ledger has %+v", last)
	}
}

func TestTheNotifierRunsUntilItIsStopped(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	select {
	case <-w.heard:
	case <-time.After(time.Minute):
		t.Error("nothing was told")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestAStoreThatFailsIsAskedAgain(t *testing.T) {
	w := newWorld()
	w.failing = errors.New("down")
	n, _ := w.notifier(t, quick())
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- n.Run(ctx) }()
	time.Sleep(20 * time.Millisecond)
	w.mu.Lock()
	w.failing = nil
	w.mu.Unlock()
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	select {
	case <-w.heard:
	case <-time.After(time.Minute):
		t.Error("the store came back and nothing was told")
	}
	cancel()
	<-done
}

// TestMoreIncidentsThanOneAnswerHoldsDoNotSilenceTheRest has more incidents
// stored at one moment than a question asks for, as an import or a mass outage
// leaves them: each further look would get the same ones again.
func TestMoreIncidentsThanOneAnswerHoldsDoNotSilenceTheRest(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.heard = make(chan struct{}, 2*updatesAtOnce)
	for i := range updatesAtOnce + 100 {
		w.happen(fmt.Sprintf("inc-%d", i), correlate.IncidentOpen, "", "")
	}
	for range 4 {
		round(t, n)
	}
	if len(w.told) != updatesAtOnce+100 {
		t.Errorf("%d of %d incidents were told", len(w.told), updatesAtOnce+100)
	}
	w.pass(time.Second)
	w.happen("inc-late", correlate.IncidentOpen, "", "")
	for range 2 {
		round(t, n)
	}
	if last := w.told[len(w.told)-1]; last.Incident.ID != "inc-late" {
		t.Errorf("told last: %s", last.Incident.ID)
	}
}

// TestManyVerdictsAtOnceDoNotSilenceTheRest is the same for what people say.
func TestManyVerdictsAtOnceDoNotSilenceTheRest(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	for i := range updatesAtOnce + 100 {
		id := fmt.Sprintf("inc-%d", i)
		w.verdicts[id] = []correlate.Judgement{{ID: "v-" + id, Incident: id, Decision: correlate.DecisionNoChange, DecidedAt: noon}}
	}
	for range 4 {
		if err := n.listen(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(n.heard) != updatesAtOnce+100 {
		t.Errorf("%d of %d verdicts were heard", len(n.heard), updatesAtOnce+100)
	}
}
