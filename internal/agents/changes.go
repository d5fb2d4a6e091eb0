package agents

import (
	"context"
	"slices"
	"time"

	"github.com/faultline/faultline/api/client"
)

// ListChanges filters changes; what is left out does not filter.
type ListChanges struct {
	Services   []string `json:"services,omitempty" jsonschema:"changes of any of these services"`
	SinceHours float64  `json:"since_hours,omitempty" jsonschema:"how many hours back they may have started"`
	Limit      int64    `json:"limit,omitempty" jsonschema:"how many at most, 1 to 200; 20 unless given"`
}

// OneChange names a change.
type OneChange struct {
	Change string `json:"change" jsonschema:"id of the change"`
	Source string `json:"source,omitempty" jsonschema:"sending system, needed when several know the id"`
}

// OneService names a service.
type OneService struct {
	Service string `json:"service" jsonschema:"name of the service"`
}

// Change is a change in short. Title is its author's text.
type Change struct {
	ID         string     `json:"id"`
	Source     string     `json:"source"`
	Kind       string     `json:"kind"`
	Title      string     `json:"untrusted_title"`
	Services   []string   `json:"services"`
	Status     string     `json:"status,omitempty"`
	StartedAt  time.Time  `json:"started_at"`
	FinishedAt *time.Time `json:"finished_at,omitempty"`
	Version    string     `json:"version,omitempty"`
	RollbackOf string     `json:"rollback_of,omitempty"`
	// Provenance is the part that AI had in it, empty where it is not shown.
	Provenance string `json:"provenance,omitempty"`
}

// Changes is a page of changes; More says that others were left out.
type Changes struct {
	Changes []Change `json:"changes"`
	More    bool     `json:"more"`
}

// ChangeDetail is a change with its commits, approvals and links. Commits and
// Links are text of the change's authors.
type ChangeDetail struct {
	Change
	Approvals []Approval        `json:"approvals"`
	Commits   []Commit          `json:"commits"`
	Links     map[string]string `json:"untrusted_links"`
	MoreText  bool              `json:"more_text"`
}

// Approval is a person's consent to a change.
type Approval struct {
	By    string     `json:"by"`
	Level string     `json:"level,omitempty"`
	At    *time.Time `json:"at,omitempty"`
}

// Commit is one commit of a change.
type Commit struct {
	SHA     string   `json:"sha"`
	Message string   `json:"untrusted_message"`
	Files   []string `json:"untrusted_files"`
}

// Bounds of what one answer holds, so that it does not fill the assistant's
// context.
const (
	maxCommits     = 20
	maxFiles       = 50
	maxMessageText = 2000
)

func (t tools) listChanges(ctx context.Context, in ListChanges) (Changes, error) {
	params := &client.ListChangesParams{Limit: limit(in.Limit), From: since(in.SinceHours)}
	if len(in.Services) > 0 {
		params.Service = &in.Services
	}
	answer, err := t.faultline.ListChangesWithResponse(ctx, params)
	if err != nil {
		return Changes{}, err
	}
	page, err := read(answer.JSON200)
	if err != nil {
		return Changes{}, err
	}
	out := Changes{Changes: make([]Change, len(page.Items)), More: page.NextCursor != nil}
	for i := range page.Items {
		out.Changes[i] = recordOf(&page.Items[i])
	}
	return out, nil
}

func (t tools) getChange(ctx context.Context, in OneChange) (ChangeDetail, error) {
	answer, err := t.faultline.GetChangeWithResponse(ctx, in.Change, &client.GetChangeParams{Source: some(in.Source)})
	if err != nil {
		return ChangeDetail{}, err
	}
	c, err := read(answer.JSON200)
	if err != nil {
		return ChangeDetail{}, err
	}
	return detailOf(c), nil
}

// detailOf is a change with bounded texts; MoreText says when they were cut.
func detailOf(c *client.ChangeRecord) ChangeDetail {
	out := ChangeDetail{Change: recordOf(c), Approvals: []Approval{}, Commits: []Commit{}, Links: linksOf(c.Links)}
	for _, a := range of(c.Approvals) {
		out.Approvals = append(out.Approvals, Approval{By: a.By, Level: of(a.Level), At: a.At})
	}
	commits := of(c.Commits)
	out.MoreText = len(commits) > maxCommits
	for _, commit := range commits[:min(len(commits), maxCommits)] {
		message, files := of(commit.Message), of(commit.Files)
		out.MoreText = out.MoreText || len(message) > maxMessageText || len(files) > maxFiles
		out.Commits = append(out.Commits, Commit{SHA: commit.Sha, Message: cut(message, maxMessageText), Files: slices.Clip(append([]string{}, files[:min(len(files), maxFiles)]...))})
	}
	return out
}

// cut keeps the beginning of a text, at most so many runes.
func cut(text string, most int) string {
	runes := []rune(text)
	return string(runes[:min(len(runes), most)])
}

func linksOf(links *client.ChangeLinks) map[string]string {
	out := map[string]string{}
	if links == nil {
		return out
	}
	for name, at := range map[string]*string{"diff": links.Diff, "run": links.Run, "rollback": links.Rollback} {
		if at != nil {
			out[name] = *at
		}
	}
	return out
}

