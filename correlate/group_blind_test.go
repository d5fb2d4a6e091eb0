package correlate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// gone is an alert of missing data, so many seconds after dawn.
func gone(service string, seconds int) Alert {
	return Alert{
		Source: "prometheus", Fingerprint: service + "-down", Service: service, Name: "TargetDown", Severity: SeverityCritical,
		Status: AlertFiring, Signal: SignalAvailability, StartedAt: dawn.Add(time.Duration(seconds) * time.Second),
	}
}

func blindStories(g *Graph, alerts []Alert) []string {
	var out []string
	for _, row := range GroupAlerts(DefaultGroupConfig(), g, alerts, dawn.Add(time.Hour)) {
		if row.Status != IncidentMerged {
			out = append(out, fmt.Sprintf("%s (%d)", row.Title, len(row.Alerts)))
		}
	}
	return out
}

func TestMonitoringThatFailsIsOneIncidentAndSwallowsNoOther(t *testing.T) {
	graph := NewGraph(Topology{Edges: []Edge{{Caller: "web", Callee: "cart"}, {Caller: "cart", Callee: "stock"}}})
	alerts := []Alert{gone("web", 5), gone("cart", 70), gone("stock", 20)}
	for i := range 40 {
		alerts = append(alerts, gone(fmt.Sprintf("far-%02d", i), 7*i))
	}
	failing := gone("cart", 60)
	failing.Name, failing.Fingerprint, failing.Signal = "HighErrorRate", "cart-errors", SignalErrors
	caller := gone("web", 100)
	caller.Name, caller.Fingerprint, caller.Signal = "Latency", "web-latency", SignalLatency
	got := strings.Join(blindStories(graph, append(alerts, failing, caller)), "\n")
	if strings.Count(got, "\n") != 1 || !strings.Contains(got, "No data from prometheus of 43 services (43)") || !strings.Contains(got, "HighErrorRate on cart and 1 more service (2)") {
		t.Errorf("incidents:\n%s", got)
	}
}

// A few services without data, or many that depend on each other, are what an
// outage looks like.
func TestServicesThatGoDownAreNotTakenForBlindMonitoring(t *testing.T) {
	var star Topology
	related := []Alert{gone("store", 0)}
	for i := range 12 {
		name := fmt.Sprintf("user-%02d", i)
		star.Edges = append(star.Edges, Edge{Caller: name, Callee: "store"})
		if i > 0 {
			star.Edges = append(star.Edges, Edge{Caller: "user-00", Callee: name})
		}
		related = append(related, gone(name, 10*i))
	}
	few := []Alert{gone("a", 0), gone("b", 10), gone("c", 20), gone("d", 30)}
	slow := []Alert{gone("a", 0), gone("b", 700), gone("c", 1400), gone("d", 2100), gone("e", 2800), gone("f", 3500)}
	for name, alerts := range map[string][]Alert{"four services": few, "one every twelve minutes": slow} {
		if got := blindStories(NewGraph(star), alerts); len(got) != len(alerts) {
			t.Errorf("%s: %q", name, got)
		}
	}
	sources := []Alert{gone("a", 0), gone("b", 10), gone("c", 20), gone("d", 30), gone("e", 40)}
	sources[4].Source = "another"
	if got := blindStories(nil, sources); len(got) != 5 {
		t.Errorf("two sources: %q", got)
	}
	got := blindStories(NewGraph(star), related)
	if len(got) != 1 || strings.Contains(got[0], "No data from") {
		t.Errorf("a store and those that call it: %q", got)
	}
}

func TestAlertsOfMissingDataAreKnownByTheirNames(t *testing.T) {
	for name, want := range map[string]bool{
		"TargetDown": true, "DatasourceNoData": true, "DatasourceError": true, "[No Data] CPU is high on {host}": true, "DeadMansSwitch": true,
		"Deadman's switch": true, "Watchdog": true, "PrometheusTargetMissing": true, "InstanceDown": true, "up == 0: scrape failed": true,
		"host stopped reporting": true, "HighErrorRate": false, "NoDatabaseConnections": false, "ProbeFailed": false, "QueueDepth": false, "": false,
	} {
		if got := tellsOfNoData(&Alert{Name: name}); got != want {
			t.Errorf("%q: %v", name, got)
		}
	}
}

