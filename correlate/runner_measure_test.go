package correlate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// gauge is a meter that remembers what it was asked and takes its time.
type gauge struct {
	mu    sync.Mutex
	asked []string
	takes time.Duration
	since time.Time
}

func (g *gauge) Measure(ctx context.Context, q Measuring) (series []Series, missing []string) {
	g.mu.Lock()
	at := q.To.Sub(g.since)
	g.asked = append(g.asked, fmt.Sprintf("%s at %v back to %v", strings.Join(q.Services, " "), at, q.From.Sub(g.since)))
	g.mu.Unlock()
	select {
	case <-time.After(g.takes):
		return []Series{{Service: q.Services[0], Signal: fmt.Sprint(at)}}, []string{"one query failed"}
	case <-ctx.Done():
		return nil, []string{"no answer within the time limit"}
	}
}

// questions are what it was asked so far.
func (g *gauge) questions() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.asked)
}

// heard says what metrics and gaps each judgement had.
type heard struct {
	mu    sync.Mutex
	lines []string
}

func (h *heard) judge(in Input) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var signals []string
	for _, s := range in.Metrics {
		signals = append(signals, s.Signal)
	}
	h.lines = append(h.lines, fmt.Sprintf("%d alerts: %s; %s", len(in.Alerts), strings.Join(signals, " "), strings.Join(in.Gaps, " ")))
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.lines)
}

// meteredRig is a rig with a meter.
func meteredRig(takes time.Duration) (*rig, *gauge, *heard) {
	g, h := &gauge{takes: takes, since: time.Now()}, &heard{}
	r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
		ports.Meter = g
		ports.Attributor = plainJudge{judge: h.judge}
	})
	return r, g, h
}

func TestMetricsAreReadOnceForEachCheckpoint(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, g, h := meteredRig(300 * time.Millisecond)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, alert: firing("cart", start)})
		r.add(event{at: start.Add(2 * time.Minute), alert: firing("cart", start.Add(2*time.Minute))}) // Another episode, between two checkpoints.
		time.Sleep(2 * time.Hour)
		want := []string{"cart at 1m0s back to -2h0m0s", "cart at 5m0s back to -2h0m0s", "cart at 15m0s back to -2h0m0s"}
		if diff := gocmp.Diff(want, g.questions()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
		lines := h.all()
		if len(lines) < 5 || !strings.Contains(lines[0], unmeasured) || strings.Contains(lines[1], unmeasured) {
			t.Fatalf("judged with %q", lines)
		}
		if want := "2 alerts: 1m0s; one query failed"; !slices.Contains(lines, want) {
			t.Errorf("what is judged between two checkpoints uses the samples of the first: %q lacks %q", lines, want)
		}
	})
}

func TestASlowMeterHoldsUpNoOtherIncident(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, h := meteredRig(8 * time.Second)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, alert: firing("cart", start)})
		time.Sleep(time.Minute + 200*time.Millisecond) // The metrics of the first checkpoint are being read.
		before := len(h.all())
		r.add(event{at: time.Now(), alert: firing("ledger", time.Now())})
		time.Sleep(200 * time.Millisecond)
		if len(r.lastFindings()) != 2 || len(h.all()) != before+1 {
			t.Errorf("the other incident waits: %q", h.all())
		}
		time.Sleep(8 * time.Second)
		if lines := h.all(); !strings.HasPrefix(lines[len(lines)-1], "1 alerts: 1m0s") {
			t.Errorf("the checkpoint is not judged when its metrics come: %q", lines)
		}
	})
}

func TestAMeterThatHangsCostsNoFinding(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, h := meteredRig(time.Hour)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, alert: firing("cart", start)})
		time.Sleep(time.Minute + DefaultRunnerConfig().MeasureWithin + time.Second)
		lines := h.all()
		if len(lines) != 2 || lines[1] != "1 alerts: ; no answer within the time limit" {
			t.Errorf("judged with %q", lines)
		}
	})
}

func TestAStopEndsTheReadingOfMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _, _ := meteredRig(time.Hour)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(61 * time.Second)
		began := time.Now()
		r.end()
		if took := time.Since(began); took > 0 {
			t.Errorf("stopping took %v", took)
		}
	})
}

func TestTheServicesMeasuredAreThoseThatAlertTheirChangedNeighboursAndWhoCallsThem(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, g, _ := meteredRig(0)
		defer r.end()
		start := time.Now()
		r.add(event{at: start, topology: topologyOf("web", "cart", "cart", "stock", "cart", "tax", "invoice", "ledger", "depot", "stock", "buyer", "stock")})
		time.Sleep(10 * time.Second)
		r.add(event{at: time.Now(), change: deployOf("a", "stock", start)}, event{at: time.Now(), change: deployOf("b", "ledger", start)})
		g.since = time.Now()
		later := time.Now().Add(5 * time.Second)
		r.add(event{at: time.Now(), alert: firing("web", time.Now())}, event{at: later, alert: firing("cart", later)})
		time.Sleep(62 * time.Second)
		if diff := gocmp.Diff([]string{"web cart stock buyer depot at 1m0s back to -2h0m0s"}, g.questions()); diff != "" {
			t.Errorf("asked (-want +got):\n%s", diff)
		}
	})
}

// A correlator that starts later asks the same questions and writes the same
// rows.
func TestAStartLaterReadsTheSameMetrics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		run := func() (map[string]Finding, []string) {
			g := &gauge{since: start}
			r := newRig(func(_ *RunnerConfig, ports *RunnerPorts) {
				ports.Meter = g
				ports.Attributor = toldJudge{}
			})
			alert := firing("cart", start)
			r.add(event{at: start, alert: alert}, event{at: start.Add(30 * time.Minute), alert: resolved(alert, start.Add(30*time.Minute))})
			time.Sleep(max(time.Until(start.Add(3*time.Hour)), 0) + time.Second)
			r.end()
			return r.lastFindings(), g.questions()
		}
		first, asked := run()
		second, again := run()
		if diff := gocmp.Diff(first, second); diff != "" {
			t.Errorf("findings (-first +second):\n%s", diff)
		}
		if last := asked[len(asked)-1:]; !slices.Equal(last, again) {
			t.Errorf("asked %q, later %q; want the last checkpoint only", asked, again)
		}
	})
}

// toldJudge repeats the metrics and gaps it was given.
type toldJudge struct{}

func (toldJudge) Attribute(in Input) Finding {
	f := Finding{Verdict: VerdictNoChange, Missing: slices.Clone(in.Gaps), Suspects: []Suspect{}}
	for _, s := range in.Metrics {
		f.Missing = append(f.Missing, s.Service+" "+s.Signal)
	}
	return f
}
