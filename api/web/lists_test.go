package web

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// TestARowOfAnIncidentSaysWhatIsKnown of one that goes on, one that is over, and one
// that went into another, whose stale finding must not be taken for what is known.
func TestARowOfAnIncidentSaysWhatIsKnown(t *testing.T) {
	p := busy("shop").get(t, reader, "/?status=open,resolved,merged")
	open := p.row("shop fails")
	if diff := cmp.Diff([]string{"shop fails80% shopCommander: shop", "critical", "open", "4 May 10:00:00 UTC (1 h ago)", "1 h so far", "shop, b, c, d and 2 more"}, open); diff != "" {
		t.Error(diff)
	}
	over := p.row("older shop")
	if over[0] != "older shop60% No recorded change did it Cause confirmed" || over[4] != "2 days" {
		t.Errorf("%q", over)
	}
	merged := p.row("taken shop")
	if merged[0] != "taken shopwent into shop fails" || merged[1] != "unknown" || merged[4] != "" {
		t.Errorf("%q", merged)
	}
	p.leads("shop fails", "/incidents/inc-1")
	p.denies("stale")
}

func TestMergedIncidentsAreListedOnlyWhenAskedFor(t *testing.T) {
	w := busy("shop")
	w.get(t, reader, "/").denies("taken shop")
	if want := []correlate.IncidentStatus{"open", "quiet", "resolved"}; !slices.Equal(w.seenIncidents.Status, want) {
		t.Errorf("asked for %v", w.seenIncidents.Status)
	}
	merged := w.get(t, reader, "/?status=merged")
	merged.says("taken shop")
	merged.denies("older shop")
}

// TestAFilterReachesTheStoreAndSaysWhatItDoes: a list that is short in silence is
// read as "nothing is wrong".
func TestAFilterReachesTheStoreAndSaysWhatItDoes(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/?status=open&severity=critical&service=shop_a&q=disk_full&from=2026-05-04T09:00&to=2026-05-04T11:00&cursor=c")
	want := query.Incidents{
		From: onset.Add(-time.Hour), To: onset.Add(time.Hour), Status: []correlate.IncidentStatus{"open"}, Severity: []correlate.Severity{"critical"}, Service: "shop_a", Text: "disk_full", Limit: listPage, Cursor: "c",
	}
	if diff := cmp.Diff(want, w.seenIncidents); diff != "" {
		t.Error(diff)
	}
	p.says("Filter: open, critical, on shop_a, with “disk_full”, since 2026-05-04T09:00, until 2026-05-04T11:00", "No incident matches the filter.")
	p.leads("Show all", "/")
	p.denies("appear here within a second")
	fields := p.fields()
	for name, value := range map[string]string{"status": "open", "severity": "critical", "service": "shop_a", "q": "disk_full", "from": "2026-05-04T09:00", "to": "2026-05-04T11:00"} {
		if fields[name] != value {
			t.Errorf("the form forgets %s: %q", name, fields[name])
		}
	}
	empty := (&world{}).get(t, reader, "/")
	empty.says("No incidents. Alerts that arrive are grouped into incidents and appear here within a second.", "Nothing proposed by agents waits")
	empty.denies("Show all", "Filter:", "Next page", "First page")
	if fields := empty.fields(); fields["status"] != "open" {
		t.Errorf("the boxes do not show what is listed: %v", fields)
	}
}

func TestAListLeadsFurtherAndBack(t *testing.T) {
	w := busy("shop")
	for _, path := range []string{"/", "/changes", "/policy", "/proposals"} {
		p := w.get(t, reader, path+"?cursor=here")
		p.leads("Next page", path+"?cursor=more+of+it")
		p.leads("First page", path)
		if first := w.get(t, reader, path); first.links()["First page"] != "" {
			t.Errorf("the first page of %s leads to itself", path)
		}
		w.next = ""
		if last := w.get(t, reader, path); last.links()["Next page"] != "" {
			t.Errorf("the last page of %s leads on", path)
		}
		w.next = "more of it"
	}
}

