package provenance

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// More markers of AI can make an answer surer of AI, never less: else whoever adds a
// trailer of honesty would hide what the commits say.
func TestAMarkerMoreNeverTakesAIAway(t *testing.T) {
	c := classifier(t)
	rapid.Check(t, func(t *rapid.T) {
		change := correlate.Change{Commits: rapid.SliceOfN(rapid.Custom(drawCommit), 1, 5).Draw(t, "commits"), StartedAt: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}
		before := c.Label(&change)
		marked := made("Add a cart" + claudeTrailer)
		change.Commits = slices.Insert(slices.Clone(change.Commits), rapid.IntRange(0, len(change.Commits)).Draw(t, "place"), marked)
		after := c.Label(&change)
		if !isAI(after.Class) || standingOf(after.Class) < standingOf(before.Class) {
			t.Fatalf("%s became %s by a commit with a trailer", before.Class, after.Class)
		}
		if after.Class == before.Class && after.Confidence < before.Confidence {
			t.Fatalf("%s of %v became %v by a commit with a trailer", before.Class, before.Confidence, after.Confidence)
		}
	})
}

// What the commits do not say, a label on the pull request may; no label can make
// it less.
func TestALabelOfAIOnlyAdds(t *testing.T) {
	c := classifier(t)
	rapid.Check(t, func(t *rapid.T) {
		change := correlate.Change{Commits: rapid.SliceOfN(rapid.Custom(drawCommit), 1, 4).Draw(t, "commits")}
		change.PullRequests = []correlate.PullRequest{{Number: 7}}
		before := c.Label(&change)
		change.PullRequests[0].Labels = []string{"AI-Generated"}
		after := c.Label(&change)
		if isAI(before.Class) && (after.Class != before.Class || after.Confidence != before.Confidence) || !isAI(before.Class) && before.Class != correlate.ProvenanceAutomation && !isAI(after.Class) {
			t.Fatalf("%s %v became %s %v by a label", before.Class, before.Confidence, after.Class, after.Confidence)
		}
	})
}

// Confidence unites the marks of the class that won, and those alone.
func TestConfidenceIsThatOfTheWinningMarks(t *testing.T) {
	marks := []mark{
		{rule: "a", class: assisted, weight: 0.5},
		{rule: "b", class: assisted, weight: 0.5},
		{rule: "a", class: assisted, weight: 0.5},
		{rule: "c", class: machine, weight: 0.9},
		{rule: "d", class: hinted, weight: 0.9},
	}
	if got := confidence(marks, assisted); got != 0.75 {
		t.Errorf("two halves are %v", got)
	}
	if got := confidence([]mark{{rule: "a", class: authored, weight: 0.95}, {rule: "b", class: authored, weight: 0.95}}, authored); got != maxConfidence {
		t.Errorf("as sure as markers make is %v", got)
	}
	for weight, class := range map[float64]correlate.ProvenanceClass{leastConfidence: correlate.ProvenanceAssisted, leastConfidence - 0.001: correlate.ProvenanceUnknown} {
		v := decide([]mark{{rule: "a", class: hinted, weight: weight}}, time.Time{})
		if v.class != class || (v.confidence == 0) != (class == correlate.ProvenanceUnknown) {
			t.Errorf("a marker of %v gives %s of %v", weight, v.class, v.confidence)
		}
	}
}

// The editor's fault lasted for some weeks, by what is marked weak only.
func TestOnlyTheEditorsWeeksWeakenOnlyItsMarker(t *testing.T) {
	for at, want := range map[time.Time]float64{
		editorStampedFrom.Add(-time.Second): 0.6, editorStampedFrom: 0, editorStampedUntil.Add(-time.Second): 0, editorStampedUntil: 0.6,
	} {
		if v := decide([]mark{{rule: "a", class: weak, weight: 0.6}, {rule: "b", class: machine, weight: 0.9}}, at); v.confidence != want || v.marks[1].weight != 0.9 {
			t.Errorf("%s: %v of %+v", at, v.confidence, v.marks)
		}
	}
	if v := decide([]mark{{rule: "a", class: weak, weight: 0.6}, {rule: "b", class: assisted, weight: 0.8}}, editorStampedFrom); v.confidence != 0.8 || v.marks[0].weight != 0.6 {
		t.Errorf("beside a better marker: %+v", v)
	}
}

