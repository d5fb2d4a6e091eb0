// Package event holds what arrives from outside: the contract's changes,
// alerts and topology snapshots with their raw bytes and origin, and the
// decoding of the contract's JSON with errors that name the field and the mend.
package event

import (
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
)

// Kind says which of the three inputs an event belongs to.
type Kind string

// The kinds of input, one Kafka topic and one HTTP route each.
const (
	KindChange   Kind = "change"
	KindAlert    Kind = "alert"
	KindTopology Kind = "topology"
)

// CodeEnvironment is the environment of changes to source code: pushes, merged
// pull requests, reviews. They tell what a later deployment carries, joined by
// commit. They change no production by themselves, and this environment keeps
// them from being suspected.
const CodeEnvironment = "repository"

// RepositoryLabel is the label with the full name of the repository that a
// change is of.
const RepositoryLabel = "repository"

// Origin is where a message stood in Kafka. HTTP input has an empty Topic.
type Origin struct {
	Topic     string
	Partition int
	Offset    int64
}

// Meta accompanies every event from its decoding to its row.
type Meta struct {
	Origin Origin
	// Format names the decoder, "faultline" for the contract's own JSON.
	Format string
	// ArrivedAt orders updates that carry no observed_at. From Kafka it is the
	// record's timestamp, so that a replay arrives at the same moment.
	ArrivedAt time.Time
	// UID identifies the event by its content: the same bytes delivered twice
	// have the same UID, an update of the same change has another.
	UID uint64
	// Raw is the event as it came. For an array or NDJSON it is the element.
	Raw []byte
}

// Change is a change event: one statement about a change, possibly an update.
type Change struct {
	correlate.Change
	Meta
	// Provenance is the class given at ingest; nil before labelling.
	Provenance *correlate.Provenance
}

// Alert is an alert event: firing or resolved.
type Alert struct {
	correlate.Alert
	Meta
}

// Topology is a topology snapshot event.
type Topology struct {
	correlate.Topology
	Meta
}

// Batch is what one message or request decodes to.
type Batch struct {
	Changes    []Change
	Alerts     []Alert
	Topologies []Topology
	// reader is what reads the events that are added.
	reader *reader
}

// Len is the number of events in the batch.
func (b *Batch) Len() int { return len(b.Changes) + len(b.Alerts) + len(b.Topologies) }

// DeadLetter is a message that could not be decoded, with its bytes untouched.
type DeadLetter struct {
	Origin  Origin
	Key     []byte
	Value   []byte
	Headers map[string]string
	Format  string
	Reason  string
	At      time.Time
}

// Receipt is the answer to an HTTP delivery: how many events are durable, how
// many were known before, and which were refused and why.
type Receipt struct {
	Accepted   int
	Duplicates int
	Rejected   []Rejection
}

// Rejection is one refused element of a request. Line is its 1-based line for
// NDJSON, its 1-based position in an array, 1 for a single object.
type Rejection struct {
	Line int
	Err  *FieldError
}

// FieldError says which field is wrong, what is wrong with it and how to mend
// it. Path is dotted with indexes, as in "commits[2].author.email"; it is
// empty when the document as a whole is at fault.
type FieldError struct {
	Path    string
	Problem string
	Mend    string
	// Large says that the fault is the size of the whole event.
	Large bool
}

// TooLarge is the error of an event, or of a vendor's payload, that is larger
// than what is taken, in bytes.
func TooLarge(size, limit int) *FieldError {
	return &FieldError{
		Problem: fmt.Sprintf("the event has %d bytes, more than the limit of %d", size, limit),
		Mend:    "send less at once", Large: true,
	}
}

// Error joins path, problem and mend in one line.
func (e *FieldError) Error() string {
	text := e.Problem
	if e.Path != "" {
		text = e.Path + ": " + text
	}
	if e.Mend != "" {
		text += "; " + e.Mend
	}
	return text
}
