package correlate

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSortingAsIntegersIsSortingByNumberAndPlace(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Numbers that differ in the last bits only, which do not fit into a key.
		number := rapid.OneOf(
			rapid.Float64Range(0, 1e300), rapid.SampledFrom([]float64{0, 1, math.Inf(1), math.SmallestNonzeroFloat64}),
			rapid.Custom(func(t *rapid.T) float64 {
				return math.Float64frombits(math.Float64bits(1.5) + uint64(rapid.IntRange(0, 40).Draw(t, "bits")))
			}),
		)
		var list []ranked
		for i, by := range rapid.SliceOf(number).Draw(t, "numbers") {
			list = append(list, ranked{by, int32(i)})
		}
		want := slices.Clone(list)
		slices.SortStableFunc(want, func(a, b ranked) int {
			switch {
			case a.by > b.by:
				return -1
			case a.by < b.by:
				return 1
			default:
				return 0
			}
		})
		w := &scratch{}
		w.sort(list, len(list))
		if !slices.Equal(list, want) {
			t.Fatalf("%v, want %v", list, want)
		}
	})
}

func TestListsTooLongOrOddForIntegersAreSortedToo(t *testing.T) {
	long := make([]ranked, placeMask+10)
	for i := range long {
		long[i] = ranked{float64(i % 977), int32(i)}
	}
	odd := []ranked{{-1, 0}, {2, 1}, {-3, 2}}
	w := &scratch{}
	for name, list := range map[string][]ranked{"long": long, "odd": odd} {
		w.sort(list, len(list))
		if !slices.IsSortedFunc(list, compareRanked) {
			t.Errorf("%s: not in order", name)
		}
	}
}

func TestTheBestAreThoseOfSortingAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfDistinct(rapid.IntRange(0, 200), func(v int) int { return v }).Draw(t, "list")
		n := rapid.IntRange(0, 20).Draw(t, "n")
		want := slices.Clone(list)
		slices.SortFunc(want, func(a, b int) int { return b - a })
		all := slices.Clone(want)
		got := topOf(list, n, func(a, b *int) bool { return *a > *b })
		if !slices.Equal(got, want[:min(n, len(want))]) {
			t.Fatalf("the best %d of %v: %v", n, list, got)
		}
		slices.SortFunc(list, func(a, b int) int { return b - a })
		if !slices.Equal(list, all) {
			t.Fatalf("some were lost: %v, want %v", list, all)
		}
	})
}

// What the index keeps beside its lists must follow them.
func TestTheNewestChangeIsTheLastOfTheList(t *testing.T) {
	for seed := range uint64(30) {
		in := oracleScene(seed)
		x := in.Changes
		for step := range 20 {
			x.DropBefore(in.AsOf.Add(-14400e9), 3)
			if c, ok := x.Change(Key{Source: "ci", ID: "7"}); ok && step == 5 {
				c.StartedAt = in.AsOf
				x.Put(c)
			}
			for number, list := range x.lists {
				for _, moment := range []int64{in.AsOf.UnixMilli(), in.AsOf.UnixMilli() - 3_600_000} {
					want := int64(noChange)
					if before := until(list, moment); len(before) > 0 {
						want = before[len(before)-1].start
					}
					if got := x.newestOf(int32(number), moment); got != want {
						t.Fatalf("seed %d: newest of %s is %d, want %d", seed, x.titles[number], got, want)
					}
				}
			}
		}
	}
}
