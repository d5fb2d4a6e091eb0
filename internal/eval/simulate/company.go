package simulate

import (
	"fmt"
	"math"
	"slices"

	"github.com/faultline/faultline/correlate"
)

// company is the synthetic company: services with their calls. It does not
// change after newCompany; a service is known by its index.
type company struct {
	services []service
	callees  [][]call
	callers  [][]call
	// activity[i] is the share of changes made to services 0..i.
	activity []float64
	regions  []string
	// cycles are pairs of services that call each other.
	cycles [][2]int
	// monitoring is the service that watches the others.
	monitoring int
}

// service is one node. Level runs from 0 at the edge of the company to 1 at its
// foundations.
type service struct {
	name      string
	team      string
	tier      int
	level     float64
	subject   string
	instances int
	pace      float64
}

// call is one end of an edge as seen from a service.
type call struct {
	to   int
	kind correlate.EdgeKind
	rate float64
}

// Published degrees of 7,483 services on one day of 2022: fan-out p50 4, p90
// 23, p99 257, max 5,865; fan-in p50 1, p90 19, p99 206, max 14,084. The points
// between are ours, chosen so that both sides count the same number of edges.
var (
	fanOut = quantiles{{0, 0.6}, {0.5, 4}, {0.9, 23}, {0.97, 60}, {0.99, 257}, {0.9995, 700}, {1, 5865}}
	fanIn  = quantiles{{0, 0.3}, {0.5, 1}, {0.9, 19}, {0.97, 55}, {0.99, 206}, {0.9995, 1500}, {1, 14084}}
)

// Shares of services per tier, 1 the most critical. No figure is published; a
// few critical services and a broad middle is what service catalogues show.
var tierShares = []share[int]{{1, 0.06}, {2, 0.22}, {3, 0.44}, {4, 0.28}}

// servicesPerTeam is the usual number of services that one team owns.
const servicesPerTeam = 9

func newCompany(d draw, services int) *company {
	c := &company{
		services: make([]service, services),
		regions:  []string{"eu-west", "eu-north", "us-east", "us-west", "ap-south"},
	}
	names := serviceNames(d, services)
	for i := range c.services {
		c.services[i] = service{
			name: names[i].name, subject: names[i].subject,
			team:      fmt.Sprintf("%s-%d", pick(d, teamWords), d.IntN(services/servicesPerTeam+1)+1),
			tier:      weighted(d, tierShares),
			level:     d.Float64(),
			instances: 2 + int(d.logNormal(3, 0.7)),
			pace:      d.logNormal(1, 1.1),
		}
	}
	c.monitoring = d.IntN(services)
	c.callees = make([][]call, services)
	c.callers = make([][]call, services)
	c.connect(d)
	c.closeCycles(d)
	c.activity = make([]float64, services)
	total := 0.0
	for i := range c.services {
		total += c.services[i].pace
		c.activity[i] = total
	}
	for i := range c.activity {
		c.activity[i] /= total
	}
	return c
}

// degrees spreads a distribution over n services in random order: the i-th of n
// evenly spaced quantiles each, so that a company has the published quantiles
// and not merely expects them. No service calls more than a third of a small
// company.
func degrees(d draw, n int, q quantiles) []int {
	out := make([]int, n)
	for place, i := range d.Perm(n) {
		degree := int(math.Round(q.at((float64(place) + 0.5) / float64(n))))
		out[i] = min(degree, max(1, n/3))
	}
	return out
}

// connect pairs calling ends with called ends at random, mostly from the edge
// of the company towards its foundations; the rest makes cycles. Services that
// call many choose first, while there is enough to choose from. Should the
// called ends run out, any service is as good as another.
func (c *company) connect(d draw) {
	n := len(c.services)
	out, in := degrees(d, n, fanOut), degrees(d, n, fanIn)
	var ends []int
	for i, degree := range in {
		for range degree {
			ends = append(ends, i)
		}
	}
	callers := d.Perm(n)
	slices.SortStableFunc(callers, func(a, b int) int { return max(out[b], choosy) - max(out[a], choosy) })
	for _, caller := range callers {
		taken := make(map[int]bool, out[caller])
		for range out[caller] {
			var callee int
			callee, ends = c.takeEnd(d, caller, taken, ends)
			if callee >= 0 {
				taken[callee] = true
				c.link(d, caller, callee)
			}
		}
	}
}

// choosy is the number of calls from which a service chooses first.
const choosy = 100

// upward is how often a call may go from the foundations towards the edge.
const upward = 0.12

// takeEnd removes a called end that suits the caller and returns its service,
// -1 when some tries find none. The later tries take any direction.
func (c *company) takeEnd(d draw, caller int, taken map[int]bool, ends []int) (callee int, rest []int) {
	const tries = 40
	for try := range tries {
		callee, place := d.IntN(len(c.services)), -1
		if len(ends) > 0 {
			place = d.IntN(len(ends))
			callee = ends[place]
		}
		if callee == caller || taken[callee] {
			continue
		}
		against := c.services[callee].level < c.services[caller].level
		if against && try < tries/2 && !d.chance(upward) {
			continue
		}
		if place < 0 {
			return callee, ends
		}
		ends[place] = ends[len(ends)-1]
		return callee, ends[:len(ends)-1]
	}
	return -1, ends
}

// edgeShares are the kinds of dependency. No figure is published.
var edgeShares = []share[correlate.EdgeKind]{
	{correlate.EdgeSync, 0.68},
	{correlate.EdgeAsync, 0.16},
	{correlate.EdgeData, 0.12},
	{correlate.EdgeSharedInfra, 0.04},
}

func (c *company) link(d draw, caller, callee int) {
	kind := weighted(d, edgeShares)
	rate := math.Round(d.logNormal(8, 1.8)*10) / 10
	c.callees[caller] = append(c.callees[caller], call{callee, kind, rate})
	c.callers[callee] = append(c.callers[callee], call{caller, kind, rate})
}

// cycleShare is the share of services that one of their callees calls back.
const cycleShare = 0.02

// closeCycles adds calls back: real companies have circular dependencies, such
// as between name resolution and provisioning.
func (c *company) closeCycles(d draw) {
	for i := range c.services {
		if len(c.callees[i]) == 0 || !d.chance(cycleShare) {
			continue
		}
		back := pick(d, c.callees[i]).to
		if !slices.ContainsFunc(c.callees[back], func(e call) bool { return e.to == i }) {
			c.link(d, back, i)
			c.cycles = append(c.cycles, [2]int{i, back})
		}
	}
}

// active draws a service in proportion to how often it is changed.
func (c *company) active(d draw) int {
	place, _ := slices.BinarySearch(c.activity, d.Float64())
	return min(place, len(c.activity)-1)
}
