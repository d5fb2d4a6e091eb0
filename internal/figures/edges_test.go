package figures

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

// drawIncidents draws incidents of which some were merged into later ones, some
// of those again, with what people said about any of them.
func drawIncidents(t *rapid.T) *fakeReader {
	f := &fakeReader{}
	n := rapid.IntRange(1, 12).Draw(t, "incidents")
	for i := range n {
		f.incident(fmt.Sprint("i-", i), now.Add(-time.Duration(50+i)*time.Hour))
		if i+1 < n && rapid.IntRange(0, 2).Draw(t, "merged") == 0 {
			f.facts[i].Status, f.facts[i].MergedInto = correlate.IncidentMerged, fmt.Sprint("i-", rapid.IntRange(i+1, n-1).Draw(t, "into"))
		}
		if rapid.Bool().Draw(t, "suspected") {
			f.suspect(fmt.Sprint("i-", i), 1, key(fmt.Sprint("s-", rapid.IntRange(0, 3).Draw(t, "suspect"))), rapid.SampledFrom([]float64{0.2, 0.49, 0.5, 0.9}).Draw(t, "p"))
		}
	}
	for i := range rapid.IntRange(0, 20).Draw(t, "judgements") {
		change := key(fmt.Sprint("c-", rapid.IntRange(0, 3).Draw(t, "change")))
		about := fmt.Sprint("i-", rapid.IntRange(0, n-1).Draw(t, "about"))
		decision := rapid.SampledFrom([]correlate.Decision{correlate.DecisionConfirm, correlate.DecisionConfirm, correlate.DecisionReject, correlate.DecisionNoChange}).Draw(t, "decision")
		if decision == correlate.DecisionNoChange {
			f.judge(about, fmt.Sprintf("j-%02d", i), decision, nil, now.Add(time.Duration(i)*time.Minute))
		} else {
			f.judge(about, fmt.Sprintf("j-%02d", i), decision, &change, now.Add(time.Duration(i)*time.Minute))
		}
	}
	return f
}

// standing replays what was said of an incident, and of all that went into it,
// in the order in which it was said.
func (f *fakeReader) standing(id string) (confirmed map[correlate.Key]bool, state correlate.JudgementWord) {
	end := func(id string) string {
		for range f.facts {
			for _, fact := range f.facts {
				if fact.ID == id && fact.Status == correlate.IncidentMerged {
					id = fact.MergedInto
				}
			}
		}
		return id
	}
	confirmed, rejected, none := map[correlate.Key]bool{}, map[correlate.Key]bool{}, false
	for _, j := range f.judgements {
		if end(j.Incident) != id {
			continue
		}
		switch j.Decision {
		case correlate.DecisionConfirm:
			confirmed[*j.Change], none = true, false
			delete(rejected, *j.Change)
		case correlate.DecisionReject:
			rejected[*j.Change] = true
			delete(confirmed, *j.Change)
		default:
			confirmed, none = map[correlate.Key]bool{}, true
		}
	}
	switch {
	case len(confirmed) > 0:
		return confirmed, correlate.JudgedConfirmed
	case none:
		return confirmed, correlate.JudgedNoChange
	case len(rejected) > 0:
		return confirmed, correlate.JudgedRejected
	default:
		return confirmed, correlate.JudgedNot
	}
}

// What people say reaches the incident that is left, however often it was
// merged, and the engine's suspicion counts only where nobody said anything.
func TestBlameFollowsPeopleThroughEveryMerger(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawIncidents(t)
		out := askRapid(t, f)
		confirmed, suspected := map[correlate.Key]bool{}, map[correlate.Key]bool{}
		states := map[correlate.JudgementWord]int{}
		for _, fact := range f.facts {
			if fact.Status == correlate.IncidentMerged {
				continue
			}
			said, state := f.standing(fact.ID)
			states[state]++
			maps.Copy(confirmed, said)
			for _, s := range f.suspects {
				if s.Incident == fact.ID && state == correlate.JudgedNot && s.Probability >= 0.5 {
					suspected[s.Change] = true
				}
			}
		}
		if diff := cmp.Diff(confirmed, setOf(f.blame.Confirmed)); diff != "" {
			t.Error("confirmed:", diff)
		}
		if diff := cmp.Diff(suspected, setOf(f.blame.Suspected)); diff != "" {
			t.Error("suspected:", diff)
		}
		i := out.Incidents
		got := map[correlate.JudgementWord]int{correlate.JudgedConfirmed: i.Confirmed, correlate.JudgedNoChange: i.NoChange, correlate.JudgedRejected: i.Rejected, correlate.JudgedNot: i.Unjudged}
		maps.DeleteFunc(got, func(_ correlate.JudgementWord, n int) bool { return n == 0 })
		if diff := cmp.Diff(states, got); diff != "" || i.Minutes != float64(30*i.Total) || i.Unlinked.Events != i.Rejected+i.Unjudged {
			t.Errorf("%+v %s", i, diff)
		}
	})
}

