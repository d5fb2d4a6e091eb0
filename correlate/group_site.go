package correlate

import (
	"slices"
	"sort"
)

// Nearness is the grouper's view of the call graph.
type Nearness interface {
	// Adjacent calls visit with each direct callee and caller of the service; a
	// service that is both may come twice.
	Adjacent(service string, visit func(other string))
	// Degree returns the number of callers and of callees of the service.
	Degree(service string) (callers, callees int)
}

// Adjacent implements Nearness.
func (g *Graph) Adjacent(service string, visit func(other string)) {
	id, ok := g.id(service)
	if !ok {
		return
	}
	for _, a := range g.calleesOf(id) {
		visit(g.names[a.to])
	}
	for _, a := range g.callersOf(id) {
		visit(g.names[a.to])
	}
}

// Degree implements Nearness.
func (g *Graph) Degree(service string) (callers, callees int) {
	id, ok := g.id(service)
	if !ok {
		return 0, 0
	}
	return len(g.callersOf(id)), len(g.calleesOf(id))
}

// siteKey names a service in one environment. Alerts of different environments
// never meet.
type siteKey struct {
	environment, service string
}

// site holds the alerts of one service in one environment, and the ways to the
// sites with alerts that are near, the first of which leads to itself.
type site struct {
	key       siteKey
	anchors   episodeList
	followers episodeList
	near      []nearSite
	// spread is true for a service that calls a great many others. It shows
	// the trouble of any of them and therefore joins none of their incidents.
	spread bool
}

// nearSite is a way to another site. Degree is the least number of neighbours
// of a service that both share, for reachShared only.
type nearSite struct {
	site   *site
	reach  reach
	degree int
}

// siteOf returns the site of the key and creates it when it is the first.
func (g *Grouper) siteOf(key siteKey) *site {
	if s, ok := g.sites[key]; ok {
		return s
	}
	s := &site{key: key}
	g.sites[key] = s
	s.near = append(s.near, nearSite{site: s, reach: reachSame})
	if g.near != nil {
		_, callees := g.near.Degree(key.service)
		s.spread = callees > g.cfg.HubDegree
		for _, way := range g.findNear(s) {
			s.near = append(s.near, way)
			way.site.near = append(way.site.near, nearSite{site: s, reach: way.reach, degree: way.degree})
		}
	}
	return s
}

// findNear looks for sites within two calls in either direction. The walk is
// bounded by HubDegree times SharedDegree steps, or by the neighbours of s when
// s is a hub.
func (g *Grouper) findNear(s *site) map[*site]nearSite {
	found := map[*site]nearSite{}
	hub := g.degree(s.key.service) > g.cfg.HubDegree
	g.near.Adjacent(s.key.service, func(name string) {
		other, ok := g.sites[siteKey{s.key.environment, name}]
		if !ok || other == s {
			return
		}
		way := nearSite{site: other, reach: reachDirect}
		if hub || g.degree(name) > g.cfg.HubDegree {
			way.reach = reachHub
		}
		found[other] = way
	})
	if !hub {
		g.near.Adjacent(s.key.service, func(name string) { g.findShared(s, name, found) })
	}
	return found
}

// findShared adds the sites that share the named neighbour with s, unless that
// neighbour or the other service is a hub.
func (g *Grouper) findShared(s *site, shared string, found map[*site]nearSite) {
	degree := g.degree(shared)
	if degree > g.cfg.SharedDegree {
		return
	}
	g.near.Adjacent(shared, func(name string) {
		other, ok := g.sites[siteKey{s.key.environment, name}]
		if !ok || other == s {
			return
		}
		way, known := found[other]
		switch {
		case !known && g.degree(name) <= g.cfg.HubDegree:
			found[other] = nearSite{site: other, reach: reachShared, degree: degree}
		case known && way.reach == reachShared && degree < way.degree:
			way.degree = degree
			found[other] = way
		}
	})
}

func (g *Grouper) degree(service string) int {
	callers, callees := g.near.Degree(service)
	return callers + callees
}

// dropSite forgets a site without alerts.
func (g *Grouper) dropSite(s *site) {
	for _, way := range s.near[1:] {
		way.site.near = slices.DeleteFunc(way.site.near, func(back nearSite) bool { return back.site == s })
	}
	delete(g.sites, s.key)
}

// episodeList is ordered by compareEpisodes.
type episodeList []*episode

// from returns the index of the first episode that starts at the moment or
// later.
func (l episodeList) from(ms int64) int {
	return sort.Search(len(l), func(i int) bool { return l[i].start >= ms })
}

// position returns the index of the episode, or where it would be inserted.
func (l episodeList) position(e *episode) int {
	return sort.Search(len(l), func(i int) bool { return compareEpisodes(l[i], e) >= 0 })
}

func (l episodeList) inserted(e *episode) episodeList {
	return slices.Insert(l, l.position(e), e)
}

func (l episodeList) removed(e *episode) episodeList {
	if i := l.position(e); i < len(l) && l[i] == e {
		return slices.Delete(l, i, i+1)
	}
	return l
}

// before returns the last episode before e, nil if there is none.
func (l episodeList) before(e *episode) *episode {
	if i := l.position(e); i > 0 {
		return l[i-1]
	}
	return nil
}

// after returns the first episode after e, nil if there is none.
func (l episodeList) after(e *episode) *episode {
	i := l.position(e)
	if i < len(l) && l[i] == e {
		i++
	}
	if i < len(l) {
		return l[i]
	}
	return nil
}

// lastLinked returns the last episode before e that is linked to it. One is
// enough: whatever earlier one of the same site is linked to e is then linked
// to that one as well, because the limits within a service are the widest.
func (l episodeList) lastLinked(e *episode, way nearSite) *episode {
	limit := bondLimits[bondAnchors][way.reach]
	if e.follower {
		limit = bondLimits[bondFollowers][way.reach]
	}
	oldest := e.start - max(limit.after, limit.carry+limit.linger).Milliseconds()
	for i := l.position(e) - 1; i >= 0 && l[i].start >= oldest; i-- {
		if linked(l[i], e, way) {
			return l[i]
		}
	}
	return nil
}
