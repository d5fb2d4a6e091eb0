package eval

import (
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
)

// moment is a further moment of judgement of a case: a time after its first
// symptom, or after a cause was undone.
type moment struct {
	name       string
	after      time.Duration
	afterUndo  bool
	whereNamed bool
}

// MomentEnd names the case's own moment of judgement, undonePrefix begins a
// moment after the undoing of a cause, as "undo+10m".
const (
	MomentEnd    = "end"
	undonePrefix = "undo+"
)

// parseMoments reads moments of judgement, as given to --at: durations after the
// first symptom such as 5m, after the undoing of a cause such as undo+10m, and
// "end" for the moment that the case names.
func parseMoments(names []string) ([]moment, error) {
	var list []moment
	for _, name := range names {
		m := moment{name: name, whereNamed: name == MomentEnd}
		text := name
		if len(name) > len(undonePrefix) && name[:len(undonePrefix)] == undonePrefix {
			m.afterUndo, text = true, name[len(undonePrefix):]
		}
		if !m.whereNamed {
			after, err := time.ParseDuration(text)
			if err != nil || after < 0 {
				return nil, fmt.Errorf("cannot judge at %q; write a time after the first alert such as 5m, after the undoing of a cause such as undo+10m, or end", name)
			}
			m.after = after
		}
		list = append(list, m)
	}
	return list, nil
}

// of returns the case as it is judged at the moment. A case says nothing of the
// time after its own moment, so that no later one is possible.
func (m *moment) of(c *Case) (Case, bool) {
	then := *c
	switch {
	case m.whereNamed:
		return then, true
	case m.afterUndo:
		undone, ok := firstUndoing(c)
		then.At = undone.Add(m.after)
		return then, ok && !then.At.After(c.At)
	default:
		alerts := visibleAlerts(c.Alerts, c.At)
		then.At = onset(alerts, c.At).Add(m.after)
		return then, len(alerts) > 0 && !then.At.After(c.At)
	}
}

// firstUndoing is when the first rollback of a cause began.
func firstUndoing(c *Case) (time.Time, bool) {
	var first time.Time
	for i := range c.Changes {
		undo := &c.Changes[i]
		if undo.RollbackOf == "" || undo.StartedAt.After(c.At) || !isCause(c, undo.Key(), undo.RollbackOf) {
			continue
		}
		if first.IsZero() || undo.StartedAt.Before(first) {
			first = undo.StartedAt
		}
	}
	return first, !first.IsZero()
}

// isCause reports whether the id is a cause of the case from the same source.
func isCause(c *Case, undo correlate.Key, id string) bool {
	for _, cause := range c.Causes {
		for i := range c.Changes {
			if c.Changes[i].ID == cause && cause == id && c.Changes[i].Source == undo.Source {
				return true
			}
		}
	}
	return false
}

// momentGroups are the figures of each moment, as groups of the report.
func momentGroups(moments []moment, outcomes [][]Outcome) []Group {
	var groups []Group
	for i, m := range moments {
		if len(outcomes[i]) > 0 {
			groups = append(groups, Group{By: "at", Value: m.name, Rankers: figures(calibrated(outcomes[i]))})
		}
	}
	return groups
}
