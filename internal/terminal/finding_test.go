package terminal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

var (
	began = time.Date(2026, 11, 2, 14, 41, 0, 0, time.UTC)
	ended = began.Add(9 * time.Minute)
)

func shopFinding() *correlate.Finding {
	return &correlate.Finding{
		Incident: "inc-1", Version: 3, AsOf: began.Add(30 * time.Minute), Verdict: correlate.VerdictProbable,
		NoChangeProbability: 0.12,
		Suspects: []correlate.Suspect{
			{
				Rank: 1, Probability: 0.81,
				Change: correlate.Change{
					ID: "d-412", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "Deploy checkout-api v412",
					Services: []string{"checkout-api"}, Regions: []string{"eu-west"}, StartedAt: began, FinishedAt: &ended,
					Status: correlate.StatusSucceeded,
				},
				Evidence: []correlate.Evidence{
					{Kind: correlate.EvidencePrior, LogOdds: -0.3, Text: "Deploys are half of all changes and a fifth of those that cause outages."},
					{Kind: correlate.EvidenceTiming, LogOdds: 2.6, Text: "The first alert fired 4 minutes after the rollout began, where three in five outages by deploys begin."},
					{Kind: correlate.EvidenceTopology, LogOdds: 3.1, Text: "5 of the 6 alerting services call checkout-api."},
				},
				Links: &correlate.ChangeLinks{Diff: "https://git.example.com/shop/412", Rollback: "https://cd.example.com/undo/412"},
			},
			{
				Rank: 2, Probability: 0.004,
				Change: correlate.Change{ID: "77", Source: "flags", Kind: correlate.KindFeatureFlag, StartedAt: began.Add(-time.Hour)},
			},
		},
		Missing: []string{"No metrics source is configured."},
		BlastRadius: &correlate.BlastRadius{
			Changed: []string{"checkout-api"}, Alerting: []string{"web", "cart-api"}, Quiet: []string{"mobile"},
			Potential: 14, PotentialByTier: map[string]int{"2": 9, "1": 5}, Teams: []string{"shop", "payments"},
		},
	}
}

func printed(t *testing.T, f *correlate.Finding, title string, o Options) string {
	t.Helper()
	var b bytes.Buffer
	if err := Finding(&b, f, title, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// Set UPDATE_GOLDEN=1 to write the files anew; read the difference in review.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s:\n%s", name, diff)
	}
}

func TestFindingReadsAsRecorded(t *testing.T) {
	golden(t, "finding-100.txt", printed(t, shopFinding(), "checkout-api and 5 more are failing", Options{}))
	golden(t, "finding-60.txt", printed(t, shopFinding(), "checkout-api and 5 more are failing", Options{Width: 60}))
}

func TestEachVerdictHasItsSentence(t *testing.T) {
	f := shopFinding()
	for verdict, want := range map[correlate.Verdict]string{
		correlate.VerdictProbable: "Probable cause: deploy", correlate.VerdictPossible: "Possible cause: deploy",
		correlate.VerdictWeak: "Weak evidence only.", correlate.VerdictNoChange: "Probably no recorded change did it (12%).",
	} {
		f.Verdict = verdict
		if got := verdictSentence(f); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %q", verdict, got)
		}
	}
	none := &correlate.Finding{Verdict: correlate.VerdictNoChange, NoChangeProbability: 1}
	if got := printed(t, none, "", Options{}); !strings.Contains(got, "No recorded change is a suspect (no change: 100%).") {
		t.Errorf("without suspects:\n%s", got)
	}
}

func TestColourIsAddedOnlyWhenAskedAndTellsNothingAlone(t *testing.T) {
	plain, colored := printed(t, shopFinding(), "t", Options{}), printed(t, shopFinding(), "t", Options{Color: true})
	if strings.Contains(plain, "\x1b") || !strings.Contains(colored, "\x1b[") {
		t.Error("colour codes are where they should not be")
	}
	var stripped strings.Builder
	for i, part := range strings.Split(colored, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		stripped.WriteString(part)
	}
	if diff := cmp.Diff(plain, stripped.String()); diff != "" {
		t.Errorf("colour changes more than colour:\n%s", diff)
	}
}

func TestHostileTextCannotTouchTheTerminal(t *testing.T) {
	const hostile = "pay\x1b[2J\x07\u202Egnp.exe\u2066\r\noops\x00\u0085\u200b\ufeff\xff"
	f := shopFinding()
	f.Suspects[0].Change.Title, f.Suspects[0].Change.ID = hostile, hostile
	f.Suspects[0].Change.Services, f.Suspects[0].Evidence[0].Text = []string{hostile}, hostile
	f.Suspects[0].Links.Diff, f.Missing[0] = hostile, hostile
	f.BlastRadius.Alerting, f.BlastRadius.Teams = []string{hostile}, []string{hostile}
	f.BlastRadius.PotentialByTier = map[string]int{hostile: 3}
	for _, r := range printed(t, f, hostile, Options{}) {
		if r != '\n' && (r < ' ' || r >= 0x7f && r < 0xa0 || r >= 0x2000 && r <= 0x200f || r >= 0x2028 && r <= 0x202e || r >= 0x2060 && r <= 0x206f || r == 0xfeff) {
			t.Fatalf("%U came through", r)
		}
	}
}

