package figures

import (
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// quick draws few incidents again: what is checked here does not rest on it.
func quick(c *Config) { c.BootstrapDraws, c.ChanceShifts = 20, 20 }

func askRapid(t *rapid.T, f *fakeReader) Impact {
	cfg := DefaultConfig()
	quick(&cfg)
	out, err := New(cfg, f, func() time.Time { return now }).AIImpact(t.Context(), time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Every change is in one group, and apart or compared, never both or neither.
func TestEveryChangeIsCountedOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawOnes(t)
		out := askRapid(t, readerOf(all, 1))
		p := out.Population
		if got := p.Changes + p.Rollbacks + p.DuringIncident + p.Immature; got != len(all) {
			t.Errorf("%d changes are told of, there are %d", got, len(all))
		}
		unknown := countOnes(all, false, inGroup(groupUnknown))
		if (p.Unknown == nil) != (p.Changes == 0) || (p.Unknown != nil && (p.Unknown.Events != unknown.n || p.Unknown.N != p.Changes)) {
			t.Errorf("unknown: %+v, want %d of %d", p.Unknown, unknown.n, p.Changes)
		}
		for _, g := range out.Groups {
			checkGroup(t, all, &g)
		}
		checkWeeks(t, all, out.Weeks)
	})
}

func checkGroup(t *rapid.T, all []one, g *ChangeGroup) {
	confirmed, suspected := countOnes(all, false, inGroup(g.Group)), countOnes(all, true, inGroup(g.Group))
	if g.Changes != confirmed.n || g.Incidents != confirmed.events {
		t.Errorf("%s: %d changes and %d incidents, want %+v", g.Group, g.Changes, g.Incidents, confirmed)
	}
	if (g.Rate == nil) != (confirmed.n == 0) {
		t.Fatalf("%s: rate %+v of %d changes", g.Group, g.Rate, confirmed.n)
	}
	if g.Rate != nil && (g.Rate.Events != confirmed.events || g.Suspected.Events != suspected.events || g.Rate.N != confirmed.n) {
		t.Errorf("%s: %+v and %+v, want %+v and %+v", g.Group, g.Rate, g.Suspected, confirmed, suspected)
	}
	sum := 0
	for _, c := range g.Classes {
		sum += c.Changes
	}
	if (g.Group == groupAI && sum != g.Changes) || (g.Group != groupAI && sum != 0) {
		t.Errorf("%s: its classes hold %d of %d changes", g.Group, sum, g.Changes)
	}
}

func checkWeeks(t *rapid.T, all []one, weeks []Week) {
	total := 0
	for i, w := range weeks {
		if i > 0 && !weeks[i-1].Starts.Before(w.Starts) {
			t.Errorf("week %v stands after %v", w.Starts, weeks[i-1].Starts)
		}
		for _, g := range w.Groups {
			in := inGroup(g.Group)
			want := countOnes(all, false, func(o *one) bool { return in(o) && o.week.Equal(w.Starts) })
			if g.Changes != want.n || g.Events != want.events {
				t.Errorf("week %v, %s: %+v, want %+v", w.Starts, g.Group, g, want)
			}
			total += g.Changes
		}
		if w.Low > w.High || w.Low < 0 || w.High > 1 {
			t.Errorf("control limits %v to %v", w.Low, w.High)
		}
	}
	if want := countOnes(all, false, func(*one) bool { return true }); total != want.n {
		t.Errorf("weeks hold %d changes, want %d", total, want.n)
	}
}

// Strata lose no change: each is in a stratum that compares, or told as outside.
func TestComparisonsAreMadeOfTheChangesThatThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawOnes(t)
		out := askRapid(t, readerOf(all, 1))
		ai, human, unknown := inGroup(groupAI), inGroup(groupHuman), inGroup(groupUnknown)
		either := func(a, b func(*one) bool) func(*one) bool { return func(o *one) bool { return a(o) || b(o) } }
		checkStrata(t, all, &out.Headline, ai, human)
		for _, c := range out.Sensitivity {
			switch c.Name {
			case "unknown_as_human":
				checkStrata(t, all, &c, ai, either(human, unknown))
			case "unknown_as_ai":
				checkStrata(t, all, &c, either(ai, unknown), human)
			case "machine_suspected":
				if want := countOnes(all, true, ai); sizeOf(c.ExposedRate) != want.n || (c.ExposedRate != nil && c.ExposedRate.Events != want.events) {
					t.Errorf("suspected: %+v, want %+v", c.ExposedRate, want)
				}
			default:
				t.Errorf("a line that nobody asked for: %s", c.Name)
			}
		}
	})
}

