package correlate

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// meshInstance is one instance at one moment; n is how many share its part's
// traffic, warm a factor on its latency while it is young.
type meshInstance struct {
	service int
	pod     string
	fresh   bool
	at      time.Time
	n, warm float64
}

// meshBook writes series in the notation of the case's style.
type meshBook struct {
	w      *meshWorld
	series map[string]*Series
	counts map[string]float64
	bias   map[string]float64
	order  []string
}

// meshStyles are how signals are called: traffic, errors, latency, cpu, memory.
var meshStyles = [][5]string{
	{"traffic", "errors", "latency", "cpu", "memory"},
	{"requests", "error_rate", "latency_p95", "cpu_usage", "memory_usage"},
	{"request_count", "errors", "duration_p99", "container_cpu", "container_memory"},
	{"istio_requests_total", "istio_request_errors_total", "istio_request_duration_milliseconds", "cpu_utilization", "mem_utilization"},
	{"rpc_server_duration_count", "rpc_server_errors_total", "rpc_server_duration_sum", "process_cpu_utilization", "memory_utilization"},
}

// cumulative says whether the style counts from the start of a process.
func cumulative(style int) bool { return style >= 3 }

func (b *meshBook) put(in meshInstance, signal, unit, direction, peer string, value float64) {
	w := b.w
	instance, version := in.pod, "1.7.3"
	if in.fresh {
		version = "1.8.0"
	}
	if w.c.style == 1 {
		instance = "shop/" + instance
	}
	if w.c.style == 2 {
		instance += ":8080"
		version = "v" + version
	}
	if w.c.view == viewService {
		instance = ""
	}
	if !w.unnamed && w.c.view != viewService {
		version = "" // The rollout names instances, nothing else is needed.
	}
	key := strings.Join([]string{w.names[in.service], instance, version, signal, direction, peer}, "|")
	s, ok := b.series[key]
	if !ok {
		s = &Series{Service: w.names[in.service], Instance: instance, Version: version, Signal: signal, Unit: unit, Labels: map[string]string{}}
		if direction != "" {
			s.Labels["direction"] = direction
		}
		if peer != "" {
			s.Labels["peer"] = peer
		}
		b.series[key] = s
		b.order = append(b.order, key)
	}
	if n := len(s.Points); n > 0 && s.Points[n-1].At.Equal(in.at) {
		b.join(&s.Points[n-1], unit, value)
		return
	}
	s.Points = append(s.Points, Point{At: in.at, Value: value})
}

// join adds instances up where series do not tell them apart.
func (b *meshBook) join(p *Point, unit string, value float64) {
	if unit == "per_second" || unit == "" {
		p.Value += value
		return
	}
	p.Value = (p.Value + value) / 2
}

// rate writes a number of events per second, as such or as a running count, and
// returns how many they were.
func (b *meshBook) rate(in meshInstance, signal, direction, peer string, perSecond float64) float64 {
	seconds := b.w.step.Seconds()
	n := math.Max(math.Round(perSecond*seconds+math.Sqrt(perSecond*seconds)*b.w.r.NormFloat64()), 0)
	if !cumulative(b.w.c.style) {
		b.put(in, signal, "per_second", direction, peer, n/seconds)
		return n
	}
	b.count(in, signal, direction, peer, n)
	return n
}

// count adds to a running count.
func (b *meshBook) count(in meshInstance, signal, direction, peer string, more float64) {
	key := in.pod + "|" + signal + direction + peer
	b.counts[key] += more
	b.put(in, signal, "", direction, peer, b.counts[key])
}

// restart sets an instance's counters to zero.
func (b *meshBook) restart(pod string) {
	for key := range b.counts {
		if strings.HasPrefix(key, pod+"|") {
			b.counts[key] = 0
		}
	}
}

// write notes the traffic of an instance.
func (b *meshBook) write(in meshInstance, seen *meshSeen) {
	if view := b.w.c.view; view != viewClient {
		b.edge(in, "inbound", "", seen)
		if view == viewServer {
			return
		}
	}
	total := &meshSeen{}
	for _, callee := range sortedInts(seen.out) {
		out := seen.out[callee]
		if b.w.c.view == viewPeerless {
			total.requests += out.requests
			total.failures += out.failures
			total.latency += out.latency
			continue
		}
		b.edge(in, "outbound", b.w.names[callee], out)
	}
	if total.requests > 0 {
		b.edge(in, "outbound", "", total)
	}
}

// edge notes requests, failures and latency of one side.
func (b *meshBook) edge(in meshInstance, direction, peer string, s *meshSeen) {
	r, names := b.w.r, meshStyles[b.w.c.style]
	key := in.pod + direction + peer
	if _, ok := b.bias[key]; !ok {
		b.bias[key] = math.Exp(0.1 * r.NormFloat64())
	}
	perSecond := s.requests / in.n * b.bias[key]
	counted := b.rate(in, names[0], direction, peer, perSecond)
	share := math.Min(s.failures/math.Max(s.requests, 1e-9), 1)
	n := math.Max(perSecond*b.w.step.Seconds(), 1)
	share = math.Min(math.Max(share+math.Sqrt(share*(1-share)/n)*r.NormFloat64(), 0), 1)
	switch b.w.c.style {
	case 0, 2:
		b.put(in, names[1], "ratio", direction, peer, share)
	case 1:
		b.put(in, names[1], "percent", direction, peer, 100*share)
	default:
		b.rate(in, names[1], direction, peer, share*perSecond)
	}
	if s.requests > 1e-6 {
		latency := s.latency / s.requests * in.warm * math.Exp(0.2*r.NormFloat64()/math.Sqrt(math.Max(n/10, 1))+0.07*r.NormFloat64())
		if b.w.c.style == 4 { // In seconds, and summed.
			b.count(in, names[2], direction, peer, counted*latency/1000)
			return
		}
		b.put(in, names[2], "ms", direction, peer, latency)
	}
}

