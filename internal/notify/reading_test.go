package notify

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// outageNews is what a commander is told of a deploy that took checkout down.
func outageNews() *News {
	return &News{
		Incident: correlate.Incident{
			ID: "inc-7f3a", Title: "checkout and 2 more are failing", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical,
			StartedAt: noon, UpdatedAt: noon, Services: []string{"checkout", "web", "cart"},
		},
		Finding: &correlate.Finding{
			Incident: "inc-7f3a", Version: 2, Verdict: correlate.VerdictProbable, NoChangeProbability: 0.1, Missing: []string{"No metrics source is configured."},
			Suspects: []correlate.Suspect{{
				Rank: 1, Probability: 0.81,
				Change: correlate.Change{
					Source: "argo-cd", ID: "d-412", Kind: correlate.KindDeploy, Title: "Deploy checkout v412",
					Links: &correlate.ChangeLinks{Diff: "https://git.example.com/412", Run: "javascript:alert(1)", Rollback: "https://cd.example.com/undo?a|b>c"},
				},
				Evidence: []correlate.Evidence{
					{Kind: correlate.EvidencePrior, LogOdds: -0.3, Text: "Deploys are half of all changes."},
					{Kind: correlate.EvidenceTiming, LogOdds: 2.6, Text: "The first alert fired 4 minutes after it began."},
					{Kind: correlate.EvidenceTopology, LogOdds: 3.1, Text: "Both callers of checkout alert."},
					{Kind: correlate.EvidenceText, LogOdds: 0.9, Text: "Its title names what fails."},
				},
			}, {Rank: 2, Probability: 0.004, Change: correlate.Change{Source: "flags", ID: "77", Kind: correlate.KindFeatureFlag, Services: []string{"search"}}}},
			BlastRadius: &correlate.BlastRadius{Alerting: []string{"checkout", "web", "cart"}, Potential: 14},
		},
		Judgement: correlate.StandingOf(nil), Link: "https://faultline.example.com/incidents/inc-7f3a", Changes: []string{"new incident"},
	}
}

