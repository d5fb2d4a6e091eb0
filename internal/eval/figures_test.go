package eval

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// meanOver is the mean of what the function tells of those outcomes that it counts;
// NaN where it counts none.
func meanOver(outcomes []Outcome, of func(*Outcome) (value float64, counts bool)) Ratio {
	sum, n := 0.0, 0
	for i := range outcomes {
		if value, counts := of(&outcomes[i]); counts {
			sum, n = sum+value, n+1
		}
	}
	return Ratio(sum / float64(n))
}

// byDefinition computes the figures of one ranker as the contract defines them, one
// after the other.
func byDefinition(name string, outcomes []Outcome) RankerFigures {
	hit := func(k int) Ratio {
		return meanOver(outcomes, func(o *Outcome) (float64, bool) { return o.Hit[k], o.Guilty })
	}
	f := RankerFigures{Name: name, Cases: len(outcomes), HitAt1: hit(1), HitAt3: hit(3), HitAt5: hit(5)}
	f.MRR = meanOver(outcomes, func(o *Outcome) (float64, bool) { return o.Inverse, o.Guilty })
	f.MeanRank = meanOver(outcomes, func(o *Outcome) (float64, bool) { return o.Rank, o.Guilty && o.Rank > 0 })
	f.NoChangePrecision = meanOver(outcomes, func(o *Outcome) (float64, bool) { return indicator(!o.Guilty), o.SaysNoChange })
	f.NoChangeRecall = meanOver(outcomes, func(o *Outcome) (float64, bool) { return indicator(o.SaysNoChange), !o.Guilty })
	f.Brier = meanOver(outcomes, func(o *Outcome) (float64, bool) {
		short, over := 1-o.TopProbability, o.TopProbability
		return o.TopRight*short*short + (1-o.TopRight)*over*over, o.Listed
	})
	f.ECE = eceByDefinition(outcomes)
	var took []time.Duration
	for i := range outcomes {
		f.WithCause += int(indicator(outcomes[i].Guilty))
		took = append(took, outcomes[i].Took)
	}
	slices.Sort(took)
	f.P50us, f.P99us = new(took[(len(took)-1)/2].Microseconds()), new(took[(99*len(took)+99)/100-1].Microseconds())
	return f
}

// eceByDefinition is the sum over ten bins of the share of cases in the bin times the
// distance between the mean probability and the share that was right.
func eceByDefinition(outcomes []Outcome) Ratio {
	sum := 0.0
	for bin := range 10 {
		within := func(o *Outcome) bool {
			return o.Listed && (int(o.TopProbability*10) == bin || bin == 9 && o.TopProbability == 1)
		}
		weight := meanOver(outcomes, func(o *Outcome) (float64, bool) { return indicator(within(o)), o.Listed })
		if weight == 0 {
			continue
		}
		said := meanOver(outcomes, func(o *Outcome) (float64, bool) { return o.TopProbability, within(o) })
		right := meanOver(outcomes, func(o *Outcome) (float64, bool) { return o.TopRight, within(o) })
		sum += float64(weight) * math.Abs(float64(said-right))
	}
	return Ratio(sum)
}

// drawOutcome draws an outcome whose figures all differ from one another, so that
// one cannot stand for the other unnoticed.
func drawOutcome(t *rapid.T, i int) Outcome {
	draw := func(name string) float64 { return float64(rapid.IntRange(0, 100).Draw(t, name)) / 100 }
	o := Outcome{
		Case: fmt.Sprint(i), Ranker: rapid.SampledFrom([]string{"first", "second"}).Draw(t, "ranker"),
		Guilty: rapid.Bool().Draw(t, "guilty"), SaysNoChange: rapid.Bool().Draw(t, "says no change"),
		Took: time.Duration(rapid.IntRange(0, 9).Draw(t, "took")) * time.Millisecond,
	}
	if rapid.IntRange(0, 3).Draw(t, "listed") > 0 {
		o.Listed, o.TopProbability, o.TopRight = true, draw("said"), draw("right")
	}
	if o.Guilty && o.Listed {
		o.Rank, o.Inverse = 1+4*draw("rank"), draw("inverse")
		for k := 1; k <= topK; k++ {
			o.Hit[k] = math.Min(1, o.Hit[k-1]+draw("hit"))
		}
	}
	return o
}

