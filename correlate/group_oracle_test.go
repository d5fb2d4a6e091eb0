package correlate

import (
	"slices"
	"time"
)

// oracleIncidents is the meaning of grouping, written down as plainly as
// possible: every pair of alerts is looked at, nothing is kept. It shares with
// the Grouper the table of limits and the making of rows, but none of the
// searching, the shortcuts and the bookkeeping.
func oracleIncidents(cfg GroupConfig, edges []Edge, alerts []Alert, asOf time.Time) []Incident {
	o := oracle{cfg: cfg, edges: edges}
	for i := range alerts {
		e := newEpisode(&alerts[i])
		e.derive(&cfg, nil)
		muted := e.start != e.key.startMS && (e.start > asOf.UnixMilli() || e.end < e.start)
		if muted {
			continue
		}
		o.episodes = append(o.episodes, e)
	}
	slices.SortFunc(o.episodes, compareEpisodes)
	for _, e := range o.episodes {
		e.site = o.site(e)
		e.follower = len(o.callees(e.alert.Service)) > cfg.HubDegree || e.declared != "" ||
			(e.severity != SeverityCritical && e.severity != SeverityHigh)
	}
	o.link()
	var rows []Incident
	for _, members := range o.clusters() {
		founder := slices.IndexFunc(members, (*episode).founds)
		if founder < 0 {
			continue
		}
		c := &cluster{members: members, founder: members[founder]}
		rows = append(rows, c.living(asOf.UnixMilli(), &cfg))
		for _, m := range oracleMerged(members) {
			rows = append(rows, c.mergedRow(m))
		}
	}
	sortIncidents(rows)
	return rows
}

type oracle struct {
	cfg      GroupConfig
	edges    []Edge
	episodes []*episode
	sites    []*site
}

func (o *oracle) site(e *episode) *site {
	key := siteKey{e.environment(), e.alert.Service}
	if slot := e.start / blindSlot.Milliseconds(); e.noData && (o.blind(e, slot-1) || o.blind(e, slot)) {
		key.service = blindPlace + e.alert.Source
	}
	for _, s := range o.sites {
		if s.key == key {
			return s
		}
	}
	o.sites = append(o.sites, &site{key: key})
	return o.sites[len(o.sites)-1]
}

// blind counts islands among the services whose data the source of e lacked in
// a slot and the next one.
func (o *oracle) blind(e *episode, slot int64) bool {
	var counted []string
	for _, service := range append(o.dark(e, slot), o.dark(e, slot+1)...) {
		if !slices.Contains(counted, service) && !slices.ContainsFunc(counted, func(known string) bool {
			near := o.neighbours(known)
			return len(near) <= o.cfg.HubDegree && slices.Contains(near, service)
		}) {
			counted = append(counted, service)
		}
	}
	return len(counted) >= blindIslands
}

// dark are the services whose data the source of e lacked in a slot, in order.
func (o *oracle) dark(e *episode, slot int64) []string {
	var services []string
	for _, other := range o.episodes {
		if other.noData && other.alert.Source == e.alert.Source && other.environment() == e.environment() &&
			other.start/blindSlot.Milliseconds() == slot {
			services = append(services, other.alert.Service)
		}
	}
	slices.Sort(services)
	return slices.Compact(services)
}

func (o *oracle) callees(service string) []string {
	var names []string
	for _, e := range o.edges {
		if e.Caller == service && e.Callee != service && !slices.Contains(names, e.Callee) {
			names = append(names, e.Callee)
		}
	}
	return names
}

func (o *oracle) callers(service string) []string {
	var names []string
	for _, e := range o.edges {
		if e.Callee == service && e.Caller != service && !slices.Contains(names, e.Caller) {
			names = append(names, e.Caller)
		}
	}
	return names
}

func (o *oracle) neighbours(service string) []string {
	return append(o.callees(service), o.callers(service)...)
}

