package simulate

import (
	"slices"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

func TestEveryPatternOccurs(t *testing.T) {
	kinds := map[string]int{}
	for _, c := range sample() {
		kinds[c.Kind]++
	}
	for _, list := range [][]share[pattern]{changePatterns, controlPatterns} {
		for _, p := range list {
			if kinds[p.value.kind] == 0 {
				t.Errorf("no case of kind %s", p.value.kind)
			}
		}
	}
}

func TestHarmlessChangeFollowsOnTheSameService(t *testing.T) {
	eachOf(t, "a_harmless_change_after", func(t *testing.T, c *labelledCase) {
		g := c.script.guilty[0]
		between := slices.ContainsFunc(c.script.others, func(m *madeChange) bool {
			return m.service == g.service && !m.StartedAt.Before(g.StartedAt) && !m.StartedAt.After(c.script.onset)
		})
		if !between {
			t.Error("no change of the guilty service between the guilty one and the first alert")
		}
	})
}

func TestRollbackInVainBeginsAfterOnset(t *testing.T) {
	eachOf(t, "b_rollback_elsewhere_in_vain", func(t *testing.T, c *labelledCase) {
		bystander := c.script.others[0]
		if bystander.Status != correlate.StatusRolledBack || !bystander.StartedAt.Before(c.script.onset) ||
			!bystander.FinishedAt.After(c.script.onset) {
			t.Errorf("bystander %+v", bystander.Change)
		}
		if slices.Contains(c.Causes, bystander.ID) {
			t.Error("the bystander is blamed")
		}
	})
}

func TestMitigationCausesTheGreaterOutage(t *testing.T) {
	eachOf(t, "c_guilty_mitigation", func(t *testing.T, c *labelledCase) {
		g := guiltyOf(c)[0]
		warned := slices.ContainsFunc(c.Alerts, func(a correlate.Alert) bool {
			return a.Severity == correlate.SeverityWarning && a.Service == c.script.w.services[c.script.guilty[0].service].name &&
				a.StartedAt.Before(g.StartedAt)
		})
		if !warned {
			t.Error("there was nothing to mitigate")
		}
		if g.Kind == correlate.KindRollback && g.RollbackOf == "" {
			t.Error("the rollback undoes nothing")
		}
	})
}

func TestRespondersActAfterOnsetAndAreNeverBlamed(t *testing.T) {
	eachOf(t, "d_responders_changes", func(t *testing.T, c *labelledCase) {
		late := 0
		for _, m := range c.script.others {
			late += boolean(m.StartedAt.After(c.script.onset))
		}
		if late < 3 {
			t.Errorf("only %d changes after the onset", late)
		}
	})
	for _, c := range sample() {
		for _, g := range guiltyOf(&c) {
			if g.StartedAt.After(c.script.onset) {
				t.Errorf("%s: the guilty change starts after the first alert", c.Name)
			}
		}
	}
}

func TestTwoChangesShareTheGuilt(t *testing.T) {
	for _, kind := range []string{"e_carrier_and_payload", "e_latent_and_trigger"} {
		eachOf(t, kind, func(t *testing.T, c *labelledCase) {
			g := c.script.guilty
			if len(g) != 2 || len(c.Causes) != 2 {
				t.Fatalf("causes %v", c.Causes)
			}
			if !g[0].StartedAt.Before(g[1].StartedAt) || c.script.impact().Sub(g[1].StartedAt) > 4*time.Hour {
				t.Errorf("payload at %v, carrier at %v, impact at %v", g[0].StartedAt, g[1].StartedAt, c.script.impact())
			}
		})
	}
}

// Each of the two services alerts, so that neither change by itself is the whole
// story, and both count as causes.
func TestTwoServicesFailByAChangeEach(t *testing.T) {
	w, pairs := newWorld(Options{Seed: 2, Services: 300, ChangesPerDay: 100, Days: 7, Incidents: 1}), 0
	for i := range 40 {
		s := w.newScript(newDraw(5, uint64(i)), true)
		s.twoServices()
		if len(s.guilty) < 2 {
			continue // The first service calls nothing, and nothing calls it.
		}
		pairs++
		one, two := s.guilty[0], s.guilty[1]
		if one.service == two.service || one.ID == two.ID {
			t.Errorf("both changes are %s of service %d", one.ID, one.service)
		}
		near := slices.ContainsFunc(slices.Concat(w.callers[one.service], w.callees[one.service]), func(c call) bool { return c.to == two.service })
		if !near {
			t.Error("the second service neither calls the first nor is called by it")
		}
		for _, m := range s.guilty {
			if !slices.Contains(s.alerting(), m.service) {
				t.Errorf("guilty service %d does not alert", m.service)
			}
			if m.StartedAt.After(s.impact()) || m.Environment != correlate.DefaultEnvironment {
				t.Errorf("%s in %s starts at %v, impact %v", m.ID, m.Environment, m.StartedAt, s.impact())
			}
		}
		seen := map[int]bool{}
		for _, h := range s.hits {
			if seen[h.service] || len(s.hits) > maxHits {
				t.Errorf("service %d fails twice among %d", h.service, len(s.hits))
			}
			seen[h.service] = true
		}
	}
	if pairs < 30 {
		t.Errorf("only %d of 40 outages have two causes", pairs)
	}
}

func TestLateStepComesAfterHarmlessOnes(t *testing.T) {
	eachOf(t, "f_late_rollout_step", func(t *testing.T, c *labelledCase) {
		g := c.script.guilty[0]
		steps := 0
		for _, s := range g.Rollout {
			steps += boolean(s.At.Before(c.script.impact()))
		}
		for _, m := range c.script.others {
			steps += boolean(m.service == g.service && m.Kind == correlate.KindDeploy && m.StartedAt.Before(g.StartedAt))
		}
		if steps < 2 {
			t.Errorf("%d steps before the impact", steps)
		}
	})
}

func TestCommitTimeComesMinutesBeforeTheEffect(t *testing.T) {
	eachOf(t, "g_commit_before_apply", func(t *testing.T, c *labelledCase) {
		if gap := c.script.impact().Sub(c.script.guilty[0].StartedAt); gap < 9*time.Minute {
			t.Errorf("impact %v after the recorded start", gap)
		}
	})
}

func TestMissingChangeLeavesNoTrace(t *testing.T) {
	eachOf(t, "no_change_h_missing_from_feed", func(t *testing.T, c *labelledCase) {
		if len(c.Causes) != 0 || len(c.script.guilty) != 0 {
			t.Errorf("causes %v", c.Causes)
		}
	})
}

func TestChangedCallerStaysSilent(t *testing.T) {
	silent := 0
	eachOf(t, "i_caller_breaks_callee", func(t *testing.T, c *labelledCase) {
		g := c.script.guilty[0]
		if len(c.script.w.callees[g.service]) == 0 {
			return
		}
		if slices.Contains(c.script.alerting(), g.service) {
			t.Error("the changed caller alerts")
		}
		victim := c.script.hits[0].service
		if !slices.ContainsFunc(c.script.w.callees[g.service], func(e call) bool { return e.to == victim }) {
			t.Error("what fails first is not called by the changed service")
		}
		silent++
	})
	if silent == 0 {
		t.Error("no changed caller had a callee")
	}
}

func TestHubMakesManyServicesAlert(t *testing.T) {
	w := newWorld(Options{Seed: 2, Services: 3000, ChangesPerDay: 10, Days: 7, Incidents: 1})
	many := 0
	for i := range 20 {
		s := w.newScript(newDraw(3, uint64(i)), true)
		s.hub()
		many += boolean(len(s.alerting()) >= 8)
	}
	if many < 15 {
		t.Errorf("only %d of 20 hub outages make eight services alert", many)
	}
}

func TestCircularDependencyAlertsOnBothSides(t *testing.T) {
	eachOf(t, "l_circular_dependency", func(t *testing.T, c *labelledCase) {
		if len(c.script.w.cycles) > 0 && len(c.script.alerting()) < 2 {
			t.Errorf("alerting: %v", c.script.alerting())
		}
	})
}

func TestBlindMonitoringSeesLittle(t *testing.T) {
	w := newWorld(Options{Seed: 2, Services: 3000, ChangesPerDay: 10, Days: 7, Incidents: 1})
	hits, loud := 0, 0
	for i := range 40 {
		s := w.newScript(newDraw(4, uint64(i)), true)
		s.blindMonitoring()
		hits += len(s.hits)
		loud += len(s.alerting())
		if len(w.callees[w.monitoring]) > 0 && !slices.Contains(s.alerting(), w.monitoring) {
			t.Error("monitoring does not say that it is blind")
		}
	}
	if share := float64(loud) / float64(hits); share > 0.4 && hits > 100 {
		t.Errorf("%.2f of failing services are noticed by monitoring that fails itself", share)
	}
}

func TestModelOrPromptShowsLateAndByUsers(t *testing.T) {
	eachOf(t, "n_model_or_prompt", func(t *testing.T, c *labelledCase) {
		if gap := c.script.impact().Sub(c.script.guilty[0].StartedAt); gap < 2*time.Hour {
			t.Errorf("impact after %v", gap)
		}
		if !slices.ContainsFunc(seenAlerts(c), func(a correlate.Alert) bool { return a.Signal == correlate.SignalAISafety }) {
			t.Error("no ai_safety alert")
		}
		rivals := 0
		for _, m := range c.script.others {
			rivals += boolean(m.service == c.script.guilty[0].service && m.Source == "model-registry")
		}
		if rivals == 0 {
			t.Error("no other model change overlaps")
		}
	})
}

func TestOutagesWithoutAChangeLookLikeTheirCause(t *testing.T) {
	eachOf(t, "no_change_hardware", func(t *testing.T, c *labelledCase) {
		if len(c.script.regions) != 1 || len(c.script.alerting()) < 2 {
			t.Errorf("regions %v, alerting %v", c.script.regions, c.script.alerting())
		}
	})
	eachOf(t, "no_change_attack", func(t *testing.T, c *labelledCase) {
		if !slices.ContainsFunc(seenAlerts(c), func(a correlate.Alert) bool { return a.Signal == correlate.SignalTraffic }) {
			t.Error("no traffic alert")
		}
	})
	eachOf(t, "no_change_provider", func(t *testing.T, c *labelledCase) {
		if len(c.script.hits) > 1 && c.script.hits[0].loud {
			t.Error("the provider itself alerts")
		}
	})
	wholeHours := 0
	eachOf(t, "no_change_expiry", func(_ *testing.T, c *labelledCase) {
		wholeHours += boolean(c.script.impact().Truncate(time.Hour).Equal(c.script.impact()))
	})
	if wholeHours == 0 {
		t.Error("nothing expires on a whole hour")
	}
}
