package correlate

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// A running sum of seconds says how long a request took only when it is divided by
// the requests of the same instance, side, peer and moment.
func TestDurationsAreDividedByTheRequestsOfTheSameInstance(t *testing.T) {
	at := func(minute int, value float64) Point {
		return Point{At: after(time.Duration(minute) * time.Minute), Value: value}
	}
	series := func(instance string, m measure, inbound bool, points ...Point) viewed {
		return viewed{
			Series: &Series{Service: "pay", Instance: instance}, measure: m, unit: "per_second",
			summed: m == measureLatency, inbound: inbound, points: points,
		}
	}
	v := metricView{series: []viewed{
		series("pay-1", measureLatency, true, at(0, 6), at(1, 9), at(2, 5), at(3, 8)),
		series("pay-2", measureTraffic, true, at(0, 1), at(1, 1), at(2, 1), at(3, 1)),
		series("pay-1", measureTraffic, false, at(0, 2), at(1, 2), at(2, 2), at(3, 2)),
		series("pay-1", measureTraffic, true, at(0, 12), at(1, 3), at(3, 0)),
		series("pay-3", measureLatency, true, at(0, 6)),
	}}
	v.meanLatencies()
	// Without a count, or with none at all, nobody knows how long a request took.
	want := []Point{at(0, 0.5), at(1, 3)}
	if diff := cmp.Diff(want, v.series[0].points); diff != "" {
		t.Error(diff)
	}
	if len(v.series) != 4 || slices.ContainsFunc(v.series, func(x viewed) bool { return x.Instance == "pay-3" }) {
		t.Errorf("%d series are left, want 4 without the sum that has no requests", len(v.series))
	}
}

// Whatever the regions of the alerts, their likelihoods by chance add up to one.
func TestRegionsByChanceAreAProbability(t *testing.T) {
	for _, regions := range []int{2, 3, 5} {
		for votes := 1; votes <= 4; votes++ {
			sum := 0.0
			for code := range int(math.Pow(float64(regions), float64(votes))) {
				list := make([]regionSymptom, votes)
				for i := range list {
					list[i].region = string(rune('a' + code%regions))
					code /= regions
				}
				sum += regionsByChance(list, float64(regions))
			}
			if !nearly(sum, 1) {
				t.Errorf("%d alerts in %d regions: the likelihoods add up to %g", votes, regions, sum)
			}
		}
	}
}

// When measuring began does not depend on the order in which series come.
func TestMeasuringBeganWithTheFirstSampleOfAnySeries(t *testing.T) {
	e := NewEngine(DefaultWeights())
	rapid.Check(t, func(t *rapid.T) {
		starts := rapid.SliceOfN(rapid.IntRange(0, 90), 1, 6).Draw(t, "first minutes")
		var list []Series
		for i, start := range starts {
			s := Series{Service: "pay", Instance: string(rune('a' + i)), Signal: "errors", Unit: "ratio"}
			for minute := start; minute < 100; minute += 3 {
				s.Points = append(s.Points, Point{At: after(time.Duration(minute) * time.Minute), Value: 0.1})
			}
			list = append(list, s)
		}
		v := e.viewMetrics(&Input{AsOf: after(200 * time.Minute), Metrics: list})
		if want := after(time.Duration(slices.Min(starts)) * time.Minute); !v.earliest.Equal(want) {
			t.Fatalf("it began at %s, want %s", v.earliest, want)
		}
	})
}

// What lies beyond the newest changes weighs as much as the delays that are longer
// than the oldest of them, in seconds.
func TestChangesThatNobodyLookedAtWeighAsTheirDelays(t *testing.T) {
	weighed := 0
	for seed := range uint64(20) {
		in, e := crowdedScene(seed), oracleEngine(seed)
		e.weights.Limits.Recent = 60 + 20*int(seed)
		s := e.newScene(&in)
		g := e.candidates(s)
		begun := map[uint32]int64{}
		for _, list := range append(slices.Clone(in.Changes.lists), in.Changes.wide) {
			for _, d := range list {
				if d.start <= s.asOf {
					begun[d.ref] = d.start
				}
			}
		}
		starts := slices.Sorted(maps.Values(begun))
		if len(starts) < e.weights.Limits.Recent || e.off[EvidenceTiming] {
			s.leave()
			continue
		}
		weighed++
		age := time.Duration(s.symptoms[0].start-starts[len(starts)-e.weights.Limits.Recent]) * time.Millisecond
		want := (1 - e.delays.usual.upTo(age.Seconds())) * s.origins.unlinked.total / s.origins.none / e.noChangeOdds()
		if !nearly(g.rest, want) {
			t.Errorf("seed %d: the rest weighs %g, want %g for delays above %s", seed, g.rest, want, age)
		}
		s.leave()
	}
	if weighed < 10 {
		t.Errorf("%d scenes with a rest are too few", weighed)
	}
}
