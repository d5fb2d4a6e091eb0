package figures

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

// ledgerOf reads what a store tells.
func ledgerOf(t *testing.T, f *fakeReader) *ledger {
	t.Helper()
	l, err := newService(f).ledger(t.Context(), query.Period{From: now.AddDate(0, -3, 0), To: now})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestAChangeBehindTwoIncidentsIsBlamedOnce(t *testing.T) {
	f := &fakeReader{}
	f.incident("first", now.Add(-50*time.Hour), key("a"), key("b"))
	f.incident("second", now.Add(-40*time.Hour), key("a"))
	l := ledgerOf(t, f)
	if diff := cmp.Diff(query.Blame{Confirmed: []correlate.Key{key("a"), key("b")}}, l.blame); diff != "" {
		t.Error(diff)
	}
	places := map[correlate.Key]place{key("a"): {stratum: 0, exposed: true}, key("b"): {stratum: 1}}
	want := []stats.Cluster{{{Stratum: 0, Exposed: true, Events: 1}, {Stratum: 1, Events: 1}}}
	if diff := cmp.Diff(want, l.clusters(places, false)); diff != "" {
		t.Errorf("the change must be an event of its first incident only: %s", diff)
	}
}

func TestAWordThatWasTakenBackBlamesNobody(t *testing.T) {
	f := &fakeReader{}
	f.incident("i", now.Add(-50*time.Hour), key("a"))
	cause := key("a")
	f.judge("i", "z", correlate.DecisionReject, &cause, now)
	f.suspect("i", 1, key("a"), 0.9)
	l := ledgerOf(t, f)
	if len(l.blame.Confirmed)+len(l.blame.Suspected) != 0 {
		t.Errorf("%+v", l.blame)
	}
	if c := l.incidents(now, 0.95); c.Rejected != 1 || c.Unlinked.Events != 1 {
		t.Errorf("%+v", c)
	}
}

func TestMinutesOfAnOpenIncidentRunUntilNow(t *testing.T) {
	f := &fakeReader{}
	f.incident("done", now.Add(-50*time.Hour), key("a"))
	f.incident("open", now.Add(-90*time.Minute), key("b"))
	f.facts[1].ResolvedAt = nil
	f.incident("future", now.Add(time.Hour), key("c"))
	f.facts[2].ResolvedAt = nil
	l := ledgerOf(t, f)
	if c := l.incidents(now, 0.95); c.Minutes != 30+90 || c.Confirmed != 3 {
		t.Errorf("%+v", c)
	}
}

func TestAnIncidentOfTwoGroupsWeighsOnBoth(t *testing.T) {
	f := &fakeReader{}
	f.incident("both", now.Add(-50*time.Hour), key("ai"), key("human"), key("ai2"))
	f.incident("strange", now.Add(-40*time.Hour), key("elsewhere"))
	l := ledgerOf(t, f)
	got := l.burdens(map[correlate.Key]string{key("ai"): groupAI, key("ai2"): groupAI, key("human"): groupHuman}, now)
	want := map[string]burden{groupAI: {incidents: 1, services: 2, minutes: 30}, groupHuman: {incidents: 1, services: 2, minutes: 30}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(burden{})); diff != "" {
		t.Error(diff)
	}
}

func TestEachPartOfTheLedgerThatIsAwayIsNamed(t *testing.T) {
	for _, part := range []string{"facts", "judgements", "suspects"} {
		f := simpson()
		f.fail = part
		if _, err := newService(f).ledger(t.Context(), query.Period{}); err == nil {
			t.Errorf("%s are away, and there is no error", part)
		}
	}
}

func TestEveryClassHasOneGroup(t *testing.T) {
	for class, want := range map[correlate.ProvenanceClass]string{
		correlate.ProvenanceAssisted: groupAI, correlate.ProvenanceAuthored: groupAI, correlate.ProvenanceOperated: groupAI, correlate.ProvenanceAdvised: groupAI,
		correlate.ProvenanceHuman: groupHuman, correlate.ProvenanceAutomation: groupAutomation, correlate.ProvenanceUnknown: groupUnknown, "": groupUnknown, "new": groupUnknown,
	} {
		if got := groupOf(class); got != want {
			t.Errorf("%q is among %s, want %s", class, got, want)
		}
		if class.AI() != (groupOf(class) == groupAI) {
			t.Errorf("%q: the class and its group disagree", class)
		}
	}
}

func TestStrataKeepEveryChangeOfTheTwoSides(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var cells []query.ChangeCell
		exposedN, unexposedN, events := 0, 0, 0
		classes := []correlate.ProvenanceClass{correlate.ProvenanceAssisted, correlate.ProvenanceHuman, correlate.ProvenanceAutomation, correlate.ProvenanceUnknown}
		for i := range rapid.IntRange(0, 12).Draw(t, "cells") {
			c := query.ChangeCell{
				Class: rapid.SampledFrom(classes).Draw(t, "class"), Kind: rapid.SampledFrom(correlate.ChangeKinds()).Draw(t, "kind"),
				Tier: rapid.IntRange(0, 4).Draw(t, "tier"), Size: rapid.SampledFrom(query.Sizes()).Draw(t, "size"),
				N: rapid.IntRange(3, 50).Draw(t, "n"), Confirmed: keys(string(rune('a'+i)), rapid.IntRange(0, 3).Draw(t, "events")),
				Apart: rapid.SampledFrom([]query.Apart{query.NotApart, query.NotApart, query.ApartRollback, query.ApartImmature}).Draw(t, "apart"),
			}
			cells = append(cells, c)
			if c.Apart != query.NotApart {
				continue
			}
			switch groupOf(c.Class) {
			case groupAI:
				exposedN, events = exposedN+c.N, events+len(c.Confirmed)
			case groupHuman:
				unexposedN, events = unexposedN+c.N, events+len(c.Confirmed)
			}
		}
		got := stratify(cells, headlineSides(), &ledger{}, now)
		for name, tables := range map[string][]stats.Table{"plain": got.strata, "sized": got.sized} {
			all := stats.Collapse(tables)
			if int(all.N1) != exposedN || int(all.N0) != unexposedN || int(all.A+all.B) != events {
				t.Fatalf("%s strata hold %+v, want %d against %d with %d events", name, all, exposedN, unexposedN, events)
			}
		}
		calm := stats.Collapse(got.calm)
		if int(calm.N1+calm.N0) != exposedN+unexposedN-events {
			t.Fatalf("%v changes without an event, want %d", calm.N1+calm.N0, exposedN+unexposedN-events)
		}
	})
}

