package outages

import (
	"math"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// company is the synthetic company around one outage.
type company struct {
	// named are the services of the outage, routine the others.
	named, routine []string
	edges          []correlate.Edge
}

// Words of which routine services are named. They share words with the services
// of outages, so that a word alone tells little.
var (
	firstWords = []string{
		"order", "price", "stock", "parcel", "session", "profile", "catalog", "invoice", "coupon", "refund",
		"account", "ledger", "report", "search", "media", "mail", "event", "log", "metric", "cloud",
		"payment", "chat", "web", "mobile", "team", "file", "data", "cache", "build", "fraud",
	}
	lastWords = []string{
		"api", "worker", "gateway", "store", "database", "router", "frontend", "queue", "cache", "proxy",
		"engine", "index", "network", "storage", "cluster",
	}
)

// The shape of the call graph, measured on another set of outages in a synthetic
// company of 300 services: two calls a service, up to nine callers of one, a few
// services that call tens; a service of the outage calls, and is called by, 0.7
// of the others on average.
const (
	extraCallers  = 0.95
	callerSkew    = 2.0
	outsideDegree = 0.65
)

// newCompany draws the company in which the outage happens.
func newCompany(d draw, o *Outage, services int) *company {
	c := &company{named: o.services()}
	taken := map[string]bool{}
	for _, name := range c.named {
		taken[name] = true
	}
	c.routine = routineNames(d, services, taken)
	for i := 1; i < len(c.routine); i++ {
		for range 1 + d.count(extraCallers*d.ExpFloat64()) {
			caller := int(float64(i) * math.Pow(d.Float64(), callerSkew))
			c.link(c.routine[caller], c.routine[i])
		}
	}
	for _, call := range o.Calls {
		caller, callee, _ := strings.Cut(call, ">")
		c.link(caller, callee)
	}
	for _, name := range c.named {
		for range d.count(outsideDegree) {
			c.link(name, pick(d, c.routine))
		}
		for range d.count(outsideDegree) {
			c.link(pick(d, c.routine), name)
		}
	}
	return c
}

// routineNames draws names that are not taken, each once.
func routineNames(d draw, n int, taken map[string]bool) []string {
	var names []string
	for _, first := range firstWords {
		for _, last := range lastWords {
			if name := first + "-" + last; first != last && !taken[name] {
				names = append(names, name)
			}
		}
	}
	return shuffled(d, names)[:n]
}

// link adds a call, once.
func (c *company) link(caller, callee string) {
	edge := correlate.Edge{Caller: caller, Callee: callee, Kind: correlate.EdgeSync}
	for i := range c.edges {
		if c.edges[i] == edge {
			return
		}
	}
	c.edges = append(c.edges, edge)
}

// topology is the snapshot that a case shows, in random order.
func (c *company) topology(d draw, observed time.Time) correlate.Topology {
	t := correlate.Topology{ObservedAt: observed, Source: "catalog", Edges: shuffled(d, c.edges)}
	for _, name := range shuffled(d, append(append([]string(nil), c.named...), c.routine...)) {
		t.Services = append(t.Services, correlate.Service{Name: name})
	}
	return t
}
