// Package chance draws what both kinds of made cases need: one of several choices
// by weight, and small counts. The same stream gives the same draws.
package chance

import (
	"math"
	"math/rand/v2"
)

// Index draws one of n choices by weight. The weights are not negative and need
// not sum to one.
func Index(r *rand.Rand, n int, weight func(i int) float64) int {
	total := 0.0
	for i := range n {
		total += weight(i)
	}
	rest := r.Float64() * total
	for i := range n {
		if rest -= weight(i); rest < 0 {
			return i
		}
	}
	return n - 1
}

// Poisson draws a count of the given mean by multiplication (Knuth, The Art of
// Computer Programming, volume 2, 3.4.1), which takes as many draws as it counts.
func Poisson(r *rand.Rand, mean float64) int {
	limit, product, n := math.Exp(-mean), r.Float64(), 0
	for product > limit {
		product *= r.Float64()
		n++
	}
	return n
}
