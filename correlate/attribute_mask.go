package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// visibleAlerts returns the alerts as they stood at the moment: those that
// start later are gone, and later resolutions have not happened. Doubles of one
// episode are one. The order is by start and then by identity.
func visibleAlerts(alerts []Alert, at time.Time) []Alert {
	visible := make([]Alert, 0, len(alerts))
	for _, a := range alerts {
		if a.StartedAt.After(at) || a.Service == "" {
			continue
		}
		if a.ResolvedAt == nil || a.ResolvedAt.After(at) {
			a.ResolvedAt, a.Status = nil, AlertFiring
		}
		if a.Fingerprint == "" {
			a.Fingerprint = a.DefaultFingerprint()
		}
		visible = append(visible, a)
	}
	slices.SortStableFunc(visible, compareAlerts)
	return slices.CompactFunc(visible, func(a, b Alert) bool { return a.Key() == b.Key() })
}

func compareAlerts(a, b Alert) int {
	return cmp.Or(
		a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Fingerprint, b.Fingerprint),
		cmp.Compare(a.Service, b.Service), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID),
	)
}

// visibleChange returns the change as it stood at the moment. Later rollout
// steps and a later end have not happened. A status that only the future could
// tell is unknown: "rolled back" stands only while undone says that a rollback
// of it was seen, or when the sender had said so by then.
func visibleChange(c Change, at time.Time, undone bool) Change {
	told := c.ObservedAt != nil && !c.ObservedAt.After(at)
	if c.FinishedAt != nil && c.FinishedAt.After(at) {
		c.FinishedAt, c.Status = nil, StatusInProgress
	}
	if c.ObservedAt != nil && c.ObservedAt.After(at) {
		c.ObservedAt = nil
	}
	if slices.ContainsFunc(c.Rollout, func(r RolloutStep) bool { return r.At.After(at) }) {
		c.Rollout = slices.DeleteFunc(slices.Clone(c.Rollout), func(r RolloutStep) bool { return r.At.After(at) })
	}
	if c.Status == StatusRolledBack && !undone && !told {
		c.Status = StatusSucceeded
	}
	return c
}

// visiblePoints cuts the samples after the moment. They are taken to be in
// order of time; the few that are not are put in order.
func visiblePoints(points []Point, at time.Time) []Point {
	byTime := func(a, b Point) int { return a.At.Compare(b.At) }
	if !slices.IsSortedFunc(points, byTime) {
		points = slices.Clone(points)
		slices.SortStableFunc(points, byTime)
	}
	n, _ := slices.BinarySearchFunc(points, at, func(p Point, t time.Time) int {
		if p.At.After(t) {
			return 1
		}
		return -1
	})
	return points[:n]
}

// round cuts a figure of the answer to the given number of decimals, so that
// the last bits of floating-point sums do not show.
func round(x float64, decimals int) float64 {
	scale := math.Pow(10, float64(decimals))
	return math.Round(x*scale) / scale
}
