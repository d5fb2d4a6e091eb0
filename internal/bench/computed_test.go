package main

import (
	"bufio"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/ingest"
	"github.com/faultline/faultline/internal/event"
)

func TestAQuantileHasThatShareOfMeasurementsBelowIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var s spread
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, 1e9), 1, 300).Draw(t, "durations") {
			s = append(s, time.Duration(d))
		}
		q := rapid.Float64Range(0, 1).Draw(t, "quantile")
		at, below, upTo := s.at(q), 0, 0
		for _, d := range s {
			if d < at {
				below++
			}
			if d <= at {
				upTo++
			}
		}
		n := float64(len(s))
		if !slices.Contains(s, at) || float64(below) > q*n || float64(upTo) < min(q*n, n) {
			t.Fatalf("%v is the quantile %g of %v: %d below, %d up to it", at, q, s, below, upTo)
		}
		if s.at(1) != slices.Max(s) || s.at(0) != slices.Min(s) {
			t.Fatalf("from %v to %v of %v", s.at(0), s.at(1), s)
		}
	})
	if spread(nil).at(0.5) != 0 {
		t.Error("nothing has a median")
	}
}

// What is drawn must have the degrees that the law promises, or the benchmark
// measures an easier company than it says.
func TestTheDrawnGraphHasTheDegreesOfTheLaw(t *testing.T) {
	const services, edges = 20_000, 200_000
	f := smallFlags(t, "-services", "20000", "-edges", "200000")
	w := newWorld(&f)
	out, in := map[string]int{}, map[string]int{}
	topology := w.topology(f.edges)
	for _, e := range topology.Edges {
		out[e.Caller]++
		in[e.Callee]++
	}
	if len(topology.Edges) != edges {
		t.Fatalf("%d calls, want %d", len(topology.Edges), edges)
	}
	for name, side := range map[string]struct {
		degrees  map[string]int
		told     []int
		p99, far float64
	}{
		"fan-out": {out, w.fanOut, 257, 0.3}, "fan-in": {in, w.fanIn, 206, 0.3},
	} {
		list := make([]int, 0, services)
		for _, n := range side.degrees {
			list = append(list, n)
		}
		for len(list) < services {
			list = append(list, 0)
		}
		slices.SortFunc(list, func(a, b int) int { return b - a })
		if p99 := float64(at99(list)); p99 < side.p99*(1-side.far) || p99 > side.p99*(1+side.far) {
			t.Errorf("%s: the 99th percentile is %.0f, want about %.0f", name, p99, side.p99)
		}
		if at99(list) != at99(side.told) || list[0] != side.told[0] {
			t.Errorf("%s: the title says p99 %d, max %d; drawn were %d and %d", name, at99(side.told), side.told[0], at99(list), list[0])
		}
		if list[0] < 5*at99(list) {
			t.Errorf("%s: the greatest hub has %d calls, the 99th percentile %d", name, list[0], at99(list))
		}
	}
}

// rows is a store that takes everything, or nothing.
type rows struct {
	ingest.Store
	fails error
}

func (r *rows) InsertChanges(context.Context, string, []event.Change) error { return r.fails }

func TestAllIsThereOnceAndOnlyWhenEveryRowIsAcknowledged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		batches := rapid.SliceOfN(rapid.IntRange(0, 50), 1, 40).Draw(t, "batches")
		want := 1
		for _, n := range batches {
			want += n
		}
		c := &counting{Store: &rows{}, want: int64(want), all: make(chan struct{})}
		var inserting sync.WaitGroup
		for _, n := range batches {
			inserting.Go(func() { _ = c.InsertChanges(t.Context(), "", make([]event.Change, n)) })
		}
		inserting.Wait()
		select {
		case <-c.all:
			t.Fatal("told although one row is missing")
		default:
		}
		for range 2 { // Doubles after the end must not close the channel again.
			if err := c.InsertChanges(t.Context(), "", make([]event.Change, 1)); err != nil {
				t.Fatal(err)
			}
		}
		<-c.all
		if got := c.inserts.Load(); got != int64(len(batches))+2 {
			t.Fatalf("%d inserts, want %d", got, len(batches)+2)
		}
	})
}

func TestRowsThatAreNotAcknowledgedDoNotCount(t *testing.T) {
	broken := errors.New("disk full")
	c := &counting{Store: &rows{fails: broken}, want: 1, all: make(chan struct{})}
	if err := c.InsertChanges(t.Context(), "", make([]event.Change, 1)); !errors.Is(err, broken) || c.rows.Load() != 0 {
		t.Errorf("%v, %d rows", err, c.rows.Load())
	}
	c.nowhere = true
	if err := c.InsertChanges(t.Context(), "", make([]event.Change, 1)); err != nil || c.rows.Load() != 1 {
		t.Errorf("thrown away: %v, %d rows", err, c.rows.Load())
	}
}

func TestIngestFiguresAreRatesOfEvents(t *testing.T) {
	m := ingestMeasure{
		events: 100_000, wall: 2 * time.Second, processor: 2500 * time.Millisecond, settled: 3 * time.Second, peakMB: 380,
		highWaterMB: 410, inserts: 20, allocated: 5e8, garbageCycles: 7,
	}
	got := map[string]figure{}
	for _, f := range m.figures() {
		got[f.name] = f
	}
	for name, want := range map[string]float64{
		"events from topic to acknowledged insert": 50_000, "processor time, engine included": 25,
		"the same with the merges of the next 5 s": 30, "events per insert": 5000, "Go heap allocated": 5000,
	} {
		if got[name].measured != want {
			t.Errorf("%s: %g, want %g", name, got[name].measured, want)
		}
	}
	if !got["events from topic to acknowledged insert"].met() || got["resident memory, high-water mark"].met() {
		t.Error("a target that is just reached is met, one that is passed is not")
	}
	if empty := (&ingestMeasure{events: 1, wall: time.Second}).figures(); empty[8].measured != 1 {
		t.Errorf("without inserts %g events per insert", empty[8].measured)
	}
}

func TestAStatusThatIsMissingOrOddIsAnError(t *testing.T) {
	for text, mend := range map[string]string{"VmHWM:\t 12 kB": "does not tell", "VmRSS:\t many kB": "reading VmRSS", "": "does not tell"} {
		if _, err := parseStatus(bufio.NewScanner(strings.NewReader(text)), "VmRSS"); err == nil || !strings.Contains(err.Error(), mend) {
			t.Errorf("%q: %v, want %q", text, err, mend)
		}
	}
}
