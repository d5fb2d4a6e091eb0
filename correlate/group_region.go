package correlate

import "slices"

// region is a set of episodes with no link to the outside, of any kind: the
// unit that is grouped anew when one of its episodes changes.
type region struct {
	members  []*episode
	clusters []*cluster
	// end is the latest end of a member, touched the moment of the last news,
	// deadline the first moment at which time alone changes a cluster.
	end, touched, deadline int64
	spoiled                bool
}

// enter lets the episode count from now on, or from the end of the maintenance
// window that mutes it.
func (g *Grouper) enter(e *episode) {
	e.derive(&g.cfg, g.ends[e.key.fingerprint])
	e.touched = max(e.touched, g.asOf)
	if e.start != e.key.startMS && (e.start > g.asOf || e.end < e.start) {
		if e.start > g.asOf {
			g.muted[e] = struct{}{}
			g.next = min(g.next, e.start)
		}
		return
	}
	if e.noData {
		g.enlist(e)
	}
	g.house(e)
}

// house puts the episode where it counts and links it.
func (g *Grouper) house(e *episode) {
	e.site = g.siteOf(g.place(e))
	e.follower = e.site.spread || e.declared != "" || e.severity.Rank() < SeverityHigh.Rank()
	if e.follower {
		e.site.followers = e.site.followers.inserted(e)
	} else {
		e.site.anchors = e.site.anchors.inserted(e)
	}
	g.series[e.key.fingerprint] = g.series[e.key.fingerprint].inserted(e)
	if e.declared != "" {
		g.declared[e.declared] = g.declared[e.declared].inserted(e)
	}
	g.loose = append(g.loose, e)
	g.relink(e)
	g.offer(e)
}

// leave takes the episode out of all lists but the one of all episodes.
func (g *Grouper) leave(e *episode) {
	delete(g.muted, e)
	if e.site == nil {
		return
	}
	g.unhouse(e)
	if e.noData {
		g.delist(e)
	}
}

// unhouse takes the episode out of the lists of its place.
func (g *Grouper) unhouse(e *episode) {
	s := e.site
	s.anchors, s.followers = s.anchors.removed(e), s.followers.removed(e)
	removeFrom(g.series, e.key.fingerprint, e)
	removeFrom(g.declared, e.declared, e)
	if e.region == nil {
		g.loose = slices.DeleteFunc(g.loose, func(other *episode) bool { return other == e })
	} else {
		g.spoil(e.region)
	}
	e.site, e.region, e.peers, e.best = nil, nil, nil, nil
	if len(s.anchors)+len(s.followers) == 0 {
		g.dropSite(s)
	}
}

func removeFrom(lists map[string]episodeList, key string, e *episode) {
	if l := lists[key].removed(e); len(l) > 0 {
		lists[key] = l
	} else {
		delete(lists, key)
	}
}

// update replaces what is known about an episode.
func (g *Grouper) update(e *episode, alert Alert) {
	fresh := newEpisode(&alert)
	fresh.derive(&g.cfg, g.ends[e.key.fingerprint])
	if e.site == nil || !e.samePlace(fresh) {
		dependants := g.dependants(e, e.start-attachAhead.Milliseconds(), e.influence())
		was, watched := e.watchKey(), e.noData && e.site != nil
		g.leave(e)
		if watched {
			g.review(was, e)
		}
		e.alert, e.said = fresh.alert, fresh.said
		g.enter(e)
		for _, other := range dependants {
			if other.site != nil {
				g.relink(other)
			}
		}
		return
	}
	first, last := min(e.end, fresh.end), max(e.influence(), fresh.influence())
	changed := e.end != fresh.end || e.firing != fresh.firing
	e.said, e.alert = fresh.said, fresh.alert
	e.end, e.firing, e.touched = fresh.end, fresh.firing, max(e.touched, g.asOf)
	g.unsettle(e)
	if changed {
		for _, other := range g.dependants(e, first, last) {
			g.relink(other)
		}
	}
}

// samePlace reports whether two states of one episode differ at most in when
// it ends and in what the responder reads.
func (e *episode) samePlace(other *episode) bool {
	return e.start == other.start && e.declared == other.declared && e.family == other.family &&
		e.severity == other.severity && e.environment() == other.environment() &&
		e.alert.Service == other.alert.Service && e.noData == other.noData && (!e.noData || e.alert.Source == other.alert.Source)
}

