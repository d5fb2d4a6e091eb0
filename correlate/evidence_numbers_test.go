package correlate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
)

// curve is a series of one value a minute from an hour before the outbreak to
// five minutes after it: low before the break, high from then on, with a small
// ripple that differs from instance to instance.
func curve(service, instance, signal, unit string, low, high float64, breaks time.Duration) Series {
	s := Series{Service: service, Instance: instance, Signal: signal, Unit: unit}
	phase := float64(len(instance)) + float64(instance[max(len(instance)-1, 0)])
	for minute := -60; minute <= 5; minute++ {
		value := low
		if time.Duration(minute)*time.Minute >= breaks {
			value = high
		}
		value *= 1 + 0.05*math.Sin(phase+float64(minute))
		s.Points = append(s.Points, Point{At: after(time.Duration(minute) * time.Minute), Value: value})
	}
	return s
}

// towards labels a series as the service's calls to another.
func towards(s Series, peer string) Series {
	s.Labels = map[string]string{"direction": "outbound", "peer": peer}
	return s
}

// canary is a story in which two of eight instances of cart run the new
// version; error shares are in percent.
func canary(changed, unchanged float64) *story {
	c := staged(RolloutStep{At: after(-2 * time.Minute), Instances: []string{"cart-7", "cart-8"}})
	c.StartedAt = after(-2 * time.Minute)
	s := newStory(c)
	for i := 1; i <= 8; i++ {
		level := unchanged
		if i >= 7 {
			level = changed
		}
		s.metrics = append(s.metrics, curve("cart", fmt.Sprintf("cart-%d", i), "error_rate", "percent", 0.4, level, 0))
	}
	return s
}

func TestMetricsCompareChangedWithUnchangedInstances(t *testing.T) {
	latency, silent, busy := canary(0, 0), canary(0, 0), canary(0, 0)
	latency.metrics, silent.metrics, busy.metrics = nil, nil, nil
	for i := 1; i <= 8; i++ {
		slow, fewer, more := 80.0, 100.0, 100.0
		if i >= 7 {
			slow, fewer, more = 400, 4, 400
		}
		instance := fmt.Sprintf("cart-%d", i)
		latency.metrics = append(latency.metrics, curve("cart", instance, "latency_p95", "ms", 80, slow, 0))
		silent.metrics = append(silent.metrics, curve("cart", instance, "request_rate", "per_second", 100, fewer, 0))
		busy.metrics = append(busy.metrics, curve("cart", instance, "request_rate", "per_second", 100, more, 0))
	}
	runEvidence(t, []evidenceTest{
		{
			"changed ones fail", canary(30, 0.4), EvidenceMetrics, speaks,
			[]string{"Changed instances of cart stand out from unchanged ones: error share +", "points"},
			[]string{"service:cart"},
		},
		{"changed ones are slow", latency, EvidenceMetrics, speaks, []string{"stand out", "latency times 4."}, nil},
		{"changed ones serve less", silent, EvidenceMetrics, speaks, []string{"stand out", "traffic times 0."}, nil},
		{"changed ones serve more", busy, EvidenceMetrics, against, []string{"look alike"}, nil},
		{"all fail alike", canary(30, 30), EvidenceMetrics, against, []string{"Changed and unchanged instances of cart look alike"}, nil},
		{"nothing is wrong with either", canary(0.4, 0.4), EvidenceMetrics, against, []string{"look alike"}, nil},
		{"no metrics", newStory(guilty(2*time.Minute, "cart")), EvidenceMetrics, absent, nil, nil},
	})
}

func TestInstancesAreAlsoToldApartByVersion(t *testing.T) {
	s := newStory(guilty(2*time.Minute, "cart"))
	for i := 1; i <= 8; i++ {
		x := curve("cart", fmt.Sprintf("cart-%d", i), "http_5xx_ratio", "ratio", 0.004, 0.004, 0)
		x.Version = "v1"
		if i >= 6 {
			x = curve("cart", fmt.Sprintf("cart-%d", i), "http_5xx_ratio", "ratio", 0.004, 0.3, 0)
			x.Version = "v2"
		}
		s.metrics = append(s.metrics, x)
	}
	(&evidenceTest{"by version", s, EvidenceMetrics, speaks, []string{"Changed instances of cart stand out"}, nil}).check(t)
}

