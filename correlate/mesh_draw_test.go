package correlate

import (
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

// meshFault is what the new version of the guilty service does.
type meshFault uint8

const (
	meshException meshFault = iota // Fails after some of its calls.
	meshDelay                      // Answers late; some callers give up.
	meshHang                       // Never answers.
	meshHog                        // Burns processor time.
	meshNetwork                    // Does not get its requests.
	meshMemory                     // Grows, is killed, starts anew.
	meshBadCalls                   // Sends what it calls requests that fail there.
)

var meshFaultNames = []string{"exception", "delay", "hang", "hog", "network", "memory", "bad-calls"}

// meshHabits are the ranges that a case is drawn from.
type meshHabits struct {
	services      [2]int
	depth         float64 // 0: everything hangs on the entry, 1: a chain.
	faults        []meshFault
	steps         []time.Duration
	load          [2]float64 // Requests per second, drawn evenly in its logarithm.
	styles        []int
	silent        float64 // Share of cases whose faulty instances count no errors.
	together      float64 // Share of cases whose rollouts begin within a minute.
	missing       float64 // Share of services without series.
	anew          float64 // Share of cases with instances that begin with the rollout.
	unnamed       float64 // Share of cases whose rollouts do not list instances.
	alerting      []meshAlerting
	views         []meshView
	instances     [2]int
	entryTolerant float64 // Share of calls whose failure the caller survives.
}

// meshAlerting is who raises alerts.
type meshAlerting uint8

const (
	alertAll    meshAlerting = iota // Whoever's requests or calls got worse, some missed.
	alertEntry                      // The entry alone.
	alertCaller                     // Callers of the faulty service and up, never itself.
	alertModule                     // One service that some localiser named, often the guilty one.
)

// meshView is what series there are.
type meshView uint8

const (
	viewBoth     meshView = iota // Inbound, and outbound by peer.
	viewServer                   // Inbound only.
	viewClient                   // Outbound by peer only.
	viewPeerless                 // Inbound, and outbound in one.
	viewService                  // By service and version, not instance.
)

// meshHabitsTuning served to choose the structure of the model.
func meshHabitsTuning() meshHabits {
	return meshHabits{
		services: [2]int{10, 12}, depth: 0.4, instances: [2]int{2, 5},
		faults: []meshFault{meshException, meshException, meshDelay, meshHang, meshHog, meshNetwork, meshMemory},
		steps:  []time.Duration{15 * time.Second, 30 * time.Second}, load: [2]float64{5, 100}, styles: []int{0, 1},
		silent: 0.4, together: 0.3, missing: 0.1, anew: 0.6, unnamed: 0.3,
		alerting: []meshAlerting{alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewBoth, viewServer, viewPeerless}, entryTolerant: 0.15,
	}
}

// meshHabitsJudging differs in every range; nothing was chosen on it.
func meshHabitsJudging() meshHabits {
	return meshHabits{
		services: [2]int{9, 14}, depth: 0.6, instances: [2]int{3, 8},
		faults: []meshFault{meshException, meshDelay, meshHang, meshHog, meshNetwork, meshMemory, meshBadCalls},
		steps:  []time.Duration{20 * time.Second, 60 * time.Second}, load: [2]float64{3, 300}, styles: []int{2, 3},
		silent: 0.5, together: 0.4, missing: 0.15, anew: 0.7, unnamed: 0.4,
		alerting: []meshAlerting{alertAll, alertEntry, alertCaller, alertModule},
		views:    []meshView{viewBoth, viewServer, viewClient, viewPeerless, viewService}, entryTolerant: 0.25,
	}
}

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
	guilty   string
	fault    meshFault
	alerting meshAlerting
	view     meshView
	silent   bool
	together bool
	style    int
}

// meshWorld is the state from which series and alerts come.
type meshWorld struct {
	h         meshHabits
	r         *rand.Rand
	c         *meshCase
	names     []string
	callees   [][]int
	flows     []meshFlow
	instances int
	fresh     []int // Changed instances by service.
	begun     []time.Time
	base      []float64 // Own latency in ms by service.
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
	w.callees, w.fresh, w.begun, w.base = make([][]int, n), make([]int, n), make([]time.Time, n), make([]float64, n)
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
	w.c.guilty = "roll-" + w.names[w.guilty]
	var strike time.Time
	var changes []Change
	for _, i := range rolling {
		w.fresh[i] = 1 + r.IntN(max(w.instances/2, 1))
		at := start.Add(time.Duration(r.IntN(1500)) * time.Second)
		if w.c.together {
			at = start.Add(time.Duration(r.IntN(60)) * time.Second)
		}
		c := w.rollout(i, at)
		w.begun[i] = c.Rollout[0].At
		changes = append(changes, c)
		if i == w.guilty {
			strike = c.Rollout[0].At
		}
	}
	onset := strike.Add(time.Duration(20+r.ExpFloat64()*180) * time.Second)
	asOf := onset.Add(5 * time.Minute)
	changes = slices.DeleteFunc(changes, func(c Change) bool { return c.StartedAt.After(asOf) })
	w.c.in = Input{Incident: Incident{ID: "mesh"}, AsOf: asOf, Graph: NewGraph(w.graph()), Changes: NewChangeIndex(changes...)}
	w.c.in.Metrics = w.observe(start.Add(-20*time.Minute), strike, asOf)
	w.c.in.Alerts = w.alerts(onset)
}

// rollout is the change of a service, one step long.
func (w *meshWorld) rollout(i int, at time.Time) Change {
	name := w.names[i]
	c := Change{
		ID: "roll-" + name, Source: "cd", Kind: KindDeploy, Title: "deploy " + name, Services: []string{name}, StartedAt: at,
		Version: "1.8.0", PreviousVersion: "1.7.3", Status: StatusInProgress,
	}
	step := RolloutStep{At: at.Add(time.Duration(5+w.r.IntN(60)) * time.Second), Percent: 100 * float64(w.fresh[i]) / float64(w.instances)}
	for k := range w.fresh[i] {
		if !w.unnamed {
			step.Instances = append(step.Instances, w.pod(i, k))
		}
	}
	c.Rollout = []RolloutStep{step}
	return c
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
