package provenance

import (
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
)

// made is a commit with a message by Ann.
func made(message string) correlate.Commit {
	return correlate.Commit{SHA: "abc", Message: message, Author: person(ann)}
}

// The commits of the tests: silent, with an agent's help, by an agent, by a bot.
var (
	plain  = made("Add a cart")
	helped = made("Add a cart\n\nCo-authored-by: Claude <noreply@anthropic.com>")
	agents = correlate.Commit{SHA: "def", Message: "Add a cart", Author: person(copilot)}
	robots = correlate.Commit{SHA: "789", Message: "Bump", Author: person(renovate)}
)

func pull(branch string) correlate.PullRequest {
	return correlate.PullRequest{Number: 7, HeadBranch: branch}
}

// changeCase is a change and what is to be said about it.
type changeCase struct {
	name   string
	change correlate.Change
	want   string
}

var commitsCases = []changeCase{
	{
		"one commit",
		correlate.Change{Commits: []correlate.Commit{helped}},
		"ai_assisted claude-code",
	},
	{
		"the strongest of several",
		correlate.Change{Commits: []correlate.Commit{plain, helped, agents}},
		"ai_authored copilot-coding-agent claude-code",
	},
	{
		"automation and an unknown commit",
		correlate.Change{Commits: []correlate.Commit{robots, plain}},
		"unknown",
	},
	{
		"automation alone",
		correlate.Change{Commits: []correlate.Commit{robots, robots}},
		"automation",
	},
	{
		"no commits at all",
		correlate.Change{},
		"unknown",
	},
}

var pullCases = []changeCase{
	{
		"an agent's branch",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("codex/add-cart")}},
		"ai_authored codex",
	},
	{
		"an agent's branch in a fork",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("ann:claude/add-cart")}},
		"ai_authored claude-code",
	},
	{
		"a person's commit beside an agent that signs its own",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("copilot/add-cart")}},
		"unknown copilot-coding-agent",
	},
	{
		"the branch of an agent that signs its own, merged",
		correlate.Change{Commits: []correlate.Commit{made("Merge pull request #2 from ann/devin/add-cart\n\nAdd a cart")}, PullRequests: []correlate.PullRequest{pull("devin/add-cart")}},
		"ai_authored devin",
	},
	{
		"an agent's branch with commits of which nothing is known",
		correlate.Change{Commits: []correlate.Commit{{SHA: "abc"}}, PullRequests: []correlate.PullRequest{pull("copilot/add-cart")}},
		"ai_assisted copilot-coding-agent",
	},
	{
		"an agent's branch without commits",
		correlate.Change{PullRequests: []correlate.PullRequest{pull("codex/add-cart")}},
		"ai_assisted codex",
	},
	{
		"a branch that is an agent's or a version's",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("v0/add-cart")}},
		"ai_assisted v0",
	},
	{
		"a branch about a tool",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("fix/claude-settings")}},
		"unknown",
	},
	{
		"the commits know better than the branch",
		correlate.Change{Commits: []correlate.Commit{helped}, PullRequests: []correlate.PullRequest{pull("copilot/add-cart")}},
		"ai_assisted claude-code",
	},
	{
		"automation on an agent's branch",
		correlate.Change{Commits: []correlate.Commit{robots}, PullRequests: []correlate.PullRequest{pull("cursor/add-cart")}},
		"automation",
	},
	{
		"the main line merged into an agent's branch",
		correlate.Change{Commits: []correlate.Commit{made("Merge branch 'main' into devin/1743-cart")}, PullRequests: []correlate.PullRequest{pull("devin/1743-cart")}},
		"unknown",
	},
	{
		"an agent's branch merged, seen in the subject",
		correlate.Change{Commits: []correlate.Commit{made("Merge pull request #2 from ann/codex/add-cart\n\nAdd a cart")}},
		"ai_authored codex",
	},
	{
		"an agent's branch merged in GitLab's words",
		correlate.Change{Commits: []correlate.Commit{made("Merge branch 'claude/add-cart' into 'main'")}},
		"ai_authored claude-code",
	},
	{
		"an agent's branch merged into another one",
		correlate.Change{Commits: []correlate.Commit{made("Merge branch 'claude/add-cart' into feature")}},
		"unknown",
	},
	{
		"another branch merged",
		correlate.Change{Commits: []correlate.Commit{made("Merge pull request #2 from ann/add-codex\n\nAdd")}},
		"unknown",
	},
	{
		"opened by an agent",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Author: &correlate.PullRequestAuthor{Login: "Copilot"}}}},
		"ai_authored copilot-coding-agent",
	},
	{
		"opened by an agent's app",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Author: &correlate.PullRequestAuthor{Login: "google-labs-jules[bot]"}}}},
		"ai_authored jules",
	},
	{
		"opened by a person called like one",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Author: &correlate.PullRequestAuthor{Login: "claude"}}}},
		"unknown",
	},
	{
		"a task in the text",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Body: "------\nhttps://chatgpt.com/codex/tasks/task_e_68a1"}}},
		"ai_assisted codex",
	},
	{
		"a session in the text",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Body: "Link to Devin run: https://app.devin.ai/sessions/0a1b"}}},
		"ai_assisted devin",
	},
	{
		"an agent's link in the text",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Body: `<a href="https://cursor.com/agents/bc-0a1b">Open</a>`}}},
		"ai_assisted cursor",
	},
	{
		"a label",
		correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{{Labels: []string{"bug", "Codex"}}}},
		"ai_assisted codex",
	},
}

