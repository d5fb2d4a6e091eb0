package correlate

import (
	"math"
	"slices"
)

// cluster is the alerts of one incident in order. Founder is nil when none of
// them is weighty enough to be an incident.
type cluster struct {
	members []*episode
	founder *episode
	merged  []mergedID
}

func newCluster(members []*episode) *cluster {
	c := &cluster{members: members}
	if i := slices.IndexFunc(members, (*episode).founds); i >= 0 {
		c.founder = members[i]
		c.merged = replayed(members)
	}
	return c
}

// withdraw takes the cluster out of the living incidents, unless another one
// has taken its place.
func (c *cluster) withdraw(living map[string]*cluster) {
	if c.founder != nil && living[c.founder.id] == c {
		delete(living, c.founder.id)
	}
}

// clusterState is what a cluster looks like at one moment.
type clusterState struct {
	status    IncidentStatus
	end       int64
	updated   int64
	resolves  int64
	quietings int64
	deadline  int64
}

// state tells whether the incident is open. The alerts that carry it decide:
// critical, high and declared ones, or any but notes if there are none.
func (c *cluster) state(asOf int64, cfg *GroupConfig) clusterState {
	s := clusterState{status: IncidentQuiet, end: math.MinInt64, deadline: forever}
	quiet := cfg.QuietFor.Milliseconds()
	ends := c.ends()
	weighty := slices.ContainsFunc(c.members, (*episode).weighty)
	for i, e := range c.members {
		firing := ends[i] > asOf && e.firing
		s.updated = max(s.updated, e.start)
		if firing {
			s.deadline = min(s.deadline, ends[i])
		} else {
			s.resolves++
			s.updated = max(s.updated, ends[i])
		}
		if (weighty && !e.weighty()) || !e.founds() {
			continue
		}
		if s.end != math.MinInt64 && e.start > s.end+quiet {
			s.quietings++
		}
		s.end = max(s.end, ends[i])
		if firing {
			s.status = IncidentOpen
		}
	}
	switch {
	case s.status == IncidentOpen:
	case asOf < s.end+quiet:
		s.deadline = min(s.deadline, s.end+quiet)
	default:
		s.status = IncidentResolved
		s.quietings++
		s.updated = max(s.updated, s.end+quiet)
	}
	return s
}

// weighty reports whether the alert alone keeps its incident open.
func (e *episode) weighty() bool {
	return e.declared != "" || e.severity.Rank() >= SeverityHigh.Rank()
}

// ends returns when each member ended or will be given up. A series that
// fires again has ended before, even if its resolve was lost.
func (c *cluster) ends() []int64 {
	ends := make([]int64, len(c.members))
	again := map[string]int64{}
	for i := len(c.members) - 1; i >= 0; i-- {
		e := c.members[i]
		ends[i] = e.end
		if next, ok := again[e.key.fingerprint]; ok && e.firing {
			ends[i] = min(e.end, next)
		}
		again[e.key.fingerprint] = e.start
	}
	return ends
}
