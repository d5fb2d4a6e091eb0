package terminal

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func finding() *correlate.Finding {
	at := time.Date(2026, 11, 20, 14, 0, 0, 0, time.UTC)
	return &correlate.Finding{
		Incident: "inc-1", Version: 3, AsOf: at.Add(5 * time.Minute), Verdict: correlate.VerdictProbable,
		NoChangeProbability: 0.06,
		Suspects: []correlate.Suspect{
			{
				Change: correlate.Change{
					ID: "d-1", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "checkout 2.4.0", Services: []string{"checkout"}, StartedAt: at,
				},
				Rank: 1, Probability: 0.9,
				Evidence: []correlate.Evidence{
					{Kind: correlate.EvidenceRegion, LogOdds: -0.7, Text: "the alert in eu-west lies outside the rollout"},
					{Kind: correlate.EvidenceTiming, LogOdds: 2.31, Text: "started 3 min before the first alert; half of comparable outages began within 5 min of the change"},
					{Kind: correlate.EvidenceText, LogOdds: 0.01, Text: "says nothing"},
				},
				Provenance: &correlate.Provenance{Class: correlate.ProvenanceAssisted, Confidence: 0.98, Tools: []correlate.AITool{{Name: "claude-code", Model: "opus"}}},
				Links:      &correlate.ChangeLinks{Diff: "https://example.com/diff"},
			},
			{
				Change: correlate.Change{ID: "c-2", Source: "flags", Kind: correlate.KindFeatureFlag, Services: []string{"search"}, StartedAt: at.Add(-time.Hour)},
				Rank:   2, Probability: 0.04,
			},
		},
		Missing: []string{"no metrics source is configured"},
		BlastRadius: &correlate.BlastRadius{
			Changed: []string{"checkout"}, Alerting: []string{"checkout", "shop"}, Quiet: []string{"cart"},
			Potential: 7, PotentialByTier: map[string]int{"1": 2, "unknown": 5}, Teams: []string{"payments"},
		},
	}
}

const wanted = `Incident inc-1: shop is down
finding 3, as of 2026-11-20 14:05:00 UTC

PROBABLE  This was probably caused by the deploy of checkout, argo-cd/d-1 (90%).

  1.  90% ██████████████████░░  checkout 2.4.0
     argo-cd/d-1: deploy on checkout, started 2026-11-20 14:00:00
     +2.3  timing    started 3 min before the first alert; half of comparable
                     outages began within 5 min of the change
     −0.7  region    the alert in eu-west lies outside the rollout
     provenance: ai-assisted (confidence 98%), claude-code opus
     diff     https://example.com/diff

  2.   4% █░░░░░░░░░░░░░░░░░░░  the feature flag of search, flags/c-2
     flags/c-2: feature_flag on search, started 2026-11-20 13:00:00

       6% █░░░░░░░░░░░░░░░░░░░  no recorded change did it

Blast radius
     changed   1: checkout
     alerting  2: checkout, shop
     quiet     1: cart
     potential 7 services can reach the changed ones (tier 1: 2, tier unknown: 5)
     teams     payments

Not looked at
     - no metrics source is configured
`

func TestFindingAsPrinted(t *testing.T) {
	var out strings.Builder
	if err := Finding(&out, finding(), "shop is down", Options{Width: 82}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wanted, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestNoChangeIsSaid(t *testing.T) {
	f := finding()
	f.Verdict, f.NoChangeProbability, f.Suspects, f.BlastRadius, f.Missing = correlate.VerdictNoChange, 0.8, nil, nil, nil
	var out strings.Builder
	if err := Finding(&out, f, "", Options{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"NO CHANGE  No recorded change explains the alerts well (80%).", "no recorded change did it"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q lacks %q", out.String(), want)
		}
	}
}

func TestColourOnlyWhenAskedAndNothingByColourAlone(t *testing.T) {
	var with, without strings.Builder
	if err := Finding(&with, finding(), "t", Options{Width: 82, Color: true}); err != nil {
		t.Fatal(err)
	}
	if err := Finding(&without, finding(), "t", Options{Width: 82}); err != nil {
		t.Fatal(err)
	}
	if strings.Contains(without.String(), "\x1b") {
		t.Error("escape sequences without colour")
	}
	stripped := with.String()
	for _, s := range []style{bold, dim, red, green, yellow} {
		stripped = strings.ReplaceAll(stripped, "\x1b["+string(s)+"m", "")
	}
	stripped = strings.ReplaceAll(stripped, "\x1b[0m", "")
	if diff := cmp.Diff(trimmed(without.String()), trimmed(stripped)); diff != "" {
		t.Error(diff)
	}
}

func trimmed(text string) []string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines
}

// Whatever a change or an alert holds, the terminal is not steered and no line
// is wider than asked.
func TestHostileTextIsHarmless(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hostile := rapid.String().Draw(t, "text") + "\x1b[2J\u202e\u200bevil\x00\r\n" + strings.Repeat("long", rapid.IntRange(0, 60).Draw(t, "n"))
		f := finding()
		f.Suspects[0].Change.Title, f.Suspects[0].Change.ID = hostile, hostile
		f.Suspects[0].Evidence[0].Text = hostile
		f.Suspects[0].Links.Diff = ""
		f.BlastRadius.Alerting = []string{hostile}
		f.Missing = []string{hostile}
		var out strings.Builder
		if err := Finding(&out, f, hostile, Options{Width: 72}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\x00\r\u202e\u200b") || !utf8.ValidString(out.String()) {
			t.Fatalf("steering characters came through: %q", out.String())
		}
		for _, line := range strings.Split(out.String(), "\n") {
			if utf8.RuneCountInString(line) > 72 {
				t.Fatalf("a line of %d columns: %q", utf8.RuneCountInString(line), line)
			}
		}
	})
}

func TestPercentNeverClaimsCertainty(t *testing.T) {
	for p, want := range map[float64]string{0: "0%", 0.004: "<1%", 0.5: "50%", 0.996: ">99%", 1: "100%"} {
		if got := percent(p); got != want {
			t.Errorf("%v: got %q, want %q", p, got, want)
		}
	}
}

func TestLongListsAreCut(t *testing.T) {
	f := finding()
	f.BlastRadius.Quiet = strings.Split(strings.Repeat("s,", 30)+"s", ",")
	var out strings.Builder
	if err := Finding(&out, f, "", Options{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "31: s, s") || !strings.Contains(out.String(), "and 19 more") {
		t.Error(out.String())
	}
}
