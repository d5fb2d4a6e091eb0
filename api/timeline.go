package api

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Bounds of a timeline. Lanes that were cut say so.
const (
	maxTimelineChanges  = 1000
	maxTimelineAlerts   = 1000
	maxTimelineServices = 200
	maxTimelineFindings = 200
)

// Timeline is what happened around an incident.
type Timeline struct {
	Incident string    `json:"incident"`
	From     time.Time `json:"from"`
	// To is absent while the incident goes on.
	To *time.Time `json:"to,omitempty"`
	// Services are those whose changes were looked for.
	Services []string `json:"services"`
	Lanes    []Lane   `json:"lanes"`
}

// Lane is one row of a timeline.
type Lane struct {
	Name      string   `json:"name"`
	Moments   []Moment `json:"moments"`
	Truncated bool     `json:"truncated,omitempty"`
}

// The lanes in their order.
const (
	laneAlerts     = "alerts"
	laneChanges    = "changes"
	laneRollouts   = "rollouts"
	laneResponders = "responders"
	laneFindings   = "findings"
)

// Moment is one thing that happened, or an interval when Until is set.
type Moment struct {
	At    time.Time  `json:"at"`
	Until *time.Time `json:"until,omitempty"`
	// Kind is the kind of change, the severity of an alert, the verdict of a
	// finding, or "commander" for who took command.
	Kind     string   `json:"kind,omitempty"`
	Title    string   `json:"title"`
	Services []string `json:"services,omitempty"`
	Status   string   `json:"status,omitempty"`
	// Ref names the thing: alert:<fingerprint>, change:<source>/<id>,
	// command:<incident>/<id> or finding:<incident>/<version>.
	Ref   string                  `json:"ref"`
	Steps []correlate.RolloutStep `json:"steps,omitempty"`
	// Probability is that of a finding's first suspect.
	Probability *float64 `json:"probability,omitempty"`
}

type timelineInput struct {
	IncidentInput
	From time.Time `query:"from" doc:"Where to begin. A day before the incident unless given. RFC 3339 with zone." example:"2026-05-04T09:00:00Z"`
}

func (s *Server) getTimeline(ctx context.Context, in *timelineInput) (*reply[Timeline], error) {
	t, err := s.timeline(ctx, in.ID, in.From)
	if err != nil {
		return nil, err
	}
	return hashed(&in.Conditional, t)
}

// timeline assembles what happened around an incident since a moment, a day
// before it unless given.
func (s *Server) timeline(ctx context.Context, id string, from time.Time) (*Timeline, error) {
	incident, err := s.incident(ctx, id)
	if err != nil {
		return nil, err
	}
	if from.IsZero() {
		from = incident.StartedAt.Add(-s.cfg.TimelineBefore)
	}
	from = from.UTC()
	if !from.Before(incident.StartedAt) {
		return nil, invalidParameter.with("from: not before the incident", FieldProblem{
			Location: "query", Path: "from", Message: "not before the start of the incident", Mend: "give a time before " + incident.StartedAt.Format(time.RFC3339),
		})
	}
	findings, err := s.findings(ctx, id, maxTimelineFindings)
	if err != nil {
		return nil, err
	}
	alerts, err := s.deps.Store.IncidentAlerts(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("list alerts of %s: %w", id, err)
	}
	services, err := s.nearServices(ctx, &incident, findings)
	if err != nil {
		return nil, err
	}
	changes, cut, err := s.nearChanges(ctx, &incident, from, services, findings)
	if err != nil {
		return nil, err
	}
	said, err := s.commands(ctx, id)
	if err != nil {
		return nil, err
	}
	t := Timeline{Incident: incident.ID, From: from, To: incident.ResolvedAt, Services: services}
	t.Lanes = append([]Lane{alertLane(alerts)}, changeLanes(incident.StartedAt, changes, commandMoments(said), cut)...)
	t.Lanes = append(t.Lanes, findingLane(findings))
	return &t, nil
}

// nearServices are the services whose changes belong on the timeline: the
// alerting ones, the suspects', and those one call away. The neighbours are
// those of the finding, which saw the graph of that time, or today's when there
// is no finding yet.
func (s *Server) nearServices(ctx context.Context, incident *correlate.Incident, findings []correlate.Finding) ([]string, error) {
	near := slices.Clone(incident.Services)
	if len(findings) > 0 {
		for i := range findings[0].Suspects {
			near = append(near, findings[0].Suspects[i].Change.Services...)
		}
		if radius := findings[0].BlastRadius; radius != nil {
			for _, node := range radius.Nodes {
				if node.Distance <= 1 {
					near = append(near, node.Service)
				}
			}
		}
	} else {
		g, err := s.graphs.get(ctx)
		if err != nil {
			return nil, err
		}
		for _, name := range incident.Services {
			callers, callees := g.neighbours(name)
			for i := range callers {
				near = append(near, callers[i].Caller)
			}
			for i := range callees {
				near = append(near, callees[i].Callee)
			}
		}
	}
	return firstOf(near, maxTimelineServices), nil
}

// firstOf returns the first n different values in their order.
func firstOf(values []string, n int) []string {
	seen := make(map[string]bool, len(values))
	first := make([]string, 0, min(n, len(values)))
	for _, v := range values {
		if !seen[v] && len(first) < n {
			seen[v] = true
			first = append(first, v)
		}
	}
	return first
}

