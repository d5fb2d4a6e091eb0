package simulate

import (
	"slices"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/eval"
)

func TestFaultReachesCallersMoreThanCallees(t *testing.T) {
	w := newWorld(Options{Seed: 4, Services: 2000, ChangesPerDay: 10, Days: 1, Incidents: 1})
	d := newDraw(1, 1)
	up, down, far := 0, 0, 0
	for range 400 {
		for _, h := range w.spread(d, w.active(d), firstDay, 0.8) {
			up += boolean(h.route == routeCaller)
			down += boolean(h.route == routeCallee)
			far += boolean(h.hops > len(hopDamping))
			if h.from.Before(firstDay) {
				t.Fatal("a service fails before the fault")
			}
		}
	}
	if up < 2*down || down == 0 || far > 0 {
		t.Errorf("%d callers, %d callees, %d too far", up, down, far)
	}
}

func TestStormOfAHubIsBounded(t *testing.T) {
	w := newWorld(Options{Seed: 4, Services: 10_000, ChangesPerDay: 10, Days: 1, Incidents: 1})
	d := newDraw(1, 2)
	for range 20 {
		hits := w.spread(d, w.hubs[0], firstDay, 1)
		services := map[int]bool{}
		for _, h := range hits {
			services[h.service] = true
		}
		if len(hits) > maxHits || len(services) != len(hits) {
			t.Fatalf("%d hits on %d services", len(hits), len(services))
		}
	}
}

func TestFirstAlertOfTheOutageStartsAtItsOnset(t *testing.T) {
	for _, c := range sample() {
		s := c.script
		first := time.Time{}
		for _, a := range c.Alerts {
			own := slices.ContainsFunc(s.hits, func(h hit) bool { return h.loud && s.w.services[h.service].name == a.Service })
			if own && !a.StartedAt.Before(s.onset) && (first.IsZero() || a.StartedAt.Before(first)) {
				first = a.StartedAt
			}
		}
		if first.Sub(s.onset).Abs() > time.Millisecond {
			t.Errorf("%s: first alert at %v, onset %v", c.Name, first, s.onset)
		}
		if !s.judged.After(s.onset) || s.judged.Sub(s.onset) > 31*time.Minute {
			t.Errorf("%s: judged %v after the onset", c.Name, s.judged.Sub(s.onset))
		}
	}
}

func TestAlertsStayWhereTheChangeHadCome(t *testing.T) {
	confined := 0
	for _, c := range sample() {
		s := c.script
		if len(s.regions) == 0 || len(s.guilty) == 0 {
			continue
		}
		reached := reachedRegions(s.guilty[len(s.guilty)-1], s.impact())
		for _, h := range s.hits {
			for _, a := range c.Alerts {
				if a.Service != s.w.services[h.service].name || a.Region == "" {
					continue
				}
				confined++
				if !slices.Contains(reached, a.Region) {
					t.Errorf("%s: alert in %s, the change had come to %v", c.Name, a.Region, reached)
				}
			}
		}
	}
	if confined == 0 {
		t.Error("no outage is confined to regions")
	}
}

func TestSomeTextsNameTheGuiltyPartAndSomeAnother(t *testing.T) {
	hinted, misled := 0, 0
	for _, c := range sample() {
		for _, a := range seenAlerts(&c) {
			named := slices.IndexFunc(parts, func(p string) bool { return len(a.Summary) > len(p) && a.Summary[len(a.Summary)-len(p):] == p })
			if named < 0 {
				continue
			}
			right := slices.ContainsFunc(c.script.guilty, func(m *madeChange) bool { return m.part == parts[named] })
			hinted += boolean(right)
			misled += boolean(!right)
		}
	}
	if hinted == 0 || misled == 0 {
		t.Errorf("%d texts name the guilty part, %d another", hinted, misled)
	}
}

func TestAlertsFlapAndMostNoiseOnlyWarns(t *testing.T) {
	flapping := false
	var calm []bool
	for _, c := range sample() {
		episodes := map[string]int{}
		for _, a := range c.Alerts {
			if a.StartedAt.Before(c.script.onset.Add(-5 * time.Minute)) {
				calm = append(calm, a.Severity.Rank() <= correlate.SeverityWarning.Rank())
			}
			a.Fingerprint = ""
			episodes[a.DefaultFingerprint()]++
			flapping = flapping || episodes[a.DefaultFingerprint()] >= 3
		}
	}
	if !flapping {
		t.Error("no alert flaps")
	}
	if s := share01(calm); s < 0.8 {
		t.Errorf("only %.2f of the alerts before the outages are mild", s)
	}
}