// Two instances of which one got a little worse prove far less than eight.
func TestFewInstancesProveLessThanMany(t *testing.T) {
	many, few := canary(6, 0.4), canary(6, 0.4)
	few.metrics = []Series{many.metrics[0], many.metrics[7]}
	a, _, _, _ := weightOf(suspectOf(t, many.judge(), "guilty"), EvidenceMetrics)
	b, _, _, _ := weightOf(suspectOf(t, few.judge(), "guilty"), EvidenceMetrics)
	if a <= b {
		t.Errorf("eight instances weigh %.2f, two %.2f", a, b)
	}
}

// What was bad before the change is not its doing.
func TestATroubleOlderThanTheChangeIsNotItsDoing(t *testing.T) {
	older, fresh := canary(30, 0.4), canary(30, 0.4)
	for i := range older.metrics {
		if i >= 6 {
			older.metrics[i] = curve("cart", older.metrics[i].Instance, "error_rate", "percent", 30, 30, 0)
		}
	}
	a, text, _, _ := weightOf(suspectOf(t, older.judge(), "guilty"), EvidenceMetrics)
	b, _, _, _ := weightOf(suspectOf(t, fresh.judge(), "guilty"), EvidenceMetrics)
	if a >= 0 || a >= b {
		t.Errorf("instances that were as bad before weigh %.2f, ones that got worse %.2f: %s", a, b, text)
	}
}

func TestSamplesAfterTheMomentOfJudgementDoNotCount(t *testing.T) {
	s := canary(30, 0.4)
	before := canary(30, 0.4)
	for i := range s.metrics {
		for minute := 6; minute < 60; minute++ {
			s.metrics[i].Points = append(s.metrics[i].Points, Point{At: after(time.Duration(minute) * time.Minute), Value: 99})
		}
	}
	a, _, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	b, _, _, _ := weightOf(suspectOf(t, before.judge(), "guilty"), EvidenceMetrics)
	if a != b {
		t.Errorf("the future changes the evidence of metrics from %.2f to %.2f", b, a)
	}
}

// Errors often show only at the caller: its calls to the guilty service fail,
// those to others do not.
func TestMetricsCompareACallersCallsToTheChangedServiceWithItsOtherCalls(t *testing.T) {
	s := newStory(guilty(2*time.Minute, "cart"))
	for _, instance := range []string{"web-1", "web-2", "web-3"} {
		s.metrics = append(s.metrics,
			towards(curve("web", instance, "errors", "percent", 0.3, 25, 0), "cart"),
			towards(curve("web", instance, "errors", "percent", 0.3, 0.3, 0), "search"),
			towards(curve("web", instance, "errors", "percent", 0.3, 0.3, 0), "login"),
		)
	}
	log, text, _, found := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if !found || log <= 0 || !strings.Contains(text, "web") || !strings.Contains(text, "cart") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
	s.changes[0].Services = []string{"search"}
	log, text, _, _ = weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if log > 0 {
		t.Errorf("calls to search go well, yet metrics speak for its change by %.2f: %q", log, text)
	}
}

// A service that is called less than its callers' load explains is a victim of
// what fails before it.
func TestAServiceThatFallsSilentIsAVictim(t *testing.T) {
	s := newStory(guilty(2*time.Minute, "orders-db"))
	for _, call := range []struct {
		caller, callee string
		later          float64
	}{{"web", "cart", 100}, {"web", "search", 100}, {"cart", "orders-db", 8}, {"pay", "orders-db", 10}} {
		for i := range 2 {
			s.metrics = append(s.metrics, towards(
				curve(call.caller, fmt.Sprintf("%s-%d", call.caller, i), "request_rate", "per_second", 100, call.later, 0), call.callee))
		}
	}
	log, text, _, found := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if !found || log >= 0 || !strings.Contains(text, "called") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}

