package figures

import (
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

func TestTheMixOfSizesShowsInTheAdjustedLine(t *testing.T) {
	out := impactOf(t, newService(simpson()))
	h := out.Headline
	if math.Round(*h.Crude.Value*100) != 254 || math.Round(*h.AdjustedForSize.Value*100) != 100 {
		t.Errorf("crude %v, adjusted for size %v", *h.Crude.Value, *h.AdjustedForSize.Value)
	}
	// Without size all are in one stratum, so the total effect is the crude one.
	if math.Abs(*h.Adjusted.Value-*h.Crude.Value) > 1e-9 || h.Verdict != More || h.Looks == nil || h.Looks.Lo <= 1 {
		t.Errorf("%+v", h)
	}
	if h.Bootstrap == nil || h.Bootstrap.Lo > *h.Adjusted.Value || *h.Bootstrap.Hi < *h.Adjusted.Value {
		t.Errorf("bootstrap %+v", h.Bootstrap)
	}
	for _, part := range []string{"AI-assisted changes are associated with more incidents", "2.54 times that of human changes", "tier, kind and team", "not proof of cause", "Among changes of like size it was 1.00 times (0.57 to 1.76), so size may be what makes the difference."} {
		if !strings.Contains(h.Words, part) {
			t.Errorf("the words %q lack %q", h.Words, part)
		}
	}
	if h.Strata.Used != 1 || *h.EValue < 4 || h.Gate.Events != 70 {
		t.Errorf("%+v", h)
	}
}

func TestThePopulationIsWholeAndSaysWhatIsUnknown(t *testing.T) {
	out := impactOf(t, newService(simpson()))
	p := out.Population
	if p.Changes != 2000 || p.Rollbacks != 7 || p.DuringIncident != 5 || p.Immature != 3 || p.Unknown.Value != 0.25 || p.Unknown.N != 2000 {
		t.Errorf("%+v", p)
	}
	if got := out.Groups; len(got) != 4 || got[0].Changes != 600 || got[0].Rate.Events != 44 || got[1].Changes != 900 || got[3].Changes != 500 {
		t.Errorf("%+v", got)
	}
	ai := out.Groups[0]
	if ai.Incidents != 44 || ai.Minutes != 44*30 || ai.MeanServices != 2 || len(ai.Classes) != 2 || ai.Classes[1].Rate.Events != 40 {
		t.Errorf("%+v", ai)
	}
	if out.Groups[2].Rate != nil {
		t.Errorf("a rate of no changes: %+v", out.Groups[2])
	}
}

func TestSensitivityLinesMoveTheUnknown(t *testing.T) {
	out := impactOf(t, newService(simpson()))
	if len(out.Sensitivity) != 3 {
		t.Fatalf("%d lines", len(out.Sensitivity))
	}
	by := map[string]Comparison{}
	for _, c := range out.Sensitivity {
		by[c.Name] = c
	}
	if by["unknown_as_human"].UnexposedRate.N != 1400 || by["unknown_as_ai"].ExposedRate.N != 1100 {
		t.Errorf("%+v", by)
	}
	if by["machine_suspected"].Events != "suspected" || *by["machine_suspected"].Crude.Value != *out.Headline.Crude.Value {
		t.Errorf("without suspects the line must be the headline: %+v", by["machine_suspected"])
	}
}

func TestSuspectsCountOnlyWhereNobodyJudged(t *testing.T) {
	f := simpson()
	f.incident("open", now.Add(-50*time.Hour))
	f.suspect("open", 1, key("guess"), 0.8)
	f.incident("weak", now.Add(-51*time.Hour))
	f.suspect("weak", 1, key("doubt"), 0.4)
	f.incident("judged", now.Add(-52*time.Hour))
	f.suspect("judged", 1, key("wrong"), 0.9)
	f.judge("judged", "x", correlate.DecisionNoChange, nil, now)
	out := impactOf(t, newService(f))
	if len(f.blame.Suspected) != 1 || f.blame.Suspected[0] != key("guess") {
		t.Errorf("suspected: %v", f.blame.Suspected)
	}
	if i := out.Incidents; i.Total != 73 || i.Confirmed != 70 || i.NoChange != 1 || i.Unjudged != 2 || i.Unlinked.Events != 2 {
		t.Errorf("%+v", i)
	}
}

func TestWhatWasSaidOfAMergedIncidentCountsForTheOther(t *testing.T) {
	f := &fakeReader{}
	f.incident("kept", now.Add(-50*time.Hour))
	f.incident("gone", now.Add(-51*time.Hour), key("a"))
	f.facts[1].Status, f.facts[1].MergedInto = correlate.IncidentMerged, "kept"
	out := impactOf(t, newService(f))
	if out.Incidents.Total != 1 || out.Incidents.Confirmed != 1 || f.blame.Confirmed[0] != key("a") {
		t.Errorf("%+v %+v", out.Incidents, f.blame)
	}
	// Rows that merge in a circle must not hang the report.
	f.facts[0].Status, f.facts[0].MergedInto = correlate.IncidentMerged, "gone"
	impactOf(t, newService(f))
}

func TestTooLittleDataSaysWhatIsMissing(t *testing.T) {
	f := &fakeReader{cells: []query.ChangeCell{
		cell(correlate.ProvenanceAssisted, query.SizeSmall, 40, keys("a", 1)), cell(correlate.ProvenanceHuman, query.SizeSmall, 160, keys("h", 3)),
	}}
	f.incident("i", now.Add(-48*time.Hour), key("a-0"))
	h := impactOf(t, newService(f)).Headline
	if h.Verdict != Insufficient || h.Gate.Enough || !strings.HasPrefix(h.Words, "Insufficient data: 4 changes with an incident among 40 AI-assisted changes and 160 human changes.") {
		t.Errorf("%+v", h)
	}
	if !strings.Contains(h.Words, "more AI-assisted changes and") || h.Gate.MissingExposed < 1000 {
		t.Errorf("it does not say how many are missing: %q %+v", h.Words, h.Gate)
	}
	if h.Exact == nil {
		t.Error("few events, and no exact interval")
	}
}

func TestNothingAtAllIsNoError(t *testing.T) {
	out := impactOf(t, newService(&fakeReader{}))
	if out.Headline.Verdict != Insufficient || out.Population.Unknown != nil || out.Incidents.Unlinked != nil || out.Chance.Groups == nil {
		t.Errorf("%+v", out)
	}
	if !strings.Contains(out.Headline.Words, "No rate is known yet") {
		t.Error(out.Headline.Words)
	}
	if _, err := json.Marshal(out); err != nil {
		t.Error(err)
	}
}

func TestAnArmWithoutEventsIsJudgedExactly(t *testing.T) {
	many := keys("a", 30)
	f := &fakeReader{cells: []query.ChangeCell{cell(correlate.ProvenanceAssisted, query.SizeSmall, 1000, many), cell(correlate.ProvenanceHuman, query.SizeSmall, 1000, nil)}}
	for i, change := range many {
		f.incident(change.ID, now.Add(-time.Duration(i+30)*time.Hour), change)
	}
	h := impactOf(t, newService(f)).Headline
	if h.Adjusted != nil || h.Looks != nil || h.Exact == nil || h.Exact.Value != nil || h.Verdict != More {
		t.Errorf("%+v", h)
	}
	if !strings.Contains(h.Words, "at least") {
		t.Error(h.Words)
	}
	if _, err := json.Marshal(h); err != nil {
		t.Error("an infinite ratio breaks the answer:", err)
	}
}

func TestNoDifferenceIsNotProofOfNone(t *testing.T) {
	f := &fakeReader{cells: []query.ChangeCell{
		cell(correlate.ProvenanceAssisted, query.SizeSmall, 1000, keys("a", 20)), cell(correlate.ProvenanceHuman, query.SizeSmall, 2000, keys("h", 41)),
	}}
	h := impactOf(t, newService(f)).Headline
	if h.Verdict != NoDifference || !strings.Contains(h.Words, "does not show that there is none") || !strings.Contains(h.Words, "remains possible") {
		t.Errorf("%s %s", h.Verdict, h.Words)
	}
}

func TestFewerIsSaidAsCarefully(t *testing.T) {
	f := &fakeReader{cells: []query.ChangeCell{
		cell(correlate.ProvenanceAssisted, query.SizeSmall, 4000, keys("a", 20)), cell(correlate.ProvenanceHuman, query.SizeSmall, 4000, keys("h", 120)),
	}}
	h := impactOf(t, newService(f)).Headline
	if h.Verdict != Fewer || !strings.Contains(h.Words, "fewer incidents") || !strings.Contains(h.Words, "not proof") {
		t.Errorf("%s %s", h.Verdict, h.Words)
	}
}

func TestWrongLabelsAreCorrectedWhenTheirQualityIsKnown(t *testing.T) {
	plain := impactOf(t, newService(simpson())).Headline
	if plain.Corrected != nil {
		t.Error("a correction for a quality that nobody stated")
	}
	known := impactOf(t, newService(simpson(), func(c *Config) {
		c.Labels = stats.LabelQuality{Sensitivity: 0.8, Specificity: 0.95, AuditExposed: 100, AuditUnexposed: 100}
	})).Headline
	if known.Corrected == nil || *known.Corrected.Value <= *known.Crude.Value {
		t.Errorf("%+v", known.Corrected)
	}
}

func TestThePeriodIsWhatWasAskedFor(t *testing.T) {
	f := &fakeReader{}
	s := newService(f)
	from, to := now.Add(-10*24*time.Hour), now.Add(-2*24*time.Hour)
	out, err := s.AIImpact(t.Context(), from, to)
	if err != nil || !out.From.Equal(from) || !out.To.Equal(to) || !f.asked.Mature.Equal(now.Add(-24*time.Hour)) {
		t.Errorf("%v %+v %+v", err, out, f.asked)
	}
	var wrong *PeriodError
	for _, bad := range [][2]time.Time{{to, from}, {now, now.Add(time.Hour)}, {now.Add(-401 * 24 * time.Hour), now}} {
		if _, err := s.AIImpact(t.Context(), bad[0], bad[1]); !errors.As(err, &wrong) || wrong.Field != "from" || wrong.Mend == "" {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestTheDefaultPeriodStartsAtAnAnchorThatStays(t *testing.T) {
	for text, want := range map[string]string{
		"2026-11-23T09:00:00Z": "2026-06-29T00:00:00Z", // Week 48: since week 27.
		"2026-09-27T00:00:00Z": "2025-12-29T00:00:00Z", // Week 39 is too near week 27.
		"2026-09-28T00:00:00Z": "2026-06-29T00:00:00Z", // Week 40 is 13 weeks on.
		"2027-01-05T00:00:00Z": "2026-06-29T00:00:00Z", // A new year is too young.
		"2027-04-06T00:00:00Z": "2027-01-04T00:00:00Z",
	} {
		at, _ := time.Parse(time.RFC3339, text)
		if got := Anchor(at).Format(time.RFC3339); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
	for at := now; at.Before(now.AddDate(2, 0, 0)); at = at.Add(11 * time.Hour) {
		length := at.Sub(Anchor(at))
		if length < 13*week || length > 41*week {
			t.Fatalf("%v: %v long", at, length)
		}
	}
}

func TestAFailingStoreIsAnErrorThatSaysWhat(t *testing.T) {
	for call, part := range map[string]string{
		"cells": "count the changes", "facts": "list the incidents", "judgements": "list the verdicts", "suspects": "list the suspects",
		"moments": "list the moments", "approvals": "count the approvals",
	} {
		f := simpson()
		f.fail = call
		s := newService(f)
		_, err := s.AIImpact(t.Context(), time.Time{}, time.Time{})
		if call == "approvals" {
			_, err = s.Policy(t.Context(), time.Time{}, time.Time{})
		}
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestChangesBeforeIncidentsAreHeldAgainstChance(t *testing.T) {
	f := &fakeReader{}
	var before, spread []time.Time
	for i := range 40 {
		at := now.Add(-time.Duration(i+1) * 50 * time.Hour)
		f.incident(at.String(), at)
		before = append(before, at.Add(-10*time.Minute))
		spread = append(spread, at.Add(-25*time.Hour))
	}
	f.moments = []query.ServiceMoments{
		{Service: "cart", Class: correlate.ProvenanceOperated, At: before}, {Service: "mail", Class: correlate.ProvenanceHuman, At: spread},
	}
	groups := impactOf(t, newService(f)).Chance.Groups
	if ai := groups[0]; ai.Observed != 40 || ai.Expected > 15 || ai.P > 0.2 {
		t.Errorf("AI: %+v", ai)
	}
	if human := groups[1]; human.Observed != 0 || human.P < 0.3 {
		t.Errorf("human: %+v", human)
	}
}

// An incident shifted to before the first record finds no change there, which
// would make any nearness look like more than chance.
func TestChanceIsJudgedOnlyWhereChangesWereRecorded(t *testing.T) {
	for name, c := range map[string]struct {
		days       int
		sufficient bool
	}{"two days of records in a quarter": {2, false}, "ten": {10, true}} {
		f := &fakeReader{}
		var hourly []time.Time
		for h := range c.days * 24 {
			hourly = append(hourly, now.Add(-time.Duration(h)*time.Hour))
		}
		f.incident("recorded", now.Add(-5*time.Hour))
		f.incident("older than the records", now.Add(-20*24*time.Hour))
		f.moments = []query.ServiceMoments{{Service: "cart", Class: correlate.ProvenanceHuman, At: hourly}}
		chance := impactOf(t, newService(f)).Chance
		if got := len(chance.Groups) > 0; got != c.sufficient || got == (chance.Insufficient != "") || !chance.From.Equal(hourly[len(hourly)-1]) {
			t.Fatalf("%s: %+v", name, chance)
		}
		if c.sufficient && (chance.Incidents != 1 || chance.Groups[1].Observed != 1 || chance.Groups[1].Expected < 0.9) {
			t.Errorf("%s: %+v", name, chance)
		}
	}
}

func TestWeeksHaveControlLimits(t *testing.T) {
	f := &fakeReader{}
	monday := time.Date(2026, 9, 7, 0, 0, 0, 0, time.UTC)
	for i := range 8 {
		confirmed := keys("w", 3)
		if i == 5 {
			confirmed = keys("w", 30)
		}
		f.weeks = append(f.weeks,
			query.ChangeCell{Class: correlate.ProvenanceHuman, Week: monday.Add(time.Duration(7-i) * week), N: 150, Confirmed: confirmed},
			query.ChangeCell{Class: correlate.ProvenanceAssisted, Week: monday.Add(time.Duration(7-i) * week), N: 50},
			query.ChangeCell{Class: correlate.ProvenanceHuman, Week: monday.Add(time.Duration(7-i) * week), Apart: query.ApartImmature, N: 999})
	}
	weeks := impactOf(t, newService(f)).Weeks
	if len(weeks) != 8 || !weeks[0].Starts.Equal(monday) || weeks[0].All.N != 200 || weeks[0].Groups[1].Events != 3 {
		t.Fatalf("%+v", weeks)
	}
	for i, w := range weeks {
		if w.Out != (i == 2) || w.High <= w.Low {
			t.Errorf("week %d: %+v", i, w)
		}
	}
}
