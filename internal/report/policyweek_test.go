package report

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/faultline/faultline/internal/figures"
)

// renderings are all five, as text.
func renderings(t *testing.T, r *Report) map[string]string {
	t.Helper()
	slack, err := json.Marshal(r.Slack())
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{
		"html":     html.UnescapeString(render(t, r, HTML)),
		"markdown": strings.NewReplacer(`\`, "").Replace(render(t, r, Markdown)),
		"json":     render(t, r, JSON),
		"slack":    strings.NewReplacer("＿", "_").Replace(string(slack)),
	}
}

// TestEveryRenderingTellsWhatLeadersAskFor goes through what the report is to
// tell, and looks for it in each rendering that is text. The PDF is drawn of the
// same sections as HTML.
func TestEveryRenderingTellsWhatLeadersAskFor(t *testing.T) {
	q := simulateQuarter(7)
	r := q.build(t)
	all := renderings(t, &r)
	for what, text := range map[string]string{
		"one sentence":                r.Sentence[:40],
		"reason of a broken glass":    "orders fail in Italy",
		"a violation":                 "Resize the connection pool (argo-cd/4755)",
		"how many broke a rule":       "21",
		"AI-assisted, with n":         r.Groups[0].Value,
		"human":                       r.Groups[1].Value,
		"unknown":                     r.Groups[2].Value,
		"a large incident":            r.Incidents[0].Title[:20],
		"a mover":                     r.Movers[0].Service,
		"a decision":                  "Do the reasons hold?",
		"quality of data":             "Sources silent for more than a day",
		"accuracy of our own finding": "precision_at_1",
	} {
		for name, rendering := range all {
			wanted := text
			if what == "accuracy of our own finding" && name != "json" {
				wanted = "ause stood first"
			}
			if what == "how many broke a rule" && name != "json" {
				wanted = "21 broke a rule that denies"
			}
			if !strings.Contains(rendering, wanted) {
				t.Errorf("%s lacks %s: %q", name, what, wanted)
			}
		}
	}
	for name, text := range map[string]string{"html": "By chance alone", "markdown": "By chance alone", "json": `"expected"`} {
		if !strings.Contains(all[name], text) {
			t.Errorf("%s lacks the excess over chance", name)
		}
	}
}

func TestThePolicyIsSaidInASentence(t *testing.T) {
	for name, tc := range map[string]struct {
		week PolicyWeek
		want string
	}{
		"kept and broken": {
			PolicyWeek{Version: "3", Judged: 1200, Kept: 1100, Denied: 60, Warned: 38, Glass: 2},
			"Of 1,200 changes of this week, judged by what really happened, 1,100 kept every rule of the policy (version 3), 60 broke a rule that denies, 38 broke rules that only warn, and 2 went through on break-glass.",
		},
		"one change": {PolicyWeek{Version: "3", Judged: 1, Kept: 1}, "Of 1 change of this week"},
		"no change":  {PolicyWeek{Version: "3"}, "No change of this week was judged"},
		"no policy":  {PolicyWeek{}, "The policy was not applied"},
	} {
		r := Report{Policy: tc.week}
		if got := r.policyWords(); !strings.Contains(got, tc.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestCasesThatAreLeftOutAreCounted(t *testing.T) {
	cases := []PolicyCase{{Change: "a", Class: "ai_operated", Reason: "x"}, {Change: "b", Tier: 2, Class: "unknown"}}
	got := caseTable("title", cases, 2000)
	if !strings.Contains(got.Note, "2 of 2,000 are shown") || got.Rows[0][1] != "unknown" || got.Rows[0][2] != "AI-operated" || got.Rows[1][1] != "2" || got.Rows[1][2] != "unknown" {
		t.Errorf("%+v", got)
	}
	if whole := caseTable("title", cases, 2); whole.Note != "" {
		t.Errorf("nothing is left out, and the note says %q", whole.Note)
	}
}

func TestForeignTextOfThePolicyIsOnlyText(t *testing.T) {
	q := simulateQuarter(7)
	q.title = hostile
	r := q.build(t)
	if strings.ContainsAny(r.Policy.Violations[0].Change, "\x00\x1b\u202e") {
		t.Errorf("%q", r.Policy.Violations[0].Change)
	}
	page := render(t, &r, HTML)
	if strings.Contains(page, "<script>alert") {
		t.Error("HTML lets a script through")
	}
	for _, b := range r.Slack().Blocks {
		if b.Text != nil && strings.Contains(b.Text.Text, "<!channel>") {
			t.Error("Slack lets a mention through")
		}
	}
}

func TestCasesLeadToTheirChangesOnlyWhereThereIsAnAddress(t *testing.T) {
	r := simulateQuarter(7).build(t)
	if got := r.Policy.Violations[0].URL; got != "https://faultline.example/changes/argo-cd/4711" {
		t.Error(got)
	}
	if got := r.Policy.GlassBroken[1].URL; got != "" {
		t.Errorf("a change without a page leads to %q", got)
	}
}

func TestChanceIsSaidOnlyWhereItIsExceeded(t *testing.T) {
	for name, tc := range map[string]struct {
		c    figures.Chance
		want string
	}{
		"far more":       {figures.Chance{Observed: 43, Expected: 23.2, High: 31}, "yes, by 19.8"},
		"within chance":  {figures.Chance{Observed: 30, Expected: 23.2, High: 31}, "no more than chance"},
		"less":           {figures.Chance{Observed: 10, Expected: 23.2, High: 31}, "no more than chance"},
		"nothing at all": {figures.Chance{}, "nothing to compare"},
	} {
		if got := excessWords(tc.c); got != tc.want {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestGroupsStandSideBySideWithTheirBasis(t *testing.T) {
	ratio := 1.59
	hi := 4.23
	i := figures.Impact{
		Groups: []figures.ChangeGroup{
			{Group: "AI-assisted changes", Rate: &figures.Share{Events: 12, N: 7345, Value: 0.0016, Lo: 0.0009, Hi: 0.0029}},
			{Group: "human changes"},
			{Group: "automated changes"},
			{Group: "changes of unknown origin"},
		},
		Headline: figures.Comparison{Verdict: figures.NoDifference, Adjusted: &figures.Ratio{Value: &ratio, Lo: 0.6, Hi: &hi}},
	}
	got := groupTiles(&i)
	if len(got) != 5 || got[0].Value != "0.16%" || got[0].Basis != "12 of 7,345 changes with an incident; 95% interval 0.09% to 0.29%" {
		t.Errorf("%+v", got)
	}
	if got[1].Value != "–" || got[1].Basis != "no matured change" || got[2].Name != "Changes of unknown origin" || got[4].Value != "–" {
		t.Errorf("%+v", got)
	}
	if got[3].Value != "1.59×" || !strings.Contains(got[3].Before, "No detectable difference; not proof of cause") {
		t.Errorf("%+v", got[3])
	}
	i.Headline.Verdict = figures.Insufficient
	if got = groupTiles(&i); got[3].Value != "–" || got[3].Basis != "insufficient data" {
		t.Errorf("below the gate the tile shows a ratio: %+v", got[3])
	}
}

func TestTheSlackFormNamesAFewCasesOfEach(t *testing.T) {
	r := simulateQuarter(7).build(t)
	for range 20 {
		r.Policy.Violations = append(r.Policy.Violations, r.Policy.Violations[0])
		r.Policy.GlassBroken = append(r.Policy.GlassBroken, r.Policy.GlassBroken[0])
	}
	for _, b := range r.Slack().Blocks {
		if b.Text != nil && strings.HasPrefix(b.Text.Text, "*Policy kept and broken*") {
			if n := strings.Count(b.Text.Text, "\n• "); n != 2*slackCases {
				t.Errorf("%d cases in %q", n, b.Text.Text)
			}
			return
		}
	}
	t.Error("no word about the policy")
}