var senderCases = []changeCase{
	{
		"a declaration",
		correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAuthored, Tools: []correlate.AITool{{Name: "in-house", Model: "m1"}}}},
		"ai_authored in-house/m1",
	},
	{
		"advice to an operator",
		correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAdvised}},
		"ai_advised",
	},
	{
		"a declaration that none was used",
		correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}, Commits: []correlate.Commit{plain}},
		"human",
	},
	{
		"denied, but the commits say it",
		correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}, Commits: []correlate.Commit{helped}},
		"ai_assisted claude-code",
	},
	{
		"an unknown declaration",
		correlate.Change{AI: &correlate.AIDeclaration{Assistance: "perhaps"}, Commits: []correlate.Commit{plain}},
		"unknown",
	},
	{
		"an agent at the controls",
		correlate.Change{Kind: correlate.KindInfrastructure, Actor: &correlate.Actor{ID: "ops-agent", Type: correlate.ActorAIAgent}},
		"ai_operated",
	},
	{
		"a product at the controls",
		correlate.Change{Actor: &correlate.Actor{ID: "devin-ai-integration[bot]"}},
		"ai_operated devin",
	},
	{
		"a person at the controls who is called like one",
		correlate.Change{Actor: &correlate.Actor{ID: "claude", Type: correlate.ActorHuman}},
		"unknown",
	},
	{
		"an agent in the audit log",
		correlate.Change{Labels: map[string]string{"user_agent": "Claude-Code/2.1 (external, cli)"}, Actor: &correlate.Actor{ID: "ann", Type: correlate.ActorHuman}},
		"ai_operated claude-code",
	},
	{
		"a browser in the audit log",
		correlate.Change{Labels: map[string]string{"user_agent": "Mozilla/5.0"}},
		"unknown",
	},
	{
		"automation without commits",
		correlate.Change{Kind: correlate.KindScaling, Actor: &correlate.Actor{ID: "autoscaler", Type: correlate.ActorAutomation}},
		"automation",
	},
	{
		"automation that deploys people's commits",
		correlate.Change{Actor: &correlate.Actor{ID: "argo", Type: correlate.ActorAutomation}, Commits: []correlate.Commit{plain}},
		"unknown",
	},
}

func TestChanges(t *testing.T) {
	c := classifier(t)
	for _, group := range [][]changeCase{commitsCases, pullCases, senderCases} {
		for _, test := range group {
			t.Run(test.name, func(t *testing.T) {
				test.change.StartedAt = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
				if got := c.Label(&test.change); answer(got) != test.want {
					t.Errorf("got %q, want %q; evidence %+v", answer(got), test.want, got.Evidence)
				}
			})
		}
	}
}

// marker returns the piece of evidence of a rule.
func marker(t *testing.T, p correlate.Provenance, rule string) correlate.ProvenanceMark {
	t.Helper()
	for _, e := range p.Evidence {
		if e.Marker == rule {
			return e
		}
	}
	t.Fatalf("no evidence %s in %+v", rule, p.Evidence)
	return correlate.ProvenanceMark{}
}

