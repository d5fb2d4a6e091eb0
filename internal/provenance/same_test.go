package provenance

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// allCases are the commits of all tables of these tests.
func allCases() []commitCase {
	return slices.Concat(identityCases, trailerCases, textCases, topicTraps, botTraps, movedTraps)
}

// said is the class and the tools of a commit.
func said(c *Classifier, author, message string) string {
	return answer(c.Commit(&correlate.Commit{SHA: "4f2a91c0ffee", Message: message, Author: person(author)}))
}

// TestWhatSaysNothingAboutAIChangesNoAnswer rewrites every commit of the tables in
// ways that tools and people do without a thought.
func TestWhatSaysNothingAboutAIChangesNoAnswer(t *testing.T) {
	c := classifier(t)
	for name, rewrite := range map[string]func(message string) string{
		"line ends of Windows":   func(m string) string { return strings.ReplaceAll(strings.ReplaceAll(m, "\r\n", "\n"), "\n", "\r\n") },
		"spaces at line ends":    func(m string) string { return strings.ReplaceAll(m, "\n", "  \n") },
		"an empty line at end":   func(m string) string { return m + "\n\n" },
		"a sign-off":             func(m string) string { return m + "\nSigned-off-by: Ann Example <ann@example.com>" },
		"a person as co-author":  func(m string) string { return m + "\nCo-authored-by: Ben Example <ben@example.com>" },
		"a reviewer like a tool": func(m string) string { return m + "\nReviewed-by: Claude Dupont <claude.dupont@example.org>" },
		"a line of a picker":     func(m string) string { return m + "\n(cherry picked from commit 4f2a91c0ffee)" },
		"a number of an issue":   func(m string) string { return m + "\n\nFixes: #4711" },
	} {
		for _, tc := range allCases() {
			if tc.message == "" {
				continue
			}
			if got := said(c, tc.author, rewrite(tc.message)); got != tc.want {
				t.Errorf("%s with %s: %q, want %q", tc.name, name, got, tc.want)
			}
		}
	}
}

// TestWhatIsOnlyQuotedIsNobodysWork puts every message of the tables into the
// message of a person who talks about it.
func TestWhatIsOnlyQuotedIsNobodysWork(t *testing.T) {
	c := classifier(t)
	prefixed := func(with, m string) string { return with + strings.ReplaceAll(m, "\n", "\n"+with) }
	for name, quote := range map[string]func(m string) string{
		"a quotation":     func(m string) string { return prefixed("> ", m) },
		"a fence":         func(m string) string { return "```\n" + strings.ReplaceAll(m, "```", "") + "\n```" },
		"a comment":       func(m string) string { return "<!--\n" + strings.ReplaceAll(m, "-->", "") + "\n-->" },
		"an indentation":  func(m string) string { return prefixed("    ", m) },
		"a tab's columns": func(m string) string { return prefixed("\t", m) },
	} {
		for _, tc := range allCases() {
			message := "Document commits\n\nOne of them reads\n\n" + quote(strings.ReplaceAll(tc.message, "\r", "")) + "\n\nand is read."
			if got := said(c, ann, message); got != "unknown" {
				t.Errorf("%s in %s: %q", tc.name, name, got)
			}
		}
	}
}

// TestUndoingWorkOfAIIsNoWorkOfAI reverts every commit of the tables as git does,
// by a person, with the message of the reverted one or without it.
func TestUndoingWorkOfAIIsNoWorkOfAI(t *testing.T) {
	c := classifier(t)
	for _, tc := range allCases() {
		subject, body, _ := strings.Cut(tc.message, "\n")
		if strings.Contains(tc.message, "everts commit") {
			continue
		}
		for _, message := range []string{
			"Revert \"" + subject + "\"\n\nThis reverts commit 4f2a91c0ffee4f2a91c0ffee4f2a91c0ffee4f2a.",
			"Revert \"" + subject + "\"\n" + body + "\n\nThis reverts commit 4f2a91c0ffee4f2a91c0ffee4f2a91c0ffee4f2a.",
		} {
			if got := said(c, ann, message); got != "unknown" {
				t.Errorf("the revert of %q: %q\n%s", tc.name, got, message)
			}
		}
	}
}

