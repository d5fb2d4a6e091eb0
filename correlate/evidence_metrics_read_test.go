package correlate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestVersionsAreOneInAllNotations(t *testing.T) {
	for _, version := range []string{"1.8.0", "v1.8.0", "V1.8.0", "registry.example/shop/cart:v1.8.0", "cart:1.8.0"} {
		if got := plainVersion(version); got != "1.8.0" {
			t.Errorf("version %q reads %q", version, got)
		}
	}
	if got := plainVersion("venus"); got != "venus" {
		t.Errorf("version venus reads %q", got)
	}
}

func TestRunningCountsAreReadAsRates(t *testing.T) {
	at := func(minute int, value float64) Point {
		return Point{At: after(time.Duration(minute) * time.Minute), Value: value}
	}
	points := []Point{at(0, 1000), at(1, 1600), at(2, 2200), at(3, 120), at(4, 720), at(5, 1320)}
	want := []Point{at(1, 10), at(2, 10), at(3, 2), at(4, 10), at(5, 10)}
	if diff := cmp.Diff(want, rates(points)); diff != "" {
		t.Error(diff)
	}
	if !counts(&Series{Signal: "http_requests_total"}, points) {
		t.Error("a running count with one restart is not seen as such")
	}
	for name, s := range map[string]Series{
		"a rate by its unit": {Signal: "http_requests_total", Unit: "per_second"}, "a gauge by its name": {Signal: "http_requests"},
	} {
		if counts(&s, points) {
			t.Errorf("%s is taken for a running count", name)
		}
	}
	young := points[:2]
	if !counts(&Series{Signal: "http_requests_total"}, young) || !counts(&Series{Signal: "http_requests_total"}, points[:1]) {
		t.Error("the count of an instance that has just begun is taken for a rate of thousands")
	}
	if counts(&Series{Signal: "http_requests"}, young) {
		t.Error("two samples that are not named as a count are taken for one")
	}
	wavering := []Point{at(0, 7), at(1, 5), at(2, 6), at(3, 4), at(4, 6)}
	if counts(&Series{Signal: "request_count"}, wavering) {
		t.Error("a number that wavers is taken for a running count")
	}
}

// A sum over instances falls when one of them goes: that is no burst of events.
func TestASumOfCountsThatLosesAMemberHasNoRateThere(t *testing.T) {
	at := func(minute int, value float64) Point {
		return Point{At: after(time.Duration(minute) * time.Minute), Value: value}
	}
	points := []Point{at(0, 40_000), at(1, 40_600), at(2, 30_400), at(3, 31_000), at(4, 60), at(5, 660)}
	want := []Point{at(1, 10), at(3, 10), at(4, 1), at(5, 10)}
	if diff := cmp.Diff(want, rates(points)); diff != "" {
		t.Error(diff)
	}
}

// However often a process begins anew, rates are never negative and add up to no
// more than was counted.
func TestRatesOfAnyCountAreNeverNegative(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(0, 1e6), 2, 40).Draw(t, "values")
		points := make([]Point, len(values))
		most := 0.0
		for i, value := range values {
			points[i] = Point{At: after(time.Duration(i) * 15 * time.Second), Value: value}
			most += value
		}
		sum := 0.0
		for _, p := range rates(points) {
			if p.Value < 0 {
				t.Fatalf("a rate of %v", p.Value)
			}
			sum += p.Value * 15
		}
		if sum > most+1e-3 {
			t.Fatalf("%v counted, %v by rates", most, sum)
		}
	})
}

// counted turns a series of rates into a running count.
func counted(s Series, signal string) Series {
	s.Signal, s.Unit = signal, ""
	total, out := 0.0, make([]Point, len(s.Points))
	for i, p := range s.Points {
		total += p.Value * 60
		out[i] = Point{At: p.At, Value: total}
	}
	s.Points = out
	return s
}

