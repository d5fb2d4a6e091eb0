package correlate

import "slices"

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

// state tells whether the incident is open, and what else time decides.
func (c *cluster) state(asOf int64, cfg *GroupConfig) clusterState {
	s := clusterState{status: IncidentQuiet, deadline: forever}
	quiet := cfg.QuietFor.Milliseconds()
	ends := c.ends()
	for i, e := range c.members {
		s.updated = max(s.updated, e.start)
		if e.firing && ends[i] > asOf {
			s.deadline = min(s.deadline, ends[i])
		} else {
			s.resolves++
			s.updated = max(s.updated, ends[i])
		}
	}
	gaps, last := c.pulse(asOf)
	for _, gap := range gaps {
		if gap.to > gap.from+quiet {
			s.quietings++
		}
	}
	s.end = last.end
	switch {
	case last.firing:
		s.status = IncidentOpen
	case asOf < s.end+quiet:
		s.deadline = min(s.deadline, s.end+quiet)
	default:
		s.status = IncidentResolved
		s.quietings++
		s.updated = max(s.updated, s.end+quiet)
	}
	return s
}

// span is a time between two alerts in which none that carries the incident
// fired.
type span struct{ from, to int64 }

// carrying is the state of the alerts that carry an incident at some moment of
// its history: those of weight once there are any, before that all but notes.
type carrying struct {
	end            int64
	firing, weight bool
}

// pulse returns the gaps in which no alert carried the incident, and what
// carries it in the end.
func (c *cluster) pulse(asOf int64) (gaps []span, last carrying) {
	ends := c.ends()
	begun := false
	for i, e := range c.members {
		if !e.founds() || (last.weight && !e.weighty()) {
			continue
		}
		if begun && e.start > last.end {
			gaps = append(gaps, span{from: last.end, to: e.start})
		}
		if e.weighty() && !last.weight {
			last = carrying{end: ends[i], weight: true}
		}
		begun = true
		last.end = max(last.end, ends[i])
		last.firing = last.firing || (e.firing && ends[i] > asOf)
	}
	return gaps, last
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
