package correlate_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// machineLabel is what rules say of a change of two commits.
func machineLabel(class correlate.ProvenanceClass) correlate.Provenance {
	return correlate.Provenance{
		Class: class, Confidence: 0.9, Rules: "2026.1", Source: correlate.ProvenanceByRules, CommitShare: 0.5,
		Tools: []correlate.AITool{{Name: "aider"}}, Evidence: []correlate.ProvenanceMark{{Marker: "aider.author", Weight: 0.9}},
		Commits: []correlate.CommitProvenance{{SHA: "1", Class: class}, {SHA: "2", Class: correlate.ProvenanceUnknown}},
	}
}

func TestAnOverrideKeepsWhatTheRulesSaid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		label := machineLabel(rapid.SampledFrom(correlate.ProvenanceClasses()).Draw(t, "machine"))
		said := correlate.ProvenanceOverride{Class: rapid.SampledFrom(correlate.ProvenanceClasses()).Draw(t, "said"), Reason: "I saw it", DecidedBy: "ada"}
		got := label.Overridden(said)
		if got.Class != said.Class || got.Confidence != 1 || got.Source != correlate.ProvenanceByOverride || *got.Override != said {
			t.Fatalf("%+v", got)
		}
		if diff := cmp.Diff(label, *got.Machine); diff != "" {
			t.Fatal(diff)
		}
		if (len(got.Tools) > 0) != said.Class.AI() {
			t.Fatalf("a change that is %s names tools %v", said.Class, got.Tools)
		}
		if got.Evidence[0].Where != "by ada" || got.Evidence[0].Excerpt != "I saw it" || got.Rules != label.Rules || got.CommitShare != label.CommitShare {
			t.Fatalf("%+v", got)
		}
	})
}

func TestAWithdrawnOverrideChangesNothing(t *testing.T) {
	label := machineLabel(correlate.ProvenanceAuthored)
	if diff := cmp.Diff(label, label.Overridden(correlate.ProvenanceOverride{Reason: "I was wrong", DecidedBy: "ada"})); diff != "" {
		t.Error(diff)
	}
}

func TestAIIsWhatTheClassesOfAISay(t *testing.T) {
	ai := 0
	for _, class := range correlate.ProvenanceClasses() {
		if class.AI() {
			ai++
		}
	}
	if ai != 4 || correlate.ProvenanceUnknown.AI() || correlate.ProvenanceAutomation.AI() || correlate.ProvenanceHuman.AI() || correlate.ProvenanceClass("").AI() {
		t.Errorf("%d classes say that AI had a part", ai)
	}
}