func (o *oracle) way(a, b *site) (nearSite, bool) {
	if a.key.environment != b.key.environment {
		return nearSite{}, false
	}
	if a == b {
		return nearSite{site: b, reach: reachSame}, true
	}
	if _, blind := a.blindTo(); blind {
		return nearSite{}, false
	}
	of, to := o.neighbours(a.key.service), o.neighbours(b.key.service)
	hub := len(of) > o.cfg.HubDegree || len(to) > o.cfg.HubDegree
	switch {
	case slices.Contains(of, b.key.service) && hub:
		return nearSite{site: b, reach: reachHub}, true
	case slices.Contains(of, b.key.service):
		return nearSite{site: b, reach: reachDirect}, true
	case hub:
		return nearSite{}, false
	}
	least := 0
	for _, shared := range of {
		if degree := len(o.neighbours(shared)); slices.Contains(to, shared) && degree <= o.cfg.SharedDegree {
			if least == 0 || degree < least {
				least = degree
			}
		}
	}
	return nearSite{site: b, reach: reachShared, degree: least}, least > 0
}

func (o *oracle) link() {
	for i, a := range o.episodes {
		for j, b := range o.episodes[i+1:] {
			way, near := o.way(a.site, b.site)
			sameDeclared := a.declared != "" && a.declared == b.declared
			again := !slices.ContainsFunc(o.episodes[i+1:i+1+j], func(between *episode) bool {
				return between.key.fingerprint == a.key.fingerprint
			}) && refires(a, b)
			if (!near || !linked(a, b, way)) && !again && !sameDeclared {
				continue
			}
			switch {
			case a.follower == b.follower:
				b.peers = append(b.peers, a)
			case a.follower && (a.best == nil || compareEpisodes(b, a.best) < 0):
				a.best = b
			case b.follower && (b.best == nil || compareEpisodes(a, b.best) < 0):
				b.best = a
			}
		}
	}
}

// clusters joins peers, then moves whole groups of followers to anchors.
func (o *oracle) clusters() [][]*episode {
	var clusters [][]*episode
	home := map[*episode]*episode{}
	groups := oracleComponents(o.episodes, false)
	for _, group := range groups {
		target := group[0]
		var best *episode
		for _, e := range group {
			if e.best != nil && (best == nil || compareEpisodes(e.best, best) < 0) {
				best = e.best
			}
		}
		for _, other := range groups {
			if best != nil && slices.Contains(other, best) {
				target = other[0]
			}
		}
		for _, e := range group {
			home[e] = target
		}
	}
	for _, first := range o.episodes {
		var members []*episode
		for _, e := range o.episodes {
			if home[e] == first {
				members = append(members, e)
			}
		}
		if len(members) > 0 {
			clusters = append(clusters, members)
		}
	}
	return clusters
}

// oracleComponents spreads labels along links until nothing changes.
func oracleComponents(members []*episode, attached bool) [][]*episode {
	label := map[*episode]int{}
	for i, e := range members {
		label[e] = i
	}
	for changed := true; changed; {
		changed = false
		for _, e := range members {
			links := slices.Clone(e.peers)
			if attached && e.best != nil {
				links = append(links, e.best)
			}
			for _, other := range links {
				if _, member := label[other]; member && label[other] != label[e] {
					least := min(label[other], label[e])
					label[other], label[e], changed = least, least, true
				}
			}
		}
	}
	var components [][]*episode
	for i := range members {
		var component []*episode
		for _, e := range members {
			if label[e] == i {
				component = append(component, e)
			}
		}
		if len(component) > 0 {
			components = append(components, component)
		}
	}
	return components
}

// oracleMerged looks at the components of every prefix of the members.
func oracleMerged(members []*episode) []mergedID {
	var ids []mergedID
	stood := map[*episode]int64{}
	into := map[*episode]*episode{}
	for i, e := range members {
		if i+1 < len(members) && members[i+1].start == e.start {
			continue
		}
		founders := map[*episode]int64{}
		for _, component := range oracleComponents(members[:i+1], true) {
			at := slices.IndexFunc(component, (*episode).founds)
			if at < 0 {
				continue
			}
			founders[component[at]] = int64(len(component))
			for _, loser := range component[at+1:] {
				if size, was := stood[loser]; was {
					ids = append(ids, mergedID{founder: loser, at: e.start, size: size})
					into[loser] = component[at]
				}
			}
		}
		stood = founders
	}
	for i := range ids {
		for next := into[ids[i].founder]; next != nil; next = into[next] {
			ids[i].hops++
		}
	}
	return ids
}
