package eval

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// forecasts are cases of a ranker that says p of its first suspect, of which the
// share is right.
func forecasts(n int, p, share float64) []Outcome {
	list := make([]Outcome, n)
	for i := range list {
		list[i] = Outcome{Case: "c", Ranker: "r", Listed: true, TopProbability: p, TopRight: indicator(float64(i) < share*float64(n))}
	}
	return list
}

// The error of chance is that of the binomial distribution: the mean distance of
// a share of n from p is about sqrt(2p(1-p)/(pi n)).
func TestTheErrorOfChanceIsThatOfDrawingSoFewCases(t *testing.T) {
	for _, n := range []int{20, 60, 400} {
		got := chanceErrors(forecasts(n, 0.5, 0.5))
		want := math.Sqrt(2 * 0.25 / (math.Pi * float64(n)))
		if len(got) != 1 || math.Abs(got[0].Mean-want) > 0.15*want {
			t.Errorf("%d cases: %+v, want a mean of about %.3f", n, got, want)
		}
		if high := 1.96 * math.Sqrt(0.25/float64(n)); math.Abs(got[0].High-high) > 0.25*high {
			t.Errorf("%d cases: 19 of 20 stay below %.3f, want about %.3f", n, got[0].High, high)
		}
	}
}

// What truly came does not enter: a ranker that lies has the same chance as one
// that does not, and only its own error differs.
func TestTheErrorOfChanceDoesNotLookAtTheTruth(t *testing.T) {
	honest, liar := chanceErrors(forecasts(50, 0.8, 0.8)), chanceErrors(forecasts(50, 0.8, 0))
	if honest[0] != liar[0] {
		t.Errorf("%+v and %+v", honest, liar)
	}
	if own := calibrationError(forecasts(50, 0.8, 0)); float64(own) <= liar[0].High {
		t.Errorf("an error of %v is not told from the chance of %v", own, liar[0].High)
	}
}

func TestHonestForecastsStayWithinChance(t *testing.T) {
	r, outside := rand.New(rand.NewPCG(1, 2)), 0
	for range 40 {
		list := forecasts(60, 0, 0)
		for i := range list {
			list[i].TopProbability = r.Float64()
			list[i].TopRight = indicator(r.Float64() < list[i].TopProbability)
		}
		if float64(calibrationError(list)) > chanceErrors(list)[0].High {
			outside++
		}
	}
	if outside > 6 {
		t.Errorf("%d of 40 honest rankers lie outside what 19 of 20 should", outside)
	}
}

// The outcomes are drawn over in a copy; the report still tells what came true.
func TestDrawingLeavesTheOutcomesAlone(t *testing.T) {
	list := forecasts(10, 0.7, 0.3)
	before := slices.Clone(list)
	chanceErrors(list)
	for i := range list {
		if list[i].TopRight != before[i].TopRight {
			t.Fatalf("case %d was altered", i)
		}
	}
}

func TestOnlyStatedProbabilitiesHaveAnErrorOfChance(t *testing.T) {
	rule := forecasts(10, 0.3, 0.3)
	for i := range rule {
		rule[i].Uncalibrated = true
	}
	if got := chanceErrors(rule); got != nil {
		t.Errorf("a rule without probabilities has %+v", got)
	}
	if note := chanceNote(nil); note != "" {
		t.Errorf("the table says %q", note)
	}
	report := NewReport(forecasts(10, 0.3, 0.3))
	data, err := json.Marshal(&report)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(data), `"ece_by_chance":[{"name":"r","mean":`) || !strings.HasPrefix(chanceNote(report.Chance), "ece by chance alone, were r without any error") {
		t.Errorf("%s; %q", data, chanceNote(report.Chance))
	}
}
