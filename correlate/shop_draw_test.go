package correlate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// An online shop for tests: users' requests pass through a fixed sequence of
// calls, a request that fails does not make its later calls, services run on
// several instances, and several rollouts are under way when a fault strikes.

// shopFlow is one kind of user request: who calls whom, in order.
type shopFlow struct {
	share float64
	calls [][2]string
}

var shopFlows = []shopFlow{
	{0.45, [][2]string{{"user", "front"}, {"front", "money"}, {"front", "catalog"}, {"front", "basket"}, {"basket", "basket-store"}, {"front", "banner"}}},
	{0.35, [][2]string{{"user", "front"}, {"front", "catalog"}, {"front", "money"}, {"front", "suggest"}, {"suggest", "catalog"}, {"front", "banner"}}},
	{0.20, [][2]string{
		{"user", "front"},
		{"front", "order"},
		{"order", "basket"},
		{"basket", "basket-store"},
		{"order", "catalog"},
		{"order", "money"},
		{"order", "parcel"},
		{"order", "charge"},
		{"order", "letter"},
	}},
}

// shopCase is a labelled case from the shop.
type shopCase struct {
	in     Input
	guilty string
	fault  shopFault
}

// shopFault is what the new version of one service does.
type shopFault uint8

const (
	faultErrors shopFault = iota
	faultSlow
	faultHang
	faultHog
)

var shopServices = []string{"front", "money", "catalog", "basket", "basket-store", "banner", "suggest", "order", "parcel", "charge", "letter"}

const shopInstances = 4

// shopWorld is the state from which series and alerts are drawn.
type shopWorld struct {
	set    shopSetting
	r      *rand.Rand
	fresh  map[string]int
	guilty string
	fault  shopFault
	power  float64
}

// fails is the probability that a call to the service fails for its caller.
func (w *shopWorld) fails(service string, broken bool) float64 {
	base := 0.002
	if broken && service == w.guilty && (w.fault == faultErrors || w.fault == faultHang) {
		base += w.power * float64(w.fresh[service]) / shopInstances
	}
	return base
}

// slow is the latency of a call in milliseconds, on average.
func (w *shopWorld) slow(service string, broken bool) float64 {
	base := 5 + 3*float64(slices.Index(shopServices, service))
	if broken && service == w.guilty && (w.fault == faultSlow || w.fault == faultHog) {
		base *= 1 + 30*w.power*float64(w.fresh[service])/shopInstances
	}
	return base
}

// edgeFlow is the traffic of a call edge: attempts, failures seen by the caller
// and mean latency including what is called in turn.
type edgeFlow struct {
	attempts, failures, latency float64
}

// flows walks all requests and sums the edges.
func (w *shopWorld) flows(load float64, broken bool) map[[2]string]edgeFlow {
	out := map[[2]string]edgeFlow{}
	for _, f := range shopFlows {
		alive := load * f.share
		for _, call := range f.calls {
			e := out[call]
			p := w.fails(call[1], broken)
			failed := alive * p
			below := 0.0
			for _, deeper := range f.calls {
				if deeper[0] == call[1] {
					below += w.slow(deeper[1], broken)
				}
			}
			e.latency = (e.latency*e.attempts + alive*(w.slow(call[1], broken)+below)) / (e.attempts + alive)
			e.attempts += alive
			e.failures += failed
			if call[0] != "user" && call[1] != "banner" {
				alive -= failed
			}
			out[call] = e
		}
	}
	w.passUp(out)
	return out
}

// passUp lets failures of the inner calls show at the front.
func (w *shopWorld) passUp(out map[[2]string]edgeFlow) {
	front := out[[2]string{"user", "front"}]
	order := out[[2]string{"front", "order"}]
	for call, e := range out {
		switch call[0] {
		case "order":
			order.failures += e.failures
			front.failures += e.failures
		case "front":
			if call[1] != "banner" {
				front.failures += e.failures
			}
		}
	}
	out[[2]string{"user", "front"}], out[[2]string{"front", "order"}] = front, order
}

// shopSetting is what the monitoring of the shop offers.
type shopSetting struct {
	// silent: faulty instances do not count their own errors, only their
	// callers see them.
	silent bool
	// together: all rollouts begin within a minute, so that times say little.
	together bool
	// peerless: outgoing calls are not told apart by callee.
	peerless bool
	// byVersion: rollouts do not list instances, series carry the version.
	byVersion bool
	// frontOnly: only the entry of the shop alerts.
	frontOnly bool
}

