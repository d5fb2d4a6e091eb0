package web

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

// suspected is a finding with n suspects, the first strong, the others weak.
func suspected(n int) correlate.Finding {
	var f correlate.Finding
	for i := range n {
		p := 0.8
		if i > 0 {
			p = 0.1 / float64(i)
		}
		f.Suspects = append(f.Suspects, correlate.Suspect{
			Rank: i + 1, Probability: p,
			Change: correlate.Change{
				ID: "c", Source: "ci", Kind: correlate.KindDeploy, Title: "a change", Services: []string{"a"}, StartedAt: onset.Add(-time.Duration(i+1) * time.Minute),
				Links: &correlate.ChangeLinks{Diff: "https://git.example/d", Run: "https://ci.example/r", Rollback: "https://cd.example/b"},
			},
			Evidence: []correlate.Evidence{
				{Kind: correlate.EvidencePrior, LogOdds: -0.4, Text: "seldom fails"},
				{Kind: correlate.EvidenceTiming, LogOdds: 0.9, Text: "just before"},
				{Kind: correlate.EvidenceTopology, LogOdds: 2.5, Text: "its callers alert"},
				{Kind: correlate.EvidenceRollout, LogOdds: -3, Text: "not there yet"},
			},
		})
	}
	return f
}

// TestFiveSuspectsAreShownWithWhatSpeaksForAndAgainst counts what a commander
// needs of each: a band, a score, signed reasons with the strongest first, ways out.
func TestFiveSuspectsAreShownWithWhatSpeaksForAndAgainst(t *testing.T) {
	f := suspected(9)
	views := siteAt(onset).suspects(&correlate.Incident{StartedAt: onset}, &f, &Sheet{Hidden: true}, judgeForm{})
	if len(views) != maxSuspects {
		t.Fatalf("%d suspects are shown", len(views))
	}
	for i, v := range views {
		html := rendered(t, "incident", "suspect", v)
		for _, needed := range []string{v.Band, v.Score.Percent, "Speaks for it", "Speaks against it", "https://git.example/d", "https://ci.example/r", "https://cd.example/b", "Hidden until a verdict is saved", `id="` + v.Anchor + `"`} {
			if !strings.Contains(html, strings.ReplaceAll(needed, "<", "&lt;")) {
				t.Errorf("suspect %d lacks %q", i+1, needed)
			}
		}
		if v.For[0].LogOdds != "+2.5" || v.For[1].LogOdds != "+0.9" || v.Against[0].LogOdds != "−3.0" || v.Against[1].LogOdds != "−0.4" {
			t.Errorf("suspect %d: for %+v, against %+v", i+1, v.For, v.Against)
		}
		if v.Folded != (i > 0) || !strings.HasSuffix(v.Gap, "before the first alert") {
			t.Errorf("suspect %d: folded %t, %q", i+1, v.Folded, v.Gap)
		}
	}
	if views[0].Band != bandStrong || views[1].Band != bandWeak {
		t.Errorf("bands %s, %s", views[0].Band, views[1].Band)
	}
}

func TestBarsOfEvidenceGrowWithItsWeightAndStop(t *testing.T) {
	for odds, want := range map[float64]int{0: 1, 0.1: 1, 1: 3, -2: 5, 4: 10, -40: 10, 1e9: 10} {
		if got := reasonOf(&correlate.Evidence{LogOdds: odds}, &correlate.Change{}).Weight; got != want {
			t.Errorf("%v has a bar of %d, want %d", odds, got, want)
		}
	}
	r := reasonOf(&correlate.Evidence{Refs: []string{"change:ci/me", "service:a", "alert:x", "javascript:1", "service:b", "service:c", "service:d", "service:e", "service:f", "service:g"}}, &correlate.Change{Source: "ci", ID: "me"})
	if len(r.Refs) != maxReasonRefs || r.Refs[0].Name != "a" {
		t.Errorf("%+v", r.Refs)
	}
}

func TestBandsHaveTheirLimits(t *testing.T) {
	for p, want := range map[float64]string{0: bandWeak, 0.299: bandWeak, 0.3: bandMedium, 0.699: bandMedium, 0.7: bandStrong, 1: bandStrong, math.NaN(): bandWeak} {
		if got := band(p); got != want {
			t.Errorf("%v is %s, want %s", p, got, want)
		}
	}
}

// TestAnswersSayNoMoreThanTheFinding holds the one sentence at the top against
// each kind of finding.
func TestAnswersSayNoMoreThanTheFinding(t *testing.T) {
	in := &correlate.Incident{StartedAt: onset}
	one := suspected(1)
	for verdict, want := range map[correlate.Verdict]string{
		correlate.VerdictProbable: "Probable cause: a change, 1 min before the first alert (80%).",
		correlate.VerdictPossible: "Possible cause: a change, 1 min before the first alert (80%).",
		correlate.VerdictWeak:     "Weak evidence only. First suspect: a change, 1 min before the first alert (80%).",
		correlate.VerdictNoChange: "Probably no recorded change did it (0%). Nearest suspect: a change, 1 min before the first alert (80%).",
		"some day":                "First suspect: a change, 1 min before the first alert (80%).",
	} {
		one.Verdict = verdict
		a := answerOf(in, &one, onset)
		if got := a.Lead + a.Title + a.Tail; got != want || a.Path != "#suspect-1" {
			t.Errorf("%s: %q, want %q", verdict, got, want)
		}
		if verdict == correlate.VerdictNoChange && a.Band != bandNone {
			t.Error("no cause in the colour of a cause")
		}
	}
	if a := answerOf(in, nil, onset.Add(3*time.Second)); !strings.Contains(a.Lead, "No finding yet") || !strings.Contains(a.Lead, "3 s ago") {
		t.Errorf("%q", a.Lead)
	}
	if a := answerOf(in, &correlate.Finding{NoChangeProbability: 1}, onset); !strings.Contains(a.Lead, "No recorded change is a suspect (100%") {
		t.Errorf("%q", a.Lead)
	}
}

func TestAWeekHasItsDays(t *testing.T) {
	for week, want := range map[string]string{
		"2026-W18": "27 Apr to 3 May 2026", "2026-W01": "29 Dec to 4 Jan 2026", "2020-W53": "28 Dec to 3 Jan 2021", "2024-W09": "26 Feb to 3 Mar 2024", "2026-W54": "", "W18": "", "<script>": "",
	} {
		if got := weekDays(week); got != want {
			t.Errorf("%s: %q, want %q", week, got, want)
		}
	}
}
