package figures

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// value points at a number.
func value(v float64) *float64 { return &v }

// compared is a comparison with some numbers.
func compared(verdict Verdict, form func(*Comparison)) *Comparison {
	c := &Comparison{
		Exposed: groupAI, Unexposed: groupHuman, Verdict: verdict, Strata: Strata{By: []string{"tier", "kind", "team"}},
		ExposedRate: &Share{N: 1200}, UnexposedRate: &Share{N: 34000}, Gate: Sufficiency{Enough: true, Events: 40},
		Adjusted: &Ratio{Value: value(1.8), Lo: 1.2, Hi: value(2.7)}, Looks: &Looks{Lo: 1.05, Hi: 3.1},
	}
	if form != nil {
		form(c)
	}
	return c
}

func TestNoWordsClaimACause(t *testing.T) {
	for _, verdict := range Verdicts() {
		for name, form := range map[string]func(*Comparison){
			"whole":      nil,
			"no ratio":   func(c *Comparison) { c.Adjusted = nil },
			"no looks":   func(c *Comparison) { c.Looks = nil },
			"unbounded":  func(c *Comparison) { c.Adjusted = &Ratio{Lo: 1.4} },
			"with size":  func(c *Comparison) { c.AdjustedForSize = &Ratio{Value: value(1.1), Lo: 0.7, Hi: value(1.6)} },
			"few events": func(c *Comparison) { c.Adjusted, c.Exact = nil, &Ratio{Value: value(2), Lo: 0.5, Hi: value(8)} },
		} {
			text := words(compared(verdict, form))
			for _, bad := range []string{"caused", "because of AI", "proves", "%!", "NaN", "Inf", "nil"} {
				if strings.Contains(text, bad) {
					t.Errorf("%s, %s: %q", verdict, name, text)
				}
			}
			if !strings.HasSuffix(text, ".") || strings.Contains(text, "  ") || strings.Contains(text, "..") {
				t.Errorf("%s, %s is no clean sentence: %q", verdict, name, text)
			}
			if (verdict == More || verdict == Fewer) && !strings.Contains(text, "not proof of cause") {
				t.Errorf("%s, %s is not careful: %q", verdict, name, text)
			}
		}
	}
}

func TestTheWordsFollowTheNumbers(t *testing.T) {
	for name, tc := range map[string]struct {
		c    *Comparison
		want []string
	}{
		"more": {compared(More, nil), []string{"AI-assisted changes are associated with more incidents", "1.80 times", "1.20 to 2.70", "tier, kind and team"}},
		"fewer": {
			compared(Fewer, func(c *Comparison) { c.Adjusted = &Ratio{Value: value(0.5), Lo: 0.3, Hi: value(0.8)} }),
			[]string{"associated with fewer incidents", "0.50 times"},
		},
		"open":          {compared(NoDifference, nil), []string{"No detectable difference", "does not show that there is none", "from 1.05 to 3.10 times remains possible"}},
		"without looks": {compared(NoDifference, func(c *Comparison) { c.Looks = nil }), []string{"few events leave much open"}},
		"nobody below":  {compared(More, func(c *Comparison) { c.Adjusted = &Ratio{Lo: 1.4} }), []string{"at least 1.40 times"}},
		"exact":         {compared(More, func(c *Comparison) { c.Adjusted, c.Exact = nil, &Ratio{Value: value(9), Lo: 1.5} }), []string{"9.00 times", "1.50 and up", "exact, within"}},
		"missing": {compared(Insufficient, func(c *Comparison) {
			c.Gate = Sufficiency{Events: 4, NeededPerGroup: 2000, MissingExposed: 800, MissingUnexposed: 1}
		}), []string{"Insufficient data: 4 changes with an incident among 1,200 AI-assisted changes and 34,000 human changes.", "800 more AI-assisted changes and 1 more human changes"}},
		"no rate":     {compared(Insufficient, func(c *Comparison) { c.Gate, c.ExposedRate = Sufficiency{}, nil }), []string{"0 changes with an incident among 0", "No rate is known yet"}},
		"too unequal": {compared(Insufficient, func(c *Comparison) { c.Gate = Sufficiency{Events: 12, NeededPerGroup: 10} }), []string{"expect five events"}},
		"like size":   {compared(More, func(c *Comparison) { c.AdjustedForSize = &Ratio{Value: value(1.7), Lo: 1.1, Hi: value(2.5)} }), []string{"Among changes of like size it was 1.70 times (1.10 to 2.50)."}},
	} {
		text := words(tc.c)
		for _, want := range tc.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s: %q lacks %q", name, text, want)
			}
		}
	}
	if text := words(compared(More, func(c *Comparison) { c.AdjustedForSize = &Ratio{Value: value(1.7), Lo: 1.1, Hi: value(2.5)} })); strings.Contains(text, "size may be") {
		t.Errorf("size is blamed although the ratio stands: %q", text)
	}
}