// resources notes processor and memory.
func (b *meshBook) resources(in meshInstance, broken bool) {
	r, names, cpu, memory := b.w.r, meshStyles[b.w.c.style], 25.0, 40.0
	if in.warm > 1 {
		cpu += 15
	}
	if broken && b.w.c.fault == meshHog {
		cpu += 60 * b.w.power
	}
	if broken && b.w.c.fault == meshMemory {
		memory += 50 * b.w.power
	}
	b.put(in, names[3], "percent", "", "", math.Max(cpu+5*r.NormFloat64(), 0))
	b.put(in, names[4], "percent", "", "", memory+2*r.NormFloat64())
}

func (b *meshBook) all() []Series {
	slices.Sort(b.order)
	out := make([]Series, 0, len(b.order))
	for _, key := range b.order {
		out = append(out, *b.series[key])
	}
	return out
}

// alerts raises alerts where requests fail or slow down, as the case's alerting
// would.
func (w *meshWorld) alerts(onset time.Time) []Alert {
	hurt := w.hurt(onset.Add(3 * time.Minute))
	var out []Alert
	raise := func(service int, name string, signal Signal, severity Severity) {
		at := onset
		if len(out) > 0 {
			at = onset.Add(time.Duration(w.r.ExpFloat64()*60) * time.Second)
		}
		out = append(out, Alert{
			Source: "mon", Fingerprint: fmt.Sprint(w.names[service], name), Service: w.names[service], Name: name,
			Signal: signal, Severity: severity, Status: AlertFiring, StartedAt: at,
		})
	}
	for _, i := range w.r.Perm(len(w.names)) {
		if !w.raises(i) || w.r.Float64() < w.h.missed && w.c.alerting == alertAll {
			continue
		}
		if hurt[i].errors {
			raise(i, "ErrorRate", SignalErrors, SeverityCritical)
		}
		if hurt[i].slow {
			raise(i, "Latency", SignalLatency, SeverityHigh)
		}
	}
	if len(out) == 0 {
		raise(w.named(), "Degraded", SignalErrors, SeverityCritical)
	}
	if w.r.IntN(4) == 0 {
		raise(w.r.IntN(len(w.names)), "DiskPressure", SignalSaturation, SeverityWarning)
	}
	return out
}

// meshHurt is what about a service got worse.
type meshHurt struct{ errors, slow bool }

func (h meshHurt) any() bool { return h.errors || h.slow }

// hurt compares, service by service, the moment with what it would be without a
// fault.
func (w *meshWorld) hurt(at time.Time) []meshHurt {
	fresh := func(i int) int { return w.freshAt(i, at) }
	before, after := w.traffic(w.load, false, fresh), w.traffic(w.load, true, fresh)
	out := make([]meshHurt, len(w.names))
	for i := range out {
		out[i].errors, out[i].slow = w.worse(i, before, after)
	}
	return out
}

// worse compares what a service's callers and it itself see.
func (w *meshWorld) worse(i int, before, after meshTraffic) (errors, slow bool) {
	sum := func(t meshTraffic) (requests, failures, latency float64) {
		for _, fresh := range []bool{false, true} {
			s := t.at(meshPart{i, fresh})
			requests, failures, latency = requests+s.requests, failures+s.failures, latency+s.latency
			for _, o := range s.out {
				failures += o.failures / 2
			}
		}
		return requests, failures, latency
	}
	r0, f0, l0 := sum(before)
	r1, f1, l1 := sum(after)
	return f1/math.Max(r1, 1e-9) > f0/math.Max(r0, 1e-9)+0.04, l1/math.Max(r1, 1e-9) > 1.5*l0/math.Max(r0, 1e-9)
}

// raises says who alerts at all.
func (w *meshWorld) raises(i int) bool {
	switch w.c.alerting {
	case alertEntry:
		return i == 0
	case alertCaller:
		return i != w.guilty
	case alertModule:
		return false
	}
	return true
}

// named is the service that a localiser names: mostly the guilty one, else one
// that calls it or that it calls.
func (w *meshWorld) named() int {
	if w.c.alerting == alertEntry {
		return 0
	}
	var near []int
	for i, list := range w.callees {
		if slices.Contains(list, w.guilty) {
			near = append(near, i)
		}
	}
	if w.c.alerting != alertCaller && (w.r.Float64() < 0.75 || len(near) == 0) || w.guilty == 0 {
		return w.guilty
	}
	near = append(near, w.callees[w.guilty]...)
	return near[w.r.IntN(len(near))]
}
