package simulate

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// controlPatterns are outages without a guilty change in the feed. Published
// triggers beside changes are load, pipelines, providers, slow decay, capacity
// and hardware; a quarter of ours has a guilty change that no feed carried (h).
var controlPatterns = []share[pattern]{
	{pattern{"no_change_h_missing_from_feed", (*script).missing}, 25},
	{pattern{"no_change_load", (*script).load}, 20},
	{pattern{"no_change_hardware", (*script).hardware}, 15},
	{pattern{"no_change_provider", (*script).provider}, 15},
	{pattern{"no_change_attack", (*script).attack}, 10},
	{pattern{"no_change_expiry", (*script).expiry}, 15},
}

// missing is an outage by a change that was made by hand, by a provider or by
// an updater that reports to nobody.
func (s *script) missing() {
	s.ordinary(s.w.active(s.draw))
	s.guilty = nil
}

// load is more traffic than the services at the edge were built for.
func (s *script) load() {
	s.signal = pick(s.draw, []correlate.Signal{correlate.SignalSaturation, correlate.SignalLatency})
	s.scatter(some(s.draw, s.w.front, 2+s.IntN(6)))
}

// hardware takes down whatever happens to run in one zone.
func (s *script) hardware() {
	s.regions = []string{pick(s.draw, s.w.regions)}
	s.signal = correlate.SignalAvailability
	var services []int
	for range 3 + s.IntN(9) {
		services = append(services, s.IntN(len(s.w.services)))
	}
	s.scatter(services)
}

// provider is the failure of something bought: its callers alert, it does not.
func (s *script) provider() {
	s.fail(pick(s.draw, s.w.hubs), s.usualReach())
	s.hits[0].loud = false
	ensureLoud(s.hits)
}

// attack is hostile traffic at the edge.
func (s *script) attack() {
	s.signal = correlate.SignalTraffic
	s.scatter(some(s.draw, s.w.front, 1+s.IntN(4)))
}

// expiry is a date that comes: a certificate, a licence, a leap day. Such dates
// fall on whole hours more often than not.
func (s *script) expiry() {
	if s.chance(0.6) {
		wait := s.judged.Sub(s.onset)
		s.onset = s.onset.Truncate(time.Hour).Add(s.lag)
		s.judged = s.onset.Add(wait)
	}
	s.signal = correlate.SignalAvailability
	s.fail(s.IntN(len(s.w.services)), s.usualReach())
	s.hits[0].loud = true
}

// scatter lets several services fail at once, without one origin, and each
// harm its neighbours a little.
func (s *script) scatter(services []int) {
	slices.Sort(services)
	for _, svc := range slices.Compact(services) {
		hits := s.w.spread(s.draw, svc, s.impact().Add(s.exponential(time.Minute)), 0.25)
		hits[0].loud = true
		s.join(hits)
	}
}

// coincide puts an innocent change next to an outage that no change caused.
func (s *script) coincide() {
	s.add(weighted(s.draw, guiltyKinds), s.neighbour(), s.impact().Add(-seconds(s.between(30, 1800))))
}
