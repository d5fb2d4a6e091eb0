package eval

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// Parts is a set of kinds of evidence that are withheld from every ranker
// alike, to learn what each kind is worth.
type Parts struct {
	Time, Topology, Metrics, Text bool
}

// PartNames lists what ParseParts accepts.
func PartNames() []string { return []string{"time", "topology", "metrics", "text"} }

// ParseParts reads names of parts, as given to --without.
func ParseParts(names []string) (Parts, error) {
	var p Parts
	for _, name := range names {
		switch name {
		case "time":
			p.Time = true
		case "topology":
			p.Topology = true
		case "metrics":
			p.Metrics = true
		case "text":
			p.Text = true
		default:
			return Parts{}, fmt.Errorf("cannot withhold %q; choose from %s", name, strings.Join(PartNames(), ", "))
		}
	}
	return p, nil
}

// equalLead is how long before the onset every change is said to have started
// when time is withheld. Any constant says the same of all changes; one minute
// is where half of the published delays lie, so that a ranker which compares a
// delay with "no change did it" is not pushed to either side by absurd values.
const equalLead = time.Minute

func (p Parts) removeFrom(v *View) {
	if p.Time {
		withholdTime(v)
	}
	if p.Topology {
		v.Topology = correlate.Topology{ObservedAt: v.Topology.ObservedAt, Source: v.Topology.Source}
	}
	if p.Metrics {
		v.Metrics = nil
	}
	if p.Text {
		withholdText(v)
	}
}

// withholdTime makes all changes start at one moment and all alerts at
// another, and removes every other time. Causality has been kept before: what
// came after the moment of judgement is gone already. The changes' slice is
// the View's own; what hangs off it is copied before it is altered.
func withholdTime(v *View) {
	begin := onset(v.Alerts, v.At)
	for i := range v.Changes {
		c := &v.Changes[i]
		c.StartedAt, c.FinishedAt, c.ObservedAt = begin.Add(-equalLead), nil, nil
		c.Status, c.Rollout = "", untimedSteps(c)
		c.Commits = cleared(c.Commits, func(m *correlate.Commit) { m.AuthoredAt = nil })
		c.Approvals = cleared(c.Approvals, func(a *correlate.Approval) { a.At = nil })
		c.PullRequests = cleared(c.PullRequests, func(pr *correlate.PullRequest) {
			pr.Reviews = cleared(pr.Reviews, func(r *correlate.Review) { r.At = nil })
		})
	}
	for i := range v.Alerts {
		a := &v.Alerts[i]
		a.StartedAt, a.ResolvedAt, a.ObservedAt = begin, nil, nil
		a.Status = correlate.AlertFiring
	}
}

// untimedSteps keeps where a rollout had come, which is no evidence of time.
func untimedSteps(c *correlate.Change) []correlate.RolloutStep {
	return cleared(c.Rollout, func(s *correlate.RolloutStep) { s.At = c.StartedAt })
}

// cleared returns a copy of items after alter was applied to each.
func cleared[T any](items []T, alter func(*T)) []T {
	items = slices.Clone(items)
	for i := range items {
		alter(&items[i])
	}
	return items
}

// withholdText removes words and keeps identities: service, region, instance
// and version names tell where, and are not text.
func withholdText(v *View) {
	for i := range v.Changes {
		c := &v.Changes[i]
		c.Title, c.Labels, c.Links = "", nil, nil
		c.Commits = cleared(c.Commits, func(m *correlate.Commit) { m.Message, m.Files = "", nil })
		c.PullRequests = cleared(c.PullRequests, func(pr *correlate.PullRequest) {
			pr.Title, pr.Body, pr.HeadBranch, pr.Labels = "", "", "", nil
		})
	}
	for i := range v.Alerts {
		a := &v.Alerts[i]
		a.Name, a.Summary, a.Description, a.Labels, a.Links = "", "", "", nil, nil
	}
}
