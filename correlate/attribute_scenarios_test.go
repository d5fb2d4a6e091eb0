package correlate

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// shop is a small incident written down briefly: edges "caller>callee", alerts
// by service with their offset from noon, and changes by service with theirs.
type shopStory struct {
	edges   []string
	alerts  []Alert
	changes []Change
}

// critical is a critical alert that begins so long after noon.
func critical(service string, after time.Duration) Alert {
	return Alert{
		Source: "monitor", Service: service, Name: "HighErrorRate", Severity: SeverityCritical,
		Signal: SignalErrors, Status: AlertFiring, StartedAt: noon.Add(after),
	}
}

// changed is a config change of the services, so long before noon.
func changed(id string, before time.Duration, services ...string) Change {
	return Change{ID: id, Source: "cd", Kind: KindConfig, Services: services, StartedAt: noon.Add(-before)}
}

func (s *shopStory) input() Input {
	t := Topology{Source: "t"}
	known := map[string]bool{}
	for _, e := range s.edges {
		caller, callee, _ := strings.Cut(e, ">")
		t.Edges = append(t.Edges, Edge{Caller: caller, Callee: callee, Kind: EdgeSync})
		for _, name := range []string{caller, callee} {
			if !known[name] {
				known[name] = true
				t.Services = append(t.Services, Service{Name: name})
			}
		}
	}
	return Input{
		AsOf: noon.Add(30 * time.Minute), Alerts: s.alerts,
		Graph: NewGraph(t), Changes: NewChangeIndex(s.changes...),
	}
}

// finding is the engine's answer to the story.
func (s *shopStory) finding() Finding { return NewEngine(DefaultWeights()).Attribute(s.input()) }

// about returns the evidence of a kind about a suspect.
func about(t *testing.T, f *Finding, id string, kind EvidenceKind) []Evidence {
	t.Helper()
	var list []Evidence
	for _, s := range f.Suspects {
		for _, ev := range s.Evidence {
			if s.Change.ID == id && ev.Kind == kind {
				list = append(list, ev)
			}
		}
	}
	return list
}

func TestAlertsThatPassTroubleOnDoNotPointAtAFarHub(t *testing.T) {
	story := shopStory{
		// b calls the faulty a; c calls b; d calls c. Everyone reaches the hub
		// through helpers of their own.
		edges: []string{
			"b>a", "c>b", "d>c", "b>hb", "hb>hub", "c>hc", "hc>hub", "d>hd", "hd>hub",
			"w1>x1", "w2>x2", "w3>x3", "w4>x4", "w5>x5", "w6>x6",
		},
		alerts:  []Alert{critical("b", 0), critical("c", time.Minute), critical("d", 2*time.Minute)},
		changes: []Change{changed("near", 4*time.Minute, "a"), changed("far", 4*time.Minute, "hub")},
	}
	f := story.finding()
	if f.Suspects[0].Change.ID != "near" {
		t.Errorf("first suspect is %s", f.Suspects[0].Change.ID)
	}
	w := DefaultWeights()
	w.Topology.Cascade = []SpreadPart{{Reach: 0, Prior: 1}}
	without := NewEngine(w).Attribute(story.input())
	gap := func(f Finding) float64 { return f.Suspects[0].Probability - f.Suspects[1].Probability }
	if gap(f) <= gap(without) {
		t.Errorf("explaining alerts by alerts widens the gap to %v from %v; it should be wider", gap(f), gap(without))
	}
}

func TestNoAlertExplainsItselfOverOthers(t *testing.T) {
	story := shopStory{
		edges:  []string{"a>b", "b>c", "c>a", "d>a"},
		alerts: []Alert{critical("a", 0), critical("b", 0), critical("c", 0), critical("d", 0)},
	}
	e, in := NewEngine(DefaultWeights()), story.input()
	s := e.newScene(&in)
	roots := 0
	for j, passed := range s.origins.frame.cascade.passed {
		if passed == 0 {
			roots++
		}
		if s.symptoms[j].service == "d" && passed == 0 {
			t.Error("d calls a, which alerts, and yet nothing passes on to it")
		}
	}
	if roots != 1 {
		t.Errorf("%d services came in from outside; of a ring exactly one must", roots)
	}
}

func TestASmallCalleeOfABusyCallerIsLookedAt(t *testing.T) {
	story := shopStory{
		alerts:  []Alert{critical("busy", 0)},
		changes: []Change{changed("small", 3*time.Minute, "callee-599")},
	}
	for i := range 600 {
		story.edges = append(story.edges, fmt.Sprintf("busy>callee-%d", i))
	}
	f := story.finding()
	ev := about(t, &f, "small", EvidenceTopology)
	if len(ev) != 1 || !strings.Contains(ev[0].Text, "busy depends on it") {
		t.Errorf("topology says %v", ev)
	}
}

func TestACallerOfManyIsLessSuspectOfBreakingOne(t *testing.T) {
	story := shopStory{
		edges:   []string{"one>db", "many>db", "many>p", "many>q", "many>r", "many>s", "many>t", "many>u"},
		alerts:  []Alert{critical("db", 0)},
		changes: []Change{changed("of-one", 5*time.Minute, "one"), changed("of-many", 5*time.Minute, "many")},
	}
	f := story.finding()
	if f.Suspects[0].Change.ID != "of-one" {
		t.Errorf("first suspect is %s", f.Suspects[0].Change.ID)
	}
	ev := about(t, &f, "of-one", EvidenceTopology)[0]
	if !strings.HasPrefix(ev.Text, "It calls db and may have broken it.") {
		t.Errorf("topology says %q", ev.Text)
	}
}

func TestALaterChangeIsNeverApproached(t *testing.T) {
	story := shopStory{
		edges: []string{"busy>callee"}, alerts: []Alert{critical("busy", 0)},
		changes: []Change{changed("before", time.Minute, "callee"), changed("after", -10*time.Minute, "callee")},
	}
	f := story.finding()
	if f.Suspects[0].Change.ID != "before" || f.Suspects[1].Probability > 0.01 {
		t.Errorf("suspects %s %v, %s %v", f.Suspects[0].Change.ID, f.Suspects[0].Probability, f.Suspects[1].Change.ID, f.Suspects[1].Probability)
	}
}

func TestTroubleIsNotCaughtFromAServiceThatAlertedLater(t *testing.T) {
	passed := func(without ...EvidenceKind) []float64 {
		story := shopStory{
			edges:  []string{"caller>callee"},
			alerts: []Alert{critical("caller", 0), critical("callee", 20*time.Minute)},
		}
		e, in := NewEngine(DefaultWeights(), without...), story.input()
		return e.newScene(&in).origins.frame.cascade.passed
	}
	if got := passed(); got[0] != 0 {
		t.Errorf("the caller alerted 20 min before and catches %v of the trouble", got[0])
	}
	if got := passed(EvidenceTiming); got[0] != 0 || got[1] != 0 {
		t.Errorf("without times %v is passed on", got)
	}
}