func TestNoLineIsWiderThanAsked(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := shopFinding()
		f.Suspects[0].Change.Title = rapid.String().Draw(t, "title")
		f.Suspects[0].Evidence[1].Text = rapid.String().Draw(t, "text")
		f.Suspects[0].Change.Services = rapid.SliceOf(rapid.String()).Draw(t, "services")
		f.BlastRadius.Quiet = rapid.SliceOf(rapid.StringN(0, 300, -1)).Draw(t, "quiet")
		f.Missing = rapid.SliceOf(rapid.String()).Draw(t, "missing")
		width := rapid.IntRange(minWidth, maxWidth).Draw(t, "width")
		var b bytes.Buffer
		if err := Finding(&b, f, rapid.String().Draw(t, "incident"), Options{Width: width}); err != nil {
			t.Fatal(err)
		}
		for _, line := range strings.Split(b.String(), "\n") {
			if cells(line) > width {
				t.Fatalf("%d columns of %d: %q", cells(line), width, line)
			}
			if strings.HasSuffix(line, " ") {
				t.Fatalf("trailing space: %q", line)
			}
		}
	})
}

func TestAbsurdWidthsAreKeptInBounds(t *testing.T) {
	for asked, want := range map[int]int{0: defaultWidth, -5: minWidth, 12: minWidth, 120: 120, 9999: maxWidth} {
		if got := newPage(Options{Width: asked}).width; got != want {
			t.Errorf("width %d becomes %d, want %d", asked, got, want)
		}
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("closed pipe") }

func TestFailingOutputIsReported(t *testing.T) {
	if err := Finding(closedPipe{}, shopFinding(), "", Options{}); err == nil || !strings.Contains(err.Error(), "closed pipe") {
		t.Errorf("error %v", err)
	}
}

func TestTheStrongestEvidenceIsReadFirstWhateverItsSign(t *testing.T) {
	f := shopFinding()
	f.Suspects = f.Suspects[:1]
	f.Suspects[0].Evidence = []correlate.Evidence{
		{Kind: correlate.EvidencePrior, LogOdds: -0.3, Text: "weak against"},
		{Kind: correlate.EvidenceTiming, LogOdds: 2, Text: "strong for"},
		{Kind: correlate.EvidenceTopology, LogOdds: -4, Text: "strongest against"},
		{Kind: correlate.EvidenceText, LogOdds: 2, Text: "as strong"},
	}
	text, at := printed(t, f, "t", Options{}), -1
	for _, want := range []string{"-4.0", "+2.0  timing", "+2.0  text", "-0.3"} {
		next := strings.Index(text, want)
		if next <= at {
			t.Errorf("%q is missing or too early in\n%s", want, text)
		}
		at = next
	}
	if f.Suspects[0].Evidence[0].Text != "weak against" {
		t.Error("the finding was sorted in place")
	}
}

// TestWhatIsKnownOfAChangeIsSaidAndNothingElse goes through changes of which
// more and less is known.
func TestWhatIsKnownOfAChangeIsSaidAndNothingElse(t *testing.T) {
	started := "started 2026-11-02 14:41:00 UTC"
	for want, c := range map[string]correlate.Change{
		started + ", on everything in production":                            {StartedAt: began},
		started + ", on everything in staging":                               {StartedAt: began, Environment: "staging"},
		started + ", took 9m0s, rolled back, on cart":                        {StartedAt: began, FinishedAt: &ended, Status: correlate.StatusRolledBack, Services: []string{"cart"}},
		started + ", 2 rollout steps, in progress, on a, b, c, d and 1 more": {StartedAt: began, Rollout: make([]correlate.RolloutStep, 2), Status: correlate.StatusInProgress, Services: []string{"a", "b", "c", "d", "e"}},
		started + ", on cart, in eu, us":                                     {StartedAt: began, Services: []string{"cart"}, Regions: []string{"eu", "us"}},
	} {
		if got := course(&c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for want, c := range map[string]correlate.Change{
		`deploy "new cart" [ci/1]`:                {Source: "ci", ID: "1", Kind: correlate.KindDeploy, Title: "new cart", Services: []string{"x"}},
		`feature flag "cart" [flags/2]`:           {Source: "flags", ID: "2", Kind: correlate.KindFeatureFlag, Services: []string{"cart"}},
		`config "everything in production" [c/3]`: {Source: "c", ID: "3", Kind: correlate.KindConfig, Title: " \x00 "},
	} {
		if got := name(&c); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestLinksOfTheSuspectComeBeforeThoseOfTheChange(t *testing.T) {
	own, given := &correlate.ChangeLinks{Diff: "https://own"}, &correlate.ChangeLinks{Run: "https://run", Rollback: "https://back"}
	for want, s := range map[string]correlate.Suspect{
		"": {}, "diff https://own": {Change: correlate.Change{Links: own}}, "run https://run, rollback https://back": {Change: correlate.Change{Links: own}, Links: given},
	} {
		if got := strings.Join(links(&s), ", "); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestABlastRadiusSaysOnlyWhatItHolds(t *testing.T) {
	f := shopFinding()
	f.BlastRadius = &correlate.BlastRadius{Alerting: []string{"web"}, Potential: 3}
	text := printed(t, f, "t", Options{})
	for want, there := range map[string]bool{"alerting    1  web": true, "potential   3  services can reach a changed one\n": true, "  quiet ": false, "  teams ": false, "  changed ": false} {
		if strings.Contains(text, want) != there {
			t.Errorf("%q: %t in\n%s", want, !there, text)
		}
	}
	f.BlastRadius = nil
	if text := printed(t, f, "t", Options{}); strings.Contains(text, "Blast radius") {
		t.Errorf("a blast radius without one:\n%s", text)
	}
	many := make([]string, 30)
	for i := range many {
		many[i] = "service"
	}
	f.BlastRadius = &correlate.BlastRadius{Quiet: many}
	if text := printed(t, f, "t", Options{}); !strings.Contains(text, "quiet      30") || !strings.Contains(text, "and 18 more") {
		t.Errorf("thirty quiet services:\n%s", text)
	}
}
