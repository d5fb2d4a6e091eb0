package simulate

import (
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

// labelledCase is a case with what its making knows and its file does not say.
type labelledCase struct {
	eval.Case
	script *script
}

// How far back a case's feed reaches. It is whole for as many days as hold
// wholeChanges, one day at least and fourteen at most: the last day of 100,000
// changes holds as many candidates as published retrieval starts from. Before
// that, only changes around the outage are listed, as a query by service would
// find them: of the services that fail, and of as many of their neighbours as
// oldChanges allow.
const (
	wholeChanges = 5_000
	mostWhole    = 14 * day
	oldChanges   = 4_000
	longestAgo   = 60 * day
	// feedAfter is how much a case tells of the time after judgement, which a
	// ranker must not see.
	feedAfter = 20 * time.Minute

	day = 24 * time.Hour
)

// wholeFeed is how long before the onset the feed is whole.
func (w *world) wholeFeed() time.Duration {
	return min(mostWhole, max(day, wholeChanges*day/time.Duration(w.options.ChangesPerDay)))
}

// incident makes case number of the world.
func (w *world) incident(number int) labelledCase {
	d := newDraw(w.options.Seed, uint64(number)+1)
	byChange := !d.chance(w.options.NoChangeShare)
	s := w.newScript(d, byChange)
	chosen := weighted(d, controlPatterns)
	if byChange {
		chosen = weighted(d, changePatterns)
	}
	if byChange && s.why == triggered {
		chosen = pattern{"e_latent_and_trigger", (*script).latentAndTrigger}
	}
	s.kind = chosen.kind
	chosen.play(s)
	if !byChange && s.chance(0.3) {
		s.coincide()
	}
	s.aftermath()
	s.raise()
	view := w.excerpt(s)
	s.noise(view)
	name := fmt.Sprintf("sim-%d-%05d", w.options.Seed, number)
	return labelledCase{Case: s.assemble(name, view), script: s}
}

// assemble puts the parts together in random order.
func (s *script) assemble(name string, view *excerpt) eval.Case {
	feed := s.feed(view)
	s.measure(s.recent(feed, view))
	c := eval.Case{Name: name, Kind: s.kind, Causes: []string{}, Record: eval.Record{
		At: s.judged, Topology: s.topology(view), Alerts: s.alerts, Metrics: s.metrics,
		Changes: make([]correlate.Change, len(feed)),
	}}
	for i, m := range feed {
		c.Changes[i] = m.Change
	}
	for _, m := range s.guilty {
		c.Causes = append(c.Causes, m.ID)
	}
	shuffle(s.draw, c.Changes)
	shuffle(s.draw, c.Alerts)
	shuffle(s.draw, c.Metrics)
	shuffle(s.draw, c.Causes)
	return c
}

func shuffle[T any](d draw, items []T) {
	d.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
}

// feed is everything that the company changed: the routine of the last days, the
// older routine around the outage, and the story's own.
func (s *script) feed(view *excerpt) []*madeChange {
	rate := float64(s.w.options.ChangesPerDay)
	begin := s.onset.Add(-s.w.wholeFeed())
	made := s.w.routine(s.draw, begin, s.judged.Add(feedAfter), rate)
	old := s.w.routineOf(s.draw, s.remembered(view), s.onset.Add(-longestAgo), begin, rate)
	feed := make([]*madeChange, 0, len(made)+len(old)+len(s.guilty)+len(s.others))
	for i := range made {
		feed = append(feed, &made[i])
	}
	for i := range old {
		feed = append(feed, &old[i])
	}
	return append(append(feed, s.guilty...), s.others...)
}

// remembered are the services whose older changes the feed lists.
func (s *script) remembered(view *excerpt) []int {
	services := slices.Clone(view.centre)
	days := (longestAgo - s.w.wholeFeed()).Hours() / 24
	budget := oldChanges / days / float64(s.w.options.ChangesPerDay)
	for _, svc := range services {
		budget -= s.w.shareOf(svc)
	}
	for _, i := range s.Perm(len(view.near)) {
		svc := view.near[i]
		if budget -= s.w.shareOf(svc); budget < 0 {
			break
		}
		if !slices.Contains(view.centre, svc) {
			services = append(services, svc)
		}
	}
	return services
}

// recent are the changes of the last two hours near the outage.
func (s *script) recent(feed []*madeChange, view *excerpt) []*madeChange {
	var out []*madeChange
	for _, m := range feed {
		ago := s.onset.Sub(m.StartedAt)
		if ago > 0 && ago < 2*time.Hour && slices.Contains(view.near, m.service) {
			out = append(out, m)
		}
	}
	return out
}

// topology writes the excerpt as a snapshot of the day before.
func (s *script) topology(view *excerpt) correlate.Topology {
	t := correlate.Topology{
		ObservedAt: s.onset.Add(-seconds(s.between(3600, 24*3600))).Truncate(time.Second), Source: "tracing",
		Services: make([]correlate.Service, 0, len(view.shown)), Edges: make([]correlate.Edge, 0, len(view.edges)),
	}
	for _, svc := range view.shown {
		k := &s.w.services[svc]
		t.Services = append(t.Services, correlate.Service{
			Name: k.name, Tier: k.tier, Team: k.team, Environment: correlate.DefaultEnvironment, Lifecycle: "production",
		})
	}
	for _, e := range view.edges {
		c := s.w.callees[e.caller][e.place]
		t.Edges = append(t.Edges, correlate.Edge{
			Caller: s.w.services[e.caller].name, Callee: s.w.services[c.to].name, Kind: c.kind, CallsPerSecond: c.rate,
		})
	}
	shuffle(s.draw, t.Services)
	shuffle(s.draw, t.Edges)
	return t
}
