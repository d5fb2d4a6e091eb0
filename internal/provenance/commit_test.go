package provenance

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// person reads "Name <address>".
func person(text string) *correlate.Person {
	name, address := parseIdentity(text)
	return &correlate.Person{Name: name, Email: address}
}

// The people and machines of the tests.
const (
	ann      = "Ann Example <ann@example.com>"
	renovate = "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>"
	copilot  = "Copilot <198982749+Copilot@users.noreply.github.com>"
	autofix  = "Copilot Autofix powered by AI <62310815+github-advanced-security[bot]@users.noreply.github.com>"
	review   = "Copilot <175728472+Copilot@users.noreply.github.com>"
)

// answer writes a provenance as "class tool tool/model".
func answer(p correlate.Provenance) string {
	words := []string{string(p.Class)}
	for _, tool := range p.Tools {
		name := tool.Name
		if tool.Model != "" {
			name += "/" + tool.Model
		}
		words = append(words, name)
	}
	return strings.Join(words, " ")
}

// commitCase is a commit and what is to be said about it.
type commitCase struct {
	name    string
	author  string
	message string
	want    string
}

var identityCases = []commitCase{
	{"an agent that commits itself", "Claude <noreply@anthropic.com>", "Add a cart", "ai_authored claude-code"},
	{
		"the model in the agent's name", "Claude Opus 4.6 <noreply@anthropic.com>",
		"Add",
		"ai_authored claude-code/Claude Opus 4.6",
	},
	{
		"an app whose number is another's", "claude[bot] <41898282+claude[bot]@users.noreply.github.com>",
		"Add",
		"ai_authored claude-code",
	},
	{"products that share a login, by number", copilot, "Add", "ai_authored copilot-coding-agent"},
	{
		"the same login with another number", ann,
		"Add\n\nCo-authored-by: Copilot <223556219+Copilot@users.noreply.github.com>",
		"ai_assisted copilot-cli",
	},
	{"any letter case", "CURSOR AGENT <CursorAgent@Cursor.com>", "Add", "ai_authored cursor"},
	{"a person who drives and a tool that writes", "Ann Example (aider) <ann@example.com>", "Add", "ai_assisted aider"},
	{"another product at a vendor's address", "goose <noreply@anthropic.com>", "Add", "ai_authored goose"},
	{"an agent under an address of its operator", "Codex <codex@shop.example>", "Add", "ai_authored codex"},
	{"a company's own name for an agent", "Shop's AI bot <helper@shop.example>", "Add", "ai_authored"},
	{"a person called like a tool", "Devin Example <devin@example.com>", "Add", "unknown"},
	{"a person called just like a tool", "Claude <claude@example.org>", "Add", "unknown"},
	{"a person with a tool's name inside", "Boyan Kirov <kirov@example.com>", "Add", "unknown"},
	{"a vendor's employee", "Ann Example <ann@anthropic.com>", "Add", "unknown"},
	{"a company named like a tool", "Sam <sam@gemini.com>", "Add", "unknown"},
	{"a person's address at a hosted editor", "Ann <123-ann@users.noreply.replit.com>", "Add", "unknown"},
	{"a model for a name", "Claude Opus 4.5 <whoever@example.com>", "Add", "ai_authored claude-code/Claude Opus 4.5"},
	{"a tool's full name", "Claude Code <ci@shop.example>", "Add", "ai_authored claude-code"},
	{"ordinary automation", renovate, "Update openai to v2", "automation"},
	{"automation by name", "k8s-ci-robot <ci@example.com>", "Merge", "automation"},
	{"automation by a whole word", "Release Bot <release@example.com>", "1.2.3", "automation"},
	{"a person whose name ends like a machine's", "Zoe Talbot <zoe@example.com>", "Add", "unknown"},
	{
		"an agent's account at plain automation", "OpenHands Bot <openhands@all-hands.dev>",
		"🤖 Auto-fix Python linting issues",
		"automation",
	},
}

