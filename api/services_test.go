package api

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestServiceIsAnsweredWithWhatGoesOnAroundIt(t *testing.T) {
	h := newHarness(t)
	resolved := exampleIncident()
	resolved.ID, resolved.Status = "inc-old", correlate.IncidentResolved
	h.store.incidents = append(h.store.incidents, resolved)
	got := parse[ServiceRecord](t, h.get(t, "/v1/services/checkout", http.StatusOK))
	if len(got.Callers) != 2 || len(got.Callees) != 0 || len(got.RecentChanges) != 1 || got.RecentChanges[0].Provenance == nil {
		t.Errorf("record %+v", got)
	}
	if len(got.OpenIncidents) != 1 || got.OpenIncidents[0].ID != "inc-7f3a" {
		t.Errorf("open incidents %+v", got.OpenIncidents)
	}
	caller := parse[ServiceRecord](t, h.get(t, "/v1/services/storefront", http.StatusOK))
	if len(caller.Callers) != 0 || len(caller.Callees) != 1 || caller.Callees[0].Callee != "checkout" {
		t.Errorf("neighbours of a caller: %+v", caller)
	}
}

func TestUnknownServiceIsNamed(t *testing.T) {
	h := newHarness(t)
	p := wantProblem(t, h.get(t, "/v1/services/nope", http.StatusNotFound), serviceNotFound)
	if !strings.Contains(p.Detail, `"nope"`) {
		t.Errorf("detail %q", p.Detail)
	}
}

func TestTopologyIsReadOnceForManyAnswers(t *testing.T) {
	h := newHarness(t)
	for range 3 {
		got := parse[correlate.Topology](t, h.get(t, "/v1/topology", http.StatusOK))
		if diff := cmp.Diff(exampleTopology(), got); diff != "" {
			t.Fatal(diff)
		}
		h.get(t, "/v1/services/checkout", http.StatusOK)
	}
	if n := h.store.count("Topology"); n != 1 {
		t.Errorf("%d reads of the topology, want 1", n)
	}
	h.clock.advance(h.cfg.TopologyAge)
	h.get(t, "/v1/topology", http.StatusOK)
	if n := h.store.count("Topology"); n != 2 {
		t.Errorf("%d reads after the graph grew old, want 2", n)
	}
	h.get(t, "/v1/topology?as_of=2026-05-01T00:00:00Z", http.StatusOK)
	if n := h.store.count("Topology"); n != 3 {
		t.Errorf("%d reads after asking for the past, want 3", n)
	}
}

// gatedTopology answers when told to.
type gatedTopology struct {
	fakeStore
	gate  chan error
	reads int
	mu    sync.Mutex
}

func (g *gatedTopology) Topology(ctx context.Context, _ time.Time) (correlate.Topology, error) {
	g.mu.Lock()
	g.reads++
	g.mu.Unlock()
	select {
	case err := <-g.gate:
		return exampleTopology(), err
	case <-ctx.Done():
		return correlate.Topology{}, ctx.Err()
	}
}

func TestCrowdLoadsTheGraphOnce(t *testing.T) {
	store := &gatedTopology{gate: make(chan error)}
	clock := &fakeClock{now: exampleTime(10, 0, 0)}
	cache := newGraphCache(store, time.Minute, clock.Now)
	var crowd sync.WaitGroup
	for range 20 {
		crowd.Go(func() {
			if g, err := cache.get(t.Context()); err != nil || g == nil {
				t.Errorf("get: %v", err)
			}
		})
	}
	store.gate <- nil
	crowd.Wait()
	if store.reads != 1 {
		t.Errorf("%d reads for one crowd", store.reads)
	}
}

func TestOldGraphIsServedWhileOneRequestLoads(t *testing.T) {
	store := &gatedTopology{gate: make(chan error, 1)}
	clock := &fakeClock{now: exampleTime(10, 0, 0)}
	cache := newGraphCache(store, time.Minute, clock.Now)
	store.gate <- nil
	before, err := cache.get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	clock.advance(time.Hour)
	loaded := make(chan *callGraph)
	go func() {
		g, _ := cache.get(context.Background())
		loaded <- g
	}()
	for len(cache.loading) == 0 {
		time.Sleep(time.Millisecond)
	}
	if g, err := cache.get(t.Context()); err != nil || g != before {
		t.Errorf("a reader waits for another's load: %v", err)
	}
	store.gate <- nil
	if g := <-loaded; g == before || g == nil {
		t.Error("the loader did not get the new graph")
	}
}

