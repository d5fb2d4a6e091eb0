package api

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// The big day is the world in which people look at the pages: two hundred
// services, an outage of many of them with five suspects, a day of changes,
// earlier incidents, half a year of figures. Names are made of a domain and a
// part, so that no two services are alike.
var (
	bigDomains = []string{
		"payments", "checkout", "cart", "search", "catalog", "pricing", "inventory", "shipping", "orders", "accounts",
		"reviews", "recommendations", "promotions", "fraud", "ledger", "notifications", "sessions", "media", "tax", "returns",
	}
	bigParts = []string{"", "-api", "-worker", "-cache", "-db", "-gateway", "-sync", "-index", "-events", "-admin"}
	bigTeams = []string{"payments", "storefront", "discovery", "logistics", "identity", "platform", "finance"}
)

// bigTopology has a gateway before each domain, its parts behind, and two
// services that nearly all others call.
func bigTopology() correlate.Topology {
	t := correlate.Topology{ObservedAt: exampleTime(9, 45, 0), Source: "mesh"}
	call := func(caller, callee string, rate float64) {
		t.Edges = append(t.Edges, correlate.Edge{Caller: caller, Callee: callee, Kind: correlate.EdgeSync, CallsPerSecond: rate})
	}
	for i, domain := range bigDomains {
		for j, part := range bigParts {
			t.Services = append(t.Services, correlate.Service{Name: domain + part, Tier: 1 + (i/6+j/4)%4, Team: bigTeams[i%len(bigTeams)], Environment: "production"})
			if part == "-db" || domain == "sessions" {
				continue
			}
			if part != "" {
				call(domain, domain+part, float64(10+i*j))
			}
			call(domain+part, domain+"-db", float64(20+j))
			call(domain+part, "sessions", 5)
		}
		call(domain+"-gateway", domain, 120)
	}
	for _, pair := range [][2]string{
		{"checkout", "payments"},
		{"cart", "checkout"},
		{"orders", "payments"},
		{"checkout", "pricing"},
		{"checkout", "inventory"},
		{"search", "catalog"},
		{"payments", "fraud"},
		{"payments", "ledger"},
		{"returns", "payments"},
		{"promotions", "cart"},
		{"recommendations", "cart"},
		{"shipping", "orders"},
	} {
		call(pair[0], pair[1], 210)
	}
	return t
}

// bigChange is one of the suspects or of the day's other changes.
func bigChange(id, title string, kind correlate.ChangeKind, service string, at time.Time) correlate.Change {
	finished := at.Add(4 * time.Minute)
	return correlate.Change{
		ID: id, Source: bigSource(kind), Kind: kind, Title: title, Services: []string{service}, Environment: "production", Regions: []string{"eu-west-1", "us-east-1"},
		StartedAt: at, FinishedAt: &finished, Status: correlate.StatusSucceeded, Version: "2026.5.4", PreviousVersion: "2026.5.3",
		Actor: &correlate.Actor{ID: "deploy-bot", Type: correlate.ActorAutomation},
		Links: &correlate.ChangeLinks{Diff: "https://git.example/" + service + "/compare/a...b", Run: "https://ci.example/runs/" + id, Rollback: "https://cd.example/" + service + "/rollback"},
	}
}

// bigSource is who tells of changes of a kind.
func bigSource(kind correlate.ChangeKind) string {
	switch kind {
	case correlate.KindFeatureFlag:
		return "launchdarkly"
	case correlate.KindConfig, correlate.KindModel:
		return "config-repo"
	case correlate.KindSchemaMigration:
		return "migrator"
	case correlate.KindInfrastructure:
		return "terraform"
	default:
		return "argo-cd"
	}
}

// bigSources tell how fresh the senders of the big day are.
type bigSources struct{}

func (bigSources) Freshness(context.Context) ([]query.Freshness, error) {
	at := func(minutes int) time.Time { return exampleTime(10, 4, 58).Add(-time.Duration(minutes) * time.Minute) }
	return []query.Freshness{
		{Kind: "alert", Source: "alertmanager", LastSeenAt: at(0), Events: 12840, Lag: 180 * time.Millisecond},
		{Kind: "change", Source: "argo-cd", LastSeenAt: at(1), Events: 2310, Lag: 210 * time.Millisecond},
		{Kind: "change", Source: "config-repo", LastSeenAt: at(41), Events: 310, Lag: 190 * time.Millisecond},
		{Kind: "change", Source: "launchdarkly", LastSeenAt: at(15), Events: 904, Lag: 8 * time.Second},
		{Kind: "change", Source: "terraform", LastSeenAt: at(2 * 24 * 60), Events: 66, Lag: 240 * time.Millisecond},
		{Kind: "topology", Source: "mesh", LastSeenAt: at(19), Events: 168, Lag: 400 * time.Millisecond},
	}, nil
}