var trailerCases = []commitCase{
	{
		"a co-author", ann,
		"Add\n\nCo-authored-by: Claude Sonnet 5 <noreply@anthropic.com>",
		"ai_assisted claude-code/Claude Sonnet 5",
	},
	{
		"in any case, with a carriage return", ann,
		"Add\r\n\r\nCO-AUTHORED-BY: Cursor <cursoragent@cursor.com>\r\n",
		"ai_assisted cursor",
	},
	{"without brackets", ann, "Add\n\nCo-authored-by: openhands openhands@all-hands.dev", "ai_assisted openhands"},
	{"without an address", ann, "Add\n\nCo-authored-by: Google Gemini", "ai_assisted gemini"},
	{
		"a model without an address", ann,
		"Add\n\nCo-authored-by: Claude Opus 4.5",
		"ai_assisted claude-code/Claude Opus 4.5",
	},
	{"a person without an address", ann, "Add\n\nCo-authored-by: Devin Trejo", "unknown"},
	{"a person with one", ann, "Add\n\nCo-authored-by: Cody Example <cody@example.com>", "unknown"},
	{
		"a model in parentheses", ann,
		"Add\n\nCo-authored-by: aider (gemini/gemini-2.5-pro) <aider@aider.chat>",
		"ai_assisted aider/gemini/gemini-2.5-pro",
	},
	{
		"indented, in a list of a squash", ann,
		"Add\n\n* one\n    Co-authored-by: Cursor <cursoragent@cursor.com>\n\n* two",
		"ai_assisted cursor",
	},
	{
		"the kernel's form", ann,
		"Add\n\nAssisted-by: Claude:claude-3-opus coccinelle sparse",
		"ai_assisted claude-code/claude-3-opus",
	},
	{
		"tool and model with a slash", ann,
		"Add\n\nAssisted-by: claude-code/claude-opus-4-6",
		"ai_assisted claude-code/claude-opus-4-6",
	},
	{"a person who assisted", ann, "Add\n\nAssisted-by: Daniel Example <daniel@example.com>", "unknown"},
	{"a person who assisted and is called like a tool", ann, "Add\n\nAssisted-by: Claude Example <claude@example.org>", "unknown"},
	{"a tool with an address", ann, "Add\n\nAssisted-by: Claude Opus 4.5 <claude@shop.example>", "ai_assisted claude-code/Claude Opus 4.5"},
	{"a person with a tool's surname", ann, "Add\n\nAssisted-by: Daniel Claude <daniel@example.org>", "unknown"},
	{"a co-author whose name is a model", ann, "Add\n\nCo-authored-by: GPT-5 <me@example.com>", "ai_assisted chatgpt"},
	{"a co-author who may be anybody", ann, "Add\n\nCo-authored-by: Claude <claude@example.org>", "unknown"},
	{"a chatbot without a name", ann, "Add\n\nAssisted-by: generic LLM chatbot", "ai_assisted"},
	{"the form of Apache", ann, "Add\n\nGenerated-by: GitHub Copilot", "ai_assisted copilot"},
	{"generated by a script", ann, "Add\n\nGenerated-by: make manifests", "unknown"},
	{"Mesa and OpenTelemetry", ann, "Add\n\nCo-developed-by: Cursor <noreply@cursor.com>", "ai_assisted cursor"},
	{"a session", ann, "Add\n\nClaude-Session: https://claude.ai/code/session_01AbC", "ai_assisted claude-code"},
	{"a session elsewhere", ann, "Add\n\nClaude-Session: notes of the meeting", "unknown"},
	{"an agent under a person's name", ann, "Add\n\nReplit-Commit-Author: Agent", "ai_authored replit"},
	{"an assistant under a person's name", ann, "Add\n\nReplit-Commit-Author: Assistant", "ai_assisted replit"},
	{"a declaration", ann, "Add\n\nAI-assisted: true", "ai_assisted"},
	{"the opposite declaration", ann, "Add\n\nAI-assisted: no", "human"},
	{
		"several tools", ann,
		"Add\n\nCo-authored-by: Cursor <cursoragent@cursor.com>\nCo-authored-by: Claude <noreply@anthropic.com>\nCo-authored-by: " + review,
		"ai_assisted cursor claude-code copilot-review",
	},
	{"a suggestion that was applied", ann, "Add\n\nCo-authored-by: " + autofix, "ai_assisted copilot-autofix"},
	{
		"a bot that carries an agent's work", renovate,
		"Backport\n\nCo-authored-by: " + copilot,
		"ai_assisted copilot-coding-agent",
	},
	{"a bot that carries a suggestion", renovate, "Backport\n\nCo-authored-by: " + review, "automation copilot-review"},
	{
		"a bot that credits an AI", "shop-bot[bot] <1+shop-bot[bot]@users.noreply.github.com>",
		"chore(AI): remove a flag",
		"ai_authored",
	},
}