var near = cmp.Comparer(func(a, b Ratio) bool {
	return math.Abs(float64(a-b)) < 1e-9 || math.IsNaN(float64(a)) && math.IsNaN(float64(b))
})

func TestFiguresAreWhatTheirDefinitionsSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var outcomes []Outcome
		for i := range rapid.IntRange(1, 12).Draw(t, "cases") {
			outcomes = append(outcomes, drawOutcome(t, i))
		}
		for _, got := range NewReport(outcomes).Rankers {
			of := ofRanker(outcomes, got.Name)
			want := byDefinition(got.Name, of)
			if !slices.ContainsFunc(of, func(o Outcome) bool { return o.Listed }) {
				want.ECE = Ratio(math.NaN())
			}
			if diff := cmp.Diff(want, got, near); diff != "" {
				t.Errorf("%s:\n%s", got.Name, diff)
			}
		}
	})
}

func TestThePlaceOfTheCauseDecidesWhichHitsItIs(t *testing.T) {
	for place := 1; place <= 6; place++ {
		var answer Answer
		for i := range 7 {
			answer.Suspects = append(answer.Suspects, suspect(fmt.Sprint(i+1), 0.5-float64(i)/100))
		}
		f := NewReport([]Outcome{judgedAs("c", fmt.Sprint(place), answer)}).Rankers[0]
		want := [3]Ratio{Ratio(indicator(place <= 1)), Ratio(indicator(place <= 3)), Ratio(indicator(place <= 5))}
		if got := [3]Ratio{f.HitAt1, f.HitAt3, f.HitAt5}; got != want || f.MeanRank != Ratio(place) || math.Abs(float64(f.MRR)-1/float64(place)) > 1e-12 {
			t.Errorf("place %d: hits %v, want %v; rank %v, 1/rank %v", place, got, want, f.MeanRank, f.MRR)
		}
	}
}

// A rule is given its own best constant: not that of another rule, not one from
// cases in which it names nobody, and never in place of a stated probability.
func TestEachRuleGetsItsOwnConstant(t *testing.T) {
	outcomes := []Outcome{
		{Ranker: "good", Listed: true, Uncalibrated: true, TopRight: 1, First: []Suspect{suspect("a", 9), suspect("b", 7)}},
		{Ranker: "good", Listed: true, Uncalibrated: true, TopRight: 0.5},
		{Ranker: "good", Uncalibrated: true},
		{Ranker: "poor", Listed: true, Uncalibrated: true, TopRight: 0},
		{Ranker: "poor", Listed: true, Uncalibrated: true, TopRight: 1},
		{Ranker: "poor", Listed: true, Uncalibrated: true, TopRight: 0},
		{Ranker: "poor", Listed: true, Uncalibrated: true, TopRight: 0},
		{Ranker: "poor", Listed: true, Uncalibrated: true, TopRight: 0},
		{Ranker: "states", Listed: true, TopProbability: 0.9, TopRight: 0},
	}
	before := slices.Clone(outcomes)
	report := NewReport(outcomes)
	for i, want := range []float64{0.75 * 0.25, 0.2 * 0.8, 0.81} {
		if got := float64(report.Rankers[i].Brier); math.Abs(got-want) > 1e-12 {
			t.Errorf("%s: Brier score %v, want %v", report.Rankers[i].Name, got, want)
		}
	}
	want := []SuspectFigures{{Change: "a", Probability: 0.75}, {Change: "b", Probability: 7}}
	if diff := cmp.Diff(want, report.Cases[0].Suspects); diff != "" {
		t.Errorf("suspects of the first case:\n%s", diff)
	}
	if diff := cmp.Diff(before, outcomes); diff != "" {
		t.Errorf("the outcomes were altered:\n%s", diff)
	}
}

func TestTheMeanRankOfATieIsRoundedForItsCase(t *testing.T) {
	o := judgedAs("tie", "b", Answer{Suspects: []Suspect{suspect("a", 0.5), suspect("b", 0.2), suspect("c", 0.2)}})
	if got := NewReport([]Outcome{o}).Cases[0].Rank; got != 3 {
		t.Errorf("the cause of an expected rank of 2.5 is at %d, want 3", got)
	}
}