func TestUnknownChangesMoveToTheSideThatALineSupposes(t *testing.T) {
	want := map[string][4]arm{
		// AI-assisted, human, unknown, automation.
		"headline":          {exposed, unexposed, neither, neither},
		"machine_suspected": {exposed, unexposed, neither, neither},
		"unknown_as_human":  {exposed, unexposed, unexposed, neither},
		"unknown_as_ai":     {exposed, unexposed, exposed, neither},
	}
	for _, side := range append(sensitivitySides(), headlineSides()) {
		for i, class := range []correlate.ProvenanceClass{correlate.ProvenanceOperated, correlate.ProvenanceHuman, correlate.ProvenanceUnknown, correlate.ProvenanceAutomation} {
			if got := side.arm(class); got != want[side.name][i] {
				t.Errorf("%s puts %s on side %d, want %d", side.name, class, got, want[side.name][i])
			}
		}
	}
}

func TestASpreadIsOfAllChangesNotOfTheSample(t *testing.T) {
	// Ten changes of a cell were sampled by two, two of another by two.
	values := append(sample([]uint32{10, 20}, 10, 1), sample([]uint32{100, 200}, 2, 1)...)
	if got := spread(values); got.Median != 20 || got.P80 != 20 || got.N != 4 {
		t.Errorf("%+v", got)
	}
	if got := spread(sample([]uint32{7200, 3600}, 2, time.Hour.Seconds())); got.Median != 1 || got.P80 != 2 {
		t.Errorf("%+v", got)
	}
	if spread(nil) != nil || spread(sample(nil, 5, 1)) != nil {
		t.Error("a spread of nothing")
	}
	one := spread(sample([]uint32{7}, 1, 1))
	if one.Median != 7 || one.P80 != 7 {
		t.Errorf("%+v", one)
	}
}

func TestThePolicyOfTheFiguresIsThatOfTheGate(t *testing.T) {
	f := &fakeReader{approvals: []query.ApprovalCell{{Kind: correlate.KindDeploy, Tier: 1, Approval: "senior", N: 3}, {Kind: correlate.KindDeploy, Tier: 1, Approval: "none", N: 1}}}
	s := newService(f, func(c *Config) { c.Levels = assent.Levels{Senior: []string{" Staff ", "L7"}} })
	got, err := s.Policy(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"staff", "l7"}, got.SeniorLevels); diff != "" {
		t.Error(diff)
	}
	if got.Coverage.Events != 3 || got.Coverage.N != 4 {
		t.Errorf("%+v", got.Coverage)
	}
}

func TestASharePrintsItsBounds(t *testing.T) {
	s := share(0, 20, 0.95)
	// Wilson for none of twenty, as in the reference.
	if s.Value != 0 || s.Lo != 0 || s.Hi < 0.160 || s.Hi > 0.162 {
		t.Errorf("%+v", s)
	}
	if share(0, 0, 0.95) != nil {
		t.Error("a share of nothing")
	}
}

func TestUnionHasNoDoubles(t *testing.T) {
	got := union([]correlate.Key{key("a"), key("b")}, []correlate.Key{key("b"), key("c"), key("c")})
	if diff := cmp.Diff([]correlate.Key{key("a"), key("b"), key("c")}, got); diff != "" {
		t.Error(diff)
	}
}

func TestPeriodsThatMakeNoSenseAreRefusedWithAMend(t *testing.T) {
	s := newService(&fakeReader{})
	for name, tc := range map[string]struct {
		from, to time.Time
		field    string
	}{
		"backwards": {now, now.Add(-time.Hour), "from"},
		"empty":     {now.Add(-time.Hour), now.Add(-time.Hour), "from"},
		"too long":  {now.Add(-MaxPeriod - time.Hour), now, "from"},
	} {
		_, err := s.period(tc.from, tc.to)
		wrong, ok := err.(*PeriodError) //nolint:errorlint // The error is not wrapped here.
		if !ok || wrong.Field != tc.field || wrong.Mend == "" {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What lies ahead is cut off, and a period of the longest kind is taken.
	p, err := s.period(now.Add(-MaxPeriod), now.Add(time.Hour))
	if err != nil || !p.To.Equal(now) || !p.Mature.Equal(now.Add(-24*time.Hour)) {
		t.Errorf("%+v %v", p, err)
	}
}
