package eval

import "math/rand/v2"

// dealt deals cases into folds at random from a fixed seed, so that the same
// cases are dealt alike every time; it returns the fold of each case.
func dealt(cases, folds int) []int {
	fold := make([]int, cases)
	for place, i := range rand.New(rand.NewPCG(bootstrapSeed, uint64(cases))).Perm(cases) {
		fold[i] = place % folds
	}
	return fold
}
