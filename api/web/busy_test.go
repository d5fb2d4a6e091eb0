package web

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// busy is a world with something on every page, and name in every text of others.
func busy(name string) *world {
	key := correlate.Key{Source: "ci", ID: "c-1"}
	finding := suspected(3)
	finding.Incident, finding.Version, finding.Verdict, finding.AsOf, finding.Missing = "inc-1", 2, correlate.VerdictProbable, onset.Add(time.Minute), []string{"No metrics " + name}
	for i := range finding.Suspects {
		x := &finding.Suspects[i]
		x.Change.ID, x.Change.Title, x.Change.Services = fmt.Sprintf("c-%d", i+1), fmt.Sprintf("%s change %d", name, i+1), []string{name, "b", "c", "d", "e", "f"}
		x.Change.Version, x.Change.PreviousVersion, x.Change.Regions = "2 "+name, "1 "+name, []string{name}
		x.Evidence[0].Text, x.Evidence[0].Refs = name, []string{"service:" + name, "change:ci/other", "alert:x"}
	}
	finding.BlastRadius = &correlate.BlastRadius{
		Changed: []string{name}, Alerting: []string{"b"}, Quiet: []string{"q"}, Potential: 3, PotentialByTier: map[string]int{"2": 1, "1": 2}, Teams: []string{name}, Truncated: true,
		Nodes: []correlate.BlastNode{{Service: name, State: "changed", Tier: 1, Team: name}, {Service: "b", State: "alerting", Distance: 1}, {Service: "q", State: "quiet", Distance: 1, Tier: 3}},
		Edges: []correlate.Edge{{Caller: "b", Callee: name}, {Caller: "q", Callee: name}},
	}
	older := finding
	older.Version, older.Verdict, older.Suspects = 1, correlate.VerdictNoChange, nil
	resolved := onset.Add(40 * time.Minute)
	incidents := []correlate.Incident{
		{ID: "inc-1", Title: name + " fails", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical, Environment: name, StartedAt: onset, Services: []string{name, "b", "c", "d", "e", "f"}, Regions: []string{name}, Declared: []string{name}, Alerts: make([]correlate.AlertKey, 7)},
		{ID: "inc-2", Title: "older " + name, Status: correlate.IncidentResolved, Severity: correlate.SeverityWarning, StartedAt: onset.Add(-48 * time.Hour), ResolvedAt: &resolved, Services: []string{name}},
		{ID: "inc-3", Title: "taken " + name, Status: correlate.IncidentMerged, Severity: "odd", StartedAt: onset.Add(time.Minute), MergedInto: "inc-1", Services: []string{name}},
	}
	change := finding.Suspects[0].Change
	finished := change.StartedAt.Add(time.Minute)
	change.Key()
	change.FinishedAt, change.Status, change.Environment, change.RollbackOf = &finished, correlate.StatusSucceeded, name, "before "+name
	change.Actor = &correlate.Actor{ID: name, Type: "bot_user"}
	change.Labels = map[string]string{"z " + name: name, "a": "first"}
	change.Approvals = []correlate.Approval{{By: name, Level: name, At: &finished}, {By: "bob"}}
	change.Commits = []correlate.Commit{{SHA: strings.Repeat("a", 40), Message: name + "\n\nbody", Author: &correlate.Person{Login: name}, Additions: 1200, Deletions: 3, Files: []string{name}}}
	change.PullRequests = []correlate.PullRequest{{Number: 7, Title: name, URL: "https://git.example/7", HeadBranch: name, Author: &correlate.PullRequestAuthor{Login: name}, Reviews: []correlate.Review{{Reviewer: name, Level: "senior", State: "changes_requested", At: &finished}}}}
	change.Rollout = []correlate.RolloutStep{{At: onset, Percent: 12.5, Region: name}, {At: onset, Instances: []string{name}}}
	provenance := &correlate.Provenance{Class: correlate.ProvenanceAssisted, Confidence: 0.97, Tools: []correlate.AITool{{Name: name, Model: "m"}}, Evidence: []correlate.ProvenanceMark{{Marker: "co_author", Where: name, Excerpt: name}}}
	record := ChangeRecord{Change: change, Provenance: provenance}
	violation := Violation{Rule: "r", Title: name, Outcome: "deny", Lapse: "no_approval", Reason: "nobody " + name, Mend: "let " + name, Change: key, ChangeTitle: name, Kind: correlate.KindDeploy, Services: []string{name}, StartedAt: onset, Tier: 1, Class: correlate.ProvenanceAssisted, Approvals: []string{name, name}}
	warning := violation
	warning.Outcome, warning.ChangeTitle, warning.Class, warning.Approvals, warning.Mend = "warn", "", correlate.ProvenanceUnknown, nil, ""
	topology := correlate.Topology{
		ObservedAt: onset, Services: []correlate.Service{{Name: name, Tier: 1, Team: name}, {Name: "b", Team: name}, {Name: "lone"}},
		Edges: []correlate.Edge{{Caller: "b", Callee: name}},
	}
	return &world{
		incidents: incidents, next: "more of it", commanders: map[string]string{"inc-1": name}, grafana: "https://grafana.example/",
		sheets: map[string]Sheet{"inc-1": {
			Findings: []correlate.Finding{finding, older}, Tag: `"tag"`, CommandTag: `"ctag"`, Standing: correlate.Standing{State: correlate.JudgedNot},
			Commands:  []query.Command{{Commander: name, SetBy: "bob", SetAt: onset}},
			Proposals: []query.Proposal{{ID: "p-1", Incident: "inc-1", ProposedBy: name, Decision: correlate.DecisionConfirm, Change: &key, Reason: name, FindingVersion: 1, State: query.ProposalOpen, ProposedAt: onset}},
		}, "inc-3": {Findings: []correlate.Finding{older}, Tag: `"t3"`}},
		standings:  map[string]correlate.Standing{"inc-2": {State: correlate.JudgedConfirmed, Judgements: 1}},
		headlines:  []query.Headline{{Incident: "inc-1", Verdict: correlate.VerdictProbable, Change: key, Title: name, Probability: 0.8}, {Incident: "inc-2", Verdict: correlate.VerdictNoChange, NoChangeProbability: 0.6}, {Incident: "inc-3", Change: key, Title: "stale", Probability: 0.9}},
		suspicions: []query.Suspicion{{Incident: "inc-1", Rank: 1, Probability: 0.8}, {Incident: "inc-2", Rank: 2, Probability: 0.1}, {Incident: "inc-3", Rank: 1, Probability: 0.5}},
		totals:     query.IncidentTotals{Total: 3, ByStatus: map[correlate.IncidentStatus]int{correlate.IncidentOpen: 1200}, BySeverity: map[correlate.Severity]int{correlate.SeverityCritical: 1}},
		waiting:    []query.Proposal{{ID: "p-1", Incident: "inc-1", ProposedBy: name, Decision: correlate.DecisionConfirm, Change: &key, Reason: name, FindingVersion: 2, ProposedAt: onset}, {ID: "p-2", Incident: "gone", ProposedBy: "x", Decision: correlate.DecisionNoChange, Reason: "y", ProposedAt: onset}},
		timeline: Timeline{From: onset.Add(-time.Hour), Lanes: []Lane{
			{Name: "alerts", Moments: []Moment{{At: onset, Until: &resolved, Kind: "critical", Title: name, Services: []string{name, "b", "c", "d", "e"}, Status: "resolved", Ref: "alert:x"}}},
			{Name: "changes", Moments: []Moment{{At: change.StartedAt, Kind: "deploy", Title: name, Services: []string{name}, Ref: "change:ci/c-1"}}, Truncated: true},
			{Name: "rollouts"},
			{Name: "responders"},
			{Name: "findings"},
		}},
		changes: []ChangeRecord{record, {Change: correlate.Change{ID: "bare", Source: "ci", StartedAt: onset}}}, radius: *finding.BlastRadius, topology: topology,
		service: ServiceRecord{
			Service: correlate.Service{Name: name, Tier: 1, Team: name, Environment: name, Lifecycle: name}, Callers: []correlate.Edge{{Caller: "b", Callee: name, CallsPerSecond: 12.345, Kind: correlate.EdgeSync}},
			Callees: []correlate.Edge{{Caller: name, Callee: name}}, RecentChanges: []ChangeRecord{record}, OpenIncidents: incidents[:1],
		},
		fresh:   []query.Freshness{{Kind: "alert", Source: name, LastSeenAt: onset.Add(59 * time.Minute), Events: 1234, Lag: 20 * time.Second}, {Kind: "change", Source: "quiet one", LastSeenAt: onset.Add(-48 * time.Hour), Events: 2}},
		reports: []Report{{Week: "2026-W18", MadeAt: onset}}, rules: Rules{Version: name, Names: []string{"r", name}, Lapses: []string{"no_approval", "late"}},
		violations: []Violation{violation, warning}, gate: []GateWord{{At: onset, Outcome: "deny", Asker: name, Reasons: []string{"because " + name}}},
		letters:   []query.DeadLetter{{LetterPlace: query.LetterPlace{Topic: "t", Partition: 3, Offset: 9, Digest: 77}, At: onset, Format: name, Reason: name, Value: name}, {At: onset, Reason: "by hand", Value: "x"}},
		lost:      []query.Undelivered{{Target: name, Incident: "inc-1", Reason: name, GivenUpAt: onset, Attempts: 3}, {Target: "b", Incident: "inc-2", Reason: "r", GivenUpAt: onset, State: query.NoticeAsked, AskedBy: name}},
		audit:     []query.AuditEntry{{At: onset, Actor: name, Action: "verdict_given", Target: "inc-1", Detail: `{"Decision":"confirm","Reason":"so"}`}, {At: onset, Actor: "x", Action: "provenance override", Target: "ci/c-1", Detail: name}, {At: onset, Actor: "y", Action: "token drawn", Target: name}},
		windows:   []Window{{ID: "w-1", State: "planned", Services: []string{name}, Environment: name, From: onset, To: onset.Add(time.Hour), Reason: name, CreatedBy: name, ChangedBy: name}, {ID: "w-2", State: "running", Environment: "production", From: onset, To: onset, Reason: "r", CreatedBy: "a", ChangedBy: "a"}},
		tokens:    []Token{{ID: "k1", Name: name, Role: "judge", UsedAt: onset}, {ID: "k2", Name: "old", Role: "reader", ExpiresAt: onset}},
		nameRules: []NameRule{{Source: "github", Value: "orchard/monolith", Service: name}},
	}
}

