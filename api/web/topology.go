package web

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// The measures of the topology's picture: how many services a column shows one
// by one, how many teams the rest of a column is gathered into, and the calls
// from which a box is a hub, whose calls would hide all others.
const (
	mapServices = 10
	mapTeams    = 3
	mapHub      = 12
)

// The states of a box of the topology.
const (
	stateService = "service"
	stateHub     = "hub"
	stateTeam    = "team"
)

// mapView is the topology as a picture. Undrawn counts the calls of hubs, which
// the picture leaves out and the table has.
type mapView struct {
	radiusView
	Hubs, Undrawn, Gathered int
}

// topologyMap draws services from left to right along their calls. In a column
// the best connected stand one by one, the others by team.
func topologyMap(services []*correlate.Service, edges []correlate.Edge) *mapView {
	if len(services) == 0 {
		return nil
	}
	inside := callsAmong(services, edges)
	depth := depths(services, inside)
	degree := map[string]int{}
	for i := range inside {
		degree[inside[i].Caller]++
		degree[inside[i].Callee]++
	}
	v := &mapView{}
	columns, names := v.columns(services, depth, degree)
	v.hubs(columns, inside)
	sayCalls(columns, inside)
	v.radiusView = *placed(columns, names, v.drawable(columns, inside))
	return v
}

// callsAmong leaves the calls between two of the services.
func callsAmong(services []*correlate.Service, edges []correlate.Edge) []correlate.Edge {
	known := make(map[string]bool, len(services))
	for _, x := range services {
		known[x.Name] = true
	}
	inside := make([]correlate.Edge, 0, len(edges))
	for i := range edges {
		if e := &edges[i]; known[e.Caller] && known[e.Callee] && e.Caller != e.Callee {
			inside = append(inside, *e)
		}
	}
	return inside
}

// depths counts, for each service, the calls on the shortest way to it from one
// that nobody calls. In a circle that nobody enters, the first by name begins.
func depths(services []*correlate.Service, edges []correlate.Edge) map[string]int {
	calls, called := map[string][]string{}, map[string]bool{}
	for i := range edges {
		calls[edges[i].Caller] = append(calls[edges[i].Caller], edges[i].Callee)
		called[edges[i].Callee] = true
	}
	names := make([]string, len(services))
	for i, x := range services {
		names[i] = x.Name
	}
	slices.Sort(names)
	depth := make(map[string]int, len(names))
	walk := func(from []string) {
		for len(from) > 0 {
			at := from[0]
			from = from[1:]
			for _, next := range calls[at] {
				if _, seen := depth[next]; !seen {
					depth[next] = depth[at] + 1
					from = append(from, next)
				}
			}
		}
	}
	var entries []string
	for _, name := range names {
		if !called[name] {
			depth[name] = 0
			entries = append(entries, name)
		}
	}
	walk(entries)
	for _, name := range names {
		if _, seen := depth[name]; !seen {
			depth[name] = 0
			walk([]string{name})
		}
	}
	return depth
}

// columns puts the services into boxes, column by column.
func (v *mapView) columns(services []*correlate.Service, depth, degree map[string]int) (columns [][]*box, names []string) {
	byColumn := map[int][]*correlate.Service{}
	for _, x := range services {
		at := min(depth[x.Name], deepest)
		byColumn[at] = append(byColumn[at], x)
	}
	for at := range deepest + 1 {
		members := byColumn[at]
		if len(members) == 0 {
			continue
		}
		slices.SortFunc(members, func(a, b *correlate.Service) int {
			return cmp.Or(cmp.Compare(degree[b.Name], degree[a.Name]), cmp.Compare(a.Name, b.Name))
		})
		columns = append(columns, v.boxed(members, len(columns)))
		names = append(names, depthName(at, len(members)))
	}
	return columns, names
}

func depthName(at, members int) string {
	switch at {
	case 0:
		return fmt.Sprintf("Nobody calls them (%d)", members)
	case deepest:
		return fmt.Sprintf("%d calls in or more (%d)", deepest, members)
	case 1:
		return fmt.Sprintf("1 call in (%d)", members)
	default:
		return fmt.Sprintf("%d calls in (%d)", at, members)
	}
}

