package correlate

import (
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

func TestAnEarlierAlertThatComesLateRenamesTheIncidentAndTheOldIdPointsToIt(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), callsOf(t, shopCalls))
	g.Advance(clock(t, "10:10"))
	g.Upsert(alertOf(t, "10:05 web critical"))
	first := g.Take()
	g.Upsert(alertOf(t, "10:00 cart critical"))
	second := g.Take()
	if len(first) != 1 || len(second) != 2 {
		t.Fatalf("want one row, then two; got %v, then %v", first, second)
	}
	old := second[slices.IndexFunc(second, func(r Incident) bool { return r.ID == first[0].ID })]
	if old.Status != IncidentMerged || old.Revision <= first[0].Revision {
		t.Errorf("the old id should be merged at a higher revision than %d: %+v", first[0].Revision, old)
	}
	if living := g.Alerts(old.MergedInto); len(living) != 2 || living[0].Service != "cart" {
		t.Errorf("the incident it points to should hold both alerts, cart first: %v", living)
	}
	if g.Alerts(old.ID) != nil {
		t.Error("a merged incident holds no alerts")
	}
}

func TestAResolveThatComesLateSplitsWhatOnlySeemedToGoOn(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), callsOf(t, shopCalls))
	g.Advance(clock(t, "12:00"))
	g.Upsert(alertOf(t, "10:00 cart critical"), alertOf(t, "12:00 cart critical #other"))
	together := g.Take()
	g.Upsert(alertOf(t, "10:00-10:10 cart critical"))
	apart := g.Take()
	want := []string{"10:00 resolved critical cart (1)", "12:00 open critical cart (1)"}
	if diff := gocmp.Diff(want, pictures(apart)); diff != "" {
		t.Errorf("incidents (-want +got):\n%s", diff)
	}
	if len(together) != 1 || together[0].Revision > apart[0].Revision && together[0].ID == apart[0].ID {
		t.Errorf("revisions must not go down: %v, then %v", together, apart)
	}
}

func TestRecalledIncidentsCarryOnAboveTheirStoredRevision(t *testing.T) {
	alert := alertOf(t, "10:00 cart critical")
	id := incidentID(keyOfAlert(&alert))
	g := NewGrouper(DefaultGroupConfig(), nil)
	g.Recall(id, 9)
	g.Upsert(alert)
	rows := g.Take()
	if len(rows) != 1 || rows[0].ID != id || rows[0].Revision != 9 {
		t.Errorf("want revision 9 of %s, got %+v", id, rows)
	}
}

func TestRowsSayWhatHappenedAndWhen(t *testing.T) {
	rows := GroupAlerts(DefaultGroupConfig(), callsOf(t, shopCalls), alertsOf(t, []string{
		"10:00-10:30 cart warning latency region=eu", "10:04-10:20 web critical region=us", "10:05-10:21 app high declared=P7",
	}), clock(t, "11:00"))
	ended := clock(t, "10:21")
	want := []Incident{{
		ID:       rows[0].ID,
		Revision: 7, // Three alerts, three resolves, resolved once.
		Title:    "Errors on web and 2 more services", Status: IncidentResolved, Severity: SeverityCritical,
		Environment: "production", StartedAt: clock(t, "10:00"), ResolvedAt: &ended, UpdatedAt: clock(t, "10:36"),
		Services: []string{"app", "cart", "web"}, Regions: []string{"eu", "us"},
		Signals: []Signal{SignalErrors, SignalLatency},
		Alerts: []AlertKey{
			{Fingerprint: "cart", StartedAt: clock(t, "10:00")},
			{Fingerprint: "web", StartedAt: clock(t, "10:04")},
			{Fingerprint: "app", StartedAt: clock(t, "10:05")},
		},
		Declared: []string{"P7"},
	}}
	if diff := gocmp.Diff(want, rows); diff != "" {
		t.Errorf("rows (-want +got):\n%s", diff)
	}
}

