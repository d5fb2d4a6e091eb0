package figures

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

func TestAccuracyIsOfTheVersionThatWasJudged(t *testing.T) {
	f := &fakeReader{}
	f.incident("hit", now.Add(-50*time.Hour), key("a"))
	f.suspect("hit", 1, key("a"), 0.9)
	f.incident("third", now.Add(-51*time.Hour), key("b"))
	f.suspect("third", 1, key("x"), 0.6)
	f.suspect("third", 3, key("b"), 0.1)
	// The newest version found it in hindsight; the judged one did not.
	f.suspects = append(f.suspects, query.SuspectFact{Incident: "third", Version: 2, Rank: 1, Change: key("b"), Probability: 0.99})
	f.facts[1].FindingVersion = 2
	f.incident("missed", now.Add(-52*time.Hour), key("c"))
	f.incident("unjudged", now.Add(-53*time.Hour))
	f.suspect("unjudged", 1, key("d"), 0.9)
	out, err := newService(f).Accuracy(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if out.Incidents != 4 || out.Judged != 3 {
		t.Errorf("%+v", out)
	}
	if p := out.PrecisionAt1; p.Events != 1 || p.N != 3 {
		t.Errorf("at 1: %+v", p)
	}
	if p := out.PrecisionAt3; p.Events != 2 || p.N != 3 {
		t.Errorf("at 3: %+v", p)
	}
	if c := out.Calibration; c.N != 2 || math.Abs(c.Brier-(0.01+0.36)/2) > 1e-12 || len(c.Bins) != 2 || c.Bins[1].Right.Events != 1 {
		t.Errorf("%+v", c)
	}
	if !strings.Contains(out.Words, "kinder than the truth") {
		t.Error(out.Words)
	}
}

func TestSayingThatNoChangeIsToBlameIsScoredToo(t *testing.T) {
	f := &fakeReader{}
	for i, c := range []struct {
		machine  correlate.Verdict
		decision correlate.Decision
		change   string
	}{
		{correlate.VerdictNoChange, correlate.DecisionNoChange, ""},
		{correlate.VerdictNoChange, correlate.DecisionConfirm, "a"},
		{correlate.VerdictProbable, correlate.DecisionNoChange, ""},
		{correlate.VerdictNoChange, correlate.DecisionReject, "b"},
	} {
		id := string(rune('p' + i))
		f.incident(id, now.Add(-time.Duration(50+i)*time.Hour))
		f.facts[i].Verdict = c.machine
		var change *correlate.Key
		if c.change != "" {
			k := key(c.change)
			change = &k
		}
		f.judge(id, id, c.decision, change, now)
	}
	out, err := newService(f).Accuracy(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if p, r := out.NoChangePrecision, out.NoChangeRecall; p.Events != 1 || p.N != 2 || r.Events != 1 || r.N != 2 {
		t.Errorf("precision %+v, recall %+v", p, r)
	}
}

func TestARejectedSuspectIsAFalseForecastAndOthersAreOpen(t *testing.T) {
	f := &fakeReader{}
	rejected, other := key("r"), key("o")
	f.incident("first", now.Add(-50*time.Hour))
	f.suspect("first", 1, rejected, 0.7)
	f.judge("first", "1", correlate.DecisionReject, &rejected, now)
	f.incident("second", now.Add(-51*time.Hour))
	f.suspect("second", 1, key("q"), 0.7)
	f.judge("second", "2", correlate.DecisionReject, &other, now)
	out, err := newService(f).Accuracy(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if c := out.Calibration; c == nil || c.N != 1 || c.Bins[0].Right.Events != 0 {
		t.Errorf("%+v", c)
	}
	if out.PrecisionAt1 != nil {
		t.Errorf("a precision without a confirmed change: %+v", out.PrecisionAt1)
	}
}

func TestAccuracyOfNothingIsAbsent(t *testing.T) {
	out, err := newService(&fakeReader{}).Accuracy(t.Context(), time.Time{}, time.Time{})
	if err != nil || out.PrecisionAt1 != nil || out.Calibration != nil || out.Judged != 0 {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := newService(&fakeReader{fail: "facts"}).Accuracy(t.Context(), time.Time{}, time.Time{}); err == nil {
		t.Error("the store is away and nobody says so")
	}
	if _, err := newService(&fakeReader{}).Accuracy(t.Context(), now, now.Add(-time.Hour)); err == nil {
		t.Error("a period that ends before it starts")
	}
}

// approvals is AI-assisted changes that fare better with a senior approval.
func approvals() []query.ApprovalCell {
	return []query.ApprovalCell{
		{Kind: correlate.KindDeploy, Tier: 1, Size: query.SizeSmall, Approval: "senior", N: 3000, Confirmed: keys("s", 15), LeadSeconds: []uint32{36000, 72000}, Lines: []uint32{10, 30}},
		{Kind: correlate.KindDeploy, Tier: 1, Size: query.SizeSmall, Approval: "other", N: 500, Confirmed: keys("o", 15)},
		{Kind: correlate.KindDeploy, Tier: 1, Size: query.SizeSmall, Approval: "none", N: 1500, Confirmed: keys("n", 45), LeadSeconds: []uint32{3600}},
		{Kind: correlate.KindConfig, Tier: 2, Size: query.SizeHuge, Approval: "none", N: 3000, Confirmed: nil, LeadSeconds: []uint32{7200, 7200}},
	}
}

func TestTheEffectOfApprovalIsCompared(t *testing.T) {
	out, err := newService(&fakeReader{approvals: approvals()}).Policy(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	if c := out.Coverage; c.Events != 3000 || c.N != 8000 {
		t.Errorf("coverage %+v", c)
	}
	if e := out.Effect; e.Verdict != Fewer || math.Abs(*e.Adjusted.Value-(15.0/3000)/(60.0/2000)) > 1e-9 || e.Strata.ChangesOutside != 3000 {
		t.Errorf("%+v", e)
	}
	if !strings.Contains(out.Effect.Words, "AI-assisted changes with a senior approval are associated with fewer") || !strings.Contains(out.Words, "not given at random") || !strings.Contains(out.Words, "Counted here are also changes that were made during an incident") {
		t.Errorf("%q %q", out.Effect.Words, out.Words)
	}
	senior, other, none := out.Groups[0], out.Groups[1], out.Groups[2]
	if senior.LeadHours.Median != 10 || senior.LeadHours.P80 != 20 || senior.BatchLines.N != 2 || other.LeadHours != nil {
		t.Errorf("%+v %+v", senior, other)
	}
	// The sample of 3,000 changes weighs twice as much as that of 1,500.
	if none.LeadHours.Median != 2 || none.Changes != 4500 || none.Rate.Events != 45 {
		t.Errorf("%+v %+v", none, none.LeadHours)
	}
}

func TestPolicyWithoutAIChangesIsInsufficient(t *testing.T) {
	out, err := newService(&fakeReader{}).Policy(t.Context(), time.Time{}, time.Time{})
	if err != nil || out.Coverage != nil || out.Effect.Verdict != Insufficient || len(out.Groups) != 3 {
		t.Errorf("%+v %v", out, err)
	}
	if _, err := newService(&fakeReader{fail: "judgements"}).Policy(t.Context(), time.Time{}, time.Time{}); err == nil {
		t.Error("the store is away and nobody says so")
	}
}

func TestWordsReadAsSentences(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000"} {
		if got := thousands(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
	if join([]string{"a"}) != "a" || join([]string{"a", "b", "c"}) != "a, b and c" || join(nil) != "" || capital("") != "" {
		t.Error("lists")
	}
	hi := 2.0
	if RangeWords(&Ratio{Lo: 1, Hi: &hi}) != "1.00 to 2.00" || RangeWords(&Ratio{Lo: 1}) != "1.00 and up" {
		t.Error("ranges")
	}
	if counted(1, "change", "changes") != "1 change" {
		t.Error("one")
	}
}

func TestNoFigureNamesAPerson(t *testing.T) {
	for _, g := range impactOf(t, newService(simpson())).Groups {
		if strings.Contains(g.Group, "@") || len(g.Group) > 40 {
			t.Error(g.Group)
		}
	}
}
