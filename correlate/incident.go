package correlate

import "time"

// IncidentStatus is the life of an incident.
type IncidentStatus string

// The states of an incident. A quiet incident has no firing alert but may
// still reopen; a merged one lives on under MergedInto.
const (
	IncidentOpen     IncidentStatus = "open"
	IncidentQuiet    IncidentStatus = "quiet"
	IncidentResolved IncidentStatus = "resolved"
	IncidentMerged   IncidentStatus = "merged"
)

// IncidentStatuses lists every valid status.
func IncidentStatuses() []IncidentStatus {
	return []IncidentStatus{IncidentOpen, IncidentQuiet, IncidentResolved, IncidentMerged}
}

// Incident is a group of alerts that belong together by time and by nearness
// in the topology. ID is a function of the alerts alone, so that two
// correlators that saw the same events write the same rows. Revision grows
// with each change of the incident and serves as ETag and row version.
type Incident struct {
	ID          string         `json:"id"`
	Revision    int64          `json:"revision"`
	Title       string         `json:"title"`
	Status      IncidentStatus `json:"status"`
	Severity    Severity       `json:"severity,omitempty"`
	Environment string         `json:"environment,omitempty"`
	// StartedAt is the start of the first alert. ResolvedAt is the end of the
	// last one that carries the incident, nil while one of them fires: critical,
	// high and declared alerts do, or warnings when there are none of those.
	StartedAt  time.Time  `json:"started_at"`
	ResolvedAt *time.Time `json:"resolved_at,omitempty"`
	UpdatedAt  time.Time  `json:"updated_at"`
	Services   []string   `json:"services"`
	Regions    []string   `json:"regions,omitempty"`
	Signals    []Signal   `json:"signals,omitempty"`
	// Alerts are the episodes of this incident, ordered by start.
	Alerts     []AlertKey `json:"alerts"`
	MergedInto string     `json:"merged_into,omitempty"`
	// Declared are ids that incident tools gave the same incident.
	Declared []string `json:"declared,omitempty"`
}