// read is the message as a reader sees it, a line for each block.
func read(t *testing.T, n *News) string {
	t.Helper()
	raw, err := json.Marshal(blocks(n, true))
	if err != nil {
		t.Fatal(err)
	}
	var shown []struct {
		Type     string
		Text     struct{ Text string }
		Elements []struct{ Text json.RawMessage }
	}
	if err := json.Unmarshal(raw, &shown); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, b := range shown {
		line := b.Text.Text
		for _, e := range b.Elements {
			var label struct{ Text string }
			var plain string
			if json.Unmarshal(e.Text, &plain) != nil {
				_ = json.Unmarshal(e.Text, &label)
				plain = "[" + label.Text + "]"
			}
			line += plain
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestANewIncidentReadsAsACommanderNeedsIt(t *testing.T) {
	want := `CRITICAL, open: checkout and 2 more are failing
*Probable cause: deploy "Deploy checkout v412" [argo-cd/d-412] (81%).*
*1.* deploy "Deploy checkout v412" [argo-cd/d-412], *81%*
` + "`+3.1` Both callers of checkout alert.\n`+2.6` The first alert fired 4 minutes after it began.\n`-0.3` Deploys are half of all changes." + `
<https://git.example.com/412|diff> · <https://cd.example.com/undo?a%7Cb&gt;c|roll back>
*2.* feature flag "search" [flags/77], *<1%*
_Alerting:_ checkout, web, cart; 14 services depend on what changed
_Could not be looked at:_ No metrics source is configured.
[Confirm the first suspect][Rule it out][No change did it]
inc-7f3a, since 2026-11-20 12:00:00 UTC, checkout, web, cart | <https://faultline.example.com/incidents/inc-7f3a|open in Faultline>`
	if diff := cmp.Diff(want, read(t, outageNews())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if got := plain(outageNews()); got != `CRITICAL, open: checkout and 2 more are failing. Probable cause: deploy "Deploy checkout v412" [argo-cd/d-412] (81%).` {
		t.Errorf("on a phone: %q", got)
	}
}

func TestAResolvedIncidentSaysHowLongItWasAndWhatPeopleSay(t *testing.T) {
	n, end := outageNews(), noon.Add(42*time.Minute)
	n.Incident.Status, n.Incident.ResolvedAt = correlate.IncidentResolved, &end
	n.Judgement = correlate.StandingOf([]correlate.Judgement{{ID: "j", Incident: "inc-7f3a", Decision: correlate.DecisionConfirm, Change: &correlate.Key{Source: "argo-cd", ID: "d-412"}, DecidedAt: noon}})
	text := read(t, n)
	for _, want := range []string{"CRITICAL, resolved: checkout", "from 2026-11-20 12:00:00 UTC for 42m0s", "people say: confirmed argo-cd/d-412"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in\n%s", want, text)
		}
	}
	if strings.Contains(text, "[Confirm") {
		t.Errorf("buttons stay:\n%s", text)
	}
}

func TestAnUpdateInTheThreadIsASentence(t *testing.T) {
	before := toldOf(outageNews(), "slack C1", "100.1", noon)
	for want, change := range map[string]func(*News){
		"Severity high, was critical. Probable cause:":                                     func(n *News) { n.Incident.Severity = correlate.SeverityHigh },
		"Merged into inc-1, was open. Probable cause:":                                     func(n *News) { n.Incident.Status, n.Incident.MergedInto = correlate.IncidentMerged, "inc-1" },
		"Another first suspect: flags/77. Probable cause: feature flag":                    func(n *News) { n.Finding.Suspects = n.Finding.Suspects[1:] },
		"The finding is now weak evidence only, was a probable cause. Weak evidence only.": func(n *News) { n.Finding.Verdict = correlate.VerdictWeak },
	} {
		n := outageNews()
		change(n)
		n.Changes = changes(&before, n)
		r := &receiver{answer: slackAPI}
		if _, err := room(t, receive(t, r), false).Tell(t.Context(), n, "100.1"); err != nil {
			t.Fatal(err)
		}
		form, err := url.ParseQuery(string(r.bodies[1]))
		if err != nil || !strings.HasPrefix(form.Get("text"), want) {
			t.Errorf("%v: %q, want %q", err, form.Get("text"), want)
		}
	}
}

// TestNothingIsToldOfWhatIsImmaterial changes all that wanders during an outage.
func TestNothingIsToldOfWhatIsImmaterial(t *testing.T) {
	before := toldOf(outageNews(), "slack C1", "100.1", noon)
	for name, change := range map[string]func(*News){
		"the probability wanders":       func(n *News) { n.Finding.Suspects[0].Probability, n.Finding.NoChangeProbability = 0.74, 0.2 },
		"a newer version":               func(n *News) { n.Finding.Version = 9 },
		"another second suspect":        func(n *News) { n.Finding.Suspects[1].Change.ID = "78" },
		"other evidence":                func(n *News) { n.Finding.Suspects[0].Evidence = n.Finding.Suspects[0].Evidence[:1] },
		"one more service and alert":    func(n *News) { n.Incident.Services = append(n.Incident.Services, "mail"); n.Incident.Revision++ },
		"another title":                 func(n *News) { n.Incident.Title = "checkout and 3 more are failing" },
		"a pause":                       func(n *News) { n.Incident.Status = correlate.IncidentQuiet },
		"nothing is missing any more":   func(n *News) { n.Finding.Missing = nil },
		"fewer suspects":                func(n *News) { n.Finding.Suspects = n.Finding.Suspects[:1] },
		"a wider blast radius":          func(n *News) { n.Finding.BlastRadius.Potential = 90 },
		"a change's title is corrected": func(n *News) { n.Finding.Suspects[0].Change.Title = "Deploy checkout v412, again" },
	} {
		n := outageNews()
		change(n)
		if got := changes(&before, n); len(got) != 0 {
			t.Errorf("%s: told %q", name, got)
		}
	}
}

func TestReadersOfForAlsoSeeAgainst(t *testing.T) {
	all := []correlate.Evidence{{LogOdds: 1}, {LogOdds: 4}, {LogOdds: 3}, {LogOdds: -0.2}, {LogOdds: -0.5}, {LogOdds: 2}}
	var got []float64
	for _, e := range telling(all) {
		got = append(got, e.LogOdds)
	}
	if diff := cmp.Diff([]float64{4, 3, -0.5}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(telling(all[:2])) != 2 || telling(nil) != nil || all[0].LogOdds != 1 {
		t.Error("few are not all, or the finding was sorted in place")
	}
}

func TestWhoCommandsIsNewsOnceAndStandsInTheMessage(t *testing.T) {
	n := outageNews()
	before := toldOf(n, "room", "", n.Incident.StartedAt)
	n.Commander = "Ada <!channel> & co"
	if got := changes(&before, n); len(got) != 1 || got[0] != "commander: Ada <!channel> & co, was nobody" {
		t.Errorf("taken: %q", got)
	}
	if text := read(t, n); !strings.Contains(text, "commander: Ada &lt;!channel&gt; &amp; co") {
		t.Errorf("the message says %q", text)
	}
	during := toldOf(n, "room", "", n.Incident.StartedAt)
	if got := changes(&during, n); len(got) != 0 {
		t.Errorf("told twice: %q", got)
	}
	n.Commander = ""
	if got := changes(&during, n); len(got) != 1 || !strings.HasPrefix(got[0], "commander: nobody, was Ada") {
		t.Errorf("given up: %q", got)
	}
	if text := read(t, n); strings.Contains(text, "commander") {
		t.Errorf("without one the message says %q", text)
	}
}
