package correlate

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// meshPart is one group of instances of a service: those of the new version or
// the others.
type meshPart struct {
	service int
	fresh   bool
}

// meshSeen is what passes through one part, per second: requests that it saw,
// failures that it counted, the sum of latencies, and the same of its calls.
type meshSeen struct {
	requests, failures, latency float64
	out                         map[int]*meshSeen
}

// meshTraffic is the sum over all flows.
type meshTraffic map[meshPart]*meshSeen

func (t meshTraffic) at(p meshPart) *meshSeen {
	if t[p] == nil {
		t[p] = &meshSeen{out: map[int]*meshSeen{}}
	}
	return t[p]
}

func (s *meshSeen) add(rate, failed, latency float64) {
	s.requests += rate
	s.failures += failed
	s.latency += rate * latency
}

// traffic walks the flows with the load.
func (w *meshWorld) traffic(load float64, broken bool, fresh func(service int) int) meshTraffic {
	t := meshTraffic{}
	for _, f := range w.flows {
		w.pass(t, f.root, load*f.share, broken, fresh)
	}
	return t
}

// pass sends requests into a call; it returns the share that succeeds, as the
// caller sees it, and the mean latency.
func (w *meshWorld) pass(t meshTraffic, c *meshCall, rate float64, broken bool, fresh func(int) int) (success, latency float64) {
	share := float64(fresh(c.service)) / float64(w.instances)
	for _, part := range []meshPart{{c.service, false}, {c.service, true}} {
		p := 1 - share
		if part.fresh {
			p = share
		}
		if p == 0 {
			continue
		}
		s, l := w.serve(t, c, part, rate*p, broken && part.fresh && c.service == w.guilty, broken, fresh)
		success += p * s
		latency += p * l
	}
	return success, latency
}

// serve is the work of one part of a service: calls in order, up to the first
// failure that matters.
func (w *meshWorld) serve(t meshTraffic, c *meshCall, part meshPart, rate float64, faulty, broken bool, fresh func(int) int) (success, latency float64) {
	seen := t.at(part)
	arrived, fault, latency := rate, w.c.fault, w.base[c.service]
	if faulty && fault == meshNetwork {
		arrived = rate * (1 - w.power)
	}
	alive := arrived * 0.999
	for k, call := range c.calls {
		if faulty && fault == meshException && k == min(w.after, len(c.calls)) {
			alive *= 1 - w.power
		}
		if faulty && fault == meshHang && k == 0 {
			alive *= 1 - w.power
		}
		s, l := w.pass(t, call, alive, broken, fresh)
		if faulty && fault == meshBadCalls && k == min(w.after, len(c.calls)-1) {
			t.at(meshPart{call.service, false}).failures += alive * w.power
			s *= 1 - w.power
		}
		out := seen.out[call.service]
		if out == nil {
			out = &meshSeen{}
			seen.out[call.service] = out
		}
		out.add(alive, alive*(1-s), l)
		latency += l * alive / math.Max(rate, 1e-9)
		if !call.tolerant {
			alive *= s
		}
	}
	if faulty {
		alive, latency = w.spoil(alive, latency, min(w.after, len(c.calls)) == len(c.calls), len(c.calls))
	}
	counted, heard := arrived-alive, arrived
	own := latency
	if faulty {
		counted, heard, own = w.admit(counted, arrived, latency)
	}
	seen.add(heard, counted, own)
	if faulty && fault == meshDelay && w.timeout {
		alive *= 1 - w.power
	}
	return alive / math.Max(rate, 1e-9), latency
}

// spoil is what the fault does after the calls.
func (w *meshWorld) spoil(alive, latency float64, atEnd bool, calls int) (float64, float64) {
	switch w.c.fault {
	case meshException, meshHang:
		if atEnd && w.c.fault == meshException || calls == 0 {
			alive *= 1 - w.power
		}
		if w.c.fault == meshHang {
			latency += 1500 * w.power
		} else {
			latency *= 1 - 0.5*w.power
		}
	case meshDelay:
		latency += 400 * w.power
	case meshHog:
		latency *= 1 + 5*w.power
	case meshMemory:
		alive *= 1 - 0.4*w.power
		latency *= 1 + w.power
	}
	return alive, latency
}

// admit is what the faulty instances measure of themselves.
func (w *meshWorld) admit(failed, arrived, latency float64) (counted, heard, own float64) {
	switch {
	case w.c.fault == meshHang && w.c.silent:
		return 0, arrived - failed, w.base[w.guilty]
	case w.c.fault == meshNetwork:
		return failed, arrived, latency
	case w.c.silent && w.c.fault != meshHog && w.c.fault != meshBadCalls:
		return 0.001 * arrived, arrived, w.base[w.guilty]
	}
	return failed, arrived, latency
}

// observe writes the series.
func (w *meshWorld) observe(from, strike, until time.Time) []Series {
	b := &meshBook{w: w, series: map[string]*Series{}, counts: map[string]float64{}, bias: map[string]float64{}}
	dark := map[int]bool{}
	for i := range w.names {
		dark[i] = w.r.Float64() < w.h.missing
	}
	drift := 0.3 * (w.r.Float64() - 0.5)
	for at := from; !at.After(until); at = at.Add(w.step) {
		load := w.load * (1 + drift*at.Sub(from).Hours()) * math.Exp(0.08*w.r.NormFloat64())
		traffic := w.traffic(load, !at.Before(strike), func(i int) int { return w.freshAt(i, at) })
		for i := range w.names {
			if !dark[i] {
				w.observeService(b, i, at, strike, traffic)
			}
		}
	}
	return b.all()
}

// observeService writes one service's samples of one moment.
func (w *meshWorld) observeService(b *meshBook, i int, at, strike time.Time, t meshTraffic) {
	reached := w.freshAt(i, at)
	for k := range w.instances {
		if w.anew && k >= reached && k < w.fresh[i] {
			continue
		}
		part := meshPart{i, k < reached}
		n := w.instances - reached
		if part.fresh {
			n = reached
		}
		broken := part.fresh && i == w.guilty && !at.Before(strike)
		if broken && w.c.fault == meshMemory && int(at.Sub(strike)/w.step)%7 == 6 {
			b.restart(w.pod(i, k))
			continue // Killed and starting.
		}
		in := meshInstance{service: i, pod: w.pod(i, k), fresh: part.fresh, at: at, n: float64(max(n, 1))}
		in.warm = 1.0
		if part.fresh && at.Sub(w.since(i, k)) < time.Minute {
			in.warm = 1.5
		}
		b.write(in, t.at(part))
		b.resources(in, broken)
	}
}

// since is when the instance was changed.
func (w *meshWorld) since(i, k int) time.Time {
	at := slices.IndexFunc(w.stages[i], func(s meshStage) bool { return k < s.fresh })
	return w.stages[i][at].at
}

// sorted returns the keys of the map in order.
func sortedInts[V any](m map[int]V) []int {
	keys := make([]int, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, cmp.Compare)
	return keys
}
