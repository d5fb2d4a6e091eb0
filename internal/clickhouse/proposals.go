package clickhouse

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/google/uuid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// proposalWord is one row about a proposal: that it was made, or what a person
// did with it.
type proposalWord struct {
	query.Proposal
	word   query.ProposalState
	at     time.Time
	by     string
	reason string
}

var proposalFields = []field[proposalWord]{
	textField("incident", func(p *proposalWord) string { return p.Incident }),
	timeField("said_at", func(p *proposalWord) time.Time { return p.at }),
	textField("id", func(p *proposalWord) string { return p.ID }),
	textField("word", func(p *proposalWord) string { return string(p.word) }),
	textField("said_by", func(p *proposalWord) string { return p.by }),
	countField("finding_version", func(p *proposalWord) uint32 { return uint32(p.FindingVersion) }), //nolint:gosec // Versions count up from one.
	textField("decision", func(p *proposalWord) string { return string(p.Decision) }),
	textField("change_source", func(p *proposalWord) string { return proposedKey(p).Source }),
	textField("change_id", func(p *proposalWord) string { return proposedKey(p).ID }),
	textField("reason", func(p *proposalWord) string { return p.reason }),
	textField("verdict", func(p *proposalWord) string { return p.Verdict }),
}

// proposedKey is the change that a proposal is about, zero for none.
func proposedKey(p *proposalWord) correlate.Key {
	if p.Change == nil {
		return correlate.Key{}
	}
	return *p.Change
}

// SaveProposal stores a proposal that was just made, with its audit entry first.
// The id must be a UUID; saving the same proposal again changes nothing.
func (s *Store) SaveProposal(ctx context.Context, p query.Proposal) error {
	return s.sayOfProposal(ctx, p.ID, "proposal", proposalWord{Proposal: p, word: query.ProposalOpen, at: p.ProposedAt, by: p.ProposedBy, reason: p.Reason})
}

// SettleProposal stores what a person did with a proposal: its state, who, when,
// why and the verdict. The first such word about a proposal counts.
func (s *Store) SettleProposal(ctx context.Context, p query.Proposal) error {
	if p.State == query.ProposalOpen || p.SettledAt == nil {
		return s.refuse("settle a proposal", fmt.Errorf("proposal %s is not settled", p.ID))
	}
	// The audit's id follows from the word, so that saving it again adds nothing.
	entry := uuid.NewSHA1(uuid.NameSpaceOID, []byte(p.ID+string(p.State)+p.SettledBy)).String()
	return s.sayOfProposal(ctx, entry, "proposal "+string(p.State), proposalWord{Proposal: p, word: p.State, at: *p.SettledAt, by: p.SettledBy, reason: p.SettledReason})
}

// sayOfProposal stores one word about a proposal, and that it was said.
func (s *Store) sayOfProposal(ctx context.Context, id, action string, w proposalWord) error {
	detail, err := toJSON(&w.Proposal)
	if err != nil {
		return s.refuse("save a proposal", err)
	}
	if err := s.SaveAudit(ctx, query.AuditEntry{At: w.at, ID: id, Actor: w.by, Action: action, Target: w.Incident, Detail: detail}); err != nil {
		return err
	}
	return insertRows(ctx, s, "proposals", "", proposalFields, []proposalWord{w})
}

// Proposals answers the proposals on an incident, the oldest first.
func (s *Store) Proposals(ctx context.Context, incident string) ([]query.Proposal, error) {
	var all []query.Proposal
	at := map[string]int{}
	err := s.query(ctx, "list proposals", s.sql["proposal_list"], []any{named("incident", incident)}, func(rows driver.Rows) error {
		w, err := scanProposalWord(rows)
		if err != nil {
			return err
		}
		i, known := at[w.ID]
		switch {
		case !known && w.word == query.ProposalOpen:
			at[w.ID] = len(all)
			all = append(all, w.Proposal)
		case known && w.word != query.ProposalOpen && all[i].State == query.ProposalOpen:
			p := &all[i]
			p.State, p.SettledBy, p.SettledAt, p.SettledReason, p.Verdict = w.word, w.by, &w.at, w.reason, w.Verdict
		}
		return nil
	})
	return all, err
}

func scanProposalWord(rows driver.Rows) (proposalWord, error) {
	var w proposalWord
	var key correlate.Key
	var version uint32
	var word, decision string
	if err := rows.Scan(&w.ID, &w.Incident, &word, &w.at, &w.by, &version, &decision, &key.Source, &key.ID, &w.reason, &w.Verdict); err != nil {
		return w, err
	}
	w.word, w.State, w.FindingVersion, w.Decision = query.ProposalState(word), query.ProposalOpen, int(version), correlate.Decision(decision)
	w.ProposedBy, w.ProposedAt, w.Reason = w.by, w.at, w.reason
	if key != (correlate.Key{}) {
		w.Change = &key
	}
	return w, nil
}

// ProposalPage answers one page of the proposals over all incidents, the newest
// first.
func (s *Store) ProposalPage(ctx context.Context, q query.Proposals) (query.Page[query.Proposal], error) {
	limit := pageLimit(q.Limit)
	filter := filterHash("proposals", q.State)
	after, err := readCursor(q.Cursor, filter)
	if err != nil {
		return query.Page[query.Proposal]{}, err
	}
	var all []query.Proposal
	err = s.query(ctx, "list all proposals", s.sql["proposal_page"], []any{
		named("state", texts(q.State)), named("after_at", after.at), named("after_id", after.id), named("limit", limit+1),
	}, func(rows driver.Rows) error {
		p, err := scanProposal(rows)
		all = append(all, p)
		return err
	})
	if err != nil {
		return query.Page[query.Proposal]{}, err
	}
	return pageOf(all, limit, func(p *query.Proposal) string {
		return writeCursor(cursor{at: p.ProposedAt.UnixMilli(), id: p.ID}, filter)
	}), nil
}

// scanProposal reads a row of proposal_page.
func scanProposal(rows driver.Rows) (query.Proposal, error) {
	p := query.Proposal{State: query.ProposalOpen}
	var key correlate.Key
	var version uint32
	var decision, word, by, reason, verdict string
	var at time.Time
	if err := rows.Scan(&p.ID, &p.Incident, &p.ProposedAt, &p.ProposedBy, &version, &decision, &key.Source, &key.ID, &p.Reason, &word, &at, &by, &reason, &verdict); err != nil {
		return p, err
	}
	p.FindingVersion, p.Decision = int(version), correlate.Decision(decision)
	if key != (correlate.Key{}) {
		p.Change = &key
	}
	if word != "" {
		p.State, p.SettledBy, p.SettledAt, p.SettledReason, p.Verdict = query.ProposalState(word), by, &at, reason, verdict
	}
	return p, nil
}
