package correlate

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// A second, more varied drawing of a shop under concurrent rollouts: random
// trees of calls, seven kinds of faults, canaries of any size, and monitoring of
// many habits. Its settings are drawn too; the sets of settings that served to
// choose the model's structure are kept apart from those that judge it.

// meshCall is a node of a request's tree of calls, in order.
type meshCall struct {
	service  int
	tolerant bool
	calls    []*meshCall
}

type meshFlow struct {
	share float64
	root  *meshCall
}

// meshCase is one labelled case with the settings drawn for it.
type meshCase struct {
	in       Input
	world    *meshWorld
	guilty   string
	fault    meshFault
	alerting meshAlerting
	view     meshView
	silent   bool
	together bool
	style    int
}

// meshStage is one step of a rollout: how many instances are changed from then on.
type meshStage struct {
	at    time.Time
	fresh int
}

// meshWorld is the state from which series and alerts come.
type meshWorld struct {
	h         meshHabits
	r         *rand.Rand
	c         *meshCase
	names     []string
	callees   [][]int
	flows     []meshFlow
	shown     []Change // Rollouts that began before the judgement.
	instances int
	fresh     []int         // Instances changed in the end, by service.
	stages    [][]meshStage // How the change reached them, by service.
	base      []float64     // Own latency in ms by service.
	guilty    int
	power     float64
	after     int     // Calls made before the exception.
	timeout   bool    // A delay exceeds the callers' patience.
	load      float64 // Requests per second.
	step      time.Duration
	anew      bool
	unnamed   bool
}

var meshWords = []string{
	"web", "cart", "price", "stock", "search", "account", "wallet", "invoice", "route", "seat", "ticket", "notify", "review", "tax", "media", "gift",
}

// drawMesh draws a case.
func drawMesh(seed uint64, h meshHabits) meshCase {
	r := rand.New(rand.NewPCG(seed, 99))
	c := meshCase{}
	w := &meshWorld{h: h, r: r, c: &c}
	c.world = w
	w.drawCompany()
	c.fault = h.faults[r.IntN(len(h.faults))]
	c.silent, c.together = r.Float64() < h.silent, r.Float64() < h.together
	c.alerting, c.view = h.alerting[r.IntN(len(h.alerting))], h.views[r.IntN(len(h.views))]
	c.style = h.styles[r.IntN(len(h.styles))]
	w.step = h.steps[r.IntN(len(h.steps))]
	w.load = h.load[0] * math.Pow(h.load[1]/h.load[0], r.Float64())
	w.anew, w.unnamed = r.Float64() < h.anew, r.Float64() < h.unnamed
	w.power = 0.3 + 0.7*r.Float64()
	w.timeout = r.IntN(2) == 0
	w.drawRollouts()
	return c
}

func (w *meshWorld) drawCompany() {
	n := w.h.services[0] + w.r.IntN(w.h.services[1]-w.h.services[0]+1)
	words := slices.Clone(meshWords)
	w.r.Shuffle(len(words), func(i, j int) { words[i], words[j] = words[j], words[i] })
	w.names = words[:n]
	w.callees, w.fresh, w.stages, w.base = make([][]int, n), make([]int, n), make([][]meshStage, n), make([]float64, n)
	w.instances = w.h.instances[0] + w.r.IntN(w.h.instances[1]-w.h.instances[0]+1)
	for i := range n {
		w.base[i] = 3 * math.Exp(1.5*w.r.Float64())
		if i == 0 {
			continue
		}
		for k := range 1 + w.r.IntN(2) {
			up := 0
			if k > 0 || w.r.Float64() < w.h.depth {
				up = w.r.IntN(i)
			}
			if !slices.Contains(w.callees[up], i) {
				w.callees[up] = append(w.callees[up], i)
			}
		}
	}
	w.drawFlows()
}

// drawFlows draws the kinds of requests that come to the entry.
func (w *meshWorld) drawFlows() {
	w.flows = nil
	for len(w.flows) < 4 {
		f := meshFlow{share: 0.2 + w.r.Float64(), root: w.drawCall(0, 0)}
		w.flows = append(w.flows, f)
	}
	total := 0.0
	for _, f := range w.flows {
		total += f.share
	}
	for i := range w.flows {
		w.flows[i].share /= total
	}
}

func (w *meshWorld) drawCall(service, depth int) *meshCall {
	call := &meshCall{service: service, tolerant: w.r.Float64() < w.h.entryTolerant}
	order := slices.Clone(w.callees[service])
	w.r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, callee := range order {
		if depth < 5 && w.r.Float64() < 0.65 {
			call.calls = append(call.calls, w.drawCall(callee, depth+1))
		}
	}
	return call
}

