package eval

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// View is a Record as it could be seen at its moment of judgement. Record.View
// makes it; a ranker must be given nothing else. Withheld tells which parts
// were taken out, so that a ranker can tell "not shown" from "not there".
type View struct {
	Record
	Withheld Parts
}

// View returns what was observable at r.At, without the withheld parts. What
// had not happened yet is removed, and what only the future could tell is
// restated as it stood: a change that finishes later is in progress, an alert
// that resolves later is firing. The Record is not modified; the View shares
// with it what needed no restating.
func (r *Record) View(withheld Parts) View {
	v := View{Withheld: withheld, Record: Record{
		At:       r.At,
		Topology: visibleTopology(r.Topology, r.At),
		Changes:  visibleChanges(r.Changes, r.At),
		Alerts:   visibleAlerts(r.Alerts, r.At),
		Metrics:  visibleMetrics(r.Metrics, r.At),
	}}
	withheld.removeFrom(&v)
	return v
}

// visibleTopology drops a snapshot that was taken after at.
func visibleTopology(t correlate.Topology, at time.Time) correlate.Topology {
	if t.ObservedAt.After(at) {
		return correlate.Topology{}
	}
	return t
}

func visibleChanges(changes []correlate.Change, at time.Time) []correlate.Change {
	changes = foldStatements(changes, at)
	begun := make(map[string]bool)
	for i := range changes {
		if c := &changes[i]; c.RollbackOf != "" && !c.StartedAt.After(at) {
			begun[c.Source+"\x00"+c.RollbackOf] = true
		}
	}
	out := make([]correlate.Change, 0, len(changes))
	for _, c := range changes {
		if c.StartedAt.After(at) {
			continue
		}
		out = append(out, visibleChange(c, at, begun[c.Source+"\x00"+c.ID]))
	}
	return out
}

// visibleChange restates one change as it stood at the moment of judgement.
// UndoBegun tells that an observable rollback names it.
func visibleChange(c correlate.Change, at time.Time, undoBegun bool) correlate.Change {
	unfinished := later(c.FinishedAt, at)
	if unfinished {
		c.FinishedAt = nil
	}
	if later(c.ObservedAt, at) {
		c.ObservedAt = nil
	}
	if last := slices.IndexFunc(c.Rollout, func(s correlate.RolloutStep) bool { return s.At.After(at) }); last >= 0 {
		c.Rollout = slices.DeleteFunc(slices.Clone(c.Rollout), func(s correlate.RolloutStep) bool { return s.At.After(at) })
		unfinished = unfinished || c.FinishedAt == nil
	}
	c.Status = visibleStatus(&c, unfinished, undoBegun)
	c.Approvals = visibleItems(c.Approvals, at, func(a *correlate.Approval) *time.Time { return a.At })
	c.PullRequests = visiblePullRequests(c.PullRequests, at)
	c.Commits = visibleItems(c.Commits, at, func(m *correlate.Commit) *time.Time { return m.AuthoredAt })
	// What a sender adds beyond the contract has no known time, and may have
	// been added in hindsight.
	c.Extra = nil
	return c
}

// visibleStatus tells the status at the moment of judgement. "Rolled back" is a
// word about the time after the change's own end, so it stands only while an
// observable rollback says the same. A bad end without a time of its own may
// also be hindsight.
func visibleStatus(c *correlate.Change, unfinished, undoBegun bool) correlate.ChangeStatus {
	switch {
	case unfinished:
		return correlate.StatusInProgress
	case c.Status == correlate.StatusRolledBack && undoBegun:
		return correlate.StatusRolledBack
	case c.Status == correlate.StatusRolledBack && c.FinishedAt != nil:
		return correlate.StatusSucceeded
	case c.FinishedAt == nil && c.Status.Terminal() && c.Status != correlate.StatusSucceeded:
		return ""
	default:
		return c.Status
	}
}

func visiblePullRequests(prs []correlate.PullRequest, at time.Time) []correlate.PullRequest {
	reviewed := func(r *correlate.Review) *time.Time { return r.At }
	hindsight := func(pr correlate.PullRequest) bool {
		return slices.ContainsFunc(pr.Reviews, func(r correlate.Review) bool { return later(r.At, at) })
	}
	if !slices.ContainsFunc(prs, hindsight) {
		return prs
	}
	prs = slices.Clone(prs)
	for i := range prs {
		prs[i].Reviews = visibleItems(prs[i].Reviews, at, reviewed)
	}
	return prs
}

// visibleItems drops the items whose time is after at, copying only if it must.
func visibleItems[T any](items []T, at time.Time, when func(*T) *time.Time) []T {
	hidden := func(item T) bool { return later(when(&item), at) }
	if !slices.ContainsFunc(items, hidden) {
		return items
	}
	return slices.DeleteFunc(slices.Clone(items), hidden)
}

func visibleAlerts(alerts []correlate.Alert, at time.Time) []correlate.Alert {
	out := make([]correlate.Alert, 0, len(alerts))
	for _, a := range alerts {
		if a.StartedAt.After(at) {
			continue
		}
		if a.ResolvedAt == nil || a.ResolvedAt.After(at) {
			a.ResolvedAt, a.Status = nil, correlate.AlertFiring
		}
		if later(a.ObservedAt, at) {
			a.ObservedAt = nil
		}
		a.Extra = nil
		out = append(out, a)
	}
	return out
}

func visibleMetrics(series []correlate.Series, at time.Time) []correlate.Series {
	var out []correlate.Series
	for _, s := range series {
		s.Points = visiblePoints(s.Points, at)
		if len(s.Points) > 0 {
			out = append(out, s)
		}
	}
	return out
}

func visiblePoints(points []correlate.Point, at time.Time) []correlate.Point {
	hidden := func(p correlate.Point) bool { return p.At.After(at) }
	if !slices.ContainsFunc(points, hidden) {
		return points
	}
	return slices.DeleteFunc(slices.Clone(points), hidden)
}

// later reports whether the time is known and after at.
func later(t *time.Time, at time.Time) bool { return t != nil && t.After(at) }
