package eval

import (
	"fmt"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// judgedAt is the moment of judgement of drawn records.
var judgedAt = time.Date(2026, 3, 4, 15, 0, 0, 0, time.UTC)

// drawService draws from few names, so that changes and alerts meet.
func drawService(t *rapid.T, label string) string {
	return fmt.Sprintf("svc-%d", rapid.IntRange(0, 7).Draw(t, label))
}

// drawTime draws a moment from three hours before judgement to one after.
func drawTime(t *rapid.T, label string) time.Time {
	return judgedAt.Add(time.Duration(rapid.IntRange(-180*60, 60*60).Draw(t, label)) * time.Second)
}

func drawOptionalTime(t *rapid.T, label string, notBefore time.Time) *time.Time {
	if rapid.Bool().Draw(t, label+" known") {
		moment := drawTime(t, label)
		if moment.Before(notBefore) {
			moment = notBefore
		}
		return &moment
	}
	return nil
}

func drawChange(t *rapid.T, id int) correlate.Change {
	c := correlate.Change{
		ID: fmt.Sprintf("c%d", id), Source: "pipeline", StartedAt: drawTime(t, "started"),
		Kind:   rapid.SampledFrom(correlate.ChangeKinds()).Draw(t, "kind"),
		Title:  rapid.SampledFrom([]string{"", "raise timeout", "payment retries"}).Draw(t, "title"),
		Status: rapid.SampledFrom(append(correlate.ChangeStatuses(), "")).Draw(t, "status"),
	}
	for range rapid.IntRange(0, 2).Draw(t, "services") {
		c.Services = append(c.Services, drawService(t, "service"))
	}
	c.FinishedAt = drawOptionalTime(t, "finished", c.StartedAt)
	c.ObservedAt = drawOptionalTime(t, "observed", c.StartedAt)
	for range rapid.IntRange(0, 3).Draw(t, "steps") {
		c.Rollout = append(c.Rollout, correlate.RolloutStep{At: drawTime(t, "step"), Percent: 10})
	}
	if rapid.Bool().Draw(t, "approved") {
		c.Approvals = []correlate.Approval{{By: "someone", At: drawOptionalTime(t, "approved", time.Time{})}}
	}
	if rapid.Bool().Draw(t, "has pull request") {
		c.PullRequests = []correlate.PullRequest{{
			Number: 7, Reviews: []correlate.Review{{Reviewer: "r", At: drawOptionalTime(t, "reviewed", time.Time{})}},
		}}
	}
	if id > 0 && rapid.IntRange(0, 4).Draw(t, "undoes") == 0 {
		c.RollbackOf = fmt.Sprintf("c%d", rapid.IntRange(0, id-1).Draw(t, "undone"))
	}
	return c
}

func drawAlert(t *rapid.T, id int) correlate.Alert {
	a := correlate.Alert{
		Source: "monitor", Service: drawService(t, "alerting"), Name: "HighErrorRate",
		Fingerprint: fmt.Sprintf("f%d", id), StartedAt: drawTime(t, "alert started"),
		Severity: rapid.SampledFrom(correlate.Severities()).Draw(t, "severity"),
		Status:   rapid.SampledFrom([]correlate.AlertStatus{correlate.AlertFiring, correlate.AlertResolved}).Draw(t, "state"),
	}
	a.ResolvedAt = drawOptionalTime(t, "resolved", a.StartedAt)
	return a
}

func drawRecord(t *rapid.T) Record {
	r := Record{At: judgedAt, Topology: correlate.Topology{ObservedAt: drawTime(t, "topology observed"), Source: "catalog"}}
	for range rapid.IntRange(0, 12).Draw(t, "edges") {
		r.Topology.Edges = append(r.Topology.Edges, correlate.Edge{
			Caller: drawService(t, "caller"), Callee: drawService(t, "callee"),
		})
	}
	for i := range rapid.IntRange(0, 12).Draw(t, "changes") {
		r.Changes = append(r.Changes, drawChange(t, i))
	}
	for i := range rapid.IntRange(0, 5).Draw(t, "alerts") {
		r.Alerts = append(r.Alerts, drawAlert(t, i))
	}
	for range rapid.IntRange(0, 2).Draw(t, "series") {
		s := correlate.Series{Service: drawService(t, "measured"), Signal: "errors", Unit: "percent"}
		for range rapid.IntRange(1, 4).Draw(t, "points") {
			s.Points = append(s.Points, correlate.Point{At: drawTime(t, "sample"), Value: rapid.Float64Range(0, 100).Draw(t, "value")})
		}
		r.Metrics = append(r.Metrics, s)
	}
	return r
}

// rewriteFuture returns a record that differs from r only in what happens
// after the moment of judgement: later times move, later things vanish or
// appear, and the words about them change.
func rewriteFuture(t *rapid.T, r Record) Record {
	out := Record{At: r.At, Topology: r.Topology}
	if r.Topology.ObservedAt.After(r.At) {
		out.Topology = correlate.Topology{ObservedAt: afterwards(t, r.At), Edges: []correlate.Edge{{Caller: "new", Callee: "svc-1"}}}
	}
	for _, c := range r.Changes {
		if c.StartedAt.After(r.At) {
			continue
		}
		out.Changes = append(out.Changes, rewriteChange(t, c, r.At))
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "new changes") {
		c := drawChange(t, 0)
		c.ID, c.StartedAt, c.FinishedAt = fmt.Sprintf("future%d", i), afterwards(t, r.At), nil
		c.RollbackOf = "c0"
		out.Changes = append(out.Changes, c)
	}
	for _, a := range r.Alerts {
		if a.StartedAt.After(r.At) {
			continue
		}
		if a.ResolvedAt == nil || a.ResolvedAt.After(r.At) {
			moment := afterwards(t, r.At)
			a.ResolvedAt = rapid.SampledFrom([]*time.Time{nil, &moment}).Draw(t, "new resolve")
			a.Status = rapid.SampledFrom([]correlate.AlertStatus{correlate.AlertFiring, correlate.AlertResolved}).Draw(t, "new state")
		}
		out.Alerts = append(out.Alerts, a)
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "new alerts") {
		a := drawAlert(t, 100+i)
		a.StartedAt, a.Severity = afterwards(t, r.At), correlate.SeverityCritical
		out.Alerts = append(out.Alerts, a)
	}
	for _, s := range r.Metrics {
		out.Metrics = append(out.Metrics, rewriteSeries(t, s, r.At))
	}
	return out
}

func rewriteChange(t *rapid.T, c correlate.Change, at time.Time) correlate.Change {
	open := later(c.FinishedAt, at)
	steps := c.Rollout
	c.Rollout = nil
	stepsLeft := false
	for _, s := range steps {
		if s.At.After(at) {
			s.At, s.Percent, stepsLeft = afterwards(t, at), 99, true
		}
		c.Rollout = append(c.Rollout, s)
	}
	if open {
		moment := afterwards(t, at)
		c.FinishedAt = &moment
	}
	if open || stepsLeft && c.FinishedAt == nil {
		c.Status = rapid.SampledFrom(correlate.ChangeStatuses()).Draw(t, "new status")
	}
	if later(c.ObservedAt, at) {
		moment := afterwards(t, at)
		c.ObservedAt = &moment
	}
	return c
}

func rewriteSeries(t *rapid.T, s correlate.Series, at time.Time) correlate.Series {
	var points []correlate.Point
	for _, p := range s.Points {
		if !p.At.After(at) {
			points = append(points, p)
		}
	}
	if rapid.Bool().Draw(t, "new sample") {
		points = append(points, correlate.Point{At: afterwards(t, at), Value: -1})
	}
	s.Points = points
	return s
}

// afterwards draws a moment after at.
func afterwards(t *rapid.T, at time.Time) time.Time {
	return at.Add(time.Duration(rapid.IntRange(1, 7200).Draw(t, "after judgement")) * time.Second)
}
