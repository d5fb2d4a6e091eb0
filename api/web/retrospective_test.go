package web

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/renderer/html"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// afterwards is an incident as people look at it in the meeting.
func afterwards() *Retrospective {
	in, x := blamed(nil)
	at := in.StartedAt
	resolved := at.Add(41 * time.Minute)
	in.Title, in.Status, in.Severity, in.ResolvedAt, in.Services = "checkout and 1 more: errors", correlate.IncidentResolved, correlate.SeverityCritical, &resolved, []string{"checkout", "storefront"}
	x.Evidence = []correlate.Evidence{{Kind: correlate.EvidencePrior, LogOdds: -0.3, Text: "mobile-gateway is quiet."}, {Kind: correlate.EvidenceTiming, LogOdds: 2.1, Text: "Reached 100% shortly before."}}
	approved := at.Add(-time.Hour)
	x.Change.Approvals = []correlate.Approval{{By: "grace", Level: "senior", At: &approved}, {By: "bob"}}
	x.Provenance = &correlate.Provenance{Class: correlate.ProvenanceAssisted, Confidence: 0.97, Tools: []correlate.AITool{{Name: "copilot"}}, Evidence: []correlate.ProvenanceMark{{Marker: "co-author-trailer", Where: "commits[0].message", Excerpt: "Co-authored-by: Copilot"}}}
	key := x.Change.Key()
	finding := correlate.Finding{
		Incident: in.ID, Version: 3, AsOf: at.Add(2 * time.Minute), Verdict: correlate.VerdictProbable, NoChangeProbability: 0.11, Suspects: []correlate.Suspect{*x}, Missing: []string{"No metrics source is configured."},
		BlastRadius: &correlate.BlastRadius{Changed: []string{"checkout"}, Alerting: []string{"storefront"}, Potential: 7, Nodes: []correlate.BlastNode{{Service: "checkout", State: "changed", Tier: 1, Team: "payments"}, {Service: "storefront", State: "alerting", Distance: 1}}},
	}
	first := finding
	first.Version, first.Verdict, first.Suspects = 1, correlate.VerdictNoChange, nil
	said := []correlate.Judgement{{ID: "j", Incident: in.ID, FindingVersion: 3, Decision: correlate.DecisionConfirm, Change: &key, Reason: "Rolling back ended it.", DecidedBy: "ada", DecidedAt: at.Add(time.Hour)}}
	settled := at.Add(time.Hour)
	return &Retrospective{
		Incident: *in, MadeAt: at.Add(48 * time.Hour),
		Sheet: Sheet{
			Findings: []correlate.Finding{finding, first}, Judgements: said, Standing: correlate.StandingOf(said),
			Commands: []query.Command{{Commander: "ada", SetBy: "bob", SetAt: at.Add(time.Minute)}, {SetBy: "ada", SetAt: resolved}},
			Proposals: []query.Proposal{
				{ProposedBy: "assistant", Decision: correlate.DecisionNoChange, Reason: "the provider has trouble", ProposedAt: at.Add(3 * time.Minute), State: query.ProposalDismissed, SettledBy: "ada", SettledAt: &settled},
				{ProposedBy: "assistant", Decision: correlate.DecisionConfirm, Change: &key, Reason: "it began before", ProposedAt: at.Add(4 * time.Minute), State: query.ProposalOpen},
			},
		},
		Timeline: Timeline{From: at.Add(-time.Hour), Lanes: []Lane{
			{Name: "alerts", Moments: []Moment{{At: at, Until: &resolved, Title: "5xx above 5%", Services: []string{"checkout"}, Status: "resolved"}}},
			{Name: "changes", Moments: []Moment{{At: x.Change.StartedAt, Title: "Deploy checkout 4.12.0", Services: []string{"checkout"}, Ref: "change:argo-cd/checkout-1842"}}, Truncated: true},
			{Name: "rollouts", Moments: []Moment{{At: x.Change.StartedAt, Title: "told once already"}}},
			{Name: "responders", Moments: []Moment{{At: at.Add(time.Minute), Title: "ada takes command, said bob", Kind: "commander"}}},
		}},
		Policy: map[correlate.Key]PolicyStand{key: {
			Violations: []Violation{{Rule: "ai-senior", Title: "AI-assisted changes to critical services", Outcome: "deny", Reason: "nobody senior approved it in time"}},
			Gate:       []GateWord{{At: approved, Outcome: "warn", Asker: "ci", Reasons: []string{"approved late"}}},
		}},
	}
}