var textCases = []commitCase{
	{
		"a footer", ann,
		"Add\n\n🤖 Generated with [Claude Code](https://claude.com/claude-code)",
		"ai_assisted claude-code",
	},
	{
		"a footer of whichever tool", ann,
		"Add\n\n🤖 Generated with [Firebender](https://firebender.com)",
		"ai_assisted firebender",
	},
	{"prose at the start of a line", ann, "Add\n\nCoded with Claude Opus 4.7.", "ai_assisted claude-code"},
	{"prose about the change", ann, "Add\n\nThis change was AI-generated.", "ai_assisted"},
	{"an order to an agent", ann, "Ask Claude to fix the parser", "ai_assisted claude-code"},
	{"the subject of a tool", ann, "aider: fix the parser", "ai_assisted aider"},
	{"a task", ann, "Add\n\nhttps://chatgpt.com/codex/tasks/task_e_68a1b2c3", "ai_assisted codex"},
	{"a ticked box", ann, "Add\n\n- [x] **Heavy**: AI wrote most of it", "ai_assisted"},
	{"a ticked box that says none", ann, "Add\n\n- [x] **None**: no AI\n- [ ] **Heavy**: AI wrote most of it", "human"},
	{"boxes that nobody ticked", ann, "Add\n\n- [ ] **None**\n- [ ] **Heavy**: AI generated", "unknown"},
	{
		"a question answered no", ann,
		"Add\n\n### Was this patch authored or co-authored using generative AI tooling?\n\nNo.",
		"human",
	},
	{
		"a question answered yes", ann,
		"Add\n\nWas this patch authored or co-authored using generative AI tooling?\nYes, generated by Claude Code",
		"ai_assisted claude-code",
	},
	{
		"a question answered for the text only", ann,
		"Add\n\nWas this patch authored or co-authored using generative AI tooling?\nYes, PR metadata was assisted by AI, but code changes were made manually",
		"unknown",
	},
	{
		"AI as the topic", ann,
		"Upgrade Claude model names\n\nPoll for the PR created by the Copilot coding agent.",
		"unknown",
	},
	{
		"AI as the topic of automation", renovate,
		"Update claude-code\n\nRelease notes\n🤖 Generated with [Claude Code](https://claude.com/claude-code)",
		"automation",
	},
	{"a quotation", ann, "Reply\n\n> Co-authored-by: Claude <noreply@anthropic.com>", "unknown"},
	{
		"a block of code", ann,
		"Document trailers\n\n```\nCo-authored-by: Claude <noreply@anthropic.com>\n```\n",
		"unknown",
	},
	{
		"after a block of code", ann,
		"Document\n\n```\nx\n```\n\nCo-authored-by: Claude <noreply@anthropic.com>",
		"ai_assisted claude-code",
	},
	{"a comment of a form", ann, "Add\n\n<!-- If you used AI, add\nAssisted-by: Claude\n-->\nDone", "unknown"},
	{
		"the reverted commit's trailers", ann,
		"Revert \"Add\"\n\nAdd\n\nCo-authored-by: Claude <noreply@anthropic.com>\n\nThis reverts commit 0123456.",
		"unknown",
	},
	{
		"the reverting commit's own", ann,
		"Revert \"Add\"\n\nThis reverts commit 0123456.\n\nCo-authored-by: Cursor <cursoragent@cursor.com>",
		"ai_assisted cursor",
	},
	{
		"an agent that reverts", copilot,
		"Revert \"Add\"\n\nThis reverts commit 0123456.",
		"ai_authored copilot-coding-agent",
	},
	{"nothing", ann, "Add a cart", "unknown"},
	{"no message", ann, "", "unknown"},
}

func TestCommits(t *testing.T) {
	c := classifier(t)
	for _, group := range [][]commitCase{identityCases, trailerCases, textCases} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) {
				got := c.Commit(&correlate.Commit{SHA: "0123456789abcdef", Message: test.message, Author: person(test.author)})
				if answer(got) != test.want {
					t.Errorf("got %q, want %q; evidence %+v", answer(got), test.want, got.Evidence)
				}
				if known := got.Class != correlate.ProvenanceUnknown; known != (got.Confidence > 0) {
					t.Errorf("%s with confidence %v", got.Class, got.Confidence)
				}
			})
		}
	}
}

func TestALoginTellsWhereTheAddressDoesNot(t *testing.T) {
	c := classifier(t)
	for login, want := range map[string]string{
		"google-labs-jules[bot]": "ai_authored jules",
		"dependabot[bot]":        "automation",
		"ann":                    "unknown",
		"":                       "unknown",
	} {
		got := c.Commit(&correlate.Commit{Message: "Add", Author: &correlate.Person{Name: "Somebody", Login: login}})
		if answer(got) != want {
			t.Errorf("login %q gives %q, want %q", login, answer(got), want)
		}
	}
	if got := c.Commit(&correlate.Commit{Message: "Add"}); got.Class != correlate.ProvenanceUnknown {
		t.Errorf("a commit without author is %s", answer(got))
	}
}

