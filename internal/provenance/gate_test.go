package provenance

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// TestAGateLetsThroughWhatItsPatternsMatch holds the gate against asking every
// pattern, with patterns of all the kinds that rules have.
func TestAGateLetsThroughWhatItsPatternsMatch(t *testing.T) {
	patterns := []string{
		"^auto-fix (python )?lint", "^\U0001f916 (apply|auto)", "^\\[?automated\\b", "^chore(\\([a-z-]+\\))?: ", "^[a-z]+\\(AI\\)!?: ",
		"^k", "^", "x", "^.", "^[^a]b", "(^a|b)", "^(a|\\[)", "^\\s*z", "^(?:)", "\\bai\\b", "^[\\x{400}-\\x{4ff}]", "^\\pL1", "^a*b", "",
	}
	texts := rapid.OneOf(
		rapid.StringOfN(rapid.SampledFrom([]rune("aAbxzkK\u212a[(:! -1\U0001f916\u0416\n")), 0, 5, -1),
		rapid.SampledFrom([]string{"auto-fix lint", "Automated x", "[AUTOMATED] y", "chore(deps): z", "CHORE: q", "fix(AI): a", "\U0001f916 apply", ""}),
	)
	rapid.Check(t, func(t *rapid.T) {
		flags := rapid.SampledFrom([]string{"", "(?i)"}).Draw(t, "flags")
		chosen := rapid.SliceOfN(rapid.SampledFrom(patterns), 0, 4).Draw(t, "patterns")
		text := texts.Draw(t, "text")
		g, err := newGated(flags, chosen)
		if err != nil {
			t.Fatal(err)
		}
		want := false
		for _, p := range chosen {
			want = want || regexp.MustCompile(flags+p).MatchString(text)
		}
		if got := g.match(text); got != want {
			t.Fatalf("match(%q) of %q with flags %q is %v, want %v", text, chosen, flags, got, want)
		}
	})
}

func TestAGateKeepsOrdinarySubjectsOut(t *testing.T) {
	c, err := New(Builtin())
	if err != nil {
		t.Fatal(err)
	}
	for _, subject := range []string{"raise the limit", "Merge pull request #7", "fix: crash", "drop the queue"} {
		if c.machines.subjects.first[subject[0]] {
			t.Errorf("%q is shown to every pattern", subject)
		}
	}
	if _, err := newGated("", []string{"^a", "("}); err == nil {
		t.Error("a broken pattern is no error")
	}
}
