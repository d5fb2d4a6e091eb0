package correlate

import (
	"cmp"
	"math"
	"slices"
)

// ranked is a place in a list with what it is put in order by.
type ranked struct {
	by float64
	at int32
}

// compareRanked puts the greatest first, and what ties in order of place.
func compareRanked(a, b ranked) int {
	switch {
	case a.by > b.by:
		return -1
	case a.by < b.by:
		return 1
	default:
		return cmp.Compare(a.at, b.at)
	}
}

// Of a number that ranks, this many bits make room for the place.
const (
	placeBits = 14
	placeMask = 1<<placeBits - 1
)

// sort puts a list in order whose places are below n, each there once. Number and place
// are packed into one integer, because integers sort several times faster; what
// the bits that had to give way would tell is made good afterwards.
func (w *scratch) sort(list []ranked, n int) {
	if n > placeMask || slices.ContainsFunc(list, func(r ranked) bool { return !(r.by >= 0) }) {
		slices.SortFunc(list, compareRanked)
		return
	}
	keys := w.keys[:0]
	for _, r := range list {
		keys = append(keys, ^(math.Float64bits(r.by)<<1)&^placeMask|uint64(r.at))
	}
	w.keys = keys
	slices.Sort(keys)
	by := sized(w.by, n)
	w.by = by
	for _, r := range list {
		by[r.at] = r.by
	}
	from := 0
	for i, key := range keys {
		at := int32(key & placeMask)
		list[i] = ranked{by[at], at}
		if key&^placeMask != keys[from]&^placeMask {
			sortFew(list[from:i])
			from = i
		}
	}
	sortFew(list[from:])
}

// sortFew puts those in order whose numbers differ at most in bits that had to
// give way.
func sortFew(list []ranked) {
	if len(list) > 1 {
		slices.SortFunc(list, compareRanked)
	}
}
