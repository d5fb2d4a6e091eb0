package app

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// auditStore is the store as the auditor needs it.
type auditStore interface {
	Changes(ctx context.Context, q query.Changes) (query.Page[correlate.Change], error)
	Provenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]correlate.Provenance, error)
	Topology(ctx context.Context, asOf time.Time) (correlate.Topology, error)
}

// auditCases bounds the changes of a kind that a report names.
const auditCases = 10

// auditor judges the changes of a week by the policy, after the fact, as GET
// /v1/policy/violations does.
type auditor struct {
	store auditStore
	rules *policy.Policy
}

func newAuditor(store auditStore, rules *policy.Policy) *auditor {
	return &auditor{store: store, rules: rules}
}

// Audit judges every production change that started in a stretch of time and
// went through.
func (a *auditor) Audit(ctx context.Context, from, to time.Time) (report.PolicyWeek, error) {
	w := auditedWeek{week: report.PolicyWeek{Version: a.rules.Version()}, broken: map[report.BrokenRule]int{}}
	graph, err := a.store.Topology(ctx, to)
	if err != nil {
		return w.week, fmt.Errorf("read the topology: %w", err)
	}
	w.tiers = make(map[string]int, len(graph.Services))
	for i := range graph.Services {
		w.tiers[graph.Services[i].Name] = graph.Services[i].Tier
	}
	q := query.Changes{From: from, To: to, Environment: correlate.DefaultEnvironment, Limit: query.MaxLimit}
	for {
		page, err := a.store.Changes(ctx, q)
		if err != nil {
			return w.week, fmt.Errorf("list changes: %w", err)
		}
		keys := make([]correlate.Key, len(page.Items))
		for i := range page.Items {
			keys[i] = page.Items[i].Key()
		}
		known, err := a.store.Provenances(ctx, keys)
		if err != nil {
			return w.week, fmt.Errorf("read provenances: %w", err)
		}
		for i := range page.Items {
			w.judge(a.rules, &page.Items[i], known[keys[i]])
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			return w.end(), nil
		}
	}
}

// auditedWeek is a week under audit.
type auditedWeek struct {
	week   report.PolicyWeek
	tiers  map[string]int
	broken map[report.BrokenRule]int
}

// judge counts one change under the gravest thing that it did.
func (w *auditedWeek) judge(rules *policy.Policy, c *correlate.Change, known correlate.Provenance) {
	if c.Status == correlate.StatusCancelled {
		return // It never went through.
	}
	if known.Class == "" {
		known.Class = correlate.ProvenanceUnknown
	}
	d := rules.Judge(&policy.Input{Change: c, Provenance: &known, Tier: policy.TierOf(c.Services, w.tiers)})
	w.week.Judged++
	for i := range d.Findings {
		w.broken[report.BrokenRule{Rule: ruleName(&d.Findings[i]), Lapse: d.Findings[i].Lapse.Words()}]++
	}
	switch {
	case len(d.Findings) == 0:
		w.week.Kept++
	case d.BreakGlass.Used:
		w.week.Glass++
		w.week.GlassBroken = append(w.week.GlassBroken, caseOf(c, &d, policy.LapseBreakGlass))
	case d.Decision == policy.Deny:
		w.week.Denied++
		w.week.Violations = append(w.week.Violations, caseOf(c, &d, ""))
	default:
		w.week.Warned++
	}
	w.week.Violations, w.week.GlassBroken = gravest(w.week.Violations), gravest(w.week.GlassBroken)
}

// caseOf names a change by its gravest finding, or by the one with a lapse.
func caseOf(c *correlate.Change, d *policy.Decision, lapse policy.Lapse) report.PolicyCase {
	at := max(0, slices.IndexFunc(d.Findings, func(f policy.RuleFinding) bool {
		return f.Lapse == lapse || lapse == "" && f.Outcome == policy.Deny
	}))
	f := &d.Findings[at]
	out := report.PolicyCase{
		Change: cmp.Or(c.Title, string(c.Kind)) + " (" + c.Key().String() + ")", Tier: d.Tier, Rule: ruleName(f), Class: string(d.Class),
		Reason: f.Lapse.Words(), URL: "/changes/" + url.PathEscape(c.ID) + "?source=" + url.QueryEscape(c.Source),
	}
	if lapse == policy.LapseBreakGlass {
		out.Reason = d.BreakGlass.Reason
	}
	return out
}

// ruleName is what people call a rule.
func ruleName(f *policy.RuleFinding) string { return cmp.Or(f.Title, f.Rule) }

// gravest keeps the cases of the most critical services when there are many.
func gravest(cases []report.PolicyCase) []report.PolicyCase {
	if len(cases) <= 8*auditCases {
		return cases
	}
	return firstCases(cases)
}

// firstCases are the cases of the most critical services; an unknown tier comes
// last.
func firstCases(cases []report.PolicyCase) []report.PolicyCase {
	rank := func(c report.PolicyCase) int {
		if c.Tier == 0 {
			return 5
		}
		return c.Tier
	}
	slices.SortStableFunc(cases, func(a, b report.PolicyCase) int { return cmp.Compare(rank(a), rank(b)) })
	return cases[:min(auditCases, len(cases))]
}

// end sorts what was found.
func (w *auditedWeek) end() report.PolicyWeek {
	// None is an empty list in the report's JSON, not null.
	w.week.Violations = append([]report.PolicyCase{}, firstCases(w.week.Violations)...)
	w.week.GlassBroken = append([]report.PolicyCase{}, firstCases(w.week.GlassBroken)...)
	w.week.Rules = []report.BrokenRule{}
	for _, rule := range slices.Collect(maps.Keys(w.broken)) {
		n := w.broken[rule]
		rule.Changes = n
		w.week.Rules = append(w.week.Rules, rule)
	}
	slices.SortFunc(w.week.Rules, func(a, b report.BrokenRule) int {
		return cmp.Or(cmp.Compare(b.Changes, a.Changes), cmp.Compare(a.Rule, b.Rule), cmp.Compare(a.Lapse, b.Lapse))
	})
	return w.week
}
