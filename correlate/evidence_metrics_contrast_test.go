package correlate

import (
	"math"
	"strings"
	"testing"
	"time"
)

// level is a series of one value from a moment to another, a sample a minute.
func level(service, instance, signal, unit string, value float64, from, until time.Duration) Series {
	s := Series{Service: service, Instance: instance, Signal: signal, Unit: unit, Labels: map[string]string{}}
	for at := from; at < until; at += time.Minute {
		wobble := 1 + 0.02*float64(int(at/time.Minute)%3-1) // No sample is quite like the last.
		s.Points = append(s.Points, Point{At: after(at), Value: value * wobble})
	}
	return s
}

// callTo is a series of a caller's calls to a peer.
func callTo(s Series, peer string) Series {
	s.Labels = map[string]string{"direction": "outbound", "peer": peer}
	return s
}

// viewed reads series as the engine does, with the topology of the story.
func viewOf(series ...Series) (*scene, windows) {
	e := NewEngine(DefaultWeights())
	in := Input{AsOf: after(5 * time.Minute), Metrics: series, Graph: NewGraph(newStory().topology)}
	s := &scene{in: &in, metrics: e.viewMetrics(&in)}
	return s, windows{before: after(-time.Hour), change: after(-10 * time.Minute), after: after(-3 * time.Minute), end: after(6 * time.Minute)}
}

// Calls to two services take different times by themselves. An instance of the
// caller that has just begun has no past, and its calls say nothing of a change.
func TestCallsToDifferentServicesAreNotComparedByTheirLevels(t *testing.T) {
	var series []Series
	for _, instance := range []string{"web-1", "web-2", "web-3"} {
		from := -40 * time.Minute
		if instance == "web-3" {
			from = -2 * time.Minute
		}
		series = append(series,
			callTo(level("web", instance, "latency", "ms", 60, from, 5*time.Minute), "cart"),
			callTo(level("web", instance, "latency", "ms", 10, from, 5*time.Minute), "search"),
			callTo(level("web", instance, "latency", "ms", 12, from, 5*time.Minute), "login"),
		)
	}
	s, w := viewOf(series...)
	for _, r := range s.metrics.readCalls("cart", w) {
		if math.Abs(r.effect) > 0.05 {
			t.Errorf("calls from web to cart seem to have got worse by %v", r.effect)
		}
	}
	if s, w = viewOf(series[6:]...); len(s.metrics.readCalls("cart", w)) > 0 {
		t.Error("an instance without a past is compared with nothing")
	}
}

func TestCallsThatGotWorseAreFoundThoughNewInstancesHaveNoPast(t *testing.T) {
	var series []Series
	for _, instance := range []string{"web-1", "web-2"} {
		slow := callTo(level("web", instance, "latency", "ms", 60, -40*time.Minute, 5*time.Minute), "cart")
		for i := range slow.Points {
			if slow.Points[i].At.After(after(-5 * time.Minute)) {
				slow.Points[i].Value *= 4
			}
		}
		series = append(series, slow, callTo(level("web", instance, "latency", "ms", 10, -40*time.Minute, 5*time.Minute), "search"))
	}
	series = append(series, callTo(level("web", "web-3", "latency", "ms", 240, -2*time.Minute, 5*time.Minute), "cart"))
	s, w := viewOf(series...)
	readings := s.metrics.readCalls("cart", w)
	if len(readings) != 1 || math.Abs(math.Exp(readings[0].effect)-4) > 0.2 || readings[0].log < 1 {
		t.Errorf("calls to cart got four times as slow, read as %+v", readings)
	}
}

// blindStory is a shop in which calls from web to cart fail and cart's own calls
// are not seen.
func blindStory(own ...Series) (*scene, windows) {
	series := own
	for _, instance := range []string{"web-1", "web-2", "web-3", "web-4"} {
		bad := callTo(level("web", instance, "errors", "ratio", 0.01, -40*time.Minute, 5*time.Minute), "cart")
		for i := range bad.Points {
			if bad.Points[i].At.After(after(-5 * time.Minute)) {
				bad.Points[i].Value = 0.4
			}
		}
		series = append(series, bad,
			callTo(level("web", instance, "errors", "ratio", 0.01, -40*time.Minute, 5*time.Minute), "search"),
			callTo(level("web", instance, "errors", "ratio", 0.01, -40*time.Minute, 5*time.Minute), "login"),
		)
	}
	return viewOf(series...)
}

