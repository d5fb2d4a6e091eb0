package agents

import (
	"context"
	"errors"
	"time"

	"github.com/faultline/faultline/api/client"
)

// tools are the tools with the client that they ask through.
type tools struct{ faultline *client.Faultline }

// ListIncidents filters incidents; what is left out does not filter.
type ListIncidents struct {
	Status     []string `json:"status,omitempty" jsonschema:"any of open, quiet, resolved, merged"`
	Service    string   `json:"service,omitempty" jsonschema:"incidents that this service is part of"`
	SinceHours float64  `json:"since_hours,omitempty" jsonschema:"how many hours back they may have begun"`
	Limit      int64    `json:"limit,omitempty" jsonschema:"how many at most, 1 to 200; 20 unless given"`
}

// Incident is an incident in short. Title is text of the alerts, Commander the
// name that a person wrote down; it is absent while nobody commands.
type Incident struct {
	ID        string     `json:"id"`
	Title     string     `json:"untrusted_title"`
	Status    string     `json:"status"`
	Severity  string     `json:"severity,omitempty"`
	StartedAt time.Time  `json:"started_at"`
	EndedAt   *time.Time `json:"resolved_at,omitempty"`
	Services  []string   `json:"services"`
	PeopleSay string     `json:"people_say"`
	Commander string     `json:"untrusted_commander,omitempty"`
}

// Incidents is a page of incidents; More says that others were left out.
type Incidents struct {
	Incidents []Incident `json:"incidents"`
	More      bool       `json:"more"`
}

// OneIncident names an incident.
type OneIncident struct {
	Incident string `json:"incident" jsonschema:"id of the incident"`
}

// Answer is an incident with its newest finding. Finding is absent while there
// is none. Proposals are what agents proposed, newest first, and what people did
// with it; none of them is a verdict.
type Answer struct {
	Incident  Incident   `json:"incident"`
	Finding   *Finding   `json:"finding,omitempty"`
	Proposals []Proposal `json:"proposals"`
}

// Finding is what the service thinks, as of a moment.
type Finding struct {
	Version             int64     `json:"version"`
	AsOf                time.Time `json:"as_of"`
	Verdict             string    `json:"verdict"`
	NoChangeProbability float64   `json:"no_change_probability"`
	Suspects            []Suspect `json:"suspects"`
	Missing             []string  `json:"missing"`
}

// Suspect is one suspected change. Evidence is in natural log odds; a negative
// number speaks against the suspect.
type Suspect struct {
	Rank        int64      `json:"rank"`
	Probability float64    `json:"probability"`
	Change      Change     `json:"change"`
	Evidence    []Evidence `json:"evidence"`
}

// Evidence is one reason. Its sentence may quote alerts and titles.
type Evidence struct {
	Kind    string  `json:"kind"`
	LogOdds float64 `json:"log_odds"`
	Text    string  `json:"untrusted_text"`
}

const defaultLimit = 20

func (t tools) listIncidents(ctx context.Context, in ListIncidents) (Incidents, error) {
	params := &client.ListIncidentsParams{Limit: limit(in.Limit), Service: some(in.Service), From: since(in.SinceHours)}
	if len(in.Status) > 0 {
		list := make([]client.ListIncidentsParamsStatus, len(in.Status))
		for i, s := range in.Status {
			list[i] = client.ListIncidentsParamsStatus(s)
		}
		params.Status = &list
	}
	answer, err := t.faultline.ListIncidentsWithResponse(ctx, params)
	if err != nil {
		return Incidents{}, err
	}
	page, err := read(answer.JSON200)
	if err != nil {
		return Incidents{}, err
	}
	out := Incidents{Incidents: make([]Incident, len(page.Items)), More: page.NextCursor != nil}
	for i := range page.Items {
		out.Incidents[i] = incidentOf(&page.Items[i])
	}
	return out, nil
}

func (t tools) getIncident(ctx context.Context, in OneIncident) (Answer, error) {
	answer, err := t.faultline.GetIncidentWithResponse(ctx, in.Incident, nil)
	if err != nil {
		return Answer{}, err
	}
	incident, err := read(answer.JSON200)
	if err != nil {
		return Answer{}, err
	}
	out := Answer{Incident: incidentOf(incident)}
	if out.Proposals, err = t.proposals(ctx, in.Incident); err != nil {
		return out, err
	}
	found, err := t.faultline.GetFindingWithResponse(ctx, in.Incident, nil)
	if client.NotFound(err) {
		return out, nil
	}
	if err != nil {
		return out, err
	}
	finding, err := read(found.JSON200)
	if err != nil {
		return out, err
	}
	out.Finding = findingOf(finding)
	return out, nil
}

func incidentOf(in *client.IncidentRecord) Incident {
	out := Incident{
		ID: in.Id, Title: in.Title, Status: string(in.Status), StartedAt: in.StartedAt, EndedAt: in.ResolvedAt,
		Services: in.Services, PeopleSay: string(in.Judgement.State), Commander: of(in.Commander),
	}
	if in.Severity != nil {
		out.Severity = string(*in.Severity)
	}
	return out
}

func findingOf(f *client.FindingRecord) *Finding {
	out := &Finding{
		Version: f.Version, AsOf: f.AsOf, Verdict: string(f.Verdict), NoChangeProbability: f.NoChangeProbability,
		Suspects: make([]Suspect, len(f.Suspects)), Missing: f.Missing,
	}
	for i := range f.Suspects {
		s := &f.Suspects[i]
		one := Suspect{Rank: s.Rank, Probability: s.Probability, Change: changeOf(&s.Change), Evidence: make([]Evidence, len(s.Evidence))}
		for j := range s.Evidence {
			e := &s.Evidence[j]
			one.Evidence[j] = Evidence{Kind: string(e.Kind), LogOdds: e.LogOdds, Text: e.Text}
		}
		out.Suspects[i] = one
	}
	return out
}

// read is the answer, or an error where the service answered with something
// that the client does not know.
func read[T any](answer *T) (*T, error) {
	if answer == nil {
		return nil, errors.New("the service's answer is not what its description says; is it another version?")
	}
	return answer, nil
}

// some is a value that filters, nil when it is empty.
func some(text string) *string {
	if text == "" {
		return nil
	}
	return &text
}

func limit(n int64) *int64 {
	if n == 0 {
		n = defaultLimit
	}
	return &n
}

// since is the moment so many hours ago, nil for no bound.
func since(hours float64) *time.Time {
	if hours <= 0 {
		return nil
	}
	at := time.Now().UTC().Add(-time.Duration(hours * float64(time.Hour))).Truncate(time.Second)
	return &at
}

// of reads a pointer, the zero value for nil.
func of[T any](value *T) T {
	if value == nil {
		var zero T
		return zero
	}
	return *value
}
