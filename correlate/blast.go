package correlate

import (
	"cmp"
	"slices"
	"strconv"
)

// The states of a node of the blast radius.
const (
	blastChanged   = "changed"
	blastAlerting  = "alerting"
	blastQuiet     = "quiet"
	blastPotential = "potential"
)

// BlastRadiusOf tells how far a fault in the changed services has spread, given
// the alerts, and may still spread along the call graph. No services mean the
// whole environment. It walks the whole graph above the changed services.
func BlastRadiusOf(g *Graph, changed []string, alerts []Alert) BlastRadius {
	return blastRadius(g, changed, alerts, DefaultWeights().Limits.BlastNodes, g.Edges()+1)
}

// blast is a blast radius under way.
type blast struct {
	g        *Graph
	changed  []string
	alerting []string
	// distance is the number of calls to a changed service, for every service
	// that was reached, in the order of order.
	distance map[int32]int
	order    []int32
	cut      bool
}

// quietHops is the number of calls within which a service should feel a fault.
const quietHops = 1

// blastRadius walks at most visits edges and lists at most limit nodes.
func blastRadius(g *Graph, changed []string, alerts []Alert, limit, visits int) BlastRadius {
	b := blast{g: g, changed: sortedNames(changed), alerting: alertingNames(alerts), distance: map[int32]int{}}
	b.spread(visits)
	radius := BlastRadius{
		Changed: b.changed, Alerting: b.alerting, Quiet: b.quiet(),
		Potential: max(len(b.order)-b.known(), 0), PotentialByTier: map[string]int{},
	}
	for _, id := range b.order {
		if b.distance[id] > 0 {
			tier := "unknown"
			if t := g.serviceOf(id).Tier; t > 0 {
				tier = strconv.Itoa(t)
			}
			radius.PotentialByTier[tier]++
		}
	}
	radius.Nodes, radius.Truncated = b.nodes(radius.Quiet, limit)
	radius.Teams = teamsOf(radius.Nodes)
	radius.Edges = b.edges(radius.Nodes)
	return radius
}

func sortedNames(names []string) []string {
	out := append([]string{}, names...)
	slices.Sort(out)
	return slices.Compact(out)
}

func alertingNames(alerts []Alert) []string {
	names := make([]string, 0, len(alerts))
	for i := range alerts {
		names = append(names, alerts[i].Service)
	}
	return sortedNames(names)
}

// known counts the changed services that the graph knows.
func (b *blast) known() int {
	n := 0
	for _, name := range b.changed {
		if b.g.Has(name) {
			n++
		}
	}
	return n
}

// spread walks from the changed services to their callers, level by level.
func (b *blast) spread(visits int) {
	for _, name := range b.changed {
		if id, ok := b.g.id(name); ok {
			b.distance[id] = 0
			b.order = append(b.order, id)
		}
	}
	for at := 0; at < len(b.order); at++ {
		id := b.order[at]
		row := b.g.callersOf(id)
		if visits -= len(row); visits < 0 {
			b.cut = true
			return
		}
		for _, a := range row {
			if _, ok := b.distance[a.to]; !ok {
				b.distance[a.to] = b.distance[id] + 1
				b.order = append(b.order, a.to)
			}
		}
	}
}

// quiet lists the services that call a changed one and raise no alert.
func (b *blast) quiet() []string {
	names := []string{}
	for _, id := range b.order {
		name := b.g.names[id]
		if d := b.distance[id]; d == 0 || d > quietHops {
			continue
		}
		if _, loud := slices.BinarySearch(b.alerting, name); !loud {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// blastStates are ordered by what a reader must see first.
var blastStates = [...]string{blastChanged, blastAlerting, blastQuiet, blastPotential}

// blastCandidate is a node that may be listed.
type blastCandidate struct {
	name        string
	id          int32
	state       int
	distance    int
	tier        int
	unreachable bool
}

// nodes lists the services reached, and those that alert without being reached,
// the most telling first, and whether some were cut. Distance is -1 where no
// calls lead to a changed service.
func (b *blast) nodes(quiet []string, limit int) ([]BlastNode, bool) {
	list := make([]blastCandidate, 0, len(b.order)+len(b.alerting))
	for _, id := range b.order {
		list = append(list, b.candidate(b.g.names[id], id, quiet))
	}
	for _, name := range sortedNames(slices.Concat(b.changed, b.alerting)) {
		id, ok := b.g.id(name)
		if _, reached := b.distance[id]; !ok || !reached {
			c := b.candidate(name, id, nil)
			c.unreachable = true
			list = append(list, c)
		}
	}
	cut := b.cut || len(list) > limit
	list = topOf(list, limit, func(x, y *blastCandidate) bool { return compareBlast(x, y) < 0 })
	nodes := make([]BlastNode, len(list))
	for i, c := range list {
		nodes[i] = BlastNode{Service: c.name, State: blastStates[c.state], Distance: c.distance}
		if c.unreachable {
			nodes[i].Distance = -1
		}
		if s, ok := b.g.Service(c.name); ok {
			nodes[i].Tier, nodes[i].Team = s.Tier, s.Team
		}
	}
	return nodes, cut
}

func compareBlast(x, y *blastCandidate) int {
	switch {
	case x.state != y.state:
		return x.state - y.state
	case x.unreachable != y.unreachable:
		return map[bool]int{true: 1, false: -1}[x.unreachable]
	case x.distance != y.distance:
		return x.distance - y.distance
	case x.tier != y.tier:
		return tierRank(x.tier) - tierRank(y.tier)
	default:
		return cmp.Compare(x.name, y.name)
	}
}

// candidate tells the state of a service.
func (b *blast) candidate(name string, id int32, quiet []string) blastCandidate {
	in := func(list []string) bool {
		_, ok := slices.BinarySearch(list, name)
		return ok
	}
	c := blastCandidate{name: name, id: id, state: 3, distance: b.distance[id]}
	if id >= 0 && int(id) < b.g.Len() {
		c.tier = b.g.serviceOf(id).Tier
	}
	switch {
	case in(b.changed):
		c.state = 0
	case in(b.alerting):
		c.state = 1
	case in(quiet):
		c.state = 2
	}
	return c
}

// tierRank puts services of unknown tier last.
func tierRank(tier int) int {
	if tier == 0 {
		return 1 << 10
	}
	return tier
}

func teamsOf(nodes []BlastNode) []string {
	teams := []string{}
	for _, n := range nodes {
		if n.Team != "" {
			teams = append(teams, n.Team)
		}
	}
	return sortedNames(teams)
}

// edges lists the calls between the listed nodes, of hubs the busiest.
func (b *blast) edges(nodes []BlastNode) []Edge {
	listed := map[int32]bool{}
	var maybe [1024]uint64 // A bit for every id, shared by a few: most calls lead elsewhere.
	for _, n := range nodes {
		if id, ok := b.g.id(n.Service); ok {
			listed[id] = true
			maybe[id>>6&1023] |= 1 << (id & 63)
		}
	}
	edges := []Edge{}
	for _, n := range nodes {
		id, ok := b.g.id(n.Service)
		if !ok {
			continue
		}
		for _, a := range b.g.mainCallees(id) {
			if maybe[a.to>>6&1023]>>(a.to&63)&1 == 1 && listed[a.to] {
				edges = append(edges, b.g.edge(id, a.to, a))
			}
		}
	}
	slices.SortFunc(edges, compareEdges)
	return edges
}