func TestWhoCommittedAnothersWorkDidNotWriteIt(t *testing.T) {
	got := classifier(t).Commit(&correlate.Commit{
		Message: "Fix the parser", Author: person(ann), Committer: person("Cursor Agent <cursoragent@cursor.com>"),
	})
	if got.Class != correlate.ProvenanceUnknown {
		t.Errorf("a commit that an agent rebased is %s", answer(got))
	}
}

func TestTheEditorsMarkerIsWorthLessInTheWeeksOfItsFault(t *testing.T) {
	c := classifier(t)
	at := func(day string) correlate.Provenance {
		moment, err := time.Parse(time.DateOnly, day)
		if err != nil {
			t.Fatal(err)
		}
		return c.Commit(&correlate.Commit{
			Message: "Add\n\nCo-authored-by: Copilot <copilot@github.com>", Author: person(ann), AuthoredAt: &moment,
		})
	}
	if got := at("2026-03-01"); got.Class != correlate.ProvenanceAssisted || got.Confidence != 0.4 {
		t.Errorf("before: %s %v", answer(got), got.Confidence)
	}
	got := at("2026-05-02")
	if got.Class != correlate.ProvenanceUnknown || len(got.Evidence) != 1 {
		t.Errorf("in those weeks: %s, evidence %v", answer(got), got.Evidence)
	}
}

func TestWorkOfTheYearsBeforeAgentsIsHuman(t *testing.T) {
	moment := time.Date(2021, 5, 1, 0, 0, 0, 0, time.UTC)
	got := classifier(t).Commit(&correlate.Commit{Message: "Add", Author: person(ann), AuthoredAt: &moment})
	if got.Class != correlate.ProvenanceHuman {
		t.Errorf("a commit of 2021 is %s", answer(got))
	}
}

func TestEvidenceSaysWhatWasFoundWhere(t *testing.T) {
	got := classifier(t).Commit(&correlate.Commit{
		SHA: "0123456789abcdef", Message: "Add\n\nWhy.\n\nCo-authored-by: Cursor <cursoragent@cursor.com>", Author: person(ann),
	})
	want := correlate.Provenance{
		Class: correlate.ProvenanceAssisted, Confidence: 0.97,
		Tools: []correlate.AITool{{Name: "cursor"}},
		Evidence: []correlate.ProvenanceMark{{
			Marker: "cursor.coauthor", Where: "commit 0123456789ab message line 5",
			Excerpt: "Co-authored-by: Cursor <cursoragent@cursor.com>", Weight: 0.97,
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("provenance (-want +got):\n%s", diff)
	}
}

func TestTwoWitnessesAreBetterThanOneButTheSameTwiceIsNot(t *testing.T) {
	c := classifier(t)
	confidenceOf := func(message string) float64 {
		return c.Commit(&correlate.Commit{Message: message, Author: person(ann)}).Confidence
	}
	once := confidenceOf("Add\n\nCo-authored-by: Claude <claude@anthropic.com>")
	twice := confidenceOf("Add\n\nCo-authored-by: Claude <claude@anthropic.com>\nCo-authored-by: Claude <claude@anthropic.com>")
	two := confidenceOf("Add\n\nAssisted-by: Claude\nCo-authored-by: Claude <claude@anthropic.com>")
	if once != 0.85 || twice != once || two <= once {
		t.Errorf("once %v, twice the same %v, two %v", once, twice, two)
	}
}

func TestLongMessagesKeepEvidenceShort(t *testing.T) {
	trailer := "Co-authored-by: Cursor <cursoragent@cursor.com>" + strings.Repeat(" ", 10) + strings.Repeat("ä", 200) + "\n"
	got := classifier(t).Label(&correlate.Change{Commits: []correlate.Commit{{
		Message: "Add\n\n" + strings.Repeat(trailer, 5000), Author: person(ann),
	}}})
	if len(got.Evidence) > maxEvidence {
		t.Errorf("%d pieces of evidence", len(got.Evidence))
	}
	for _, e := range got.Evidence {
		if len(e.Excerpt) > maxExcerpt {
			t.Fatalf("an excerpt has %d bytes", len(e.Excerpt))
		}
	}
}