func TestTimeAloneQuietensAndResolves(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), nil)
	g.Advance(clock(t, "10:00"))
	g.Upsert(alertOf(t, "10:00-10:20 cart critical"))
	for _, step := range []struct {
		now  string
		want []string
	}{
		{"10:21", []string{"10:00 quiet critical cart (1)"}},
		{"10:34", []string{}},
		{"10:35", []string{"10:00 resolved critical cart (1)"}},
		{"18:00", []string{}},
	} {
		g.Advance(clock(t, step.now))
		if diff := gocmp.Diff(step.want, pictures(g.Take())); diff != "" {
			t.Errorf("at %s (-want +got):\n%s", step.now, diff)
		}
	}
	if at, ok := g.NextDeadline(); ok {
		t.Errorf("nothing is due any more, got %v", at)
	}
}

func TestStaleAlertsAreGivenUp(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), nil)
	g.Advance(clock(t, "10:00"))
	g.Upsert(alertOf(t, "10:00 cart critical"))
	if diff := gocmp.Diff([]string{"10:00 open critical cart (1)"}, pictures(g.Take())); diff != "" {
		t.Fatal(diff)
	}
	at, ok := g.NextDeadline()
	if want := clock(t, "10:00").AddDate(0, 0, 7); !ok || !at.Equal(want) {
		t.Fatalf("the next deadline is %v %v, want %v", at, ok, want)
	}
	g.Advance(at.Add(time.Hour))
	if diff := gocmp.Diff([]string{"10:00 resolved critical cart (1)"}, pictures(g.Take())); diff != "" {
		t.Error(diff)
	}
}

func TestEvictionKeepsWholeGroupsAndWhatWasNotTaken(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), callsOf(t, shopCalls))
	g.Advance(clock(t, "10:00"))
	g.Upsert(alertsOf(t, []string{
		"08:00-08:05 cart critical", "08:10-09:30 web critical", // One incident, half of it old.
		"08:00-08:01 ledger critical", // Old as a whole.
		"08:00 shard-1 critical",      // Still fires.
		"08:00-08:01 page-3 info",     // No incident at all.
	})...)
	if gone := g.Evict(clock(t, "09:00")); len(gone) != 0 {
		t.Fatalf("rows that nobody took were evicted: %v", gone)
	}
	g.Take()
	if gone := g.Evict(clock(t, "09:00")); len(gone) != 0 {
		t.Fatalf("fresh news was evicted: %v", gone)
	}
	g.Advance(clock(t, "10:20"))
	g.Take()
	if gone := g.Evict(clock(t, "09:00")); len(gone) != 2 || g.Len() != 3 {
		t.Errorf("want the ids of one incident and of the note gone, and three alerts left; got %v and %d", gone, g.Len())
	}
	if len(g.sites) != 3 || len(g.series) != 3 || len(g.incident) != 2 {
		t.Errorf("leftovers: %d sites, %d series, %d incidents", len(g.sites), len(g.series), len(g.incident))
	}
}

func TestMutedAlertsAreForgottenToo(t *testing.T) {
	cfg := DefaultGroupConfig()
	cfg.Maintenance = []Maintenance{{From: clock(t, "09:00"), To: clock(t, "11:00")}}
	g := NewGrouper(cfg, nil)
	g.Advance(clock(t, "10:00"))
	g.Upsert(alertOf(t, "10:00 cart critical"), alertOf(t, "10:01-10:02 web critical"))
	if rows := g.Take(); len(rows) != 0 {
		t.Fatalf("muted alerts made incidents: %v", rows)
	}
	if at, ok := g.NextDeadline(); !ok || !at.Equal(clock(t, "11:00")) {
		t.Errorf("the end of the window is due next, got %v %v", at, ok)
	}
	g.Upsert(alertOf(t, "10:00-10:30 cart critical"))
	g.Advance(clock(t, "12:00"))
	if rows := g.Take(); len(rows) != 0 {
		t.Errorf("an alert that began and ended in the window made an incident: %v", rows)
	}
	if g.Evict(clock(t, "12:00")); g.Len() != 0 {
		t.Errorf("%d muted alerts are still held", g.Len())
	}
}

func TestIdsAreStable(t *testing.T) {
	// Stored incidents, links and verdicts rest on this value.
	alert := alertOf(t, "10:00 cart critical")
	if got, want := incidentID(keyOfAlert(&alert)), "inc-8751dcaf0854909e"; got != want {
		t.Errorf("id = %s, want %s", got, want)
	}
}