func suspectOn(service string) *candidate {
	return &candidate{detail: &detail{change: Change{ID: "c", Services: []string{service}}}}
}

// What a blind service calls is as suspect as the service itself.
func TestAFaultBehindAServiceWhoseCallsAreNotSeenIsSharedWithWhatItNeeds(t *testing.T) {
	e := NewEngine(DefaultWeights())
	s, w := blindStory()
	itself, beyond := e.callerFinding(s, suspectOn("cart"), w), e.callerFinding(s, suspectOn("orders-db"), w)
	if itself.logOdds <= 0.3 || math.Abs(itself.logOdds-beyond.logOdds) > 1e-9 {
		t.Errorf("cart %.2f (%s), orders-db, which it calls, %.2f (%s)", itself.logOdds, itself.text, beyond.logOdds, beyond.text)
	}
	for _, want := range []string{"Calls from web to cart got worse", "cart calls orders-db", "cannot be seen"} {
		if !strings.Contains(beyond.text, want) {
			t.Errorf("%q does not say %q", beyond.text, want)
		}
	}
	if other := e.callerFinding(s, suspectOn("ledger"), w); other != (finding{}) {
		t.Errorf("ledger, which has nothing to do with it: %+v", other)
	}
}

func TestNothingIsSharedWithWhatAServiceCallsWhereItsCallsAreSeen(t *testing.T) {
	e := NewEngine(DefaultWeights())
	s, w := blindStory(callTo(level("cart", "cart-1", "errors", "ratio", 0.01, -40*time.Minute, 5*time.Minute), "elsewhere"))
	if beyond := e.callerFinding(s, suspectOn("orders-db"), w); beyond != (finding{}) {
		t.Errorf("cart's own calls are seen, none goes wrong to orders-db, yet %+v", beyond)
	}
}

func TestCallsThatGotNoWorseSayNothingOfWhatLiesBeyond(t *testing.T) {
	e := NewEngine(DefaultWeights())
	s, w := blindStory()
	if beyond := e.callerFinding(s, suspectOn("freight"), w); beyond != (finding{}) {
		t.Errorf("%+v", beyond)
	}
	var quiet []Series
	for _, peer := range []string{"cart", "search", "login"} {
		quiet = append(quiet, callTo(level("web", "web-1", "errors", "ratio", 0.01, -40*time.Minute, 5*time.Minute), peer))
	}
	s, w = viewOf(quiet...)
	if beyond := e.callerFinding(s, suspectOn("orders-db"), w); beyond != (finding{}) {
		t.Errorf("no call got worse, yet %+v", beyond)
	}
}

// Latency may come in seconds; what is far below one must not vanish.
func TestSmallLatenciesInSecondsAreToldApart(t *testing.T) {
	before, later := level("cart", "cart-1", "latency", "", 0.004, -40*time.Minute, -3*time.Minute), level("cart", "cart-1", "latency", "", 0.012, -3*time.Minute, 5*time.Minute)
	before.Points = append(before.Points, later.Points...)
	s, w := viewOf(before)
	x := &s.metrics.series[0]
	if got := x.over(w.after, w.end).mean - x.over(w.before, w.change).mean; math.Abs(got-math.Log(3)) > 0.1 {
		t.Errorf("three times as slow reads as a factor of %.2f", math.Exp(got))
	}
}

func TestTrafficThatCeasesIsNoInfiniteFall(t *testing.T) {
	s, w := viewOf(level("cart", "cart-1", "traffic", "per_second", 0, -40*time.Minute, 5*time.Minute))
	if got := s.metrics.series[0].over(w.before, w.change); math.IsInf(got.mean, 0) || math.IsNaN(got.variance) {
		t.Errorf("%+v", got)
	}
}

func TestTheLogarithmOfUsualTrafficIsTakenFromTheSameLeastAsEver(t *testing.T) {
	s, _ := viewOf(
		level("cart", "cart-1", "traffic", "per_second", 20, -40*time.Minute, 5*time.Minute),
		level("web", "web-1", "traffic", "per_second", 0.1, -40*time.Minute, 5*time.Minute))
	if got := s.metrics.series[0].least; got != usualLeast {
		t.Errorf("of 20 a second from %v on", got)
	}
	if got := s.metrics.series[1].least; math.Abs(got-0.01) > 0.001 {
		t.Errorf("of 0.1 a second from %v on", got)
	}
}