// recordOf is a change in short.
func recordOf(c *client.ChangeRecord) Change {
	out := Change{
		ID: c.Id, Source: c.Source, Kind: string(c.Kind), Title: of(c.Title), Services: append([]string{}, of(c.Services)...), Status: string(of(c.Status)),
		StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, Version: of(c.Version), RollbackOf: of(c.RollbackOf),
	}
	if c.Provenance != nil {
		out.Provenance = string(c.Provenance.Class)
	}
	return out
}

// changeOf is a suspect's change in short; its provenance is not asked about
// here, since it is hidden while people judge.
func changeOf(c *client.Change) Change {
	return Change{
		ID: c.Id, Source: c.Source, Kind: string(c.Kind), Title: of(c.Title), Services: append([]string{}, of(c.Services)...), Status: string(of(c.Status)),
		StartedAt: c.StartedAt, FinishedAt: c.FinishedAt, Version: of(c.Version), RollbackOf: of(c.RollbackOf),
	}
}

// ChangeEvent is one change on the timeline of an incident.
type ChangeEvent struct {
	At          time.Time  `json:"at"`
	Until       *time.Time `json:"until,omitempty"`
	Lane        string     `json:"lane"`
	Ref         string     `json:"ref"`
	Kind        string     `json:"kind,omitempty"`
	Title       string     `json:"untrusted_title"`
	Services    []string   `json:"services"`
	Status      string     `json:"status,omitempty"`
	Probability *float64   `json:"probability,omitempty"`
}

// ChangeEvents are the changes around an incident, oldest first.
type ChangeEvents struct {
	Events []ChangeEvent `json:"change_events"`
	More   bool          `json:"more"`
}

// incidentChanges leaves out the lanes of alerts and of the finding's versions.
func (t tools) incidentChanges(ctx context.Context, in OneIncident) (ChangeEvents, error) {
	answer, err := t.faultline.GetTimelineWithResponse(ctx, in.Incident, nil)
	if err != nil {
		return ChangeEvents{}, err
	}
	timeline, err := read(answer.JSON200)
	if err != nil {
		return ChangeEvents{}, err
	}
	out := ChangeEvents{Events: []ChangeEvent{}}
	for _, lane := range timeline.Lanes {
		if lane.Name == client.LaneNameAlerts || lane.Name == client.LaneNameFindings {
			continue
		}
		out.More = out.More || of(lane.Truncated)
		for _, m := range lane.Moments {
			out.Events = append(out.Events, ChangeEvent{
				At: m.At, Until: m.Until, Lane: string(lane.Name), Ref: m.Ref, Kind: of(m.Kind), Title: m.Title,
				Services: append([]string{}, of(m.Services)...), Status: of(m.Status), Probability: m.Probability,
			})
		}
	}
	slices.SortStableFunc(out.Events, func(a, b ChangeEvent) int { return a.At.Compare(b.At) })
	return out, nil
}

// Radius is a blast radius without its picture.
type Radius struct {
	Changed         []string         `json:"changed"`
	Alerting        []string         `json:"alerting"`
	Quiet           []string         `json:"quiet"`
	Potential       int64            `json:"potential"`
	PotentialByTier map[string]int64 `json:"potential_by_tier"`
	Teams           []string         `json:"teams"`
}

func (t tools) blastRadius(ctx context.Context, in OneChange) (Radius, error) {
	answer, err := t.faultline.GetChangeBlastRadiusWithResponse(ctx, in.Change, &client.GetChangeBlastRadiusParams{Source: some(in.Source)})
	if err != nil {
		return Radius{}, err
	}
	r, err := read(answer.JSON200)
	if err != nil {
		return Radius{}, err
	}
	return Radius{
		Changed: r.Changed, Alerting: r.Alerting, Quiet: r.Quiet, Potential: r.Potential,
		PotentialByTier: orEmpty(of(r.PotentialByTier)), Teams: append([]string{}, of(r.Teams)...),
	}, nil
}

func orEmpty(counts map[string]int64) map[string]int64 {
	if counts == nil {
		return map[string]int64{}
	}
	return counts
}

// ServiceDetail is a service with its neighbours.
type ServiceDetail struct {
	Name     string   `json:"name"`
	Tier     int64    `json:"tier,omitempty"`
	Team     string   `json:"team,omitempty"`
	Calls    []string `json:"calls"`
	CalledBy []string `json:"called_by"`
}

func (t tools) getService(ctx context.Context, in OneService) (ServiceDetail, error) {
	answer, err := t.faultline.GetServiceWithResponse(ctx, in.Service, nil)
	if err != nil {
		return ServiceDetail{}, err
	}
	s, err := read(answer.JSON200)
	if err != nil {
		return ServiceDetail{}, err
	}
	out := ServiceDetail{Name: s.Service.Name, Tier: of(s.Service.Tier), Team: of(s.Service.Team), Calls: []string{}, CalledBy: []string{}}
	for _, e := range s.Callees {
		out.Calls = append(out.Calls, e.Callee)
	}
	for _, e := range s.Callers {
		out.CalledBy = append(out.CalledBy, e.Caller)
	}
	return out, nil
}
