package policy_test

import (
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
)

// start is when the changes of these tests begin.
var start = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

func shipped(t testing.TB) *policy.Policy {
	t.Helper()
	p, err := policy.Compile(policy.Builtin())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// before is a moment so many minutes before the start.
func before(minutes int) *time.Time {
	at := start.Add(-time.Duration(minutes) * time.Minute)
	return &at
}

// aChange is a deploy by ada whose last commit is an hour old.
func aChange(kind correlate.ChangeKind, approvals ...correlate.Approval) *correlate.Change {
	return &correlate.Change{
		ID: "d-1", Source: "cd", Kind: kind, Services: []string{"checkout"}, StartedAt: start,
		Commits:   []correlate.Commit{{SHA: "1", Message: "Retry", Author: &correlate.Person{Name: "Ada", Email: "ada@example.com", Login: "ada"}, AuthoredAt: before(60)}},
		Approvals: approvals,
	}
}

func classed(class correlate.ProvenanceClass) *correlate.Provenance {
	return &correlate.Provenance{Class: class, Confidence: 0.9}
}

var (
	bySenior = correlate.Approval{By: "grace", Level: "Senior", At: before(30)}
	byPeer   = correlate.Approval{By: "linus", Level: "junior", At: before(30)}
)

func TestShippedRulesAskForSeniorsByTierAndKind(t *testing.T) {
	p := shipped(t)
	for name, tc := range map[string]struct {
		kind      correlate.ChangeKind
		class     correlate.ProvenanceClass
		tier      int
		approvals []correlate.Approval
		want      policy.Outcome
	}{
		"assisted, tier 1, nobody":               {correlate.KindDeploy, correlate.ProvenanceAssisted, 1, nil, policy.Deny},
		"assisted, tier 1, a peer":               {correlate.KindDeploy, correlate.ProvenanceAssisted, 1, []correlate.Approval{byPeer}, policy.Deny},
		"assisted, tier 1, a senior":             {correlate.KindDeploy, correlate.ProvenanceAssisted, 1, []correlate.Approval{bySenior}, policy.Allow},
		"assisted, tier 2, nobody":               {correlate.KindConfig, correlate.ProvenanceAssisted, 2, nil, policy.Deny},
		"assisted, unknown tier, nobody":         {correlate.KindDeploy, correlate.ProvenanceAssisted, 0, nil, policy.Deny},
		"assisted, tier 3, nobody":               {correlate.KindDeploy, correlate.ProvenanceAssisted, 3, nil, policy.Warn},
		"assisted, tier 3, a peer":               {correlate.KindDeploy, correlate.ProvenanceAssisted, 3, []correlate.Approval{byPeer}, policy.Allow},
		"authored migration, tier 4, a peer":     {correlate.KindSchemaMigration, correlate.ProvenanceAuthored, 4, []correlate.Approval{byPeer}, policy.Deny},
		"agent on infrastructure, tier 4":        {correlate.KindInfrastructure, correlate.ProvenanceOperated, 4, nil, policy.Deny},
		"advised, tier 1, a senior":              {correlate.KindConfig, correlate.ProvenanceAdvised, 1, []correlate.Approval{bySenior}, policy.Allow},
		"unknown, tier 1, nobody":                {correlate.KindDeploy, correlate.ProvenanceUnknown, 1, nil, policy.Deny},
		"unknown, tier 1, a senior":              {correlate.KindDeploy, correlate.ProvenanceUnknown, 1, []correlate.Approval{bySenior}, policy.Allow},
		"unknown, tier 2, nobody":                {correlate.KindDeploy, correlate.ProvenanceUnknown, 2, nil, policy.Warn},
		"unknown, unknown tier, nobody":          {correlate.KindDeploy, correlate.ProvenanceUnknown, 0, nil, policy.Warn},
		"unknown, tier 3, nobody":                {correlate.KindDeploy, correlate.ProvenanceUnknown, 3, nil, policy.Allow},
		"human, tier 1, nobody":                  {correlate.KindDeploy, correlate.ProvenanceHuman, 1, nil, policy.Allow},
		"automation, tier 1, nobody":             {correlate.KindDependency, correlate.ProvenanceAutomation, 1, nil, policy.Allow},
		"rollback of whatever, tier 1, nobody":   {correlate.KindRollback, correlate.ProvenanceAuthored, 1, nil, policy.Allow},
		"scaling by an agent, tier 1, nobody":    {correlate.KindScaling, correlate.ProvenanceOperated, 1, nil, policy.Allow},
		"prompt by a human, tier 2, nobody":      {correlate.KindPrompt, correlate.ProvenanceHuman, 2, nil, policy.Warn},
		"guardrail by a human, tier 2, a peer":   {correlate.KindGuardrail, correlate.ProvenanceHuman, 2, []correlate.Approval{byPeer}, policy.Allow},
		"prompt written by AI, tier 1, a senior": {correlate.KindPrompt, correlate.ProvenanceAuthored, 1, []correlate.Approval{bySenior}, policy.Allow},
	} {
		t.Run(name, func(t *testing.T) {
			for when, now := range map[string]time.Time{"gate": start.Add(-time.Minute), "afterwards": {}} {
				d := p.Judge(&policy.Input{Change: aChange(tc.kind, tc.approvals...), Provenance: classed(tc.class), Tier: tc.tier, Now: now})
				if d.Decision != tc.want {
					t.Errorf("%s: %s, want %s: %+v", when, d.Decision, tc.want, d.Findings)
				}
			}
		})
	}
}

func TestOnlyProductionIsGuarded(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	c.Environment = "staging"
	if d := shipped(t).Judge(&policy.Input{Change: c, Provenance: classed(correlate.ProvenanceAuthored), Tier: 1}); d.Decision != policy.Allow {
		t.Errorf("%+v", d)
	}
}

func TestAChangeThatNothingLookedAtIsUnknown(t *testing.T) {
	d := shipped(t).Judge(&policy.Input{Change: aChange(correlate.KindDeploy), Tier: 1})
	if d.Decision != policy.Deny || d.Class != correlate.ProvenanceUnknown {
		t.Errorf("%+v", d)
	}
}

func TestShippedRulesStayFarBelowTheCostLimit(t *testing.T) {
	c := aChange(correlate.KindDeploy)
	for range 5000 {
		c.Approvals = append(c.Approvals, byPeer)
	}
	c.Approvals = append(c.Approvals, bySenior)
	d := shipped(t).Judge(&policy.Input{Change: c, Provenance: classed(correlate.ProvenanceAuthored), Tier: 1})
	if d.Decision != policy.Allow || len(d.Approvals) > 200 {
		t.Errorf("%s with %d approvals: %+v", d.Decision, len(d.Approvals), d.Findings)
	}
}

func TestEveryShippedRuleHasWordsAndAMend(t *testing.T) {
	p := shipped(t)
	if len(p.Rules()) < 5 || p.Version() == "" {
		t.Errorf("rules %v of version %q", p.Rules(), p.Version())
	}
	for _, class := range correlate.ProvenanceClasses() {
		for tier := range 5 {
			for _, f := range p.Judge(&policy.Input{Change: aChange(correlate.KindModel), Provenance: classed(class), Tier: tier}).Findings {
				if f.Title == "" || f.Reason == "" || f.Mend == "" {
					t.Errorf("%+v", f)
				}
			}
		}
	}
}

// BenchmarkJudge measures the shipped rules on a change with one approval.
func BenchmarkJudge(b *testing.B) {
	p, in := shipped(b), &policy.Input{Change: aChange(correlate.KindDeploy, bySenior), Provenance: classed(correlate.ProvenanceAssisted), Tier: 1}
	b.ReportAllocs()
	for b.Loop() {
		p.Judge(in)
	}
}