// A change of hundreds of commits keeps the evidence that decided, not what came
// first.
func TestTheEvidenceThatIsKeptIsTheStrongest(t *testing.T) {
	c := classifier(t)
	var messages []string
	for range 3 * maxEvidence {
		messages = append(messages, "Add\n\nMade-with: Cursor")
	}
	change := deployOf(messages...)
	change.Commits = append(change.Commits, agents)
	got := c.Label(change)
	if len(got.Evidence) != maxEvidence || got.Class != correlate.ProvenanceAuthored {
		t.Fatalf("%d pieces of evidence for %s", len(got.Evidence), got.Class)
	}
	if got.Evidence[0].Marker != "copilot-coding-agent.author" {
		t.Errorf("what decided is not the first of %+v", got.Evidence[:3])
	}
	for n := maxEvidence - 1; n <= maxEvidence+1; n++ {
		v := verdict{}
		for i := range n {
			v.marks = append(v.marks, mark{rule: fmt.Sprint(i), class: class(i % int(authored+1))})
		}
		limit(&v)
		if len(v.marks) != min(n, maxEvidence) {
			t.Errorf("%d of %d are kept", len(v.marks), n)
		}
	}
}

// Where a branch was merged to decides whose work a merge is.
func TestMergesAreReadAsToolsWriteThem(t *testing.T) {
	for message, want := range map[string]string{
		"Merge pull request #7 from ann/codex/add-cart":                "codex/add-cart  true",
		" Merge branch 'codex/add-cart' \n\nx":                         "codex/add-cart  true",
		"Merge branch 'codex/add-cart' into 'main'":                    "codex/add-cart main true",
		"Merge branch 'codex/add-cart' into release-4":                 "codex/add-cart release-4 true",
		"Merge remote-tracking branch 'origin/codex/add-cart' into x":  "codex/add-cart x true",
		"Merge remote-tracking branch 'fork/codex/add-cart' into main": "fork/codex/add-cart main true",
		"Merge branch 'codex/add-cart":                                 "codex/add-cart  false",
		"Merge pull request #7 from ann":                               "  false",
		"Add a cart":                                                   "  false",
	} {
		branch, into, ok := mergeOf(message)
		if got := fmt.Sprintf("%s %s %v", branch, into, ok); got != want {
			t.Errorf("%q: %q, want %q", message, got, want)
		}
	}
	for branch, want := range map[string]bool{"main": true, "master": true, "develop": true, "trunk": true, "release": true, "release/4.2": true, "add-release": false, "": false} {
		if mainline(branch) != want {
			t.Errorf("%q is the main line: %v", branch, !want)
		}
	}
	b := branch{prefix: "codex/"}
	for message, want := range map[string]bool{
		"Merge branch 'codex/add-cart' into 'main'": true, "Merge branch 'Codex/add-cart' into release-4": true, "Merge branch 'codex/add-cart' into feature": false,
		"Merge branch 'fix' into 'main'": false, "codex/add-cart": false,
	} {
		if got := b.merged([]correlate.Commit{plain, made(message)}); got != want {
			t.Errorf("%q merges an agent's branch: %v", message, got)
		}
		if got := mergedBranch([]correlate.Commit{plain, made(message)}); (got != "") != (strings.HasSuffix(message, " into 'main'") || strings.HasSuffix(message, "release-4")) {
			t.Errorf("%q merges %q", message, got)
		}
	}
	for want, commits := range map[bool][]correlate.Commit{
		true:  {made("Merge branch 'main' into x"), made("Merge branch 'fix' into y")},
		false: {made("Merge branch 'main' into x"), plain},
	} {
		if upmerge(commits) != want {
			t.Errorf("%+v only take in other work: %v", commits, !want)
		}
	}
	if upmerge(nil) || upmerge([]correlate.Commit{made("Merge branch 'x' into main")}) || upmerge([]correlate.Commit{made("Merge pull request #7 from a/b")}) {
		t.Error("a merge into the main line is taken for one out of it")
	}
}

// What a form says that nobody filled in does not outweigh a clear marker; what it
// says against a faint one does.
func TestADenialYieldsToWhatIsPlain(t *testing.T) {
	denial := &correlate.Change{AI: &correlate.AIDeclaration{Assistance: correlate.AssistanceNone}}
	for name, c := range map[string]struct {
		commits verdict
		taken   bool
	}{
		"nothing":           {verdict{class: correlate.ProvenanceUnknown}, true},
		"a sure marker":     {verdict{class: correlate.ProvenanceAssisted, confidence: 0.8}, false},
		"an unsure marker":  {verdict{class: correlate.ProvenanceAssisted, confidence: 0.79}, true},
		"automation":        {verdict{class: correlate.ProvenanceAutomation, confidence: 0.1}, false},
		"a person's words":  {verdict{class: correlate.ProvenanceHuman, confidence: 0.99}, true},
		"an author, surely": {verdict{class: correlate.ProvenanceAuthored, confidence: 0.99}, false},
	} {
		v, taken := declared(denial, &c.commits)
		if taken != c.taken || taken && (v.class != correlate.ProvenanceHuman || v.confidence != 0.7 || v.marks[0].class != human || v.marks[0].weight != 0.7) {
			t.Errorf("%s: %+v, %v", name, v, taken)
		}
	}
	for _, empty := range []*correlate.AIDeclaration{nil, {}, {Assistance: "plenty"}} {
		if _, taken := declared(&correlate.Change{AI: empty}, &verdict{}); taken {
			t.Errorf("%+v is a declaration", empty)
		}
	}
}

