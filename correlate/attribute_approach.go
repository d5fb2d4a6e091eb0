package correlate

// approacher walks from recently changed services towards the symptoms, for the
// walks from the symptoms see only the busiest callees of a service that calls
// hundreds. Most of what it passes leads nowhere, which two bits tell.
type approacher struct {
	claims map[int32][]claim
	// marked are the nodes that symptoms may be about, near those that one of these
	// calls.
	marked, near bits
	// done are the services that were walked from.
	done    bits
	visited []int32
	hits    []approachHit
	// numbers and nodes are the services changed lately, in the index and in the
	// graph.
	numbers, nodes []int32
}

// claim is a symptom that may be about a node.
type claim struct {
	symptom  int32
	strength float64
}

// approachHit is a caller from which a symptom is one more call away.
type approachHit struct {
	node     int32
	strength float64
}

// approachVisits bounds the callers looked at for one recently changed service.
const approachVisits = 400

// approachHops is how many calls are walked from a cause; further away the walks
// from the symptoms see enough.
const approachHops = 2

// approachRecent looks from the newest changes towards the symptoms.
func (e *Engine) approachRecent(s *scene) {
	x, g := s.in.Changes, s.in.Graph
	if x.Len() == 0 || g.Len() == 0 {
		return
	}
	s.work.mark(s)
	for i, nodes := 0, s.lately(e.weights.Limits.Approach); i < len(nodes); i++ {
		if i%rowsAtOnce == 0 {
			for _, soon := range nodes[i:min(i+rowsAtOnce, len(nodes))] {
				s.work.warmth += g.callers.peek(soon)
			}
		}
		s.work.approach(nodes[i], approachVisits)
	}
}

// lately are the services of the newest changes before the last symptom, each
// once.
func (s *scene) lately(limit int) []int32 {
	x, g, a := s.in.Changes, s.in.Graph, &s.work.approacher
	a.done, a.numbers, a.nodes = a.done.sized(g.Len()), a.numbers[:0], a.nodes[:0]
	x.time.latest(x, s.symptoms[len(s.symptoms)-1].start, func(ref uint32) bool {
		a.numbers = append(a.numbers, x.numbersOf(ref)...)
		limit--
		return limit > 0
	})
	for _, number := range a.numbers {
		if node := s.work.numbers.node(g, x, number); node >= 0 && !a.done.has(node) {
			a.done.set(node)
			a.nodes = append(a.nodes, node)
		}
	}
	return a.nodes
}

// mark notes where the symptoms are.
func (w *scratch) mark(s *scene) {
	g, a := s.in.Graph, &w.approacher
	w.seen = w.seen.sized(g.Len())
	a.claims = map[int32][]claim{}
	a.marked, a.near = a.marked.sized(g.Len()), a.near.sized(g.Len())
	for i := range s.symptoms {
		for _, p := range s.symptoms[i].places {
			a.claims[p.node] = append(a.claims[p.node], claim{int32(i), p.strength})
			a.marked.set(p.node)
			for _, callee := range g.calleesOf(p.node) {
				a.near.set(callee.to)
			}
		}
	}
}

// approach walks from a service over two calls at most. A row of callers that
// is longer than what is left of the budget is passed over whole.
func (w *scratch) approach(node int32, budget int) {
	decays := w.w.Topology.Caller[:min(len(w.w.Topology.Caller), approachHops)]
	row := w.graph.callersOf(node)
	if len(decays) == 0 || len(row) > budget {
		return
	}
	w.visit(node)
	defer w.forgetVisits()
	if !w.firstCalls(node, row, decays[0]) || len(decays) < 2 {
		return
	}
	budget -= len(row)
	hits := w.approacher.hits
	for i := 0; len(hits) > 0; i++ {
		caller := row[i].to
		further := w.graph.callersOf(caller)
		if len(further) <= budget {
			budget -= len(further)
			if caller == hits[0].node {
				w.secondCalls(node, further, hits[0].strength, decays)
			}
		}
		if caller == hits[0].node {
			hits = hits[1:]
		}
	}
}

// firstCalls joins the symptoms among a service's callers, and reports whether
// any caller is called by a symptom in turn.
func (w *scratch) firstCalls(node int32, row []arc, decay float64) bool {
	a := &w.approacher
	a.hits = a.hits[:0]
	for _, call := range row {
		marked, near := a.marked.has(call.to), a.near.has(call.to)
		if !marked && !near {
			continue
		}
		strength := w.over(w.graph.felt(call), len(row)) * decay
		if marked {
			w.visit(call.to)
			w.joinAll(node, call.to, strength, 1)
		}
		if near {
			a.hits = append(a.hits, approachHit{call.to, strength})
		}
	}
	return len(a.hits) > 0
}

// secondCalls joins the symptoms among the callers of a service's caller, which
// a fault reaches with that strength.
func (w *scratch) secondCalls(node int32, row []arc, strength float64, decays []float64) {
	for _, call := range row {
		if w.approacher.marked.has(call.to) && !w.seen.has(call.to) {
			w.visit(call.to)
			w.joinAll(node, call.to, strength*w.over(w.graph.felt(call), len(row))*decays[1]/decays[0], 2)
		}
	}
}

// visit marks a node as seen until forgetVisits.
func (w *scratch) visit(node int32) {
	w.seen.set(node)
	w.approacher.visited = append(w.approacher.visited, node)
}

func (w *scratch) forgetVisits() {
	for _, node := range w.approacher.visited {
		w.seen.unset(node)
	}
	w.approacher.visited = w.approacher.visited[:0]
}

// joinAll links the node to all symptoms that may be about a service that many
// calls away.
func (w *scratch) joinAll(node, at int32, strength float64, hops int8) {
	for _, y := range w.approacher.claims[at] {
		w.join(node, link{symptom: y.symptom, strength: float32(strength * y.strength), hops: hops, route: routeCaller})
	}
}

// bits is a set of nodes.
type bits []uint64

// sized returns an empty set for n nodes in the same memory if it is enough.
func (b bits) sized(n int) bits {
	b = sized(b, n/64+1)
	clear(b)
	return b
}

func (b bits) set(node int32) { b[node>>6] |= 1 << (node & 63) }

func (b bits) unset(node int32) { b[node>>6] &^= 1 << (node & 63) }

func (b bits) has(node int32) bool { return b[node>>6]>>(node&63)&1 == 1 }
