package correlate

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// story is a hand-made incident for the tests of the evidence: a small shop
// with a routine day behind it, in which cart and web begin to fail at outbreak.
type story struct {
	topology Topology
	changes  []Change
	alerts   []Alert
	metrics  []Series
	history  []PastCause
	asOf     time.Time
}

// outbreak is when the first alert of a story fires.
var outbreak = time.Date(2026, 5, 4, 14, 3, 27, 0, time.UTC)

// after is a moment of the story, in time since the outbreak.
func after(d time.Duration) time.Time { return outbreak.Add(d) }

// newStory returns the shop with its routine and its two alerts, judged five
// minutes after the outbreak.
func newStory(changes ...Change) *story {
	s := &story{asOf: after(5 * time.Minute), changes: changes}
	s.topology = Topology{Source: "mesh", Edges: []Edge{
		{Caller: "web", Callee: "cart"},
		{Caller: "web", Callee: "search"},
		{Caller: "web", Callee: "login"},
		{Caller: "cart", Callee: "orders-db", Kind: EdgeData},
		{Caller: "pay", Callee: "orders-db", Kind: EdgeData},
		{Caller: "invoice", Callee: "ledger"},
		{Caller: "payroll", Callee: "ledger"},
	}}
	for i := range 30 {
		name := fmt.Sprintf("depot-%c%c", 'a'+i/6, 'k'+i%6)
		s.topology.Edges = append(s.topology.Edges, Edge{Caller: name, Callee: "freight"})
		s.changes = append(s.changes, Change{
			ID: fmt.Sprintf("routine-%02d", i), Source: "ci", Kind: KindDeploy, Services: []string{name},
			StartedAt: after(-time.Duration(i+1) * 97 * time.Minute), Title: "weekly bump", Status: StatusSucceeded,
		})
	}
	s.alerts = []Alert{
		s.alert("cart", "HighErrorRate", SeverityCritical, 0), s.alert("web", "CheckoutFails", SeverityHigh, 40*time.Second),
	}
	return s
}

func (s *story) alert(service, name string, severity Severity, at time.Duration) Alert {
	return Alert{
		Source: "monitor", Fingerprint: service + "-" + name, Service: service, Name: name, Severity: severity,
		Status: AlertFiring, Signal: SignalErrors, StartedAt: after(at),
	}
}

// guilty is a deploy that began so long before the outbreak.
func guilty(before time.Duration, services ...string) Change {
	end := after(-before).Add(50 * time.Second)
	return Change{
		ID: "guilty", Source: "ci", Kind: KindDeploy, Services: services, StartedAt: after(-before), FinishedAt: &end,
		Status: StatusSucceeded, Version: "v2", PreviousVersion: "v1",
	}
}

// judge asks the engine that ships.
func (s *story) judge(without ...EvidenceKind) Finding {
	return NewEngine(DefaultWeights(), without...).Attribute(Input{
		Incident: Incident{ID: "i", StartedAt: outbreak}, Alerts: s.alerts, AsOf: s.asOf,
		Graph: NewGraph(s.topology), Changes: NewChangeIndex(s.changes...), Metrics: s.metrics, History: s.history,
	})
}

// suspectOf finds the change among the suspects.
func suspectOf(t *testing.T, f Finding, id string) Suspect {
	t.Helper()
	for _, s := range f.Suspects {
		if s.Change.ID == id {
			return s
		}
	}
	t.Fatalf("%s is not among the suspects: %s", id, summary(f))
	return Suspect{}
}

func summary(f Finding) string {
	parts := []string{fmt.Sprintf("no change %.3f", f.NoChangeProbability)}
	for _, s := range f.Suspects {
		parts = append(parts, fmt.Sprintf("%s %.3f", s.Change.ID, s.Probability))
	}
	return strings.Join(parts, ", ")
}

// weightOf sums a kind of evidence and joins its sentences and references.
func weightOf(s Suspect, kind EvidenceKind) (logOdds float64, text, refs string, found bool) {
	for _, e := range s.Evidence {
		if e.Kind == kind {
			logOdds += e.LogOdds
			text += e.Text + " "
			refs += strings.Join(e.Refs, " ") + " "
			found = true
		}
	}
	return logOdds, text, refs, found
}

// sign is what a piece of evidence should say.
type sign int

const (
	against sign = -1
	absent  sign = 0
	speaks  sign = 1
	// said is for evidence whose sign is not what the test is about.
	said sign = 2
)

// evidenceTest demands a sign, phrases and references of the evidence of one
// kind against the change "guilty" of a story.
type evidenceTest struct {
	name  string
	story *story
	kind  EvidenceKind
	sign  sign
	says  []string
	refs  []string
}

func (test *evidenceTest) check(t *testing.T) {
	t.Helper()
	suspect := suspectOf(t, test.story.judge(), "guilty")
	log, text, refs, found := weightOf(suspect, test.kind)
	switch {
	case test.sign == absent && found:
		t.Fatalf("%s of %.2f where nothing can be said: %s", test.kind, log, text)
	case test.sign == absent:
		return
	case !found:
		t.Fatalf("no %s evidence in %+v", test.kind, suspect.Evidence)
	case test.sign != said && log*float64(test.sign) <= 0:
		t.Errorf("%s of %+.2f has the wrong sign: %s", test.kind, log, text)
	}
	for _, phrase := range test.says {
		if !strings.Contains(text, phrase) {
			t.Errorf("%q does not say %q", text, phrase)
		}
	}
	for _, ref := range append([]string{"change:ci/guilty"}, test.refs...) {
		if !strings.Contains(refs, ref) {
			t.Errorf("references %q lack %q", refs, ref)
		}
	}
}

func runEvidence(t *testing.T, tests []evidenceTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, test.check)
	}
}

// The sum of a suspect's evidence is its log odds against "no recorded change":
// otherwise the explanation would explain something else than the number.
func TestTheEvidenceAddsUpToTheProbability(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStory(t)
		f := s.judge()
		if f.NoChangeProbability < 1e-4 || f.NoChangeProbability > 0.9999 {
			return // Rounded to six decimals, the odds cannot be read back.
		}
		for _, suspect := range f.Suspects {
			if suspect.Probability < 1e-3 {
				continue
			}
			sum := 0.0
			for _, e := range suspect.Evidence {
				sum += e.LogOdds
			}
			if odds := math.Log(suspect.Probability / f.NoChangeProbability); math.Abs(odds-sum) > 0.02 {
				t.Fatalf("%s: evidence adds up to %.3f, the odds are %.3f: %s", suspect.Change.ID, sum, odds, summary(f))
			}
		}
	})
}

// drawStory draws a story with one to four suspects of various kinds.
func drawStory(t *rapid.T) *story {
	s := newStory()
	services := []string{"cart", "web", "orders-db", "pay", "search", "ledger", "freight"}
	for i := range rapid.IntRange(1, 4).Draw(t, "suspects") {
		c := guilty(time.Duration(rapid.IntRange(-30, 4000).Draw(t, "before"))*time.Second, rapid.SliceOfNDistinct(
			rapid.SampledFrom(services), 0, 3, rapid.ID).Draw(t, "services")...)
		c.ID = fmt.Sprintf("drawn-%d", i)
		c.Kind = rapid.SampledFrom(ChangeKinds()).Draw(t, "kind")
		s.changes = append(s.changes, c)
	}
	if rapid.Bool().Draw(t, "history") {
		s.history = []PastCause{{Services: []string{"cart"}, Kind: KindDeploy, At: after(-24 * time.Hour)}}
	}
	return s
}
