package correlate

import (
	"slices"
	"time"
)

// facts is what a finding rests on at one moment: how many facts there are, the
// latest moment among them, and when time alone will add the next one. Times
// are Unix milliseconds.
type facts struct {
	count  int
	latest int64
	next   int64
}

func (f *facts) add(at int64) {
	f.count++
	f.latest = max(f.latest, at)
}

// addDue adds the moment if it has come, or else remembers it.
func (f *facts) addDue(at, now int64) {
	if at <= now {
		f.add(at)
	} else {
		f.next = min(f.next, at)
	}
}

// factsOf counts the facts of an incident: each alert, each end of an alert,
// each checkpoint that has passed since its start and since each recovery, and
// what is known of the changes on its services and next to them: that they
// began, took a step, ended.
//
// The count never goes down as long as alerts only become more and end, which
// makes it the version of the finding.
func (r *Runner) factsOf(c *cluster, services []string, now int64) facts {
	f := facts{next: forever}
	ends := c.ends()
	for i, e := range c.members {
		f.add(e.start)
		if !e.firing || ends[i] <= now {
			f.add(ends[i])
		}
	}
	start := c.founder.start
	for _, after := range r.cfg.Checkpoints {
		f.addDue(start+after.Milliseconds(), now)
	}
	until := int64(forever)
	gaps, last := c.pulse(now)
	if !last.firing {
		gaps = append(gaps, span{from: last.end, to: forever})
		until = last.end + longest(r.cfg.RecoveryCheckpoints)
	}
	for _, gap := range gaps {
		for _, after := range r.cfg.RecoveryCheckpoints {
			if at := gap.from + after.Milliseconds(); at < gap.to {
				f.addDue(at, now)
			}
		}
	}
	from := start - r.cfg.CandidateWindow.Milliseconds()
	r.changes.eachAround(services, c.founder.environment(), from, min(now, until), func(change *Change) {
		f.addChange(change, start, from, min(now, until))
	})
	return f
}

// addChange adds the moments of a change that fall in the time from which on
// changes are candidates, and that it was reported only after the incident
// began.
func (f *facts) addChange(c *Change, start, from, until int64) {
	note := func(at time.Time) {
		if ms := at.UnixMilli(); from <= ms && ms <= until {
			f.add(ms)
		}
	}
	note(c.StartedAt)
	for i := range c.Rollout {
		note(c.Rollout[i].At)
	}
	if c.FinishedAt != nil {
		note(*c.FinishedAt)
	}
	if c.ObservedAt != nil && c.StartedAt.UnixMilli() <= start && c.ObservedAt.UnixMilli() > start {
		f.add(c.StartedAt.UnixMilli())
	}
}

func longest(durations []time.Duration) int64 {
	if len(durations) == 0 {
		return 0
	}
	return slices.Max(durations).Milliseconds()
}

// maxRollout bounds how long before the time in question a change may have
// begun that is still looked at for its later steps.
const maxRollout = 24 * time.Hour

// eachAround calls visit once for each change of the services, or of the whole
// environment, that began between the two moments or up to maxRollout before.
func (x *ChangeIndex) eachAround(services []string, environment string, from, to int64, visit func(*Change)) {
	seen := map[uint32]struct{}{}
	scan := func(list []dated) {
		for i := len(list) - 1; i >= 0; i-- {
			ref := list[i].ref
			if list[i].start < from-maxRollout.Milliseconds() {
				return
			}
			body := x.bodies[ref]
			if _, twice := seen[ref]; twice || body == nil || x.names.name(x.at(ref).env) != environment {
				continue
			}
			seen[ref] = struct{}{}
			visit(body)
		}
	}
	for _, name := range services {
		scan(x.of(name, to))
	}
	scan(until(x.wide, to))
}

// around returns the names of the incident's services and of those next to
// them, in order. Of a hub's neighbours there are too many to matter.
func (r *Runner) around(c *cluster) []string {
	var names []string
	for _, e := range c.members {
		names = append(names, e.alert.Service)
	}
	names = distinct(names)
	graph := r.atlas.graph
	for _, name := range slices.Clone(names) {
		callers, callees := graph.Degree(name)
		if callers+callees <= r.cfg.Group.HubDegree {
			graph.Adjacent(name, func(other string) { names = append(names, other) })
		}
	}
	return distinct(names)
}