// bigSuspects are the five changes that the finding names.
func bigSuspects() []correlate.Change {
	at := func(minute int) time.Time { return exampleTime(9, minute, 0) }
	guilty := bigChange("payments-812", "payments: retry card declines with backoff", correlate.KindDeploy, "payments", at(54))
	approved := exampleTime(8, 40, 0)
	guilty.Rollout = []correlate.RolloutStep{{At: at(54), Percent: 5, Region: "eu-west-1"}, {At: at(56), Percent: 50, Region: "eu-west-1"}, {At: at(58), Percent: 100}}
	guilty.Commits = []correlate.Commit{
		{SHA: "9f3c1d77aa21", Message: "Retry card declines with backoff\n\nCo-authored-by: Copilot", Author: &correlate.Person{Name: "Ada", Login: "ada"}, Additions: 184, Deletions: 22, Files: []string{"card/client.go", "card/retry.go", "card/retry_test.go"}},
		{SHA: "77b0aa91c2e4", Message: "Timeouts come from the configuration", Author: &correlate.Person{Name: "Grace", Login: "grace"}, Additions: 12, Deletions: 9, Files: []string{"config/payments.yaml"}},
	}
	guilty.PullRequests = []correlate.PullRequest{{
		Number: 812, URL: "https://git.example/payments/pull/812", Title: "Retry card declines with backoff", HeadBranch: "retry-declines",
		Reviews: []correlate.Review{{Reviewer: "bob", State: "approved", Level: "junior", At: &approved}},
	}}
	guilty.Approvals = []correlate.Approval{{By: "bob", Level: "junior", At: &approved}}
	return []correlate.Change{
		guilty,
		bigChange("flag-beta-tax", "Flag tax-by-address: 10% to 50%", correlate.KindFeatureFlag, "checkout", at(49)),
		bigChange("ledger-77", "ledger: new partition scheme", correlate.KindSchemaMigration, "ledger", at(31)),
		bigChange("fraud-model-19", "fraud: model 19", correlate.KindModel, "fraud", exampleTime(7, 12, 0)),
		bigChange("cfg-sessions", "sessions: shorter cookie life", correlate.KindConfig, "sessions", exampleTime(6, 3, 0)),
	}
}

// bigAlerting are the services that alert.
func bigAlerting() []string {
	names := []string{"payments", "payments-api", "payments-gateway", "payments-worker", "checkout", "checkout-api", "checkout-gateway", "cart", "orders", "returns"}
	for _, domain := range bigDomains[2:17] {
		names = append(names, domain+"-gateway")
	}
	return names
}

// bigFinding names the suspects with evidence for and against.
func bigFinding(version int) correlate.Finding {
	f := correlate.Finding{
		Incident: "inc-7f3a", Version: version, AsOf: exampleTime(10, 0, 10*version), Verdict: correlate.VerdictProbable, NoChangeProbability: 0.06,
		Missing: []string{"No metrics source covers ledger: changed and unchanged instances were not compared there.", "Two senders were silent in the hour before the first alert: terraform, launchdarkly."},
	}
	for i, c := range bigSuspects() {
		p := []float64{0.78, 0.09, 0.04, 0.02, 0.01}[i]
		evidence := []correlate.Evidence{
			{Kind: correlate.EvidenceTiming, LogOdds: 2.4 - 1.1*float64(i), Text: fmt.Sprintf("Took effect %d min before the first alert.", 2+i*9), Refs: []string{"alert:a-0"}},
			{Kind: correlate.EvidenceTopology, LogOdds: 1.9 - 0.8*float64(i), Text: "Callers of " + c.Services[0] + " alert, nearest first; what it calls does not.", Refs: []string{"service:" + c.Services[0], "service:checkout"}},
			{Kind: correlate.EvidenceRollout, LogOdds: 0.8, Text: "Alerts began in eu-west-1, which it reached first."},
			{Kind: correlate.EvidenceMetrics, LogOdds: 1.2 - float64(i), Text: "Errors rose on changed instances and not on the others."},
			{Kind: correlate.EvidencePrior, LogOdds: -0.6, Text: "Changes of this size to this service seldom fail."},
		}
		f.Suspects = append(f.Suspects, correlate.Suspect{Change: c, Rank: i + 1, Probability: p, Evidence: evidence})
	}
	topology := bigTopology()
	radius := newCallGraph(topology).radius([]string{"payments"})
	alerting := bigAlerting()
	radius.Alerting, radius.Quiet = alerting, nil
	for i := range radius.Nodes {
		n := &radius.Nodes[i]
		switch {
		case n.State == "changed":
		case slices.Contains(alerting, n.Service):
			n.State = "alerting"
		case n.Distance == 1:
			n.State, radius.Quiet = "quiet", append(radius.Quiet, n.Service)
		}
	}
	for i, x := range topology.Services {
		known := slices.ContainsFunc(radius.Nodes, func(n correlate.BlastNode) bool { return n.Service == x.Name })
		if !known && i%2 == 0 {
			radius.Nodes = append(radius.Nodes, correlate.BlastNode{Service: x.Name, State: "potential", Distance: 2 + i%3, Tier: x.Tier, Team: x.Team})
		}
	}
	f.BlastRadius = &radius
	return f
}