// everyAddress opens each page, with and without a filter.
var everyAddress = []string{
	"/", "/?status=merged&severity=critical&service=a&q=x&from=2026-05-04T09:00&to=2026-05-04T11:00&cursor=c", "/incidents/inc-1", "/incidents/inc-1?version=1&window=2h", "/incidents/inc-2", "/incidents/inc-3",
	"/proposals", "/changes", "/changes?kind=deploy&class=ai_assisted&status=succeeded", "/changes/c-1", "/changes/bare", "/services/x", "/topology", "/topology?q=b&tier=1&team=t", "/policy", "/policy?lapse=late&rule=r",
	"/figures", "/reports", "/admin", "/admin?source=github&value=orchard%2Fmonolith", "/sign-in", "/sign-in?next=%2Fchanges",
}

// lawful holds a page to what every page must keep, whatever is on it.
func lawful(t *testing.T, p *reading) {
	t.Helper()
	ids := map[string]bool{}
	for _, n := range p.all() {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %q is there twice", id)
			}
			ids[id] = true
		}
		for _, a := range n.Attr {
			if a.Key == "style" || strings.HasPrefix(a.Key, "on") {
				t.Errorf("<%s %s=%q>: the policy allows nothing inline", n.Data, a.Key, a.Val)
			}
		}
		if by := attr(n, "aria-labelledby"); by != "" && p.byID(by) == nil {
			t.Errorf("a part is named by %q, which is not there", by)
		}
		if (n.Data == "section" || n.Data == "article" || n.Data == "nav" || attr(n, "role") == "region" || attr(n, "role") == "img") && n.Data != "body" && p.called(n) == "" && attr(n, "class") != "problem" && attr(n, "class") != "signin" {
			t.Errorf("<%s class=%q> has no name", n.Data, attr(n, "class"))
		}
	}
	if h1 := p.all("h1"); len(h1) != 1 || spoken(h1[0]) == "" {
		t.Errorf("%d headings of the page", len(h1))
	}
	lawfulLinks(t, p, ids)
	lawfulForms(t, p)
	lawfulTables(t, p)
}

