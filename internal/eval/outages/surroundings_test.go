package outages

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

// staged sets a stage for an outage of three services.
func staged(seed uint64) *stage {
	o := &Outage{
		ID: "made-up", At: time.Date(2020, 5, 6, 7, 8, 0, 0, time.UTC), EndsMinutes: 60,
		Changes: []Change{{Service: "base", Kind: correlate.KindConfig, BeforeMinutes: 2, Part: "a limit"}},
		Alerts:  []Alert{{Service: "site"}, {Service: "shop", AfterMinutes: 40, Signal: correlate.SignalLatency, Region: "europe"}},
		Calls:   []string{"site>base", "shop>base"},
	}
	d := newDraw(seed, o.ID)
	return &stage{
		workshop: &workshop{draw: d, parts: partsOf([]Outage{*o})}, o: o, c: newCompany(d, o, 60),
		onset: o.At, judged: o.At.Add(afterFirst),
	}
}

func TestTheCallGraphHasAFewGreatCallersAndNoStrangers(t *testing.T) {
	all := list(t)
	c := newCompany(newDraw(4, "graph"), &all[0], 300)
	calls, called := map[string]int{}, map[string]int{}
	for _, e := range c.edges {
		if e.Caller == e.Callee {
			t.Errorf("%s calls itself", e.Caller)
		}
		calls[e.Caller]++
		called[e.Callee]++
	}
	most := func(m map[string]int) (top int) {
		for _, n := range m {
			top = max(top, n)
		}
		return top
	}
	if top := most(calls); top < 30 || top > 90 {
		t.Errorf("one service calls %d", top)
	}
	if top := most(called); top < 5 || top > 14 {
		t.Errorf("one service is called by %d", top)
	}
	for _, name := range c.routine {
		if calls[name]+called[name] == 0 {
			t.Errorf("%s stands alone", name)
		}
	}
	if share := float64(len(calls)) / 300; share < 0.45 || share > 0.65 {
		t.Errorf("%.2f of the services call others", share)
	}
}

func TestACallIsListedOnce(t *testing.T) {
	c := &company{}
	for range 3 {
		c.link("a", "b")
	}
	c.link("b", "a")
	if len(c.edges) != 2 {
		t.Errorf("%v", c.edges)
	}
}

// Were the services of the outage cut off from the others, the graph alone would
// give them away.
func TestServicesOfTheOutageHaveOtherNeighboursToo(t *testing.T) {
	all := list(t)
	linked, alone := 0, 0
	for i := range all {
		c := newCompany(newDraw(2, all[i].ID), &all[i], 300)
		outside := false
		for _, e := range c.edges {
			if slices.Contains(c.named, e.Caller) != slices.Contains(c.named, e.Callee) {
				outside = true
			}
		}
		if outside {
			linked++
			continue
		}
		alone++
	}
	if alone > linked/8 {
		t.Errorf("%d outages have no call to or from the rest of the company, %d have", alone, linked)
	}
}

func TestTheSnapshotShowsEveryServiceInRandomOrder(t *testing.T) {
	s := staged(3)
	top := s.c.topology(s.draw, s.onset)
	if len(top.Services) != 63 || !top.ObservedAt.Equal(s.onset) || top.Source == "" {
		t.Fatalf("%d services of %v", len(top.Services), top.ObservedAt)
	}
	first := map[string]bool{}
	for seed := uint64(1); seed <= 30; seed++ {
		s := staged(seed)
		first[s.c.topology(s.draw, s.onset).Services[0].Name] = true
	}
	if len(first) < 15 {
		t.Errorf("the first of the list is always one of %d", len(first))
	}
}

func TestAlertsKeepTheirTimesSignalsAndRegions(t *testing.T) {
	s := staged(5)
	s.raise()
	if len(s.alerts) != 2 {
		t.Fatalf("%+v", s.alerts)
	}
	site, shop := s.alerts[0], s.alerts[1]
	if site.Signal != correlate.SignalErrors || site.Name != "HighErrorRate" || site.Region != "" || !site.StartedAt.Equal(s.onset) {
		t.Errorf("%+v", site)
	}
	if shop.Signal != correlate.SignalLatency || shop.Region != "europe" || shop.StartedAt.Sub(s.onset) != 40*time.Minute {
		t.Errorf("%+v", shop)
	}
	if s.judged.Sub(s.onset) != 45*time.Minute {
		t.Errorf("judged %s after the onset", s.judged.Sub(s.onset))
	}
}

func TestEverySignalHasAnAlertNameAndEveryKindAVerb(t *testing.T) {
	for _, signal := range correlate.Signals() {
		if alertNames[signal] == "" {
			t.Errorf("no alert name for %s", signal)
		}
	}
	all := list(t)
	for i := range all {
		for _, c := range all[i].Changes {
			if verbs[c.Kind] == "" {
				t.Errorf("no verb for %s", c.Kind)
			}
		}
	}
	for _, k := range routineKinds {
		if verbs[k.value] == "" {
			t.Errorf("no verb for %s", k.value)
		}
	}
}

