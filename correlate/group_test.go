package correlate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// clock reads "10:05" as a time of the test's day; "+1 10:05" is a day later.
func clock(t testing.TB, text string) time.Time {
	t.Helper()
	day := dawn
	if rest, later := strings.CutPrefix(text, "+1 "); later {
		text, day = rest, dawn.AddDate(0, 0, 1)
	}
	at, err := time.Parse("15:04", text)
	if err != nil {
		t.Fatalf("a time reads like 10:05: %v", err)
	}
	return day.Add(at.Sub(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)))
}

// alertOf reads "10:00 cart critical", optionally with an end as in
// "10:00-10:20", and words like #series, errors, env=staging, declared=P1.
func alertOf(t testing.TB, line string) Alert {
	t.Helper()
	parts := strings.Fields(line)
	start, end, resolved := strings.Cut(parts[0], "-")
	a := Alert{
		Source: "monitor", Service: parts[1], Severity: Severity(parts[2]), Status: AlertFiring,
		Signal: SignalErrors, Name: "Errors", StartedAt: clock(t, start), Fingerprint: parts[1],
	}
	if resolved {
		at := clock(t, end)
		a.Status, a.ResolvedAt = AlertResolved, &at
	}
	for _, word := range parts[3:] {
		key, value, _ := strings.Cut(word, "=")
		switch {
		case strings.HasPrefix(word, "#"):
			a.Fingerprint += word
		case key == "env":
			a.Environment, a.Fingerprint = value, a.Fingerprint+value
		case key == "declared":
			a.Labels = map[string]string{LabelDeclaredIncident: value}
		case key == "region":
			a.Region = value
		default:
			a.Signal = Signal(word)
		}
	}
	return a
}

func alertsOf(t testing.TB, lines []string) []Alert {
	t.Helper()
	alerts := make([]Alert, len(lines))
	for i, line := range lines {
		alerts[i] = alertOf(t, line)
	}
	return alerts
}

// callsOf reads "shop > cart > db" and "web > 300 x shard" (shard-0 to
// shard-299) as a topology.
func callsOf(t testing.TB, lines []string) *Graph {
	t.Helper()
	var topology Topology
	for _, line := range lines {
		chain := strings.Split(line, " > ")
		for i := 1; i < len(chain); i++ {
			for _, caller := range servicesOf(chain[i-1]) {
				for _, callee := range servicesOf(chain[i]) {
					topology.Edges = append(topology.Edges, Edge{Caller: caller, Callee: callee})
				}
			}
		}
	}
	return NewGraph(topology)
}

func servicesOf(text string) []string {
	var n int
	var name string
	if _, err := fmt.Sscanf(text, "%d x %s", &n, &name); err != nil {
		return []string{text}
	}
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("%s-%d", name, i)
	}
	return names
}

// picture writes an incident as one line: "10:00 open critical cart db (3)".
func picture(row Incident, rows []Incident) string {
	if row.Status == IncidentMerged {
		into := slices.IndexFunc(rows, func(r Incident) bool { return r.ID == row.MergedInto })
		return fmt.Sprintf("%s %s merged into %s", row.StartedAt.Format("15:04"), row.Services[0],
			rows[into].StartedAt.Format("15:04"))
	}
	return fmt.Sprintf("%s %s %s %s (%d)", row.StartedAt.Format("15:04"), row.Status, row.Severity,
		strings.Join(row.Services, " "), len(row.Alerts))
}

func pictures(rows []Incident) []string {
	lines := []string{}
	for _, row := range rows {
		lines = append(lines, picture(row, rows))
	}
	slices.Sort(lines)
	return lines
}

// The shop of the scenarios: three callers of cart, a chain of two below it, a
// far corner, a name service that everything uses, and a gateway that calls
// everything.
var shopCalls = []string{
	"web > cart", "app > cart", "partner > cart", "cart > stock > stock-db",
	"invoice > ledger > ledger-db",
	"web > dns", "invoice > dns", "300 x shard > dns",
	"gateway > web", "gateway > invoice", "gateway > 300 x page",
}

