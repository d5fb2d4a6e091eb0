package correlate

import (
	"encoding/json"
	"time"
)

// EdgeKind says how a caller depends on a callee.
type EdgeKind string

// The kinds of edge.
const (
	EdgeSync        EdgeKind = "sync"
	EdgeAsync       EdgeKind = "async"
	EdgeData        EdgeKind = "data"
	EdgeSharedInfra EdgeKind = "shared_infra"
)

// EdgeKinds lists every valid edge kind.
func EdgeKinds() []EdgeKind { return []EdgeKind{EdgeSync, EdgeAsync, EdgeData, EdgeSharedInfra} }

// Topology is a snapshot of services and of who calls whom, as one source saw
// it at ObservedAt. Snapshots of several sources merge in the store.
type Topology struct {
	ObservedAt time.Time                  `json:"observed_at"`
	Source     string                     `json:"source"`
	Services   []Service                  `json:"services"`
	Edges      []Edge                     `json:"edges"`
	Extra      map[string]json.RawMessage `json:"extra,omitempty"`
}

// Service is one node of the topology. Tier 1 is the most critical; 0 means
// unknown.
type Service struct {
	Name        string `json:"name"`
	Tier        int    `json:"tier,omitempty"`
	Team        string `json:"team,omitempty"`
	Environment string `json:"environment,omitempty"`
	Lifecycle   string `json:"lifecycle,omitempty"`
}

// Edge says that Caller depends on Callee. CallsPerSecond is 0 when unknown.
type Edge struct {
	Caller         string   `json:"caller"`
	Callee         string   `json:"callee"`
	Kind           EdgeKind `json:"kind,omitempty"`
	CallsPerSecond float64  `json:"calls_per_second,omitempty"`
}
