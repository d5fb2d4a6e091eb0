package api

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// fakeStore is a Store in memory. It pages and filters as the ports say.
type fakeStore struct {
	mu          sync.Mutex
	incidents   []correlate.Incident
	alerts      map[string][]correlate.Alert
	findings    map[string][]correlate.Finding
	changes     []correlate.Change
	provenances map[correlate.Key]correlate.Provenance
	topology    correlate.Topology
	updates     []query.Update
	judgements  []correlate.Judgement
	proposals   map[string][]query.Proposal
	commands    []query.Command
	overrides   map[correlate.Key][]correlate.ProvenanceOverride
	labels      []query.Label
	decisions   []query.GateDecision
	windows     []query.MaintenanceWindow
	audit       []query.AuditEntry
	// fail makes every call return this error, failOn those of one method.
	fail   error
	failOn map[string]error
	// hang makes every call wait for its context.
	hang bool
	// calls counts calls by method.
	calls map[string]int
	// asked keeps the last query of changes.
	asked []query.Changes
}

// newFakeStore returns a store that holds the story of the examples.
func newFakeStore() *fakeStore {
	change := exampleChange()
	finding := exampleFinding()
	for i := range finding.Suspects {
		// The engine fills neither; the API must.
		finding.Suspects[i].Provenance, finding.Suspects[i].Links = nil, nil
	}
	return &fakeStore{
		incidents:   []correlate.Incident{exampleIncident()},
		alerts:      map[string][]correlate.Alert{"inc-7f3a": {exampleAlert()}},
		findings:    map[string][]correlate.Finding{"inc-7f3a": {finding}},
		changes:     []correlate.Change{change},
		provenances: map[correlate.Key]correlate.Provenance{change.Key(): exampleProvenance()},
		topology:    exampleTopology(),
		calls:       map[string]int{},
	}
}

// enter is called first by every method.
func (f *fakeStore) enter(ctx context.Context, method string) error {
	f.mu.Lock()
	f.calls[method]++
	fail, hang := f.fail, f.hang
	if fail == nil {
		fail = f.failOn[method]
	}
	f.mu.Unlock()
	if hang {
		<-ctx.Done()
		return fmt.Errorf("%s: %w", method, ctx.Err())
	}
	return fail
}

func (f *fakeStore) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}

func (f *fakeStore) set(change func(f *fakeStore)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change(f)
}

// pageOf cuts a page out of what a filter left. The cursor holds the filter, so
// that one of another query is refused.
func pageOf[T any](items []T, filter string, limit int, cursor string) (query.Page[T], error) {
	start := 0
	if cursor != "" {
		raw, err := base64.RawURLEncoding.DecodeString(cursor)
		at, of, _ := strings.Cut(string(raw), "|")
		start, _ = strconv.Atoi(at)
		if err != nil || of != filter || start > len(items) {
			return query.Page[T]{}, fmt.Errorf("page: %w", query.ErrBadCursor)
		}
	}
	end := min(start+limit, len(items))
	page := query.Page[T]{Items: slices.Clone(items[start:end])}
	if end < len(items) {
		page.Next = base64.RawURLEncoding.EncodeToString([]byte(strconv.Itoa(end) + "|" + filter))
	}
	return page, nil
}

func within(at, from, to time.Time) bool {
	return (from.IsZero() || !at.Before(from)) && (to.IsZero() || at.Before(to))
}

func oneOf[T comparable](v T, of []T) bool { return len(of) == 0 || slices.Contains(of, v) }

