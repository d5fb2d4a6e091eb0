package outages

import (
	"hash/fnv"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/faultline/faultline/internal/eval/chance"
)

// draw is a stream of random decisions.
type draw struct{ *rand.Rand }

// newDraw returns the stream of one outage: the seed and the id decide it, so
// that other outages in the list change nothing.
func newDraw(seed uint64, id string) draw {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id))
	return draw{rand.New(rand.NewPCG(seed, h.Sum64()))}
}

func (d draw) chance(p float64) bool { return d.Float64() < p }

// span draws a duration, uniformly up to the given one.
func (d draw) span(most time.Duration) time.Duration {
	return time.Duration(d.Float64() * float64(most))
}

// wait draws a waiting time of the given mean.
func (d draw) wait(mean time.Duration) time.Duration {
	return time.Duration(d.ExpFloat64() * float64(mean))
}

// around draws a duration from a log-normal distribution.
func (d draw) around(median time.Duration, sigma float64) time.Duration {
	return time.Duration(float64(median) * math.Exp(sigma*d.NormFloat64()))
}

// count draws from a Poisson distribution of a small mean.
func (d draw) count(mean float64) int {
	return chance.Poisson(d.Rand, mean)
}

// share is one choice and its weight.
type share[T any] struct {
	value  T
	weight float64
}

// weighted draws a value by weight.
func weighted[T any](d draw, shares []share[T]) T {
	return shares[chance.Index(d.Rand, len(shares), func(i int) float64 { return shares[i].weight })].value
}

func pick[T any](d draw, items []T) T { return items[d.IntN(len(items))] }

// shuffled returns the items in random order.
func shuffled[T any](d draw, items []T) []T {
	out := slices.Clone(items)
	d.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	return out
}

// minutes converts to a duration.
func minutes(m float64) time.Duration { return time.Duration(m * float64(time.Minute)) }