// boxed gives the first services boxes of their own and gathers the rest by
// team, the largest teams first.
func (v *mapView) boxed(members []*correlate.Service, column int) []*box {
	room := min(len(members), mapServices)
	if len(members) <= mapServices+mapTeams {
		room = len(members)
	}
	all := make([]*box, 0, room+mapTeams+1)
	for _, x := range members[:room] {
		all = append(all, &box{column: column, state: stateService, services: []correlate.BlastNode{{Service: x.Name, Tier: x.Tier, Team: x.Team}}})
	}
	rest := map[string][]correlate.BlastNode{}
	for _, x := range members[room:] {
		rest[x.Team] = append(rest[x.Team], correlate.BlastNode{Service: x.Name, Tier: x.Tier, Team: x.Team})
	}
	v.Gathered += len(members) - room
	return append(all, teamBoxes(rest, column)...)
}

// teamBoxes makes a box for each of the largest teams and one for all others.
func teamBoxes(rest map[string][]correlate.BlastNode, column int) []*box {
	teams := make([]string, 0, len(rest))
	for team := range rest {
		teams = append(teams, team)
	}
	slices.SortFunc(teams, func(a, b string) int { return cmp.Or(cmp.Compare(len(rest[b]), len(rest[a])), cmp.Compare(a, b)) })
	var all []*box
	var others []correlate.BlastNode
	for i, team := range teams {
		if team == "" || i >= mapTeams && len(teams) > mapTeams+1 {
			others = append(others, rest[team]...)
			continue
		}
		if len(rest[team]) == 1 {
			all = append(all, &box{column: column, state: stateService, services: rest[team]})
			continue
		}
		all = append(all, &box{column: column, state: stateTeam, services: rest[team], name: strconv.Itoa(len(rest[team])) + " of " + team})
	}
	if len(others) > 0 {
		all = append(all, &box{column: column, state: stateTeam, services: others, name: strconv.Itoa(len(others)) + " others"})
	}
	return all
}

// hubs marks the boxes that too many others are joined to.
func (v *mapView) hubs(columns [][]*box, edges []correlate.Edge) {
	joined := map[*box]int{}
	for _, l := range linksOf(edges, homes(columns)) {
		joined[l.caller]++
		joined[l.callee]++
	}
	for _, column := range columns {
		for _, x := range column {
			if joined[x] <= mapHub || x.state == stateTeam {
				continue
			}
			x.hub, x.state = true, stateHub
			v.Hubs++
		}
	}
}

// saidCalls is how many of the boxes that it calls a step names.
const saidCalls = 3

// sayCalls says in words what each box calls, for screens on which lines between
// columns have no room: services before hubs, which nearly all others call.
func sayCalls(columns [][]*box, edges []correlate.Edge) {
	called, joined := map[*box][]*box{}, map[*box]int{}
	for _, l := range linksOf(edges, homes(columns)) {
		called[l.caller] = append(called[l.caller], l.callee)
		joined[l.caller]++
		joined[l.callee]++
	}
	for _, column := range columns {
		for _, x := range column {
			if x.hub {
				x.calls = "joined to " + strconv.Itoa(joined[x]) + " others"
				continue
			}
			x.calls = callsOf(called[x])
		}
	}
}

// callsOf names the first of some called boxes and counts the rest.
func callsOf(called []*box) string {
	if len(called) == 0 {
		return ""
	}
	order := map[string]int{stateService: 0, stateHub: 1, stateTeam: 2}
	called = slices.Clone(called)
	slices.SortFunc(called, func(a, b *box) int {
		return cmp.Or(cmp.Compare(order[a.state], order[b.state]), cmp.Compare(boxName(a), boxName(b)))
	})
	names := make([]string, min(len(called), saidCalls))
	for i := range names {
		names[i] = boxName(called[i])
	}
	text := "calls " + strings.Join(names, ", ")
	if more := len(called) - saidCalls; more > 0 {
		text += fmt.Sprintf(" and %d more", more)
	}
	return text
}

// boxName is what a box is called in words.
func boxName(x *box) string { return label(cmp.Or(x.name, x.services[0].Service), nodeLetters+4) }

// drawable leaves out the calls of hubs.
func (v *mapView) drawable(columns [][]*box, edges []correlate.Edge) []correlate.Edge {
	home := homes(columns)
	return slices.DeleteFunc(slices.Clone(edges), func(e correlate.Edge) bool {
		hub := home[e.Caller].hub || home[e.Callee].hub
		if hub {
			v.Undrawn++
		}
		return hub
	})
}

// homes finds the box of each service.
func homes(columns [][]*box) map[string]*box {
	home := map[string]*box{}
	for _, column := range columns {
		for _, x := range column {
			for i := range x.services {
				home[x.services[i].Service] = x
			}
		}
	}
	return home
}

// Drawing is the picture alone.
func (v *mapView) Drawing() *radiusView { return &v.radiusView }
