// Package query holds what a reader may ask of the store: filters, keyset
// pages and the errors that every reader must tell apart. It is spoken by the
// store, which answers, and by the API and the reports, which ask.
package query

import (
	"errors"
	"time"

	"github.com/faultline/faultline/correlate"
)

// ErrNotFound is returned when the thing asked for by identity is not stored.
var ErrNotFound = errors.New("not found")

// ErrBadCursor is returned when a page cursor was not made by this store for
// the same filter.
var ErrBadCursor = errors.New("the cursor does not belong to this query; ask again without it")

// Page limits.
const (
	DefaultLimit = 50
	MaxLimit     = 200
)

// Page is one page of a keyset-paginated answer. Next is the cursor of the
// following page, empty on the last one.
type Page[T any] struct {
	Items []T
	Next  string
}

// Incidents filters incidents, newest first. Zero values do not filter; From is
// inclusive and To exclusive, both on the start of the incident.
type Incidents struct {
	From, To time.Time
	Status   []correlate.IncidentStatus
	Severity []correlate.Severity
	Service  string
	Text     string
	Limit    int
	Cursor   string
}

// Changes filters changes, newest first. Zero values do not filter; From is
// inclusive and To exclusive, both on the start of the change.
type Changes struct {
	From, To    time.Time
	Services    []string
	Kinds       []correlate.ChangeKind
	Status      []correlate.ChangeStatus
	Environment string
	Source      string
	Class       []correlate.ProvenanceClass
	Text        string
	Limit       int
	Cursor      string
}

// Alerts filters alert episodes, newest first. Zero values do not filter; From
// is inclusive and To exclusive, both on the start of the alert.
type Alerts struct {
	From, To time.Time
	Services []string
	Status   []correlate.AlertStatus
	Limit    int
	Cursor   string
}

// Update tells that an incident, its finding, its verdicts, the proposals on it or
// who commands it have a newer row.
type Update struct {
	Incident string
	Revision int64
	// FindingVersion is 0 while the incident has no finding.
	FindingVersion int
	// Judgements counts the verdicts that people gave on the incident.
	Judgements int
	// Proposals counts what was said about verdicts that agents propose.
	Proposals int
	// Commands counts what was said about who commands it.
	Commands int
	// At is when the row was stored.
	At time.Time
}

// StoredJudgement is a judgement with the moment when it was stored, by the
// store's clock.
type StoredJudgement struct {
	correlate.Judgement
	StoredAt time.Time
}

// AuditEntry tells who did what through the API. Actor is the name of the
// token, Action a word such as "verdict", Target what it was done to.
type AuditEntry struct {
	At                            time.Time
	ID                            string
	Actor, Action, Target, Detail string
}

// MaintenanceWindow is an announced time in which alerts of some services open no
// incident. It is changed only by ending it early; ChangedBy and ChangedAt tell
// who last had a hand in it. ID is a UUID.
type MaintenanceWindow struct {
	ID string
	correlate.Maintenance
	Reason               string
	CreatedBy, ChangedBy string
	CreatedAt, ChangedAt time.Time
}

// Label is the provenance that rules give to a change.
type Label struct {
	Change     correlate.Key
	Provenance correlate.Provenance
}

// GateDecision is one answer of the policy gate. Decision is allow, warn or
// deny; Rules are those that were not kept, Reasons why, in the same order; Body
// is the whole answer as JSON.
type GateDecision struct {
	At             time.Time
	Change         correlate.Key
	Decision       string
	Rules, Reasons []string
	AskedBy        string
	Body           string
}

// GateDecisions filters the answers of the policy gate, newest first. Zero values
// do not filter; From is inclusive and To exclusive.
type GateDecisions struct {
	From, To time.Time
	// Change filters by its source, its id, or both.
	Change   correlate.Key
	Decision []string
	Limit    int
	Cursor   string
}

// Freshness is how recent the events of one source are.
type Freshness struct {
	// Kind is "change", "alert" or "topology".
	Kind       string
	Source     string
	LastSeenAt time.Time
	Events     uint64
	// Lag is the time from an event's arrival, in the broker or at the door, to
	// where readers find it, that 95 % of the events kept.
	Lag time.Duration
}

// Headline is the newest finding of an incident in a few words. Change, Kind,
// Title and Probability are those of the first suspect, zero without one.
type Headline struct {
	Incident            string
	Version             int
	Verdict             correlate.Verdict
	NoChangeProbability float64
	Change              correlate.Key
	Kind                correlate.ChangeKind
	Title               string
	Probability         float64
}

// Suspicion is the place of a change in the newest finding of an incident.
type Suspicion struct {
	Incident    string
	Version     int
	Rank        int
	Probability float64
}

// Told is what a target of notifications has been told of an incident, and
// where: the part of the news whose change is worth another message.
type Told struct {
	Incident string
	// Target names the room or address that was told.
	Target string
	At     time.Time
	// Thread is where the target keeps the incident's message.
	Thread   string
	Status   correlate.IncidentStatus
	Severity correlate.Severity
	Verdict  correlate.Verdict
	// Suspect is the first suspect, "source/id", empty for none.
	Suspect string
	// State is what people had come to say.
	State string
	// Commander is who commanded, empty for nobody.
	Commander string
}

// LetterPlace names a dead letter: where its message stood in Kafka, with an
// empty topic for one that came by HTTP, and the digest of its bytes.
type LetterPlace struct {
	Topic     string
	Partition int
	Offset    int64
	Digest    uint64
}

// DeadLetter is a message that could not be used.
type DeadLetter struct {
	LetterPlace
	At             time.Time
	Format, Reason string
	// Value is the message, of which a list holds the beginning; Bytes is how long
	// it is. Headers are those that came with it.
	Value   string
	Bytes   int
	Headers map[string]string
}
