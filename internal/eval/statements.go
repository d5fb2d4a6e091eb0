package eval

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// foldStatements makes one change of all that a case says of it: a case may
// hold the updates of a change as they were sent. What was said after the
// moment of judgement is left out, unless nothing was said before: a change
// that was reported late had begun all the same. The argument is not modified,
// and is the answer when it says everything once.
func foldStatements(changes []correlate.Change, at time.Time) []correlate.Change {
	groups := make(map[correlate.Key][]int, len(changes))
	for i := range changes {
		groups[changes[i].Key()] = append(groups[changes[i].Key()], i)
	}
	if len(groups) == len(changes) {
		return changes
	}
	folded := make([]correlate.Change, 0, len(groups))
	for i := range changes {
		if group := groups[changes[i].Key()]; group[0] == i {
			folded = append(folded, foldGroup(changes, group, at))
		}
	}
	return folded
}

// foldGroup folds the statements at the given places, which are all of one
// change, from the oldest to the newest.
func foldGroup(changes []correlate.Change, group []int, at time.Time) correlate.Change {
	said := saidAt(changes, group)
	order := make([]int, len(group))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return said[a].Compare(said[b]) })
	known := changes[group[order[0]]]
	for _, i := range order[1:] {
		if !said[i].After(at) {
			known = correlate.MergeChange(known, changes[group[i]])
		}
	}
	return known
}

// saidAt tells when each statement was made: at its observed_at, else when the
// latest one before it in the file was, since a file is in the order of arrival.
func saidAt(changes []correlate.Change, group []int) []time.Time {
	said := make([]time.Time, len(group))
	var latest time.Time
	for i, place := range group {
		said[i] = latest
		if observed := changes[place].ObservedAt; observed != nil {
			said[i] = *observed
		}
		if said[i].After(latest) {
			latest = said[i]
		}
	}
	return said
}