func setOf(keys []correlate.Key) map[correlate.Key]bool {
	set := map[correlate.Key]bool{}
	for _, k := range keys {
		set[k] = true
	}
	return set
}

// Precision counts incidents of which a person confirmed a change, by the
// version that was judged.
func TestPrecisionIsThatOfTheListCountedByHand(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := drawIncidents(t)
		out, err := New(DefaultConfig(), f, func() time.Time { return now }).Accuracy(t.Context(), time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		hits, judged, confirmedOnes := 0, 0, 0
		for _, fact := range f.facts {
			said, state := f.standing(fact.ID)
			if fact.Status == correlate.IncidentMerged || state == correlate.JudgedNot {
				continue
			}
			judged++
			if state != correlate.JudgedConfirmed {
				continue
			}
			confirmedOnes++
			if slices.ContainsFunc(f.suspects, func(s query.SuspectFact) bool { return s.Incident == fact.ID && said[s.Change] }) {
				hits++
			}
		}
		if out.Judged != judged || (out.PrecisionAt1 == nil) != (confirmedOnes == 0) {
			t.Fatalf("%+v, want %d judged, %d confirmed", out, judged, confirmedOnes)
		}
		if out.PrecisionAt1 != nil && (out.PrecisionAt1.Events != hits || out.PrecisionAt1.N != confirmedOnes) {
			t.Errorf("%+v, want %d of %d", out.PrecisionAt1, hits, confirmedOnes)
		}
	})
}

// The same moment in another zone is the same question.
func TestAPeriodIsTheSameInEveryZone(t *testing.T) {
	f := simpson()
	s := newService(f, quick)
	from, to := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	want, err := s.AIImpact(t.Context(), from, to)
	if err != nil {
		t.Fatal(err)
	}
	for _, zone := range []*time.Location{time.FixedZone("east", 14*3600), time.FixedZone("west", -11*3600-1800)} {
		got, err := s.AIImpact(t.Context(), from.In(zone), to.In(zone))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" || got.From.Location() != time.UTC || f.asked.To.Location() != time.UTC {
			t.Errorf("%v: %s", zone, diff)
		}
	}
}

// A period may be as long as is kept, to the moment, and end in the future,
// which means now.
func TestThePeriodIsTakenToItsEdges(t *testing.T) {
	f := &fakeReader{}
	s := newService(f, quick)
	for _, c := range []struct {
		name     string
		from, to time.Time
		end      time.Time
		refused  bool
	}{
		{"the longest", now.Add(-MaxPeriod), now, now, false},
		{"longer", now.Add(-MaxPeriod - time.Nanosecond), now, now, true},
		{"of nothing", now.Add(-time.Hour), now.Add(-time.Hour), now, true},
		{"of a moment", now.Add(-time.Hour), now.Add(-time.Hour + time.Millisecond), now.Add(-time.Hour + time.Millisecond), false},
		{"to the future", now.Add(-time.Hour), now.AddDate(1, 0, 0), now, false},
		{"all in the future", now.Add(time.Hour), now.AddDate(1, 0, 0), now, true},
	} {
		out, err := s.AIImpact(t.Context(), c.from, c.to)
		if (err != nil) != c.refused || (err == nil && !out.To.Equal(c.end)) {
			t.Errorf("%s: %v, to %v", c.name, err, out.To)
		}
	}
}

