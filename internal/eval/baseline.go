package eval

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// The names of the baselines, as the contract gives them.
const (
	NameRecency         = "recency"
	NameLatestDeploy    = "latest-deploy"
	NameSameService     = "same-service"
	NameTopologyRecency = "topology-recency"
	NameRandom          = "random"
)

// baselines returns the rules that people use today. All of them look at the
// changes that started before the first alert of the worst severity, and at
// the services of such alerts; none can say that no change did it.
func baselines() []Ranker {
	return []Ranker{
		baseline{NameRecency, recency},
		baseline{NameLatestDeploy, latestDeploy},
		baseline{NameSameService, sameService},
		baseline{NameTopologyRecency, topologyRecency},
		baseline{NameRandom, random},
	}
}

// baseline is a rule that orders the changes before the onset.
type baseline struct {
	name string
	rule func(v *View, before []correlate.Change, onset time.Time) []Suspect
}

// Name implements Ranker.
func (b baseline) Name() string { return b.name }

// Rank implements Ranker.
func (b baseline) Rank(v View) Answer {
	begin := onset(v.Alerts, v.At)
	before := make([]correlate.Change, 0, len(v.Changes))
	for _, c := range v.Changes {
		if !c.StartedAt.After(begin) {
			before = append(before, c)
		}
	}
	suspects := b.rule(&v, before, begin)
	sortSuspects(suspects)
	return Answer{Suspects: suspects, Uncalibrated: true}
}

// scored gives every change the score of a rule.
func scored(changes []correlate.Change, score func(*correlate.Change) float64) []Suspect {
	out := make([]Suspect, len(changes))
	for i := range changes {
		out[i] = Suspect{Change: changes[i].Key(), Score: score(&changes[i])}
	}
	return out
}

// age is how long before the onset a change started, in milliseconds: the
// contract's precision, so that equal contract times tie.
func age(c *correlate.Change, onset time.Time) float64 {
	return float64(onset.Sub(c.StartedAt).Milliseconds())
}

// A first and a second criterion share one score: the first counts steps of
// more milliseconds than any age has (1e12 ms are 31 years), and stays small
// enough that every sum is exact in a float64.
const (
	criterionStep = 1e12
	farthest      = 8000
)

// lexicographic joins two criteria, both better when smaller.
func lexicographic(first, second float64) float64 {
	return -(min(first, farthest)*criterionStep + min(second, criterionStep-1))
}

// recency ranks by the latest start.
func recency(_ *View, before []correlate.Change, onset time.Time) []Suspect {
	return scored(before, func(c *correlate.Change) float64 { return -age(c, onset) })
}

// latestDeploy ranks the production deploys that had succeeded before the
// onset by their end; other changes are not listed. A deploy whose end is not
// reported counts by its start.
func latestDeploy(_ *View, before []correlate.Change, onset time.Time) []Suspect {
	var out []Suspect
	for i := range before {
		c := &before[i]
		if !finishedDeploy(c) || c.End().After(onset) {
			continue
		}
		out = append(out, Suspect{Change: c.Key(), Score: -float64(onset.Sub(c.End()).Milliseconds())})
	}
	return out
}

func finishedDeploy(c *correlate.Change) bool {
	production := c.Environment == "" || c.Environment == correlate.DefaultEnvironment
	ended := c.Status == correlate.StatusSucceeded || c.Status == ""
	return c.Kind == correlate.KindDeploy && production && ended
}

// sameService ranks changes of alerting services by recency, then the rest. A
// change without services affects its whole environment, the alerting services
// too.
func sameService(v *View, before []correlate.Change, onset time.Time) []Suspect {
	alerting := alertingServices(v)
	return scored(before, func(c *correlate.Change) float64 {
		elsewhere := 1.0
		if len(c.Services) == 0 {
			elsewhere = 0
		}
		for _, s := range c.Services {
			if alerting[s] {
				elsewhere = 0
			}
		}
		return lexicographic(elsewhere, age(c, onset))
	})
}

// topologyRecency ranks by the fewest calls from an alerting service down to a
// changed one, then by recency.
func topologyRecency(v *View, before []correlate.Change, onset time.Time) []Suspect {
	hops := callDistances(&v.Topology, alertingServices(v))
	return scored(before, func(c *correlate.Change) float64 {
		nearest := float64(farthest)
		if len(c.Services) == 0 {
			nearest = 0
		}
		for _, s := range c.Services {
			if d, ok := hops[s]; ok {
				nearest = min(nearest, float64(d))
			}
		}
		return lexicographic(nearest, age(c, onset))
	})
}

// random cannot tell any two changes apart: one tie, scored in expectation.
func random(_ *View, before []correlate.Change, _ time.Time) []Suspect {
	return scored(before, func(*correlate.Change) float64 { return 0 })
}

func alertingServices(v *View) map[string]bool {
	services := make(map[string]bool)
	for _, a := range symptoms(v.Alerts) {
		services[a.Service] = true
	}
	return services
}

// callDistances counts the calls from any of the given services to each
// service that they reach, breadth first.
func callDistances(t *correlate.Topology, from map[string]bool) map[string]int {
	callees := make(map[string][]string)
	for i := range t.Edges {
		callees[t.Edges[i].Caller] = append(callees[t.Edges[i].Caller], t.Edges[i].Callee)
	}
	distance := make(map[string]int, len(from))
	var queue []string
	for s := range from {
		distance[s] = 0
		queue = append(queue, s)
	}
	for len(queue) > 0 {
		s := queue[0]
		queue = queue[1:]
		for _, next := range callees[s] {
			if _, seen := distance[next]; !seen {
				distance[next] = distance[s] + 1
				queue = append(queue, next)
			}
		}
	}
	return distance
}
