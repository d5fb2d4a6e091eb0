package provenance

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// TestTrailersAreReadAtTheirColon: what is no "Key: value" is a line of prose,
// and a long line is not searched to its end.
func TestTrailersAreReadAtTheirColon(t *testing.T) {
	longest := strings.Repeat("k", maxKey)
	for text, want := range map[string]string{
		"Key: value": "key=value", "K:v": "k=v", "co-authored-by:  Ann <a@b> ": "co-authored-by=Ann <a@b>", "9-k: v: w": "9-k=v: w", "K: ": "k=",
		longest + ": v": longest + "=v",
		": v":           "", "K:": "", ":": "", "": "", "two words: v": "", "k_y: v": "", "clé: v": "", "no colon": "", longest + "k: v": "",
	} {
		key, value, ok := trailerOf(text)
		got := ""
		if ok {
			got = key + "=" + value
		}
		if got != want {
			t.Errorf("%q is read as %q, want %q", text, got, want)
		}
	}
}

// TestAWordIsWholeByWhatStandsBesideIt, at every border of the letters and
// digits. A digit may follow: "gpt5".
func TestAWordIsWholeByWhatStandsBesideIt(t *testing.T) {
	for b := range 128 {
		digit, letters := b >= '0' && b <= '9', strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", rune(b)) && b > 0
		if got, want := hasWord(fmt.Sprintf("a %cbot", rune(b)), "bot"), !digit && !letters; got != want {
			t.Errorf("%q before: whole %t", rune(b), got)
		}
		if got, want := hasWord(fmt.Sprintf("bot%c b", rune(b)), "bot"), !letters; got != want {
			t.Errorf("%q behind: whole %t", rune(b), got)
		}
	}
	for text, want := range map[string]int{"bot": 0, "robot bot": 6, "botbot": -1, "bots, bot": 6, "": -1} {
		if got := wordAt(text, "bot"); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}

// TestAutomationIsKnownByEachOfItsSigns, and people whose names come near are
// not taken for it.
func TestAutomationIsKnownByEachOfItsSigns(t *testing.T) {
	m := classifier(t).machines
	for who, want := range map[string]bool{
		"anything[bot] <>": true, "x <1+x[bot]@users.noreply.github.com>": true, "weblate <>": true, "the release robot <>": true,
		"renovate <r@example.com>": true, "companybot <>": true, "company bot <>": true,
		"abbot <>": true, "ann abbot <ann@example.com>": false, "robotham <>": false, "ann <bot@example.com>": false, "": false,
	} {
		name, address := parseIdentity(who)
		if got := m.is(name, address); got != want {
			t.Errorf("%q: automation %t", who, got)
		}
	}
	for who, want := range map[string]bool{
		"acme ai bot <>": true, "agent-deploy[bot] <>": true, "ops agent <agent@example.com>": true, "x <y@openclaw.ai>": true,
		"estate agent <ann@example.com>": false, "aida <aida@example.com>": false, "x <y@openclaw.ai.example>": false,
	} {
		name, address := parseIdentity(who)
		if got := m.agent(name, address); got != want {
			t.Errorf("%q: a company's agent %t", who, got)
		}
	}
	for subject, want := range map[string]bool{
		"Automatic changelog": true, "Update common go files (#12)": true, "Update common go files (12)": false, "Update common go files (#12) again": false,
		"Update common go files": true, "(#12)": false, " (#12)": false, "Add a cart (#12)": false,
	} {
		if got := m.wrote(subject); got != want {
			t.Errorf("%q: only machines write it %t", subject, got)
		}
	}
}

// TestModelsAreReadFromNames and from nothing else.
func TestModelsAreReadFromNames(t *testing.T) {
	for _, c := range []struct{ tool, name, want string }{
		{"claude-code", "Claude Opus 4.6", "Claude Opus 4.6"},
		{"claude-code", "Claude Code", ""},
		{"claude-code", "Claude", ""},
		{"claude-code", "Claude Opus 4.6 (1M context)", "Claude Opus 4.6 (1M context)"},
		{"aider", "aider (gemini/gemini-2.5-pro)", "gemini/gemini-2.5-pro"},
		{"aider", "aider (model gpt-5)", "gpt-5"},
		{"aider", "aider (aider)", ""},
		{"aider", "(gpt-5) by aider", "gpt-5"},
		{"aider", "aider", ""},
		{"aider", "aider (gpt-5", "gpt-5"},
		{"codex", "Claude Opus 4.6", ""},
	} {
		if got := modelOf(c.tool, c.name); got != c.want {
			t.Errorf("%s of %s: %q, want %q", c.name, c.tool, got, c.want)
		}
	}
}

// TestAReversalIsReadFromItsOwnWords: above them may stand the message of what
// is undone. The last of several counts.
func TestAReversalIsReadFromItsOwnWords(t *testing.T) {
	for rest, want := range map[string]int{
		"": 0, "Add a cart": 0, "This reverts commit 1": 0,
		"\nThis reverts commit 1": 1, "x\nThis reverts commit 1": 2, "x\nReverts commit 1": 2,
		"x\nThis reverts commit 1\nThis reverts commit 2": 24,
	} {
		if got := revertedAt(rest); got != want {
			t.Errorf("%q: at %d, want %d", rest, got, want)
		}
	}
}

// TestTheEvidenceOfAMessageIsBounded however often it says the same: each rule
// of a line once, trailers up to the limit.
func TestTheEvidenceOfAMessageIsBounded(t *testing.T) {
	c := classifier(t)
	for _, n := range []int{1, maxMarks - 1, maxMarks, maxMarks + 1, 3 * maxMarks} {
		var message strings.Builder
		message.WriteString("Add a cart\n\n")
		for i := range n {
			fmt.Fprintf(&message, "Co-authored-by: Claude Opus 4.%d <noreply@anthropic.com>\n", i)
		}
		if got := len(c.read(message.String(), "m", false)); got != min(n, maxMarks) {
			t.Errorf("%d trailers give %d pieces of evidence", n, got)
		}
	}
	footer := "Generated with [Claude Code](https://claude.com/claude-code)\n"
	once, often := c.read("Add\n\n"+footer, "m", false), c.read("Add\n\n"+strings.Repeat(footer, 5), "m", false)
	if len(once) == 0 || len(once) != len(often) {
		t.Errorf("said once it is %d pieces of evidence, said five times %d", len(once), len(often))
	}
}

// TestASubjectIsNoTrailer: "Assisted-by: x" as the first line is a title.
func TestASubjectIsNoTrailer(t *testing.T) {
	c := classifier(t)
	const text = "Co-authored-by: Claude <noreply@anthropic.com>"
	if marks := c.read(text, "m", false); len(marks) != 0 {
		t.Errorf("as the subject: %+v", marks)
	}
	if marks := c.read("\n"+text, "m", false); len(marks) != 1 || marks[0].where != "m line 2" {
		t.Errorf("below an empty subject: %+v", marks)
	}
}

// TestToolsComeFromMarkersOfAIOnly, the best witnessed first, each once with the
// model that somebody named.
func TestToolsComeFromMarkersOfAIOnly(t *testing.T) {
	marks := []mark{
		{tool: "bot", class: machine, weight: 0.98},
		{tool: "denied", class: human, weight: 0.7},
		{tool: "weakly", class: weak, weight: 0.9},
		{tool: "twice", class: assisted, weight: 0.5},
		{class: authored, weight: 0.9},
		{tool: "wrote", class: authored, weight: 0.1},
		{tool: "twice", model: "m1", class: assisted, weight: 0.8},
		{tool: "twice", model: "m2", class: assisted, weight: 0.2},
		{tool: "once", class: assisted, weight: 0.7},
	}
	want := []correlate.AITool{{Name: "wrote"}, {Name: "twice", Model: "m1"}, {Name: "once"}, {Name: "weakly"}}
	if diff := cmp.Diff(want, toolsOf(marks)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	slices.Reverse(marks)
	if got := toolsOf(marks); got[0].Name != "wrote" || got[1].Model != "m2" {
		t.Errorf("the other way round: %+v", got)
	}
}
