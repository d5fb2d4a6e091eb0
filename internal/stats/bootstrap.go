package stats

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Cluster is what one incident adds to the events of each stratum.
type Cluster []ClusterEvent

// ClusterEvent is a number of events in one arm of one stratum.
type ClusterEvent struct {
	// Stratum is an index into the strata.
	Stratum int
	Exposed bool
	Events  float64
}

// Bootstrap is the percentile interval of the Mantel-Haenszel ratio when whole
// incidents are drawn, so that changes that share an incident count as the one
// observation that they are. Strata hold the units without an event in A and B
// of zero; clusters hold the events. The same seed gives the same interval. There
// is no answer when more than a tenth of the draws have none.
//
// A. C. Davison, D. V. Hinkley, Bootstrap Methods and their Application (1997),
// section 3.8; each cluster, and each unit without an event, is drawn
// Poisson(1) times: N. Chamandy et al., Estimating uncertainty for massive data
// streams (2012). The sum over n such units is Poisson(n), so calm units need
// not be drawn one by one.
func Bootstrap(strata []Table, clusters []Cluster, draws int, seed uint64, level float64) (Interval, bool) {
	random := rand.New(rand.NewPCG(seed, uint64(len(clusters))))
	logs := make([]float64, 0, draws)
	tables := make([]Table, len(strata))
	for range draws {
		drawStrata(random, strata, tables)
		drawClusters(random, clusters, tables)
		if e, ok := MantelHaenszel(tables, level); ok {
			logs = append(logs, math.Log(e.Value))
		}
	}
	if len(logs) == 0 || len(logs) < draws*9/10 {
		return Interval{}, false
	}
	slices.Sort(logs)
	tail := (1 - level) / 2
	return Interval{Lo: math.Exp(sortedQuantile(logs, tail)), Hi: math.Exp(sortedQuantile(logs, 1-tail))}, true
}

// drawStrata draws the units without an event.
func drawStrata(random *rand.Rand, strata, tables []Table) {
	for i, t := range strata {
		tables[i] = Table{N1: poisson(random, t.N1), N0: poisson(random, t.N0)}
	}
}

// drawClusters adds each cluster as often as it is drawn.
func drawClusters(random *rand.Rand, clusters []Cluster, tables []Table) {
	for _, c := range clusters {
		times := poisson(random, 1)
		if times == 0 {
			continue
		}
		for _, e := range c {
			t := &tables[e.Stratum]
			if e.Exposed {
				t.A += times * e.Events
				t.N1 += times * e.Events
			} else {
				t.B += times * e.Events
				t.N0 += times * e.Events
			}
		}
	}
}

// normalFrom is the mean from which a Poisson draw is a rounded normal one; its
// error there is far below that of the bootstrap.
const normalFrom = 50

// poisson draws from the Poisson distribution: by multiplication (D. E. Knuth,
// The Art of Computer Programming 2, 3.4.1) for small means.
func poisson(random *rand.Rand, mean float64) float64 {
	if mean <= 0 {
		return 0
	}
	if mean >= normalFrom {
		return math.Max(0, math.Round(mean+math.Sqrt(mean)*random.NormFloat64()))
	}
	limit, product, k := math.Exp(-mean), random.Float64(), 0.0
	for product > limit {
		product *= random.Float64()
		k++
	}
	return k
}

// sortedQuantile interpolates between the order statistics.
func sortedQuantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	low := int(at)
	if low+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[low] + (at-float64(low))*(sorted[low+1]-sorted[low])
}
