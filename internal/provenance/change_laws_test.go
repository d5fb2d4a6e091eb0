package provenance

import (
	"encoding/json"
	"math/rand"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// drawCommit draws a commit from parts that mean something.
func drawCommit(t *rapid.T) correlate.Commit {
	authors := []string{ann, renovate, copilot, "Claude <noreply@anthropic.com>", "Devin Example <devin@example.com>"}
	parts := []string{
		"Add a cart", "\n", "Co-authored-by: Claude <noreply@anthropic.com>", "Co-authored-by: " + review, "```", "> quoted",
		"- [x] **None**", "- [x] **Heavy**", "This reverts commit 1.", "Assisted-by: Ann", "🤖 Generated with [Claude Code]",
	}
	message := ""
	for _, part := range rapid.SliceOfN(rapid.SampledFrom(parts), 0, 8).Draw(t, "message") {
		message += part + "\n"
	}
	return correlate.Commit{SHA: "abc", Message: message, Author: person(rapid.SampledFrom(authors).Draw(t, "author"))}
}

func TestTheClassDoesNotDependOnTheOrderOfTheCommits(t *testing.T) {
	c := classifier(t)
	rapid.Check(t, func(t *rapid.T) {
		change := correlate.Change{Commits: rapid.SliceOfN(rapid.Custom(drawCommit), 1, 6).Draw(t, "commits")}
		before := c.Label(&change)
		rand.New(rand.NewSource(rapid.Int64().Draw(t, "order"))).Shuffle(len(change.Commits), func(i, j int) {
			change.Commits[i], change.Commits[j] = change.Commits[j], change.Commits[i]
		})
		after := c.Label(&change)
		if before.Class != after.Class || before.Confidence != after.Confidence {
			t.Fatalf("%s %v became %s %v", before.Class, before.Confidence, after.Class, after.Confidence)
		}
	})
}

func TestOrdinaryAutomationIsNeverAIWithoutAMarkerOfItsOwn(t *testing.T) {
	c := classifier(t)
	quotes := []string{
		"🤖 Generated with [Claude Code](https://claude.com/claude-code)", "Coded with Codex", "- [x] **Heavy**",
		"https://chatgpt.com/codex/tasks/task_e_1", "This change was AI-generated", "Ask Claude to review", "vibe-coded",
		"Co-authored-by: Ann <ann@example.com>", "Co-authored-by: " + review, "https://app.devin.ai/sessions/0a",
	}
	rapid.Check(t, func(t *rapid.T) {
		message := "Update openai and claude-code\n\n"
		for _, quote := range rapid.SliceOfN(rapid.SampledFrom(quotes), 0, 6).Draw(t, "quotes") {
			message += quote + "\n"
		}
		author := rapid.SampledFrom([]string{
			renovate, "dependabot[bot] <49699333+dependabot[bot]@users.noreply.github.com>", "k8s-ci-robot <ci@example.com>",
			"github-actions[bot] <41898282+github-actions[bot]@users.noreply.github.com>", "Release Bot <r@example.com>",
		}).Draw(t, "author")
		if p := c.Commit(&correlate.Commit{Message: message, Author: person(author)}); p.Class != correlate.ProvenanceAutomation {
			t.Fatalf("%s: %s, %+v", author, answer(p), p.Evidence)
		}
	})
}

func TestOneClassifierServesManyGoroutines(t *testing.T) {
	c := classifier(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				if p := c.Label(&correlate.Change{Commits: []correlate.Commit{plain, helped, robots}}); p.Class != correlate.ProvenanceAssisted {
					t.Errorf("class = %s", p.Class)
				}
			}
		})
	}
	wg.Wait()
}

func FuzzLabel(f *testing.F) {
	for _, group := range [][]commitCase{identityCases, trailerCases, textCases} {
		for _, test := range group {
			f.Add(test.author, test.message, "claude/x", note(1))
		}
	}
	f.Add("<", "Co-authored-by:\nCo-authored-by: <\nCo-authored-by: @", ":", "\n---\n{}")
	c := classifier(f)
	f.Fuzz(func(t *testing.T, author, message, branch, text string) {
		raw, err := json.Marshal(map[string]string{"abc": text})
		if err != nil {
			t.Fatal(err)
		}
		change := correlate.Change{
			Commits:      []correlate.Commit{{Message: message, Author: person(author)}},
			PullRequests: []correlate.PullRequest{{HeadBranch: branch, Body: message}},
			Extra:        map[string]json.RawMessage{NotesField: raw},
		}
		p := c.Label(&change)
		if p.Confidence < 0 || p.Confidence > maxConfidence || len(p.Evidence) > maxEvidence || p.Tools == nil || p.Evidence == nil {
			t.Fatalf("out of bounds: %+v", p)
		}
		if diff := cmp.Diff(p, c.Label(&change)); diff != "" {
			t.Fatalf("the same change twice (-once +twice):\n%s", diff)
		}
	})
}
