package figures

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

// stratum is what changes must share to be compared.
type stratum struct {
	tier int
	kind correlate.ChangeKind
	team string
	size query.Size
}

// arm tells which side of a comparison a class is on.
type arm int

const (
	neither arm = iota
	exposed
	unexposed
)

// sides is one way to compare classes.
type sides struct {
	name, exposed, unexposed string
	suspected                bool
	arm                      func(class correlate.ProvenanceClass) arm
}

// headlineSides are AI-assisted against human changes.
func headlineSides() sides {
	return sides{name: "headline", exposed: groupAI, unexposed: groupHuman, arm: func(class correlate.ProvenanceClass) arm {
		switch groupOf(class) {
		case groupAI:
			return exposed
		case groupHuman:
			return unexposed
		default:
			return neither
		}
	}}
}

// sensitivitySides ask the same with other assumptions: that the engine is
// right where nobody judged, and that changes of unknown origin are all human,
// or all AI-assisted.
func sensitivitySides() []sides {
	suspected := headlineSides()
	suspected.name, suspected.suspected = "machine_suspected", true
	asHuman := sides{name: "unknown_as_human", exposed: groupAI, unexposed: "human changes and those of unknown origin", arm: func(class correlate.ProvenanceClass) arm {
		switch groupOf(class) {
		case groupAI:
			return exposed
		case groupHuman, groupUnknown:
			return unexposed
		default:
			return neither
		}
	}}
	asAI := sides{name: "unknown_as_ai", exposed: "AI-assisted changes and those of unknown origin", unexposed: groupHuman, arm: func(class correlate.ProvenanceClass) arm {
		switch groupOf(class) {
		case groupAI, groupUnknown:
			return exposed
		case groupHuman:
			return unexposed
		default:
			return neither
		}
	}}
	return []sides{suspected, asHuman, asAI}
}

// comparisons makes the headline and its sensitivity lines, side by side: each
// draws incidents some hundred times.
func (s *Service) comparisons(cells []query.ChangeCell, l *ledger, p query.Period) (headline Comparison, others []Comparison) {
	byStratum(cells)
	all := append([]sides{headlineSides()}, sensitivitySides()...)
	out := make([]Comparison, len(all))
	var each sync.WaitGroup
	for i, side := range all {
		each.Go(func() {
			c := stratify(cells, side, l, p.From)
			out[i] = s.compare(&c)
		})
	}
	each.Wait()
	return out[0], out[1:]
}

// byStratum orders cells by what the strata are made of. A store answers in any
// order; the same data must give the same sums and the same draws to the last
// digit.
func byStratum(cells []query.ChangeCell) {
	slices.SortFunc(cells, func(a, b query.ChangeCell) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Team, b.Team), cmp.Compare(a.Size, b.Size))
	})
}

// tables gathers strata in the order in which they are met.
type tables struct {
	index map[stratum]int
	all   []stats.Table
	keys  []stratum
}

// at is the index of a stratum.
func (t *tables) at(key stratum) int {
	i, known := t.index[key]
	if !known {
		i = len(t.all)
		t.index[key] = i
		t.all = append(t.all, stats.Table{})
		t.keys = append(t.keys, key)
	}
	return i
}

// place is where a change with an event stands.
type place struct {
	stratum int
	exposed bool
}

// stratify puts cells into strata, without and with size.
func stratify(cells []query.ChangeCell, side sides, l *ledger, since time.Time) contrast {
	plain, sized := tables{index: map[stratum]int{}}, tables{index: map[stratum]int{}}
	places := map[correlate.Key]place{}
	for i := range cells {
		c := &cells[i]
		a := side.arm(c.Class)
		if c.Apart != query.NotApart || a == neither {
			continue
		}
		events := c.Confirmed
		if side.suspected {
			events = union(c.Confirmed, c.Suspected)
		}
		key := stratum{tier: c.Tier, kind: c.Kind, team: c.Team}
		at := plain.at(key)
		count(&plain.all[at], a, len(events), c.N)
		key.size = c.Size
		count(&sized.all[sized.at(key)], a, len(events), c.N)
		for _, change := range events {
			places[change] = place{stratum: at, exposed: a == exposed}
		}
	}
	out := contrast{
		name: side.name, exposed: side.exposed, unexposed: side.unexposed, events: "confirmed",
		by: []string{"tier", "kind", "team"}, strata: plain.all, sized: sized.all, names: plain.names(true), since: since,
	}
	if side.suspected {
		out.events = "suspected"
	}
	out.calm, out.clusters = calmOf(plain.all), l.clusters(places, side.suspected)
	return out
}

// count adds changes to one arm of a table.
func count(t *stats.Table, a arm, events, n int) {
	if a == exposed {
		t.A += float64(events)
		t.N1 += float64(n)
		return
	}
	t.B += float64(events)
	t.N0 += float64(n)
}

// calmOf leaves the changes without an event.
func calmOf(strata []stats.Table) []stats.Table {
	calm := make([]stats.Table, len(strata))
	for i, t := range strata {
		calm[i] = stats.Table{N1: t.N1 - t.A, N0: t.N0 - t.B}
	}
	return calm
}

// clusters are the incidents with the changes that they were laid on. A change
// behind several incidents is part of the first.
func (l *ledger) clusters(places map[correlate.Key]place, suspected bool) []stats.Cluster {
	var out []stats.Cluster
	taken := map[correlate.Key]bool{}
	for i := range l.entries {
		e := &l.entries[i]
		blamed := e.standing.Confirmed
		if key, ok := e.suspected(0); ok && suspected {
			blamed = append(append([]correlate.Key{}, blamed...), key)
		}
		var c stats.Cluster
		for _, key := range blamed {
			if at, known := places[key]; known && !taken[key] {
				taken[key] = true
				c = append(c, stats.ClusterEvent{Stratum: at.stratum, Exposed: at.exposed, Events: 1})
			}
		}
		if len(c) > 0 {
			out = append(out, c)
		}
	}
	return out
}
