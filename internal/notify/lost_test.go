package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

func (w *world) SaveNoticeWord(_ context.Context, word query.NoticeWord) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.words = append(w.words, word)
	return w.failing
}

// Undelivered folds the words as the store does.
func (w *world) Undelivered(_ context.Context, limit int) ([]query.Undelivered, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []query.Undelivered
	for _, word := range w.words {
		at := slices.IndexFunc(all, func(u query.Undelivered) bool { return u.Target == word.Target && u.Incident == word.Incident })
		if at < 0 {
			all, at = append(all, query.Undelivered{Target: word.Target, Incident: word.Incident}), len(all)
		}
		u := &all[at]
		switch u.State = word.State; word.State {
		case query.NoticeGivenUp:
			u.Attempts, u.Reason, u.GivenUpAt = word.Attempts, word.Reason, word.At
		case query.NoticeAsked:
			u.AskedBy = word.By
		case query.NoticeDelivered, query.NoticeDismissed:
		}
	}
	all = slices.DeleteFunc(all, func(u query.Undelivered) bool {
		return u.State == query.NoticeDelivered || u.State == query.NoticeDismissed
	})
	return all[:min(len(all), limit)], w.failing
}

// says is what was kept of an incident, in order.
func (w *world) says(incident string) []query.NoticeState {
	w.mu.Lock()
	defer w.mu.Unlock()
	var states []query.NoticeState
	for _, word := range w.words {
		if word.Incident == incident {
			states = append(states, word.State)
		}
	}
	return states
}

// ask is what the API writes when a person asks for another attempt.
func (w *world) ask(incident string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.words = append(w.words, query.NoticeWord{Target: "room", Incident: incident, At: w.now, State: query.NoticeAsked, By: "ada"})
}

func wantStates(t *testing.T, got []query.NoticeState, want ...query.NoticeState) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("kept %v, want %v", got, want)
	}
}

// broken refuses so many messages.
func (w *world) broken(times int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.refuse = slices.Repeat([]error{errors.New("the room\nis full")}, times)
}

// exhaust looks until all attempts are used up.
func exhaust(t *testing.T, w *world, n *Notifier) {
	t.Helper()
	for range n.cfg.Attempts {
		round(t, n)
		w.pass(time.Second)
	}
}

func TestWhatCannotBeDeliveredIsKeptWithItsReason(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 3
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictPossible, "a")
	w.broken(3)
	exhaust(t, w, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp)
	if word := w.words[0]; word.Target != "room" || word.Attempts != 3 || word.Reason != "the room is full" || word.At.IsZero() {
		t.Errorf("%+v", word)
	}
	round(t, n)
	if got := testutil.ToFloat64(n.lost.WithLabelValues("room")); got != 1 {
		t.Errorf("the metric says that %g wait", got)
	}
}

func TestARefusalForGoodIsKeptAtOnce(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.refuse = []error{finalError{errors.New("410 Gone")}}
	round(t, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp)
	if w.words[0].Attempts != 1 {
		t.Errorf("%+v", w.words[0])
	}
}

func TestAPersonAsksAndTheStateOfNowIsTold(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, correlate.VerdictPossible, "a")
	w.broken(1)
	exhaust(t, w, n)
	w.ask("inc-1")
	round(t, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp, query.NoticeAsked, query.NoticeDelivered)
	if len(w.told) != 1 || w.told[0].Finding == nil {
		t.Errorf("told %+v", w.told)
	}
	round(t, n)
	if got := testutil.ToFloat64(n.lost.WithLabelValues("room")); got != 0 || len(w.told) != 1 {
		t.Errorf("%g wait, told %d times", got, len(w.told))
	}
}

func TestWhatIsAskedForFailsAgainAndWaitsAgain(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 2
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.broken(4)
	exhaust(t, w, n)
	w.ask("inc-1")
	exhaust(t, w, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp, query.NoticeAsked, query.NoticeGivenUp)
	if len(w.told) != 0 {
		t.Error("told all the same")
	}
}

// givenUpLongAgo is a world whose one incident could not be told and has since
// fallen out of the notifier's memory.
func givenUpLongAgo(t *testing.T) (*world, Config, *Notifier) {
	t.Helper()
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.broken(1)
	exhaust(t, w, n)
	w.pass(3 * cfg.Memory)
	return w, cfg, n
}

func TestAnOldIncidentIsToldWhenAPersonAsksAndAfterARestart(t *testing.T) {
	w, cfg, _ := givenUpLongAgo(t)
	w.ask("inc-1")
	later, _ := w.notifier(t, cfg)
	round(t, later)
	if len(w.told) != 1 {
		t.Errorf("told %d times", len(w.told))
	}
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp, query.NoticeAsked, query.NoticeDelivered)
}

