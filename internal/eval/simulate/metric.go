package simulate

import (
	"math"
	"time"

	"github.com/faultline/faultline/correlate"
)

// Metrics: how many cases have them, of how many services, and for how long
// before the onset, one sample a minute.
const (
	measuredShare    = 0.15
	measuredServices = 8
	measuredBefore   = 45 * time.Minute
)

// measure adds per-instance series of some of the services near the outage:
// those that fail and those that were changed lately. On the guilty service
// only the instances that the change had reached fail; on those that depend on
// it all do.
func (s *script) measure(recent []*madeChange) {
	if !s.chance(measuredShare) {
		return
	}
	chosen := map[int]bool{}
	for _, h := range s.hits[:min(len(s.hits), measuredServices/2)] {
		chosen[h.service] = true
	}
	for _, i := range s.Perm(len(recent)) {
		if len(chosen) >= measuredServices {
			break
		}
		chosen[recent[i].service] = true
	}
	for svc := range s.w.services {
		if chosen[svc] {
			s.measureService(svc)
		}
	}
}

func (s *script) measureService(svc int) {
	failsFrom, ill := s.illness(svc)
	for _, instance := range s.w.instances(svc) {
		errors := correlate.Series{Service: s.w.services[svc].name, Instance: instance, Signal: "errors", Unit: "percent"}
		latency := correlate.Series{Service: s.w.services[svc].name, Instance: instance, Signal: "latency", Unit: "ms"}
		failing := !failsFrom.IsZero() && (ill == nil || ill[instance])
		usual := s.logNormal(60, 0.5)
		for at := s.onset.Add(-measuredBefore).Truncate(time.Minute); at.Before(s.judged.Add(5 * time.Minute)); at = at.Add(time.Minute) {
			e, l := math.Abs(s.NormFloat64())*0.3, usual*(1+0.1*s.NormFloat64())
			if failing && !at.Before(failsFrom) {
				e, l = e+20+10*s.NormFloat64(), l*3
			}
			errors.Points = append(errors.Points, correlate.Point{At: at, Value: round2(max(e, 0))})
			latency.Points = append(latency.Points, correlate.Point{At: at, Value: round2(max(l, 1))})
		}
		s.metrics = append(s.metrics, errors, latency)
	}
}

// illness tells from when a service fails, and on which instances; no instances
// mean all.
func (s *script) illness(svc int) (from time.Time, instances map[string]bool) {
	for _, h := range s.hits {
		if h.service == svc && h.route != routeCallee {
			from = h.from
		}
	}
	for _, m := range s.guilty {
		if m.service != svc {
			continue
		}
		for _, name := range reachedInstances(m, s.impact()) {
			if instances == nil {
				instances = make(map[string]bool)
			}
			instances[name] = true
		}
	}
	return from, instances
}

func round2(x float64) float64 { return math.Round(x*100) / 100 }