func TestChangedInstancesFailAndUnchangedOnesDoNot(t *testing.T) {
	d := newDraw(8, 8)
	w := newWorld(smallOptions())
	s := w.newScript(d, true)
	svc := slices.IndexFunc(w.services, func(k service) bool { return k.instances >= 4 })
	names := w.instances(svc)
	m := s.blame(correlate.KindDeploy, svc, s.impact().Add(-time.Minute))
	m.Rollout = []correlate.RolloutStep{
		{At: m.StartedAt, Instances: names[:1]}, {At: s.judged.Add(time.Hour), Instances: names[1:]},
	}
	s.hits = []hit{{service: svc, from: s.impact(), loud: true}}
	s.measureService(svc)
	for _, series := range s.metrics {
		if series.Signal != "errors" {
			continue
		}
		before, after := average(series, s.onset.Add(-measuredBefore), s.impact()), average(series, s.impact(), s.judged)
		if series.Instance == names[0] && after < before+10 {
			t.Errorf("changed %s: errors %.1f before and %.1f after", series.Instance, before, after)
		}
		if series.Instance != names[0] && after > before+2 {
			t.Errorf("unchanged %s: errors %.1f before and %.1f after", series.Instance, before, after)
		}
	}
}

func average(s correlate.Series, from, until time.Time) float64 {
	sum, n := 0.0, 0.0
	for _, p := range s.Points {
		if !p.At.Before(from) && p.At.Before(until) {
			sum += p.Value
			n++
		}
	}
	return sum / max(n, 1)
}

func TestSomeCasesAreMeasuredAndNoneBeyondItsBounds(t *testing.T) {
	var measured []bool
	for _, c := range sample() {
		measured = append(measured, len(c.Metrics) > 0)
		services := map[string]bool{}
		for _, s := range c.Metrics {
			services[s.Service] = true
		}
		if len(services) > measuredServices {
			t.Errorf("%s: %d services measured", c.Name, len(services))
		}
	}
	within(t, "share of measured cases", share01(measured), measuredShare, 0.06)
}

// A hub's silent callers speak against it, so that the excerpt must show them.
func TestExcerptKeepsEveryCallOfTheServicesThatFail(t *testing.T) {
	w := newWorld(Options{Seed: 6, Services: 4000, ChangesPerDay: 50, Days: 7, Incidents: 1})
	for number := range 5 {
		c := w.incident(number)
		calls := map[string]int{}
		for _, e := range c.Topology.Edges {
			calls[e.Callee]++
		}
		known := map[string]bool{}
		for _, s := range c.Topology.Services {
			known[s.Name] = true
		}
		for _, h := range c.script.hits {
			k := &w.services[h.service]
			if !known[k.name] || calls[k.name] != len(w.callers[h.service]) {
				t.Errorf("%s: %s has %d callers, the case shows %d", c.Name, k.name, len(w.callers[h.service]), calls[k.name])
			}
		}
		if len(c.Topology.Services) > 3999 {
			t.Errorf("%s shows the whole company", c.Name)
		}
		for _, e := range c.Topology.Edges {
			if !known[e.Caller] || !known[e.Callee] {
				t.Fatalf("%s: the call %s to %s has an unknown end", c.Name, e.Caller, e.Callee)
			}
		}
	}
}

func TestCausesStandInTheFeedOnceAndInProduction(t *testing.T) {
	var future []bool
	for _, c := range sample() {
		guilty := guiltyOf(&c)
		if len(guilty) != len(c.Causes) {
			t.Errorf("%s: %d of %d causes are in the feed", c.Name, len(guilty), len(c.Causes))
		}
		for _, g := range guilty {
			if g.Environment != correlate.DefaultEnvironment {
				t.Errorf("%s: the guilty change went to %s", c.Name, g.Environment)
			}
		}
		future = append(future, len(c.View(eval.Parts{}).Changes) < len(c.Changes))
	}
	if s := share01(future); s < 0.5 {
		t.Errorf("only %.2f of cases tell of changes after judgement, which rankers must not see", s)
	}
}
