package policy_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/assent/assenttest"
	"github.com/faultline/faultline/internal/policy"
)

func TestEveryLapseHasWords(t *testing.T) {
	seen := map[string]policy.Lapse{}
	for _, lapse := range policy.Lapses() {
		words := lapse.Words()
		if words == "" || words == string(lapse) || strings.Contains(words, "_") {
			t.Errorf("%s is told as %q", lapse, words)
		}
		if other, taken := seen[words]; taken {
			t.Errorf("%s and %s are told alike: %q", lapse, other, words)
		}
		seen[words] = lapse
	}
	if got := policy.Lapse("new").Words(); got != "new" {
		t.Errorf("an unknown lapse is told as %q", got)
	}
}

// TestGateAndFiguresAskTheSameDefinition holds the rule that ships against the
// definition that figures count by, on any mix of approvals.
func TestGateAndFiguresAskTheSameDefinition(t *testing.T) {
	rules := shipped(t)
	rapid.Check(t, func(t *rapid.T) {
		change := aChange(correlate.KindDeploy)
		assenttest.Give(t, change)
		change.Environment = correlate.DefaultEnvironment
		d := rules.Judge(&policy.Input{Change: change, Provenance: classed(correlate.ProvenanceAuthored), Tier: 1})
		kept := !slices.ContainsFunc(d.Findings, func(f policy.RuleFinding) bool { return f.Rule == "ai-senior-approval" })
		if counted := rules.Levels().SeniorBeforeStart(change); kept != counted {
			t.Fatalf("the rule is kept: %v, figures count a senior approval: %v, approvals %+v", kept, counted, d.Approvals)
		}
	})
}

func TestTheSeniorsOfThePolicyAreThoseOfEveryFigure(t *testing.T) {
	levels := shipped(t).Levels()
	for _, level := range []string{"senior", "Staff", "PRINCIPAL", " tech lead "} {
		change := aChange(correlate.KindDeploy, correlate.Approval{By: "grace", Level: level, At: before(30)})
		if !levels.SeniorBeforeStart(change) {
			t.Errorf("%q is not senior", level)
		}
		word, _, _ := strings.Cut(assent.Counting(change)[0], "\n")
		if !slices.Contains(levels.SeniorWords(), word) {
			t.Errorf("%q is kept as %q, which no figure takes for senior", level, word)
		}
	}
	for _, machine := range levels.Machines {
		change := aChange(correlate.KindDeploy, correlate.Approval{By: machine, Level: "senior", At: before(30)})
		if levels.SeniorBeforeStart(change) {
			t.Errorf("the machine %s is a senior", machine)
		}
	}
}

func TestTheGateBelievesWhatTheAuditDoesNot(t *testing.T) {
	// Before the deploy an approval without a time has been given; afterwards
	// nothing shows that it was.
	change := aChange(correlate.KindDeploy, correlate.Approval{By: "grace", Level: "senior"})
	change.Environment = correlate.DefaultEnvironment
	in := policy.Input{Change: change, Provenance: classed(correlate.ProvenanceAssisted), Tier: 1, Now: start.Add(-time.Minute)}
	if d := shipped(t).Judge(&in); d.Decision != policy.Allow {
		t.Errorf("%+v", d)
	}
	in.Now = time.Time{}
	if f := only(t, shipped(t).Judge(&in)); f.Lapse != policy.LapseUntimed {
		t.Errorf("%+v", f)
	}
}

func TestJudgingChangesNothing(t *testing.T) {
	change := aChange(correlate.KindDeploy, byPeer, bySenior)
	change.Labels = map[string]string{"break-glass": "down"}
	twin := aChange(correlate.KindDeploy, byPeer, bySenior)
	twin.Labels = map[string]string{"break-glass": "down"}
	rules := shipped(t)
	first := rules.Judge(&policy.Input{Change: change, Provenance: classed(correlate.ProvenanceAuthored), Tier: 2})
	second := rules.Judge(&policy.Input{Change: change, Provenance: classed(correlate.ProvenanceAuthored), Tier: 2})
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("the second judgement differs: %s", diff)
	}
	if diff := cmp.Diff(twin, change); diff != "" {
		t.Errorf("judging changed the change: %s", diff)
	}
}
