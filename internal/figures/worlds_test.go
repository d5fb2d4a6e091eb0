package figures

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// one is a single change as a store would know it, before anything is counted.
type one struct {
	key                  correlate.Key
	class                correlate.ProvenanceClass
	kind                 correlate.ChangeKind
	size                 query.Size
	tier                 int
	team                 string
	week                 time.Time
	apart                query.Apart
	confirmed, suspected bool
}

// drawOnes draws changes. Strata may be dense or sparse, classes all or one.
func drawOnes(t *rapid.T) []one {
	classes := rapid.SampledFrom([][]correlate.ProvenanceClass{correlate.ProvenanceClasses(), {correlate.ProvenanceUnknown}, {correlate.ProvenanceHuman, correlate.ProvenanceAssisted}}).Draw(t, "classes")
	teams := rapid.SampledFrom([][]string{{""}, {"shop", "post", ""}, {"a", "b", "c", "d", "e", "f", "g", "h"}}).Draw(t, "teams")
	aparts := []query.Apart{query.NotApart, query.NotApart, query.NotApart, query.NotApart, query.ApartRollback, query.ApartDuring, query.ApartImmature}
	all := make([]one, rapid.IntRange(0, 300).Draw(t, "changes"))
	for i := range all {
		event := rapid.IntRange(0, 19).Draw(t, "event")
		all[i] = one{
			key: key(fmt.Sprint("c-", i)), class: rapid.SampledFrom(classes).Draw(t, "class"), kind: rapid.SampledFrom(correlate.ChangeKinds()[:3]).Draw(t, "kind"),
			size: rapid.SampledFrom(query.Sizes()).Draw(t, "size"), tier: rapid.IntRange(0, 4).Draw(t, "tier"), team: rapid.SampledFrom(teams).Draw(t, "team"),
			week:  time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*rapid.IntRange(0, 3).Draw(t, "week")),
			apart: rapid.SampledFrom(aparts).Draw(t, "apart"), confirmed: event < 2, suspected: event == 1 || event == 2,
		}
	}
	return all
}

// cellsOf counts changes into cells, the way in which a store answers: in any
// order, and the same cell in one piece or in several.
func cellsOf(all []one, pieces int) (cells, weeks []query.ChangeCell) {
	index := map[string]int{}
	add := func(list []query.ChangeCell, name string, c query.ChangeCell) []query.ChangeCell {
		at, met := index[name]
		if !met {
			index[name] = len(list)
			return append(list, c)
		}
		list[at].N++
		list[at].Confirmed, list[at].Suspected = append(list[at].Confirmed, c.Confirmed...), append(list[at].Suspected, c.Suspected...)
		return list
	}
	for i, o := range all {
		c := query.ChangeCell{Class: o.class, Apart: o.apart, N: 1}
		if o.confirmed {
			c.Confirmed = []correlate.Key{o.key}
		}
		if o.suspected {
			c.Suspected = []correlate.Key{o.key}
		}
		week := c
		week.Week = o.week
		c.Kind, c.Size, c.Tier, c.Team = o.kind, o.size, o.tier, o.team
		piece := i % pieces
		cells = add(cells, fmt.Sprint("cell", piece, c.Class, c.Kind, c.Size, c.Tier, c.Team, c.Apart), c)
		weeks = add(weeks, fmt.Sprint("week", piece, week.Class, week.Week, week.Apart), week)
	}
	return cells, weeks
}

// reader answers from single changes, each confirmed one behind an incident of
// its own.
func readerOf(all []one, pieces int) *fakeReader {
	f := &fakeReader{}
	f.cells, f.weeks = cellsOf(all, pieces)
	for i, o := range all {
		if o.confirmed && o.apart == query.NotApart {
			f.incident("inc-"+o.key.ID, now.Add(-time.Duration(i+30)*time.Hour), o.key)
		}
	}
	return f
}

// counts is a number of changes with the number of those with an event.
type counts struct{ n, events int }

// countOnes counts the compared changes that a condition holds for.
func countOnes(all []one, suspected bool, holds func(*one) bool) counts {
	var c counts
	for i := range all {
		o := &all[i]
		if o.apart != query.NotApart || !holds(o) {
			continue
		}
		c.n++
		if o.confirmed || (suspected && o.suspected) {
			c.events++
		}
	}
	return c
}

// isAI says in its own words what AI-assisted means.
func isAI(class correlate.ProvenanceClass) bool {
	return slices.Contains([]correlate.ProvenanceClass{correlate.ProvenanceAssisted, correlate.ProvenanceAuthored, correlate.ProvenanceOperated, correlate.ProvenanceAdvised}, class)
}

func inGroup(name string) func(*one) bool {
	return func(o *one) bool {
		switch name {
		case groupAI:
			return isAI(o.class)
		case groupHuman:
			return o.class == correlate.ProvenanceHuman
		case groupAutomation:
			return o.class == correlate.ProvenanceAutomation
		default:
			return o.class == correlate.ProvenanceUnknown
		}
	}
}

// strataOf counts the strata in which both sides have changes and one of them an
// event, the changes in these, and those in strata of one side only.
func strataOf(all []one, exposed, unexposed func(*one) bool) (used, inside, outside int, crude [2]counts) {
	type stratum struct {
		tier int
		kind correlate.ChangeKind
		team string
	}
	sides := map[stratum][2]counts{}
	for i := range all {
		o := &all[i]
		for side, in := range []func(*one) bool{exposed, unexposed} {
			if o.apart != query.NotApart || !in(o) {
				continue
			}
			at := stratum{o.tier, o.kind, o.team}
			both := sides[at]
			both[side].n++
			crude[side].n++
			if o.confirmed {
				both[side].events++
				crude[side].events++
			}
			sides[at] = both
		}
	}
	for _, both := range sides {
		switch n := both[0].n + both[1].n; {
		case both[0].n == 0 || both[1].n == 0:
			outside += n
		case both[0].events+both[1].events > 0:
			used, inside = used+1, inside+n
		}
	}
	return used, inside, outside, crude
}