// Whatever else happens, adding the alerts of a source that went blind far from
// everything leaves the other incidents as they were.
func TestBlindMonitoringChangesNoOtherIncident(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStorm(t)
		before := pictures(GroupAlerts(s.cfg, s.graph(), s.alerts, s.asOf))
		for i := range rapid.IntRange(blindIslands, 12).Draw(t, "dark services") {
			a := gone(fmt.Sprintf("dark-%d", i), rapid.IntRange(0, 200).Draw(t, "from"))
			a.Source = "elsewhere"
			s.alerts = append(s.alerts, a)
		}
		after := pictures(GroupAlerts(s.cfg, s.graph(), s.alerts, s.asOf))
		if len(after) != len(before)+1 {
			t.Fatalf("%d incidents without, %d with the blind source:\n%v\n%v", len(before), len(after), before, after)
		}
		for _, row := range before {
			found := false
			for _, other := range after {
				found = found || row == other
			}
			if !found {
				t.Fatalf("%s is gone or changed", row)
			}
		}
	})
}

// Ten thousand instances of one service that go down at once are quick to group.
func TestManyInstancesOfOneServiceGoDownQuickly(t *testing.T) {
	alerts := make([]Alert, 10_000)
	for i := range alerts {
		alerts[i] = gone("cart", i/40)
		alerts[i].Fingerprint = fmt.Sprint("cart-", i)
	}
	began := time.Now()
	if got := blindStories(nil, alerts); len(got) != 1 {
		t.Errorf("%d incidents", len(got))
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("took %v", took)
	}
}

// What people have declared an incident is one, whatever it is called: it is no
// sample that a monitoring source lacks.
func TestDeclaredIncidentsAreNeverTakenForBlindMonitoring(t *testing.T) {
	var alerts []Alert
	for i := range 2 * blindIslands {
		a := gone(fmt.Sprintf("far-%02d", i), 7*i)
		a.Labels = map[string]string{LabelDeclaredIncident: fmt.Sprintf("P%d", i)}
		alerts = append(alerts, a)
	}
	if got := blindStories(NewGraph(Topology{}), alerts); len(got) != len(alerts) {
		t.Errorf("%d declared incidents became\n%s", len(alerts), strings.Join(got, "\n"))
	}
}

// A source that was blind once must not be remembered for good.
func TestNothingIsKeptOfAlertsThatAreForgotten(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), NewGraph(Topology{Edges: []Edge{{Caller: "far-00", Callee: "far-01"}}}))
	for i := range 2 * blindIslands {
		a, end := gone(fmt.Sprintf("far-%02d", i), 100*i), dawn.Add(time.Hour)
		a.Status, a.ResolvedAt = AlertResolved, &end
		if i%4 == 0 {
			a.Labels = map[string]string{LabelDeclaredIncident: "P1"}
		}
		g.Upsert(a)
	}
	g.Advance(dawn.Add(48 * time.Hour))
	if len(g.Take()) == 0 || len(g.watches) == 0 {
		t.Fatal("there was nothing to forget")
	}
	g.Advance(dawn.Add(48*time.Hour + 2*lateNews))
	g.Evict(dawn.Add(24 * time.Hour))
	if g.Len()+len(g.watches)+len(g.sites)+len(g.series)+len(g.declared)+len(g.regions)+len(g.muted) > 0 {
		t.Errorf("kept: %d episodes, %d watches, %d sites, %d series, %d declared, %d regions, %d muted",
			g.Len(), len(g.watches), len(g.sites), len(g.series), len(g.declared), len(g.regions), len(g.muted))
	}
}
