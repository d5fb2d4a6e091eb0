package simulate

import (
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
)

// pattern is one way in which outages mislead, seen in public post-mortems; the
// letters are those of the list that the generator follows.
type pattern struct {
	kind string
	play func(*script)
}

// changePatterns are the patterns with a guilty change. 24 of 104 outages have two
// contributing changes, mostly of one service: a published share is 23%.
var changePatterns = []share[pattern]{
	{pattern{"plain", (*script).plain}, 20},
	{pattern{"a_harmless_change_after", (*script).harmlessAfter}, 9},
	{pattern{"b_rollback_elsewhere_in_vain", (*script).rollbackInVain}, 7},
	{pattern{"c_guilty_mitigation", (*script).guiltyMitigation}, 4},
	{pattern{"d_responders_changes", (*script).busyResponders}, 7},
	{pattern{"e_carrier_and_payload", (*script).carrierAndPayload}, 12},
	{pattern{"e_latent_and_trigger", (*script).latentAndTrigger}, 8},
	{pattern{"f_late_rollout_step", (*script).lateStep}, 7},
	{pattern{"g_commit_before_apply", (*script).commitBeforeApply}, 6},
	{pattern{"i_caller_breaks_callee", (*script).callerBreaksCallee}, 6},
	{pattern{"k_hub", (*script).hub}, 5},
	{pattern{"l_circular_dependency", (*script).circular}, 3},
	{pattern{"m_monitoring_fails_too", (*script).blindMonitoring}, 3},
	{pattern{"n_model_or_prompt", (*script).modelOrPrompt}, 3},
	{pattern{"o_two_services", (*script).twoServices}, 4},
}

// plain is one guilty change, found by whoever looks at the right service.
func (s *script) plain() {
	s.ordinary(s.w.active(s.draw))
}

// ordinary makes one guilty change to the origin and lets it fail. Delays of
// weeks need a recent trigger, which is a pattern of its own.
func (s *script) ordinary(origin int) *madeChange {
	if s.why == triggered {
		s.why = dormant
	}
	m := s.blame(weighted(s.draw, guiltyKinds), origin, s.effect())
	s.confine(m)
	s.fail(origin, s.usualReach())
	return m
}

// harmlessAfter puts harmless changes of the same service between the guilty
// one and the first alert (a).
func (s *script) harmlessAfter() {
	m := s.ordinary(s.w.active(s.draw))
	for range 1 + s.IntN(2) {
		between := s.onset.Sub(m.StartedAt)
		start := m.StartedAt.Add(time.Duration(s.Float64() * float64(between)))
		later := s.add(weighted(s.draw, routineKinds), m.service, start)
		if s.chance(0.3) {
			s.undo(later)
		}
	}
}

// rollbackInVain has a change in progress near the outage, undone without
// effect (b).
func (s *script) rollbackInVain() {
	s.ordinary(s.w.active(s.draw))
	bystander := s.add(correlate.KindDeploy, s.neighbour(), s.onset.Add(-seconds(s.between(60, 1800))))
	stopped := s.afterOnset()
	bystander.Status, bystander.FinishedAt = correlate.StatusRolledBack, &stopped
	s.undoAt(bystander, stopped.Add(-time.Minute))
}

// guiltyMitigation has responders to a small trouble cause the great one (c).
func (s *script) guiltyMitigation() {
	origin := s.w.active(s.draw)
	s.why = atOnce
	start := s.effect()
	s.alerts = append(s.alerts, s.alertOn(origin, start.Add(-seconds(s.between(240, 2400))), correlate.SeverityWarning))
	kind := pick(s.draw, []correlate.ChangeKind{correlate.KindRollback, correlate.KindConfig, correlate.KindScaling})
	earlier := s.add(correlate.KindDeploy, origin, start.Add(-seconds(s.between(3600, 6*3600))))
	m := s.blame(kind, origin, start)
	if kind == correlate.KindRollback {
		m.Source, m.RollbackOf = earlier.Source, earlier.ID
	}
	s.confine(m)
	s.fail(origin, s.usualReach())
}