func checkStrata(t *rapid.T, all []one, c *Comparison, exposed, unexposed func(*one) bool) {
	used, inside, outside, crude := strataOf(all, exposed, unexposed)
	if c.Strata.Used != used || c.Strata.ChangesOutside != outside {
		t.Errorf("%s: %d strata and %d changes outside, want %d and %d", c.Name, c.Strata.Used, c.Strata.ChangesOutside, used, outside)
	}
	if c.Gate.Events != crude[0].events+crude[1].events || sizeOf(c.ExposedRate) != crude[0].n || sizeOf(c.UnexposedRate) != crude[1].n {
		t.Errorf("%s: %+v %+v %+v, want %+v", c.Name, c.Gate, c.ExposedRate, c.UnexposedRate, crude)
	}
	if crude[0].events > 0 && crude[1].events > 0 {
		want := (float64(crude[0].events) / float64(crude[0].n)) / (float64(crude[1].events) / float64(crude[1].n))
		if c.Crude == nil || c.Crude.Value == nil || math.Abs(*c.Crude.Value-want) > 1e-9*want {
			t.Errorf("%s: crude %+v, want %v", c.Name, c.Crude, want)
		}
	}
	checkLines(t, c, inside)
}

// checkLines demands that the lines are the strata, no more and no less.
func checkLines(t *rapid.T, c *Comparison, inside int) {
	strata, changes, weight := 0, 0, 0.0
	for i, line := range c.Strata.Lines {
		strata += line.Strata
		changes += line.Exposed.Changes + line.Unexposed.Changes
		weight += line.Weight
		if line.Exposed.Events > line.Exposed.Changes || line.Unexposed.Events > line.Unexposed.Changes || line.Weight <= 0 {
			t.Errorf("%+v", line)
		}
		if i > 0 && line.Strata == 1 && line.Weight > c.Strata.Lines[i-1].Weight+1e-12 {
			t.Errorf("%s: line %d outweighs the one above", c.Name, i)
		}
	}
	if strata != c.Strata.Used || changes != inside || len(c.Strata.Lines) > maxLines+1 || (strata > 0 && math.Abs(weight-1) > 1e-9) {
		t.Errorf("%s: %d lines hold %d strata, %d changes, weight %v; want %d and %d", c.Name, len(c.Strata.Lines), strata, changes, weight, c.Strata.Used, inside)
	}
}

// The order of rows, and whether a cell comes in one piece, is the store's affair.
func TestTheAnswerDoesNotDependOnHowTheStoreCutsIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawOnes(t)
		whole, cut := readerOf(all, 1), readerOf(all, rapid.IntRange(2, 5).Draw(t, "pieces"))
		slices.Reverse(cut.cells)
		slices.Reverse(cut.weeks)
		a, b := askRapid(t, whole), askRapid(t, cut)
		if diff := cmp.Diff(a, b); diff != "" {
			t.Error(diff)
		}
	})
}

// Whatever the data, the answer is JSON, and its words are sentences that claim
// no cause.
func TestEveryAnswerCanBeWrittenAndClaimsNoCause(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		out := askRapid(t, readerOf(drawOnes(t), 1))
		text, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		var back Impact
		if err := json.Unmarshal(text, &back); err != nil || back.Headline.Words != out.Headline.Words {
			t.Errorf("%v: %q", err, back.Headline.Words)
		}
		for _, c := range append([]Comparison{out.Headline}, out.Sensitivity...) {
			checkWords(t, &c)
		}
	})
}

func checkWords(t *rapid.T, c *Comparison) {
	if !strings.HasSuffix(c.Words, ".") || strings.Contains(c.Words, "  ") || strings.Contains(c.Words, "NaN") || strings.Contains(c.Words, "Inf") {
		t.Errorf("%q", c.Words)
	}
	if bare := strings.ReplaceAll(c.Words, "not proof of cause", ""); strings.Contains(bare, "cause") {
		t.Errorf("a claim of cause: %q", c.Words)
	}
	if !slices.Contains(Verdicts(), c.Verdict) || (c.Verdict == Insufficient) == (c.Gate.Enough && (c.Looks != nil || c.Exact != nil)) {
		t.Errorf("verdict %s with %+v, looks %+v, exact %+v", c.Verdict, c.Gate, c.Looks, c.Exact)
	}
	if c.Looks != nil && ((c.Verdict == More) != (c.Gate.Enough && c.Looks.Lo > 1) || (c.Verdict == Fewer) != (c.Gate.Enough && c.Looks.Hi < 1)) {
		t.Errorf("verdict %s against an interval of %v to %v", c.Verdict, c.Looks.Lo, c.Looks.Hi)
	}
	for name, r := range map[string]*Ratio{"crude": c.Crude, "adjusted": c.Adjusted, "for size": c.AdjustedForSize, "odds": c.Odds, "exact": c.Exact} {
		if r != nil && (r.Lo < 0 || (r.Value != nil && *r.Value < r.Lo) || (r.Hi != nil && (r.Value == nil || *r.Hi < *r.Value))) {
			t.Errorf("%s is outside its interval: %+v", name, r)
		}
	}
}