// The ends of the interval are the 2.5% points: of 400 cases half of which are hits
// they lie 1.96 standard errors of 0.025 from the middle.
func TestTheIntervalEndsAtItsTwoAndAHalfPercentPoints(t *testing.T) {
	xs := make([]float64, 400)
	for i := range xs {
		xs[i] = float64(i % 2)
	}
	ci := bootstrapMean(xs)
	if math.Abs(float64(ci.Low)-0.451) > 0.005 || math.Abs(float64(ci.High)-0.549) > 0.005 {
		t.Errorf("interval %+v, want 0.451 to 0.549", ci)
	}
	if got := bootstrapMean([]float64{0.3, 0.3}); math.Abs(float64(got.Low)-0.3) > 1e-12 || math.Abs(float64(got.High)-0.3) > 1e-12 {
		t.Errorf("interval of cases that are all alike: %+v", got)
	}
}

func TestAnObviousDifferenceIsUnlikelyButNeverImpossible(t *testing.T) {
	always := make([]float64, 40)
	for i := range always {
		always[i] = -1
	}
	if p := float64(signFlip(always)); p != 1.0/(resamples+1) {
		t.Errorf("p is %v", p)
	}
	if p := signFlip(make([]float64, 10)); p != 1 {
		t.Errorf("where nothing differs p is %v", p)
	}
}

// The other half of a comparison: who is worse is below zero, on hit@1 of the cases
// with a cause and on nothing else.
func TestAComparisonSaysWhoIsWorse(t *testing.T) {
	var outcomes []Outcome
	for i := range 40 {
		poor := Outcome{Ranker: "poor", Guilty: true, Hit: [topK + 1]float64{0, indicator(i%4 == 0), 1, 1, 1, 1}}
		good := Outcome{Ranker: "good", Guilty: true, Hit: [topK + 1]float64{0, 1, 1, 1, 1, 1}}
		outcomes = append(outcomes, poor, good)
	}
	got := compare(outcomes, "poor", "good")
	if got.Ranker != "poor" || got.Against != "good" || got.Difference != -0.75 || got.Interval.High >= 0 || got.Interval.Low < -1 || got.P > 0.01 {
		t.Errorf("comparison %+v", got)
	}
}

// The 95% point of the error of chance is told from the 90% and the highest, and
// cases in which nobody is named have no part in it.
func TestTheErrorOfChanceIsThatOfNineteenInTwenty(t *testing.T) {
	list := forecasts(400, 0.5, 0.5)
	got := chanceErrors(append(list, make([]Outcome, 400)...))[0]
	if want := 1.96 * 0.025; math.Abs(got.High-want) > 0.08*want {
		t.Errorf("19 of 20 stay below %.4f, want about %.4f", got.High, want)
	}
	sure := chanceErrors(forecasts(50, 1, 0))[0]
	if sure.Mean != 0 || sure.High != 0 {
		t.Errorf("who is certain cannot be off by chance: %+v", sure)
	}
}

func TestAnAlertAMinuteBeforeItsCauseIsSkewAndEarlierOnesAreOthers(t *testing.T) {
	for seconds, want := range map[int]DelayBucket{-50: "<= 1m", -70: "<= 15m", -3000: "<= 15m"} {
		start := at(-10)
		c := &Case{Record: Record{
			At: judgedAt, Changes: []correlate.Change{{ID: "c", StartedAt: start}},
			Alerts: []correlate.Alert{{StartedAt: start.Add(time.Duration(seconds) * time.Second)}, {StartedAt: start.Add(6 * time.Minute)}},
		}, Causes: []string{"c"}}
		if got := delayBucket(c); got != want {
			t.Errorf("an alert %d s from the change: delay %q, want %q", seconds, got, want)
		}
	}
}

func TestOfSeveralCausesTheLatestSetsTheDelayInAnyOrder(t *testing.T) {
	changes := []correlate.Change{{ID: "old", StartedAt: at(-3000)}, {ID: "late", StartedAt: at(-14)}}
	for range 2 {
		slices.Reverse(changes)
		c := &Case{Record: Record{At: judgedAt, Changes: changes, Alerts: []correlate.Alert{{StartedAt: at(-10)}}}, Causes: []string{"old", "late"}}
		if got := delayBucket(c); got != "<= 5m" {
			t.Errorf("%s first: delay %q", changes[0].ID, got)
		}
	}
}

