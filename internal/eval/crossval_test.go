package eval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
)

func manyCases(n int) []Case {
	var cases []Case
	for i := range n {
		c := Case{Name: fmt.Sprintf("case-%d", i), Record: shopRecord(), Causes: []string{"running"}}
		cases = append(cases, c)
	}
	return cases
}

func TestNoCaseIsScoredByARankerThatLearntIt(t *testing.T) {
	cases := manyCases(11)
	for _, folds := range []int{2, 5, len(cases)} {
		var trained [][]string
		fit := func(_ context.Context, train []Case) (Ranker, error) {
			var names []string
			for i := range train {
				names = append(names, train[i].Name)
			}
			trained = append(trained, names)
			return baseline{fmt.Sprint(len(trained) - 1), recency}, nil
		}
		outcomes, err := CrossValidate(t.Context(), cases, folds, Parts{}, fit)
		if err != nil {
			t.Fatal(err)
		}
		for i, o := range outcomes {
			if o.Case != cases[i].Name {
				t.Fatalf("outcome %d is of %q", i, o.Case)
			}
			var fold int
			if _, err := fmt.Sscan(o.Ranker, &fold); err != nil {
				t.Fatal(err)
			}
			if slices.Contains(trained[fold], o.Case) {
				t.Errorf("%d folds: %s was learnt before it was scored", folds, o.Case)
			}
		}
		if len(trained) != folds {
			t.Errorf("fitted %d times for %d folds", len(trained), folds)
		}
	}
}

func TestImpossibleFoldsAndFailingFitsAreErrors(t *testing.T) {
	fit := func(context.Context, []Case) (Ranker, error) { return nil, errors.New("singular") }
	for _, folds := range []int{0, 1, 4} {
		if _, err := CrossValidate(t.Context(), manyCases(3), folds, Parts{}, fit); err == nil {
			t.Errorf("%d folds of 3 cases were accepted", folds)
		}
	}
	if _, err := CrossValidate(t.Context(), manyCases(3), 3, Parts{}, fit); err == nil {
		t.Error("the failing fit was swallowed")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := CrossValidate(ctx, manyCases(3), 3, Parts{}, fit); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}