// bigDay fills the store.
func bigDay(f *fakeStore) {
	f.topology = bigTopology()
	in := exampleIncident()
	in.Title, in.Services, in.Signals, in.Regions = "payments and 24 more: errors, latency", bigAlerting(), []correlate.Signal{correlate.SignalErrors, correlate.SignalLatency}, []string{"eu-west-1", "us-east-1"}
	in.Declared = []string{"pagerduty/PINC42"}
	in.Alerts = nil
	var alerts []correlate.Alert
	for i, service := range in.Services {
		a := exampleAlert()
		a.Fingerprint, a.Service, a.Name = fmt.Sprintf("a-%d", i), service, []string{"ErrorRate", "LatencyP99"}[i%2]
		a.StartedAt = exampleTime(10, 0, 0).Add(time.Duration(i*i) * 400 * time.Millisecond)
		a.Severity = []correlate.Severity{correlate.SeverityCritical, correlate.SeverityHigh, correlate.SeverityWarning}[min(i/8, 2)]
		in.Alerts = append(in.Alerts, correlate.AlertKey{Fingerprint: a.Fingerprint, StartedAt: a.StartedAt})
		alerts = append(alerts, a)
	}
	f.incidents, f.alerts = []correlate.Incident{in}, map[string][]correlate.Alert{"inc-7f3a": alerts}
	f.findings = map[string][]correlate.Finding{"inc-7f3a": {bigFinding(5), bigFinding(4), bigFinding(3)}}
	f.changes = bigSuspects()
	f.provenances = map[correlate.Key]correlate.Provenance{}
	for i := range f.changes {
		p := exampleProvenance()
		p.Class = []correlate.ProvenanceClass{correlate.ProvenanceAssisted, correlate.ProvenanceHuman, correlate.ProvenanceUnknown, correlate.ProvenanceAutomation, correlate.ProvenanceOperated}[i]
		f.provenances[f.changes[i].Key()] = p
	}
	for i := range 40 {
		service := bigDomains[i%len(bigDomains)]
		c := bigChange(fmt.Sprintf("%s-%d", service, 900+i), fmt.Sprintf("%s: release %d", service, 900+i), correlate.ChangeKinds()[i%6], service, exampleTime(10, 0, 0).Add(-time.Duration(30+i*34)*time.Minute))
		f.changes = append(f.changes, c)
	}
	undo := bigChange("payments-813", "Roll back payments 812", correlate.KindRollback, "payments", exampleTime(10, 3, 0))
	undo.RollbackOf, undo.Status, undo.FinishedAt = "payments-812", correlate.StatusInProgress, nil
	f.changes = append(f.changes, undo)
	for i := range 8 {
		old := exampleIncident()
		resolved := exampleTime(10, 0, 0).AddDate(0, 0, -1-i*3).Add(time.Duration(20+i*7) * time.Minute)
		old.ID, old.Title, old.Status = fmt.Sprintf("inc-old-%d", i), bigDomains[i]+" and 2 more: latency", correlate.IncidentResolved
		old.StartedAt, old.UpdatedAt, old.ResolvedAt = exampleTime(10, 0, 0).AddDate(0, 0, -1-i*3), resolved, &resolved
		old.Services, old.Severity = []string{bigDomains[i], bigDomains[i] + "-gateway", "sessions"}, []correlate.Severity{correlate.SeverityHigh, correlate.SeverityWarning}[i%2]
		f.incidents = append(f.incidents, old)
	}
}

