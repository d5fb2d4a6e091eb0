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
	var b blast
	return b.radius(g, changed, alerts, DefaultWeights().Limits.BlastNodes, g.Edges()+1)
}

// blast is a blast radius under way; its memory serves the next one too.
type blast struct {
	g        *Graph
	changed  []string
	alerting []string
	// order are the services that were reached, the nearest first; distance[i] is
	// the number of calls from order[i] to a changed service.
	order    []int32
	distance []int32
	reached  bits
	// loud are the services that alert.
	loud bits
	// shown are the listed services, places their numbers in the order of the list.
	shown  bits
	places []int32
	nodes  []blastCandidate
	cut    bool
	// warmth keeps what is read ahead of its use from being left out.
	warmth int64
}

// quietHops is the number of calls within which a service should feel a fault.
const quietHops = 1

// radius walks at most visits edges and lists at most limit nodes.
func (b *blast) radius(g *Graph, changed []string, alerts []Alert, limit, visits int) BlastRadius {
	b.g, b.changed, b.alerting, b.cut = g, sortedNames(changed), alertingNames(alerts), false
	b.order, b.distance, b.reached = b.order[:0], b.distance[:0], b.reached.sized(g.Len())
	b.spread(visits)
	radius := BlastRadius{
		Changed: b.changed, Alerting: b.alerting, Quiet: b.quiet(),
		Potential: max(len(b.order)-b.known(), 0), PotentialByTier: map[string]int{},
	}
	b.countTiers(radius.PotentialByTier)
	radius.Nodes, radius.Truncated = b.listed(limit)
	radius.Teams = teamsOf(radius.Nodes)
	radius.Edges = b.edges(radius.Nodes)
	return radius
}

// release forgets what belongs to others.
func (b *blast) release() {
	clear(b.nodes)
	b.g, b.changed, b.alerting, b.nodes = nil, nil, nil, b.nodes[:0]
}

// countTiers counts the reached services that were not changed, by tier.
func (b *blast) countTiers(counts map[string]int) {
	var few [8]int // Most companies have no more tiers than that.
	for i, id := range b.order {
		if b.distance[i] == 0 {
			continue
		}
		if tier := b.g.tierOf(id); tier >= 0 && tier < len(few) {
			few[tier]++
		} else {
			counts[tierName(tier)]++
		}
	}
	for tier, n := range few {
		if n > 0 {
			counts[tierName(tier)] += n
		}
	}
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
		if at%rowsAtOnce == 0 {
			for _, soon := range b.order[at:min(at+rowsAtOnce, len(b.order))] {
				b.warmth += b.g.callers.peek(soon)
			}
		}
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

// blastCandidate is a node that may be listed. Its rank puts it before those with
// a greater one: by state, by distance with what is not reached last, and by tier
// with what has none last. The name is empty where the graph knows the service; id
// is -1 where it does not.
type blastCandidate struct {
	rank uint64
	id   int32
	name string
}

const (
	blastDistanceBit = 16
	blastFarBit      = 48
	blastStateBit    = 49
)

func newBlastCandidate(state, distance, tier int, unreachable bool) blastCandidate {
	rank := uint64(state)<<blastStateBit | uint64(distance)<<blastDistanceBit | uint64(min(uint(tierRank(tier)), 1<<blastDistanceBit-1))
	if unreachable {
		rank |= 1 << blastFarBit
	}
	return blastCandidate{rank: rank, id: -1}
}

func (c *blastCandidate) state() string { return blastStates[c.rank>>blastStateBit] }

// distance is -1 where no calls lead to a changed service.
func (c *blastCandidate) distance() int {
	if c.rank>>blastFarBit&1 == 1 {
		return -1
	}
	return int(uint32(c.rank >> blastDistanceBit))
}

// listed are the services reached, and those that alert without being reached,
// the most telling first, and whether some were cut. Distance is -1 where no
// calls lead to a changed service.
func (b *blast) listed(limit int) ([]BlastNode, bool) {
	list := b.candidates()
	b.nodes = list
	cut := b.cut || len(list) > limit
	list = topOf(list, limit, func(x, y *blastCandidate) bool { return b.compare(x, y) < 0 })
	nodes := make([]BlastNode, len(list))
	for i, c := range list {
		nodes[i] = BlastNode{Service: c.name, State: c.state(), Distance: c.distance()}
		if c.id >= 0 {
			s := b.g.serviceOf(c.id)
			nodes[i].Service, nodes[i].Tier, nodes[i].Team = s.Name, s.Tier, s.Team
		}
	}
	return nodes, cut
}

// candidates are all nodes that may be listed.
func (b *blast) candidates() []blastCandidate {
	list := b.nodes[:0]
	b.loud = b.loud.sized(b.g.Len())
	for _, name := range b.alerting {
		if id, ok := b.g.id(name); ok {
			b.loud.set(id)
		}
	}
	for i, id := range b.order {
		distance := int(b.distance[i])
		c := newBlastCandidate(stateOf(distance == 0, b.loud.has(id), distance <= quietHops), distance, b.g.tierOf(id), false)
		c.id = id
		list = append(list, c)
	}
	for _, name := range sortedNames(slices.Concat(b.changed, b.alerting)) {
		_, changed := slices.BinarySearch(b.changed, name)
		state := stateOf(changed, true, false)
		id, ok := b.g.id(name)
		if !ok {
			c := newBlastCandidate(state, 0, 0, true)
			c.name = name
			list = append(list, c)
		} else if !b.reached.has(id) {
			c := newBlastCandidate(state, 0, b.g.tierOf(id), true)
			c.id = id
			list = append(list, c)
		}
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
	case x.rank < y.rank:
		return -1
	case x.rank > y.rank:
		return 1
	case x.id >= 0 && y.id >= 0:
		return b.g.compareNames(x.id, y.id)
	default:
		return cmp.Compare(b.nameOf(x), b.nameOf(y))
	}
}

func (b *blast) nameOf(c *blastCandidate) string {
	if c.id >= 0 {
		return b.g.names[c.id]
	}
	return c.name
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
	b.shown, b.places = b.shown.sized(b.g.Len()), b.places[:0]
	for _, n := range nodes {
		if id, ok := b.g.id(n.Service); ok {
			b.shown.set(id)
			b.places = append(b.places, id)
		}
	}
	edges := []Edge{}
	slices.SortFunc(b.places, b.g.compareNames)
	for i, id := range b.places {
		if i%rowsAtOnce == 0 {
			for _, soon := range b.places[i:min(i+rowsAtOnce, len(b.places))] {
				b.warmth += b.g.callees.peek(soon)
			}
		}
		from := len(edges)
		for _, a := range b.g.mainCallees(id) {
			if b.shown.has(a.to) {
				edges = append(edges, b.g.edge(id, a.to, a))
			}
		}
		slices.SortFunc(edges[from:], compareEdges)
	}
	return edges
}
