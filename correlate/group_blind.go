package correlate

import (
	"slices"
	"strings"
	"time"
	"unicode"
)

// When monitoring itself fails, it reports hundreds of services at once as gone:
// no data, targets down, heartbeats missing. Those alerts tell of one thing, the
// monitoring, and nothing of the services. A single one of them, though, tells
// that its service is down.

// A source is taken to be blind when, within blindSlot or two neighbouring ones,
// it lacks data of at least blindIslands services of which no two call each
// other: a fault among services spreads along calls, one of the monitoring does
// not.
const (
	blindSlot    = 5 * time.Minute
	blindIslands = 5
)

// noDataPhrases are how alerts of missing data are called, in letters alone and
// small: by Prometheus mixins, Grafana's data source states, hosted monitoring
// and dead man's switches.
var noDataPhrases = []string{
	"nodata", "datasourceerror", "missingdata", "datamissing", "nometric", "missingmetric", "metricsmissing", "metricsabsent", "absentmetric",
	"targetdown", "targetmissing", "targetsmissing", "instancedown", "exporterdown", "agentdown", "collectordown",
	"scrapefail", "scrapeerror", "scrapepoolfail", "deadman", "watchdog", "noheartbeat", "missingheartbeat", "heartbeatmissing", "heartbeatlost",
	"notreporting", "stoppedreporting", "stoppedsending",
}

// tellsOfNoData reports whether an alert says that data are missing, not that
// something is wrong with them.
func tellsOfNoData(a *Alert) bool {
	var b strings.Builder
	for _, r := range a.Name {
		if unicode.IsLetter(r) {
			b.WriteRune(unicode.ToLower(r))
		}
	}
	name := strings.ReplaceAll(b.String(), "database", "")
	return slices.ContainsFunc(noDataPhrases, func(phrase string) bool { return strings.Contains(name, phrase) })
}

// watchKey is one monitoring source in one environment over one stretch of time.
type watchKey struct {
	environment, source string
	slot                int64
}

// watch is the alerts of missing data of one stretch, and whether the source was
// blind then.
type watch struct {
	episodes episodeList
	// services are those of the episodes in order, alerts how many each has.
	services []string
	alerts   map[string]int
	blind    bool
}

func (e *episode) watchKey() watchKey {
	return watchKey{e.environment(), e.alert.Source, floorDiv(e.start, blindSlot.Milliseconds())}
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return (a - b + 1) / b
	}
	return a / b
}

// beside is the key of a neighbouring stretch.
func (k watchKey) beside(steps int64) watchKey {
	k.slot += steps
	return k
}

// enlist notes an alert of missing data. Others may turn out to be of the
// monitoring by it.
func (g *Grouper) enlist(e *episode) {
	key := e.watchKey()
	w, ok := g.watches[key]
	if !ok {
		w = &watch{alerts: map[string]int{}}
		g.watches[key] = w
	}
	w.episodes = w.episodes.inserted(e)
	service := e.alert.Service
	if w.alerts[service]++; w.alerts[service] == 1 {
		at, _ := slices.BinarySearch(w.services, service)
		w.services = slices.Insert(w.services, at, service)
	}
	g.review(key, e)
}

// delist is the opposite of enlist, without a review.
func (g *Grouper) delist(e *episode) {
	key, service := e.watchKey(), e.alert.Service
	w, ok := g.watches[key]
	if !ok {
		return
	}
	if w.episodes = w.episodes.removed(e); len(w.episodes) == 0 {
		delete(g.watches, key)
		return
	}
	if w.alerts[service]--; w.alerts[service] == 0 {
		delete(w.alerts, service)
		at, _ := slices.BinarySearch(w.services, service)
		w.services = slices.Delete(w.services, at, at+1)
	}
}

// review tells for the stretch and its neighbours whether the source is blind,
// and moves the alerts where that has changed. The named one is left to the
// caller.
func (g *Grouper) review(key watchKey, but *episode) {
	for step := int64(-1); step <= 1; step++ {
		w, ok := g.watches[key.beside(step)]
		if !ok {
			continue
		}
		at := key.beside(step)
		blind := g.scattered(at.beside(-1), at) || g.scattered(at, at.beside(1))
		if blind == w.blind {
			continue
		}
		w.blind = blind
		for _, e := range slices.Clone(w.episodes) {
			if e != but && e.site != nil {
				g.rehouse(e)
			}
		}
	}
}

// scattered reports whether the alerts of two stretches are of enough services
// of which no two call each other.
func (g *Grouper) scattered(first, second watchKey) bool {
	islands := newIslands(g.near, g.cfg.HubDegree)
	for _, key := range []watchKey{first, second} {
		w, ok := g.watches[key]
		if !ok {
			continue
		}
		for _, service := range w.services {
			if islands.add(service) >= blindIslands {
				return true
			}
		}
	}
	return false
}

// islands counts services, one after the other, that call none counted before
// and are not called by one. Services that call or are called by a great many
// are near to everything and count as near to nothing.
type islands struct {
	near    Nearness
	hub     int
	counted map[string]bool
	shore   map[string]bool
}

func newIslands(near Nearness, hub int) *islands {
	return &islands{near: near, hub: hub, counted: map[string]bool{}, shore: map[string]bool{}}
}

// add returns the number of islands with the service.
func (i *islands) add(service string) int {
	if i.counted[service] || i.shore[service] {
		return len(i.counted)
	}
	i.counted[service] = true
	if i.near != nil {
		if callers, callees := i.near.Degree(service); callers+callees <= i.hub {
			i.near.Adjacent(service, func(other string) { i.shore[other] = true })
		}
	}
	return len(i.counted)
}

// blindPlace begins the name of the place where the alerts of a blind source
// meet; no service is called like it.
const blindPlace = "\x00blind\x00"

// blindTo returns the source whose blindness the site stands for, if it does.
func (s *site) blindTo() (source string, ok bool) {
	return strings.CutPrefix(s.key.service, blindPlace)
}

// place is where the episode counts: its service, or its source when that is
// blind.
func (g *Grouper) place(e *episode) siteKey {
	if e.noData {
		if w, ok := g.watches[e.watchKey()]; ok && w.blind {
			return siteKey{environment: e.environment(), service: blindPlace + e.alert.Source}
		}
	}
	return siteKey{environment: e.environment(), service: e.alert.Service}
}

// rehouse moves an episode whose place has changed.
func (g *Grouper) rehouse(e *episode) {
	dependants := g.dependants(e, e.start-attachAhead.Milliseconds(), e.influence())
	g.unhouse(e)
	g.house(e)
	for _, other := range dependants {
		if other.site != nil {
			g.relink(other)
		}
	}
}
