package correlate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// signalStory is an outage of as many services as there are signals, all of them
// callers of the one that changed.
func signalStory(signals ...Signal) shopStory {
	s := shopStory{changes: []Change{changed("c1", 10*time.Minute, "base")}}
	for i, signal := range signals {
		name := fmt.Sprintf("caller-%d", i)
		a := critical(name, 0)
		a.Signal = signal
		s.alerts = append(s.alerts, a)
		s.edges = append(s.edges, name+">base")
	}
	return s
}

// mixOf is the evidence about signals of the first suspect.
func mixOf(t *testing.T, s shopStory) (Evidence, bool) {
	t.Helper()
	f := s.finding()
	for _, ev := range about(t, &f, "c1", EvidencePrior) {
		if strings.Contains(ev.Text, "gravely alerting service") {
			return ev, true
		}
	}
	return Evidence{}, false
}

func TestSignalsTellLoadAndHardwareFromChanges(t *testing.T) {
	for _, tc := range []struct {
		name    string
		signals []Signal
		sign    float64
		says    string
	}{
		{"errors", []Signal{SignalErrors}, 1, "The gravely alerting service alerts for errors, as changes make them do more often than anything else."},
		{"load", []Signal{SignalSaturation, SignalSaturation, SignalLatency}, -1, "2 of the 3 gravely alerting services alert for saturation, as load makes them do more often than changes."},
		{"attack", []Signal{SignalTraffic, SignalTraffic}, -1, "All 2 gravely alerting services alert for traffic, as an attack or a crowd makes them do more often than changes."},
		{"zone", []Signal{SignalAvailability, SignalAvailability, SignalAvailability}, -1, "All 3 gravely alerting services alert for availability, as hardware, a date that comes or a provider makes them do more often than changes."},
		{"usual mix", []Signal{SignalErrors, SignalLatency, SignalErrors, SignalAvailability}, 1, "2 of the 4 gravely alerting services alert for errors, as changes make them do more often than anything else."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ev, ok := mixOf(t, signalStory(tc.signals...))
			if !ok || ev.LogOdds*tc.sign <= 0 || ev.Text != tc.says {
				t.Errorf("evidence %+v, want %q", ev, tc.says)
			}
		})
	}
}

func TestSignalsThatNoMixKnowsSayNothing(t *testing.T) {
	for _, signal := range []Signal{SignalBusiness, SignalAISafety, ""} {
		if ev, ok := mixOf(t, signalStory(signal, signal)); ok {
			t.Errorf("signal %q: %+v", signal, ev)
		}
	}
}

func TestMoreAlertsOfOneSignalTellMoreButWithinBounds(t *testing.T) {
	w := DefaultWeights()
	e := NewEngine(w)
	last := 0.0
	for n := 1; n <= 40; n++ {
		s := &scene{}
		for range n {
			s.symptoms = append(s.symptoms, symptom{grave: true, lead: len(s.alerts)})
			s.alerts = append(s.alerts, Alert{Signal: SignalSaturation})
		}
		m := e.signalsOf(s)
		if m.logOdds >= last {
			t.Fatalf("%d alerts about saturation have log odds %v, one fewer %v", n, m.logOdds, last)
		}
		last = m.logOdds
	}
	if last < -9 {
		t.Errorf("forty alerts have log odds %v: nobody may be that sure of signals", last)
	}
	errors := &scene{symptoms: []symptom{{grave: true}}, alerts: []Alert{{Signal: SignalErrors}}}
	if m := e.signalsOf(errors); m.logOdds > -math.Log(w.Signals.AsChanges) {
		t.Errorf("errors have log odds %v, beyond what the share of incidents that look like a change's allows", m.logOdds)
	}
}

func TestSignalsOfWarningsCountOnlyWhereNothingIsGrave(t *testing.T) {
	story := signalStory(SignalErrors, SignalSaturation, SignalSaturation)
	story.alerts[1].Severity, story.alerts[2].Severity = SeverityWarning, SeverityWarning
	if ev, ok := mixOf(t, story); !ok || !strings.Contains(ev.Text, "errors") {
		t.Errorf("evidence %+v, want the grave alert's signal", ev)
	}
}

func TestSignalsAreLeftOutWithThePriorAndByTheirWeight(t *testing.T) {
	s := &scene{symptoms: []symptom{{grave: true}}, alerts: []Alert{{Signal: SignalTraffic}}}
	if m := NewEngine(DefaultWeights(), EvidencePrior).signalsOf(s); m.logOdds != 0 {
		t.Errorf("without the prior signals still have %v", m.logOdds)
	}
	w := DefaultWeights()
	w.Signals.Alike = 0
	if m := NewEngine(w).signalsOf(s); m.logOdds != 0 {
		t.Errorf("without weight signals still have %v", m.logOdds)
	}
}

func TestMixesOfSignalsAreDistributions(t *testing.T) {
	w := DefaultWeights().Signals
	sum := w.AsChanges
	for _, story := range w.Outside {
		sum += story.Share
	}
	if math.Abs(sum-1) > 1e-9 {
		t.Errorf("the shares of what happens without a change add up to %v", sum)
	}
	for _, mix := range []map[Signal]float64{w.Change, w.Outside[0].Mix, w.Outside[1].Mix, w.Outside[2].Mix} {
		total := 0.0
		for at := range mixedSignals {
			one := make([]int, len(mixedSignals))
			one[at] = 1
			total += math.Exp(logLikelihood(mix, w.Alike, one))
		}
		if math.Abs(total-1) > 1e-9 {
			t.Errorf("one alert has a total probability of %v under %v", total, mix)
		}
	}
}

func TestManyAlertsForLatencyTellLoadOnlyWhereOutsideCausesStrikeAlike(t *testing.T) {
	counts := make([]int, len(mixedSignals))
	counts[1] = 10 // Latency.
	w := DefaultWeights().Signals
	load := w.Outside[0].Mix
	alike := logLikelihood(load, w.AlikeOutside, counts) - logLikelihood(w.Change, w.Alike, counts)
	apart := logLikelihood(load, w.Alike, counts) - logLikelihood(w.Change, w.Alike, counts)
	if alike <= apart+0.3 {
		t.Errorf("ten alerts for latency have %.2f for load, %.2f if its alerts resembled each other no more than a change's", alike, apart)
	}
}