// busyResponders change much after the onset, on the alerting services (d).
func (s *script) busyResponders() {
	m := s.ordinary(s.w.active(s.draw))
	for range 3 + s.IntN(4) {
		s.respond(pick(s.draw, s.hits).service)
	}
	s.undo(m)
}

// carrierAndPayload has a dormant payload and the deploy that carries it to its
// users; both are guilty (e).
func (s *script) carrierAndPayload() {
	origin := s.w.active(s.draw)
	s.why = pick(s.draw, []cause{atOnce, spreading})
	carried := s.effect()
	kind := pick(s.draw, []correlate.ChangeKind{correlate.KindData, correlate.KindConfig, correlate.KindFeatureFlag})
	payload := s.blame(kind, origin, carried.Add(-seconds(s.logBetween(1800, 3*24*3600))))
	s.confine(payload)
	carrier := s.blame(correlate.KindDeploy, origin, carried)
	s.confine(carrier)
	s.fail(origin, s.usualReach())
}

// latentAndTrigger has an old fault and the recent change that sets it off;
// both are guilty.
func (s *script) latentAndTrigger() {
	origin := s.w.active(s.draw)
	age := s.logBetween(24*3600, 30*24*3600)
	if s.why == triggered {
		age = impactDelay(s.draw, triggered).Seconds()
	}
	s.why = pick(s.draw, []cause{atOnce, spreading})
	start := s.effect()
	s.confine(s.blame(pick(s.draw, []correlate.ChangeKind{correlate.KindDeploy, correlate.KindConfig}), origin, start.Add(-seconds(age))))
	trigger := pick(s.draw, []correlate.ChangeKind{
		correlate.KindFeatureFlag, correlate.KindConfig, correlate.KindScaling, correlate.KindData,
	})
	s.confine(s.blame(trigger, origin, start))
	s.fail(origin, s.usualReach())
}

// lateStep has many harmless steps before the one that hurts (f): of one
// change, or as changes of their own.
func (s *script) lateStep() {
	origin := s.w.active(s.draw)
	s.why = pick(s.draw, []cause{atOnce, spreading})
	step := s.effect()
	gap := seconds(s.between(900, 5400))
	before := 2 + s.IntN(4)
	if s.chance(0.5) {
		for i := range before {
			s.add(correlate.KindDeploy, origin, step.Add(-time.Duration(before-i)*gap))
		}
		s.confine(s.blame(correlate.KindDeploy, origin, step))
		s.fail(origin, s.usualReach())
		return
	}
	m := s.blame(correlate.KindDeploy, origin, step.Add(-time.Duration(before)*gap))
	m.Rollout = nil
	for i := range before + 3 {
		percent := 100 * float64(i+1) / float64(before+3)
		m.Rollout = append(m.Rollout, correlate.RolloutStep{At: m.StartedAt.Add(time.Duration(i) * gap), Percent: percent})
	}
	end := m.StartedAt.Add(time.Duration(before+3) * gap)
	m.FinishedAt = &end
	s.confine(m)
	s.fail(origin, s.usualReach())
}

// commitBeforeApply records the moment of the commit, 9 to 30 minutes before
// the machines pull it (g).
func (s *script) commitBeforeApply() {
	origin := s.w.active(s.draw)
	s.why = pick(s.draw, []cause{atOnce, spreading})
	applied := s.effect()
	m := s.blame(correlate.KindConfig, origin, applied.Add(-seconds(60*s.between(9, 30))))
	end := applied.Add(seconds(s.between(0, 120)))
	m.Rollout, m.FinishedAt = nil, &end
	s.confine(m)
	s.fail(origin, s.usualReach())
}

// callerBreaksCallee has a changed caller overwhelm or starve what it calls,
// and stay silent itself (i).
func (s *script) callerBreaksCallee() {
	origin := s.w.active(s.draw)
	for range 50 {
		if len(s.w.callees[origin]) > 0 {
			break
		}
		origin = s.w.active(s.draw)
	}
	m := s.ordinary(origin)
	if len(s.w.callees[origin]) == 0 {
		return
	}
	victim := pick(s.draw, s.w.callees[origin]).to
	s.hits = s.w.spread(s.draw, victim, s.impact(), s.usualReach())
	s.hits[0].route, s.hits[0].loud = routeCallee, true
	s.hits = slices.DeleteFunc(s.hits, func(h hit) bool { return h.service == m.service })
}

