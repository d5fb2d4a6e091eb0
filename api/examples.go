package api

import (
	"encoding/json"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
)

// The examples tell one story: a deploy of checkout, its alert, the incident
// and the finding. Tests answer with them from a fake store, so that they are
// what the API really says.

const (
	exampleCursor = "eyJ2IjoxLCJhdCI6MTc3Nzg4ODgwMDAwMCwiaWQiOiJpbmMtN2YzYSJ9"
	exampleStream = "retry: 3000\n\nid: 1777888905000-inc-7f3a-r12\nevent: incident.updated\ndata: {\"incident\":\"inc-7f3a\",\"revision\":12,\"at\":\"2026-05-04T10:01:45Z\"}\n\n"
)

// exampleTime is a moment on the morning of the story.
func exampleTime(hour, minute, second int) time.Time {
	return time.Date(2026, time.May, 4, hour, minute, second, 0, time.UTC)
}

func exampleChange() correlate.Change {
	finished := exampleTime(9, 58, 30)
	return correlate.Change{
		ID: "checkout-1842", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "Deploy checkout 4.12.0",
		Services: []string{"checkout"}, Environment: "production", Regions: []string{"eu-west-1"},
		StartedAt: exampleTime(9, 52, 0), FinishedAt: &finished,
		Rollout: []correlate.RolloutStep{
			{At: exampleTime(9, 52, 0), Percent: 10, Region: "eu-west-1"},
			{At: exampleTime(9, 58, 30), Percent: 100, Region: "eu-west-1"},
		},
		Status: correlate.StatusSucceeded, Version: "4.12.0", PreviousVersion: "4.11.3",
		Actor: &correlate.Actor{ID: "deploy-bot", Type: correlate.ActorAutomation},
		Links: &correlate.ChangeLinks{
			Diff: "https://git.example/shop/checkout/compare/v4.11.3...v4.12.0", Run: "https://ci.example/runs/1842",
			Rollback: "https://cd.example/checkout/rollback/4.11.3",
		},
		Labels: map[string]string{"team": "payments"},
		Extra:  map[string]json.RawMessage{"pipeline": json.RawMessage(`"blue"`)},
	}
}

func exampleProvenance() correlate.Provenance {
	return correlate.Provenance{
		Class: correlate.ProvenanceAssisted, Confidence: 0.97, Tools: []correlate.AITool{{Name: "copilot"}},
		Evidence: []correlate.ProvenanceMark{{Marker: "co-author-trailer", Where: "commits[0].message", Excerpt: "Co-authored-by: Copilot", Weight: 0.97}},
	}
}

func exampleChangeRecord() ChangeRecord {
	p := exampleProvenance()
	return ChangeRecord{Change: exampleChange(), Provenance: &p}
}

func exampleAlert() correlate.Alert {
	return correlate.Alert{
		Source: "prometheus", Fingerprint: "6f1c2d3e4b5a6978", Service: "checkout", Environment: "production", Region: "eu-west-1",
		Name: "CheckoutErrors", Summary: "5xx above 5% for 2 minutes", Severity: correlate.SeverityCritical, Status: correlate.AlertFiring,
		Signal: correlate.SignalErrors, StartedAt: exampleTime(10, 0, 0), Labels: map[string]string{"severity": "page"},
	}
}

func exampleIncident() correlate.Incident {
	return correlate.Incident{
		ID: "inc-7f3a", Revision: 12, Title: "checkout and 1 more: errors", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical,
		Environment: "production", StartedAt: exampleTime(10, 0, 0), UpdatedAt: exampleTime(10, 1, 45), Services: []string{"checkout", "storefront"},
		Regions: []string{"eu-west-1"}, Signals: []correlate.Signal{correlate.SignalErrors},
		Alerts: []correlate.AlertKey{{Fingerprint: "6f1c2d3e4b5a6978", StartedAt: exampleTime(10, 0, 0)}},
	}
}

// exampleStanding is how an incident stands that nobody has judged.
func exampleStanding() correlate.Standing { return correlate.StandingOf(nil) }

func exampleIncidentRecord() IncidentRecord {
	return IncidentRecord{Incident: exampleIncident(), Judgement: exampleStanding()}
}

func exampleFindingRecord() FindingRecord {
	return FindingRecord{Finding: exampleFinding(), Judgement: exampleStanding()}
}

func exampleJudgement() correlate.Judgement {
	key := correlate.Key{Source: "argo-cd", ID: "checkout-1842"}
	return correlate.Judgement{
		ID: "5b0c9f3e-7a51-4d1e-9a6c-0f2d6f0b8f11", Incident: "inc-7f3a", FindingVersion: 3, Decision: correlate.DecisionConfirm, Change: &key,
		Reason: "Rolling back 4.12.0 ended it.", DecidedBy: "on-call", DecidedAt: exampleTime(10, 5, 0),
	}
}