// A mirror: who is compared with whom turns every ratio upside down.
func TestExchangingTheGroupsTurnsTheRatioOver(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := drawOnes(t)
		mirrored := slices.Clone(all)
		for i := range mirrored {
			switch {
			case isAI(all[i].class):
				mirrored[i].class = correlate.ProvenanceHuman
			case all[i].class == correlate.ProvenanceHuman:
				mirrored[i].class = correlate.ProvenanceAssisted
			}
		}
		a, b := askRapid(t, readerOf(all, 1)).Headline, askRapid(t, readerOf(mirrored, 1)).Headline
		if a.Strata.Used != b.Strata.Used || a.Gate.Events != b.Gate.Events || a.Gate.Enough != b.Gate.Enough {
			t.Errorf("%+v %+v", a.Strata, b.Strata)
		}
		for name, pair := range map[string][2]*Ratio{"crude": {a.Crude, b.Crude}, "adjusted": {a.Adjusted, b.Adjusted}, "exact": {a.Exact, b.Exact}} {
			if pair[0] == nil || pair[1] == nil || pair[0].Value == nil || pair[1].Value == nil || *pair[0].Value == 0 {
				continue
			}
			if got := *pair[0].Value * *pair[1].Value; math.Abs(got-1) > 1e-6 {
				t.Errorf("%s: %v and %v are no reciprocals", name, *pair[0].Value, *pair[1].Value)
			}
		}
	})
}

// The middle of samples of unlike weight is that of the list in which each
// number stands as often as it counts.
func TestASpreadIsThatOfTheListWrittenOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var values []weighted
		var list []float64
		for range rapid.IntRange(1, 30).Draw(t, "n") {
			v, times := float64(rapid.IntRange(0, 9).Draw(t, "value")), rapid.IntRange(1, 5).Draw(t, "times")
			values = append(values, weighted{v, float64(times)})
			list = append(list, slices.Repeat([]float64{v}, times)...)
		}
		slices.Sort(list)
		n := len(values)
		got := spread(values)
		at := func(share float64) float64 { return list[int(math.Ceil(share*float64(len(list))-1e-9))-1] }
		if got.Median != at(0.5) || got.P80 != at(0.8) || got.N != n {
			t.Errorf("%+v, want %v and %v", got, at(0.5), at(0.8))
		}
	})
}

// Approval cells may come in pieces too, each with a sample of its own.
func TestApprovalsAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := &fakeReader{}
		want := map[string]counts{}
		for i := range rapid.IntRange(0, 20).Draw(t, "cells") {
			n := rapid.IntRange(1, 40).Draw(t, "n")
			c := query.ApprovalCell{
				Kind: rapid.SampledFrom(correlate.ChangeKinds()[:2]).Draw(t, "kind"), Size: query.SizeSmall, Tier: rapid.IntRange(0, 2).Draw(t, "tier"),
				Approval: rapid.SampledFrom([]string{"senior", "other", "none"}).Draw(t, "approval"), N: n,
				Confirmed: keys(string(rune('a'+i)), rapid.IntRange(0, min(n, 3)).Draw(t, "events")),
			}
			f.approvals = append(f.approvals, c)
			sum := want[c.Approval]
			want[c.Approval] = counts{sum.n + n, sum.events + len(c.Confirmed)}
		}
		cfg := DefaultConfig()
		out, err := New(cfg, f, func() time.Time { return now }).Policy(t.Context(), time.Time{}, time.Time{})
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, g := range out.Groups {
			if w := want[g.Approval]; g.Changes != w.n || (g.Rate == nil) != (w.n == 0) || (g.Rate != nil && g.Rate.Events != w.events) {
				t.Errorf("%s: %+v, want %+v", g.Approval, g, w)
			}
			total += g.Changes
		}
		if (out.Coverage == nil) != (total == 0) || (out.Coverage != nil && (out.Coverage.N != total || out.Coverage.Events != want["senior"].n)) {
			t.Errorf("coverage %+v, want %d of %d", out.Coverage, want["senior"].n, total)
		}
		if sizeOf(out.Effect.ExposedRate) != want["senior"].n || sizeOf(out.Effect.UnexposedRate) != total-want["senior"].n {
			t.Errorf("effect %+v", out.Effect)
		}
	})
}