// hub has one of the services that everything needs fail: ten to thirty
// products alert at once (k).
func (s *script) hub() {
	origin := pick(s.draw, s.w.hubs)
	s.ordinary(origin)
	for range 5 {
		if len(s.alerting()) >= 10 {
			return
		}
		s.fail(origin, 1)
	}
}

// circular has two services that need each other fail together (l).
func (s *script) circular() {
	if len(s.w.cycles) == 0 {
		s.plain()
		return
	}
	pair := pick(s.draw, s.w.cycles)
	s.ordinary(pair[0])
	i := slices.IndexFunc(s.hits, func(h hit) bool { return h.service == pair[1] })
	if i < 0 {
		s.hits = append(s.hits, hit{service: pair[1], from: s.impact(), hops: 1, route: routeCaller})
		i = len(s.hits) - 1
	}
	s.hits[0].loud, s.hits[i].loud = true, true
}

// blindMonitoring takes monitoring down with the rest: few alerts, and late (m).
func (s *script) blindMonitoring() {
	needs := s.w.callees[s.w.monitoring]
	if len(needs) == 0 {
		s.plain()
		return
	}
	s.lag *= 2
	s.ordinary(pick(s.draw, needs).to)
	for i := range s.hits {
		s.hits[i].loud = s.hits[i].loud && s.chance(0.15)
	}
	s.hits = append(s.hits, hit{service: s.w.monitoring, from: s.impact(), hops: 1, route: routeCaller, loud: true})
}

// modelOrPrompt has users notice hours to weeks later that a model, a prompt or
// a guardrail was changed, with other such changes between (n).
func (s *script) modelOrPrompt() {
	kinds := []correlate.ChangeKind{correlate.KindPrompt, correlate.KindModel, correlate.KindGuardrail}
	origin := s.w.active(s.draw)
	start := s.impact().Add(-seconds(s.logBetween(2*3600, 14*24*3600)))
	s.confine(s.blame(pick(s.draw, kinds), origin, start))
	for range 1 + s.IntN(3) {
		s.add(pick(s.draw, kinds), origin, start.Add(-seconds(s.logBetween(3600, 7*24*3600))))
		if s.chance(0.5) {
			s.add(pick(s.draw, kinds), origin, start.Add(time.Duration(s.Float64()*float64(s.onset.Sub(start)))))
		}
	}
	s.hits = []hit{{service: origin, from: s.impact(), route: routeSelf, loud: true}}
	if callers := s.w.callers[origin]; len(callers) > 0 && s.chance(0.5) {
		s.hits = append(s.hits, hit{service: pick(s.draw, callers).to, from: s.impact(), hops: 1, route: routeCaller, loud: true})
	}
}

// twoServices has a second change, of a service beside the first one's, do its harm
// at the same time; both are guilty (o). Neither explains by itself what alerts.
func (s *script) twoServices() {
	first := s.ordinary(s.w.active(s.draw))
	beside := slices.Concat(s.w.callers[first.service], s.w.callees[first.service])
	beside = slices.DeleteFunc(beside, func(c call) bool { return c.to == first.service })
	if len(beside) == 0 {
		return
	}
	second := pick(s.draw, beside).to
	s.why = pick(s.draw, []cause{atOnce, spreading})
	m := s.blame(weighted(s.draw, guiltyKinds), second, s.effect())
	m.Regions, m.Rollout = slices.Clone(s.regions), nil // They hurt the same users.
	s.hits[0].loud = true
	s.join(s.w.spread(s.draw, second, s.impact(), s.usualReach()))
	for i := range s.hits {
		if s.hits[i].service == second {
			s.hits[i].loud = true
		}
	}
}

// join adds what a second fault reached; what the first had reached stays.
func (s *script) join(hits []hit) {
	for _, h := range hits {
		known := slices.ContainsFunc(s.hits, func(k hit) bool { return k.service == h.service })
		if !known && len(s.hits) < maxHits {
			s.hits = append(s.hits, h)
		}
	}
}
