package api

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

func (f *fakeStore) Judgements(ctx context.Context, incidents []string) ([]correlate.Judgement, error) {
	if err := f.enter(ctx, "Judgements"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []correlate.Judgement
	for _, j := range f.judgements {
		if slices.Contains(incidents, j.Incident) {
			found = append(found, j)
		}
	}
	correlate.SortJudgements(found)
	return found, nil
}

func (f *fakeStore) SaveJudgement(ctx context.Context, j correlate.Judgement) error {
	if err := f.enter(ctx, "SaveJudgement"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.judgements = append(f.judgements, j)
	return nil
}

func (f *fakeStore) Overrides(ctx context.Context, key correlate.Key) ([]correlate.ProvenanceOverride, error) {
	if err := f.enter(ctx, "Overrides"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.overrides[key]), nil
}

func (f *fakeStore) SaveOverride(ctx context.Context, _ string, key correlate.Key, by correlate.ProvenanceOverride) error {
	if err := f.enter(ctx, "SaveOverride"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.overrides == nil {
		f.overrides = map[correlate.Key][]correlate.ProvenanceOverride{}
	}
	f.overrides[key] = append([]correlate.ProvenanceOverride{by}, f.overrides[key]...)
	return nil
}

func (f *fakeStore) SaveLabels(ctx context.Context, labels []query.Label, _ string, _ time.Time) error {
	if err := f.enter(ctx, "SaveLabels"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.labels = append(f.labels, labels...)
	return nil
}

func (f *fakeStore) SaveMaintenance(ctx context.Context, w query.MaintenanceWindow, entry query.AuditEntry) error {
	if err := f.enter(ctx, "SaveMaintenance"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.windows = slices.DeleteFunc(f.windows, func(x query.MaintenanceWindow) bool { return x.ID == w.ID })
	f.windows, f.audit = append(f.windows, w), append(f.audit, entry)
	return nil
}

func (f *fakeStore) MaintenanceWindows(ctx context.Context, since time.Time) ([]query.MaintenanceWindow, error) {
	if err := f.enter(ctx, "MaintenanceWindows"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(f.windows), func(w query.MaintenanceWindow) bool { return !w.To.After(since) }), nil
}

func (f *fakeStore) SaveDecision(ctx context.Context, d query.GateDecision) error {
	if err := f.enter(ctx, "SaveDecision"); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.decisions = append(f.decisions, d)
	return nil
}

func (f *fakeStore) Decisions(ctx context.Context, q query.GateDecisions) (query.Page[query.GateDecision], error) {
	if err := f.enter(ctx, "Decisions"); err != nil {
		return query.Page[query.GateDecision]{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []query.GateDecision
	for _, d := range slices.Backward(f.decisions) {
		if within(d.At, q.From, q.To) && oneOf(d.Decision, q.Decision) && (q.Change.ID == "" || q.Change.ID == d.Change.ID) && (q.Change.Source == "" || q.Change.Source == d.Change.Source) {
			found = append(found, d)
		}
	}
	return pageOf(found, fmt.Sprint(q.From, q.To, q.Change, q.Decision), cmp.Or(q.Limit, query.DefaultLimit), q.Cursor)
}