func TestTalliesLeadToJustTheseAndBack(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/?service=shop&status=open&cursor=c").part("How many there are")
	p.says("1,200")
	links := p.links()
	for words, want := range map[string]string{"quiet 0": "/?service=shop&status=quiet", "open 1,200": "/?service=shop", "critical 1": "/?service=shop&severity=critical&status=open"} {
		if links[words] != want {
			t.Errorf("%q leads to %q, want %q; %v", words, links[words], want, links)
		}
	}
	for _, a := range p.all("a") {
		if (attr(a, "aria-current") == "true") != (spoken(a) == "open 1,200") {
			t.Errorf("%q is shown as chosen: %v", spoken(a), attr(a, "aria-current"))
		}
	}
	p.says("2 or more proposed by agents, waiting")
	w.next = ""
	p = w.get(t, reader, "/").part("How many there are")
	p.says("2 proposed by agents, waiting")
	p.denies("or more")
}

func TestManyRowsStayOneRowEach(t *testing.T) {
	w := &world{}
	for i := range 50 {
		w.incidents = append(w.incidents, correlate.Incident{ID: fmt.Sprintf("inc-%d", i), Title: fmt.Sprintf("incident %d", i), Status: correlate.IncidentOpen, Severity: correlate.SeverityHigh, StartedAt: onset})
		w.changes = append(w.changes, ChangeRecord{Change: correlate.Change{ID: fmt.Sprint(i), Source: "ci", Title: fmt.Sprintf("change %d", i), StartedAt: onset}})
	}
	for path, what := range map[string]string{"/": "incident", "/changes": "change"} {
		p := w.get(t, reader, path)
		if rows := p.rows(); len(rows) != 50 || !strings.HasPrefix(rows[49][0], what+" 49") {
			t.Errorf("%s: %d rows", path, len(rows))
		}
		p.says("none named")
	}
}

func TestHowFreshTheEventsAreIsSaidOrThatItIsNotKnown(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/")
	p.says("changes: last 2 May 10:00:00 UTC (2 days ago)", "alerts: last 4 May 10:59:00 UTC (1 min ago)")
	silent := map[string]bool{}
	for _, n := range p.all("span") {
		if strings.HasPrefix(attr(n, "class"), "feed") {
			silent[strings.Fields(spoken(n))[0]] = strings.Contains(attr(n, "class"), "silent")
		}
	}
	if !silent["changes:"] || silent["alerts:"] {
		t.Errorf("silent: %v", silent)
	}
	w.fresh = nil
	w.get(t, reader, "/").says("changes: none in the last week", "alerts: none in the last week")
}

func TestAFilterOfChangesReachesTheStore(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/changes?kind=deploy,config&status=failed&class=ai_assisted&service=a&source=ci&environment=prod&q=x&from=2026-05-04&to=2026-05-05&cursor=c")
	want := query.Changes{
		From: onset.Add(-10 * time.Hour), To: onset.Add(14 * time.Hour), Services: []string{"a"}, Kinds: []correlate.ChangeKind{"deploy", "config"}, Status: []correlate.ChangeStatus{"failed"},
		Environment: "prod", Source: "ci", Class: []correlate.ProvenanceClass{"ai_assisted"}, Text: "x", Limit: listPage, Cursor: "c",
	}
	if diff := cmp.Diff(want, w.seenChanges); diff != "" {
		t.Error(diff)
	}
	p.says("Filter: failed, deploy, config, ai assisted, on a, from ci, in prod, with “x”, since 2026-05-04, until 2026-05-05")
	p.leads("Show all", "/changes")
	w.changes = nil
	w.get(t, reader, "/changes?kind=deploy").says("No change matches the filter.")
	w.get(t, reader, "/changes").says("No changes yet. Send deploys, flags and configuration changes")
}

