package main

import (
	"bytes"
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// smallFlags are those of a company that a test can afford.
func smallFlags(t *testing.T, more ...string) engineFlags {
	t.Helper()
	f, err := parseEngineFlags(append([]string{
		"-services", "3000", "-edges", "20000", "-changes", "6000", "-window", "24h", "-bodies", "1500",
		"-attributions", "8", "-alerting", "20", "-updates", "3000", "-snapshots", "5", "-snapshot-edges", "40",
	}, more...))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestTheDegreeLawHasThePublishedQuantiles(t *testing.T) {
	for name, test := range map[string]struct {
		law       degreeLaw
		top, p99  float64
		mean, far float64
	}{
		"fan-out": {degreeLaw{top: 5865, p99: 257, below: 1.41}, 5865, 257, 10, 1},
		"fan-in":  {degreeLaw{top: 14084, p99: 206, below: 1.36}, 14084, 206, 10, 1},
	} {
		const n = 100_000
		sum := 0.0
		for i := range n {
			sum += test.law.at(i, n)
			if i > 0 && test.law.at(i, n) > test.law.at(i-1, n) {
				t.Fatalf("%s: place %d has more than the one before", name, i)
			}
		}
		if top := test.law.at(0, n); top < 0.99*test.top || top > 1.01*test.top {
			t.Errorf("%s: the greatest is %.0f, want %.0f", name, top, test.top)
		}
		if p99 := test.law.at(n/100, n); p99 < 0.98*test.p99 || p99 > 1.02*test.p99 {
			t.Errorf("%s: the 99th percentile is %.0f, want %.0f", name, p99, test.p99)
		}
		if mean := sum / n; mean < test.mean-test.far || mean > test.mean+test.far {
			t.Errorf("%s: %.1f calls per service, want about %.0f", name, mean, test.mean)
		}
	}
}

func TestTheWorldHasTheSizeThatTheFlagsSayAndIsTheSameEachTime(t *testing.T) {
	f := smallFlags(t)
	one, other := newWorld(&f), newWorld(&f)
	a, b := one.topology(f.edges), other.topology(f.edges)
	if diff := cmp.Diff(a, b); diff != "" {
		t.Fatal("two worlds of the same flags differ")
	}
	if len(a.Services) != f.services || len(a.Edges) != f.edges {
		t.Errorf("%d services, %d edges", len(a.Services), len(a.Edges))
	}
	pairs := map[[2]string]bool{}
	for _, e := range a.Edges {
		if e.Caller == e.Callee || pairs[[2]string{e.Caller, e.Callee}] {
			t.Fatalf("call %+v is to itself or doubled", e)
		}
		pairs[[2]string{e.Caller, e.Callee}] = true
	}
	if one.fanOut[0] < 10*at99(one.fanOut)/3 || one.fanIn[0] < one.fanIn[30] {
		t.Errorf("no hubs: fan-out %v, fan-in %v", one.fanOut[:5], one.fanIn[:5])
	}
}

func TestChangesOfTheWorldAreInOrderValidAndVaried(t *testing.T) {
	f := smallFlags(t)
	w := newWorld(&f)
	var last time.Time
	wide, several, services := 0, 0, map[string]bool{}
	for i := range f.changes {
		c := w.change(i, f.changes)
		if c.StartedAt.Before(last) || c.StartedAt.After(w.end) || c.FinishedAt.Before(c.StartedAt) {
			t.Fatalf("change %d from %v to %v, after %v", i, c.StartedAt, c.FinishedAt, last)
		}
		last = c.StartedAt
		switch len(c.Services) {
		case 0:
			wide++
		case 1:
			services[c.Services[0]] = true
		default:
			several++
		}
	}
	if wide == 0 || wide > f.changes/100 || several < f.changes/100 || several > f.changes/20 || len(services) < 1000 {
		t.Errorf("%d of everything, %d of several services, %d services changed", wide, several, len(services))
	}
}

func TestAnIncidentAlertsOnAsManyServicesAsAsked(t *testing.T) {
	f := smallFlags(t)
	w := newWorld(&f)
	w.topology(f.edges)
	for number := range 20 {
		services := map[string]bool{}
		for _, a := range w.incident(number, f.alerting) {
			services[a.Service] = true
			if a.StartedAt.After(w.end) || a.Severity == "" {
				t.Errorf("alert %+v", a)
			}
		}
		if len(services) != f.alerting {
			t.Errorf("%d services alert, want %d", len(services), f.alerting)
		}
	}
}

func TestTheEnginesReportHasEveryFigureBesideItsTarget(t *testing.T) {
	var out bytes.Buffer
	err := runEngine(t.Context(), &out, []string{
		"-services", "2000", "-edges", "12000", "-changes", "5000", "-window", "24h", "-bodies", "1000", "-attributions", "6",
		"-alerting", "20", "-updates", "2500", "-snapshots", "4", "-snapshot-edges", "40", "-profiles", t.TempDir(),
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"engine: 20", "changes in 24h0m0s", "attribution, processor time, p99", "at most 5 ms", "at most 4000 MB",
		"one change put, held up, longest", "one topology update", "dropping a portion", "releasing a portion", "at most 10 ms",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, out.String())
		}
	}
}

func TestMeasuringLeavesWhatTheRunnerWouldHold(t *testing.T) {
	f := smallFlags(t)
	m := &engineMeasure{flags: &f}
	m.build()
	if m.index.Len() != f.changes || m.index.Held() > f.bodies+cleanPortion {
		t.Errorf("holds %d changes, %d of them whole", m.index.Len(), m.index.Held())
	}
	m.attribute(t.Context())
	if m.suspects < 1 || len(m.attribution.cpu) != f.attributions || m.attribution.cpu.at(1) <= 0 || m.attribution.all <= 0 {
		t.Errorf("%.1f suspects, costs %+v", m.suspects, m.attribution)
	}
	edges := m.graph.Edges()
	if err := m.update(t.Context()); err != nil {
		t.Fatal(err)
	}
	puts, snapshots, drops := len(m.puts.held), len(m.snapshots.held), len(m.drops.cpu)
	if puts != f.updates || snapshots != f.snapshots || drops == 0 || m.graph.Edges() <= edges {
		t.Errorf("%d puts, %d snapshots, %d drops, %d edges of %d", puts, snapshots, drops, m.graph.Edges(), edges)
	}
}

func TestAStoppedMeasurementIsAnError(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	err := runEngine(ctx, &out, []string{"-services", "500", "-edges", "1000", "-changes", "500", "-updates", "10", "-snapshots", "1", "-attributions", "3"})
	if err == nil || out.Len() > 0 {
		t.Errorf("error %v, printed %q", err, out.String())
	}
}

func TestQuantilesOfDurations(t *testing.T) {
	var s spread
	if s.at(0.5) != 0 {
		t.Error("nothing measured is no time")
	}
	for i := 100; i >= 1; i-- {
		s = append(s, time.Duration(i))
	}
	if s.at(0.5) != 51 || s.at(0.99) != 100 || s.at(1) != 100 || s[0] != 100 {
		t.Errorf("quantiles %d, %d, %d; the measurements must stay as they are", s.at(0.5), s.at(0.99), s.at(1))
	}
	runtime.LockOSThread() // Else the part may go on on a thread that has spent less.
	defer runtime.UnlockOSThread()
	before := threadTime()
	s.timed(func() { correlate.NewEngine(correlate.DefaultWeights()) })
	if threadTime() < before || s[len(s)-1] <= 0 {
		t.Error("the processor time of a part is not measured")
	}
	watch := watchStops()
	runtime.GC()
	if total, stopping := watch.longest(); total <= 0 || stopping > total {
		t.Error("a pause cannot be negative")
	}
}