// drawShop draws a case.
func drawShop(seed uint64, set shopSetting) shopCase {
	r := rand.New(rand.NewPCG(seed, 7))
	start := time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)
	rolling := slices.Clone(shopServices)
	rolling = slices.DeleteFunc(rolling, func(s string) bool { return s == "basket-store" })
	r.Shuffle(len(rolling), func(i, j int) { rolling[i], rolling[j] = rolling[j], rolling[i] })
	rolling = rolling[:3+r.IntN(3)]
	w := &shopWorld{set: set, r: r, fresh: map[string]int{}, guilty: rolling[0], fault: shopFault(r.IntN(4)), power: 0.3 + 0.7*r.Float64()}
	c := shopCase{guilty: w.guilty, fault: w.fault}
	var changes []Change
	var strike time.Time
	for _, name := range rolling {
		w.fresh[name] = 1 + r.IntN(2)
		at := start.Add(time.Duration(r.IntN(1500)) * time.Second)
		if set.together {
			at = start.Add(time.Duration(r.IntN(60)) * time.Second)
		}
		change := Change{ID: "roll-" + name, Source: "cd", Kind: KindDeploy, Title: "deploy " + name, Services: []string{name}, StartedAt: at, Version: "v2", PreviousVersion: "v1", Status: StatusInProgress}
		step := RolloutStep{At: at.Add(time.Duration(10+r.IntN(50)) * time.Second), Percent: 100 * float64(w.fresh[name]) / shopInstances}
		for i := range w.fresh[name] {
			if set.byVersion {
				continue
			}
			step.Instances = append(step.Instances, fmt.Sprintf("%s-%d", name, i))
		}
		change.Rollout = []RolloutStep{step}
		if name == w.guilty {
			strike = step.At
		}
		changes = append(changes, change)
	}
	onset := strike.Add(time.Duration(30+r.IntN(270)) * time.Second)
	c.in = Input{Incident: Incident{ID: "shop"}, AsOf: onset.Add(5 * time.Minute), Graph: NewGraph(shopGraph()), Changes: NewChangeIndex(changes...)}
	w.observe(&c.in, start.Add(-15*time.Minute), strike, onset)
	return c
}

func shopGraph() Topology {
	t := Topology{Source: "mesh"}
	for _, f := range shopFlows {
		for _, call := range f.calls {
			if call[0] != "user" {
				t.Edges = append(t.Edges, Edge{Caller: call[0], Callee: call[1], Kind: EdgeSync})
			}
		}
	}
	return t
}

// observe draws series every 30 s per instance and edge, and alerts where a
// service's calls fail or slow down.
func (w *shopWorld) observe(in *Input, from, strike, onset time.Time) {
	series := map[string]*Series{}
	point := func(service, instance, signal, unit, direction, peer string, at time.Time, value float64) {
		key := fmt.Sprint(service, instance, signal, direction, peer)
		s, ok := series[key]
		if !ok {
			s = &Series{Service: service, Instance: instance, Signal: signal, Unit: unit, Labels: map[string]string{}}
			if direction != "" {
				s.Labels["direction"] = direction
			}
			if peer != "" {
				s.Labels["peer"] = peer
			}
			if w.set.byVersion {
				s.Version = w.version(service, instance)
			}
			series[key] = s
		}
		s.Points = append(s.Points, Point{At: at, Value: value})
	}
	for at := from; !at.After(in.AsOf); at = at.Add(30 * time.Second) {
		w.observeAt(at, !at.Before(strike), point)
	}
	keys := make([]string, 0, len(series))
	for key := range series {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		in.Metrics = append(in.Metrics, *series[key])
	}
	in.Alerts = w.alerts(onset)
}

// version is what the instance runs at the end.
func (w *shopWorld) version(service, instance string) string {
	for i := range w.fresh[service] {
		if instance == fmt.Sprintf("%s-%d", service, i) {
			return "v2"
		}
	}
	return "v1"
}

type pointFunc func(service, instance, signal, unit, direction, peer string, at time.Time, value float64)

