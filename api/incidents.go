package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Located is embedded in inputs whose answers link to themselves. Embedded
// inputs are exported because the framework reads no others.
type Located struct {
	here url.URL
}

// Resolve keeps the address for the handler.
func (l *Located) Resolve(ctx huma.Context) []error {
	l.here = ctx.URL()
	return nil
}

// PageInput is what all lists take.
type PageInput struct {
	Limit  int    `query:"limit" minimum:"1" maximum:"200" default:"50" doc:"Longest page."`
	Cursor string `query:"cursor" maxLength:"2000" doc:"next_cursor of the page before, with all other parameters unchanged."`
}

// RangeInput filters by start.
type RangeInput struct {
	From time.Time `query:"from" doc:"Earliest start, inclusive. RFC 3339 with zone." example:"2026-05-04T00:00:00Z"`
	To   time.Time `query:"to" doc:"Latest start, exclusive. RFC 3339 with zone." example:"2026-05-05T00:00:00Z"`
}

// check refuses an empty range, which is always a mistake.
func (r *RangeInput) check() error {
	if r.From.IsZero() || r.To.IsZero() || r.From.Before(r.To) {
		return nil
	}
	return invalidParameter.with("to: not after from", FieldProblem{
		Location: "query", Path: "to", Message: "not after from", Mend: "from is inclusive and to exclusive; give an interval that holds some time",
	})
}

// IncidentRecord is an incident with what people say about its cause, and who
// commands it.
type IncidentRecord struct {
	correlate.Incident
	Judgement correlate.Standing `json:"judgement"`
	// Commander is who commands it, empty for nobody.
	Commander string `json:"commander,omitempty"`
}

type incidentsInput struct {
	Conditional
	Located
	PageInput
	IncidentFilterInput
}

// IncidentInput names an incident.
type IncidentInput struct {
	Conditional
	ID string `path:"id" maxLength:"200" doc:"Id of the incident." example:"inc-7f3a"`
}

func (s *Server) routeIncidents() {
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents", id: "listIncidents", tag: tagIncidents, access: accessRead, cached: true,
		summary: "List incidents", about: "Newest first, a page at a time.",
		example:  Page[IncidentRecord]{Items: []IncidentRecord{exampleIncidentRecord()}, NextCursor: exampleCursor},
		problems: []problemType{invalidParameter},
	}, s.listIncidents)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}", id: "getIncident", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Get an incident", about: "An incident that was merged into another still answers, with `merged_into`.",
		example: exampleIncidentRecord(), problems: []problemType{invalidParameter, incidentNotFound},
	}, s.getIncident)
	register(s, route{
		method: http.MethodGet, path: "/v1/incidents/{id}/timeline", id: "getTimeline", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Get the timeline of an incident",
		about: "What happened around the affected services, in lanes that are always the same and in the same order: alerts, " +
			"changes before the incident, rollouts as intervals, changes that responders made after it began, and versions of the finding.",
		example: exampleTimeline(), problems: []problemType{invalidParameter, incidentNotFound},
	}, s.getTimeline)
}

func (s *Server) listIncidents(ctx context.Context, in *incidentsInput) (*pageReply[IncidentRecord], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	q := in.query()
	q.Limit, q.Cursor = in.Limit, in.Cursor
	page, err := s.deps.Store.Incidents(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("list incidents: %w", err)
	}
	records, err := s.incidentRecords(ctx, page.Items)
	if err != nil {
		return nil, err
	}
	return paged(&in.Conditional, &in.here, records, page.Next)
}

func (s *Server) getIncident(ctx context.Context, in *IncidentInput) (*reply[IncidentRecord], error) {
	incident, standing, said, err := s.incidentState(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	record := IncidentRecord{Incident: incident, Judgement: standing, Commander: query.CommanderOf(said)}
	return tagged(&in.Conditional, incidentTag(&incident, &standing, said), &record)
}

// incidentTag is the ETag of an incident.
func incidentTag(incident *correlate.Incident, standing *correlate.Standing, said []query.Command) string {
	return tag(incident.ID, incident.Revision, standingTag(standing), len(said))
}

// incidentRecords adds to incidents what people say about their causes.
func (s *Server) incidentRecords(ctx context.Context, incidents []correlate.Incident) ([]IncidentRecord, error) {
	ids := make([]string, len(incidents))
	for i := range incidents {
		ids[i] = incidents[i].ID
	}
	standings, err := s.standings(ctx, ids)
	if err != nil {
		return nil, err
	}
	commanders, err := s.commanders(ctx, ids)
	if err != nil {
		return nil, err
	}
	records := make([]IncidentRecord, len(incidents))
	for i := range incidents {
		wholeIncident(&incidents[i])
		records[i] = IncidentRecord{Incident: incidents[i], Judgement: standings[ids[i]], Commander: commanders[ids[i]]}
	}
	return records, nil
}

// incident reads one incident, or says that there is none.
func (s *Server) incident(ctx context.Context, id string) (correlate.Incident, error) {
	incident, err := s.deps.Store.Incident(ctx, id)
	if errors.Is(err, query.ErrNotFound) {
		return incident, incidentNotFound.with(fmt.Sprintf("no incident has the id %q", id))
	}
	if err != nil {
		return incident, fmt.Errorf("read incident %s: %w", id, err)
	}
	wholeIncident(&incident)
	return incident, nil
}

// wholeIncident turns missing lists into empty ones, as the schema says.
func wholeIncident(i *correlate.Incident) {
	i.Services = list(i.Services)
	i.Alerts = list(i.Alerts)
}

// list returns an empty list for a missing one, so that JSON has [] and never
// null.
func list[T any](items []T) []T {
	if items == nil {
		return []T{}
	}
	return items
}