func TestARowOfAChangeSaysItsCourseAndClass(t *testing.T) {
	w := busy("shop")
	w.changes[1].Status = "waiting_long"
	p := w.get(t, reader, "/changes")
	if diff := cmp.Diff([]string{"shop change 1deploy from ci", "4 May 09:59:00 UTC (1 h 1 min ago)", "took 1 min, 2 rollout steps, succeeded", "shop, b, c, d and 2 more", "AI-assisted"}, p.row("shop change 1")); diff != "" {
		t.Error(diff)
	}
	if row := p.row("ci/bare"); row[2] != "waiting long" || row[3] != "none named" || row[4] != "Unknown" {
		t.Errorf("%q", row)
	}
	w.changes[1].Status = ""
	if row := w.get(t, reader, "/changes").row("ci/bare"); row[2] != "not stated" {
		t.Errorf("%q", row)
	}
}

// TestWrongAddressesSayWhatIsWrong for every list and filter.
func TestWrongAddressesSayWhatIsWrong(t *testing.T) {
	for path, want := range map[string]string{
		"/?status=broken": "“status” knows no", "/?severity=x": "“severity” knows no", "/?from=noon": "“from” is no moment", "/?to=noon": "“to” is no moment", "/?from=2026-05-04&to=2026-05-03": "not after",
		"/changes?kind=x": "“kind” knows no", "/changes?status=x": "“status” knows no", "/changes?class=x": "“class” knows no", "/changes?to=x": "“to” is no moment", "/changes?from=2026-05-04&to=2026-05-04": "not after",
		"/policy?lapse=x": "“lapse” knows no", "/policy?from=x": "“from” is no moment", "/policy?from=2026-05-04&to=2026-05-03": "not after",
		"/figures?from=x": "“from” is no moment", "/figures?to=x": "“to” is no moment", "/incidents/inc-1?window=9y": "“window” is one of 30m",
	} {
		w := busy("shop")
		answer, err := w.serve(t, reader, request(path))
		p := read(t, answer.Body.String())
		if err != nil || answer.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: status %d, %v", path, answer.Code, err)
		}
		lawful(t, p)
		p.says("422", want)
		u, _ := url.Parse(path)
		p.leads("Show the page without filters", u.Path)
	}
}

func TestProposalsOfAllIncidentsLeadToTheEvidence(t *testing.T) {
	p := busy("shop").get(t, judge, "/proposals")
	row := p.row("shop fails")
	if diff := cmp.Diff([]string{"shop failson version 2 of the finding", "unconfirmed to confirm as the cause: ci/c-1", "“shop”", "shop", "4 May 10:00:00 UTC (1 h ago)"}, row); diff != "" {
		t.Error(diff)
	}
	p.leads("shop fails", "/incidents/inc-1#verdict")
	p.leads("Incident gone", "/incidents/gone#verdict")
	p.leads("ci/c-1", "/changes/c-1?source=ci")
	if row := p.row("Incident gone"); row[1] != "unconfirmed that no recorded change is to blame" {
		t.Errorf("%q", row)
	}
	if forms := p.at("main").all("form"); len(forms) != 0 {
		t.Error("a proposal can be settled away from the evidence")
	}
	(&world{}).get(t, judge, "/proposals").says("Nothing waits.")
}

func TestReportsLeadToEachRendering(t *testing.T) {
	p := busy("shop").get(t, reader, "/reports")
	if row := p.row("2026-W18"); row[0] != "2026-W18 27 Apr to 3 May 2026" || row[1] != "4 May 10:00:00 UTC (1 h ago)" {
		t.Errorf("%q", row)
	}
	p.leads("2026-W18", "/v1/reports/2026-W18?format=html")
	p.leads("PDF of 2026-W18", "/v1/reports/2026-W18?format=pdf")
	p.leads("Markdown of 2026-W18", "/v1/reports/2026-W18?format=markdown")
	p.leads("JSON of 2026-W18", "/v1/reports/2026-W18?format=json")
	p.leads("The running week so far", "/v1/reports/2026-W19?format=html")
	(&world{}).get(t, reader, "/reports").says("No report is stored yet")
}

