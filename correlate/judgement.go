package correlate

import (
	"cmp"
	"slices"
	"time"
)

// Decision is what a person decided about a finding.
type Decision string

// The decisions of the contract. DecisionConfirm and DecisionReject are about
// one change, DecisionNoChange is about the incident as a whole.
const (
	DecisionConfirm  Decision = "confirm"
	DecisionReject   Decision = "reject"
	DecisionNoChange Decision = "no_change"
)

// Decisions lists every decision.
func Decisions() []Decision { return []Decision{DecisionConfirm, DecisionReject, DecisionNoChange} }

// Judgement is a person's word on a finding, as Verdict is the machine's. It
// names the version of the finding that the person saw and is never changed: a
// later one supersedes it.
type Judgement struct {
	ID             string   `json:"id"`
	Incident       string   `json:"incident"`
	FindingVersion int      `json:"finding_version"`
	Decision       Decision `json:"decision"`
	// Change is nil for DecisionNoChange and only for that.
	Change    *Key      `json:"change,omitempty"`
	Reason    string    `json:"reason,omitempty"`
	DecidedBy string    `json:"decided_by"`
	DecidedAt time.Time `json:"decided_at"`
}

// JudgementWord is how an incident stands with the people who judge it.
type JudgementWord string

// The standings. JudgedRejected means that suspects were rejected and nothing
// was put in their place.
const (
	JudgedNot       JudgementWord = "unjudged"
	JudgedConfirmed JudgementWord = "confirmed"
	JudgedNoChange  JudgementWord = "no_change"
	JudgedRejected  JudgementWord = "rejected"
)

// JudgementWords lists every standing.
func JudgementWords() []JudgementWord {
	return []JudgementWord{JudgedNot, JudgedConfirmed, JudgedNoChange, JudgedRejected}
}

// Standing is what the judgements of one incident come to.
type Standing struct {
	State JudgementWord `json:"state"`
	// Confirmed and Rejected are ordered by source and id. Several changes can
	// be guilty together.
	Confirmed []Key `json:"confirmed"`
	Rejected  []Key `json:"rejected"`
	// Judgements counts all that were ever given.
	Judgements int `json:"judgements"`
	// FindingVersion, DecidedBy and DecidedAt are those of the newest judgement
	// that counts; DecidedAt is nil while there is none.
	FindingVersion int        `json:"finding_version,omitempty"`
	DecidedBy      string     `json:"decided_by,omitempty"`
	DecidedAt      *time.Time `json:"decided_at,omitempty"`
}

// StandingOf sums up the judgements of one incident, in any order. The newest
// about a change counts. "No change" says that nothing recorded is to blame, so
// it undoes earlier confirmations, and a later confirmation undoes it.
// Judgements of one moment are ordered by their ids.
func StandingOf(history []Judgement) Standing {
	sorted := slices.Clone(history)
	SortJudgements(sorted)
	confirmed, rejected := map[Key]bool{}, map[Key]bool{}
	standing := Standing{State: JudgedNot, Judgements: len(sorted)}
	noChange := false
	for i := range sorted {
		j := &sorted[i]
		switch {
		case j.Decision == DecisionNoChange:
			noChange = true
			clear(confirmed)
		case j.Change == nil:
			continue
		case j.Decision == DecisionConfirm:
			noChange = false
			confirmed[*j.Change] = true
			delete(rejected, *j.Change)
		case j.Decision == DecisionReject:
			rejected[*j.Change] = true
			delete(confirmed, *j.Change)
		}
		at := j.DecidedAt
		standing.FindingVersion, standing.DecidedBy, standing.DecidedAt = j.FindingVersion, j.DecidedBy, &at
	}
	standing.Confirmed, standing.Rejected = changesOf(confirmed), changesOf(rejected)
	standing.State = standingWord(noChange, len(confirmed), len(rejected))
	return standing
}

func standingWord(noChange bool, confirmed, rejected int) JudgementWord {
	switch {
	case confirmed > 0:
		return JudgedConfirmed
	case noChange:
		return JudgedNoChange
	case rejected > 0:
		return JudgedRejected
	default:
		return JudgedNot
	}
}

// SortJudgements orders judgements by time, then by id.
func SortJudgements(all []Judgement) {
	slices.SortFunc(all, func(a, b Judgement) int {
		return cmp.Or(a.DecidedAt.Compare(b.DecidedAt), cmp.Compare(a.ID, b.ID))
	})
}

func changesOf(set map[Key]bool) []Key {
	keys := make([]Key, 0, len(set))
	for key := range set {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b Key) int { return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.ID, b.ID)) })
	return keys
}
