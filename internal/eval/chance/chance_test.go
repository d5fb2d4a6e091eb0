package chance

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestChoicesComeByTheirWeight(t *testing.T) {
	r, weights, counts := rand.New(rand.NewPCG(1, 2)), []float64{0, 3, 1}, make([]int, 3)
	const n = 40_000
	for range n {
		counts[Index(r, len(weights), func(i int) float64 { return weights[i] })]++
	}
	if share := float64(counts[1]) / n; counts[0] != 0 || math.Abs(share-0.75) > 0.01 {
		t.Errorf("drawn %v of weights %v", counts, weights)
	}
}

func TestOneChoiceIsAlwaysDrawn(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, weight := range []float64{0, 1e-300, 5} {
		if got := Index(r, 1, func(int) float64 { return weight }); got != 0 {
			t.Errorf("choice %d of one with weight %g", got, weight)
		}
	}
}

// Mean and variance of a Poisson distribution are the same.
func TestCountsHaveTheMeanAndTheVarianceOfAPoissonDistribution(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, mean := range []float64{0, 0.3, 2, 20} {
		const n = 40_000
		sum, squares := 0.0, 0.0
		for range n {
			x := float64(Poisson(r, mean))
			sum, squares = sum+x, squares+x*x
		}
		got := sum / n
		if variance := squares/n - got*got; math.Abs(got-mean) > 0.05*mean || math.Abs(variance-mean) > 0.05*mean {
			t.Errorf("mean %.3f and variance %.3f, want %g", got, variance, mean)
		}
	}
}

func TestTheSameStreamDrawsTheSame(t *testing.T) {
	a, b := rand.New(rand.NewPCG(5, 6)), rand.New(rand.NewPCG(5, 6))
	for range 100 {
		if x, y := Poisson(a, 3), Poisson(b, 3); x != y {
			t.Fatalf("%d and %d", x, y)
		}
	}
}