// lawfulLinks holds links to their ends: within the page to something that is there,
// to another site with a word about the new tab and without a way back.
func lawfulLinks(t *testing.T, p *reading, ids map[string]bool) {
	t.Helper()
	for _, a := range p.all("a") {
		href := attr(a, "href")
		if spoken(a) == "" || href == "" {
			t.Errorf("a link %q to %q says nothing or leads nowhere", spoken(a), href)
		}
		if id, inside := strings.CutPrefix(href, "#"); inside && !ids[id] {
			t.Errorf("%q leads to %q, which is not there", spoken(a), href)
		}
		u, err := url.Parse(href)
		switch {
		case err != nil:
			t.Errorf("%q leads to %q", spoken(a), href)
		case u.Host != "" && (attr(a, "rel") != "noopener noreferrer" || attr(a, "target") != "_blank"):
			t.Errorf("%q lets %s look back", spoken(a), u.Host)
		case u.Host != "" && u.Scheme != "https" && u.Scheme != "http":
			t.Errorf("%q leads to %q", spoken(a), href)
		case u.Host == "" && !strings.HasPrefix(href, "/") && !strings.HasPrefix(href, "#"):
			t.Errorf("%q leads to %q, which is relative", spoken(a), href)
		}
	}
}

// lawfulForms holds forms to a name for each field and to a proof where they change
// anything.
func lawfulForms(t *testing.T, p *reading) {
	t.Helper()
	for _, form := range p.all("form") {
		f := &reading{t, form}
		if attr(form, "method") == "post" && f.fields()["csrf"] != "proof" && attr(form, "action") != "/sign-in" {
			t.Errorf("the form to %s carries no proof", attr(form, "action"))
		}
		if len(f.all("button")) == 0 {
			t.Errorf("the form to %s has no button", attr(form, "action"))
		}
		for _, field := range f.all("input", "select", "textarea") {
			if attr(field, "type") == "hidden" {
				continue
			}
			labelled := attr(field, "aria-label") != ""
			for at := field.Parent; at != nil; at = at.Parent {
				labelled = labelled || at.Data == "label" && spoken(at) != ""
			}
			for _, label := range f.all("label") {
				labelled = labelled || attr(field, "id") != "" && attr(label, "for") == attr(field, "id")
			}
			if !labelled {
				t.Errorf("the field %q has no label", attr(field, "name"))
			}
			if attr(field, "type") == "" && field.Data == "input" && attr(field, "maxlength") == "" || attr(field, "type") == "text" && attr(field, "maxlength") == "" {
				t.Errorf("the field %q has no bound", attr(field, "name"))
			}
		}
	}
}