// Scores tell changes of nobody's knowledge, tools and certainty apart.
func TestScoresAreOfTheAnswersThatTheyName(t *testing.T) {
	row := func(message string, label correlate.ProvenanceClass, tools ...string) Labelled {
		return Labelled{Change: *deployOf(message), Label: label, Acceptable: []correlate.ProvenanceClass{label}, Tools: tools}
	}
	s := classifier(t).Score([]Labelled{
		row("Add"+claudeTrailer, correlate.ProvenanceAssisted, "claude"),
		row("Add"+claudeTrailer, correlate.ProvenanceAssisted, "(unknown)", "claude", "codex"),
		row("Add"+claudeTrailer, correlate.ProvenanceAssisted, "(unknown)"),
		row("Add"+claudeTrailer, correlate.ProvenanceAuthored, "claude"),
		row("Add", correlate.ProvenanceUnknown, "claude"),
		row("Add", correlate.ProvenanceAutomation),
		{Change: *deployOf("Add" + claudeTrailer), Label: correlate.ProvenanceAssisted, Acceptable: []correlate.ProvenanceClass{correlate.ProvenanceAutomation, correlate.ProvenanceAssisted}},
	})
	if s.Tool != (Ratio{2, 2}) || s.Tools != (Ratio{1, 2}) {
		t.Errorf("first tools %v, all tools %v", s.Tool, s.Tools)
	}
	if s.Bots != (Ratio{1, 1}) || s.Recall != (Ratio{3, 4}) || s.Precision != (Ratio{4, 5}) {
		t.Errorf("bots %v, recall %v, precision %v", s.Bots, s.Recall, s.Precision)
	}
	if s.Classes[correlate.ProvenanceAssisted] != (Ratio{4, 5}) || s.Classes[correlate.ProvenanceUnknown] != (Ratio{1, 2}) || s.Accuracy != 0.8 {
		t.Errorf("classes %v, accuracy %v", s.Classes, s.Accuracy)
	}
	var b Scores
	for _, confidence := range []float64{sureFrom, sureFrom - 0.01, 0.9} {
		b.believe(&Labelled{Label: correlate.ProvenanceAssisted}, &correlate.Provenance{Class: correlate.ProvenanceAssisted, Confidence: confidence})
	}
	if b.Sure.Of != 2 || b.Unsure.Of != 1 || math.Abs(b.Sure.MeanConfidence-0.8) > 1e-9 {
		t.Errorf("sure %+v, unsure %+v", b.Sure, b.Unsure)
	}
	if got := knownTools([]string{"(x)", "claude", "chatgpt/openai", "codex"}); !slices.Equal(got, []string{"claude-code", "chatgpt", "codex"}) {
		t.Errorf("%v", got)
	}
	names := ""
	for _, r := range s.Rows() {
		names += r[0] + "; "
	}
	for _, name := range []string{"AI: recall where it can be known", "tool right", "all tools right", "ordinary automation not called AI", "easy cases", "claims below a confidence of 0.7", "accuracy of a claim"} {
		if !strings.Contains(names, name) {
			t.Errorf("%q is not in the table: %s", name, names)
		}
	}
	long := `{"change":{"id":"` + strings.Repeat("x", 1<<20) + `"}}`
	if rows, err := ReadLabelled(strings.NewReader(long)); err != nil || len(rows) != 1 {
		t.Errorf("a line of a megabyte: %d rows, %v", len(rows), err)
	}
}

// Letters that have ASCII ones for their lower case are found too, and only they
// cost a second look.
func TestAFinderLooksTwiceOnlyAtLettersBeyondASCII(t *testing.T) {
	f := newFinder([]string{"kelvin mark", "k"})
	for message, want := range map[string][]int{
		"a KELVIN MARK": {0, 1}, "a \u212aELVIN MARK": {0, 1}, "\u212a": {1}, "é kelvin mark": {0, 1}, "elvin mark": {1}, "elvin": nil,
	} {
		if got := f.find(message); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", message, got, want)
		}
	}
	for message, want := range map[string]bool{"": true, "abc": true, "abcé": false, "é": false, "ab\u212a": false, strings.Repeat("x", 8) + "é": false} {
		if _, ascii := f.scan(message); ascii != want {
			t.Errorf("%q is ASCII: %v", message, ascii)
		}
	}
}