// asRead is a document as a reader of Markdown with tables and bare links shows
// it; HTML in it is let through, so that a test sees what got there.
func asRead(t interface {
	Helper()
	Fatal(args ...any)
}, text string,
) string {
	t.Helper()
	var out bytes.Buffer
	if err := goldmark.New(goldmark.WithExtensions(extension.GFM), goldmark.WithRendererOptions(html.WithUnsafe())).Convert([]byte(text), &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

var anyTag = regexp.MustCompile(`<[^>]+>`)

// wordsOf are the words of a page without its tags.
func wordsOf(page string) string {
	return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`).Replace(anyTag.ReplaceAllString(page, ""))
}

func TestARetrospectiveHoldsWhatTheMeetingNeeds(t *testing.T) {
	text := wordsOf(asRead(t, afterwards().Markdown()))
	for _, needed := range []string{
		"checkout and 1 more: errors", "Incident: inc-7f3a, severity critical, resolved", "Began: 2026-05-04 10:00:00 UTC, until 2026-05-04 10:41:00, lasted 41 min", "Commander: nobody",
		"Probable cause: Deploy checkout 4.12.0, 8 min before the first alert (84%).", "Cause confirmed", "Rolling back ended it.", "People: confirmed.", "1. Deploy checkout 4.12.0 (84%, strong)",
		"Speaks for it", "+2.1 timing: Reached 100% shortly before.", "Speaks against it", "−0.3 prior: mobile-gateway is quiet.", "Version: 4.12.0, before: 4.11.3", "AI-assisted (copilot), 97% sure",
		"co-author-trailer in commits[0].message: Co-authored-by: Copilot", "Approved by grace, senior, 2026-05-04 09:00:00 UTC", "Approved by bob, at a time that is not told",
		"Against the rule AI-assisted changes to critical services (deny): nobody senior approved it in time", "The gate said warn at 2026-05-04 09:00:00 UTC, asked by ci, approved late",
		"The sender gave a rollback link; the version before was 4.11.3.", "No metrics source is configured.", "5xx above 5%", "ada takes command, said bob", "More happened than a timeline holds.",
		"1 changed, 1 alerting, 0 quiet though close; 7 can reach a changed one by calls.", "storefront", "no recorded change did it", "dismissed by ada", "unconfirmed", "the provider has trouble",
		"That no recorded change did it: 11%.", "Exported 2026-05-06 10:00:00 UTC. Faultline suspects; people decide.",
	} {
		if !strings.Contains(text, needed) {
			t.Errorf("the document lacks %q:\n%s", needed, text)
		}
	}
	if strings.Contains(text, "told once already") {
		t.Error("a rollout stands beside the change that it is of")
	}
	if tables := strings.Count(asRead(t, afterwards().Markdown()), "<table>"); tables != 6 {
		t.Errorf("%d tables are read as such, want 6", tables)
	}
}

// TestWhatIsHiddenIsNotExported holds the document against the page's own promise.
func TestWhatIsHiddenIsNotExported(t *testing.T) {
	r := afterwards()
	r.Sheet.Hidden = true
	text := r.Markdown()
	for _, told := range []string{"AI-assisted (", "copilot", "Copilot", "grace", "Approved by", "gate said", "Against the rule"} {
		if strings.Contains(text, told) {
			t.Errorf("hidden, and yet it says %q", told)
		}
	}
	if !strings.Contains(text, "Hidden until a verdict is saved") {
		t.Error("it does not say that something is hidden")
	}
}

func TestARetrospectiveOfAYoungIncidentIsWhole(t *testing.T) {
	in, _ := blamed(nil)
	in.Status = correlate.IncidentOpen
	r := &Retrospective{Incident: *in, MadeAt: in.StartedAt.Add(time.Minute), Sheet: Sheet{Standing: correlate.StandingOf(nil)}}
	text := wordsOf(asRead(t, r.Markdown()))
	for _, needed := range []string{"Incident inc-7f3a", "still open", "No finding yet.", "No recorded change is a suspect.", "Not known before the first finding.", "Nothing is known.", "No topology covers", "Not decided yet"} {
		if !strings.Contains(text, needed) {
			t.Errorf("the document lacks %q:\n%s", needed, text)
		}
	}
}

func TestAStandThatIsNotKnownIsNotTakenForKept(t *testing.T) {
	r := afterwards()
	r.Policy = nil
	if text := r.Markdown(); !strings.Contains(text, "not known here") || strings.Contains(text, "keeps every rule") {
		t.Error("without a policy the change is said to keep it")
	}
	r.Policy = map[correlate.Key]PolicyStand{r.Sheet.Findings[0].Suspects[0].Change.Key(): {}}
	if text := r.Markdown(); !strings.Contains(text, "keeps every rule of the policy in force") {
		t.Error("a change that keeps the policy is not said to")
	}
}

// spoil puts a text wherever people and machines outside may put one.
func spoil(r *Retrospective, nasty string) {
	in := &r.Incident
	in.Title, in.Services, in.Regions, in.Declared, in.Environment = nasty, []string{nasty}, []string{nasty}, []string{nasty}, nasty
	f := &r.Sheet.Findings[0]
	f.Missing = []string{nasty}
	x := &f.Suspects[0]
	c := &x.Change
	c.Title, c.Version, c.PreviousVersion, c.Services, c.Source = nasty, nasty, nasty, []string{nasty}, nasty
	c.Links = &correlate.ChangeLinks{Diff: "https://ok.example/" + nasty, Run: "javascript:alert(1)", Rollback: "https://ok.example/a>)[b](javascript:c)"}
	c.Approvals = []correlate.Approval{{By: nasty, Level: nasty}}
	x.Evidence[0].Text = nasty
	x.Provenance.Tools, x.Provenance.Evidence = []correlate.AITool{{Name: nasty}}, []correlate.ProvenanceMark{{Marker: nasty, Where: nasty, Excerpt: nasty}}
	r.Sheet.Judgements[0].Reason, r.Sheet.Judgements[0].DecidedBy = nasty, nasty
	r.Sheet.Commands[0].Commander, r.Sheet.Proposals[0].Reason, r.Sheet.Proposals[0].SettledBy = nasty, nasty, nasty
	r.Timeline.Lanes[0].Moments[0].Title, r.Timeline.Lanes[0].Moments[0].Services = nasty, []string{nasty}
	f.BlastRadius.Nodes[0].Service, f.BlastRadius.Nodes[0].Team = nasty, nasty
	r.Policy = map[correlate.Key]PolicyStand{c.Key(): {Violations: []Violation{{Title: nasty, Reason: nasty}}, Gate: []GateWord{{Asker: nasty, Reasons: []string{nasty}}}}}
}

var shownLink = regexp.MustCompile(`<a href="([^"]*)"`)

// TestHostileTextOfARetrospectiveReadsAsItStands renders documents with a real
// reader of Markdown and looks for anything that the text made of itself.
func TestHostileTextOfARetrospectiveReadsAsItStands(t *testing.T) {
	shape := func(r *Retrospective) map[string]int {
		counts := map[string]int{}
		for _, tag := range regexp.MustCompile(`<(\w+)`).FindAllStringSubmatch(asRead(t, r.Markdown()), -1) {
			counts[tag[1]]++
		}
		return counts
	}
	calm := afterwards()
	spoil(calm, "plain")
	want := shape(calm)
	for _, nasty := range []string{
		"<script>alert(1)</script>", "<img src=x onerror=alert(2)>", "[click](javascript:alert(3))", "![x](https://evil.example/x.png)", "<https://evil.example>", "https://evil.example/a", "www.evil.example",
		"a | b | c", "# head", "1. one", "- item", "+ item", "> quote", "***", "---", "===", "`code`", "```\nfence", "~~gone~~", "**bold**", "_em_", "| --- |", "\\", "\\<b>", "a\n\n# b", "&lt;b&gt;", "&#60;b>", "[^1]: foot", "[x]: https://evil.example", "mail@evil.example", "$x$", "\t code",
	} {
		r := afterwards()
		spoil(r, nasty)
		page := asRead(t, r.Markdown())
		for _, link := range shownLink.FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(link[1], "https://ok.example/") {
				t.Errorf("%q makes a link to %s", nasty, link[1])
			}
		}
		if strings.Contains(page, "javascript:alert(1)\"") || strings.ContainsAny(page, "\u202e\x00") {
			t.Errorf("%q gets through", nasty)
		}
		got := shape(r)
		for tag, n := range got {
			// An address that cannot be one makes no link, and no item for it.
			noLink := tag == "li" && n == want[tag]-1
			if n != want[tag] && tag != "a" && !noLink {
				t.Errorf("%q makes %d <%s>, plain text %d", nasty, n, tag, want[tag])
			}
		}
		if !strings.Contains(strings.Join(strings.Fields(wordsOf(page)), " "), strings.Join(strings.Fields(plain(nasty, 100)), " ")) {
			t.Errorf("%q does not read as it stands", nasty)
		}
	}
}

