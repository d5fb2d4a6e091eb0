package web

import (
	"github.com/faultline/faultline/internal/query"
)

// proposed writes what agents proposed and what became of it.
func (r *Retrospective) proposed(m *markdown) {
	if len(r.Sheet.Proposals) == 0 {
		return
	}
	m.f("\n## Proposed by agents\n\nNone of it counts unless a person accepted it. The reasons are the agents' words.\n")
	m.head("When", "Agent", "Proposed", "Change", "Why", "What became of it")
	for i := range r.Sheet.Proposals {
		p := &r.Sheet.Proposals[i]
		change, fate := "", "unconfirmed"
		if p.Change != nil {
			change = titleOf(*p.Change, &r.Sheet)
		}
		if p.State != query.ProposalOpen {
			fate = string(p.State) + " by " + p.SettledBy
		}
		m.row(stamp(p.ProposedAt), md(p.ProposedBy), md(proposalWords(p.Decision)), md(change), md(p.Reason), md(fate))
	}
}
