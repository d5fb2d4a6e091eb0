package simulate

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/faultline/faultline/internal/eval/chance"
)

// draw is a stream of random decisions.
type draw struct {
	*rand.Rand
}

func newDraw(seed, stream uint64) draw {
	return draw{rand.New(rand.NewPCG(seed, stream))}
}

// chance is true with probability p.
func (d draw) chance(p float64) bool { return d.Float64() < p }

// between draws uniformly from low to high.
func (d draw) between(low, high float64) float64 { return low + (high-low)*d.Float64() }

// logBetween draws from low to high, uniformly on a logarithmic scale.
func (d draw) logBetween(low, high float64) float64 {
	return low * math.Exp(d.Float64()*math.Log(high/low))
}

// logNormal draws from a log-normal distribution.
func (d draw) logNormal(median, sigma float64) float64 {
	return median * math.Exp(sigma*d.NormFloat64())
}

// exponential draws a waiting time with the given mean.
func (d draw) exponential(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}

// poisson draws a count: by multiplication for small means, else by the normal
// approximation, which is off by less than the cases' other noise above 50.
func (d draw) poisson(mean float64) int {
	if mean > 50 {
		return max(0, int(math.Round(mean+math.Sqrt(mean)*d.NormFloat64())))
	}
	return chance.Poisson(d.Rand, mean)
}

// seconds converts to a duration.
func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// pick draws one of the items.
func pick[T any](d draw, items []T) T { return items[d.IntN(len(items))] }

// some draws n different items, all of them when there are no more.
func some[T any](d draw, items []T, n int) []T {
	order := d.Perm(len(items))
	out := make([]T, 0, min(n, len(items)))
	for _, i := range order[:min(n, len(items))] {
		out = append(out, items[i])
	}
	return out
}

// share is one choice and its weight.
type share[T any] struct {
	value  T
	weight float64
}

// weighted draws a value by weight; weights need not sum to one.
func weighted[T any](d draw, shares []share[T]) T {
	return shares[chance.Index(d.Rand, len(shares), func(i int) float64 { return shares[i].weight })].value
}

// quantile is one point of a distribution that is known by its quantiles.
type quantile struct{ share, value float64 }

// quantiles is a distribution; between its points it is uniform on a
// logarithmic scale.
type quantiles []quantile

// at returns the value below which the share u of the distribution lies.
func (q quantiles) at(u float64) float64 {
	for i := 1; i < len(q); i++ {
		if u <= q[i].share {
			part := (u - q[i-1].share) / (q[i].share - q[i-1].share)
			return q[i-1].value * math.Pow(q[i].value/q[i-1].value, part)
		}
	}
	return q[len(q)-1].value
}
