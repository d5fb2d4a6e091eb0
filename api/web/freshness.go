package web

import (
	"context"
	"sync"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// freshAge is how long an answer about freshness is shown to everybody: it is
// read from a week of events and changes with every one of them.
const freshAge = 5 * time.Second

// staleAfter is the silence of all sources of a kind from which a page warns.
// Topologies come seldom.
const staleAfter = 15 * time.Minute

// freshness keeps what the sources last said for all pages.
type freshness struct {
	sources Sources
	now     func() time.Time

	mu    sync.Mutex
	known []query.Freshness
	asked time.Time
}

func newFreshness(sources Sources, now func() time.Time) *freshness {
	return &freshness{sources: sources, now: now}
}

// get returns how fresh each source is. Whoever comes while another asks waits
// for that answer.
func (f *freshness) get(ctx context.Context) ([]query.Freshness, error) {
	if f.sources == nil {
		return nil, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.now(); f.asked.IsZero() || now.Sub(f.asked) >= freshAge {
		known, err := f.sources.Freshness(ctx)
		if err != nil {
			return f.known, err
		}
		f.known, f.asked = known, now
	}
	return f.known, nil
}

// feed is how recent the events of one kind are.
type feed struct {
	Name  string
	Last  moment
	Never bool
	// Silent warns that nothing came for a while.
	Silent bool
}

// feeds sums sources up by kind. A failure to tell is no reason to fail the
// page: it says that nothing is known.
func (s *Site) feeds(ctx context.Context) []feed {
	known, err := s.fresh.get(ctx)
	if err != nil || s.deps.Sources == nil {
		return nil
	}
	latest := map[string]time.Time{}
	for _, f := range known {
		if f.LastSeenAt.After(latest[f.Kind]) {
			latest[f.Kind] = f.LastSeenAt
		}
	}
	now := s.now()
	var all []feed
	for _, kind := range []struct{ key, name string }{{"change", "changes"}, {"alert", "alerts"}} {
		last := latest[kind.key]
		all = append(all, feed{Name: kind.name, Last: when(last, now), Never: last.IsZero(), Silent: now.Sub(last) > staleAfter})
	}
	return all
}
