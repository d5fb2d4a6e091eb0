package eval

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

func TestMomentsAreAfterTheFirstSymptomOrTheUndoing(t *testing.T) {
	undone := shopRecord()
	undone.Changes = append(undone.Changes, correlate.Change{
		ID: "undo", Source: "ci", Kind: correlate.KindRollback, Services: []string{"web"}, StartedAt: at(-6), RollbackOf: "web",
	})
	c := Case{Name: "c", Record: undone, Causes: []string{"web"}}
	for name, want := range map[string]struct {
		at time.Time
		ok bool
	}{
		// The first critical alert is ten minutes before judgement; the disk that
		// warned an hour earlier is no symptom.
		"5m": {at(-5), true}, "0s": {at(-10), true}, "end": {judgedAt, true}, "30m": {at(20), false},
		"undo+1m": {at(-5), true}, "undo+10m": {at(4), false},
	} {
		list, err := parseMoments([]string{name})
		if err != nil {
			t.Fatal(err)
		}
		then, ok := list[0].of(&c)
		if ok != want.ok || ok && !then.At.Equal(want.at) {
			t.Errorf("%s: judged at %v, %v; want %v, %v", name, then.At, ok, want.at, want.ok)
		}
	}
	c.Causes = []string{"cart"}
	list, _ := parseMoments([]string{"undo+1m"})
	if _, ok := list[0].of(&c); ok {
		t.Error("the undoing of an innocent change counts as that of the cause")
	}
}

func TestABadMomentSaysWhatToWrite(t *testing.T) {
	for _, name := range []string{"later", "-5m", "undo+", "undo+x", ""} {
		if _, err := parseMoments([]string{name}); err == nil || !strings.Contains(err.Error(), "undo+10m") {
			t.Errorf("%q: error %v", name, err)
		}
	}
}

func TestMomentsAreGroupsOfTheReport(t *testing.T) {
	table := run(t, Options{Output: OutputTable, At: []string{"1m", "5m", "2h", "end"}})
	for _, want := range []string{"at: 1m, 6 cases", "at: 5m, 6 cases", "at: end, 6 cases"} {
		if !strings.Contains(table, want) {
			t.Errorf("table lacks %q:\n%s", want, table)
		}
	}
	if strings.Contains(table, "at: 2h") {
		t.Error("a moment that no case reaches has figures")
	}
	err := Run(t.Context(), Options{Output: OutputTable, At: []string{"1m"}, Without: []string{"time"}, Available: baselines()}, &bytes.Buffer{})
	if err == nil || !strings.Contains(err.Error(), "--without time") {
		t.Errorf("error %v", err)
	}
}

func TestAblationLeavesOutOneKindEach(t *testing.T) {
	rankers := AblationRankers(correlate.DefaultWeights())
	if len(rankers) != len(ablated)+1 || rankers[0].Name() != NameEngine || rankers[1].Name() != "no timing" {
		t.Errorf("%d rankers, first %q and %q", len(rankers), rankers[0].Name(), rankers[1].Name())
	}
	record := shopRecord()
	for _, r := range rankers[1:] {
		f := r.(*EngineRanker).Finding(record.View(Parts{}))
		kind := correlate.EvidenceKind(strings.TrimPrefix(r.Name(), "no "))
		for _, ev := range f.Suspects[0].Evidence {
			silent := ev.LogOdds == 0 || kind == correlate.EvidencePrior || kind == correlate.EvidenceTopology
			if ev.Kind == kind && !silent {
				t.Errorf("%s: evidence %+v", r.Name(), ev)
			}
		}
	}
}
