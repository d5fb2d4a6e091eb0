package correlate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// oracleScene is a random company with an incident; the same seed gives the same.
// Every other graph is patched, so that numbers and names differ in order.
func oracleScene(seed uint64) Input {
	r := rand.New(rand.NewPCG(seed, 7))
	services := 12 + r.IntN(60)
	name := func(i int) string {
		return fmt.Sprintf("%s-%s-%d", []string{"pay", "cart", "search"}[i%3], []string{"api", "db"}[i%2], i)
	}
	draw := func(n int) Topology {
		t := Topology{Source: "mesh", ObservedAt: time.Unix(int64(n), 0)}
		for range n {
			t.Edges = append(t.Edges, Edge{
				Caller: name(int(float64(services) * r.Float64() * r.Float64())), Callee: name(r.IntN(services)),
				Kind: EdgeKinds()[r.IntN(4)], CallsPerSecond: float64(r.IntN(50)),
			})
		}
		return t
	}
	g := NewGraph(draw(2 * services))
	if seed%2 == 1 {
		g = g.With(draw(services / 2))
	}
	end := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	in := Input{Incident: Incident{ID: "i"}, AsOf: end, Graph: g, Changes: NewChangeIndex()}
	for i := range 3 + r.IntN(30) {
		at := end.Add(-time.Duration(r.IntN(1200)) * time.Second)
		in.Alerts = append(in.Alerts, Alert{
			Source: "m", Fingerprint: fmt.Sprint(i), Service: name(r.IntN(services + 2)), Status: AlertFiring,
			Severity: Severities()[r.IntN(len(Severities()))], StartedAt: at.Truncate(time.Second),
		})
	}
	for i := range r.IntN(300) {
		c := Change{ID: fmt.Sprint(i), Source: "ci", Kind: ChangeKinds()[r.IntN(5)], StartedAt: end.Add(-time.Duration(r.ExpFloat64() * float64(3*time.Hour)))}
		for range r.IntN(4) {
			c.Services = append(c.Services, name(r.IntN(services+3)))
		}
		in.Changes.Put(c)
	}
	return in
}

// oracleEngine prunes much, so that what is pruned shows in small companies.
func oracleEngine(seed uint64) *Engine {
	w := DefaultWeights()
	w.Limits.Origins, w.Limits.Approach, w.Limits.Visits = 6+int(seed%40), 40, 900
	return NewEngine(w)
}

// plainWeigh multiplies the likelihood of every alert out for every onset and
// case, from the probabilities and not from what is kept of them.
func plainWeigh(f *frame, links []link, quiet []float64) []float64 {
	out := make([]float64, len(f.firsts))
	for at := range f.firsts {
		for _, c := range f.cases {
			log, inside, none := f.calm(c.noise)+c.log-c.leak-f.shift, 1.0, 1.0
			for j := range f.s.symptoms {
				slope, rest := f.part(at, j, c.noise)
				p := f.base(&c, j)
				for _, l := range links {
					if int(l.symptom) != j {
						continue
					}
					over := float64(l.strength) * c.reach
					if l.route == routeSelf {
						over = float64(l.strength) * f.e.weights.Topology.Self
					}
					if over > p || f.cascade.passed[j] != 0 {
						p = 1 - (1-over)*(1-p)
					}
				}
				if f.firsts[at].holds(j) {
					inside *= p*slope + rest
					none *= rest
				} else {
					log += math.Log(p*slope + rest)
				}
			}
			out[at] += math.Exp(log) * quiet[c.reachIndex] * (inside - none)
		}
	}
	return out
}

func nearly(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(math.Abs(a), math.Abs(b), 1e-280) }

func nearlyAll(a, b []float64) bool { return slices.EqualFunc(a, b, nearly) }
func TestWeighingLinkByLinkIsMultiplyingEverythingOut(t *testing.T) {
	for seed := range uint64(60) {
		e, in := oracleEngine(seed), oracleScene(seed)
		s := e.newScene(&in)
		for i := range s.origins.list {
			o := &s.origins.list[i]
			if o.quiet == nil {
				continue // One that overloads others; see below.
			}
			got, want := s.origins.frame.weigh(o.links, o.quiet), plainWeigh(s.origins.frame, o.links, o.quiet)
			if !nearlyAll(got, want) || o.node >= 0 && !nearlyAll(o.own, want) {
				t.Fatalf("seed %d, origin %d: %v, want %v", seed, i, got, want)
			}
		}
		s.leave()
	}
}

