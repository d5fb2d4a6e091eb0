package api

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"pgregory.net/rapid"
)

// TestNoUpdateIsMissedAcrossDisconnects draws updates and disconnects and
// demands that a client which resumes ends up knowing the newest state of every
// incident.
func TestNoUpdateIsMissedAcrossDisconnects(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		b := newHubBench(t, func(c *StreamConfig) { c.Queue = 500 })
		know, last := map[string]string{}, eventID(exampleTime(9, 59, 59), "", "")
		sub := b.seat(t, last)
		learn := func(e streamEvent) {
			last = e.id
			_, what, _ := strings.Cut(e.id, "-")
			know[what[:strings.LastIndex(what, "-")+2]] = what
		}
		at := exampleTime(10, 0, 0)
		newest := map[string]string{}
		revisions := map[string]int64{}
		for range rapid.IntRange(1, 60).Draw(r, "steps") {
			switch rapid.SampledFrom([]string{"update", "update", "poll", "cut"}).Draw(r, "step") {
			case "update":
				incident := rapid.SampledFrom([]string{"inc-a", "inc-b", "inc-c"}).Draw(r, "incident")
				revisions[incident]++
				at = at.Add(time.Duration(rapid.IntRange(0, 900).Draw(r, "gap")) * time.Millisecond)
				b.row(incident, revisions[incident], int(revisions[incident]), at)
				newest[incident+"-r"] = fmt.Sprintf("%s-r%d", incident, revisions[incident])
				newest[incident+"-f"] = fmt.Sprintf("%s-f%d", incident, revisions[incident])
			case "poll":
				b.poll(t.Context())
			case "cut":
				b.drop(sub, endClient)
				for e := range sub.events {
					learn(e)
				}
				sub = b.seat(t, last)
				for _, e := range sub.backlog {
					learn(e)
				}
			}
		}
		b.poll(t.Context())
		b.drop(sub, endClient)
		for e := range sub.events {
			learn(e)
		}
		for key, want := range newest {
			if know[key] != want {
				r.Fatalf("the client knows %q of %s, the newest is %q", know[key], key, want)
			}
		}
	})
}

// TestClientsMayComeAndGoWhileEventsFlow is for the race detector.
func TestClientsMayComeAndGoWhileEventsFlow(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.PollInterval, c.MaxClients = time.Millisecond, 20 })
	ctx, cancel := context.WithCancel(t.Context())
	var running, clients sync.WaitGroup
	running.Go(func() { b.run(ctx) })
	running.Go(func() {
		for i := int64(1); ctx.Err() == nil; i++ {
			b.row("inc-1", i, 0, exampleTime(10, 0, 0).Add(time.Duration(i)*time.Millisecond))
			time.Sleep(time.Millisecond)
		}
	})
	for i := range 30 {
		clients.Go(func() {
			last := ""
			for range 5 {
				sub, err := b.join(ctx, last)
				if errors.Is(err, errStreamsFull) {
					continue
				}
				if err != nil {
					t.Errorf("client %d: %v", i, err)
					return
				}
				if e, open := <-sub.events; open {
					last = e.id
				}
				b.leave(sub)
			}
		})
	}
	clients.Wait()
	cancel()
	running.Wait()
	if n := testutil.ToFloat64(b.metrics.streams); n != 0 {
		t.Errorf("%v streams are left", n)
	}
}

func TestClientsAtTheDoorComeInTogether(t *testing.T) {
	b := newHubBench(t, func(c *StreamConfig) { c.MaxClients = 3 })
	var waiting sync.WaitGroup
	for range 5 {
		waiting.Go(func() { b.joins <- b.subscriber("") })
	}
	var seated int
	for seated < 5 {
		crowd := b.gather(<-b.joins)
		if len(crowd) > 3 {
			t.Errorf("a crowd of %d for 3 seats", len(crowd))
		}
		seated += len(crowd)
	}
	waiting.Wait()
}