func exampleProposal() query.Proposal {
	key := correlate.Key{Source: "argo-cd", ID: "checkout-1842"}
	return query.Proposal{
		ID: "0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", Incident: "inc-7f3a", FindingVersion: 3, Decision: correlate.DecisionConfirm, Change: &key,
		Reason: "It began two minutes before, and only its region alerts.", ProposedBy: "assistant", ProposedAt: exampleTime(10, 4, 0), State: query.ProposalOpen,
	}
}

func exampleAcceptance() Acceptance {
	receipt, p, at := exampleVerdictReceipt(), exampleProposal(), exampleTime(10, 5, 0)
	p.State, p.SettledBy, p.SettledAt, p.Verdict = query.ProposalAccepted, "on-call", &at, receipt.Verdict.ID
	p.SettledReason = receipt.Verdict.Reason
	return Acceptance{Proposal: p, Verdict: receipt.Verdict, Judgement: receipt.Judgement}
}

func exampleDeadLetter() DeadLetterRecord {
	return DeadLetterRecord{
		ID: "faultline.changes/2/41/18446744073709551615", At: exampleTime(9, 0, 0), Topic: "faultline.changes", Partition: 2, Offset: 41, Format: contractFormat,
		Reason: "started_at: is missing", Excerpt: `{"id": "checkout-1842"}`, Bytes: 23,
	}
}

func exampleUndelivered() query.Undelivered {
	return query.Undelivered{
		Target: "slack C0123", Incident: "inc-7f3a", State: query.NoticeGivenUp, GivenUpAt: exampleTime(10, 30, 0), Attempts: 10, Reason: "slack refuses: channel_not_found",
	}
}

func exampleVerdictReceipt() VerdictReceipt {
	j := exampleJudgement()
	return VerdictReceipt{Verdict: j, Judgement: correlate.StandingOf([]correlate.Judgement{j})}
}

func exampleProvenanceRecord() ProvenanceRecord {
	by := correlate.ProvenanceOverride{Class: correlate.ProvenanceHuman, Reason: "The editor stamped work done by hand.", DecidedBy: "ada", DecidedAt: exampleTime(11, 0, 0)}
	return ProvenanceRecord{Change: correlate.Key{Source: "argo-cd", ID: "checkout-1842"}, Provenance: exampleProvenance().Overridden(by), Overrides: []correlate.ProvenanceOverride{by}}
}

func exampleReapplyResult() ReapplyResult {
	return ReapplyResult{
		Rules: "2026.11.1", Examined: 180, Changed: 4, Overridden: 1,
		Classes: []ClassCount{{Class: correlate.ProvenanceAssisted, Changes: 40}, {Class: correlate.ProvenanceUnknown, Changes: 140}},
		Moves:   []ClassMove{{From: correlate.ProvenanceUnknown, To: correlate.ProvenanceAssisted, Changes: 4, Examples: []string{"argo-cd/checkout-1842"}}},
		Unknown: []UnknownReason{{Reason: "absent.marker", Words: UnknownWords("absent.marker"), Changes: 140}},
	}
}

func exampleRuleFinding() policy.RuleFinding {
	return policy.RuleFinding{
		Rule: "ai-senior-approval", Title: "AI-assisted changes to critical services", Outcome: policy.Deny, Lapse: policy.LapseNotSenior,
		Reason: "AI had a part in this change, and a senior engineer must approve it first: nobody senior approved it", Mend: "let a senior engineer who is not its author approve the latest commit",
	}
}

func exampleApprovals() []policy.ApprovalFacts {
	return []policy.ApprovalFacts{{By: "bob", Level: "junior", At: exampleTime(9, 40, 0), Timed: true, Human: true, BeforeStart: true, Latest: true, Counts: true}}
}

func exampleGateAnswer() GateAnswer {
	return GateAnswer{DecidedAt: exampleTime(9, 51, 0), Decision: policy.Decision{
		Decision: policy.Deny, Change: correlate.Key{Source: "argo-cd", ID: "checkout-1842"}, Class: correlate.ProvenanceAssisted, Tier: 1,
		Findings: []policy.RuleFinding{exampleRuleFinding()}, Approvals: exampleApprovals(), Policy: "2026.11.1",
	}}
}

func exampleViolation() Violation {
	c := exampleChange()
	return Violation{
		RuleFinding: exampleRuleFinding(), Change: c.Key(), ChangeTitle: c.Title, Kind: c.Kind, Services: c.Services, StartedAt: c.StartedAt,
		Tier: 1, Class: correlate.ProvenanceAssisted, Approvals: exampleApprovals(), Policy: "2026.11.1",
	}
}

