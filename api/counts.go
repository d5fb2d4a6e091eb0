package api

import (
	"context"
	"fmt"
	"net/http"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// IncidentTally is how many incidents a filter lets through, and how many each
// status and severity would.
type IncidentTally struct {
	Total int `json:"total"`
	// ByStatus counts beside the severities that are chosen, BySeverity beside the
	// statuses, so that each number is what choosing that value shows.
	ByStatus   []ValueCount `json:"by_status"`
	BySeverity []ValueCount `json:"by_severity"`
}

// ValueCount is how many there are of a value; an empty value is an unknown one.
type ValueCount struct {
	Value string `json:"value"`
	Count int    `json:"count"`
}

// IncidentFilterInput is what the list of incidents and their counts filter by.
type IncidentFilterInput struct {
	RangeInput
	Status   []correlate.IncidentStatus `query:"status" enum:"open,quiet,resolved,merged" doc:"Any of these, separated by commas." example:"open,quiet"`
	Severity []correlate.Severity       `query:"severity" enum:"critical,high,warning,info" doc:"Any of these, separated by commas." example:"critical"`
	Service  string                     `query:"service" maxLength:"300" doc:"Incidents that this service is part of." example:"checkout"`
	Text     string                     `query:"q" maxLength:"200" doc:"Text in the title."`
}

// query is the filter as the store takes it.
func (in *IncidentFilterInput) query() query.Incidents {
	return query.Incidents{From: in.From.UTC(), To: in.To.UTC(), Status: in.Status, Severity: in.Severity, Service: in.Service, Text: in.Text}
}

type countsInput struct {
	Conditional
	IncidentFilterInput
}

func (s *Server) routeCounts() {
	register(s, route{
		method: http.MethodGet, path: "/v1/incident-counts", id: "countIncidents", tag: tagIncidents, access: accessRead, cached: true,
		summary: "Count incidents",
		about:   "How many incidents a filter lets through, and how many each status and each severity would: the counts by status leave the filter by status out, those by severity that by severity.",
		example: exampleIncidentCounts(), problems: []problemType{invalidParameter},
	}, s.countIncidents)
}

func (s *Server) countIncidents(ctx context.Context, in *countsInput) (*reply[IncidentTally], error) {
	if err := in.check(); err != nil {
		return nil, err
	}
	q := in.query()
	totals, err := s.totals(ctx, q)
	if err != nil {
		return nil, err
	}
	counts := IncidentTally{Total: totals.Total, ByStatus: []ValueCount{}, BySeverity: []ValueCount{}}
	for _, status := range correlate.IncidentStatuses() {
		counts.ByStatus = append(counts.ByStatus, ValueCount{string(status), totals.ByStatus[status]})
	}
	known := 0
	for _, severity := range correlate.Severities() {
		counts.BySeverity = append(counts.BySeverity, ValueCount{string(severity), totals.BySeverity[severity]})
		known += totals.BySeverity[severity]
	}
	all := 0
	for _, n := range totals.BySeverity {
		all += n
	}
	if all > known {
		// Senders need not give a severity that is known.
		counts.BySeverity = append(counts.BySeverity, ValueCount{"", all - known})
	}
	return hashed(&in.Conditional, &counts)
}

// totals counts incidents under a filter.
func (s *Server) totals(ctx context.Context, q query.Incidents) (query.IncidentTotals, error) {
	counts, err := s.deps.Store.IncidentCounts(ctx, q)
	if err != nil {
		return query.IncidentTotals{}, fmt.Errorf("count incidents: %w", err)
	}
	return query.TotalsOf(counts, q.Status, q.Severity), nil
}

func exampleIncidentCounts() IncidentTally {
	return IncidentTally{
		Total: 1, ByStatus: []ValueCount{{"open", 1}, {"quiet", 0}, {"resolved", 0}, {"merged", 0}},
		BySeverity: []ValueCount{{"critical", 1}, {"high", 0}, {"warning", 0}, {"info", 0}},
	}
}

// countDocs holds the words of the OpenAPI document about counts.
func countDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"IncidentTally": {about: "How many incidents there are.", fields: map[string]string{
			"total": "What the whole filter lets through.", "by_status": "What each status would, beside the severities that are chosen.", "by_severity": "What each severity would, beside the statuses that are chosen.",
		}},
		"ValueCount": {about: "How many there are of a value.", fields: map[string]string{"value": "The value; empty for an unknown one.", "count": "How many."}},
	}
}