func TestNumbersAreWrittenForPeople(t *testing.T) {
	for n, want := range map[int]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 1825000: "1,825,000", -12345: "-12,345"} {
		if got := thousands(n); got != want {
			t.Errorf("%d is written %q", n, got)
		}
	}
	if got := counted(1, "incident", "incidents") + ", " + counted(2000, "change", "changes"); got != "1 incident, 2,000 changes" {
		t.Error(got)
	}
	if got := join(nil) + "|" + join([]string{"a"}) + "|" + join([]string{"a", "b", "c"}); got != "|a|a, b and c" {
		t.Error(got)
	}
	if capital("") != "" || capital("ai") != "Ai" {
		t.Error("capital")
	}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 1<<40).Draw(t, "n")
		if plain := strings.ReplaceAll(thousands(n), ",", ""); plain != strings.TrimSpace(plain) || len(plain) == 0 || plain[0] == '0' && n != 0 {
			t.Fatalf("%d is written %q", n, thousands(n))
		}
	})
}

// near is one incident and what was changed around it.
func near(changes map[correlate.ProvenanceClass][]time.Duration) *nearness {
	n := &nearness{
		period: query.Period{From: now.Add(-100 * time.Hour), To: now}, lookback: 4 * time.Hour,
		entries: []entry{{IncidentFact: query.IncidentFact{ID: "i", StartedAt: now.Add(-50 * time.Hour), Services: []string{"cart"}}}},
	}
	var all []query.ServiceMoments
	for class, moments := range changes {
		m := query.ServiceMoments{Service: "cart", Class: class}
		for _, before := range moments {
			m.At = append(m.At, now.Add(-50*time.Hour-before))
		}
		all = append(all, m)
	}
	n.take(all)
	return n
}

func TestOnlyWhatStoodShortlyBeforeIsNear(t *testing.T) {
	for before, want := range map[time.Duration]float64{
		0: 1, time.Minute: 1, 4 * time.Hour: 1, 4*time.Hour + time.Millisecond: 0, -time.Millisecond: 0,
	} {
		n := near(map[correlate.ProvenanceClass][]time.Duration{correlate.ProvenanceAuthored: {before}})
		if got := n.count(groupAI, 0); got != want {
			t.Errorf("a change %s before the incident counts %v, want %v", before, got, want)
		}
		if n.count(groupHuman, 0) != 0 {
			t.Error("it counts for another group")
		}
	}
}

func TestAShiftedIncidentComesRoundThePeriod(t *testing.T) {
	n := near(map[correlate.ProvenanceClass][]time.Duration{correlate.ProvenanceHuman: {40 * time.Hour}})
	// The change began 10 hours into the period, the incident 50: shifted by 62 of
	// 100 hours it comes to stand 12 hours into it.
	if n.count(groupHuman, 0.62) != 1 || n.count(groupHuman, 0.70) != 0 || n.count(groupHuman, 0) != 0 {
		t.Errorf("%v %v %v", n.count(groupHuman, 0.62), n.count(groupHuman, 0.70), n.count(groupHuman, 0))
	}
}

func TestClassesOfAGroupAreOneListOfMoments(t *testing.T) {
	n := near(map[correlate.ProvenanceClass][]time.Duration{
		correlate.ProvenanceAssisted: {30 * time.Hour}, correlate.ProvenanceOperated: {time.Hour}, correlate.ProvenanceAdvised: {90 * time.Hour},
	})
	if got := n.moments[groupAI]["cart"]; len(got) != 3 || got[0] > got[1] || got[1] > got[2] {
		t.Errorf("%v is not one sorted list", got)
	}
	if n.count(groupAI, 0) != 1 {
		t.Error("the nearest of them does not count")
	}
}

func TestTheNewestIncidentsCountWhereThereAreTooMany(t *testing.T) {
	l := &ledger{}
	for i := range maxChanceIncidents + 10 {
		l.entries = append(l.entries, entry{IncidentFact: query.IncidentFact{StartedAt: now.Add(time.Duration(i) * time.Minute)}})
	}
	got := l.since(now.Add(5 * time.Minute))
	if len(got) != maxChanceIncidents || !got[len(got)-1].StartedAt.Equal(l.entries[len(l.entries)-1].StartedAt) {
		t.Errorf("%d incidents, the last of %s", len(got), got[len(got)-1].StartedAt)
	}
}

func TestAWeekOfOneGroupStillListsAll(t *testing.T) {
	monday := time.Date(2026, 11, 16, 0, 0, 0, 0, time.UTC)
	s := newService(&fakeReader{})
	weeks := s.weeks([]query.ChangeCell{
		{Class: correlate.ProvenanceHuman, Week: monday, N: 50, Confirmed: keys("h", 2)},
		{Class: correlate.ProvenanceHuman, Week: monday, N: 9, Apart: query.ApartRollback},
		{Class: correlate.ProvenanceOperated, Week: monday.AddDate(0, 0, -7), N: 10},
		{Class: correlate.ProvenanceAssisted, Week: monday.AddDate(0, 0, -7), N: 30, Confirmed: keys("a", 1)},
	})
	if len(weeks) != 2 || !weeks[0].Starts.Equal(monday.AddDate(0, 0, -7)) || len(weeks[0].Groups) != 4 || len(weeks[1].Groups) != 4 {
		t.Fatalf("%+v", weeks)
	}
	if g := weeks[0].Groups[0]; g.Changes != 40 || g.Events != 1 || weeks[0].All.N != 40 {
		t.Errorf("%+v", weeks[0])
	}
	if g := weeks[1].Groups[1]; g.Changes != 50 || g.Events != 2 || weeks[1].All.N != 50 {
		t.Errorf("a rollback is among the week's changes: %+v", weeks[1])
	}
}
