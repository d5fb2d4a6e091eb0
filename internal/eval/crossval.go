package eval

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// Fit learns from labelled cases and returns a ranker that knows nothing else.
type Fit func(ctx context.Context, train []Case) (Ranker, error)

// CrossValidate scores a way of learning on cases that it has not learnt from:
// the cases are dealt into folds at random from a fixed seed, and each fold is
// scored by a ranker fitted to all other folds. Folds equal to the number of
// cases is leave-one-out. The outcomes come in the order of cases.
func CrossValidate(ctx context.Context, cases []Case, folds int, withheld Parts, fit Fit) ([]Outcome, error) {
	if folds < 2 || folds > len(cases) {
		return nil, errors.New("cross-validation needs at least two folds and no more folds than cases")
	}
	fold := make([]int, len(cases))
	for place, i := range rand.New(rand.NewPCG(bootstrapSeed, uint64(len(cases)))).Perm(len(cases)) {
		fold[i] = place % folds
	}
	outcomes := make([]Outcome, len(cases))
	for f := range folds {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("cross-validation: %w", err)
		}
		var train []Case
		for i := range cases {
			if fold[i] != f {
				train = append(train, cases[i])
			}
		}
		ranker, err := fit(ctx, train)
		if err != nil {
			return nil, fmt.Errorf("fit without fold %d of %d: %w", f+1, folds, err)
		}
		for i := range cases {
			if fold[i] == f {
				outcomes[i] = Score(&cases[i], []Ranker{ranker}, withheld)[0]
			}
		}
	}
	return outcomes, nil
}