func TestAnOldIncidentIsNotTakenForDelivered(t *testing.T) {
	w, _, n := givenUpLongAgo(t)
	for _, q := range n.queues {
		q.add(t.Context(), "inc-1")
	}
	round(t, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp)
}

func TestAnIncidentThatIsGoneSaysSo(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	w.words = []query.NoticeWord{{Target: "room", Incident: "inc-gone", State: query.NoticeGivenUp, Attempts: 10}}
	w.ask("inc-gone")
	round(t, n)
	wantStates(t, w.says("inc-gone"), query.NoticeGivenUp, query.NoticeAsked, query.NoticeGivenUp)
	if last := w.words[2]; !strings.Contains(last.Reason, "no longer stored") {
		t.Errorf("%+v", last)
	}
}

func TestLaterNewsThatArrivesSettlesWhatWasLost(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	n, _ := w.notifier(t, cfg)
	w.happen("inc-1", correlate.IncidentOpen, "", "")
	w.broken(1)
	exhaust(t, w, n)
	w.happen("inc-1", correlate.IncidentResolved, "", "")
	round(t, n)
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp, query.NoticeDelivered)
}

func TestWhatIsLeftOutBecauseTooManyWaitIsKept(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.MaxPending = 2
	n, _ := w.notifier(t, cfg)
	for _, id := range []string{"inc-1", "inc-2", "inc-3"} {
		w.happen(id, correlate.IncidentOpen, "", "")
	}
	if err := n.look(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp)
	if !strings.Contains(w.words[0].Reason, "too many") || w.words[0].Attempts != 0 {
		t.Errorf("%+v", w.words[0])
	}
}

// lostOf are the incidents that the first queue takes for lost.
func lostOf(n *Notifier) []string { return slices.Sorted(maps.Keys(n.queues[0].lost)) }

// A channel that is gone for weeks loses thousands of incidents, which people
// dismiss in the page; whatever remembered them all would grow for ever.
func TestWhatPeopleDismissedIsForgotten(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	n, _ := w.notifier(t, cfg)
	for i := range 50 {
		id := fmt.Sprintf("inc-%02d", i)
		w.happen(id, correlate.IncidentOpen, "", "")
		w.broken(1)
		round(t, n)
		if i < 49 {
			w.words = append(w.words, query.NoticeWord{Target: "room", Incident: id, At: w.now, State: query.NoticeDismissed, By: "ada"})
		}
		w.pass(time.Second)
	}
	round(t, n)
	if got := lostOf(n); !slices.Equal(got, []string{"inc-49"}) {
		t.Errorf("lost = %v", got)
	}
}

// The store lists at most so many; a thousand more must not stay in memory, and
// come back as people clear the list.
func TestWhatTheListHasNoRoomForComesBackWhenThereIsRoom(t *testing.T) {
	w := newWorld()
	n, _ := w.notifier(t, quick())
	for i := range maxLost + 10 {
		w.words = append(w.words, query.NoticeWord{Target: "room", Incident: fmt.Sprintf("inc-%04d", i), At: w.now, State: query.NoticeGivenUp, Attempts: 1})
	}
	round(t, n)
	if got := lostOf(n); len(got) != maxLost {
		t.Errorf("%d are remembered", len(got))
	}
	for i := range 10 {
		w.words = append(w.words, query.NoticeWord{Target: "room", Incident: fmt.Sprintf("inc-%04d", i), At: w.now, State: query.NoticeDismissed})
	}
	round(t, n)
	if got := lostOf(n); len(got) != maxLost || got[0] != "inc-0010" || got[maxLost-1] != "inc-1009" {
		t.Errorf("%d are remembered, from %s", len(got), got[0])
	}
}

// slowReading answers what was lost as it stood before the hook ran.
type slowReading struct {
	*world
	hook func()
}

func (s slowReading) Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error) {
	answer, err := s.world.Undelivered(ctx, limit)
	s.hook()
	return answer, err
}

// A reading that began before an incident was lost does not list it, and must
// not make the notifier forget that it was.
func TestWhatIsLostDuringAReadingIsNotForgotten(t *testing.T) {
	w, cfg := newWorld(), quick()
	cfg.Attempts = 1
	n, _ := w.notifier(t, cfg)
	n.deps.Lost = slowReading{world: w, hook: func() { n.queues[0].lose(t.Context(), "inc-1", 1, errors.New("full")) }}
	round(t, n)
	if got := lostOf(n); !slices.Equal(got, []string{"inc-1"}) {
		t.Fatalf("lost = %v", got)
	}
	n.deps.Lost = w
	round(t, n)
	n.queues[0].found(t.Context(), "inc-1")
	wantStates(t, w.says("inc-1"), query.NoticeGivenUp, query.NoticeDelivered)
}