// TestNoTextOfAnyKindBecomesMarkup draws texts from the characters that Markdown
// gives a meaning to.
func TestNoTextOfAnyKindBecomesMarkup(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching("[a1 \\\\`*_{}\\[\\]()<>#|~&!$:/@=+.\\-\"'\n]{0,24}").Draw(t, "text")
		page := asRead(t, "x "+md(text)+"\n\n- "+md(text)+"\n\n| h |\n| --- |\n| "+md(text)+" |\n")
		if got := regexp.MustCompile(`</?(\w+)`).FindAllStringSubmatch(page, -1); len(got) != 20 && len(got) != 18 {
			t.Fatalf("%q makes %d tags: %s", text, len(got), page)
		}
		if strings.Contains(page, "<a ") || strings.Contains(page, "<code") || strings.Contains(page, "<em") {
			t.Fatalf("%q becomes markup: %s", text, page)
		}
	})
}

func TestALongRetrospectiveIsBounded(t *testing.T) {
	r := afterwards()
	spoil(r, strings.Repeat("W", 100<<10))
	for i := range 5000 {
		r.Timeline.Lanes[0].Moments = append(r.Timeline.Lanes[0].Moments, Moment{At: r.Incident.StartedAt.Add(time.Duration(i) * time.Second), Title: fmt.Sprint("alert ", i)})
		r.Incident.Services = append(r.Incident.Services, fmt.Sprint("service-", i))
	}
	if text := r.Markdown(); len(text) > 300<<10 || !strings.Contains(text, "More happened than a timeline holds") || !strings.Contains(text, "and 4951 more") {
		t.Errorf("%d bytes", len(text))
	}
}
