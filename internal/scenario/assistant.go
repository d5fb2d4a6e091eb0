package scenario

import (
	"time"

	"github.com/faultline/faultline/correlate"
)

// assistantGuardrail is a shopping assistant that is talked off its subject: a
// change of its guardrail prompt loosens a rule, and hours later customers make
// use of it. Nothing is slow and nothing fails; only the safety monitors see it.
func assistantGuardrail() teller {
	return teller{
		title: "a shopping assistant is talked off its subject after a guardrail change",
		story: "A new wording of the guardrail prompt allows the assistant to follow instructions that a customer puts into a product question. " +
			"Ninety minutes later the safety monitors see answers off the subject. The prompt is put back after three hours.",
		lasts: 4 * time.Hour,
		tell:  tellAssistant,
	}
}

func tellAssistant(t *tape, onset time.Time) {
	r := storyCompany(t, shop(), onset, 37, 420, 3*time.Hour, "assistant-guard", "assistant-orchestrator")
	finished := onset.Add(-88 * time.Minute)
	guilty := correlate.Change{
		ID: "prompt-guard-118", Source: "prompt-registry", Kind: correlate.KindGuardrail,
		Title:    "assistant-guard: shorter topic policy, allow follow-up instructions",
		Services: []string{"assistant-guard"}, Environment: correlate.DefaultEnvironment,
		StartedAt: onset.Add(-90 * time.Minute), FinishedAt: &finished, Status: correlate.StatusSucceeded,
		Version: "topic-policy-118", PreviousVersion: "topic-policy-117",
		Actor:  &correlate.Actor{ID: "assistant-dev-2", Type: correlate.ActorHuman},
		AI:     &correlate.AIDeclaration{Assistance: correlate.AssistanceAssisted, Tools: []correlate.AITool{{Name: "prompt-helper"}}},
		Links:  &correlate.ChangeLinks{Diff: "https://prompts.example.com/topic-policy/117..118", Rollback: "https://prompts.example.com/topic-policy/117"},
		Labels: map[string]string{"team": "assistant", "policy": "topic-policy"},
	}
	t.change(guilty)
	t.scenario.Guilty, t.scenario.Service = guilty.Key(), "assistant-guard"
	weights := r.change(onset.Add(-35*time.Minute), correlate.Service{Name: "model-serving", Team: "assistant"})
	weights.ID, weights.Source, weights.Kind, weights.Title = "argo-cd-52210", "argo-cd", correlate.KindScaling, "model-serving: one replica more"
	t.change(weights)
	recovered := onset.Add(3*time.Hour + 5*time.Minute)
	tellSymptoms(t, onset, recovered, []symptom{
		{0, "assistant-guard", "TopicPolicyBypass", correlate.SignalAISafety, correlate.SeverityHigh, "topic policy bypass in 3 percent of conversations"},
		{240, "assistant-orchestrator", "OffTopicAnswers", correlate.SignalAISafety, correlate.SeverityCritical, "answers outside the shop's subjects above 2 percent"},
		{900, "assistant-gateway", "ConversationLength", correlate.SignalAISafety, correlate.SeverityWarning, "conversations four times as long as usual"},
	})
	off := r.change(onset.Add(40*time.Minute), correlate.Service{Name: "assistant-gateway", Team: "assistant"})
	off.ID, off.Source, off.Kind, off.Title = "flags-52260", "flags", correlate.KindFeatureFlag, "assistant-gateway: half of the sessions without assistant"
	off.Actor = &correlate.Actor{ID: "assistant-oncall", Type: correlate.ActorHuman}
	t.change(off)
	rollback(r, onset.Add(2*time.Hour+58*time.Minute), guilty, "assistant-guard: back to topic policy 117")
}