func TestAChangeSaysHowManyOfItsCommitsCarryAMarker(t *testing.T) {
	p := classifier(t).Label(&correlate.Change{Commits: []correlate.Commit{plain, helped, plain, agents}})
	if e := marker(t, p, "share.commits"); e.Excerpt != "2 of 4 commits carry a marker of AI" || e.Weight != 0.5 {
		t.Errorf("share is %+v", e)
	}
}

func TestUnknownSaysWhy(t *testing.T) {
	c := classifier(t)
	marker(t, c.Label(&correlate.Change{StartedAt: time.Now()}), "absent.commits")
	marker(t, c.Label(&correlate.Change{Commits: []correlate.Commit{plain}}), "absent.marker")
	marker(t, c.Label(&correlate.Change{Commits: []correlate.Commit{plain, plain}}), "share.commits")
}

func TestADeclarationKeepsWhatTheCommitsSayAsEvidence(t *testing.T) {
	p := classifier(t).Label(&correlate.Change{
		AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceAuthored}, Commits: []correlate.Commit{helped},
	})
	marker(t, p, "sender.declaration")
	marker(t, p, "claude-code.coauthor")
}

// How sure a branch makes, by what was committed on it: the shares that were
// measured, not what somebody once guessed.
func TestABranchIsWorthWhatItWasMeasuredToBe(t *testing.T) {
	c := classifier(t)
	for _, test := range []struct {
		branch string
		commit correlate.Commit
		want   float64
	}{
		{"codex/add-cart", made("Merge pull request #2 from ann/codex/add-cart\n\nAdd"), 0.87},
		{"devin/add-cart", made("Merge pull request #2 from ann/devin/add-cart\n\nAdd"), 0.87},
		{"codex/add-cart", plain, 0.83},
		{"codex/add-cart", correlate.Commit{SHA: "abc"}, 0.6},
		{"jules/add-cart", plain, 0.45},
		{"copilot/add-cart", plain, 0},
	} {
		p := c.Label(&correlate.Change{Commits: []correlate.Commit{test.commit}, PullRequests: []correlate.PullRequest{pull(test.branch)}})
		if p.Confidence != test.want {
			t.Errorf("%s with %q: %v, want %v", test.branch, test.commit.Message, p.Confidence, test.want)
		}
	}
	p := c.Label(&correlate.Change{Commits: []correlate.Commit{plain}, PullRequests: []correlate.PullRequest{pull("copilot/add-cart")}})
	if len(p.Evidence) != 2 || p.Evidence[0].Weight != 0.09 || p.Evidence[1].Marker != "absent.certainty" {
		t.Errorf("a marker that is too weak is not shown: %+v", p.Evidence)
	}
}

// A person who goes on with an agent's branch takes the main line in, or a
// colleague's branch: that is no merge of the agent's work.
func TestAMergeOfAnotherBranchMakesNoWorkOfAnAgent(t *testing.T) {
	c := classifier(t)
	for message, want := range map[string]string{
		"Merge remote-tracking branch 'origin/main'":             "unknown",
		"Merge branch 'main' of https://git.example/shop":        "unknown",
		"Merge pull request #7 from ann/fix-cart\n\nFix":         "unknown",
		"Merge pull request #8 from ann/copilot/add-cart\n\nAdd": "ai_authored copilot",
	} {
		for _, commits := range [][]correlate.Commit{{plain, made(message)}, {made(message), plain}, {made("Merge remote-tracking branch 'origin/main'"), made(message), plain}} {
			p := c.Label(&correlate.Change{Commits: commits, PullRequests: []correlate.PullRequest{pull("copilot/add-cart")}})
			if got := answer(p); !strings.HasPrefix(got, want) {
				t.Errorf("%q: %s, want %s", message, got, want)
			}
		}
	}
}

// An actor's account is found however it is spelled, and a bare login is a person's.
func TestAnActorsAccountIsReadWithoutCase(t *testing.T) {
	c := classifier(t)
	for id, want := range map[string]string{
		"Devin-AI-Integration[Bot]": "ai_operated devin", "CursorAgent@Cursor.com": "ai_operated cursor",
		"devin-ai-integration": "unknown", "cursoragent": "unknown",
	} {
		p := c.Label(&correlate.Change{Actor: &correlate.Actor{ID: id, Type: correlate.ActorHuman}})
		if got := answer(p); got != want {
			t.Errorf("%s: %s, want %s", id, got, want)
		}
	}
}