func exampleRadius() correlate.BlastRadius {
	return correlate.BlastRadius{
		Changed: []string{"checkout"}, Alerting: []string{"checkout", "storefront"}, Quiet: []string{"mobile-gateway"}, Potential: 2,
		PotentialByTier: map[string]int{"1": 2}, Teams: []string{"payments", "web"},
		Nodes: []correlate.BlastNode{
			{Service: "checkout", State: "changed", Tier: 1, Team: "payments"},
			{Service: "storefront", State: "alerting", Distance: 1, Tier: 1, Team: "web"},
			{Service: "mobile-gateway", State: "quiet", Distance: 1, Tier: 1, Team: "web"},
		},
		Edges: exampleTopology().Edges,
	}
}

func exampleFinding() correlate.Finding {
	change, provenance, radius := exampleChange(), exampleProvenance(), exampleRadius()
	return correlate.Finding{
		Incident: "inc-7f3a", Version: 3, AsOf: exampleTime(10, 1, 45), Verdict: correlate.VerdictProbable, NoChangeProbability: 0.09,
		Suspects: []correlate.Suspect{{
			Change: change, Rank: 1, Probability: 0.84, Provenance: &provenance, Links: change.Links,
			Evidence: []correlate.Evidence{
				{Kind: correlate.EvidenceTiming, LogOdds: 2.1, Text: "Reached 100% 90 seconds before the first alert.", Refs: []string{"alert:6f1c2d3e4b5a6978"}},
				{Kind: correlate.EvidenceTopology, LogOdds: 1.7, Text: "checkout alerts itself, and storefront, which calls it.", Refs: []string{"service:checkout", "service:storefront"}},
				{Kind: correlate.EvidenceTopology, LogOdds: -0.3, Text: "mobile-gateway calls checkout too and is quiet.", Refs: []string{"service:mobile-gateway"}},
			},
		}},
		Missing: []string{"No metrics source is configured, so changed and unchanged instances were not compared."}, BlastRadius: &radius,
	}
}

func exampleIncidentRadius() IncidentRadius {
	f := exampleFinding()
	return IncidentRadius{Incident: f.Incident, Version: f.Version, AsOf: f.AsOf, BlastRadius: exampleRadius()}
}

func exampleChangeRadius() ChangeRadius {
	c := exampleChange()
	return ChangeRadius{Change: c.Key(), AsOf: c.StartedAt, BlastRadius: newCallGraph(exampleTopology()).radius(c.Services)}
}

func exampleTopology() correlate.Topology {
	return correlate.Topology{
		ObservedAt: exampleTime(9, 45, 0), Source: "istio",
		Services: []correlate.Service{
			{Name: "checkout", Tier: 1, Team: "payments"}, {Name: "storefront", Tier: 1, Team: "web"}, {Name: "mobile-gateway", Tier: 1, Team: "web"},
		},
		Edges: []correlate.Edge{
			{Caller: "mobile-gateway", Callee: "checkout", Kind: correlate.EdgeSync, CallsPerSecond: 210},
			{Caller: "storefront", Callee: "checkout", Kind: correlate.EdgeSync, CallsPerSecond: 340},
		},
	}
}

func exampleServiceRecord() ServiceRecord {
	return ServiceRecord{
		Service: exampleTopology().Services[0], Callers: exampleTopology().Edges, Callees: []correlate.Edge{},
		RecentChanges: []ChangeRecord{exampleChangeRecord()}, OpenIncidents: []correlate.Incident{exampleIncident()},
	}
}

func exampleTimeline() Timeline {
	change, alert, finding := exampleChange(), exampleAlert(), exampleFinding()
	t := Timeline{Incident: "inc-7f3a", From: exampleTime(10, 0, 0).AddDate(0, 0, -1), Services: []string{"checkout", "storefront", "mobile-gateway"}}
	t.Lanes = append([]Lane{alertLane([]correlate.Alert{alert})}, changeLanes(exampleTime(10, 0, 0), []correlate.Change{change}, nil, false)...)
	t.Lanes = append(t.Lanes, findingLane([]correlate.Finding{finding}))
	return t
}

func exampleReceipt() Receipt {
	return Receipt{
		Accepted: 2, Duplicates: 1, RejectedCount: 1,
		Rejected: []Rejection{{Line: 3, Path: "started_at", Problem: "missing", Mend: "give RFC 3339 with a zone", Reason: "started_at: missing; give RFC 3339 with a zone"}},
	}
}
