package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
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
