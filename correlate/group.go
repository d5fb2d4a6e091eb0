package correlate

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// GroupConfig holds the settings of incident grouping that an operator may
// want to change. The limits of time and nearness are in one table, see
// bondLimits.
type GroupConfig struct {
	// QuietFor is how long an incident without a firing alert stays quiet
	// before it is resolved.
	QuietFor time.Duration
	// StaleAfter ends a firing alert that was not seen for so long: its resolve
	// was lost.
	StaleAfter time.Duration
	// HubDegree is the number of callers and callees above which a service is a
	// hub: what it shares with a neighbour says little.
	HubDegree int
	// SharedDegree is the number of callers and callees up to which two
	// services are near because they share a third one.
	SharedDegree int
	// Maintenance are the announced windows, in any order.
	Maintenance []Maintenance
}

// DefaultGroupConfig returns the settings for production.
//
// Both limits stand at the 99th percentile of the fan-out that Meta published of
// its call graph (257).
func DefaultGroupConfig() GroupConfig {
	return GroupConfig{
		QuietFor:     15 * time.Minute,
		StaleAfter:   7 * 24 * time.Hour,
		HubDegree:    256,
		SharedDegree: 256,
	}
}

// Maintenance is an announced window in which alerts of some services open no
// incident. An alert that begins inside the window counts from its end on, if
// it still fires then. Resolves always count. Empty Services means every
// service of Environment, and an empty Environment is DefaultEnvironment.
type Maintenance struct {
	Services    []string
	Environment string
	From, To    time.Time
}

func (m *Maintenance) covers(environment, service string, at int64) bool {
	return cmp.Or(m.Environment, DefaultEnvironment) == environment &&
		(len(m.Services) == 0 || slices.Contains(m.Services, service)) &&
		m.From.UnixMilli() <= at && at < m.To.UnixMilli()
}

// Grouper keeps incidents up to date while alerts arrive in any order. What
// [Grouper.Incidents] returns depends only on the set of alerts, the topology
// and the moment, never on the order of the calls.
//
// # Rules
//
// Critical and high alerts are anchors: two of them are linked when they are
// close in time and their services are near in the call graph, and what is
// linked, directly or through others, is one incident. Warnings, notes,
// declared incidents and alerts of services that call a great many others are
// followers: they attach to the earliest anchor that they are linked to, but
// never join two groups of anchors. Followers without an anchor form an
// incident of their own, except mere notes (info), which never do. When one
// monitoring source lacks data of many services at once that have nothing to do
// with each other, the alerts that say so are about the source: they form an
// incident of their own and join none of a service.
//
// # Identity
//
// The id of an incident is derived from its founder, the earliest alert. When
// incidents merge, the id of the earlier founder lives on, and the other stays
// as a row of status IncidentMerged. So does the id of an incident whose
// founder turns out not to be the earliest.
//
// A Grouper belongs to one goroutine.
type Grouper struct {
	cfg      GroupConfig
	near     Nearness
	asOf     int64
	next     int64
	episodes map[episodeKey]*episode
	series   map[string]episodeList
	declared map[string]episodeList
	sites    map[siteKey]*site
	watches  map[watchKey]*watch
	muted    map[*episode]struct{}
	regions  map[*region]struct{}
	loose    []*episode
	spoiled  []*region
	incident map[string]*cluster
	recalled map[string]int64
	// ends are, by fingerprint, the moments of alerts that told only of an end.
	ends    map[string][]time.Time
	changed map[*region]struct{}
}

// NewGrouper returns a grouper without alerts. A nil near means that no
// topology is known: only alerts of one service group together then.
func NewGrouper(cfg GroupConfig, near Nearness) *Grouper {
	g := &Grouper{cfg: cfg, near: near, recalled: map[string]int64{}, ends: map[string][]time.Time{}}
	g.clear()
	return g
}

func (g *Grouper) clear() {
	g.next = forever
	g.episodes = map[episodeKey]*episode{}
	g.series = map[string]episodeList{}
	g.declared = map[string]episodeList{}
	g.sites = map[siteKey]*site{}
	g.watches = map[watchKey]*watch{}
	g.muted = map[*episode]struct{}{}
	g.regions = map[*region]struct{}{}
	g.incident = map[string]*cluster{}
	g.changed = map[*region]struct{}{}
	g.loose, g.spoiled = nil, nil
}

// GroupAlerts returns the incidents of a set of alerts at one moment, ordered
// by id, including the ids that were merged on the way.
func GroupAlerts(cfg GroupConfig, near Nearness, alerts []Alert, asOf time.Time) []Incident {
	g := NewGrouper(cfg, near)
	g.Advance(asOf)
	g.Upsert(alerts...)
	return g.Incidents()
}

// Upsert adds alert episodes or what is newly known about them. Each value is
// the whole folded episode; a resolved one never goes back to firing. An alert
// that tells only of an end is no episode: see [ExtraStartUnknown].
func (g *Grouper) Upsert(alerts ...Alert) {
	alerts = g.takeEnds(alerts)
	fresh := make(map[episodeKey]*episode, len(alerts))
	for i := range alerts {
		e := newEpisode(&alerts[i])
		if old, known := g.episodes[e.key]; known {
			g.update(old, MergeAlert(old.told(), alerts[i]))
		} else if twice, ok := fresh[e.key]; ok {
			twice.alert = MergeAlert(twice.alert, e.alert)
		} else {
			fresh[e.key] = e
		}
	}
	ordered := slices.SortedFunc(maps.Values(fresh), compareEpisodes)
	for _, e := range ordered {
		e.emitted = g.recalled[e.id]
		g.episodes[e.key] = e
		g.enter(e)
	}
}