func TestFailedLoadIsTriedAgain(t *testing.T) {
	store := &gatedTopology{gate: make(chan error, 2)}
	cache := newGraphCache(store, time.Minute, time.Now)
	down := errors.New("down")
	store.gate <- down
	if _, err := cache.get(t.Context()); !errors.Is(err, down) {
		t.Errorf("error %v", err)
	}
	store.gate <- nil
	if _, err := cache.get(t.Context()); err != nil {
		t.Errorf("after a failure: %v", err)
	}
	waiting, cancel := context.WithCancel(t.Context())
	cancel()
	fresh := newGraphCache(store, time.Minute, time.Now)
	fresh.loading <- struct{}{}
	if _, err := fresh.get(waiting); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that gave up waiting gets %v", err)
	}
}

// Whoever sends a snapshot and asks the gate next is judged by the tiers of that
// snapshot, not by those of half a minute ago.
func TestASnapshotJustTakenIsInTheNextAnswer(t *testing.T) {
	h := newHarness(t)
	h.get(t, "/v1/topology", http.StatusOK)
	send := func(path, body string) {
		resp := h.do(t, ask{method: http.MethodPost, path: path, token: RoleIngest, body: body})
		if text := readAll(t, resp); resp.StatusCode != http.StatusAccepted {
			t.Fatalf("status %d: %s", resp.StatusCode, text)
		}
	}
	for _, step := range []struct {
		path, body string
		reads      int
	}{
		{"/v1/changes", `{"id": "n-1", "source": "ci", "kind": "deploy", "started_at": "2026-05-04T09:00:00Z"}`, 1},
		{"/v1/topology", `{"observed_at": "2026-05-04T09:00:00Z", "source": "mesh", "services": [{"name": "checkout", "tier": 1}]}`, 2},
		{"/v1/changes", `{"id": "n-2", "source": "ci", "kind": "deploy", "started_at": "2026-05-04T09:00:00Z"}`, 2},
	} {
		send(step.path, step.body)
		for range 2 {
			h.get(t, "/v1/topology", http.StatusOK)
		}
		if n := h.store.count("Topology"); n != step.reads {
			t.Errorf("%d reads after sending to %s, want %d", n, step.path, step.reads)
		}
	}
}

// timedTopology takes some time of a clock to read.
type timedTopology struct {
	fakeStore
	clock *fakeClock
	took  time.Duration
	reads int
	hook  func()
}

func (s *timedTopology) Topology(context.Context, time.Time) (correlate.Topology, error) {
	s.reads++
	s.clock.advance(s.took)
	if s.hook != nil {
		s.hook()
	}
	return exampleTopology(), nil
}

// A graph that came by another door is seen soon; one that takes seconds to read
// is not read all the time, whoever sends snapshots.
func TestAGraphIsReadAnewAsOftenAsItIsCheap(t *testing.T) {
	for name, c := range map[string]struct {
		took, pause time.Duration
		told        bool
	}{
		"cheap":            {10 * time.Millisecond, time.Second, false},
		"middling":         {200 * time.Millisecond, 4 * time.Second, false},
		"costly":           {time.Second, 20 * time.Second, false},
		"costly and told":  {time.Second, 20 * time.Second, true},
		"huge, up to age":  {5 * time.Second, time.Minute, false},
		"cheap and told":   {10 * time.Millisecond, 10 * time.Millisecond, true},
		"at the very edge": {promptRead, promptRead, true},
	} {
		clock := &fakeClock{now: exampleTime(10, 0, 0)}
		store := &timedTopology{clock: clock, took: c.took}
		cache := newGraphCache(store, time.Minute, clock.Now)
		ask := func(want int, when string) {
			if g, err := cache.get(t.Context()); err != nil || g == nil || store.reads != want {
				t.Errorf("%s, %s: %d reads, want %d: %v", name, when, store.reads, want, err)
			}
		}
		ask(1, "at first")
		ask(1, "at once")
		if c.told {
			cache.tell()
		}
		if clock.advance(c.pause - c.took - time.Nanosecond); c.pause > c.took {
			ask(1, "before the pause is over")
		}
		clock.advance(time.Nanosecond)
		ask(2, "after the pause")
	}
}

// A snapshot that is taken while the graph is being read may not be in it.
func TestASnapshotTakenDuringAReadingIsReadAfterwards(t *testing.T) {
	clock := &fakeClock{now: exampleTime(10, 0, 0)}
	store := &timedTopology{clock: clock}
	cache := newGraphCache(store, time.Minute, clock.Now)
	store.hook = func() {
		store.hook = nil
		cache.tell()
	}
	for want := 1; want <= 2; want++ {
		if _, err := cache.get(t.Context()); err != nil || store.reads != want {
			t.Errorf("%d reads, want %d: %v", store.reads, want, err)
		}
	}
	if _, err := cache.get(t.Context()); err != nil || store.reads != 2 {
		t.Errorf("%d reads, want 2: %v", store.reads, err)
	}
}
