package api

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

	"github.com/faultline/faultline/internal/query"
)

// hubBench drives a hub by hand, without its goroutine.
type hubBench struct {
	*hub
	store *fakeStore
	clock *fakeClock
	logs  *syncBuffer
}

func newHubBench(t testing.TB, tune ...func(*StreamConfig)) *hubBench {
	t.Helper()
	m, err := newMetrics(prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	cfg := DefaultConfig().Stream
	for _, f := range tune {
		f(&cfg)
	}
	b := &hubBench{store: newFakeStore(), clock: &fakeClock{now: exampleTime(10, 0, 0)}, logs: &syncBuffer{}}
	b.hub = newHub(b.store, cfg, slog.New(slog.NewTextHandler(b.logs, nil)), m, b.clock.Now)
	return b
}

// row stores an update.
func (b *hubBench) row(incident string, revision int64, version int, at time.Time) {
	b.store.set(func(f *fakeStore) {
		f.updates = append(f.updates, query.Update{Incident: incident, Revision: revision, FindingVersion: version, At: at})
	})
}

// seat admits one client that resumes at an id.
func (b *hubBench) seat(t testing.TB, lastID string) *subscriber {
	t.Helper()
	sub := b.subscriber(lastID)
	b.admit(t.Context(), []*subscriber{sub})
	if err := <-sub.answer; err != nil {
		t.Fatal(err)
	}
	return sub
}

func (b *hubBench) subscriber(lastID string) *subscriber {
	return &subscriber{lastID: lastID, since: eventTime(lastID), answer: make(chan error, 1), events: make(chan streamEvent, b.cfg.Queue)}
}

// heard empties a client's queue.
func heard(sub *subscriber) []string {
	var ids []string
	for {
		select {
		case e, open := <-sub.events:
			if !open {
				return append(ids, "closed")
			}
			ids = append(ids, e.kind+" "+string(e.data))
		default:
			return ids
		}
	}
}

func kinds(events []streamEvent) []string {
	var all []string
	for _, e := range events {
		all = append(all, e.kind)
	}
	return all
}

func TestOnlyWhatIsNewIsTold(t *testing.T) {
	b := newHubBench(t)
	b.row("inc-1", 1, 1, exampleTime(9, 59, 0))
	sub := b.seat(t, "")
	b.poll(t.Context())
	if got := heard(sub); got != nil {
		t.Errorf("old news: %v", got)
	}
	b.row("inc-1", 2, 1, exampleTime(10, 0, 1))
	b.poll(t.Context())
	b.poll(t.Context())
	if got := heard(sub); len(got) != 1 || !strings.HasPrefix(got[0], `incident.updated {"incident":"inc-1","revision":2`) {
		t.Errorf("a new revision tells %v", got)
	}
	b.row("inc-1", 2, 2, exampleTime(10, 0, 2))
	b.poll(t.Context())
	if got := heard(sub); len(got) != 1 || !strings.HasPrefix(got[0], `finding.created {"incident":"inc-1","version":2`) {
		t.Errorf("a new finding tells %v", got)
	}
	b.row("inc-2", 1, 0, exampleTime(10, 0, 3))
	b.poll(t.Context())
	if got := heard(sub); len(got) != 1 || !strings.Contains(got[0], "inc-2") {
		t.Errorf("an incident without a finding tells %v", got)
	}
}

func TestRowThatBecomesVisibleLateIsNotMissed(t *testing.T) {
	b := newHubBench(t)
	sub := b.seat(t, "")
	b.row("inc-1", 1, 0, exampleTime(10, 0, 5))
	b.poll(t.Context())
	b.row("inc-late", 1, 0, exampleTime(10, 0, 5).Add(-b.cfg.Overlap/2))
	b.poll(t.Context())
	if got := heard(sub); len(got) != 2 || !strings.Contains(got[1], "inc-late") {
		t.Errorf("heard %v", got)
	}
}

func TestClockOfTheStoreMayBeBehind(t *testing.T) {
	b := newHubBench(t)
	sub := b.seat(t, "")
	b.row("inc-1", 1, 0, b.clock.Now().Add(-time.Minute))
	b.poll(t.Context())
	if got := heard(sub); len(got) != 1 {
		t.Errorf("with the store's clock a minute behind, heard %v", got)
	}
}

func TestResumeReplaysWhatWasMissed(t *testing.T) {
	b := newHubBench(t)
	b.row("inc-1", 1, 0, exampleTime(9, 50, 0))
	b.row("inc-2", 4, 2, exampleTime(9, 55, 0))
	b.row("inc-3", 7, 0, exampleTime(9, 58, 0))
	last := eventID(exampleTime(9, 55, 0), "inc-2", "r4")
	sub := b.seat(t, last)
	got := kinds(sub.backlog)
	if want := []string{eventFinding, eventIncident}; !slices.Equal(got, want) {
		t.Errorf("replayed %v, want %v: the finding of inc-2 and inc-3", got, want)
	}
	if fresh := b.seat(t, ""); fresh.backlog != nil {
		t.Errorf("a client without Last-Event-ID is told old news: %v", fresh.backlog)
	}
	for _, nonsense := range []string{"x", "-", "0-a", "99999999999999999999-a"} {
		if sub := b.seat(t, nonsense); sub.backlog != nil {
			t.Errorf("%q replays %v", nonsense, sub.backlog)
		}
	}
}

func TestTooMuchToReplayIsAReset(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.MaxReplay = 10 })
	for i := range 20 {
		b.row(fmt.Sprintf("inc-%02d", i), 1, 0, exampleTime(9, 30, i))
	}
	for name, last := range map[string]string{
		"too many": eventID(exampleTime(9, 0, 0), "x", "r1"), "too old": eventID(exampleTime(9, 0, 0).AddDate(0, 0, -2), "x", "r1"),
	} {
		sub := b.seat(t, last)
		if got := kinds(sub.backlog); !slices.Equal(got, []string{eventReset}) {
			t.Errorf("%s: replayed %v, want a reset", name, got)
		}
		if eventTime(sub.backlog[0].id).IsZero() {
			t.Errorf("%s: one cannot resume after the reset", name)
		}
	}
	near := b.seat(t, eventID(exampleTime(9, 30, 17), "inc-17", "r1"))
	if got := kinds(near.backlog); len(got) == 0 || got[0] == eventReset {
		t.Errorf("a short gap replays %v", got)
	}
}

