package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// snapshotRow is one row of topologies, nodeRow one of topology_services and
// edgeRow one of topology_edges.
type (
	snapshotRow struct {
		*event.Topology
		text string
	}
	nodeRow struct {
		*correlate.Service
		snapshot *event.Topology
	}
	edgeRow struct {
		*correlate.Edge
		snapshot *event.Topology
	}
)

// The columns of the three tables.
var (
	snapshotFields = []field[snapshotRow]{
		wordField("uid", func(r *snapshotRow) uint64 { return r.UID }),
		textField("source", func(r *snapshotRow) string { return r.Source }),
		timeField("observed_at", func(r *snapshotRow) time.Time { return r.ObservedAt }),
		countField("services", func(r *snapshotRow) uint32 { return uint32(len(r.Services)) }),
		countField("edges", func(r *snapshotRow) uint32 { return uint32(len(r.Edges)) }),
		textField("format", func(r *snapshotRow) string { return r.Format }),
		textField("topic", func(r *snapshotRow) string { return r.Origin.Topic }),
		smallField("partition", func(r *snapshotRow) int32 { return int32(r.Origin.Partition) }),
		numberField("offset", func(r *snapshotRow) int64 { return r.Origin.Offset }),
		timeField("arrived_at", func(r *snapshotRow) time.Time { return r.ArrivedAt }),
		textField("raw", func(r *snapshotRow) string { return r.text }),
	}
	nodeFields = []field[nodeRow]{
		textField("name", func(r *nodeRow) string { return r.Name }),
		textField("source", func(r *nodeRow) string { return r.snapshot.Source }),
		dayField("day", func(r *nodeRow) time.Time { return r.snapshot.ObservedAt }),
		timeField("observed_at", func(r *nodeRow) time.Time { return r.snapshot.ObservedAt }),
		tinyField("tier", func(r *nodeRow) uint8 { return uint8(r.Tier) }),
		textField("team", func(r *nodeRow) string { return r.Team }),
		textField("environment", func(r *nodeRow) string { return r.Environment }),
		textField("lifecycle", func(r *nodeRow) string { return r.Lifecycle }),
	}
	edgeFields = []field[edgeRow]{
		textField("caller", func(r *edgeRow) string { return r.Caller }),
		textField("callee", func(r *edgeRow) string { return r.Callee }),
		textField("kind", func(r *edgeRow) string { return string(r.Kind) }),
		textField("source", func(r *edgeRow) string { return r.snapshot.Source }),
		dayField("day", func(r *edgeRow) time.Time { return r.snapshot.ObservedAt }),
		timeField("observed_at", func(r *edgeRow) time.Time { return r.snapshot.ObservedAt }),
		realField("calls_per_second", func(r *edgeRow) float64 { return r.CallsPerSecond }),
	}
)

// InsertTopology stores snapshots, on the terms of InsertChanges. Each snapshot
// is kept as it came, and taken apart for the merged graph.
func (s *Store) InsertTopology(ctx context.Context, token string, rows []event.Topology) error {
	for i := range rows {
		if err := s.insertSnapshot(ctx, tokenOf(token, rows[i:i+1], func(e *event.Topology) uint64 { return e.UID }), &rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// insertSnapshot writes the snapshot last: whoever sees it finds its parts.
func (s *Store) insertSnapshot(ctx context.Context, token string, e *event.Topology) error {
	text, err := canonical(&e.Meta, &e.Topology)
	if err != nil {
		return s.refuse("insert topology", fmt.Errorf("snapshot of %s: %w", e.Source, err))
	}
	if text == "" {
		text = textOf(e.Raw)
	}
	nodes, edges := make([]nodeRow, len(e.Services)), make([]edgeRow, len(e.Edges))
	for i := range e.Services {
		nodes[i] = nodeRow{Service: &e.Services[i], snapshot: e}
	}
	for i := range e.Edges {
		edges[i] = edgeRow{Edge: &e.Edges[i], snapshot: e}
	}
	if err := insertRows(ctx, s, "topology_services", token, nodeFields, nodes); err != nil {
		return err
	}
	if err := insertRows(ctx, s, "topology_edges", token, edgeFields, edges); err != nil {
		return err
	}
	return insertRows(ctx, s, "topologies", token, snapshotFields, []snapshotRow{{Topology: e, text: text}})
}
