package clickhouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// proposalAt is an open proposal with an id of its own for each number.
func proposalAt(n int, incident string) query.Proposal {
	return query.Proposal{
		ID: fmt.Sprintf("00000000-0000-4000-9000-%012d", n), Incident: incident, FindingVersion: 2, Decision: correlate.DecisionConfirm,
		Change: &correlate.Key{Source: "argo-cd", ID: "checkout-1"}, Reason: "it's \"the\" one\nbecause\x00", ProposedBy: "assistant",
		ProposedAt: noon.Add(time.Duration(n) * time.Minute), State: query.ProposalOpen,
	}
}

func TestAProposalIsReadBackWithWhatPeopleDidWithIt(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		open, settled := proposalAt(1, "inc-p"), proposalAt(2, "inc-p")
		settled.Decision, settled.Change = correlate.DecisionNoChange, nil
		elsewhere := proposalAt(3, "inc-q")
		for _, p := range []query.Proposal{settled, open, elsewhere, open} {
			if err := s.SaveProposal(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		at, later := noon.Add(time.Hour), noon.Add(2*time.Hour)
		settled.State, settled.SettledBy, settled.SettledAt, settled.SettledReason, settled.Verdict = query.ProposalAccepted, "ada", &at, "right", "v-1"
		second := settled
		second.State, second.SettledBy, second.SettledAt, second.Verdict = query.ProposalDismissed, "bob", &later, ""
		for _, p := range []query.Proposal{settled, second, settled} {
			if err := s.SettleProposal(t.Context(), p); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Proposals(t.Context(), "inc-p")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]query.Proposal{open, settled}, got); diff != "" {
			t.Errorf("the first word about a proposal does not count: %s", diff)
		}
		if err := s.SettleProposal(t.Context(), open); err == nil {
			t.Error("an open proposal was settled")
		}
	})
}

// TestAProposalCountsForNothing makes a proposal on an incident and looks at
// everything that counts verdicts: none may see it.
func TestAProposalCountsForNothing(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		p := proposalAt(9, "inc-nothing")
		if err := s.SaveProposal(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		at := noon.Add(time.Hour)
		p.State, p.SettledBy, p.SettledAt = query.ProposalDismissed, "ada", &at
		if err := s.SettleProposal(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		history, err := s.Judgements(t.Context(), []string{"inc-nothing"})
		if err != nil || len(history) != 0 || correlate.StandingOf(history).State != correlate.JudgedNot {
			t.Errorf("the history of verdicts holds %+v (%v)", history, err)
		}
		followed, err := s.JudgementsSince(t.Context(), noon.Add(-24*time.Hour), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, j := range followed {
			if j.Incident == "inc-nothing" {
				t.Errorf("those who follow verdicts, to learn and to tell, see %+v", j)
			}
		}
		updates, err := s.UpdatedSince(t.Context(), noon.Add(-24*time.Hour), 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range updates {
			if u.Incident == "inc-nothing" && (u.Judgements != 0 || u.Proposals != 2) {
				t.Errorf("the stream counts %+v", u)
			}
		}
	})
}

// TestProposalsOfAllIncidentsAreListedPageByPage settles some, one of them twice,
// and reads what waits and what is done, in pages of every size.
func TestProposalsOfAllIncidentsAreListedPageByPage(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var open, settled []query.Proposal
		for n := range 7 {
			p := proposalAt(n+1, fmt.Sprintf("inc-%d", n%3))
			if n == 4 {
				p.Decision, p.Change = correlate.DecisionNoChange, nil
				p.ProposedAt = noon.Add(time.Duration(n) * time.Minute) // As old as the one before.
			}
			for range 1 + n%2 {
				if err := s.SaveProposal(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			if n%3 != 0 {
				open = append([]query.Proposal{p}, open...)
				continue
			}
			at := noon.Add(time.Hour)
			p.State, p.SettledBy, p.SettledAt, p.SettledReason, p.Verdict = query.ProposalAccepted, "ada", &at, "right", "v-1"
			later := p
			second := at.Add(time.Minute)
			later.State, later.SettledBy, later.SettledAt, later.Verdict = query.ProposalDismissed, "bob", &second, ""
			for _, word := range []query.Proposal{later, p} {
				if err := s.SettleProposal(t.Context(), word); err != nil {
					t.Fatal(err)
				}
			}
			settled = append([]query.Proposal{p}, settled...)
		}
		for _, limit := range []int{1, 2, 100} {
			if diff := cmp.Diff(open, everyProposal(t, s, query.Proposals{State: []query.ProposalState{query.ProposalOpen}, Limit: limit})); diff != "" {
				t.Errorf("open, %d a page: %s", limit, diff)
			}
			if diff := cmp.Diff(settled, everyProposal(t, s, query.Proposals{State: []query.ProposalState{query.ProposalAccepted}, Limit: limit})); diff != "" {
				t.Errorf("accepted, %d a page: %s", limit, diff)
			}
		}
		if all := everyProposal(t, s, query.Proposals{Limit: 3}); len(all) != 7 {
			t.Errorf("%d proposals in all", len(all))
		}
		if _, err := s.ProposalPage(t.Context(), query.Proposals{Cursor: "bm90aGluZw"}); err == nil {
			t.Error("a cursor that was not made here is taken")
		}
	})
}

// everyProposal reads all pages of a list.
func everyProposal(t *testing.T, s *clickhouse.Store, q query.Proposals) []query.Proposal {
	t.Helper()
	var all []query.Proposal
	for {
		page, err := s.ProposalPage(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
		if q.Cursor = page.Next; q.Cursor == "" {
			return all
		}
	}
}