func TestCrowdThatComesBackCostsOneLook(t *testing.T) {
	b := newHubBench(t)
	b.row("inc-1", 1, 0, exampleTime(9, 55, 0))
	b.seat(t, "")
	before := b.store.count("UpdatedSince")
	var crowd []*subscriber
	for i := range 50 {
		crowd = append(crowd, b.subscriber(eventID(exampleTime(9, i, 0), "x", "r1")))
	}
	b.admit(t.Context(), crowd)
	if looks := b.store.count("UpdatedSince") - before; looks != 1 {
		t.Errorf("%d looks at the store for one crowd", looks)
	}
	for _, sub := range crowd {
		if err := <-sub.answer; err != nil || len(sub.backlog) != 1 {
			t.Fatalf("error %v, replayed %v", err, kinds(sub.backlog))
		}
	}
}

func TestSlowClientIsDroppedAndOthersAreNot(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.Queue = 2 })
	slow, fast := b.seat(t, ""), b.seat(t, "")
	for i := range 5 {
		b.row("inc-1", int64(i+1), 0, exampleTime(10, 0, i))
		b.poll(t.Context())
		if got := heard(fast); len(got) != 1 {
			t.Fatalf("the fast client heard %v", got)
		}
	}
	if got := heard(slow); len(got) != 3 || got[2] != "closed" {
		t.Errorf("the slow client got %v, want two events and the end", got)
	}
	if n := testutil.ToFloat64(b.metrics.streamEnds.WithLabelValues(endSlow)); n != 1 {
		t.Errorf("%v slow clients counted", n)
	}
	b.drop(slow, endClient)
	if n := testutil.ToFloat64(b.metrics.streams); n != 1 {
		t.Errorf("%v streams after a second drop, want 1", n)
	}
}