// nearChanges reads the changes of these services and adds the suspects, which
// may be older than the window. Cut tells that there were more.
func (s *Server) nearChanges(ctx context.Context, incident *correlate.Incident, from time.Time, services []string, findings []correlate.Finding) (changes []correlate.Change, cut bool, err error) {
	q := query.Changes{From: from, Services: services, Environment: incident.Environment, Limit: query.MaxLimit}
	if incident.ResolvedAt != nil {
		q.To = incident.ResolvedAt.Add(time.Millisecond)
	}
	found := map[correlate.Key]correlate.Change{}
	for {
		page, err := s.deps.Store.Changes(ctx, q)
		if err != nil {
			return nil, false, fmt.Errorf("list changes near %s: %w", incident.ID, err)
		}
		for i := range page.Items {
			found[page.Items[i].Key()] = page.Items[i]
		}
		q.Cursor = page.Next
		cut = page.Next != "" && len(found) >= maxTimelineChanges
		if page.Next == "" || cut {
			break
		}
	}
	if len(findings) > 0 {
		for i := range findings[0].Suspects {
			suspect := findings[0].Suspects[i].Change
			if _, known := found[suspect.Key()]; !known {
				found[suspect.Key()] = suspect
			}
		}
	}
	changes = slices.SortedFunc(maps.Values(found), func(a, b correlate.Change) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID))
	})
	return changes, cut, nil
}

// changeLanes sorts changes into those before the incident, those that took
// time, and those made while it went on, among which is who took command.
func changeLanes(began time.Time, changes []correlate.Change, commands []Moment, cut bool) []Lane {
	before := Lane{Name: laneChanges, Moments: []Moment{}, Truncated: cut}
	rollouts := Lane{Name: laneRollouts, Moments: []Moment{}, Truncated: cut}
	responders := Lane{Name: laneResponders, Moments: []Moment{}, Truncated: cut}
	for i := range changes {
		c := &changes[i]
		lane := &before
		if c.StartedAt.After(began) {
			lane = &responders
		}
		lane.Moments = append(lane.Moments, changeMoment(c))
		if interval, ok := rolloutMoment(c); ok {
			rollouts.Moments = append(rollouts.Moments, interval)
		}
	}
	responders.Moments = append(responders.Moments, commands...)
	slices.SortStableFunc(responders.Moments, func(a, b Moment) int { return a.At.Compare(b.At) })
	return []Lane{before, rollouts, responders}
}

func changeMoment(c *correlate.Change) Moment {
	return Moment{
		At: c.StartedAt, Kind: string(c.Kind), Title: changeTitle(c), Services: c.Services, Status: string(c.Status),
		Ref: "change:" + c.Source + "/" + c.ID,
	}
}

// changeTitle is the sender's title, or the plainest words that name the change.
func changeTitle(c *correlate.Change) string {
	if c.Title != "" {
		return c.Title
	}
	return strings.TrimSpace(string(c.Kind) + " " + strings.Join(c.Services, ", ") + " " + c.Version)
}

// rolloutMoment is the interval in which a change took effect, if it took any
// time. Until is absent while it is under way.
func rolloutMoment(c *correlate.Change) (Moment, bool) {
	end := c.End()
	running := c.FinishedAt == nil && c.Status == correlate.StatusInProgress
	if !running && !end.After(c.StartedAt) {
		return Moment{}, false
	}
	m := changeMoment(c)
	m.Steps = c.Rollout
	if !running {
		m.Until = &end
	}
	return m, true
}

func alertLane(alerts []correlate.Alert) Lane {
	lane := Lane{Name: laneAlerts, Moments: make([]Moment, 0, len(alerts)), Truncated: len(alerts) > maxTimelineAlerts}
	alerts = slices.SortedFunc(slices.Values(alerts), func(a, b correlate.Alert) int {
		return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Fingerprint, b.Fingerprint))
	})
	for i := range alerts[:min(len(alerts), maxTimelineAlerts)] {
		a := &alerts[i]
		lane.Moments = append(lane.Moments, Moment{
			At: a.StartedAt, Until: a.ResolvedAt, Kind: string(a.Severity), Title: cmp.Or(a.Summary, a.Name),
			Services: []string{a.Service}, Status: string(a.Status), Ref: "alert:" + a.Fingerprint,
		})
	}
	return lane
}

// findingLane shows the versions oldest first, like all lanes.
func findingLane(findings []correlate.Finding) Lane {
	lane := Lane{Name: laneFindings, Moments: make([]Moment, 0, len(findings)), Truncated: len(findings) == maxTimelineFindings}
	for _, f := range slices.Backward(findings) {
		m := Moment{
			At: f.AsOf, Kind: string(f.Verdict), Title: "No recorded change is the likely cause",
			Ref: fmt.Sprintf("finding:%s/%d", f.Incident, f.Version),
		}
		if f.Verdict != correlate.VerdictNoChange && len(f.Suspects) > 0 {
			first := &f.Suspects[0]
			m.Title, m.Services, m.Probability = changeTitle(&first.Change), first.Change.Services, &first.Probability
		}
		lane.Moments = append(lane.Moments, m)
	}
	return lane
}
