package correlate

import "time"

// reach says how near two services are to each other.
type reach uint8

// The reaches, nearest first.
const (
	// reachSame: one service.
	reachSame reach = iota
	// reachDirect: one calls the other.
	reachDirect
	// reachHub: one calls the other, and at least one of them is a hub.
	reachHub
	// reachShared: both call or are called by a third service that is no hub,
	// or one calls the third and the third calls the other.
	reachShared
)

// bond says what two alerts are to each other.
type bond uint8

const (
	// bondAnchors: two anchors.
	bondAnchors bond = iota
	// bondAttach: a follower and an anchor.
	bondAttach
	// bondDeclared: a declared incident and an anchor.
	bondDeclared
	// bondFollowers: two followers.
	bondFollowers
)

// bondLimit bounds the time between two alerts of one incident. The later one
// starts at most after the earlier one, or before when the earlier one is the
// follower of an attachment. It also starts in time when the earlier one still
// holds (see heldUntil with carry), or ended at most linger ago. Zero: never.
type bondLimit struct {
	before, after, carry, linger time.Duration
}

// bondLimits is the table of limits.
//
// Alarms follow the impact of one fault by 3, 8, 20 and 89 minutes (25th, 50th,
// 75th and 95th percentile of 70 published records), so two alarms of one fault
// are often a quarter of an hour apart, which is the limit between a service
// and its caller. The farther two services are from each other, the more other
// incidents lie between them, and the shorter the limit.
var bondLimits = [4][4]bondLimit{
	bondAnchors: {
		reachSame:   {30 * time.Minute, 30 * time.Minute, 6 * time.Hour, 30 * time.Minute},
		reachDirect: {15 * time.Minute, 15 * time.Minute, 30 * time.Minute, 0},
		reachHub:    {10 * time.Minute, 10 * time.Minute, 0, 0},
		reachShared: {10 * time.Minute, 10 * time.Minute, 0, 0},
	},
	bondAttach: {
		reachSame:   {15 * time.Minute, 30 * time.Minute, 6 * time.Hour, 15 * time.Minute},
		reachDirect: {5 * time.Minute, 10 * time.Minute, 0, 0},
		reachHub:    {5 * time.Minute, 5 * time.Minute, 0, 0},
	},
	bondDeclared: {
		reachSame:   {30 * time.Minute, 2 * time.Hour, 6 * time.Hour, 30 * time.Minute},
		reachDirect: {15 * time.Minute, time.Hour, 6 * time.Hour, 0},
		reachHub:    {5 * time.Minute, 10 * time.Minute, 0, 0},
	},
	bondFollowers: {
		reachSame:   {30 * time.Minute, 30 * time.Minute, 6 * time.Hour, 30 * time.Minute},
		reachDirect: {5 * time.Minute, 5 * time.Minute, 0, 0},
	},
}

// sharedFree is the number of neighbours up to which a shared service damps
// nothing. With twice as many the time limit halves, and so on: the more
// services share a neighbour, the less it says that two of them do. On simulated
// storms 32 finds more of each outage than 8 and mixes no more of them.
const sharedFree = 32

// reopenSeries is how long after its resolve the same series may fire again
// and still belong to the incident, however long it fired.
const reopenSeries = 30 * time.Minute

// bondOf tells what two episodes are to each other.
func bondOf(a, b *episode) bond {
	switch {
	case !a.follower && !b.follower:
		return bondAnchors
	case a.follower && b.follower:
		return bondFollowers
	case a.declared != "" || b.declared != "":
		return bondDeclared
	default:
		return bondAttach
	}
}

// linked reports whether two episodes, the first one not later than the second
// and their services near by way, belong together.
func linked(a, b *episode, way nearSite) bool {
	if way.reach != reachSame && a.family != b.family {
		return false
	}
	kind := bondOf(a, b)
	if kind == bondFollowers && way.reach != reachSame && (!a.founds() || !b.founds()) {
		return false
	}
	l := bondLimits[kind][way.reach]
	gap := b.start - a.start
	allowed := l.after
	if kind != bondFollowers && a.follower {
		allowed, l.carry = l.before, 0
	}
	if way.reach == reachShared {
		allowed = allowed * sharedFree / time.Duration(max(way.degree, sharedFree))
	}
	if allowed > 0 && gap <= allowed.Milliseconds() {
		return true
	}
	return l.carry > 0 && b.start <= a.heldUntil(l.carry)+l.linger.Milliseconds()
}

