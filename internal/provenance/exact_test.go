package provenance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// inFull writes a provenance with everything that a reader sees of it: class,
// confidence and tools, then each piece of evidence with its place, its words
// and its weight.
func inFull(p correlate.Provenance) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %v", p.Class, p.Confidence)
	for _, tool := range p.Tools {
		fmt.Fprintf(&b, " %s", strings.TrimSuffix(tool.Name+"/"+tool.Model, "/"))
	}
	for _, e := range p.Evidence {
		fmt.Fprintf(&b, "\n%s at %s: %q %v", e.Marker, e.Where, e.Excerpt, e.Weight)
	}
	return b.String()
}

// whole joins an answer as inFull writes it.
func whole(all ...string) string { return strings.Join(all, "\n") }

// by is a commit of an author with a message.
func by(author, message string) correlate.Commit {
	return correlate.Commit{SHA: "0123456789abcdef", Message: message, Author: person(author)}
}

func on(year int, month time.Month, day int) *time.Time {
	at := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	return &at
}

// dated is a commit with the time of its making.
func dated(c correlate.Commit, at *time.Time) correlate.Commit {
	c.AuthoredAt = at
	return c
}

// TestAnAnswerIsExact: people act on the number and check the evidence by its
// place and words, so each answer is compared whole.
func TestAnAnswerIsExact(t *testing.T) {
	lowered := correlate.Commit{SHA: "0123456789abcdef", Message: "Add a cart", Author: &correlate.Person{Name: "Ada", Email: "a@example.com", Login: "devin-ai-integration[bot]"}}
	editor := by(ann, "Add a cart\n\nCo-authored-by: Copilot <copilot@github.com>")
	reader := classifier(t)
	pulled := func(pulls ...correlate.PullRequest) correlate.Change {
		return correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: pulls}
	}
	for _, c := range []struct {
		name   string
		change correlate.Change
		want   string
	}{
		{"no commit at all", correlate.Change{}, whole(
			`unknown 0`,
			`absent.commits at commits: "no commits were sent" 0`,
		)},
		{"a pipeline without commits", correlate.Change{Actor: &correlate.Actor{ID: "ci", Type: correlate.ActorAutomation}}, whole(
			`automation 0.9`,
			`actor.automation at actor: "ci" 0.9`,
		)},
		{"a pipeline with a commit", correlate.Change{Actor: &correlate.Actor{ID: "ci", Type: correlate.ActorAutomation}, Commits: []correlate.Commit{plain}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a person without commits", correlate.Change{Actor: &correlate.Actor{ID: "ada", Type: correlate.ActorHuman}}, whole(
			`unknown 0`,
			`absent.commits at commits: "no commits were sent" 0`,
		)},
		{"before there were agents", correlate.Change{StartedAt: *on(2021, 12, 31)}, whole(
			`human 0.99`,
			`date.before-agents at authored_at: "2021-12-31" 0.99`,
		)},
		{"the first day of agents", correlate.Change{StartedAt: *on(2022, 1, 1)}, whole(
			`unknown 0`,
			`absent.commits at commits: "no commits were sent" 0`,
		)},
		{"an agent as the actor", correlate.Change{Actor: &correlate.Actor{ID: "ops-agent", Type: correlate.ActorAIAgent}, Commits: []correlate.Commit{plain}}, whole(
			`ai_operated 0.95`,
			`actor.agent at actor: "ops-agent" 0.95`,
		)},
		{"the account of a product without commits", correlate.Change{Actor: &correlate.Actor{ID: "Devin-AI-Integration[bot]"}}, whole(
			`ai_operated 0.95 devin`,
			`actor.agent at actor: "Devin-AI-Integration[bot]" 0.95`,
		)},
		{"the account of a product with a commit", correlate.Change{Actor: &correlate.Actor{ID: "devin-ai-integration[bot]"}, Commits: []correlate.Commit{plain}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a bare login like a product", correlate.Change{Actor: &correlate.Actor{ID: "copilot"}}, whole(
			`unknown 0`,
			`absent.commits at commits: "no commits were sent" 0`,
		)},
		{"an agent by its user agent", correlate.Change{Labels: map[string]string{"userAgent": "Claude-Code/2.1 (cli)", "other": "x"}}, whole(
			`ai_operated 0.85 claude-code`,
			`actor.user-agent at label user_agent: "claude-code/2.1 (cli)" 0.85`,
		)},
		{"another user agent", correlate.Change{Labels: map[string]string{"user_agent": "curl/8"}}, whole(
			`unknown 0`,
			`absent.commits at commits: "no commits were sent" 0`,
		)},
		{"actor and user agent", correlate.Change{Actor: &correlate.Actor{ID: "a", Type: correlate.ActorAIAgent}, Labels: map[string]string{"user-agent": "cursor/1"}}, whole(
			`ai_operated 0.99 cursor`,
			`actor.agent at actor: "a" 0.95`,
			`actor.user-agent at label user_agent: "cursor/1" 0.85`,
		)},

		{"declared as assisted", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAssisted, Tools: []correlate.AITool{{Name: "t", Model: "m"}}}}, whole(
			`ai_assisted 0.9 t/m`,
			`sender.declaration at ai.assistance: "assisted" 0.9`,
			`sender.tool at ai.tools: "t" 0.9`,
		)},
		{"declared as authored", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAuthored}, Commits: []correlate.Commit{plain, helped}}, whole(
			`ai_authored 0.9 claude-code`,
			`sender.declaration at ai.assistance: "authored" 0.9`,
			`claude-code.coauthor at commit abc message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
			`share.commits at commits: "1 of 2 commits carry a marker of AI" 0.5`,
		)},
		{"declared as advised", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAdvised}}, whole(
			`ai_advised 0.9`,
			`sender.declaration at ai.assistance: "advised" 0.9`,
		)},
		{"declared as none", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}, Commits: []correlate.Commit{plain}}, whole(
			`human 0.7`,
			`sender.declaration at ai.assistance: "none" 0.7`,
		)},
		{"declared as none against a trailer", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}, Commits: []correlate.Commit{helped}}, whole(
			`ai_assisted 0.97 claude-code`,
			`claude-code.coauthor at commit abc message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
		)},
		{"declared as none against a bot", correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}, Commits: []correlate.Commit{robots}}, whole(
			`automation 0.98`,
			`automation.author at commit 789 author: "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>" 0.98`,
		)},
		{"declared without a word", correlate.Change{AI: &correlate.AIDeclaration{}, Commits: []correlate.Commit{plain}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"declared in a word that nobody knows", correlate.Change{AI: &correlate.AIDeclaration{Assistance: "vibed"}, Commits: []correlate.Commit{plain}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},

		{"commits without words", correlate.Change{Commits: []correlate.Commit{{SHA: "a"}, {SHA: "b"}}}, whole(
			`unknown 0`,
			`share.commits at commits: "0 of 2 commits carry a marker of AI" 0`,
			`absent.messages at commits: "the commits were sent without message and author" 0`,
		)},
		{"a commit without words beside one with an author", correlate.Change{Commits: []correlate.Commit{{SHA: "a"}, {SHA: "b", Author: person(ann)}}}, whole(
			`unknown 0`,
			`share.commits at commits: "0 of 2 commits carry a marker of AI" 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a commit without words beside one with a message", correlate.Change{Commits: []correlate.Commit{{SHA: "a"}, {SHA: "b", Message: "Add"}}}, whole(
			`unknown 0`,
			`share.commits at commits: "0 of 2 commits carry a marker of AI" 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a bot and an unknown commit", correlate.Change{Commits: []correlate.Commit{robots, plain}}, whole(
			`unknown 0`,
			`automation.author at commit 789 author: "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>" 0.98`,
			`share.commits at commits: "0 of 2 commits carry a marker of AI" 0`,
			`absent.agreement at commits: "1 of 2 commits carry no marker" 0`,
		)},
		{"two that were helped, one more surely", correlate.Change{Commits: []correlate.Commit{helped, by(ann, "Fix\n\nCo-authored-by: GPT-5 <a@b.example>"), plain}}, whole(
			`ai_assisted 0.97 claude-code chatgpt`,
			`claude-code.coauthor at commit abc message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
			`chatgpt.coauthor-name at commit 0123456789ab message line 3: "Co-authored-by: GPT-5 <a@b.example>" 0.8`,
			`share.commits at commits: "2 of 3 commits carry a marker of AI" 0.667`,
		)},

		{"a bot", correlate.Change{Commits: []correlate.Commit{by(renovate, "Bump x to 2")}}, whole(
			`automation 0.98`,
			`automation.author at commit 0123456789ab author: "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>" 0.98`,
		)},
		{"a bot whose subject credits an AI", correlate.Change{Commits: []correlate.Commit{by(renovate, "fix(AI): mend the build")}}, whole(
			`ai_authored 0.75`,
			`automation.ai-subject at commit 0123456789ab message line 1: "fix(AI): mend the build" 0.75`,
		)},
		{"a bot with an agent's trailer", correlate.Change{Commits: []correlate.Commit{by(renovate, "Bump\n\nCo-authored-by: Claude <noreply@anthropic.com>")}}, whole(
			`ai_assisted 0.97 claude-code`,
			`claude-code.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
		)},
		{"a person with the subject of a machine", correlate.Change{Commits: []correlate.Commit{by(ann, "Automatic changelog for 2.1 (#44)")}}, whole(
			`automation 0.87`,
			`automation.subject at commit 0123456789ab message line 1: "Automatic changelog for 2.1 (#44)" 0.87`,
		)},
		{"the subject of a machine and an agent's trailer", correlate.Change{Commits: []correlate.Commit{by(ann, "Automatic changelog\n\nCo-authored-by: Claude <noreply@anthropic.com>")}}, whole(
			`ai_assisted 0.97 claude-code`,
			`claude-code.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
		)},
		{"the subject of a machine and a denial", correlate.Change{Commits: []correlate.Commit{by(ann, "Automatic changelog\n\nAI-assisted: no")}}, whole(
			`automation 0.87`,
			`any.ai-assisted-none at commit 0123456789ab message line 3: "AI-assisted: no" 0.7`,
			`automation.subject at commit 0123456789ab message line 1: "Automatic changelog" 0.87`,
		)},
		{"an agent's account at plain automation", correlate.Change{Commits: []correlate.Commit{by(copilot, "Auto-fix linting")}}, whole(
			`automation 0.9`,
			`automation.subject at commit 0123456789ab author: "Copilot <198982749+Copilot@users.noreply.github.com>" 0.9`,
		)},
		{"an agent's account, at automation, with a trailer", correlate.Change{Commits: []correlate.Commit{by(copilot, "Auto-fix linting\n\nCo-authored-by: Claude <noreply@anthropic.com>")}}, whole(
			`ai_authored 0.99 copilot-coding-agent claude-code`,
			`copilot-coding-agent.author at commit 0123456789ab author: "Copilot <198982749+Copilot@users.noreply.github.com>" 0.99`,
			`claude-code.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Claude <noreply@anthropic.com>" 0.97`,
		)},
		{"an agent by its login", correlate.Change{Commits: []correlate.Commit{lowered}}, whole(
			`ai_authored 0.99 devin`,
			`devin.author at commit 0123456789ab author: "Ada <a@example.com>" 0.99`,
		)},
		{"a model for a name", correlate.Change{Commits: []correlate.Commit{by("Claude Opus 4.5 <c@example.com>", "Add a cart")}}, whole(
			`ai_authored 0.7 claude-code/Claude Opus 4.5`,
			`claude-code.author-name at commit 0123456789ab author: "Claude Opus 4.5 <c@example.com>" 0.7`,
		)},
		{"a person with an agent's first name", correlate.Change{Commits: []correlate.Commit{by("Claude <claude@example.org>", "Add a cart")}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a company's own agent", correlate.Change{Commits: []correlate.Commit{by("Deploy AI agent <agents@example.com>", "Add a cart")}}, whole(
			`ai_authored 0.7`,
			`any.agent-name at commit 0123456789ab author: "Deploy AI agent <agents@example.com>" 0.7`,
		)},
		{"a commit without sha", correlate.Change{Commits: []correlate.Commit{{Message: "Add", Author: person(copilot)}}}, whole(
			`ai_authored 0.99 copilot-coding-agent`,
			`copilot-coding-agent.author at commit without sha author: "Copilot <198982749+Copilot@users.noreply.github.com>" 0.99`,
		)},
		{"the editor's marker before its fault", correlate.Change{Commits: []correlate.Commit{dated(editor, on(2026, 4, 20))}}, whole(
			`ai_assisted 0.4 copilot-vscode`,
			`copilot-vscode.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Copilot <copilot@github.com>" 0.4`,
		)},
		{"the editor's marker on the first day of its fault", correlate.Change{Commits: []correlate.Commit{dated(editor, on(2026, 4, 21))}}, whole(
			`unknown 0 copilot-vscode`,
			`copilot-vscode.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Copilot <copilot@github.com>" 0.25`,
			`absent.certainty at commits: "the markers that were found are too often wrong" 0`,
		)},
		{"the editor's marker on the last day of its fault", correlate.Change{Commits: []correlate.Commit{dated(editor, on(2026, 5, 31))}}, whole(
			`unknown 0 copilot-vscode`,
			`copilot-vscode.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Copilot <copilot@github.com>" 0.25`,
			`absent.certainty at commits: "the markers that were found are too often wrong" 0`,
		)},
		{"the editor's marker after its fault", correlate.Change{Commits: []correlate.Commit{dated(editor, on(2026, 6, 1))}}, whole(
			`ai_assisted 0.4 copilot-vscode`,
			`copilot-vscode.coauthor at commit 0123456789ab message line 3: "Co-authored-by: Copilot <copilot@github.com>" 0.4`,
		)},
		{"a commit of 2021", correlate.Change{Commits: []correlate.Commit{dated(plain, on(2021, 12, 31))}}, whole(
			`human 0.99`,
			`date.before-agents at authored_at: "2021-12-31" 0.99`,
		)},

		{"the branch of an agent that signs nothing", pulled(pull("codex/add-cart")), whole(
			`ai_authored 0.83 codex`,
			`codex.branch at pull request 7 branch: "codex/add-cart" 0.83`,
		)},
		{"a branch without number", pulled(correlate.PullRequest{HeadBranch: "ada:codex/add-cart"}), whole(
			`ai_authored 0.83 codex`,
			`codex.branch at pull request branch: "ada:codex/add-cart" 0.83`,
		)},
		{"an agent's branch without words of the commits", correlate.Change{Commits: []correlate.Commit{{SHA: "a"}}, PullRequests: []correlate.PullRequest{pull("codex/x")}}, whole(
			`ai_assisted 0.6 codex`,
			`codex.branch at pull request 7 branch: "codex/x" 0.6`,
		)},
		{"an agent's branch, its commit with an author only", correlate.Change{Commits: []correlate.Commit{{SHA: "a", Author: person(ann)}}, PullRequests: []correlate.PullRequest{pull("codex/x")}}, whole(
			`ai_authored 0.83 codex`,
			`codex.branch at pull request 7 branch: "codex/x" 0.83`,
		)},
		{"an agent's branch, its commit with a message only", correlate.Change{Commits: []correlate.Commit{{SHA: "a", Message: "Add"}}, PullRequests: []correlate.PullRequest{pull("codex/x")}}, whole(
			`ai_authored 0.83 codex`,
			`codex.branch at pull request 7 branch: "codex/x" 0.83`,
		)},
		{"the branch of an agent that signs", pulled(pull("copilot/add-cart")), whole(
			`unknown 0 copilot-coding-agent`,
			`copilot-coding-agent.branch at pull request 7 branch: "copilot/add-cart" 0.09`,
			`absent.certainty at commits: "the markers that were found are too often wrong" 0`,
		)},
		{"a branch that may be a version", pulled(pull("v0/next")), whole(
			`ai_assisted 0.45 v0`,
			`v0.branch at pull request 7 branch: "v0/next" 0.45`,
		)},
		{"a pull request opened by an agent", pulled(correlate.PullRequest{Number: 3, Author: &correlate.PullRequestAuthor{Login: "Copilot", Type: "Bot"}}), whole(
			`ai_authored 0.95 copilot-coding-agent`,
			`copilot-coding-agent.login at pull request 3 author: "Copilot" 0.95`,
		)},
		{"a pull request opened by an agent's bot", pulled(correlate.PullRequest{Author: &correlate.PullRequestAuthor{Login: "devin-ai-integration[bot]"}}), whole(
			`ai_authored 0.99 devin`,
			`devin.author at pull request author: "devin-ai-integration[bot]" 0.99`,
		)},
		{"a pull request opened by a reviewing bot", pulled(correlate.PullRequest{Author: &correlate.PullRequestAuthor{Login: "gemini-code-assist[bot]"}}), whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a pull request opened by a person of a product's name", pulled(correlate.PullRequest{Author: &correlate.PullRequestAuthor{Login: "gemini-cli"}}), whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
		{"a pull request whose text tells", pulled(correlate.PullRequest{Number: 8, Body: "What it does.\n\nGenerated with [Claude Code](https://claude.com/claude-code)"}), whole(
			`ai_assisted 0.99 claude-code`,
			`claude-code.footer at pull request 8 text line 3: "Generated with [Claude Code](https://claude.com/claude-code)" 0.97`,
			`any.made-with at pull request 8 text line 3: "Generated with [Claude Code](https://claude.com/claude-code)" 0.85`,
		)},
		{"a merge of an agent's branch", correlate.Change{Commits: []correlate.Commit{by(ann, "Merge pull request #4 from ada/codex/cart")}}, whole(
			`ai_authored 0.87 codex`,
			`codex.branch at merge subject: "codex/cart" 0.87`,
		)},
		{"a merge of an agent's branch beside a pull request that tells", correlate.Change{
			Commits: []correlate.Commit{by(ann, "Merge pull request #4 from ada/codex/cart")}, PullRequests: []correlate.PullRequest{{Number: 4, Author: &correlate.PullRequestAuthor{Login: "Copilot"}}},
		}, whole(
			`ai_authored 0.95 copilot-coding-agent`,
			`copilot-coding-agent.login at pull request 4 author: "Copilot" 0.95`,
		)},
		{"a merge of the main line into an agent's branch", correlate.Change{Commits: []correlate.Commit{by(ann, "Merge branch 'main' into 'codex/cart'")}, PullRequests: []correlate.PullRequest{pull("codex/cart")}}, whole(
			`unknown 0`,
			`absent.marker at commits: "no commit carries a marker" 0`,
		)},
	} {
		if diff := cmp.Diff(c.want, inFull(reader.Label(&c.change))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}
