package event

import (
	"cmp"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// FoldChanges folds every event of a change into what is known of it, one
// value per identity in the order in which the identities first appear. Events
// may come in any order and more than once: they are ordered by observed_at,
// or by their arrival where the sender gives none, then by arrival, then by
// UID, so that every reader of the same events gets the same values. A change of
// which no event names an environment is one of production.
func FoldChanges(events []Change) []correlate.Change {
	changes := fold(events,
		func(e *Change) correlate.Key { return e.Key() },
		func(e *Change) moment { return momentOf(e.ObservedAt, &e.Meta) },
		func(known correlate.Change, e *Change) correlate.Change {
			return correlate.MergeChange(known, e.Change)
		})
	for i := range changes {
		changes[i].Environment = cmp.Or(changes[i].Environment, correlate.DefaultEnvironment)
	}
	return changes
}

// FoldAlerts folds every event of an alert episode into what is known of it,
// by the rules of FoldChanges.
func FoldAlerts(events []Alert) []correlate.Alert {
	alerts := fold(events,
		func(e *Alert) correlate.AlertKey { return e.Key() },
		func(e *Alert) moment { return momentOf(e.ObservedAt, &e.Meta) },
		func(known correlate.Alert, e *Alert) correlate.Alert { return correlate.MergeAlert(known, e.Alert) })
	for i := range alerts {
		alerts[i].Environment = cmp.Or(alerts[i].Environment, correlate.DefaultEnvironment)
	}
	return alerts
}

// moment is the place of an event in the order of a fold.
type moment struct {
	said, arrived time.Time
	uid           uint64
}

// momentOf orders by what the sender says and falls back to the arrival.
func momentOf(observed *time.Time, meta *Meta) moment {
	m := moment{said: meta.ArrivedAt, arrived: meta.ArrivedAt, uid: meta.UID}
	if observed != nil {
		m.said = *observed
	}
	return m
}

// compare orders moments from the oldest statement to the newest.
func (m moment) compare(other moment) int {
	return cmp.Or(m.said.Compare(other.said), m.arrived.Compare(other.arrived), cmp.Compare(m.uid, other.uid))
}

// fold groups events by key and merges each group from its oldest event on.
// The argument keeps its order.
func fold[E any, K comparable, V any](events []E, key func(*E) K, at func(*E) moment, merge func(V, *E) V) []V {
	ordered := make([]*E, len(events))
	place := make(map[K]int, len(events))
	for i := range events {
		ordered[i] = &events[i]
		if _, known := place[key(&events[i])]; !known {
			place[key(&events[i])] = len(place)
		}
	}
	slices.SortStableFunc(ordered, func(a, b *E) int { return at(a).compare(at(b)) })
	folded := make([]V, len(place))
	for _, e := range ordered {
		i := place[key(e)]
		folded[i] = merge(folded[i], e)
	}
	return folded
}
