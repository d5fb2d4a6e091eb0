package correlate

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// meshForecast is what the engine said of its first suspect, and whether it was so.
type meshForecast struct{ said, right float64 }

// meshOff is the expected calibration error over ten bins, as `faultline eval`
// computes it.
func meshOff(list []meshForecast) float64 {
	var bins [10]float64
	for _, f := range list {
		bins[min(int(f.said*10), 9)] += f.said - f.right
	}
	sum := 0.0
	for _, b := range bins {
		sum += math.Abs(b)
	}
	return sum / float64(len(list))
}

// meshChance is the error that forecasts without any error show on so few cases:
// on average, and in 19 of 20.
func meshChance(list []meshForecast) (usual, high float64) {
	const draws = 500
	r, errs := rand.New(rand.NewPCG(1, 2)), make([]float64, draws)
	for n := range errs {
		drawn := slices.Clone(list)
		for i := range drawn {
			drawn[i].right = float64(hit(r.Float64() < drawn[i].said))
		}
		errs[n] = meshOff(drawn)
		usual += errs[n] / draws
	}
	slices.Sort(errs)
	return usual, errs[draws*19/20]
}

// meshForecasts judges drawn cases; of every one in so many the guilty rollout is
// in no feed.
func meshForecasts(set meshSet, cases uint64, oneIn uint64, change func(*Input)) []meshForecast {
	e, list := NewEngine(DefaultWeights()), []meshForecast{}
	for seed := set.from; seed < set.from+cases; seed++ {
		c := drawMesh(seed, set.habits)
		if oneIn > 0 && seed%oneIn == 0 {
			c.in.Changes = NewChangeIndex(slices.DeleteFunc(slices.Clone(c.world.shown), func(x Change) bool { return x.ID == c.guilty })...)
		}
		change(&c.in)
		if f := e.Attribute(c.in); len(f.Suspects) > 0 {
			list = append(list, meshForecast{f.Suspects[0].Probability, float64(hit(f.Suspects[0].Change.ID == c.guilty))})
		}
	}
	return list
}

// Where every outage has its guilty rollout in the record the engine says too
// little, for it reckons with outages that have none; where a quarter have none,
// as among incidents at large, what it says must come true as often. MESH_CASES
// draws more than 30 cases a set, for the documentation.
func TestProbabilitiesOfVariedShopsAreHonest(t *testing.T) {
	cases := meshSetting("MESH_CASES", 30)
	for _, evidence := range []struct {
		name   string
		change func(*Input)
	}{{"with metrics", whole}, {"without", bare}} {
		for missing, of := range map[uint64]string{0: "no feed lacks the guilty rollout", 4: "one feed in four lacks it"} {
			var list []meshForecast
			for _, set := range meshSets() {
				list = append(list, meshForecasts(set, cases, missing, evidence.change)...)
			}
			said, right, brier := 0.0, 0.0, 0.0
			for _, f := range list {
				n := float64(len(list))
				said, right, brier = said+f.said/n, right+f.right/n, brier+(f.said-f.right)*(f.said-f.right)/n
			}
			usual, high := meshChance(list)
			t.Logf("%-12s  %-33s %4d cases  said %.3f  right %.3f  brier %.3f  ece %.3f  by chance %.3f, %.3f",
				evidence.name, of, len(list), said, right, brier, meshOff(list), usual, high)
			if missing > 0 && math.Abs(said-right) > 0.12 {
				t.Errorf("%s: first suspects have %.2f and are right in %.2f", evidence.name, said, right)
			}
		}
	}
}