// refires reports whether b, the next episode of a's series, began soon after a
// ended.
func refires(a, b *episode) bool {
	return a.key.fingerprint == b.key.fingerprint && a.site == b.site && a.follower == b.follower &&
		!a.firing && b.start <= a.end+reopenSeries.Milliseconds()
}

// What follows from bondLimits: an anchor starts at most attachBack before or
// attachAhead after a follower that attaches to it, and a follower that starts
// after the anchor has ended does so at most attachLatest after its start.
const (
	attachBack   = 6*time.Hour + 30*time.Minute
	attachAhead  = 30 * time.Minute
	attachLatest = 2 * time.Hour
)

// relink finds anew what the entered episode is linked to.
func (g *Grouper) relink(e *episode) {
	e.peers, e.best = e.peers[:0], nil
	for _, way := range e.site.near {
		list := way.site.anchors
		if e.follower {
			list = way.site.followers
			e.considerSite(way)
		}
		if p := list.lastLinked(e, way); p != nil {
			e.peers = append(e.peers, p)
		}
	}
	if p := g.series[e.key.fingerprint].before(e); p != nil && refires(p, e) {
		e.peers = append(e.peers, p)
	}
	if e.declared != "" && e.follower {
		if p := g.declared[e.declared].before(e); p != nil {
			e.peers = append(e.peers, p)
		}
	}
	g.unsettle(e)
	for _, p := range e.peers {
		g.unsettle(p)
	}
	if e.best != nil {
		g.unsettle(e.best)
	}
}

// considerSite makes the earliest anchor of the site that the follower is
// linked to its best one, if it is earlier than the best so far.
func (e *episode) considerSite(way nearSite) {
	anchors := way.site.anchors
	for _, a := range anchors[anchors.from(e.start-attachBack.Milliseconds()):] {
		if a.start > e.start+attachAhead.Milliseconds() || (e.best != nil && compareEpisodes(a, e.best) >= 0) {
			return
		}
		if linkedAnyOrder(a, e, way) {
			e.best = a
			return
		}
	}
}

func linkedAnyOrder(a, b *episode, way nearSite) bool {
	if compareEpisodes(a, b) > 0 {
		a, b = b, a
	}
	return linked(a, b, way)
}

// offer tells the episodes that were there before e what e is to them: a link
// to an earlier peer for those that start later, and a better anchor for
// followers.
func (g *Grouper) offer(e *episode) {
	for _, way := range e.site.near {
		if e.follower {
			g.offerPeer(e, way, way.site.followers)
			continue
		}
		g.offerPeer(e, way, way.site.anchors)
		g.offerAnchor(e, way)
	}
	for _, line := range [...]episodeList{g.series[e.key.fingerprint], g.declared[e.declared]} {
		if next := line.after(e); next != nil {
			g.relink(next)
		}
	}
}

// offerPeer links e to the later episodes of the site. One that follows
// another one within the widest burst is linked to e through that one.
func (g *Grouper) offerPeer(e *episode, way nearSite, list episodeList) {
	horizon := e.heldUntil(attachBack) + attachAhead.Milliseconds()
	var through *episode
	for _, later := range list[list.position(e):] {
		if later.start > horizon {
			return
		}
		if later == e || !linked(e, later, way) {
			continue
		}
		if through == nil || later.start > through.start+attachAhead.Milliseconds() {
			later.peers = append(later.peers, e)
			g.unsettle(later)
			g.unsettle(e)
		}
		through = later
	}
}

// offerAnchor makes e the best anchor of the site's followers that are linked
// to it and know no earlier one.
func (g *Grouper) offerAnchor(e *episode, way nearSite) {
	followers := way.site.followers
	for _, f := range followers[followers.from(e.start-attachAhead.Milliseconds()):] {
		if f.start > e.start+attachBack.Milliseconds() {
			return
		}
		if (f.best == nil || compareEpisodes(e, f.best) < 0) && linkedAnyOrder(e, f, way) {
			g.unsettle(f)
			g.unsettle(e)
			f.best = e
		}
	}
}