// bigFigures are those of half a year with enough in them to be drawn.
type bigFigures struct{}

func (bigFigures) AIImpact(context.Context, time.Time, time.Time) (figures.Impact, error) {
	f := exampleImpact()
	f.Groups = append(f.Groups,
		figures.ChangeGroup{Group: "human changes", Changes: 5200, Rate: exampleShare(30, 5200, 0.0058, 0.004, 0.0082)},
		figures.ChangeGroup{Group: "changes of unknown origin", Changes: 2400, Rate: exampleShare(15, 2400, 0.0063, 0.0038, 0.0103)},
		figures.ChangeGroup{Group: "automation", Changes: 400, Rate: exampleShare(1, 400, 0.0025, 0.0004, 0.014)})
	for i, name := range []string{"unknown_as_human", "unknown_as_ai"} {
		c := exampleComparison()
		c.Name, c.Adjusted = name, exampleRatio(1.28-0.2*float64(i), 0.74-0.1*float64(i), 2.2-0.3*float64(i))
		f.Sensitivity = append(f.Sensitivity, c)
	}
	f.Weeks = nil
	for i := range 24 {
		n := 400 + 13*i
		events := 3 + i%4
		if i == 17 {
			events = 14
		}
		value := float64(events) / float64(n)
		high := 0.0085 + 3*math.Sqrt(0.0085/float64(n))
		f.Weeks = append(f.Weeks, figures.Week{Starts: exampleFrom().AddDate(0, 0, -7*7+7*i), All: exampleShare(events, n, value, value/2, 2*value), High: high, Out: value > high})
	}
	f.Chance.Groups = append(f.Chance.Groups, figures.Chance{Group: "human changes", Observed: 22, Expected: 20.1, High: 29, P: 0.31})
	return f, nil
}

func (bigFigures) Accuracy(context.Context, time.Time, time.Time) (figures.Accuracy, error) {
	a := exampleAccuracy()
	a.Calibration.Bins = nil
	for i := range 9 {
		stated, n := 0.06+0.11*float64(i), 5+i*2
		right := int(math.Round(stated * float64(n) * 0.97))
		value := float64(right) / float64(n)
		spread := math.Sqrt(value*(1-value)/float64(n)) + 0.05
		a.Calibration.Bins = append(a.Calibration.Bins, figures.CalibrationBin{
			From: 0.1 * float64(i), To: 0.1 * float64(i+1), Stated: stated, Right: *exampleShare(right, n, value, max(0, value-spread), min(1, value+spread)),
		})
	}
	return a, nil
}

func (bigFigures) Policy(context.Context, time.Time, time.Time) (figures.PolicyEffect, error) {
	p := examplePolicyEffect()
	for i, approval := range []string{"other", "late", "none"} {
		g := p.Groups[0]
		g.Approval, g.Changes, g.Rate = approval, 300-90*i, exampleShare(2+i, 300-90*i, 0.0067+0.006*float64(i), 0.0018, 0.04)
		p.Groups = append(p.Groups, g)
	}
	return p, nil
}

// bigSigns tell what the fake store cannot: headlines and suspicions.
type bigSigns struct{}

func (bigSigns) Headlines(_ context.Context, incidents []string) ([]query.Headline, error) {
	var all []query.Headline
	for i, id := range incidents {
		c := bigSuspects()[i%5]
		all = append(all, query.Headline{
			Incident: id, Version: 2, Verdict: []correlate.Verdict{correlate.VerdictProbable, correlate.VerdictPossible, correlate.VerdictNoChange}[i%3],
			Change: c.Key(), Kind: c.Kind, Title: c.Title, Probability: 0.78 - 0.07*float64(i), NoChangeProbability: 0.81,
		})
	}
	return all, nil
}

func (bigSigns) Suspicions(context.Context, correlate.Key) ([]query.Suspicion, error) {
	return []query.Suspicion{{Incident: "inc-7f3a", Rank: 1, Probability: 0.78}, {Incident: "inc-old-2", Rank: 3, Probability: 0.12}}, nil
}