func TestSeatsAreBounded(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.MaxClients = 2 })
	first := b.seat(t, "")
	b.seat(t, "")
	third := b.subscriber("")
	b.admit(t.Context(), []*subscriber{third})
	if err := <-third.answer; !errors.Is(err, errStreamsFull) {
		t.Errorf("a third client gets %v", err)
	}
	b.drop(first, endClient)
	b.seat(t, "")
}

func TestStoreThatIsDownRefusesNewStreamsAndKeepsOldOnes(t *testing.T) {
	b := newHubBench(t)
	sub := b.seat(t, "")
	b.store.set(func(f *fakeStore) { f.fail = errors.New("down") })
	for range 5 {
		b.poll(t.Context())
	}
	resuming := b.subscriber(eventID(exampleTime(9, 0, 0), "x", "r1"))
	b.admit(t.Context(), []*subscriber{resuming})
	if err := <-resuming.answer; err == nil {
		t.Error("a resuming client is seated without its replay")
	}
	if n := strings.Count(b.logs.String(), "cannot read updates"); n != 1 {
		t.Errorf("%d log lines for one outage", n)
	}
	b.store.set(func(f *fakeStore) { f.fail = nil })
	b.row("inc-1", 1, 0, exampleTime(10, 0, 1))
	b.poll(t.Context())
	if got := heard(sub); len(got) != 1 {
		t.Errorf("after the outage the old client heard %v", got)
	}
	b.drop(sub, endClient)
	b.store.set(func(f *fakeStore) { f.fail = errors.New("down") })
	first := b.subscriber("")
	b.admit(t.Context(), []*subscriber{first})
	if err := <-first.answer; err == nil {
		t.Error("the first client is seated without a cursor")
	}
}

func TestManyRowsOfOneInsertAreAllTold(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.Queue = 5 * pollRows })
	sub := b.seat(t, "")
	for i := range pollRows*2 + 10 {
		b.row(fmt.Sprintf("inc-%04d", i), 1, 0, exampleTime(10, 0, 1))
	}
	b.poll(t.Context())
	if got := len(heard(sub)); got != pollRows*2+10 {
		t.Errorf("heard %d of %d", got, pollRows*2+10)
	}
}

func TestMemoryOfIncidentsIsBounded(t *testing.T) {
	b := newHubBench(t)
	for i := range maxRemembered + 100 {
		b.remember(&query.Update{Incident: fmt.Sprint(i), Revision: 1, At: exampleTime(1, 0, 0).Add(time.Duration(i) * time.Second)})
	}
	b.forget()
	if len(b.seen) > maxRemembered {
		t.Errorf("%d incidents remembered", len(b.seen))
	}
}

func TestHubEndsItsStreamsAndItself(t *testing.T) {
	b := newHubBench(t)
	ctx, cancel := context.WithCancel(t.Context())
	over := make(chan struct{})
	go func() { b.run(ctx); close(over) }()
	sub, err := b.join(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	gone, err := b.join(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	b.leave(gone)
	cancel()
	<-over
	if _, open := <-sub.events; open {
		t.Error("the stream goes on")
	}
	b.leave(sub)
	if _, err := b.join(t.Context(), ""); !errors.Is(err, errStreamsOver) {
		t.Errorf("a client that comes too late gets %v", err)
	}
	waiting, stop := context.WithCancel(t.Context())
	stop()
	idle := newHubBench(t)
	if _, err := idle.join(waiting, ""); !errors.Is(err, context.Canceled) {
		t.Errorf("a client that gave up gets %v", err)
	}
}