// Twins of a cause are right answers, but no further causes: one that is not
// listed is not missed.
func TestTwinsOfTheCauseAreNoCausesMore(t *testing.T) {
	alike := twins{"a": "web", "b": "web", "c": "cart", "unlisted": "web"}
	o := judge(labelled("a"), alike, Answer{Suspects: []Suspect{suspect("b", 0.4), suspect("a", 0.3), suspect("c", 0.1)}, NoChange: 0.2})
	if o.Hit[1] != 1 || o.TopRight != 1 || math.Abs(o.TopProbability-0.7) > 1e-12 || o.Causes != 1 || o.AllFound != 1 {
		t.Errorf("outcome %+v", o)
	}
}

func TestOnlyNamesAreLeftOutOfALikeness(t *testing.T) {
	base := func() correlate.Change {
		return correlate.Change{
			ID: "1", Source: "ci", Kind: correlate.KindDeploy, Services: []string{"web"}, Title: "Deploy web",
			Commits: []correlate.Commit{{SHA: "x", Message: "m"}}, PullRequests: []correlate.PullRequest{{Number: 1, URL: "u", Title: "t"}},
		}
	}
	plain := base()
	for name, tc := range map[string]struct {
		alter func(c *correlate.Change)
		alike bool
	}{
		"id":                 {func(c *correlate.Change) { c.ID = "2" }, true},
		"what it undoes":     {func(c *correlate.Change) { c.RollbackOf = "0" }, true},
		"links":              {func(c *correlate.Change) { c.Links = &correlate.ChangeLinks{} }, true},
		"commit":             {func(c *correlate.Change) { c.Commits[0].SHA = "y" }, true},
		"number of a pull":   {func(c *correlate.Change) { c.PullRequests[0].Number = 2 }, true},
		"address of a pull":  {func(c *correlate.Change) { c.PullRequests[0].URL = "v" }, true},
		"message":            {func(c *correlate.Change) { c.Commits[0].Message = "n" }, false},
		"title":              {func(c *correlate.Change) { c.Title = "Deploy cart" }, false},
		"title of a pull":    {func(c *correlate.Change) { c.PullRequests[0].Title = "s" }, false},
		"kind":               {func(c *correlate.Change) { c.Kind = correlate.KindConfig }, false},
		"services":           {func(c *correlate.Change) { c.Services = []string{"cart"} }, false},
		"number of commits":  {func(c *correlate.Change) { c.Commits = append(c.Commits, correlate.Commit{}) }, false},
		"where it came from": {func(c *correlate.Change) { c.Source = "cd" }, false},
	} {
		other := base()
		tc.alter(&other)
		if got := likeness(&plain) == likeness(&other); got != tc.alike {
			t.Errorf("another %s: alike is %v, want %v", name, got, tc.alike)
		}
	}
	if plain.ID != "1" || plain.Commits[0].SHA != "x" || plain.PullRequests[0].Number != 1 {
		t.Errorf("the change was altered: %+v", plain)
	}
}

func TestTheSlowestOfAHundredIsNotTheSlowestOfTen(t *testing.T) {
	outcomes := make([]Outcome, 100)
	for i := range outcomes {
		outcomes[i] = Outcome{Ranker: "r", Took: time.Duration(i+1) * time.Millisecond}
	}
	if f := NewReport(outcomes).Rankers[0]; *f.P50us != 50_000 || *f.P99us != 99_000 {
		t.Errorf("half take %d us and 99 of 100 %d us", *f.P50us, *f.P99us)
	}
}

func TestScoresOfARuleAreNotTakenForProbabilities(t *testing.T) {
	rule := judgedAs("c", "b", Answer{Suspects: []Suspect{suspect("a", 0.9)}, Uncalibrated: true})
	report := NewReport([]Outcome{rule})
	if got := report.Rankers[0].Brier; got != 0 || report.Cases[0].Suspects[0].Probability != 0 || report.Chance != nil {
		t.Errorf("a rule that is never right has a Brier score of %v with its best constant, and says %v", got, report.Cases[0].Suspects)
	}
}