// takeEnds keeps the alerts that tell only of an end, lets them end what is
// held, and returns the others.
func (g *Grouper) takeEnds(alerts []Alert) []Alert {
	episodes := alerts
	for i := range alerts {
		if !alerts[i].StartUnknown() {
			continue
		}
		if len(episodes) == len(alerts) {
			episodes = slices.DeleteFunc(slices.Clone(alerts), func(a Alert) bool { return a.StartUnknown() })
		}
		fingerprint, at := keyOfAlert(&alerts[i]).fingerprint, alerts[i].StartedAt.UTC()
		if slices.ContainsFunc(g.ends[fingerprint], at.Equal) {
			continue
		}
		g.ends[fingerprint] = append(g.ends[fingerprint], at)
		for _, e := range slices.Clone(g.series[fingerprint]) {
			if !at.Before(e.alert.StartedAt) {
				g.update(e, e.told())
			}
		}
	}
	return episodes
}

// dropEnds forgets the ends before a moment of series that are not held.
func (g *Grouper) dropEnds(before time.Time) {
	for fingerprint, ends := range g.ends {
		if len(g.series[fingerprint]) > 0 {
			continue
		}
		if ends = slices.DeleteFunc(ends, before.After); len(ends) == 0 {
			delete(g.ends, fingerprint)
		} else {
			g.ends[fingerprint] = ends
		}
	}
}

// Advance moves the moment of judgement forward; an earlier one is ignored.
// Time alone ends maintenance windows, lets incidents quieten and gives up on
// alerts whose resolve was lost.
func (g *Grouper) Advance(asOf time.Time) {
	g.asOf = max(g.asOf, asOf.UnixMilli())
	if g.asOf < g.next {
		return
	}
	g.next = forever
	for e := range g.muted {
		if e.start <= g.asOf {
			delete(g.muted, e)
			g.enter(e)
		}
	}
	for r := range g.regions {
		if r.deadline <= g.asOf {
			g.spoil(r)
		}
		g.next = min(g.next, r.deadline)
	}
	for e := range g.muted {
		g.next = min(g.next, e.start)
	}
}

// SetTopology replaces the call graph and groups all alerts that are held
// anew.
func (g *Grouper) SetTopology(near Nearness) {
	held := make([]*episode, 0, len(g.episodes))
	for _, e := range g.episodes {
		held = append(held, e)
	}
	slices.SortFunc(held, compareEpisodes)
	g.near = near
	g.clear()
	for _, e := range held {
		g.episodes[e.key] = e
		e.site, e.region = nil, nil
	}
	for _, e := range held {
		g.enter(e)
	}
}

// Recall tells the grouper that an incident was saved before with this
// revision, by an earlier process for example: its revisions go on from there.
// It must be called before the alerts of the incident are given.
func (g *Grouper) Recall(incident string, revision int64) {
	g.recalled[incident] = max(g.recalled[incident], revision)
}

// Incidents returns every incident of the alerts held, ordered by id.
func (g *Grouper) Incidents() []Incident {
	g.flush()
	var rows []Incident
	for r := range g.regions {
		rows = g.rows(rows, r, false)
	}
	sortIncidents(rows)
	return rows
}

// Take returns the incidents that may have changed since the last call,
// ordered by id. Besides those that [Grouper.Incidents] knows there is a row
// of status IncidentMerged for each id that an earlier call returned, or that
// was recalled, and that is no incident any more. Revisions never go down.
func (g *Grouper) Take() []Incident {
	g.flush()
	var rows []Incident
	for r := range g.changed {
		rows = g.rows(rows, r, true)
	}
	clear(g.changed)
	sortIncidents(rows)
	return rows
}

// Alerts returns the episodes of a living incident in order of their start.
func (g *Grouper) Alerts(incident string) []Alert {
	g.flush()
	c, ok := g.incident[incident]
	if !ok {
		return nil
	}
	alerts := make([]Alert, len(c.members))
	for i, e := range c.members {
		alerts[i] = e.alert
	}
	return alerts
}

// Len is the number of alert episodes held.
func (g *Grouper) Len() int { return len(g.episodes) }

// NextDeadline is the earliest moment at which time alone changes an incident;
// ok is false when there is none.
func (g *Grouper) NextDeadline() (at time.Time, ok bool) {
	g.flush()
	if g.next == forever {
		return time.Time{}, false
	}
	return time.UnixMilli(g.next).UTC(), true
}

// Evict forgets whole groups of alerts that all ended before the moment and of
// which nothing was heard lately. It returns the ids, in order, that their
// incidents have or can have had. Incidents that were not taken yet stay.
func (g *Grouper) Evict(before time.Time) []string {
	g.flush()
	limit := before.UnixMilli()
	var gone []string
	for r := range g.regions {
		_, untaken := g.changed[r]
		if r.end >= limit || untaken || r.touched+lateNews.Milliseconds() > g.asOf {
			continue
		}
		for _, c := range r.clusters {
			c.withdraw(g.incident)
		}
		for _, e := range r.members {
			gone = append(gone, e.id)
			g.forget(e)
		}
		delete(g.regions, r)
	}
	for _, e := range g.episodes {
		if e.site == nil && e.end < limit {
			g.forget(e)
		}
	}
	g.dropEnds(before)
	slices.Sort(gone)
	return gone
}

// lateNews is how long a group of old alerts is kept after the last news of
// it: alerts that come days late, in many batches, still find each other.
const lateNews = 15 * time.Minute

func sortIncidents(rows []Incident) {
	slices.SortFunc(rows, func(a, b Incident) int { return cmp.Compare(a.ID, b.ID) })
}
