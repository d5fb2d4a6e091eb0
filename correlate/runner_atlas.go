package correlate

import (
	"context"
	"sync"
	"time"
)

// maxLater bounds the snapshots kept while the graph is rebuilt; beyond it the
// rebuild is given up and tried again later.
const maxLater = 256

// atlas holds the call graph of the runner. Snapshots are added at once; the
// graph is rebuilt in the background, because that takes seconds for a million
// edges.
type atlas struct {
	graph *Graph
	// regroup is true when the alerts held were grouped by another graph than
	// the one above, regrouped the last time that they were grouped.
	regroup   bool
	regrouped time.Time
	// refreshed is when the stored topology was last asked for.
	refreshed time.Time
	// building receives the graph of a rebuild that is under way; nil means
	// that none is. later are the snapshots that came meanwhile.
	building chan *Graph
	later    []Topology
	owned    sync.WaitGroup
}

// add puts the snapshot into the graph.
func (a *atlas) add(t Topology) {
	services, edges := a.graph.Len(), a.graph.Edges()
	if a.graph == nil {
		a.graph = NewGraph(t)
	} else {
		a.graph = a.graph.With(t)
	}
	if a.graph.Len() != services || a.graph.Edges() != edges {
		a.regroup = true
	}
	switch {
	case a.building == nil:
	case len(a.later) < maxLater:
		a.later = append(a.later, t)
	default:
		a.building, a.later = nil, nil
	}
}

// replace puts another graph in the place of the one held.
func (a *atlas) replace(g *Graph) {
	a.graph, a.regroup = g, true
	for _, t := range a.later {
		a.graph = a.graph.With(t)
	}
}

// rebuild lets build make the next graph in a goroutine of its own; a nil
// graph means that it could not. Collect puts it in place.
func (a *atlas) rebuild(build func() *Graph) {
	built := make(chan *Graph, 1)
	a.building = built
	a.owned.Go(func() { built <- build() })
}

// collect takes over a rebuilt graph if it is ready.
func (a *atlas) collect() {
	if a.building == nil {
		return
	}
	select {
	case g := <-a.building:
		a.building = nil
		if g != nil {
			a.replace(g)
		}
		a.later = nil
	default:
	}
}

// wait returns when no rebuild is under way.
func (a *atlas) wait() { a.owned.Wait() }

// regroup takes over what is new about the topology. Many alerts are grouped
// anew at most every RegroupEvery, few at once, and their open incidents judged
// anew.
func (r *Runner) regroup(ctx context.Context) {
	now := r.ports.Now()
	r.atlas.collect()
	r.refresh(ctx, now)
	early := now.Sub(r.atlas.regrouped) < r.cfg.RegroupEvery
	if !r.atlas.regroup || early && r.grouper.Len() > r.cfg.RegroupAtOnce {
		return
	}
	r.atlas.regroup, r.atlas.regrouped = false, now
	r.grouper.SetTopology(r.atlas.graph)
	for _, t := range r.tracked {
		if t.row.Status == IncidentOpen {
			r.due(t)
		}
	}
}

// refresh starts a rebuild when one is due.
func (r *Runner) refresh(ctx context.Context, now time.Time) {
	stale := r.ports.Atlas != nil && now.Sub(r.atlas.refreshed) >= r.cfg.RefreshTopology
	switch graph := r.atlas.graph; {
	case r.atlas.building != nil:
	case stale:
		r.atlas.refreshed = now
		r.atlas.rebuild(func() *Graph { return r.fetchGraph(ctx, now) })
	case graph.Stale():
		r.atlas.rebuild(graph.Packed)
	}
}

// fetchGraph runs beside the looks: it touches nothing of the runner but its
// ports.
func (r *Runner) fetchGraph(ctx context.Context, now time.Time) *Graph {
	var graph *Graph
	err := r.call(ctx, func(ctx context.Context) error {
		topology, err := r.ports.Atlas.Topology(ctx, now)
		if err == nil {
			graph = NewGraph(topology)
		}
		return err
	})
	if err != nil && ctx.Err() == nil {
		r.ports.Observer.Failed("atlas", err, r.cfg.RefreshTopology)
	}
	return graph
}