func TestViolationsSayWhatIsWrongAndHowToMendIt(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/policy?service=a&rule=r&from=2026-05-04T09:00")
	if want := (ViolationQuery{From: onset.Add(-time.Hour), Service: "a", Rule: "r", Limit: listPage}); cmp.Diff(want, w.seenViolations) != "" {
		t.Error(cmp.Diff(want, w.seenViolations))
	}
	p.says("Policy shop, 2 rules", "On this page 1 change that a gate would have denied, 1 that it would have warned of.", "Filter: rule r, on a, since 2026-05-04T09:00")
	if diff := cmp.Diff([]string{"shopdeploy, AI-assisted", "deny no approvalNobody shopTo mend it: Let shopRule: shop", "4 May 10:00:00 UTC (1 h ago)", "1", "shop", "shop"}, p.row("shopdeploy")); diff != "" {
		t.Error(diff)
	}
	if row := p.row("ci/c-1"); row[0] != "ci/c-1deploy, origin unknown" || row[1] != "warn no approvalNobody shopRule: shop" || row[5] != "none" {
		t.Errorf("%q", row)
	}
	if fields := p.fields(); fields["rule"] != "r" || fields["service"] != "a" {
		t.Errorf("the form forgets: %v", fields)
	}
	w.violations = nil
	w.get(t, reader, "/policy").says("None among the changes looked at so far; older ones may have some.")
	w.next = ""
	w.get(t, reader, "/policy").says("No violations: every change kept the rules.")
	w.get(t, reader, "/policy?rule=r").says("No violation matches the filter.")
}

func TestTheTopologyIsFilteredCountedAndPaged(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/topology")
	p.says("3 services", "1 call between them", "seen 4 May 10:00:00 UTC")
	if row := p.row("shop"); !slices.Equal(row, []string{"shop", "1", "shop", "1", "0"}) {
		t.Errorf("%q", row)
	}
	if row := p.row("b"); !slices.Equal(row, []string{"b", "unknown", "shop", "0", "1"}) {
		t.Errorf("%q", row)
	}
	tiers := p.part("By tier")
	if row := tiers.row("unknown"); row[1] != "2" {
		t.Errorf("%q", row)
	}
	tiers.leads("1", "/topology?tier=1")
	teams := p.part("By team")
	teams.leads("shop", "/topology?team=shop")
	if row := teams.row("not stated"); row[1] != "1" || teams.links()["not stated"] != "" {
		t.Errorf("%q", row)
	}
	for path, want := range map[string]string{"/topology?q=SHO": "shop", "/topology?team=shop&tier=unknown": "b", "/topology?tier=1": "shop"} {
		if rows := w.get(t, reader, path).part("1 service").rows(); len(rows) != 1 || rows[0][0] != want {
			t.Errorf("%s: %q", path, rows)
		}
	}
	w.get(t, reader, "/topology?q=none").says("No service matches.")
	w.topology = correlate.Topology{}
	w.get(t, reader, "/topology").says("No topology yet. Send one to Kafka or to POST /v1/topology.")
	for i := range 150 {
		w.topology.Services = append(w.topology.Services, correlate.Service{Name: fmt.Sprintf("s%03d", i), Team: fmt.Sprintf("team %d", i%20)})
	}
	first := w.get(t, reader, "/topology?q=s")
	first.leads("Next page", "/topology?cursor=s099&q=s")
	first.part("By team").says("and 8 more teams")
	second := w.get(t, reader, first.links()["Next page"]).part("150 services")
	if rows := second.rows(); len(rows) != 50 || rows[0][0] != "s100" {
		t.Errorf("%d rows, from %q", len(rows), rows[0])
	}
}
