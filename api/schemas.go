package api

import (
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// typeDoc says what a type of the answers means, and each of its fields.
type typeDoc struct {
	about string
	// like names a type whose fields this one has too.
	like   string
	fields map[string]string
}

// dictionary is what is known of the types beyond Go.
type dictionary struct {
	types map[string]typeDoc
	enums map[string][]any
}

// describe adds meanings and enums to a generated schema. Lists are never null
// in answers, so they are not nullable here.
func (d *dictionary) describe(name string, schema *huma.Schema) {
	doc := d.types[name]
	schema.Description = doc.about
	schema.AdditionalProperties = true
	for field, property := range schema.Properties {
		property.Nullable = false
		text, found := doc.fields[field]
		if !found {
			text = d.types[doc.like].fields[field]
		}
		property.Description = text
		values, found := d.enums[name+"."+field]
		if !found {
			values = d.enums[doc.like+"."+field]
		}
		if len(values) == 0 {
			continue
		}
		if property.Items != nil {
			property.Items.Enum = values
		} else {
			property.Enum = values
		}
	}
}

// words turns values of a string type into an enum.
func words[T ~string](values []T) []any {
	enum := make([]any, len(values))
	for i, v := range values {
		enum[i] = string(v)
	}
	return enum
}

// fieldEnums lists the values of fields that have few.
func fieldEnums() map[string][]any {
	return map[string][]any{
		"Change.kind":       words(correlate.ChangeKinds()),
		"Change.status":     words(correlate.ChangeStatuses()),
		"Actor.type":        words([]correlate.ActorType{correlate.ActorHuman, correlate.ActorAutomation, correlate.ActorAIAgent}),
		"Alert.severity":    words(correlate.Severities()),
		"Alert.status":      words([]correlate.AlertStatus{correlate.AlertFiring, correlate.AlertResolved}),
		"Alert.signal":      words(correlate.Signals()),
		"Edge.kind":         words(correlate.EdgeKinds()),
		"Incident.status":   words(correlate.IncidentStatuses()),
		"Incident.severity": words(correlate.Severities()),
		"Incident.signals":  words(correlate.Signals()),
		"Finding.verdict": words([]correlate.Verdict{
			correlate.VerdictProbable, correlate.VerdictPossible, correlate.VerdictWeak, correlate.VerdictNoChange,
		}),
		"GateAnswer.decision":      words([]policy.Outcome{policy.Allow, policy.Warn, policy.Deny}),
		"GateAnswer.class":         words(correlate.ProvenanceClasses()),
		"KeptDecision.decision":    words([]policy.Outcome{policy.Allow, policy.Warn, policy.Deny}),
		"KeptDecision.class":       words(correlate.ProvenanceClasses()),
		"RuleFinding.outcome":      words([]policy.Outcome{policy.Warn, policy.Deny}),
		"RuleFinding.lapse":        words(policy.Lapses()),
		"Violation.kind":           words(correlate.ChangeKinds()),
		"Violation.class":          words(correlate.ProvenanceClasses()),
		"Judgement.decision":       words(correlate.Decisions()),
		"VerdictRequest.decision":  words(correlate.Decisions()),
		"ProposalRequest.decision": words(correlate.Decisions()),
		"Undelivered.state":        words([]query.NoticeState{query.NoticeGivenUp, query.NoticeAsked, query.NoticeDismissed}),
		"Proposal.decision":        words(correlate.Decisions()),
		"Proposal.state":           words(query.ProposalStates()),
		"MaintenanceWindow.state":  words(windowStates()),
		"Standing.state":           words(correlate.JudgementWords()),
		"Evidence.kind": words([]correlate.EvidenceKind{
			correlate.EvidenceTiming, correlate.EvidenceTopology, correlate.EvidenceRollout, correlate.EvidenceRegion, correlate.EvidenceVersion,
			correlate.EvidenceText, correlate.EvidenceMetrics, correlate.EvidenceRollback, correlate.EvidenceHistory, correlate.EvidencePrior,
		}),
		"Provenance.class":       words(correlate.ProvenanceClasses()),
		"CommitProvenance.class": words(correlate.ProvenanceClasses()),
		"ClassCount.class":       words(correlate.ProvenanceClasses()),
		"ClassMove.from":         words(correlate.ProvenanceClasses()),
		"ClassMove.to":           words(correlate.ProvenanceClasses()),
		"OverrideRequest.class":  append(words(correlate.ProvenanceClasses()), autoClass),
		"Provenance.source":      words([]correlate.ProvenanceSource{correlate.ProvenanceByRules, correlate.ProvenanceByOverride}),
		"AIDeclaration.assistance": words([]correlate.AIAssistance{
			correlate.AssistanceNone, correlate.AssistanceAssisted, correlate.AssistanceAuthored, correlate.AssistanceOperated, correlate.AssistanceAdvised,
		}),
		"Comparison.verdict":    words(figures.Verdicts()),
		"ClassRate.class":       words(correlate.ProvenanceClasses()),
		"BlastNode.state":       words([]string{"changed", "alerting", "quiet", "potential"}),
		"Lane.name":             words([]string{laneAlerts, laneChanges, laneRollouts, laneResponders, laneFindings}),
		"FieldProblem.location": words([]string{"body", "query", "path", "header"}),
		"Readiness.status":      words([]string{statusReady, statusNotReady}),
		"Health.status":         words([]string{"ok"}),
		"Problem.type":          problemURIs(),
	}
}

// problemURIs lists the stable types of problem.
func problemURIs() []any {
	var uris []string
	for _, t := range problemTypes() {
		uris = append(uris, "/problems/"+t.slug)
	}
	slices.SortFunc(uris, strings.Compare)
	return words(uris)
}