// A default period is anchored: it starts where last week's did, on a Monday,
// and jumps half a year at a time.
func TestTheAnchorMovesOnlyForwardAndByHalfYears(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := time.Unix(rapid.Int64Range(1_500_000_000, 2_500_000_000).Draw(t, "at"), 0)
		step := time.Duration(rapid.Int64Range(1, int64(90*24*time.Hour)).Draw(t, "step"))
		first, second := Anchor(at), Anchor(at.Add(step))
		if second.Before(first) || first.Weekday() != time.Monday || !first.Equal(first.Truncate(24*time.Hour)) || first.Location() != time.UTC {
			t.Errorf("%v: %v, then %v", at, first, second)
		}
		if moved := second.Sub(first); moved != 0 && moved != 26*week && moved != 27*week {
			t.Errorf("%v: moved by %v", at, moved)
		}
		if at.Sub(first) < minAnchor {
			t.Errorf("%v: a period of %v", at, at.Sub(first))
		}
	})
}

// A person's word in the middle of a period moves a change with its event from
// one group to the other, and nothing else.
func TestAnOverrideMovesAChangeAndItsIncident(t *testing.T) {
	guilty := keys("g", 1)
	before, after := simpson(), simpson()
	before.cells = append(before.cells, cell(correlate.ProvenanceHuman, query.SizeSmall, 1, guilty))
	after.cells = append(after.cells, cell(correlate.ProvenanceAuthored, query.SizeSmall, 1, guilty))
	for _, f := range []*fakeReader{before, after} {
		f.incident("moved", now.Add(-60*time.Hour), guilty[0])
	}
	a, b := impactOf(t, newService(before, quick)), impactOf(t, newService(after, quick))
	if a.Population.Changes != b.Population.Changes || *a.Population.Unknown != *b.Population.Unknown {
		t.Errorf("the population changed: %+v %+v", a.Population, b.Population)
	}
	for i, by := range []int{1, -1, 0, 0} {
		x, y := a.Groups[i], b.Groups[i]
		if y.Changes-x.Changes != by || y.Incidents-x.Incidents != by || math.Abs(y.Minutes-x.Minutes-float64(30*by)) > 1e-9 {
			t.Errorf("%s: %+v, then %+v", x.Group, x, y)
		}
	}
	if !(*b.Headline.Crude.Value > *a.Headline.Crude.Value) {
		t.Errorf("crude %v, then %v", *a.Headline.Crude.Value, *b.Headline.Crude.Value)
	}
}

// Companies that label nothing, use no AI, or have a team for each change get an
// answer that says what it lacks.
func TestPoorDataGetAnHonestAnswer(t *testing.T) {
	sparse := &fakeReader{}
	for i := range 200 {
		class := []correlate.ProvenanceClass{correlate.ProvenanceHuman, correlate.ProvenanceAssisted}[i%2]
		sparse.cells = append(sparse.cells, query.ChangeCell{Class: class, Kind: correlate.KindDeploy, Tier: 1, Team: fmt.Sprint("team-", i), N: 20, Confirmed: keys(fmt.Sprint(i), 1)})
	}
	for name, c := range map[string]struct {
		reader           *fakeReader
		unknown          float64
		used, outside    int
		crude, adjusted  bool
		exposed, against int
	}{
		"nobody labels":        {&fakeReader{cells: []query.ChangeCell{cell(correlate.ProvenanceUnknown, query.SizeSmall, 5000, keys("u", 50))}}, 1, 0, 0, false, false, 0, 0},
		"no AI":                {&fakeReader{cells: []query.ChangeCell{cell(correlate.ProvenanceHuman, query.SizeSmall, 5000, keys("h", 50))}}, 0, 0, 5000, false, false, 0, 5000},
		"all AI":               {&fakeReader{cells: []query.ChangeCell{cell(correlate.ProvenanceAuthored, query.SizeSmall, 5000, keys("a", 50))}}, 0, 0, 5000, false, false, 5000, 0},
		"a team for each":      {sparse, 0, 0, 4000, true, false, 2000, 2000},
		"everything too young": {&fakeReader{cells: []query.ChangeCell{{Class: correlate.ProvenanceAuthored, Apart: query.ApartImmature, N: 70}}}, -1, 0, 0, false, false, 0, 0},
	} {
		out := impactOf(t, newService(c.reader, quick))
		h := out.Headline
		if h.Verdict != Insufficient || h.Strata.Used != c.used || h.Strata.ChangesOutside != c.outside || sizeOf(h.ExposedRate) != c.exposed || sizeOf(h.UnexposedRate) != c.against {
			t.Errorf("%s: %+v", name, h)
		}
		if (h.Crude != nil) != c.crude || (h.Adjusted != nil) != c.adjusted || h.Bootstrap != nil || h.Looks != nil {
			t.Errorf("%s: crude %+v adjusted %+v", name, h.Crude, h.Adjusted)
		}
		if u := out.Population.Unknown; (u == nil) != (c.unknown < 0) || (u != nil && u.Value != c.unknown) {
			t.Errorf("%s: unknown %+v", name, u)
		}
	}
}

