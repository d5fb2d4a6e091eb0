package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/faultline/faultline/internal/query"
)

func (f *fakeStore) Proposals(ctx context.Context, incident string) ([]query.Proposal, error) {
	if err := f.enter(ctx, "Proposals"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.proposals[incident]), nil
}

func (f *fakeStore) SaveProposal(ctx context.Context, p query.Proposal) error {
	if err := f.enter(ctx, "SaveProposal"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.proposals == nil {
		f.proposals = map[string][]query.Proposal{}
	}
	f.proposals[p.Incident] = append(f.proposals[p.Incident], p)
	return nil
}

func (f *fakeStore) SettleProposal(ctx context.Context, p query.Proposal) error {
	if err := f.enter(ctx, "SettleProposal"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	all := f.proposals[p.Incident]
	if at := slices.IndexFunc(all, func(known query.Proposal) bool { return known.ID == p.ID }); at >= 0 {
		all[at] = p
	}
	return nil
}

func (f *fakeStore) ProposalPage(ctx context.Context, q query.Proposals) (query.Page[query.Proposal], error) {
	if err := f.enter(ctx, "ProposalPage"); err != nil {
		return query.Page[query.Proposal]{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []query.Proposal
	for _, all := range f.proposals {
		for _, p := range all {
			if oneOf(p.State, q.State) {
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, func(a, b query.Proposal) int {
		return cmp.Or(b.ProposedAt.Compare(a.ProposedAt), cmp.Compare(b.ID, a.ID))
	})
	return pageOf(found, fmt.Sprint(q.State), cmp.Or(q.Limit, query.DefaultLimit), q.Cursor)
}

func (f *fakeStore) Commands(ctx context.Context, incidents []string) ([]query.Command, error) {
	if err := f.enter(ctx, "Commands"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []query.Command
	for _, c := range f.commands {
		if slices.Contains(incidents, c.Incident) {
			found = append(found, c)
		}
	}
	return found, nil
}

func (f *fakeStore) SaveCommand(ctx context.Context, c query.Command) error {
	if err := f.enter(ctx, "SaveCommand"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.commands = append(f.commands, c)
	return nil
}

func (f *fakeStore) IncidentCounts(ctx context.Context, q query.Incidents) ([]query.IncidentCount, error) {
	q.Status, q.Severity, q.Cursor, q.Limit = nil, nil, "", query.MaxLimit
	if err := f.enter(ctx, "IncidentCounts"); err != nil {
		return nil, err
	}
	page, err := f.Incidents(ctx, q)
	if err != nil {
		return nil, err
	}
	var all []query.IncidentCount
	for i := range page.Items {
		all = append(all, query.IncidentCount{Status: page.Items[i].Status, Severity: page.Items[i].Severity, Count: 1})
	}
	return all, nil
}