func (w *shopWorld) observeAt(at time.Time, broken bool, point pointFunc) {
	load := 60 * (1 + 0.1*w.r.NormFloat64())
	flows := w.flows(load, broken)
	for _, service := range shopServices {
		inbound, failures, latency := 0.0, 0.0, 0.0
		for call, e := range flows {
			if call[1] == service {
				latency += e.attempts * e.latency
				inbound += e.attempts
				failures += e.failures
			}
		}
		for i := range shopInstances {
			name := fmt.Sprintf("%s-%d", service, i)
			share, slow := failures/math.Max(inbound, 1e-9), latency/math.Max(inbound, 1e-9)
			if service == w.guilty && broken {
				share, slow = w.own(i)
			}
			cpu := 30 + 3*w.r.NormFloat64()
			if service == w.guilty && broken && w.fault == faultHog && i < w.fresh[service] {
				cpu += 50 * w.power
			}
			count := inbound / shopInstances
			point(service, name, "traffic", "per_second", "inbound", "", at, w.noisy(count))
			point(service, name, "errors", "ratio", "inbound", "", at, w.binomial(share, count*30))
			point(service, name, "latency", "ms", "inbound", "", at, slow*math.Exp(0.1*w.r.NormFloat64()))
			point(service, name, "cpu", "percent", "", "", at, cpu)
			w.observeCalls(flows, service, name, at, point)
		}
	}
}

// own is what an instance of the guilty service measures of itself.
func (w *shopWorld) own(i int) (share, latency float64) {
	base := 5 + 3*float64(slices.Index(shopServices, w.guilty))
	if i >= w.fresh[w.guilty] {
		return 0.002, base
	}
	switch {
	case w.set.silent:
		return 0.002, base
	case w.fault == faultErrors || w.fault == faultHang:
		return 0.002 + w.power, base
	default:
		return 0.002, base * (1 + 30*w.power)
	}
}

func (w *shopWorld) observeCalls(flows map[[2]string]edgeFlow, service, instance string, at time.Time, point pointFunc) {
	for _, peer := range shopServices {
		e, ok := flows[[2]string{service, peer}]
		if !ok {
			continue
		}
		if w.set.peerless {
			peer = ""
		}
		count := e.attempts / shopInstances
		point(service, instance, "traffic", "per_second", "outbound", peer, at, w.noisy(count))
		point(service, instance, "errors", "ratio", "outbound", peer, at, w.binomial(e.failures/math.Max(e.attempts, 1e-9), count*30))
		point(service, instance, "latency", "ms", "outbound", peer, at, e.latency*math.Exp(0.1*w.r.NormFloat64()))
	}
}

func (w *shopWorld) noisy(rate float64) float64 {
	return math.Max(rate+math.Sqrt(rate/30)*w.r.NormFloat64(), 0)
}

func (w *shopWorld) binomial(p, n float64) float64 {
	n = math.Max(n, 1)
	return math.Min(math.Max(p+math.Sqrt(p*(1-p)/n)*w.r.NormFloat64(), 0), 1)
}

// alerts raises an alert on each service whose outgoing calls fail or slow
// down, and now and then an unrelated one. The faulty service itself alerts
// only half of the time.
func (w *shopWorld) alerts(onset time.Time) []Alert {
	before, after := w.flows(60, false), w.flows(60, true)
	var out []Alert
	raise := func(service, name string, signal Signal, at time.Time, severity Severity) {
		out = append(out, Alert{Source: "mon", Fingerprint: fmt.Sprint(service, name), Service: service, Name: name, Signal: signal, Severity: severity, Status: AlertFiring, StartedAt: at})
	}
	for _, caller := range append([]string{"user"}, shopServices...) {
		worse, slower := false, false
		for _, callee := range shopServices {
			call := [2]string{caller, callee}
			if a := after[call]; a.attempts > 0 {
				worse = worse || a.failures/a.attempts > before[call].failures/before[call].attempts+0.05
				slower = slower || a.latency > 2*before[call].latency
			}
		}
		service := caller
		if caller == "user" {
			service = "front"
		}
		at := onset.Add(time.Duration(w.r.IntN(120)) * time.Second)
		if len(out) == 0 {
			at = onset
		}
		if worse {
			raise(service, "ErrorRate", SignalErrors, at, SeverityCritical)
		}
		if slower {
			raise(service, "Latency", SignalLatency, at, SeverityCritical)
		}
	}
	if w.set.frontOnly {
		out = slices.DeleteFunc(out, func(a Alert) bool { return a.Service != "front" })
	}
	if len(out) == 0 || !w.set.frontOnly && w.r.IntN(2) == 0 {
		raise(w.guilty, "Degraded", SignalErrors, onset.Add(time.Minute), SeverityCritical)
	}
	if w.r.IntN(3) == 0 {
		raise(shopServices[w.r.IntN(len(shopServices))], "DiskPressure", SignalSaturation, onset.Add(-time.Duration(w.r.IntN(40))*time.Minute), SeverityWarning)
	}
	return out
}
