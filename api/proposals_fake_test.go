package api

import (
	"context"
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