func TestSumsOfDurationsAreReadAsLatency(t *testing.T) {
	s := canary(0, 0)
	s.metrics = nil
	for i := 1; i <= 8; i++ {
		slow := 80.0
		if i >= 7 {
			slow = 400
		}
		instance := fmt.Sprintf("cart-%d", i)
		s.metrics = append(s.metrics,
			counted(curve("cart", instance, "", "", 50, 50, 0), "request_duration_count"),
			counted(curve("cart", instance, "", "", 50*80, 50*slow, 0), "request_duration_sum"),
			counted(curve("cart", instance, "", "", 5, 50, 0), "request_duration_bucket"),
		)
	}
	log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if log <= 1 || !strings.Contains(text, "latency times 4.") && !strings.Contains(text, "latency times 5.") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}

// Monitoring calls instances by namespace and port, the rollout by name alone.
func TestChangedInstancesAreFoundUnderOtherNotations(t *testing.T) {
	plain, spelt, version := canary(30, 0.4), canary(30, 0.4), canary(30, 0.4)
	version.changes[0].Rollout, version.changes[0].Version = nil, "registry.example/cart:v2.1"
	for i := range spelt.metrics {
		spelt.metrics[i].Instance = "shop/" + spelt.metrics[i].Instance + ":8080"
		version.metrics[i].Version = "2.0"
		if i >= 6 {
			version.metrics[i].Version = "2.1"
		}
	}
	want, _, _, _ := weightOf(suspectOf(t, plain.judge(), "guilty"), EvidenceMetrics)
	for name, s := range map[string]*story{"with namespace and port": spelt, "by version": version} {
		if got, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics); math.Abs(got-want) > 0.01 {
			t.Errorf("%s metrics weigh %.2f instead of %.2f: %s", name, got, want, text)
		}
	}
}

// Neither the rollout nor the series name versions, but some instances began
// with the change.
func TestChangedInstancesAreFoundByWhenTheyBegan(t *testing.T) {
	s := canary(30, 0.4)
	s.changes[0].Rollout = nil
	if _, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics); strings.Contains(text, "Changed instances") {
		t.Errorf("all instances are old, yet: %q", text)
	}
	for i := 6; i < 8; i++ {
		s.metrics[i].Points = s.metrics[i].Points[59:]
	}
	log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if log <= 1 || !strings.Contains(text, "Changed instances of cart stand out") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}

// Two signals of one kind on the same instance are not two instances.
func TestSignalsOfOneKindAreNotMixed(t *testing.T) {
	s := canary(0, 0)
	s.metrics = nil
	for i := 1; i <= 8; i++ {
		memory := 40.0
		if i >= 7 {
			memory = 70
		}
		instance := fmt.Sprintf("cart-%d", i)
		s.metrics = append(s.metrics, curve("cart", instance, "cpu", "percent", 20, 20, 0), curve("cart", instance, "memory", "percent", 40, memory, 0))
	}
	log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if log <= 1 || !strings.Contains(text, "stand out") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}

// Callers that tell the called instances apart show which of them fail.
func TestCallersThatNameInstancesTellThemApart(t *testing.T) {
	s := canary(0, 0)
	s.metrics = []Series{
		curve("cart", "cart-7", "request_rate", "per_second", 50, 50, 0), curve("cart", "cart-8", "request_rate", "per_second", 50, 50, 0),
	}
	for i := 1; i <= 8; i++ {
		level := 0.4
		if i >= 7 {
			level = 30
		}
		s.metrics = append(s.metrics, towards(curve("web", "web-1", "errors", "percent", 0.4, level, 0), fmt.Sprintf("shop/cart-%d:8080", i)))
	}
	log, text, _, _ := weightOf(suspectOf(t, s.judge(), "guilty"), EvidenceMetrics)
	if log <= 1 || !strings.Contains(text, "Changed instances of cart stand out from unchanged ones: error share") {
		t.Errorf("metrics %.2f: %q", log, text)
	}
}
