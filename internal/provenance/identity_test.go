package provenance

import (
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
)

// Trailers are written by hand: a name or its brackets may be missing.
func TestIdentitiesAreReadAsPeopleWriteThem(t *testing.T) {
	for text, want := range map[string][2]string{
		"Ann Lee <ann@example.org>":      {"Ann Lee", "ann@example.org"},
		" Ann Lee  < ann@example.org > ": {"Ann Lee", "ann@example.org"},
		"<ann@example.org>":              {"", "ann@example.org"},
		"ann@example.org":                {"", "ann@example.org"},
		"Ann Lee ann@example.org":        {"Ann Lee", "ann@example.org"},
		"Ann <Lee> <ann@example.org":     {"Ann <Lee>", "ann@example.org"},
		"Ann @lee":                       {"Ann @lee", ""},
		"@lee":                           {"@lee", ""},
		"Ann Lee":                        {"Ann Lee", ""},
		"":                               {"", ""},
	} {
		if name, address := parseIdentity(text); name != want[0] || address != want[1] {
			t.Errorf("%q: %q and %q, want %q", text, name, address, want)
		}
	}
}

// A product's address without a name before it is the product all the same.
func TestACoAuthorWithoutANameCounts(t *testing.T) {
	c := classifier(t)
	for trailer, want := range map[string]string{
		"<noreply@anthropic.com>": "ai_assisted claude-code", "noreply@anthropic.com": "ai_assisted claude-code", "@claude": "unknown",
	} {
		p := c.Commit(&correlate.Commit{Message: "Add a cart\n\nCo-authored-by: " + trailer, Author: person(ann)})
		if got := answer(p); got != want {
			t.Errorf("%s: %s, want %s", trailer, got, want)
		}
	}
}

// What stands above the words of a revert is the reverted commit's; its evidence
// names lines of the message as people count them.
func TestALineOfARevertIsNamedByItsPlace(t *testing.T) {
	const message = "Revert \"Add a cart\"\n\nCo-authored-by: Devin AI <bot@devin.ai>\n\nThis reverts commit abc.\n\nCo-authored-by: Claude <noreply@anthropic.com>"
	p := classifier(t).Commit(&correlate.Commit{Message: message, Author: person(ann)})
	if answer(p) != "ai_assisted claude-code" || len(p.Evidence) != 1 || !strings.HasSuffix(p.Evidence[0].Where, "message line 7") {
		t.Errorf("%s by %+v", answer(p), p.Evidence)
	}
	if at := revertedAt("\nx\nThis reverts commit abc."); at != 3 {
		t.Errorf("the words begin at %d, want 3", at)
	}
	if at := revertedAt("x"); at != 0 {
		t.Errorf("a message that reverts nothing is cut at %d", at)
	}
}
