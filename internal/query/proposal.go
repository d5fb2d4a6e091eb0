package query

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// ProposalState is what became of a proposal.
type ProposalState string

// The states. An open proposal waits for a person; an accepted one led to a
// verdict of the person's own.
const (
	ProposalOpen      ProposalState = "open"
	ProposalAccepted  ProposalState = "accepted"
	ProposalDismissed ProposalState = "dismissed"
)

// ProposalStates lists every state.
func ProposalStates() []ProposalState {
	return []ProposalState{ProposalOpen, ProposalAccepted, ProposalDismissed}
}

// Proposal is a verdict that an agent proposes. It counts for nothing: no
// standing, figure, history or fit looks at it. A person accepts it, which gives
// a verdict of that person, or dismisses it.
type Proposal struct {
	ID       string `json:"id"`
	Incident string `json:"incident"`
	// FindingVersion is the version of the finding that the agent saw.
	FindingVersion int                `json:"finding_version"`
	Decision       correlate.Decision `json:"decision"`
	// Change is nil for DecisionNoChange and only for that.
	Change     *correlate.Key `json:"change,omitempty"`
	Reason     string         `json:"reason"`
	ProposedBy string         `json:"proposed_by"`
	ProposedAt time.Time      `json:"proposed_at"`
	State      ProposalState  `json:"state"`
	// SettledBy, SettledAt and SettledReason are those of whoever accepted or
	// dismissed it; Verdict is the id of the verdict that an acceptance gave.
	SettledBy     string     `json:"settled_by,omitempty"`
	SettledAt     *time.Time `json:"settled_at,omitempty"`
	SettledReason string     `json:"settled_reason,omitempty"`
	Verdict       string     `json:"verdict,omitempty"`
}

// Same tells whether two proposals ask for the same.
func (p *Proposal) Same(other *Proposal) bool {
	change := func(p *Proposal) correlate.Key {
		if p.Change == nil {
			return correlate.Key{}
		}
		return *p.Change
	}
	return p.Incident == other.Incident && p.FindingVersion == other.FindingVersion && p.Decision == other.Decision &&
		p.ProposedBy == other.ProposedBy && change(p) == change(other)
}

// Proposals filters what agents propose, newest first, over all incidents. Zero
// values do not filter.
type Proposals struct {
	State  []ProposalState
	Limit  int
	Cursor string
}
