package policy_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
)

// aRule is a rule on one line whose condition holds as given.
func aRule(id, when, require string) string {
	return "  - {id: " + id + ", when: '" + when + "', require: '" + require + "', otherwise: deny, reason: x}\n"
}

// A file that is refused for another reason than its fault stands on luck: the
// guard for that fault may be gone.
func TestEachGuardRefusesByItself(t *testing.T) {
	many := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(aRule(fmt.Sprintf("r-%d", i), "true", "true"))
		}
		return head + b.String()
	}
	// A file of exactly so many bytes, filled up by a comment.
	sized := func(n int) string {
		text := head + aRule("a", "true", "true") + "#"
		return text + strings.Repeat("x", n-len(text))
	}
	long := func(n int) string {
		return head + aRule("a", "tier == 1"+strings.Repeat(" ", n-len("tier == 1")), "true")
	}
	for name, c := range map[string]struct{ text, want string }{
		"a second document":    {head + aRule("a", "true", "true") + "---\nrules:\n" + aRule("b", "true", "false"), "file: is not one document"},
		"nothing but comments": {"# no rules\n", "file: is not one document"},
		"an anchor":            {"version: &v '1'\nlevels: {senior: [senior]}\nrules:\n" + aRule("a", "true", "true"), "line 1, column 10: file: anchors"},
		"an alias":             {"version: '1'\nlevels: {senior: &s [senior]}\nbreak_glass: {labels: *s}\nrules:\n" + aRule("a", "true", "true"), "anchors, aliases and tags"},
		"a tag":                {"version: !!str 1\nlevels: {senior: [senior]}\nrules:\n" + aRule("a", "true", "true"), "anchors, aliases and tags"},
		"no rules":             {"version: '1'\nlevels: {senior: [senior]}\nrules: []\n", "rules: there are none"},
		"201 rules":            {many(201), "rules: 201 rules are more than 200"},
		"200 rules":            {many(200), ""},
		"a byte too many":      {sized(1<<20 + 1), "file: larger than 1048576 bytes"},
		"as large as may be":   {sized(1 << 20), ""},
		"a sign too many":      {long(4001), "longer than 4000 signs"},
		"as long as may be":    {long(4000), ""},
	} {
		_, err := policy.Compile([]byte(c.text))
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %.300v, want %q", name, err, c.want)
		}
	}
}

// A place of nothing sends the reader of an error to line 0.
func TestAFaultWithoutPlaceOrMendNamesNone(t *testing.T) {
	for want, f := range map[string]*policy.Fault{
		"rules: gone":                         {Path: "rules", Problem: "gone"},
		"rules: gone; write one":              {Path: "rules", Problem: "gone", Mend: "write one"},
		"line 1, column 2: rules: gone":       {Line: 1, Column: 2, Path: "rules", Problem: "gone"},
		"line 7, column 1: rules: gone; mend": {Line: 7, Column: 1, Path: "rules", Problem: "gone", Mend: "mend"},
	} {
		if got := f.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// The places of expressions too long or missing are those of their fields, not of
// a sign within them.
func TestFaultsOfWholeFieldsPointAtTheField(t *testing.T) {
	for name, c := range map[string]struct {
		rules  string
		column int
	}{
		"too long":    {"  - id: a\n    when: " + strings.Repeat("x", 4001) + "\n", 11},
		"a blank":     {"  - id: a\n    when: ' '\n", 11},
		"not a truth": {"  - id: a\n    when: tier + 1\n", 11},
		"folded":      {"  - id: a\n    when: >\n      tier\n       == nope\n", 7},
	} {
		_, err := policy.Compile([]byte(head + c.rules + "    require: 'true'\n    otherwise: deny\n    reason: x\n"))
		var f *policy.Fault
		line := 5
		if name == "folded" {
			// The lines of a folded block are gone, so that its first is named.
			line = 6
		}
		if !errors.As(err, &f) || f.Path != "rules[0].when" || f.Line != line || f.Column != c.column {
			t.Errorf("%s: %+v, want line %d, column %d", name, f, line, c.column)
		}
	}
}

// What breaks one rule while it is judged is told as such and lets nothing
// through, whether or not the glass was broken.
func TestARuleThatCannotBeJudgedDenies(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	c.Labels = map[string]string{"break-glass": "the shop is down"}
	for name, rule := range map[string]string{
		"its condition":   aRule("a", `change.labels["team"] == "x"`, "true"),
		"its requirement": aRule("a", "true", `change.labels["team"] == "x"`),
	} {
		d := ofRules(t, rule).Judge(&policy.Input{Change: c, Tier: 1})
		f := only(t, d)
		if d.Decision != policy.Deny || f.Lapse != policy.LapseBroken || !strings.Contains(f.Reason, "could not be judged: ") || !strings.Contains(f.Mend, "mend the expression") {
			t.Errorf("%s: %+v", name, d)
		}
	}
}

// A rule that says so is kept even when the glass is broken.
func TestARuleMayOutlastTheBrokenGlass(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	c.Labels = map[string]string{"break-glass": "the shop is down"}
	for line, want := range map[string]policy.Outcome{"": policy.Warn, "break_glass: true, ": policy.Warn, "break_glass: false, ": policy.Deny} {
		p := ofRules(t, strings.Replace(aRule("a", "true", "false"), "id:", line+"id:", 1))
		if d := p.Judge(&policy.Input{Change: c, Tier: 1}); d.Decision != want {
			t.Errorf("%q: %s, want %s", line, d.Decision, want)
		}
	}
}

// Of more approvals than rules can look at, those that count are kept, seniors
// first, in the order they came: a crowd of others must not hide them.
func TestACrowdOfApprovalsHidesNoneThatCounts(t *testing.T) {
	const crowd = 200
	c := aChange(correlate.KindDeploy)
	for range crowd {
		c.Approvals = append(c.Approvals, correlate.Approval{By: "a[bot]", Level: "senior", At: before(45)})
	}
	judged := func() []policy.ApprovalFacts {
		return shipped(t).Judge(&policy.Input{Change: c, Tier: 1}).Approvals
	}
	if kept := judged(); len(kept) != crowd || kept[0].Counts {
		t.Fatalf("%d are looked at, the first %+v", len(kept), kept[0])
	}
	late := bySenior
	late.By, late.At = "barbara", before(-10)
	c.Approvals = append(c.Approvals, late, byPeer, bySenior)
	kept := judged()
	order := []string{kept[0].By, kept[1].By, kept[2].By, kept[crowd-1].By}
	if len(kept) != crowd || !slices.Equal(order, []string{"grace", "linus", "a[bot]", "a[bot]"}) {
		t.Errorf("%d are looked at, in the order %v", len(kept), order)
	}
}

// An input that names lapses by a list that lacks one cannot be asked for it.
func TestTheListOfLapsesHoldsEveryOne(t *testing.T) {
	want := []policy.Lapse{
		policy.LapseNone, policy.LapseNotSenior, policy.LapseByAuthor, policy.LapseLate, policy.LapseUntimed, policy.LapseOlderCommit,
		policy.LapseByMachine, policy.LapseRule, policy.LapseBreakGlass, policy.LapseBroken,
	}
	if !slices.Equal(policy.Lapses(), want) {
		t.Errorf("%v", policy.Lapses())
	}
	if got := ofRules(t, aRule("a", "true", "true")+aRule("b", "true", "true")).Rules(); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("rules %v", got)
	}
}