func (bigSigns) Suspected(_ context.Context, changes []correlate.Key) (map[correlate.Key][]string, error) {
	all := map[correlate.Key][]string{}
	for _, c := range changes {
		if c.ID == "payments-812" {
			all[c] = []string{"inc-7f3a", "inc-old-2"}
		}
	}
	return all, nil
}

// withBigDay serves the big day, with everything that a page can tell.
func withBigDay(t *testing.T) func(*Config, *Deps) {
	t.Helper()
	letters := withLetters(t, &letterBox{audit: []query.AuditEntry{
		{At: exampleTime(8, 12, 4), ID: "1", Actor: "ada", Action: "maintenance announced", Target: "7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11", Detail: "media, media-db until 12:00"},
		{At: exampleTime(9, 1, 30), ID: "2", Actor: "grace", Action: "sign-in", Target: "judge", Detail: "by Example ID"},
		{At: exampleTime(9, 20, 0), ID: "3", Actor: "test-admin", Action: "token drawn", Target: "k3v9q2xw", Detail: "ci-eu, ingest"},
		{At: exampleTime(9, 40, 11), ID: "4", Actor: "grace", Action: "verdict", Target: "inc-old-0", Detail: `{"decision":"confirm","reason":"Switching the flag off ended it."}`},
	}})
	return func(c *Config, d *Deps) {
		letters(c, d)
		d.Reports.(*fakeReports).earlier = 9
		f := d.Store.(*fakeStore)
		f.set(bigDay)
		f.commands = []query.Command{
			{ID: "1", Incident: "inc-7f3a", Commander: "ada", SetBy: "ada", SetAt: exampleTime(10, 1, 30)},
			{ID: "2", Incident: "inc-7f3a", Commander: "grace", SetBy: "ada", SetAt: exampleTime(10, 3, 10)},
		}
		f.proposals = bigProposals()
		f.windows = []query.MaintenanceWindow{
			{ID: "7d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f11", Maintenance: correlate.Maintenance{Services: []string{"media", "media-db"}, Environment: "production", From: exampleTime(9, 0, 0), To: exampleTime(12, 0, 0)}, Reason: "Media moves to other disks.", CreatedBy: "ada", ChangedBy: "ada"},
			{ID: "8d1f0c9e-52a4-4c56-9a3c-0b6b3c6d2f12", Maintenance: correlate.Maintenance{Environment: "staging", From: exampleTime(18, 0, 0), To: exampleTime(20, 0, 0)}, Reason: "The cluster of staging is made anew.", CreatedBy: "grace", ChangedBy: "grace"},
		}
		d.Figures, d.Headlines, d.Suspicions, d.Names, d.Sources = bigFigures{}, bigSigns{}, bigSigns{}, someNames{}, bigSources{}
	}
}

// bigProposals are what agents propose on two incidents of the big day.
func bigProposals() map[string][]query.Proposal {
	open, older := exampleProposal(), exampleProposal()
	key := bigSuspects()[0].Key()
	open.Change, open.FindingVersion, open.Reason = &key, 5, "It reached all of eu-west-1 two minutes before the first alert, and every service that alerts calls payments."
	older.ID, older.Incident, older.Decision, older.Change = "1c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a1", "inc-old-1", correlate.DecisionNoChange, nil
	older.Reason, older.ProposedAt = "The provider reports trouble of its own in this region since 07:30.", exampleTime(8, 10, 0)
	return map[string][]query.Proposal{"inc-7f3a": {open}, "inc-old-1": {older}}
}

func TestTheBigDayHasWhatItIsFor(t *testing.T) {
	topology := bigTopology()
	names := map[string]bool{}
	for _, x := range topology.Services {
		names[x.Name] = true
	}
	if len(names) != 200 {
		t.Errorf("%d services", len(names))
	}
	for _, e := range topology.Edges {
		if !names[e.Caller] || !names[e.Callee] {
			t.Errorf("%s calls %s, and one of them is no service", e.Caller, e.Callee)
		}
	}
	f := bigFinding(5)
	states := map[string]int{}
	for _, n := range f.BlastRadius.Nodes {
		states[n.State]++
	}
	if len(f.Suspects) != 5 || states["changed"] != 1 || states["alerting"] < 10 || states["potential"] < 50 {
		t.Errorf("suspects %d, states %v", len(f.Suspects), states)
	}
	if !strings.Contains(f.Suspects[0].Change.Title, "payments") {
		t.Error("the guilty one is not first")
	}
}