// TestTheLogOfASquashSaysWhatItsCommitsSay writes each message as `git merge
// --squash` does: indented, under a commit.
func TestTheLogOfASquashSaysWhatItsCommitsSay(t *testing.T) {
	c := classifier(t)
	for _, tc := range trailerCases {
		if !strings.Contains(tc.want, "ai_") || tc.author != ann {
			continue
		}
		message := "Squashed commit of the following:\n\ncommit 4f2a91c0ffee4f2a91c0ffee4f2a91c0ffee4f2a\nAuthor: Ben <ben@example.com>\n\n    " +
			strings.ReplaceAll(tc.message, "\n", "\n    ")
		if got := said(c, ann, message); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
	}
	for text, entry := range map[string]bool{
		"commit 4f2a91c": true, "commit 4f2a91c0ffee4f2a91c0ffee4f2a91c0ffee4f2a": true,
		"commit 4f2a91": false, "commit to it": false, "commit DEADBEEF": false, " commit 4f2a91c": false, "": false,
	} {
		if isLogEntry(text) != entry {
			t.Errorf("%q begins a commit of a log: %v", text, !entry)
		}
	}
}

// TestNoMessageBreaksTheReader reads anything at all: the answer is one of the
// classes, the evidence is bounded and readable, and the same text says the same
// twice.
func TestNoMessageBreaksTheReader(t *testing.T) {
	c := classifier(t)
	words := []string{"\n", "\r\n", "    ", "\t", "```", "> ", "<!--", "-->", "<details>", "</details>", "Co-authored-by: ", "Claude <noreply@anthropic.com>", "Revert \"", "This reverts commit ", "commit 4f2a91c\n", "🤖 Generated with ", "[x] ", "AI-assisted: ", "none", "\xff", "\x00", ":", "<", ">"}
	rapid.Check(t, func(t *rapid.T) {
		message := strings.Join(rapid.SliceOfN(rapid.OneOf(rapid.SampledFrom(words), rapid.String()), 0, 40).Draw(t, "message"), "")
		author := rapid.SampledFrom([]string{ann, renovate, copilot, rapid.String().Draw(t, "author")}).Draw(t, "who")
		commit := &correlate.Commit{SHA: "4f2a91c0ffee", Message: message, Author: person(author)}
		got := c.Commit(commit)
		if !slices.Contains(correlate.ProvenanceClasses(), got.Class) || got.Confidence < 0 || got.Confidence > 1 || len(got.Evidence) > maxMarks+2 {
			t.Fatalf("%+v", got)
		}
		for _, e := range got.Evidence {
			if e.Marker == "" || e.Where == "" && e.Excerpt != "" || utf8.RuneCountInString(e.Excerpt) > 400 {
				t.Fatalf("%+v", e)
			}
		}
		if again := answer(c.Commit(commit)); again != answer(got) {
			t.Fatalf("%q, then %q", answer(got), again)
		}
	})
}

// TestIdentitiesAreReadBack writes a name and an address as git does.
func TestIdentitiesAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.StringMatching(`[A-Za-zÀ-ž][A-Za-zÀ-ž .()\[\]-]{0,20}[A-Za-z\])]`).Draw(t, "name")
		address := rapid.StringMatching(`[a-z0-9+.\[\]-]{1,20}@[a-z]{1,10}\.example`).Draw(t, "address")
		gotName, gotAddress := parseIdentity("  " + name + " <" + address + "> ")
		if gotName != strings.TrimSpace(name) || gotAddress != address {
			t.Fatalf("%q and %q become %q and %q", name, address, gotName, gotAddress)
		}
		if bareName, bareAddress := parseIdentity(name + " " + address); bareName != strings.TrimSpace(name) || bareAddress != address {
			t.Fatalf("without brackets %q and %q become %q and %q", name, address, bareName, bareAddress)
		}
	})
}
