package correlate

import (
	"strings"
	"testing"
	"time"
)

func TestDurationsAreWrittenWithoutNoughts(t *testing.T) {
	for d, want := range map[time.Duration]string{
		300 * time.Millisecond: "less than a second", 42 * time.Second: "42 s", 2 * time.Minute: "2 min", 61 * time.Second: "1 min 1 s",
		48 * time.Hour: "48 h", 90 * time.Minute: "1 h 30 min", 96 * time.Hour: "4 days", 101 * time.Hour: "4 days 5 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%v is written %q, want %q", d, got, want)
		}
	}
}

func TestKindsOfChangesAreWrittenAsPeopleSayThem(t *testing.T) {
	for kind, want := range map[ChangeKind][2]string{
		KindDeploy: {"deploy", "deploy changes"}, KindConfig: {"config change", "config changes"}, KindFeatureFlag: {"flag change", "flag changes"},
		KindSchemaMigration: {"schema migration", "schema migration changes"}, KindOther: {"change", "other changes"},
	} {
		if one, many := kindWords(kind), kindsWords(kind); one != want[0] || many != want[1] {
			t.Errorf("%s is written %q and %q, want %q", kind, one, many, want)
		}
	}
}

func TestSharesAreNeverWrittenAsAllWhileSomethingIsLeft(t *testing.T) {
	for share, want := range map[float64]string{0: "0%", 0.314: "31%", 0.99: "99%", 0.9951: "more than 99%", 1: "more than 99%"} {
		if got := percent(share); got != want {
			t.Errorf("%v is written %q, want %q", share, got, want)
		}
	}
}

// Instances that look alike are told as the number of measures compared, so that
// nobody takes one figure for the whole comparison.
func TestInstancesThatLookAlikeSayInHowManyMeasures(t *testing.T) {
	key := edgeKey{service: "cart", measure: measureSaturation, signal: "memory"}
	x := contrast{effect: 0.005, measure: measureSaturation}
	if got, want := instanceText(key, x, 6, 0), "Changed and unchanged instances of cart look alike in 6 measures (most apart: memory +0.5 points)."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	x.effect = 0.3
	if got, want := instanceText(key, x, 6, 2), "Changed instances of cart stand out from unchanged ones: memory +30.0 points."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// falling are series of calls to each service: the first number a second before
// the outbreak, the second after it.
func falling(s *story, calls map[[2]string]float64) {
	for call, later := range calls {
		for _, instance := range []string{"-1", "-2"} {
			s.metrics = append(s.metrics, towards(curve(call[0], call[0]+instance, "request_rate", "per_second", 100, later, 0), call[1]))
		}
	}
}

func TestWhoGetsFewerRequestsIsSaidInOneSentence(t *testing.T) {
	stops := newStory(guilty(2*time.Minute, "cart"))
	falling(stops, map[[2]string]float64{{"web", "cart"}: 100, {"web", "search"}: 100, {"web", "login"}: 100, {"cart", "orders-db"}: 40})
	passes := newStory(guilty(2*time.Minute, "search"))
	falling(passes, map[[2]string]float64{{"web", "cart"}: 30, {"web", "search"}: 100, {"web", "login"}: 100})
	runEvidence(t, []evidenceTest{
		{"its callees", stops, EvidenceMetrics, speaks, []string{"cart gets its requests as before, but orders-db, which it calls, up to 46% fewer: requests fail in it first."}, nil},
		{"its siblings", passes, EvidenceMetrics, speaks, []string{"search gets its requests as before; cart up to 52% fewer: requests get as far as search and no further."}, nil},
	})
}

// What is said of a change of several services is said of all of them.
func TestAChangeOfSeveralServicesExplainsTheAlertsOfEach(t *testing.T) {
	both := newStory(guilty(2*time.Minute, "cart", "ledger"))
	both.alerts = []Alert{both.alerts[0], both.alert("ledger", "HighErrorRate", SeverityCritical, 10*time.Second)}
	many := newStory(guilty(2*time.Minute, "search", "login", "cart", "web", "orders-db"))
	many.alerts = []Alert{many.alert("web", "CheckoutFails", SeverityHigh, 0)}
	unknown := newStory(guilty(2*time.Minute, "cart", "moon"))
	unknown.alerts = []Alert{unknown.alerts[0], unknown.alert("moon", "Eclipse", SeverityCritical, 10*time.Second)}
	runEvidence(t, []evidenceTest{
		{"two that fail", both, EvidenceTopology, said, []string{"explains 2 of 2 alerting services: cart and ledger alert themselves"}, []string{"service:cart", "service:ledger"}},
		{"the caller is changed as well", many, EvidenceTopology, said, []string{"explains 1 of 1 alerting service: web alerts itself"}, nil},
		{"one that the graph does not know", unknown, EvidenceTopology, said, []string{"explains 2 of 2 alerting services: cart and moon alert themselves"}, nil},
	})
}

// A pace that was taken from a short record is no count of changes.
func TestAYoungRecordIsNotToldAsManyChanges(t *testing.T) {
	few := newStory(guilty(10*time.Minute, "cart"))
	few.changes = few.changes[:1]
	some := newStory(guilty(2*time.Hour, "cart"))
	second := guilty(time.Hour, "ledger")
	second.ID = "second"
	some.changes = []Change{some.changes[0], second}
	whole := newStory(guilty(2*time.Minute, "cart"))
	whole.changes = append(whole.changes, Change{ID: "old", Source: "ci", Kind: KindDeploy, Services: []string{"ledger"}, StartedAt: after(-50 * time.Hour)})
	for name, test := range map[string]struct {
		story *story
		want  string
	}{
		"one change":     {few, "It is the only change in a record of 15 min, taken for a pace of about 96 in 48 h;"},
		"two changes":    {some, "It is one of 2 changes in a record of 2 h 5 min, taken for a pace of about "},
		"a whole window": {whole, "It is one of about "},
	} {
		if _, text, _, _ := weightOf(suspectOf(t, test.story.judge(), "guilty"), EvidencePrior); !strings.HasPrefix(text, test.want) {
			t.Errorf("%s: %q, want %q", name, text, test.want)
		}
	}
}