func overlap(a, b []string) bool {
	return len(b) == 0 || slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func (f *fakeStore) Incidents(ctx context.Context, q query.Incidents) (query.Page[correlate.Incident], error) {
	if err := f.enter(ctx, "Incidents"); err != nil {
		return query.Page[correlate.Incident]{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []correlate.Incident
	for _, i := range f.incidents {
		if within(i.StartedAt, q.From, q.To) && oneOf(i.Status, q.Status) && oneOf(i.Severity, q.Severity) &&
			(q.Service == "" || slices.Contains(i.Services, q.Service)) && strings.Contains(i.Title, q.Text) {
			found = append(found, i)
		}
	}
	slices.SortFunc(found, func(a, b correlate.Incident) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	filter := fmt.Sprint(q.From, q.To, q.Status, q.Severity, q.Service, q.Text)
	return pageOf(found, filter, cmp.Or(q.Limit, query.DefaultLimit), q.Cursor)
}

func (f *fakeStore) Incident(ctx context.Context, id string) (correlate.Incident, error) {
	if err := f.enter(ctx, "Incident"); err != nil {
		return correlate.Incident{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, i := range f.incidents {
		if i.ID == id {
			return i, nil
		}
	}
	return correlate.Incident{}, fmt.Errorf("incident %s: %w", id, query.ErrNotFound)
}

func (f *fakeStore) IncidentAlerts(ctx context.Context, incident string) ([]correlate.Alert, error) {
	if err := f.enter(ctx, "IncidentAlerts"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.alerts[incident]), nil
}

func (f *fakeStore) Finding(ctx context.Context, incident string, version int) (correlate.Finding, error) {
	if err := f.enter(ctx, "Finding"); err != nil {
		return correlate.Finding{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, finding := range f.findings[incident] {
		if version == 0 || finding.Version == version {
			return ownFinding(finding), nil
		}
	}
	return correlate.Finding{}, fmt.Errorf("finding: %w", query.ErrNotFound)
}

// ownFinding copies what the API changes, since values belong to the caller.
func ownFinding(f correlate.Finding) correlate.Finding {
	f.Suspects = slices.Clone(f.Suspects)
	if f.BlastRadius != nil {
		radius := *f.BlastRadius
		f.BlastRadius = &radius
	}
	return f
}

func (f *fakeStore) Findings(ctx context.Context, incident string, limit int) ([]correlate.Finding, error) {
	if err := f.enter(ctx, "Findings"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []correlate.Finding
	for _, finding := range f.findings[incident] {
		if len(found) < limit {
			found = append(found, ownFinding(finding))
		}
	}
	return found, nil
}

func (f *fakeStore) Changes(ctx context.Context, q query.Changes) (query.Page[correlate.Change], error) {
	if err := f.enter(ctx, "Changes"); err != nil {
		return query.Page[correlate.Change]{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked = append(f.asked, q)
	var found []correlate.Change
	for _, c := range f.changes {
		if within(c.StartedAt, q.From, q.To) && overlap(c.Services, q.Services) && oneOf(c.Kind, q.Kinds) && oneOf(c.Status, q.Status) &&
			(q.Environment == "" || q.Environment == c.Environment) && (q.Source == "" || q.Source == c.Source) &&
			oneOf(f.provenances[c.Key()].Class, q.Class) && strings.Contains(c.Title, q.Text) {
			found = append(found, c)
		}
	}
	slices.SortFunc(found, func(a, b correlate.Change) int {
		return cmp.Or(b.StartedAt.Compare(a.StartedAt), cmp.Compare(b.ID, a.ID))
	})
	filter := fmt.Sprint(q.From, q.To, q.Services, q.Kinds, q.Status, q.Environment, q.Source, q.Class, q.Text)
	return pageOf(found, filter, cmp.Or(q.Limit, query.DefaultLimit), q.Cursor)
}

func (f *fakeStore) ChangesByID(ctx context.Context, id, source string) ([]correlate.Change, error) {
	if err := f.enter(ctx, "ChangesByID"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var found []correlate.Change
	for _, c := range f.changes {
		if c.ID == id && (source == "" || c.Source == source) {
			found = append(found, c)
		}
	}
	return found, nil
}

func (f *fakeStore) Provenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]correlate.Provenance, error) {
	if err := f.enter(ctx, "Provenances"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	found := map[correlate.Key]correlate.Provenance{}
	for _, key := range keys {
		if p, ok := f.provenances[key]; ok {
			if said := f.overrides[key]; len(said) > 0 {
				p = p.Overridden(said[0])
			}
			found[key] = p
		}
	}
	return found, nil
}

func (f *fakeStore) Topology(ctx context.Context, _ time.Time) (correlate.Topology, error) {
	if err := f.enter(ctx, "Topology"); err != nil {
		return correlate.Topology{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.topology, nil
}

func (f *fakeStore) Service(ctx context.Context, name string) (correlate.Service, error) {
	if err := f.enter(ctx, "Service"); err != nil {
		return correlate.Service{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, s := range f.topology.Services {
		if s.Name == name {
			return s, nil
		}
	}
	return correlate.Service{}, fmt.Errorf("service %s: %w", name, query.ErrNotFound)
}

func (f *fakeStore) UpdatedSince(ctx context.Context, after time.Time, limit int) ([]query.Update, error) {
	if err := f.enter(ctx, "UpdatedSince"); err != nil {
		return nil, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	latest := map[string]query.Update{}
	for _, u := range f.updates {
		latest[u.Incident] = u
	}
	var found []query.Update
	for _, u := range latest {
		if u.At.After(after) {
			found = append(found, u)
		}
	}
	slices.SortFunc(found, func(a, b query.Update) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Incident, b.Incident)) })
	return found[:min(limit, len(found))], nil
}
