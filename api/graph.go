package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/faultline/faultline/correlate"
)

// callGraph is the call graph of one moment. It is not changed after it was
// made.
type callGraph struct {
	*correlate.Graph
	topology correlate.Topology

	encoding sync.Once
	body     []byte
	etag     string
	bodyErr  error
}

func newCallGraph(t correlate.Topology) *callGraph {
	return &callGraph{Graph: correlate.NewGraph(t), topology: t}
}

// neighbours returns the edges towards a service and those away from it.
func (g *callGraph) neighbours(service string) (callers, callees []correlate.Edge) {
	return list(g.Callers(service)), list(g.Callees(service))
}

// radius tells how far a fault in the changed services could spread. Without an
// incident there are no alerts to compare with, so a service that could feel
// the fault is potential, never quiet.
func (g *callGraph) radius(changed []string) correlate.BlastRadius {
	var b correlate.BlastRadius
	if len(changed) > 0 {
		b = correlate.BlastRadiusOf(g.Graph, changed, nil)
	}
	b.Quiet = nil
	for i := range b.Nodes {
		if b.Nodes[i].State == "quiet" {
			b.Nodes[i].State = "potential"
		}
	}
	wholeRadius(&b)
	return b
}

// environment lists the services of an environment; a service that names none
// is in the default one.
func (g *callGraph) environment(name string) []string {
	var names []string
	for _, service := range g.Services() {
		known, _ := g.Service(service)
		if known.Environment == name || known.Environment == "" && name == correlate.DefaultEnvironment {
			names = append(names, service)
		}
	}
	return names
}

// encoded returns the topology as JSON with its ETag, made once: with many
// services it is megabytes.
func (g *callGraph) encoded() (body []byte, etag string, err error) {
	g.encoding.Do(func() {
		whole := g.topology
		whole.Services, whole.Edges = list(whole.Services), list(whole.Edges)
		g.body, g.bodyErr = encode(&whole)
		g.etag = bodyTag(g.body)
	})
	return g.body, g.etag, g.bodyErr
}

// graphCache keeps the present call graph, since reading and indexing it for
// every request would cost seconds at a million edges.
type graphCache struct {
	store TopologyReader
	age   time.Duration
	now   func() time.Time
	// loading holds one slot: one request loads while others are answered from
	// the graph before, or wait when there is none yet.
	loading chan struct{}

	mu      sync.Mutex
	current *callGraph
	loaded  time.Time
	// took is how long reading current lasted. told counts the deliveries of
	// snapshots that this server took, knows those that current was read after.
	took        time.Duration
	told, knows int
}

// A graph is read anew as soon as that takes no more than a twentieth of the
// time, but not every moment: the gate wants the tiers of today. One that is read
// within promptRead is read anew at once for whoever has sent a snapshot.
const (
	rereadShare = 20
	rereadPause = time.Second
	promptRead  = 500 * time.Millisecond
)

func newGraphCache(store TopologyReader, age time.Duration, now func() time.Time) *graphCache {
	return &graphCache{store: store, age: age, now: now, loading: make(chan struct{}, 1)}
}

// tell notes that this server took a snapshot.
func (c *graphCache) tell() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.told++
}

// get returns a graph no older than the configured age, or the one before while
// another request loads. A graph that is read quickly has every snapshot that this
// server took.
func (c *graphCache) get(ctx context.Context) (*callGraph, error) {
	known, fresh, usable := c.peek()
	if fresh {
		return known, nil
	}
	mine, err := c.turn(ctx, usable)
	if err != nil || !mine {
		return known, err
	}
	defer func() { <-c.loading }()
	if known, fresh, _ = c.peek(); fresh {
		return known, nil
	}
	return c.load(ctx)
}

// turn takes the loading slot. Who has an older graph does not wait for it.
func (c *graphCache) turn(ctx context.Context, impatient bool) (mine bool, err error) {
	select {
	case c.loading <- struct{}{}:
		return true, nil
	default:
	}
	if impatient {
		return false, nil
	}
	select {
	case c.loading <- struct{}{}:
		return true, nil
	case <-ctx.Done():
		return false, fmt.Errorf("wait for the topology: %w", ctx.Err())
	}
}

// peek returns the graph that was read last, whether it needs no reading anew,
// and whether it will do while another request reads.
func (c *graphCache) peek() (known *callGraph, fresh, usable bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.current == nil || c.told != c.knows && c.took <= promptRead {
		return c.current, false, false
	}
	return c.current, c.now().Sub(c.loaded) < min(c.age, max(rereadPause, rereadShare*c.took)), true
}

func (c *graphCache) load(ctx context.Context) (*callGraph, error) {
	began := c.now()
	c.mu.Lock()
	told := c.told
	c.mu.Unlock()
	topology, err := c.store.Topology(ctx, began.UTC())
	if err != nil {
		return nil, fmt.Errorf("read the topology: %w", err)
	}
	g := newCallGraph(topology)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.current, c.loaded, c.took, c.knows = g, began, c.now().Sub(began), told
	return g, nil
}
