package correlate

import (
	"cmp"
	"math"
	"slices"
)

// origins hold, for each service that could explain a symptom, how well a
// fault in it explains all alerts and all silence.
type origins struct {
	list   []origin
	byNode map[int32]int
	// blind is the explanation by a fault whose spread the graph does not show,
	// the same for every service.
	blind []float64
	// unlinked is that of a known service without a link to any symptom.
	unlinked []float64
	// mean is the average total over all services.
	mean  float64
	nodes float64
}

// origin is one service. weight[i] is the likelihood ratio against chance that
// the fault showed first as symptom i, summed over how far it spread.
type origin struct {
	node   int32
	links  []link
	weight []float64
	total  float64
}

// explain finds the origins and weighs them.
func (e *Engine) explain(s *scene) origins {
	sp := e.newSpreader(s)
	visits := max(200, e.weights.Limits.Visits/max(len(s.symptoms), 1))
	for i := range s.symptoms {
		for _, p := range s.symptoms[i].places {
			sp.from(i, p, visits)
		}
	}
	e.linkNames(s, sp)
	o := origins{byNode: make(map[int32]int, len(sp.found)), nodes: max(float64(s.in.Graph.Len()), 1)}
	nodes := make([]int32, 0, len(sp.found))
	for node := range sp.found {
		nodes = append(nodes, node)
	}
	slices.Sort(nodes)
	o.blind = e.blindWeights(s)
	o.unlinked = e.weigh(s, sp, -1, nil)
	sum := 0.0
	for _, node := range nodes {
		links := sp.found[node]
		w := e.weigh(s, sp, node, links)
		o.byNode[node] = len(o.list)
		total := 0.0
		for _, v := range w {
			total += v
		}
		o.list = append(o.list, origin{node: node, links: links, weight: w, total: total})
		sum += total
	}
	for _, v := range o.unlinked {
		sum += v * max(o.nodes-float64(len(nodes)), 0)
	}
	o.mean = sum / o.nodes
	return o
}

// blindWeights treats every alert as equally far from every service.
func (e *Engine) blindWeights(s *scene) []float64 {
	services := max(min(float64(s.in.Graph.Len()), e.weights.Topology.NoiseServices), 10)
	p := e.weights.Topology.BlindAlerts / services
	out := make([]float64, len(s.symptoms))
	for i := range s.symptoms {
		log := math.Log(p / s.symptoms[i].noise)
		for j := range s.symptoms {
			if j != i {
				log += math.Log1p(p / s.symptoms[j].noise * e.together(s, i, j))
			}
		}
		out[i] = math.Exp(log)
	}
	return out
}

// together compares how well symptom j fits in time after a first symptom i
// with how well unrelated alerts do. Symptoms before the first are unrelated.
func (e *Engine) together(s *scene, i, j int) float64 {
	lag := float64(s.symptoms[j].start-s.symptoms[i].start) / 1000
	if lag < 0 || lag == 0 && j < i {
		if lag < 0 {
			return 0
		}
	}
	t := &e.weights.Timing
	scaled := t.NoiseWindowSeconds / t.SpreadSeconds / math.Pow(1+lag/t.SpreadSeconds, 2)
	return t.SpreadShare*scaled + 1 - t.SpreadShare
}

// weigh computes an origin's weight for every choice of the first symptom.
func (e *Engine) weigh(s *scene, sp *spreader, node int32, links []link) []float64 {
	w := &e.weights.Topology
	out := make([]float64, len(s.symptoms))
	for _, part := range w.Spread {
		silent := e.silence(sp, node, links, part.Reach)
		for i := range s.symptoms {
			p := e.shows(links, i, part.Reach, s)
			log := math.Log(p/s.symptoms[i].noise) + silent
			for j := range s.symptoms {
				if j == i {
					continue
				}
				if t := e.together(s, i, j); t > 0 {
					log += math.Log1p(e.shows(links, j, part.Reach, s) / s.symptoms[j].noise * t)
				}
			}
			out[i] += part.Prior * math.Exp(log)
		}
	}
	return out
}

// shows is the probability that the fault shows as symptom i.
func (e *Engine) shows(links []link, i int, reach float64, s *scene) float64 {
	w := &e.weights.Topology
	services := max(min(float64(s.in.Graph.Len()), w.NoiseServices), 10)
	p := w.LeakAlerts / services * reach
	for _, l := range links {
		if l.symptom != i {
			continue
		}
		if l.route == routeSelf {
			return max(p, w.Self*l.strength)
		}
		return max(p, l.strength*reach)
	}
	return p
}

// silence is the log likelihood that the service and its callers stay quiet as
// far as they do.
func (e *Engine) silence(sp *spreader, node int32, links []link, reach float64) float64 {
	if node < 0 {
		return 0
	}
	log, alerting := 0.0, 0
	self := false
	for _, l := range links {
		self = self || l.route == routeSelf
		if l.route == routeCaller && l.hops == 1 {
			alerting++
			log -= math.Log1p(-min(l.strength*reach, 0.99))
		}
	}
	if !self {
		log += math.Log1p(-e.weights.Topology.Self)
	}
	arcs := sp.graph.callersOf(node)
	sample := arcs[:min(len(arcs), 64)]
	sum := 0.0
	for _, a := range sample {
		sum += math.Log1p(-min(sp.pass(a)*reach, 0.99))
	}
	if len(sample) > 0 {
		sum *= float64(len(arcs)) / float64(len(sample))
	}
	return log + sum
}

// linkNames links services whose names share rare words with a symptom's.
func (e *Engine) linkNames(s *scene, sp *spreader) {
	g := s.in.Graph
	if g.Len() == 0 {
		return
	}
	for i := range s.symptoms {
		said := words(s.symptoms[i].service)
		var near []int32
		for _, word := range said {
			if owners := g.tokens[word]; len(owners) <= 64 {
				near = append(near, owners...)
			}
		}
		slices.Sort(near)
		for _, node := range slices.Compact(near) {
			if g.names[node] == s.symptoms[i].service {
				continue
			}
			if like := g.likeness(said, words(g.names[node])); like > 0.3 {
				sp.strengthen(node, link{i, e.weights.Topology.NameLink * (like - 0.3) / 0.7, 1, routeName})
			}
		}
	}
}

// strengthen adds a link or raises one of the same symptom.
func (sp *spreader) strengthen(node int32, l link) {
	links := sp.found[node]
	at, found := slices.BinarySearchFunc(links, l.symptom, func(k link, i int) int { return cmp.Compare(k.symptom, i) })
	switch {
	case !found:
		sp.found[node] = slices.Insert(links, at, l)
	case links[at].route != routeSelf && links[at].strength < l.strength:
		links[at] = l
	}
}

// likeness is the cosine between two names' words weighted by rarity.
func (g *Graph) likeness(a, b []string) float64 {
	shared := 0.0
	for _, word := range a {
		if slices.Contains(b, word) {
			r := g.rarity(word)
			shared += r * r
		}
	}
	norm := func(list []string) float64 {
		sum := 0.0
		for _, word := range list {
			r := g.rarity(word)
			sum += r * r
		}
		return math.Sqrt(sum)
	}
	return shared / max(norm(a)*norm(b), 1e-9)
}

// rarity is the inverse document frequency of a word over service names.
func (g *Graph) rarity(word string) float64 {
	return math.Log((float64(len(g.names)) + 1) / (float64(len(g.tokens[word])) + 0.5))
}
