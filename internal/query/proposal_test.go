package query

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

func proposal() Proposal {
	return Proposal{
		ID: "p-1", Incident: "inc-1", FindingVersion: 3, Decision: correlate.DecisionConfirm, Change: &correlate.Key{Source: "ci", ID: "d-1"},
		Reason: "it began before", ProposedBy: "assistant", ProposedAt: time.Date(2026, 11, 20, 11, 0, 0, 0, time.UTC), State: ProposalOpen,
	}
}

// TestASecondProposalIsTheSameByWhatItAsksFor: an agent in a loop words its
// reason anew each time, which must not bury an incident.
func TestASecondProposalIsTheSameByWhatItAsksFor(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Proposal)
		same   bool
	}{
		"said again":         {func(*Proposal) {}, true},
		"in other words":     {func(p *Proposal) { p.Reason = "both callers alert" }, true},
		"later, with an id":  {func(p *Proposal) { p.ID, p.ProposedAt = "p-2", p.ProposedAt.Add(time.Hour) }, true},
		"an equal key":       {func(p *Proposal) { p.Change = &correlate.Key{Source: "ci", ID: "d-1"} }, true},
		"another incident":   {func(p *Proposal) { p.Incident = "inc-2" }, false},
		"a newer finding":    {func(p *Proposal) { p.FindingVersion = 4 }, false},
		"the opposite":       {func(p *Proposal) { p.Decision = correlate.DecisionReject }, false},
		"another change":     {func(p *Proposal) { p.Change = &correlate.Key{Source: "ci", ID: "d-2"} }, false},
		"another source":     {func(p *Proposal) { p.Change = &correlate.Key{Source: "cd", ID: "d-1"} }, false},
		"by another agent":   {func(p *Proposal) { p.ProposedBy = "other" }, false},
		"no change to blame": {func(p *Proposal) { p.Change = nil }, false},
	} {
		a, b := proposal(), proposal()
		tc.change(&b)
		if a.Same(&b) != tc.same || b.Same(&a) != tc.same {
			t.Errorf("%s: same %t and %t, want %t", name, a.Same(&b), b.Same(&a), tc.same)
		}
	}
	none, again := proposal(), proposal()
	none.Change, again.Change = nil, nil
	if !none.Same(&again) {
		t.Error("two proposals that blame nothing differ")
	}
}

// TestAnOpenProposalSaysNothingOfSettling: absent is not empty to those who read
// the API.
func TestAnOpenProposalSaysNothingOfSettling(t *testing.T) {
	raw, err := json.Marshal(proposal())
	if err != nil {
		t.Fatal(err)
	}
	for _, absent := range []string{"settled_by", "settled_at", "settled_reason", "verdict"} {
		if strings.Contains(string(raw), absent) {
			t.Errorf("%s stands in %s", absent, raw)
		}
	}
	p := proposal()
	p.Change = nil
	if raw, _ = json.Marshal(p); strings.Contains(string(raw), `"change"`) {
		t.Errorf("a change stands in %s", raw)
	}
}

func TestListsOfWordsHoldEachOnce(t *testing.T) {
	states, sizes := ProposalStates(), Sizes()
	for _, s := range []ProposalState{ProposalOpen, ProposalAccepted, ProposalDismissed} {
		if !slices.Contains(states, s) {
			t.Errorf("%s is not listed", s)
		}
	}
	slices.Sort(states)
	slices.Sort(sizes)
	if len(slices.Compact(states)) != 3 || len(slices.Compact(sizes)) != 5 {
		t.Errorf("%v %v", states, sizes)
	}
	states[0] = "spoilt"
	if slices.Contains(ProposalStates(), "spoilt") {
		t.Error("a reader can change the list of the next")
	}
}
