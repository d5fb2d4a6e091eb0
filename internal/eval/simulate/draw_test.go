package simulate

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func TestDelaysFollowThePublishedShares(t *testing.T) {
	d := newDraw(1, 1)
	const n = 40_000
	delays := make([]time.Duration, n)
	for i := range delays {
		delays[i] = impactDelay(d, weighted(d, delayMixture))
	}
	slices.Sort(delays)
	// 69 public outages with a stated change time.
	for limit, want := range map[time.Duration]float64{
		time.Minute: .49, 5 * time.Minute: .58, 15 * time.Minute: .65, 30 * time.Minute: .68, time.Hour: .72,
		3 * time.Hour: .74, 6 * time.Hour: .78, 12 * time.Hour: .83, day: .91, 7 * day: .96,
	} {
		below, _ := slices.BinarySearch(delays, limit)
		within(t, "share within "+limit.String(), float64(below)/n, want, 0.035)
	}
	if last := delays[n-1]; last > longestAgo {
		t.Errorf("a delay of %v is longer than any feed", last)
	}
}

func TestAlarmLagHasThePublishedPercentiles(t *testing.T) {
	d := newDraw(2, 1)
	const n = 40_000
	lags := make([]time.Duration, n)
	for i := range lags {
		lags[i] = alarmLag(d)
	}
	slices.Sort(lags)
	for p, want := range map[float64]float64{.10: 1, .25: 3, .50: 8, .75: 20, .90: 43, .95: 89} {
		got := lags[int(p*n)].Minutes()
		within(t, "percentile", got, want, want*0.08)
	}
}

func TestQuantilesAreMetAndRise(t *testing.T) {
	for _, q := range []quantiles{fanOut, fanIn, alarmLags} {
		for _, point := range q {
			within(t, "quantile", q.at(point.share), point.value, 1e-9*point.value)
		}
		rapid.Check(t, func(t *rapid.T) {
			u, v := rapid.Float64Range(0, 1).Draw(t, "u"), rapid.Float64Range(0, 1).Draw(t, "v")
			if (u <= v) != (q.at(u) <= q.at(v)) && q.at(u) != q.at(v) {
				t.Fatalf("at(%v) = %v, at(%v) = %v", u, q.at(u), v, q.at(v))
			}
		})
	}
}

func TestCountsHaveTheirMeanAndSpread(t *testing.T) {
	d := newDraw(3, 1)
	for _, mean := range []float64{0.3, 4, 200} {
		const n = 20_000
		sum, square := 0.0, 0.0
		for range n {
			x := float64(d.poisson(mean))
			sum, square = sum+x, square+x*x
		}
		got := sum / n
		within(t, "mean", got, mean, 5*math.Sqrt(mean/n))
		within(t, "variance", square/n-got*got, mean, 0.06*mean)
	}
}

func TestWeightedChoiceKeepsItsShares(t *testing.T) {
	d := newDraw(4, 1)
	counts := map[correlate.ChangeKind]float64{}
	const n = 40_000
	for range n {
		counts[weighted(d, guiltyKinds)]++
	}
	within(t, "share of config", counts[correlate.KindConfig]/n, 29.0/84, 0.01)
	within(t, "share of deploy", counts[correlate.KindDeploy]/n, 17.0/84, 0.01)
}

func TestSomeDrawsDifferentItems(t *testing.T) {
	d := newDraw(5, 1)
	for n := range 8 {
		got := some(d, []int{1, 2, 3, 4, 5}, n)
		slices.Sort(got)
		if len(got) != min(n, 5) || len(slices.Compact(got)) != len(got) {
			t.Errorf("%d of five: %v", n, got)
		}
	}
}

func TestPaceAveragesOneOverAWeek(t *testing.T) {
	sum, office := 0.0, 0.0
	for h := range 7 * 24 {
		p := pace(firstDay.Add(time.Duration(h) * time.Hour))
		sum += p
		if h == 10 {
			office = p
		}
	}
	within(t, "average pace", sum/(7*24), 1, 1e-9)
	if office < 2 || office > 3.5 {
		t.Errorf("office hours run at %v times the average", office)
	}
}
