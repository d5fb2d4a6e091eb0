package event

import (
	order "cmp"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// A decoder that lets a word of its own through makes a change that no filter
// finds and no weight knows.
func TestWordsOutsideOfTheContractAreNamed(t *testing.T) {
	change := func(edit func(*correlate.Change)) *FieldError {
		c := correlate.Change{Kind: correlate.KindDeploy, Status: correlate.StatusFailed, Actor: &correlate.Actor{Type: correlate.ActorHuman}, AI: &correlate.AIDeclaration{}}
		edit(&c)
		return CheckChangeWords(&c)
	}
	alert := func(edit func(*correlate.Alert)) *FieldError {
		a := correlate.Alert{Severity: correlate.SeverityHigh, Status: correlate.AlertFiring, Signal: correlate.SignalErrors}
		edit(&a)
		return CheckAlertWords(&a)
	}
	for _, c := range []struct {
		path string
		got  *FieldError
	}{
		{"", change(func(*correlate.Change) {})},
		{"", change(func(c *correlate.Change) { *c = correlate.Change{} })},
		{"kind", change(func(c *correlate.Change) { c.Kind = "Deploy" })},
		{"status", change(func(c *correlate.Change) { c.Status = "done" })},
		{"actor.type", change(func(c *correlate.Change) { c.Actor.Type = "bot" })},
		{"ai.assistance", change(func(c *correlate.Change) { c.AI.Assistance = "a lot" })},
		{"kind", change(func(c *correlate.Change) { c.Kind, c.Status = "x", "y" })},
		{"", alert(func(*correlate.Alert) {})},
		{"", alert(func(a *correlate.Alert) { *a = correlate.Alert{} })},
		{"severity", alert(func(a *correlate.Alert) { a.Severity = "page" })},
		{"status", alert(func(a *correlate.Alert) { a.Status = "ok" })},
		{"signal", alert(func(a *correlate.Alert) { a.Signal = "noise" })},
		{"", CheckEdgeWords(&correlate.Edge{Kind: correlate.EdgeSync})},
		{"kind", CheckEdgeWords(&correlate.Edge{Kind: "http"})},
	} {
		switch {
		case c.path == "" && c.got != nil:
			t.Errorf("a word of the contract is refused: %v", c.got)
		case c.path != "" && (c.got == nil || c.got.Path != c.path || !strings.HasPrefix(c.got.Mend, "use one of ")):
			t.Errorf("%s: %v", c.path, c.got)
		}
	}
	for _, kind := range correlate.ChangeKinds() {
		if fe := change(func(c *correlate.Change) { c.Kind = kind }); fe != nil {
			t.Error(fe)
		}
	}
}

// Messages of several kinds go into one batch through one reader; what one of
// them leaves behind in it must not show up in the next.
func TestABatchTakesMessagesOfAllKindsOneAfterAnother(t *testing.T) {
	const (
		change   = `{"id":"%s","source":"ci","kind":"deploy","started_at":"2026-11-19T09:00:00Z","team":"%s"}`
		alert    = `{"source":"s","service":"a","name":"n","status":"firing","started_at":"2026-11-19T09:00:00Z"}`
		topology = `{"source":"s","observed_at":"2026-11-19T09:00:00Z","services":[{"name":"a"}]}`
	)
	var b Batch
	refused := b.AddChanges(LayoutAuto, []byte("["+fmt.Sprintf(change, "one", "blue")+`,{"id":"two"}]`), arrival)
	refused = append(refused, b.AddAlerts(LayoutAuto, []byte(alert), arrival)...)
	refused = append(refused, b.AddTopologies(LayoutAuto, []byte(topology), arrival)...)
	refused = append(refused, b.AddChanges(LayoutAuto, []byte(fmt.Sprintf(change, "three", "red")), arrival)...)
	if len(refused) != 1 || refused[0].Line != 2 {
		t.Errorf("refused %+v", refused)
	}
	var other Batch
	other.AddChanges(LayoutAuto, []byte(fmt.Sprintf(change, "four", "green")), arrival)
	other.AddAlerts(LayoutAuto, []byte(alert), arrival)
	other.AddTopologies(LayoutAuto, []byte(topology), arrival)
	b.Add(&other)
	var got []string
	for i := range b.Changes {
		got = append(got, b.Changes[i].ID+" "+string(b.Changes[i].Extra["team"]))
	}
	if diff := cmp.Diff([]string{`one "blue"`, `three "red"`, `four "green"`}, got); diff != "" {
		t.Error(diff)
	}
	if len(b.Alerts) != 2 || len(b.Topologies) != 2 || b.Len() != 7 {
		t.Errorf("%d alerts, %d snapshots, %d in all", len(b.Alerts), len(b.Topologies), b.Len())
	}
	if b.Alerts[0].UID != b.Alerts[1].UID || b.Topologies[0].UID != b.Topologies[1].UID || b.Changes[0].UID == b.Changes[1].UID {
		t.Error("what a reader read before changes the UIDs of what it reads next")
	}
}

// What a sender wrote stands in the dead letter. Cut within a letter it would be
// bytes that nobody can read or search for.
func TestAQuotedValueIsCutBetweenLetters(t *testing.T) {
	for length := range 8 {
		text := strings.Repeat("x", 54+length) + strings.Repeat("é", 40)
		got := clip(text)
		if strings.Contains(got, `\x`) || !utf8.ValidString(got) || !strings.HasSuffix(got, `..."`) || len(got) > 66 {
			t.Errorf("%s", got)
		}
	}
	if got := clip(strings.Repeat("x", 60)); strings.Contains(got, "...") {
		t.Errorf("a value of the longest length is cut: %s", got)
	}
	if got := clip(strings.Repeat("x", 61)); !strings.HasSuffix(got, `..."`) || len(got) != 65 {
		t.Errorf("a longer one is not: %s", got)
	}
}

// The order of a fold rests on what the sender says, then on arrival, then on
// the UID: a tie that nothing decides would differ between two readers.
func TestAMomentIsOrderedByWordThenArrivalThenUID(t *testing.T) {
	at := func(said, arrived int, uid uint64) moment {
		return moment{said: noon.Add(time.Duration(said) * time.Second), arrived: noon.Add(time.Duration(arrived) * time.Second), uid: uid}
	}
	ordered := []moment{at(0, 9, 9), at(1, 0, 9), at(1, 1, 0), at(1, 1, 1), at(2, 0, 0)}
	for i := range ordered {
		for j := range ordered {
			if got, want := ordered[i].compare(ordered[j]), order.Compare(i, j); got != want {
				t.Errorf("%d to %d: %d, want %d", i, j, got, want)
			}
		}
	}
}

// An alert or a change of which no statement says where it is, is of production.
func TestWhatNobodySaysOfTheEnvironmentIsProduction(t *testing.T) {
	alerts := FoldAlerts([]Alert{
		{Alert: correlate.Alert{Fingerprint: "f", StartedAt: noon, Environment: "staging"}, Meta: Meta{ArrivedAt: noon, UID: 1}},
		{Alert: correlate.Alert{Fingerprint: "f", StartedAt: noon}, Meta: Meta{ArrivedAt: noon.Add(time.Second), UID: 2}},
		{Alert: correlate.Alert{Fingerprint: "g", StartedAt: noon}, Meta: Meta{ArrivedAt: noon, UID: 3}},
	})
	if len(alerts) != 2 || alerts[0].Environment != "staging" || alerts[1].Environment != correlate.DefaultEnvironment {
		t.Errorf("alerts %+v", alerts)
	}
	changes := FoldChanges([]Change{deployEvent(0, "", "a")})
	if changes[0].Environment != correlate.DefaultEnvironment {
		t.Errorf("change %+v", changes[0])
	}
}
