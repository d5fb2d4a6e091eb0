package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// mergedSource is the source of a graph that several sources told.
const mergedSource = "merged"

// Topology answers the call graph as of a moment, merged over its sources:
// what a source has not shown for the edge life is no longer part of it. A
// graph of the past has the resolution of a day.
func (s *Store) Topology(ctx context.Context, asOf time.Time) (correlate.Topology, error) {
	graph := correlate.Topology{Source: mergedSource}
	window := []any{named("since", asOf.Add(-s.cfg.Retention.EdgeLife)), named("as_of", asOf)}
	err := s.query(ctx, "read the services", s.sql["topology_services"], window, func(rows driver.Rows) error {
		service, seen, err := scanService(rows)
		graph.Services = append(graph.Services, service)
		graph.ObservedAt = latest(graph.ObservedAt, seen)
		return err
	})
	if err != nil {
		return graph, err
	}
	err = s.query(ctx, "read the calls", s.sql["topology_edges"], window, func(rows driver.Rows) error {
		var e correlate.Edge
		var kind string
		var seen time.Time
		if err := rows.Scan(&e.Caller, &e.Callee, &kind, &e.CallsPerSecond, &seen); err != nil {
			return err
		}
		e.Kind = correlate.EdgeKind(kind)
		graph.Edges = append(graph.Edges, e)
		graph.ObservedAt = latest(graph.ObservedAt, seen)
		return nil
	})
	if graph.ObservedAt.IsZero() {
		graph.ObservedAt = asOf
	}
	return graph, err
}

// Service answers one service as last described, or query.ErrNotFound. A
// service that is only known as an end of a call has nothing but its name.
func (s *Store) Service(ctx context.Context, name string) (correlate.Service, error) {
	var service correlate.Service
	found := false
	err := s.query(ctx, "read a service", s.sql["topology_service"], []any{named("name", name)}, func(rows driver.Rows) error {
		var err error
		service, _, err = scanService(rows)
		found = true
		return err
	})
	if err == nil && !found {
		err = query.ErrNotFound
	}
	return service, err
}

// scanService reads the columns name, tier, team, environment, lifecycle, seen.
func scanService(rows driver.Rows) (service correlate.Service, seen time.Time, err error) {
	var tier uint8
	err = rows.Scan(&service.Name, &tier, &service.Team, &service.Environment, &service.Lifecycle, &seen)
	service.Tier = int(tier)
	return service, seen, err
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