func TestABrokenSeriesSpoilsNothing(t *testing.T) {
	s := canary(30, 0.4)
	want, _, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	broken := curve("cart", "cart-9", "error_rate", "percent", math.NaN(), math.Inf(1), 0)
	s.metrics = append(s.metrics, broken, Series{}, Series{Service: "cart", Signal: "error_rate"}, Series{Service: "cart", Signal: "mood", Points: broken.Points})
	got, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if math.IsNaN(got) || got <= 0 || math.Abs(got-want) > 0.5 {
		t.Errorf("with broken series %.2f instead of %.2f: %s", got, want, text)
	}
}

func TestTheFindingSaysWhatCouldNotBeLookedAt(t *testing.T) {
	has := func(f Finding, phrase string) bool { return strings.Contains(strings.Join(f.Missing, "\n"), phrase) }
	s := newStory(guilty(2*time.Minute, "cart"))
	full := s.judge()
	if !has(full, "No metrics") || !has(full, "No alert names a region") || has(full, "No topology") || has(full, "No recorded changes") {
		t.Errorf("missing: %q", full.Missing)
	}
	s.alerts = append(s.alerts, s.alert("moon", "Eclipse", SeverityHigh, time.Minute))
	s.alerts[0].Region = "eu"
	s.metrics = canary(1, 1).metrics
	if f := s.judge(); has(f, "No metrics") || has(f, "No alert names a region") || !has(f, "No topology for moon") {
		t.Errorf("missing: %q", f.Missing)
	}
	s.metrics = []Series{curve("cart", "cart-1", "error_rate", "percent", 1, 1, time.Minute)}
	if f := s.judge(); !has(f, "The metrics at hand tell nothing about any suspect") || has(f, "No metrics") {
		t.Errorf("a series that nothing stands beside is passed over in silence: %q", f.Missing)
	}
	s.topology, s.changes = Topology{}, nil
	if f := s.judge(); !has(f, "No topology: which service depends on which is unknown") || !has(f, "No recorded changes in the window") {
		t.Errorf("missing: %q", f.Missing)
	}
	s.alerts = nil
	if f := s.judge(); !has(f, "No alert was visible") {
		t.Errorf("missing: %q", f.Missing)
	}
}

// Each kind of evidence can be left out, for ablation and for data without it.
func TestEvidenceThatIsLeftOutIsNotHeard(t *testing.T) {
	s := canary(30, 0.4)
	s.changes[0].Title, s.alerts[0].Summary = "voucher engine", "voucher engine fails"
	s.alerts[0].Version, s.alerts[0].Region = "v2", "eu"
	s.changes[0].Regions = []string{"eu"}
	s.history = []PastCause{{Services: []string{"cart"}, At: after(-time.Hour)}, {Services: []string{"cart"}, At: after(-2 * time.Hour)}}
	s.changes = append(s.changes, Change{
		ID: "undo", Source: "ci", Kind: KindRollback, Services: []string{"cart"}, StartedAt: after(time.Minute), RollbackOf: "guilty",
	})
	for _, kind := range []EvidenceKind{
		EvidenceRegion, EvidenceVersion, EvidenceText, EvidenceMetrics, EvidenceRollback, EvidenceHistory, EvidenceRollout,
	} {
		if _, _, _, found := weightOf(suspectOf(t, s.judge(), "guilty"), kind); !found {
			t.Errorf("no %s evidence although there is some", kind)
		}
		if _, text, _, found := weightOf(suspectOf(t, s.judge(kind), "guilty"), kind); found {
			t.Errorf("%s is heard although it is left out: %s", kind, text)
		}
	}
	_, text, _, _ := weightOf(suspectOf(t, s.judge(EvidenceTiming), "guilty"), EvidenceTiming)
	if !strings.Contains(text, "times were not looked at") {
		t.Errorf("timing is left out, but says %q", text)
	}
	log, text, _, _ := weightOf(suspectOf(t, s.judge(EvidenceTopology), "guilty"), EvidenceTopology)
	if !strings.Contains(text, "call graph was not looked at") || math.Abs(log) > 0.01 {
		t.Errorf("topology is left out, but says %.2f: %q", log, text)
	}
}
