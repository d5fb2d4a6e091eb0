package query

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// Period is a stretch of time for figures; From is inclusive, To exclusive.
type Period struct {
	From, To time.Time
	// Mature is the moment after which a started change has not yet had its
	// time to fail.
	Mature time.Time
}

// Apart says why a change is not part of a comparison.
type Apart string

// The reasons. NotApart is the zero value: the change counts.
const (
	NotApart      Apart = ""
	ApartRollback Apart = "rollback"
	ApartDuring   Apart = "during_incident"
	ApartImmature Apart = "immature"
)

// Size is how large a change is by the lines of its commits.
type Size string

// The sizes: up to 50, 250 and 1,000 lines, and more.
const (
	SizeUnknown Size = "unknown"
	SizeSmall   Size = "small"
	SizeMedium  Size = "medium"
	SizeLarge   Size = "large"
	SizeHuge    Size = "huge"
)

// Sizes lists every size in its order.
func Sizes() []Size { return []Size{SizeUnknown, SizeSmall, SizeMedium, SizeLarge, SizeHuge} }

// Blame is which changes incidents have been laid on.
type Blame struct {
	// Confirmed by a person; Suspected by the engine, where no person judged.
	Confirmed, Suspected []correlate.Key
}

// ChangeCell counts the changes that are alike in everything that figures
// compare by. A weekly cell has a week and is whole in all else but its class.
type ChangeCell struct {
	Class correlate.ProvenanceClass
	Kind  correlate.ChangeKind
	Size  Size
	// Tier is 0 and Team empty when unknown.
	Tier  int
	Team  string
	Week  time.Time
	Apart Apart
	N     int
	// Confirmed and Suspected are those of the blamed changes that are here.
	Confirmed, Suspected []correlate.Key
}

// ApprovalCell counts the AI-assisted changes that are alike, with what they
// took, apart by whether somebody of a demanded level approved them in time.
type ApprovalCell struct {
	Kind correlate.ChangeKind
	Size Size
	Tier int
	// Approval is "senior", "other" or "none".
	Approval string
	N        int
	// Confirmed are those of the blamed changes that are here.
	Confirmed []correlate.Key
	// LeadSeconds are from first commit to start, Commits and Lines are sizes of
	// batches; each is a sample of at most some hundreds, unknown ones left out.
	LeadSeconds, Commits, Lines []uint32
}

// IncidentFact is what figures need of an incident.
type IncidentFact struct {
	ID         string
	Title      string
	Severity   correlate.Severity
	Status     correlate.IncidentStatus
	MergedInto string
	StartedAt  time.Time
	// ResolvedAt is nil while the incident goes on.
	ResolvedAt *time.Time
	Services   []string
	Alerts     int
	// Verdict and NoChangeProbability are those of the newest finding, the first
	// empty while there is none.
	Verdict             correlate.Verdict
	NoChangeProbability float64
	FindingVersion      int
}

// SuspectFact is one suspect of one version of a finding.
type SuspectFact struct {
	Incident    string
	Version     int
	Rank        int
	Change      correlate.Key
	Probability float64
}

// ServiceMoments are when the changes of a class to a service began.
type ServiceMoments struct {
	Service string
	Class   correlate.ProvenanceClass
	At      []time.Time
}

// GateCount is how often the policy gate gave an answer.
type GateCount struct {
	Answer string
	Count  int
}
