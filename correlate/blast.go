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
	// order are the services that were reached, the nearest first; distance[i] is
	// the number of calls from order[i] to a changed service.
	order    []int32
	distance []int32
	reached  bits
	cut      bool
}

// quietHops is the number of calls within which a service should feel a fault.
const quietHops = 1

// blastRadius walks at most visits edges and lists at most limit nodes.
func blastRadius(g *Graph, changed []string, alerts []Alert, limit, visits int) BlastRadius {
	b := blast{g: g, changed: sortedNames(changed), alerting: alertingNames(alerts), reached: bits(nil).sized(g.Len())}
	b.spread(visits)
	radius := BlastRadius{
		Changed: b.changed, Alerting: b.alerting, Quiet: b.quiet(),
		Potential: max(len(b.order)-b.known(), 0), PotentialByTier: map[string]int{},
	}
	for tier, n := range b.tiers() {
		radius.PotentialByTier[tierName(tier)] += n
	}
	radius.Nodes, radius.Truncated = b.nodes(limit)
	radius.Teams = teamsOf(radius.Nodes)
	radius.Edges = b.edges(radius.Nodes)
	return radius
}

// tiers counts the reached services that were not changed, by tier.
func (b *blast) tiers() map[int]int {
	counts := map[int]int{}
	for i, id := range b.order {
		if b.distance[i] > 0 {
			counts[b.g.tierOf(id)]++
		}
	}
	return counts
}

func tierName(tier int) string {
	if tier > 0 {
		return strconv.Itoa(tier)
	}
	return "unknown"
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
			b.reach(id, 0)
		}
	}
	for at := 0; at < len(b.order); at++ {
		row := b.g.callersOf(b.order[at])
		if visits -= len(row); visits < 0 {
			b.cut = true
			return
		}
		for _, a := range row {
			if !b.reached.has(a.to) {
				b.reach(a.to, b.distance[at]+1)
			}
		}
	}
}

func (b *blast) reach(id, distance int32) {
	b.reached.set(id)
	b.order, b.distance = append(b.order, id), append(b.distance, distance)
}

// quiet lists the services that call a changed one and raise no alert.
func (b *blast) quiet() []string {
	names := []string{}
	for i, id := range b.order {
		if d := b.distance[i]; d == 0 || d > quietHops {
			continue
		}
		name := b.g.names[id]
		if _, loud := slices.BinarySearch(b.alerting, name); !loud {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// blastStates are ordered by what a reader must see first.
var blastStates = [...]string{blastChanged, blastAlerting, blastQuiet, blastPotential}

// blastCandidate is a node that may be listed; id is -1 where the graph does not
// know it.
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
func (b *blast) nodes(limit int) ([]BlastNode, bool) {
	list := b.candidates()
	cut := b.cut || len(list) > limit
	list = topOf(list, limit, func(x, y *blastCandidate) bool { return b.compare(x, y) < 0 })
	nodes := make([]BlastNode, len(list))
	for i, c := range list {
		nodes[i] = BlastNode{Service: c.name, State: blastStates[c.state], Distance: c.distance}
		if c.unreachable {
			nodes[i].Distance = -1
		}
		if c.id >= 0 {
			s := b.g.serviceOf(c.id)
			nodes[i].Tier, nodes[i].Team = s.Tier, s.Team
		}
	}
	return nodes, cut
}

// candidates are all nodes that may be listed.
func (b *blast) candidates() []blastCandidate {
	list := make([]blastCandidate, 0, len(b.order)+len(b.alerting))
	loud := make(map[int32]bool, len(b.alerting))
	for _, name := range b.alerting {
		if id, ok := b.g.id(name); ok {
			loud[id] = true
		}
	}
	for i, id := range b.order {
		c := blastCandidate{name: b.g.names[id], id: id, distance: int(b.distance[i]), tier: b.g.tierOf(id)}
		c.state = stateOf(c.distance == 0, loud[id], c.distance <= quietHops)
		list = append(list, c)
	}
	for _, name := range sortedNames(slices.Concat(b.changed, b.alerting)) {
		c := blastCandidate{name: name, id: -1, unreachable: true}
		if id, ok := b.g.id(name); ok {
			if b.reached.has(id) {
				continue
			}
			c.id, c.tier = id, b.g.tierOf(id)
		}
		_, changed := slices.BinarySearch(b.changed, name)
		c.state = stateOf(changed, true, false)
		list = append(list, c)
	}
	return list
}

// stateOf is the place in blastStates.
func stateOf(changed, alerting, near bool) int {
	switch {
	case changed:
		return 0
	case alerting:
		return 1
	case near:
		return 2
	default:
		return 3
	}
}

func (b *blast) compare(x, y *blastCandidate) int {
	switch {
	case x.state != y.state:
		return x.state - y.state
	case x.unreachable != y.unreachable && x.unreachable:
		return 1
	case x.unreachable != y.unreachable:
		return -1
	case x.distance != y.distance:
		return x.distance - y.distance
	case x.tier != y.tier:
		return tierRank(x.tier) - tierRank(y.tier)
	case x.id >= 0 && y.id >= 0:
		return b.g.compareNames(x.id, y.id)
	default:
		return cmp.Compare(x.name, y.name)
	}
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
