package policy_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent/assenttest"
	"github.com/faultline/faultline/internal/policy"
)

// severity orders decisions, the strictest last.
func severity(d policy.Decision) int {
	return slices.Index([]policy.Outcome{policy.Allow, policy.Warn, policy.Deny}, d.Decision)
}

// drawn is any change with any origin, tier and approvals.
func drawn(t *rapid.T) *policy.Input {
	change := aChange(rapid.SampledFrom([]correlate.ChangeKind{correlate.KindDeploy, correlate.KindConfig, correlate.KindInfrastructure, correlate.KindPrompt, correlate.KindRollback}).Draw(t, "kind"))
	change.Environment = correlate.DefaultEnvironment
	assenttest.Give(t, change)
	class := rapid.SampledFrom([]correlate.ProvenanceClass{
		correlate.ProvenanceAuthored, correlate.ProvenanceAssisted, correlate.ProvenanceOperated, correlate.ProvenanceHuman, correlate.ProvenanceUnknown,
	}).Draw(t, "class")
	in := &policy.Input{Change: change, Provenance: classed(class), Tier: rapid.IntRange(0, 4).Draw(t, "tier")}
	if rapid.Bool().Draw(t, "gate") {
		in.Now = start.Add(-time.Minute)
	}
	return in
}

// TestASeniorApprovalThatCountsIsAlwaysEnough adds one to any change: no rule that
// ships asks for more, and none is kept worse for it.
func TestASeniorApprovalThatCountsIsAlwaysEnough(t *testing.T) {
	rules := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		in.Change.Approvals = append(in.Change.Approvals, correlate.Approval{By: "barbara", Level: "principal", At: before(2)})
		if d := rules.Judge(in); d.Decision != policy.Allow || len(d.Findings) > 0 {
			t.Fatalf("%s with findings %+v", d.Decision, d.Findings)
		}
	})
}

// TestABrokenGlassSoftensAndIsNeverSilent compares every decision with the one on
// break-glass: a denial becomes a warning that names its rule and the reason, a
// reason made of spaces does nothing, and nothing becomes stricter.
func TestABrokenGlassSoftensAndIsNeverSilent(t *testing.T) {
	rules := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		in := drawn(t)
		plain := rules.Judge(in)
		in.Change.Labels = map[string]string{"break-glass": "  "}
		if blank := rules.Judge(in); blank.Decision != plain.Decision {
			t.Fatalf("a blank reason turns %s into %s", plain.Decision, blank.Decision)
		}
		in.Change.Labels = map[string]string{"break-glass": "the shop is down"}
		glass := rules.Judge(in)
		if severity(glass) > severity(plain) || glass.Decision == policy.Deny {
			t.Fatalf("%s on break-glass, %s without", glass.Decision, plain.Decision)
		}
		if len(glass.Findings) != len(plain.Findings) || glass.BreakGlass.Reason != "the shop is down" {
			t.Fatalf("%d findings on break-glass, %d without; reason %q", len(glass.Findings), len(plain.Findings), glass.BreakGlass.Reason)
		}
		if plain.Decision == policy.Deny && glass.Decision != policy.Warn {
			t.Fatalf("a denial became %s", glass.Decision)
		}
	})
}