// plainApproach walks from a service towards its callers, one level after the
// other, and joins every symptom that it passes.
func plainApproach(sp *spreader, s *scene, node int32) {
	seen := map[int32]bool{node: true}
	level, before, budget := []place{{node, 1}}, 1.0, approachVisits
	for hop, decay := range sp.w.Topology.Caller[:approachHops] {
		var next []place
		for _, at := range level {
			row := sp.graph.callersOf(at.node)
			if len(row) > budget {
				continue
			}
			budget -= len(row)
			for _, a := range row {
				if seen[a.to] {
					continue
				}
				seen[a.to] = true
				strength := at.strength * sp.over(sp.graph.felt(a), len(row)) * decay / before
				for i := range s.symptoms {
					for _, p := range s.symptoms[i].places {
						if p.node == a.to {
							sp.join(node, link{symptom: int32(i), strength: float32(strength * p.strength), hops: int8(hop + 1), route: routeCaller})
						}
					}
				}
				next = append(next, place{a.to, strength})
			}
		}
		level, before = next, decay
	}
}

// Rows of callers that do not fit into the budget any more are passed over, also
// when a symptom is in one.
func TestAnApproachKeepsToItsBudgetAsAPlainWalkDoes(t *testing.T) {
	var edges []string
	for i := range 200 {
		caller := fmt.Sprintf("caller-%03d", i)
		edges = append(edges, caller, "changed")
		for k := range 1 + i%3 {
			edges = append(edges, fmt.Sprintf("web-%03d-%d", i, k), caller)
		}
	}
	for _, at := range []string{"caller-007", "web-010-0", "web-100-0", "web-101-1", "web-102-0", "web-199-0"} {
		in := Input{Graph: NewGraph(calls(edges...)), Changes: NewChangeIndex(changed("c", time.Minute, "changed"))}
		node, _ := in.Graph.id("changed")
		alert, _ := in.Graph.id(at)
		e, work := NewEngine(DefaultWeights()), &scratch{}
		s := &scene{in: &in, work: work, symptoms: []symptom{{service: at, places: []place{{alert, 0.7}}}}}
		work.reset(in.Graph, &e.weights)
		work.mark(s)
		work.approach(node, approachVisits)
		plain := &spreader{}
		plain.reset(in.Graph, &e.weights)
		plainApproach(plain, s, node)
		if diff := gocmp.Diff(plain.chain, work.chain, gocmp.AllowUnexported(chained{}, link{})); diff != "" {
			t.Errorf("an alert on %s (-plain +engine):\n%s", at, diff)
		}
	}
}

// plainLinksOf are a reached node's links by symptom.
func plainLinksOf(sp *spreader, r *reached) []link {
	var list []link
	for at := r.last; at >= 0; at = sp.chain[at].next {
		list = append(list, sp.chain[at].link)
	}
	slices.SortFunc(list, func(a, b link) int { return cmp.Compare(a.symptom, b.symptom) })
	return list
}

// plainLinks are the links of every service, by name of service and symptom.
func plainLinks(e *Engine, s *scene) (*spreader, map[string][]link) {
	sp := &spreader{}
	sp.reset(s.in.Graph, &e.weights)
	for i := range s.symptoms {
		sp.walk(int32(i), &s.symptoms[i], max(e.weights.Limits.Visits/len(s.symptoms), 150))
	}
	left, done := e.weights.Limits.Approach, map[string]bool{}
	s.in.Changes.time.latest(s.in.Changes, s.symptoms[len(s.symptoms)-1].start, func(ref uint32) bool {
		for _, name := range s.in.Changes.servicesOf(ref) {
			if node, ok := s.in.Graph.id(name); ok && !done[name] {
				plainApproach(sp, s, node)
			}
			done[name] = true
		}
		left--
		return left > 0
	})
	links := map[string][]link{}
	for i := range sp.found {
		list := plainLinksOf(sp, &sp.found[i])
		links[s.in.Graph.names[sp.found[i].node]] = slices.Clone(list)
	}
	return sp, links
}