// lawfulTables holds each cell to the head of its column, which is what a telephone
// shows in its place.
func lawfulTables(t *testing.T, p *reading) {
	t.Helper()
	for _, table := range p.all("table") {
		part := &reading{t, table}
		var heads []string
		for _, th := range part.all("th") {
			switch attr(th, "scope") {
			case "col":
				heads = append(heads, spoken(th))
			case "row":
			default:
				t.Errorf("the head %q has no scope", spoken(th))
			}
		}
		for _, tr := range part.all("tr") {
			if tr.Parent.Data != "tbody" {
				continue
			}
			column := 0
			for cell := range tr.ChildNodes() {
				if cell.Type != html.ElementNode {
					continue
				}
				if column >= len(heads) {
					t.Fatalf("a row has more cells than the table has columns: %s", spoken(tr))
				}
				if th := attr(cell, "data-th"); attr(table, "class") == "cards" && cell.Data == "td" && !strings.HasPrefix(heads[column], th) {
					t.Errorf("a cell of the column %q is called %q on a telephone", heads[column], th)
				}
				column++
				if attr(cell, "colspan") == "2" {
					column++
				}
			}
			if column != len(heads) {
				t.Errorf("%d cells under %d heads: %s", column, len(heads), spoken(tr))
			}
		}
	}
}