func TestServicesOfTheOutageChangeAtTheMeasuredPace(t *testing.T) {
	s := staged(6)
	s.judged = s.onset.Add(time.Minute)
	changes := 0
	const runs = 40
	for range runs {
		s.changes = nil
		s.pass(Options{Services: 60, ChangesPerDay: 150})
		for i := range s.changes {
			if slices.Contains(s.c.named, s.changes[i].Services[0]) {
				changes++
			}
		}
	}
	if pace := float64(changes) / runs / 2 / 3; pace < 1.2 || pace > 1.6 {
		t.Errorf("%.2f changes a service a day, measured %.1f", pace, namedPace)
	}
}

func TestThePastReachesBackToTheGuiltyChangeButAMonthAtMost(t *testing.T) {
	for before, days := range map[float64]float64{5: 2, 4 * 1440: 4, 200 * 1440: 30} {
		s := staged(7)
		s.o.Changes[0].BeforeMinutes = before
		s.pass(Options{Services: 60, ChangesPerDay: 100})
		first := s.onset
		for i := range s.changes {
			if s.changes[i].StartedAt.Before(first) {
				first = s.changes[i].StartedAt
			}
		}
		if got := s.onset.Sub(first).Hours() / 24; got > days || got < days-0.2 {
			t.Errorf("a change of %v minutes before: %.2f days of changes, want %v", before, got, days)
		}
	}
}

func TestRespondersUndoTheLatestRoutineChange(t *testing.T) {
	undone := 0
	for seed := uint64(1); seed <= 60; seed++ {
		s := staged(seed)
		s.blame()
		older := s.routine("site", s.onset.Add(-time.Hour))
		newer := s.routine("site", s.onset.Add(-time.Minute))
		s.changes = append(s.changes, older, newer)
		s.respond()
		for _, c := range s.changes[3:] {
			if c.StartedAt.Before(s.onset) || c.StartedAt.After(s.onset.Add(responders)) {
				t.Errorf("a responder acts %s after the onset", c.StartedAt.Sub(s.onset))
			}
			switch {
			case c.RollbackOf == "":
			case c.RollbackOf != newer.ID:
				t.Errorf("undoes %s, the latest is %s", c.RollbackOf, newer.ID)
			default:
				undone++
			}
		}
	}
	if undone == 0 {
		t.Error("nobody ever undid anything")
	}
}

func TestStrayAlertsWarnOfOtherServicesWithinTheHour(t *testing.T) {
	for seed := uint64(1); seed <= 30; seed++ {
		s := staged(seed)
		s.stray()
		if len(s.alerts) < 1 || len(s.alerts) > 4 {
			t.Fatalf("%d stray alerts", len(s.alerts))
		}
		for i := range s.alerts {
			a := &s.alerts[i]
			early := s.onset.Sub(a.StartedAt)
			if a.Severity != correlate.SeverityWarning || slices.Contains(s.c.named, a.Service) || early > time.Hour || early < -afterLast-time.Millisecond {
				t.Errorf("%s early: %+v", early, a)
			}
		}
	}
}

func TestARolloutHasItsStepsInOrder(t *testing.T) {
	s := staged(9)
	c := s.make("site", correlate.KindDeploy, "a limit", s.onset)
	s.roll(&c)
	if len(c.Rollout) != 3 || !c.Rollout[0].At.Equal(c.StartedAt) || !c.FinishedAt.Equal(c.Rollout[2].At) {
		t.Fatalf("%+v", c)
	}
	for i := 1; i < 3; i++ {
		if !c.Rollout[i].At.After(c.Rollout[i-1].At) || c.Rollout[i].Percent <= c.Rollout[i-1].Percent {
			t.Errorf("step %d: %+v", i, c.Rollout)
		}
	}
	of := &Change{
		Service: "base", Kind: correlate.KindDeploy, BeforeMinutes: 60, Part: "a limit", Region: "europe", Actor: correlate.ActorAIAgent,
		Steps: []Step{{BeforeMinutes: 60, Percent: 1}, {BeforeMinutes: 10, Percent: 50}},
	}
	start := s.onset.Add(-59*time.Minute - 30*time.Second)
	g := s.guilty(of, s.onset, start)
	if !g.Rollout[0].At.Equal(start) || s.onset.Sub(g.Rollout[1].At) != 10*time.Minute || !g.FinishedAt.Equal(g.Rollout[1].At) {
		t.Errorf("%+v", g.Rollout)
	}
	if g.Actor.Type != correlate.ActorAIAgent || !slices.Equal(g.Regions, []string{"europe"}) || !strings.Contains(g.Title, "of base") {
		t.Errorf("%+v", g)
	}
}

func TestPartsAreListedOnceAndNotOnlyThoseOfOutages(t *testing.T) {
	all := list(t)
	parts := partsOf(all)
	seen := map[string]bool{}
	for _, part := range parts {
		if seen[part] || part == "" {
			t.Errorf("part %q twice or empty", part)
		}
		seen[part] = true
	}
	for i := range all {
		for _, c := range all[i].Changes {
			if !seen[c.Part] {
				t.Errorf("%q could only be guilty", c.Part)
			}
		}
	}
	if !seen["log level"] {
		t.Error("routine parts are missing")
	}
}