func TestScenarios(t *testing.T) {
	for _, test := range []struct {
		name   string
		alerts []string
		asOf   string
		window *Maintenance
		want   []string
	}{
		{
			"a critical alert alone is an incident",
			[]string{"10:00 cart critical"}, "10:01", nil,
			[]string{"10:00 open critical cart (1)"},
		},
		{
			"a service and its caller fail minutes apart",
			[]string{"10:00 cart critical", "10:12 web high"}, "10:15", nil,
			[]string{"10:00 open critical cart web (2)"},
		},
		{
			"the caller fails first: nearness holds in both directions",
			[]string{"10:00 web high", "10:03 cart critical"}, "10:15", nil,
			[]string{"10:00 open critical cart web (2)"},
		},
		{
			"two callers of one quiet service",
			[]string{"10:00 web high", "10:06 app high"}, "10:15", nil,
			[]string{"10:00 open high app web (2)"},
		},
		{
			"near in time but not in the topology",
			[]string{"10:00 cart critical", "10:00 ledger critical"}, "10:15", nil,
			[]string{"10:00 open critical cart (1)", "10:00 open critical ledger (1)"},
		},
		{
			"near in the topology but hours apart",
			[]string{"10:00-10:05 cart critical", "14:00 web critical"}, "14:15", nil,
			[]string{"10:00 resolved critical cart (1)", "14:00 open critical web (1)"},
		},
		{
			"a later alert joins two incidents; the younger id stays as merged",
			[]string{"10:00 web high", "10:04 stock-db critical", "10:09 cart critical", "10:10 stock high"}, "10:15", nil,
			[]string{"10:00 open critical cart stock stock-db web (4)", "10:04 stock-db merged into 10:00"},
		},
		{
			"two services that share only the name service are not near",
			[]string{"10:00 web critical", "10:01 invoice critical"}, "10:15", nil,
			[]string{"10:00 open critical web (1)", "10:01 open critical invoice (1)"},
		},
		{
			"the name service itself fails",
			[]string{"10:00 dns critical", "10:02 web critical", "10:05 invoice critical"}, "10:15", nil,
			[]string{"10:00 open critical dns invoice web (3)"},
		},
		{
			"a gateway shows everybody's trouble and joins nobody's",
			[]string{"10:00 web critical", "10:01 gateway critical", "10:02 invoice critical"}, "10:15", nil,
			[]string{"10:00 open critical gateway web (2)", "10:02 open critical invoice (1)"},
		},
		{
			"flapping is one incident",
			[]string{"10:00-10:02 cart critical", "10:10-10:11 cart critical", "10:25-10:30 cart critical", "10:50 cart critical"},
			"10:55", nil,
			[]string{"10:00 open critical cart (4)"},
		},
		{
			"an incident is quiet before it is resolved",
			[]string{"10:00-10:20 cart critical"}, "10:30", nil,
			[]string{"10:00 quiet critical cart (1)"},
		},
		{
			"a resolved incident reopens within half an hour",
			[]string{"10:00-10:20 cart critical", "10:45 cart high #other"}, "10:50", nil,
			[]string{"10:00 open critical cart (2)"},
		},
		{
			"after that it is another one",
			[]string{"10:00-10:20 cart critical", "10:51 cart high #other"}, "10:55", nil,
			[]string{"10:00 resolved critical cart (1)", "10:51 open high cart (1)"},
		},
		{
			"the same series reopens it however long it fired",
			[]string{"01:00-10:20 cart critical", "10:45 cart critical"}, "10:50", nil,
			[]string{"01:00 open critical cart (2)"},
		},
		{
			"an alert that nobody clears for hours does not swallow the next incident",
			[]string{"01:00 cart critical #forgotten", "10:00 cart critical"}, "10:05", nil,
			[]string{"01:00 open critical cart (1)", "10:00 open critical cart (1)"},
		},
		{
			"a new alert while the incident goes on belongs to it",
			[]string{"10:00 cart critical", "13:00 cart high #other", "10:50 web high"}, "13:05", nil,
			[]string{"10:00 open critical cart web (3)"},
		},
		{
			"a series whose resolve was lost ends when it fires again",
			[]string{"10:00 cart critical", "10:10-10:12 cart critical"}, "10:40", nil,
			[]string{"10:00 resolved critical cart (2)"},
		},
		{
			"environments never join",
			[]string{"10:00 cart critical", "10:00 cart critical env=staging", "10:01 web critical env=staging"}, "10:05", nil,
			[]string{"10:00 open critical cart (1)", "10:00 open critical cart web (2)"},
		},
		{
			"a note is no incident",
			[]string{"10:00 cart info"}, "10:05", nil,
			[]string{},
		},
		{
			"a note joins the incident next to it",
			[]string{"10:00 cart info", "10:02 cart critical"}, "10:05", nil,
			[]string{"10:02 open critical cart (2)"},
		},
		{
			"a warning alone is an incident of its own",
			[]string{"10:00 cart warning"}, "10:05", nil,
			[]string{"10:00 open warning cart (1)"},
		},
		{
			"a warning that turns out to be the beginning keeps its incident",
			[]string{"10:00 cart warning", "10:04 cart critical #other", "10:05 web critical"}, "10:06", nil,
			[]string{"10:00 open critical cart web (3)"},
		},
		{
			"warnings in between do not join two incidents",
			[]string{"10:00 web critical", "10:01 cart warning", "10:01 stock warning", "10:02 stock-db critical"}, "10:06", nil,
			[]string{"10:00 open critical cart stock web (3)", "10:02 open critical stock-db (1)"},
		},
		{
			"a warning does not keep a critical incident open",
			[]string{"10:00-10:20 cart critical", "10:01 cart warning #disk"}, "10:40", nil,
			[]string{"10:00 resolved critical cart (2)"},
		},
		{
			"an unsafe assistant beside a slow database is another incident",
			[]string{"10:00 cart critical ai_safety", "10:01 stock critical latency"}, "10:05", nil,
			[]string{"10:00 open critical cart (1)", "10:01 open critical stock (1)"},
		},
		{
			"unsafe answers and errors of one service are one",
			[]string{"10:00 cart critical ai_safety", "10:01 cart critical #errors"}, "10:05", nil,
			[]string{"10:00 open critical cart (2)"},
		},
		{
			"alerts of services that no topology knows form incidents",
			[]string{"10:00 orders-per-minute critical business", "10:04 assistant high ai_safety"}, "10:05", nil,
			[]string{"10:00 open critical orders-per-minute (1)", "10:04 open high assistant (1)"},
		},
		{
			"a declared incident attaches to what goes on",
			[]string{"10:00 cart critical", "10:40 web high declared=P1"}, "10:45", nil,
			[]string{"10:00 open critical cart web (2)"},
		},
		{
			"one declared incident over services far apart is one",
			[]string{"10:00 cart high declared=P1", "10:30 ledger-db high declared=P1"}, "10:45", nil,
			[]string{"10:00 open high cart ledger-db (2)"},
		},
		{
			"maintenance mutes what begins in it",
			[]string{"10:00-10:10 cart critical", "10:05 web critical"}, "10:20",
			&Maintenance{Services: []string{"cart"}, From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
			[]string{"10:05 open critical web (1)"},
		},
		{
			"maintenance lets the resolve of an earlier alert through",
			[]string{"08:55-09:10 cart critical"}, "09:20",
			&Maintenance{From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
			[]string{"08:55 quiet critical cart (1)"},
		},
		{
			"what still fires after maintenance counts from its end",
			[]string{"10:00 cart critical"}, "11:01",
			&Maintenance{From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
			[]string{"11:00 open critical cart (1)"},
		},
		{
			"maintenance of staging is none of production",
			[]string{"10:00 cart critical"}, "10:01",
			&Maintenance{Environment: "staging", From: dawn.Add(9 * time.Hour), To: dawn.Add(11 * time.Hour)},
			[]string{"10:00 open critical cart (1)"},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			cfg := DefaultGroupConfig()
			if test.window != nil {
				cfg.Maintenance = []Maintenance{*test.window}
			}
			rows := GroupAlerts(cfg, callsOf(t, shopCalls), alertsOf(t, test.alerts), clock(t, test.asOf))
			if diff := gocmp.Diff(test.want, pictures(rows)); diff != "" {
				t.Errorf("incidents (-want +got):\n%s", diff)
			}
		})
	}
}

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
	if gone := g.Evict(clock(t, "09:00")); len(gone) != 1 || g.Len() != 3 {
		t.Errorf("want one incident and the note gone, and three alerts left; got %v and %d", gone, g.Len())
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