// plainStrongest sorts all reached services by how well they link and how lately
// they changed.
func plainStrongest(e *Engine, s *scene, links map[string][]link) []string {
	quick := map[string]float64{}
	for name, list := range links {
		quick[name] = 1e-9
		if before := s.in.Changes.of(name, s.symptoms[len(s.symptoms)-1].start); len(before) > 0 {
			age := float64(s.symptoms[0].start-before[len(before)-1].start) / 1000
			quick[name] = max(e.delays.usual.at(max(age, 0), s.skew), 1e-9)
		}
		for _, l := range list {
			quick[name] *= 1 + float64(l.strength)*0.4*s.symptoms[l.symptom].loud/s.symptoms[l.symptom].noise
		}
	}
	names := slices.Collect(func(yield func(string) bool) {
		for name := range links {
			if !yield(name) {
				return
			}
		}
	})
	slices.SortFunc(names, func(a, b string) int {
		if nearly(quick[a], quick[b]) {
			return cmp.Compare(a, b)
		}
		return cmp.Compare(quick[b], quick[a])
	})
	names = names[:min(len(names), e.weights.Limits.Origins)]
	slices.Sort(names)
	return names
}

// plainOverload spreads what each service explains to those that may have broken
// it, over maps by name.
func plainOverload(s *scene, seen map[string][]float64) (all map[string][]float64, via map[string]string) {
	g, w := s.in.Graph, &s.origins.frame.e.weights.Topology
	names := make([]string, 0, len(seen))
	all, via = map[string][]float64{}, map[string]string{}
	for name := range seen {
		names, all[name] = append(names, name), slices.Clone(seen[name])
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(sumOf(seen[b]), sumOf(seen[a])), cmp.Compare(a, b))
	})
	most := map[string]float64{}
	victims := names[:min(len(names), maxOverloaded)]
	slices.Sort(victims)
	for _, victim := range victims {
		callers := g.Callers(victim)
		for _, edge := range callers {
			if all[edge.Caller] == nil {
				all[edge.Caller] = make([]float64, len(seen[victim]))
			}
			share := w.overload(len(callers), len(g.Callees(edge.Caller)))
			if _, known := most[edge.Caller]; !known {
				most[edge.Caller] = sumOf(seen[edge.Caller])
			}
			if explained := share * sumOf(seen[victim]); explained > most[edge.Caller] {
				most[edge.Caller], via[edge.Caller] = explained, victim
			}
			for i, weight := range seen[victim] {
				all[edge.Caller][i] += share * weight
			}
		}
	}
	return all, via
}

// What the engine finds with flat arrays, numbers and shortcuts is what plain
// walks and sums over names find.
func TestTheOriginsAreThoseOfAPlainWalk(t *testing.T) {
	reached, overloaded, relayed := 0, 0, 0
	for seed := range uint64(120) {
		e, in := oracleEngine(seed), oracleScene(seed)
		s := e.newScene(&in)
		sp, links := plainLinks(e, s)
		names := plainStrongest(e, s, links)
		reached += len(links) - len(names)
		f, seen := s.origins.frame, map[string][]float64{}
		sum := sumOf(f.weigh(nil, f.quiet(-1, nil))) * max(s.origins.nodes-float64(len(sp.found)), 0)
		for _, name := range names {
			node, _ := in.Graph.id(name)
			seen[name] = plainWeigh(f, links[name], f.quiet(node, links[name]))
		}
		all, via := plainOverload(s, seen)
		overloaded += len(via)
		relayed += plainRelay(sp, s, seen, all, links)
		for _, weights := range all {
			sum += sumOf(weights)
		}
		blind := e.weights.Topology.BlindNoChange
		if none := (1-blind)*sum/s.origins.nodes + blind*sumOf(s.origins.blind); !nearly(none, s.origins.none) {
			t.Fatalf("seed %d: no change explains %v, want %v", seed, s.origins.none, none)
		}
		checkOrigins(t, seed, s, all, via, links)
		s.leave()
	}
	if reached == 0 || overloaded == 0 || relayed == 0 {
		t.Errorf("%d services left out, %d overload others, %d are reached over a silent one; one was not tried", reached, overloaded, relayed)
	}
}

