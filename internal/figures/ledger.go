package figures

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// suspectRanks is how many suspects of a finding are looked at.
const suspectRanks = 3

// entry is one incident with what people and the engine said.
type entry struct {
	query.IncidentFact
	standing correlate.Standing
	// newest are the suspects of the newest finding, judged those of the version
	// that people saw, nil while nobody judged.
	newest, judged []query.SuspectFact
}

// ledger is the incidents of a period and which changes they were laid on.
type ledger struct {
	entries []entry
	blame   query.Blame
}

// ledger reads the incidents of a period. What people said of an incident that
// was merged into another counts for the other.
func (s *Service) ledger(ctx context.Context, p query.Period) (*ledger, error) {
	var facts []query.IncidentFact
	var judgements []correlate.Judgement
	var suspects []query.SuspectFact
	all, ctx := errgroup.WithContext(ctx)
	all.Go(func() (err error) {
		facts, err = s.store.IncidentFacts(ctx, p)
		return named("list the incidents", err)
	})
	all.Go(func() (err error) {
		judgements, err = s.store.JudgementsWithin(ctx, p)
		return named("list the verdicts", err)
	})
	all.Go(func() (err error) {
		suspects, err = s.store.SuspectFacts(ctx, p, suspectRanks)
		return named("list the suspects", err)
	})
	if err := all.Wait(); err != nil {
		return nil, err
	}
	return s.book(facts, judgements, suspects), nil
}

// named says of an error what was being done.
func named(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// book joins the three lists.
func (s *Service) book(facts []query.IncidentFact, judgements []correlate.Judgement, suspects []query.SuspectFact) *ledger {
	into := map[string]string{}
	for i := range facts {
		if facts[i].Status == correlate.IncidentMerged {
			into[facts[i].ID] = facts[i].MergedInto
		}
	}
	history := map[string][]correlate.Judgement{}
	for i := range judgements {
		id := Survivor(into, judgements[i].Incident)
		history[id] = append(history[id], judgements[i])
	}
	byVersion := map[version][]query.SuspectFact{}
	for i := range suspects {
		v := version{suspects[i].Incident, suspects[i].Version}
		byVersion[v] = append(byVersion[v], suspects[i])
	}
	l := &ledger{}
	for i := range facts {
		if facts[i].Status == correlate.IncidentMerged {
			continue
		}
		e := entry{IncidentFact: facts[i], standing: correlate.StandingOf(history[facts[i].ID])}
		e.newest = byVersion[version{e.ID, e.FindingVersion}]
		if e.standing.Judgements > 0 {
			e.judged = byVersion[version{e.ID, e.standing.FindingVersion}]
		}
		l.entries = append(l.entries, e)
		l.lay(&e, s.cfg.SuspectedFrom)
	}
	return l
}

// version is one version of a finding.
type version struct {
	incident string
	number   int
}

// Survivor is the id under which an incident lives on, given what each merged one
// was merged into: what was said of it counts for that one. It follows merges,
// which are few and never circular; the bound is for rows that say otherwise.
func Survivor(into map[string]string, id string) string {
	for range len(into) + 1 {
		next, merged := into[id]
		if !merged || next == "" {
			return id
		}
		id = next
	}
	return id
}

// lay adds the changes that an incident was laid on.
func (l *ledger) lay(e *entry, from float64) {
	for _, key := range e.standing.Confirmed {
		if !slices.Contains(l.blame.Confirmed, key) {
			l.blame.Confirmed = append(l.blame.Confirmed, key)
		}
	}
	if key, ok := e.suspected(from); ok && !slices.Contains(l.blame.Suspected, key) {
		l.blame.Suspected = append(l.blame.Suspected, key)
	}
}

// suspected is the change that the engine lays an unjudged incident on.
func (e *entry) suspected(from float64) (correlate.Key, bool) {
	if e.standing.State != correlate.JudgedNot {
		return correlate.Key{}, false
	}
	for i := range e.newest {
		if e.newest[i].Rank == 1 && e.newest[i].Probability >= from {
			return e.newest[i].Change, true
		}
	}
	return correlate.Key{}, false
}

// minutes is how long the incident lasted, until now while it goes on.
func (e *entry) minutes(now time.Time) float64 {
	end := now
	if e.ResolvedAt != nil {
		end = *e.ResolvedAt
	}
	return max(0, end.Sub(e.StartedAt).Minutes())
}

func (l *ledger) incidents(now time.Time, level float64) IncidentCounts {
	out := IncidentCounts{Total: len(l.entries)}
	for i := range l.entries {
		e := &l.entries[i]
		out.Minutes += e.minutes(now)
		switch e.standing.State {
		case correlate.JudgedConfirmed:
			out.Confirmed++
		case correlate.JudgedNoChange:
			out.NoChange++
		case correlate.JudgedRejected:
			out.Rejected++
		default:
			out.Unjudged++
		}
	}
	out.Unlinked = share(out.Rejected+out.Unjudged, out.Total, level)
	return out
}

// burden is what the incidents of a group weigh.
type burden struct {
	incidents, services int
	minutes             float64
}

// burdens sums incidents by the group of the changes they were laid on. One
// with changes of two groups counts for both.
func (l *ledger) burdens(groupOfChange map[correlate.Key]string, now time.Time) map[string]burden {
	out := map[string]burden{}
	for i := range l.entries {
		e := &l.entries[i]
		seen := map[string]bool{}
		for _, key := range e.standing.Confirmed {
			name, known := groupOfChange[key]
			if !known || seen[name] {
				continue
			}
			seen[name] = true
			b := out[name]
			out[name] = burden{incidents: b.incidents + 1, services: b.services + len(e.Services), minutes: b.minutes + e.minutes(now)}
		}
	}
	return out
}