// influence is the latest start of an episode that may be linked to e by the
// table of limits.
func (e *episode) influence() int64 {
	return max(e.start+attachLatest.Milliseconds(), e.heldUntil(attachBack)+attachAhead.Milliseconds())
}

// dependants returns the episodes near e that start between the two moments,
// and the next one of its series and of its declared incident.
func (g *Grouper) dependants(e *episode, from, to int64) []*episode {
	if e.site == nil {
		return nil
	}
	var found []*episode
	for _, way := range e.site.near {
		for _, list := range [...]episodeList{way.site.anchors, way.site.followers} {
			for _, other := range list[list.from(from):] {
				if other.start > to {
					break
				}
				if other != e {
					found = append(found, other)
				}
			}
		}
	}
	for _, line := range [...]episodeList{g.series[e.key.fingerprint], g.declared[e.declared]} {
		if next := line.after(e); next != nil {
			found = append(found, next)
		}
	}
	return found
}

// unsettle has the region of the episode grouped anew.
func (g *Grouper) unsettle(e *episode) {
	if e.region != nil {
		g.spoil(e.region)
	}
}

func (g *Grouper) spoil(r *region) {
	if !r.spoiled {
		r.spoiled = true
		g.spoiled = append(g.spoiled, r)
	}
}

// flush groups the episodes of all spoiled regions anew.
func (g *Grouper) flush() {
	if len(g.spoiled)+len(g.loose) == 0 {
		return
	}
	members := g.loose
	for _, r := range g.spoiled {
		delete(g.regions, r)
		delete(g.changed, r)
		for _, c := range r.clusters {
			c.withdraw(g.incident)
		}
		for _, e := range r.members {
			if e.region == r {
				members = append(members, e)
			}
		}
	}
	g.loose, g.spoiled = nil, nil
	slices.SortFunc(members, compareEpisodes)
	for _, part := range partition(members, (*episode).links) {
		r := g.newRegion(part)
		g.regions[r] = struct{}{}
		g.changed[r] = struct{}{}
		g.next = min(g.next, r.deadline)
	}
}

// links returns everything the episode is linked to.
func (e *episode) links(visit func(other *episode)) {
	e.peerLinks(visit)
	if e.best != nil {
		visit(e.best)
	}
}

func (e *episode) peerLinks(visit func(other *episode)) {
	for _, p := range e.peers {
		visit(p)
	}
}

// newRegion groups the members, which are in order, into clusters.
func (g *Grouper) newRegion(members []*episode) *region {
	r := &region{members: members, deadline: forever}
	for _, e := range members {
		e.region = r
		r.end, r.touched = max(r.end, e.end), max(r.touched, e.touched)
	}
	for _, part := range clustersOf(members) {
		c := newCluster(part)
		r.clusters = append(r.clusters, c)
		if c.founder != nil {
			g.incident[c.founder.id] = c
			r.deadline = min(r.deadline, c.state(g.asOf, &g.cfg).deadline)
		}
	}
	return r
}

// clustersOf splits the members of a region into incidents: what peers join
// stays together, and a group of followers goes to the anchors of the earliest
// anchor that one of them is linked to.
func clustersOf(members []*episode) [][]*episode {
	groups := partition(members, (*episode).peerLinks)
	home := make([]int, len(groups))
	groupOf := make([]int, len(members))
	for i, group := range groups {
		home[i] = i
		for _, e := range group {
			groupOf[e.rank] = i
		}
	}
	for i, group := range groups {
		var best *episode
		for _, e := range group {
			if e.best != nil && (best == nil || compareEpisodes(e.best, best) < 0) {
				best = e.best
			}
		}
		if best != nil {
			home[i] = groupOf[best.rank]
		}
	}
	merged := make([][]*episode, len(groups))
	for _, e := range members {
		at := home[groupOf[e.rank]]
		merged[at] = append(merged[at], e)
	}
	return slices.DeleteFunc(merged, func(c []*episode) bool { return len(c) == 0 })
}

// forget drops the episode for good, together with its whole region.
func (g *Grouper) forget(e *episode) {
	g.leave(e)
	delete(g.episodes, e.key)
	delete(g.recalled, e.id)
}
