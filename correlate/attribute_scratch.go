package correlate

import (
	"sync"
	"sync/atomic"
)

// scratch is the memory that one attribution works in: it is used again by the
// next, since what ten thousand services and changes need anew each time would
// keep the collector busy. What a finding holds never lies in it.
type scratch struct {
	spreader
	approacher approacher
	numbers    serviceNumbers
	// place[node] is the place in origins.list plus one, 0 for none.
	place   []int32
	origins []origin
	links   slab[link]
	weights slab[float64]
	onsets  slab[onsetWeight]
	frame   frameRoom
	pushes  []uint64
	chosen  []reached
	joined  []link
	keys    []uint64
	by      []float64
	order   []ranked
	room    []candidate
	rough   []rough
	// leaders are the greatest rough weights, a heap with the least of them first.
	leaders []float64
	details []detail
	blast   blast
	parts   []part
	unions  []union
	whole   []part
	// asked and starts are for what is asked for many services at once, tails the
	// ends of their lists.
	asked     []int32
	starts    []int64
	tails     [][]dated
	mentioned mentioned
}

// release leaves nothing in the scratch that would hold on to changes, or that
// the next attribution would take for its own.
func (w *scratch) release() {
	for i := range w.origins {
		if node := w.origins[i].node; node >= 0 {
			w.place[node] = 0
		}
	}
	clear(w.origins)
	clear(w.room)
	for i := range w.details {
		clear(w.details[i].extra)
		w.details[i] = detail{extra: w.details[i].extra[:0]}
	}
	w.blast.release()
	w.origins, w.room, w.parts, w.leaders = w.origins[:0], w.room[:0], w.parts[:0], w.leaders[:0]
	clear(w.tails[:cap(w.tails)])
	clear(w.unions)
	w.mentioned.reset()
	w.links.reset()
	w.weights.reset()
	w.onsets.reset()
	w.graph = nil
}

// slab hands out short slices of one long one.
type slab[T any] struct {
	block []T
}

// take returns a slice of that length. What is in it is left from earlier.
func (s *slab[T]) take(n int) []T {
	if cap(s.block)-len(s.block) < n {
		s.block = make([]T, 0, max(2*cap(s.block), n, 1024)) // Those who hold slices of the old one keep it.
	}
	at := len(s.block)
	s.block = s.block[:at+n]
	return s.block[at : at+n : at+n]
}

// reset takes all slices back.
func (s *slab[T]) reset() { s.block = s.block[:0] }

// bench keeps scratch memory between attributions, of a few that run at once.
// Unlike a sync.Pool it is not emptied by the collector: an attribution after a
// quiet hour is as fast as any.
type bench struct {
	mu   sync.Mutex
	idle []*scratch
}

// maxIdle bounds what a bench keeps.
const maxIdle = 4

func (b *bench) take() *scratch {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n := len(b.idle); n > 0 {
		w := b.idle[n-1]
		b.idle = b.idle[:n-1]
		return w
	}
	return &scratch{}
}

func (b *bench) put(w *scratch) {
	w.release()
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.idle) < maxIdle {
		b.idle = append(b.idle, w)
	}
}

// token tells graphs and indexes apart: it is the same only for those that share
// their numbers of services.
type token struct {
	// claimed is how many places of the lists of services are taken.
	claimed atomic.Int64
}

// claim takes the next place of the lists that graphs of one lineage share. Only
// one graph gets it; what the others add they must put into lists of their own.
func (t *token) claim(place int) bool { return t.claimed.CompareAndSwap(int64(place), int64(place)+1) }

// serviceNumbers remember, for the nodes of a graph, which number each service
// has in an index of changes, so that names are compared once and not in every
// attribution.
type serviceNumbers struct {
	graph, index *token
	// of[node] is the number plus one, 0 when unknown, and minus the number of
	// services plus one that the index had when it did not know this one.
	of []int32
	// back[number] is the node with the number plus one, 0 when unknown.
	back []int32
}

// fit forgets everything if graph or index are others than before.
func (n *serviceNumbers) fit(g *Graph, x *ChangeIndex) {
	if g.Len() == 0 || x == nil {
		n.graph, n.index, n.of, n.back = nil, nil, n.of[:0], n.back[:0]
		return
	}
	if n.graph == g.lineage && n.index == x.identity {
		return
	}
	n.graph, n.index, n.back = g.lineage, x.identity, n.back[:0]
	if packed := g.packed(); cap(n.of) < packed {
		n.of = make([]int32, packed)
	} else {
		n.of = n.of[:packed]
		clear(n.of)
	}
}

// number is the number of the node's service in the index, -1 if it has none.
func (n *serviceNumbers) number(g *Graph, x *ChangeIndex, node int32) int32 {
	if int(node) >= len(n.of) { // Graphs of one lineage may differ in what was added.
		return x.number(g.names[node])
	}
	known := n.of[node]
	if known > 0 {
		return known - 1
	}
	missing := -int32(len(x.titles)) - 1
	if known == missing {
		return -1
	}
	id := x.number(g.names[node])
	n.of[node] = id + 1
	if id < 0 {
		n.of[node] = missing
	}
	return id
}

// node is the service with that number in the index, -1 if the graph does not
// know it.
func (n *serviceNumbers) node(g *Graph, x *ChangeIndex, number int32) int32 {
	if int(number) < len(n.back) && n.back[number] > 0 {
		return n.back[number] - 1
	}
	node, ok := g.id(x.titles[number])
	if !ok {
		return -1
	}
	if int(node) < len(n.of) {
		if len(n.back) < len(x.titles) {
			n.back = append(n.back, make([]int32, len(x.titles)-len(n.back))...)
		}
		n.back[number] = node + 1
	}
	return node
}