// TestAShiftIsNotCutShort: 0.69 of a hundred hours is a hair less than 69 hours as a
// product of floating numbers, and no incident may move away from its change by it.
func TestAShiftIsNotCutShort(t *testing.T) {
	begin := now.Add(-100 * time.Hour)
	for step := range 100 {
		n := nearness{period: query.Period{From: begin, To: now}, lookback: time.Hour}
		n.take([]query.ServiceMoments{{Service: "cart", Class: correlate.ProvenanceHuman, At: []time.Time{begin.Add(time.Duration(step) * time.Hour)}}})
		n.entries = []entry{{IncidentFact: query.IncidentFact{StartedAt: begin, Services: []string{"cart"}}}}
		if got := n.count(groupHuman, float64(step)/100); got != 1 {
			t.Errorf("moved by %d hours, %v incidents are near the change of that moment", step, got)
		}
	}
}

// Nearness by binary search is nearness looked at one by one, at every shift.
func TestNearnessIsThatOfEveryPairLookedAt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		begin := now.Add(-100 * time.Hour)
		n := nearness{period: query.Period{From: begin, To: now}, lookback: 4 * time.Hour}
		hour := rapid.IntRange(0, 99)
		services := []string{"cart", "mail"}
		var moments []query.ServiceMoments
		for _, service := range services {
			m := query.ServiceMoments{Service: service, Class: correlate.ProvenanceHuman}
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				m.At = append(m.At, begin.Add(time.Duration(hour.Draw(t, "changed"))*time.Hour))
			}
			moments = append(moments, m)
		}
		n.take(moments)
		for range rapid.IntRange(1, 6).Draw(t, "incidents") {
			own := rapid.SampledFrom([][]string{{"cart"}, {"mail"}, services, {"other"}, nil}).Draw(t, "services")
			n.entries = append(n.entries, entry{IncidentFact: query.IncidentFact{StartedAt: begin.Add(time.Duration(hour.Draw(t, "began")) * time.Hour), Services: own}})
		}
		step := float64(rapid.IntRange(0, 99).Draw(t, "step")) / 100
		want := 0.0
		for _, e := range n.entries {
			at := begin.Add((e.StartedAt.Sub(begin) + time.Duration(math.Round(step*100))*time.Hour) % (100 * time.Hour))
			near := false
			for _, m := range moments {
				for _, changed := range m.At {
					near = near || (slices.Contains(e.Services, m.Service) && !changed.After(at) && at.Sub(changed) <= n.lookback)
				}
			}
			if near {
				want++
			}
		}
		if got := n.count(groupHuman, step); got != want {
			t.Errorf("%v incidents are near a change, want %v", got, want)
		}
		if n.count(groupAI, step) != 0 {
			t.Error("changes of one group are near in another")
		}
	})
}

// Knowing the labels to be perfect changes nothing, and worse labels widen the
// interval.
func TestLabelCorrectionIsCalmWhereLabelsAreGood(t *testing.T) {
	corrected := func(sensitivity, specificity float64) *Ratio {
		return impactOf(t, newService(simpson(), quick, func(c *Config) {
			c.Labels = stats.LabelQuality{Sensitivity: sensitivity, Specificity: specificity}
		})).Headline.Corrected
	}
	crude := impactOf(t, newService(simpson(), quick)).Headline.Crude
	perfect, good, poor := corrected(1, 1), corrected(0.95, 0.98), corrected(0.8, 0.9)
	if math.Abs(*perfect.Value-*crude.Value) > 1e-9 {
		t.Errorf("perfect labels make %v of %v", *perfect.Value, *crude.Value)
	}
	if width := func(r *Ratio) float64 { return math.Log(*r.Hi / r.Lo) }; width(good) < width(perfect) || width(poor) < width(good) {
		t.Errorf("%+v %+v %+v", perfect, good, poor)
	}
}