// carried are the services that some flow reaches.
func (w *meshWorld) carried() []int {
	var list []int
	var visit func(c *meshCall)
	visit = func(c *meshCall) {
		if !slices.Contains(list, c.service) {
			list = append(list, c.service)
		}
		for _, d := range c.calls {
			visit(d)
		}
	}
	for _, f := range w.flows {
		visit(f.root)
	}
	slices.Sort(list)
	return list
}

// drawRollouts draws who rolls out, who of them is guilty and when it strikes,
// and then observes the world.
func (w *meshWorld) drawRollouts() {
	r, start := w.r, time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	rolling := w.carried()
	r.Shuffle(len(rolling), func(i, j int) { rolling[i], rolling[j] = rolling[j], rolling[i] })
	rolling = rolling[:min(3+r.IntN(4), len(rolling))]
	w.guilty = rolling[0]
	w.after = r.IntN(len(w.callees[w.guilty]) + 1)
	if w.c.fault == meshBadCalls && len(w.callees[w.guilty]) == 0 {
		w.c.fault = meshException // It calls nothing.
	}
	w.c.guilty = "roll-" + w.names[w.guilty]
	var changes []Change
	for _, i := range rolling {
		w.fresh[i] = 1 + r.IntN(max(w.instances/2, 1))
		at := start.Add(time.Duration(r.IntN(1500)) * time.Second)
		if w.c.together {
			at = start.Add(time.Duration(r.IntN(60)) * time.Second)
		}
		changes = append(changes, w.rollout(i, at))
	}
	strike := w.stages[w.guilty][0].at
	onset := w.showing().Add(time.Duration(w.h.least+r.ExpFloat64()*w.h.delay) * time.Second)
	asOf := onset.Add(5 * time.Minute)
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.StartedAt.After(asOf) })
	w.shown = slices.SortedFunc(slices.Values(changes), func(a, b Change) int { return cmp.Compare(a.ID, b.ID) })
	w.c.in = Input{Incident: Incident{ID: "mesh"}, AsOf: asOf, Graph: NewGraph(w.graph()), Changes: NewChangeIndex(changes...)}
	w.c.in.Metrics = w.observe(start.Add(-20*time.Minute), strike, asOf)
	w.c.in.Alerts = w.alerts(onset)
}

// rollout is the change of a service in one stage or several.
func (w *meshWorld) rollout(i int, at time.Time) Change {
	name := w.names[i]
	c := Change{
		ID: "roll-" + name, Source: "cd", Kind: KindDeploy, Title: "deploy " + name, Services: []string{name}, StartedAt: at,
		Version: "1.8.0", PreviousVersion: "1.7.3", Status: StatusInProgress,
	}
	at, n := at.Add(time.Duration(5+w.r.IntN(60))*time.Second), 1
	if w.h.stages > 1 {
		n = 1 + w.r.IntN(min(w.h.stages, w.fresh[i]))
	}
	reached := 0
	for k := range n {
		if k > 0 {
			at = at.Add(time.Duration(120+w.r.IntN(360)) * time.Second)
		}
		step := RolloutStep{At: at}
		for ; reached < w.fresh[i]*(k+1)/n; reached++ {
			if !w.unnamed {
				step.Instances = append(step.Instances, w.pod(i, reached))
			}
		}
		step.Percent = 100 * float64(reached) / float64(w.instances)
		c.Rollout = append(c.Rollout, step)
		w.stages[i] = append(w.stages[i], meshStage{at, reached})
	}
	return c
}

// freshAt is how many instances of a service are changed at the moment.
func (w *meshWorld) freshAt(i int, at time.Time) int {
	n := 0
	for _, stage := range w.stages[i] {
		if !at.Before(stage.at) {
			n = stage.fresh
		}
	}
	return n
}

// showing is when so many instances are faulty that somebody would alert, or, if
// nobody ever would, when the first are.
func (w *meshWorld) showing() time.Time {
	stages := w.stages[w.guilty]
	if len(stages) == 1 {
		return stages[0].at
	}
	for _, stage := range stages {
		if w.heard(w.hurt(stage.at)) {
			return stage.at
		}
	}
	return stages[0].at
}

func (w *meshWorld) graph() Topology {
	t := Topology{Source: "mesh"}
	for i, list := range w.callees {
		for _, j := range list {
			t.Edges = append(t.Edges, Edge{Caller: w.names[i], Callee: w.names[j], Kind: EdgeSync})
		}
	}
	return t
}

// pod names an instance.
func (w *meshWorld) pod(service, k int) string {
	return fmt.Sprintf("%s-%x-%d", w.names[service], 40503*(service+1)%4096, k)
}
