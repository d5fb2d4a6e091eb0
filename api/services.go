package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// How much a service answer lists.
const (
	serviceChanges   = 20
	serviceIncidents = 20
)

// recentGraph is how old a moment may be for the present call graph to stand
// for it.
const recentGraph = time.Minute

// ServiceRecord is a service with its neighbours and what goes on around it.
type ServiceRecord struct {
	Service correlate.Service `json:"service"`
	// Callers depend on the service, which in turn depends on its callees.
	Callers       []correlate.Edge     `json:"callers"`
	Callees       []correlate.Edge     `json:"callees"`
	RecentChanges []ChangeRecord       `json:"recent_changes"`
	OpenIncidents []correlate.Incident `json:"open_incidents"`
}

type serviceInput struct {
	Conditional
	Name string `path:"name" maxLength:"300" doc:"Name of the service. A slash in it is sent as %2F." example:"checkout"`
}

type topologyInput struct {
	Conditional
	AsOf time.Time `query:"as_of" doc:"The call graph of this moment; now unless given. RFC 3339 with zone." example:"2026-05-04T10:00:00Z"`
}

func (s *Server) routeServices() {
	register(s, route{
		method: http.MethodGet, path: "/v1/services/{name}", id: "getService", tag: tagServices, access: accessRead, cached: true,
		summary: "Get a service", about: "With its callers and callees, its last changes and the incidents that it is part of now.",
		example: exampleServiceRecord(), problems: []problemType{invalidParameter, serviceNotFound},
	}, s.getService)
	register(s, route{
		method: http.MethodGet, path: "/v1/topology", id: "getTopology", tag: tagServices, access: accessRead, cached: true,
		summary: "Get the call graph", about: "Merged over all sources; an edge that its source has not shown for the retention time is left out.",
		example: exampleTopology(), problems: []problemType{invalidParameter},
	}, s.getTopology)
}

func (s *Server) getService(ctx context.Context, in *serviceInput) (*reply[ServiceRecord], error) {
	record, err := s.serviceRecord(ctx, in.Name)
	if err != nil {
		return nil, err
	}
	return hashed(&in.Conditional, record)
}

// serviceRecord reads a service with its neighbours and what goes on around it.
func (s *Server) serviceRecord(ctx context.Context, name string) (*ServiceRecord, error) {
	service, err := s.deps.Store.Service(ctx, name)
	if errors.Is(err, query.ErrNotFound) {
		return nil, serviceNotFound.with(fmt.Sprintf("no topology names a service %q", name))
	}
	if err != nil {
		return nil, fmt.Errorf("read service %s: %w", name, err)
	}
	g, err := s.graphs.get(ctx)
	if err != nil {
		return nil, err
	}
	record := ServiceRecord{Service: service}
	record.Callers, record.Callees = g.neighbours(name)
	if record.RecentChanges, err = s.lastChanges(ctx, name); err != nil {
		return nil, err
	}
	if record.OpenIncidents, err = s.openIncidents(ctx, name); err != nil {
		return nil, err
	}
	return &record, nil
}

func (s *Server) lastChanges(ctx context.Context, service string) ([]ChangeRecord, error) {
	page, err := s.deps.Store.Changes(ctx, query.Changes{Services: []string{service}, Limit: serviceChanges})
	if err != nil {
		return nil, fmt.Errorf("list changes of %s: %w", service, err)
	}
	return s.records(ctx, page.Items)
}

// openIncidents are those that may still change: quiet ones may reopen.
func (s *Server) openIncidents(ctx context.Context, service string) ([]correlate.Incident, error) {
	page, err := s.deps.Store.Incidents(ctx, query.Incidents{
		Service: service, Status: []correlate.IncidentStatus{correlate.IncidentOpen, correlate.IncidentQuiet}, Limit: serviceIncidents,
	})
	if err != nil {
		return nil, fmt.Errorf("list incidents of %s: %w", service, err)
	}
	for i := range page.Items {
		wholeIncident(&page.Items[i])
	}
	return list(page.Items), nil
}

func (s *Server) getTopology(ctx context.Context, in *topologyInput) (*reply[correlate.Topology], error) {
	at := in.AsOf
	if at.IsZero() {
		at = s.deps.Now()
	}
	g, err := s.graphAt(ctx, at)
	if err != nil {
		return nil, err
	}
	body, etag, err := g.encoded()
	if err != nil {
		return nil, err
	}
	return encodedReply[correlate.Topology](&in.Conditional, etag, body), nil
}

// graphAt returns the call graph of a moment. Recent moments share one graph;
// older ones are read.
func (s *Server) graphAt(ctx context.Context, at time.Time) (*callGraph, error) {
	if s.deps.Now().Sub(at) < recentGraph {
		return s.graphs.get(ctx)
	}
	// A past graph is read for one answer and may be large: few at a time.
	if err := s.pastGraphs.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer s.pastGraphs.Release(1)
	topology, err := s.deps.Store.Topology(ctx, at.UTC())
	if err != nil {
		return nil, fmt.Errorf("read the topology of %s: %w", at.UTC().Format(time.RFC3339), err)
	}
	return newCallGraph(topology), nil
}
