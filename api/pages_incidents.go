package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/faultline/faultline/internal/query"
)

// Commanders tells who commands some incidents.
func (p pageReader) Commanders(ctx context.Context, incidents []string) (map[string]string, error) {
	return p.commanders(ctx, incidents)
}

// Command keeps who commands an incident from now on.
func (p pageReader) Command(ctx context.Context, incident, tag, name string) error {
	_, err := p.command(ctx, incident, tag, name)
	return err
}

// IncidentTotals counts incidents under a filter.
func (p pageReader) IncidentTotals(ctx context.Context, q query.Incidents) (query.IncidentTotals, error) {
	return p.totals(ctx, q)
}

// Waiting lists what agents propose over all incidents.
func (p pageReader) Waiting(ctx context.Context, q query.Proposals) (query.Page[query.Proposal], error) {
	page, err := p.deps.Store.ProposalPage(ctx, q)
	if err != nil {
		return page, fmt.Errorf("list all proposals: %w", err)
	}
	return page, nil
}

// Titles reads the titles of those of some incidents that are stored.
func (p pageReader) Titles(ctx context.Context, incidents []string) (map[string]string, error) {
	titles := map[string]string{}
	for _, id := range incidents {
		if _, known := titles[id]; known {
			continue
		}
		incident, err := p.deps.Store.Incident(ctx, id)
		switch {
		case errors.Is(err, query.ErrNotFound):
		case err != nil:
			return nil, fmt.Errorf("read incident %s: %w", id, err)
		default:
			titles[id] = incident.Title
		}
	}
	return titles, nil
}