func checkOrigins(t *testing.T, seed uint64, s *scene, all map[string][]float64, via map[string]string, links map[string][]link) {
	t.Helper()
	if len(s.origins.list) != len(all) {
		t.Fatalf("seed %d: %d origins, want %d", seed, len(s.origins.list), len(all))
	}
	for i := range s.origins.list {
		o := &s.origins.list[i]
		name := s.in.Graph.names[o.node]
		if s.origins.at(o.node) != i || !nearlyAll(o.seen, all[name]) {
			t.Fatalf("seed %d: %s at %d explains %v, want %v", seed, name, s.origins.at(o.node), o.seen, all[name])
		}
		broke := ""
		if o.via >= 0 {
			broke = s.in.Graph.names[o.via]
		}
		if broke != via[name] {
			t.Fatalf("seed %d: %s broke %q, want %q", seed, name, broke, via[name])
		}
		if o.quiet != nil {
			if diff := gocmp.Diff(links[name], o.links, gocmp.AllowUnexported(link{})); diff != "" {
				t.Fatalf("seed %d: links of %s (-want +got):\n%s", seed, name, diff)
			}
		}
	}
}

// One engine that has judged other companies in between, with other graphs and
// indexes, must judge as a new one does.
func TestAnEngineLearnsNothingFromWhatItJudged(t *testing.T) {
	used := NewEngine(DefaultWeights())
	for seed := range uint64(40) {
		for _, at := range []uint64{seed, seed / 2, seed} {
			in := oracleScene(at)
			want := NewEngine(DefaultWeights()).Attribute(in)
			if diff := gocmp.Diff(want, used.Attribute(in)); diff != "" {
				t.Fatalf("seed %d after others (-new engine +used):\n%s", at, diff)
			}
			for i, name := range in.Graph.Services() { // Also those that had never changed before.
				in.Changes.Put(Change{ID: fmt.Sprint("more", i), Source: "ci", StartedAt: in.AsOf.Add(-time.Duration(30+i) * time.Minute), Services: []string{name}})
			}
			want = NewEngine(DefaultWeights()).Attribute(in)
			if diff := gocmp.Diff(want, used.Attribute(in)); diff != "" {
				t.Fatalf("seed %d with more changes (-new engine +used):\n%s", at, diff)
			}
			in.Changes.Put(Change{ID: "last", Source: "ci", StartedAt: in.AsOf.Add(-time.Minute), Services: []string{"brand-new", "pay-api-0"}})
			in.Graph = in.Graph.With(calls("brand-new", "pay-api-0"))
			want = NewEngine(DefaultWeights()).Attribute(in)
			if diff := gocmp.Diff(want, used.Attribute(in)); diff != "" {
				t.Fatalf("seed %d with one more service (-new engine +used):\n%s", at, diff)
			}
		}
	}
}

// Attributions at the same time must not share memory.
func TestManyJudgeAtOnce(t *testing.T) {
	e := NewEngine(DefaultWeights())
	type result struct {
		seed uint64
		got  Finding
	}
	results := make(chan result)
	const judges = 8
	for seed := range uint64(judges) {
		go func() {
			in := oracleScene(seed)
			for range 5 {
				e.Attribute(in)
			}
			results <- result{seed, e.Attribute(in)}
		}()
	}
	for range judges {
		r := <-results
		if diff := gocmp.Diff(NewEngine(DefaultWeights()).Attribute(oracleScene(r.seed)), r.got); diff != "" {
			t.Errorf("seed %d (-alone +among others):\n%s", r.seed, diff)
		}
	}
	if len(e.bench.idle) > maxIdle {
		t.Errorf("keeps the memory of %d attributions", len(e.bench.idle))
	}
}