// TestEveryPageKeepsTheLawsInEveryWorld opens every page with nothing on it, with
// much, and with hostile texts, as everybody who may.
func TestEveryPageKeepsTheLawsInEveryWorld(t *testing.T) {
	for name, w := range map[string]*world{
		"much": busy("shop"), "hostile": busy(nasty), "long": busy(strings.Repeat("very-long-name ", 40)), "right to left": busy("متجر \u202egpj"),
		"nothing": {incidents: []correlate.Incident{{ID: "inc-1", StartedAt: onset}, {ID: "inc-2", StartedAt: onset, Status: correlate.IncidentResolved}, {ID: "inc-3", StartedAt: onset, Status: correlate.IncidentMerged, MergedInto: "gone"}}, changes: []ChangeRecord{{Change: correlate.Change{ID: "c-1"}}, {Change: correlate.Change{ID: "bare"}}}, service: ServiceRecord{Service: correlate.Service{Name: "x"}}, rules: Rules{Lapses: []string{"late"}}},
	} {
		for _, v := range []Visitor{stranger, reader, judge, admin} {
			for _, path := range everyAddress {
				if strings.HasPrefix(path, "/admin") && !v.CanAdminister {
					continue
				}
				t.Run(name+" "+v.Role+" "+path, func(t *testing.T) {
					p := w.get(t, v, path)
					lawful(t, p)
					if name == "hostile" {
						if n := len(p.all("script")); n != 1 || len(p.all("img")) != 0 || strings.Contains(p.text(), "\u202e") {
							t.Errorf("%d scripts, %d pictures", n, len(p.all("img")))
						}
					}
				})
			}
		}
	}
}

// TestAPageWhosePartFailsIsNoPage breaks each port that a page uses in turn. What a
// page cannot know it must not leave out in silence.
func TestAPageWhosePartFailsIsNoPage(t *testing.T) {
	for _, path := range everyAddress {
		w := busy("shop")
		if path == "/incidents/inc-1?version=1&window=2h" {
			path = "/incidents/inc-1?version=9"
		}
		w.get(t, admin, path)
		for _, port := range slices.Compact(slices.Sorted(slices.Values(w.asked))) {
			w.broken = port
			answer, err := w.serve(t, admin, httptest.NewRequest(http.MethodGet, path, http.NoBody))
			if port == "Freshness" && !strings.HasPrefix(path, "/admin") {
				// Pages go on without it, and say so.
				if p := read(t, answer.Body.String()); err != nil || !strings.Contains(p.text(), "How fresh the events are is not known here.") {
					t.Errorf("%s without %s: %v", path, port, err)
				}
				continue
			}
			if err == nil || answer.Body.Len() > 0 {
				t.Errorf("%s without %s: %v, %d bytes", path, port, err, answer.Body.Len())
			}
		}
	}
}
