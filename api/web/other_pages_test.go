package web

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

func TestTheChangePageSaysAllThatItsSenderSaid(t *testing.T) {
	p := busy("shop").get(t, reader, "/changes/c-1?source=ci")
	p.says("Began 4 May 09:59:00 UTC", "took 1 min, 2 rollout steps, succeeded", "on shop, b, c, d, e, f", "version 2 shop after 1 shop", "ci/c-1", "made by shop (bot user)")
	p.leads("before shop", "/changes/before%20shop?source=ci")
	if rows := p.part("Rollout").rows(); len(rows) != 2 || rows[0][1] != "12.5%" || rows[0][2] != "shop" || rows[1][1] != "named instances" {
		t.Errorf("%q", rows)
	}
	p.part("Commits").says("aaaaaa…aaaaa shop shop +1,200 −3", "1 file")
	approvals := p.part("Approvals")
	approvals.says("shop (shop), 1 min after the start", "bob, time not stated", "shop from shop", "shop (senior) changes requested, 1 min after the start")
	approvals.leads("Pull request 7 ↗", "https://git.example/7")
	if labels := p.part("Labels").text(); strings.Index(labels, "first") > strings.Index(labels, "z shop") {
		t.Errorf("labels are out of order: %s", labels)
	}
	ai := p.part("AI involvement")
	ai.says("AI-assisted (shop m), 97% sure", "co author in shop: shop")
	ai.denies("Hidden")
	policy := p.part("Policy")
	policy.says("deny no approvalNobody shopLet shop", "warn no approval", "The gate said deny to shop, 4 May 10:00:00 UTC", "Because shop")
	p.part("Predicted blast radius").says("3 services can reach a changed one by calls (tier 1: 2, tier 2: 1)")
}

func TestTheChangePageOfABareChangeHasNoEmptyWords(t *testing.T) {
	w := busy("shop")
	w.violations, w.gate, w.suspicions, w.radius, w.rules.Version = nil, nil, nil, correlate.BlastRadius{}, "7"
	p := w.get(t, reader, "/changes/bare")
	p.says("production", "on none named", "None stated.", "Unknown: no marker was found, which proves nothing", "It keeps the rules of version 7.", "The gate was not asked about it.", "No topology knows the changed services.")
	p.part("Incidents in which it is a suspect").says("None.")
	p.denies("version after", "made by", "rolls back", "Rollout", "Commits", "Labels", "sure")
}

// TestTheChangePageSaysWhereItIsASuspect leaves out the incident that went into
// another, which would count the same outage twice.
func TestTheChangePageSaysWhereItIsASuspect(t *testing.T) {
	p := busy("shop").get(t, reader, "/changes/c-1").part("Incidents in which it is a suspect")
	want := [][]string{{"shop fails", "1", "●●● strong 80%", "open", "4 May 10:00:00 UTC (1 h ago)"}, {"older shop", "2", "●○○ weak 10%", "resolved", "2 May 10:00:00 UTC (2 days ago)"}}
	if diff := cmp.Diff(want, p.rows()); diff != "" {
		t.Error(diff)
	}
}

// TestAnOpenVerdictVeilsWhatCouldSwayIt: who made a change tells much of what part
// AI had in it, and the rules ask for that part.
func TestAnOpenVerdictVeilsWhatCouldSwayIt(t *testing.T) {
	w := busy("shop")
	w.blind = true
	w.changes[0].Actor.ID, w.changes[0].Commits[0].Author.Login, w.changes[0].PullRequests[0].Author.Login, w.changes[0].PullRequests[0].HeadBranch = "robot-1", "robot-2", "robot-3", "robot-4"
	p := w.get(t, judge, "/changes/c-1")
	p.part("AI involvement").says("Hidden: a verdict is still open in shop fails. Show it all the same")
	p.part("Policy").says("Hidden: the rules ask what part AI had")
	p.denies("robot-")
	for _, part := range []string{"AI involvement", "Policy"} {
		for _, d := range p.part(part).all("details") {
			if has(d, "open") {
				t.Errorf("%s is hidden and open", part)
			}
		}
	}
	w.blind = false
	w.get(t, judge, "/changes/c-1").says("robot-1", "robot-2", "robot-3 from robot-4")
}

func TestTheServicePageSaysWhatGoesOnAndWhoIsNear(t *testing.T) {
	w := busy("shop")
	p := w.get(t, reader, "/services/shop")
	p.says("tier 1", "team shop", "lifecycle shop")
	if row := p.part("Open incidents").row("shop fails"); row[2] != "open" {
		t.Errorf("%q", row)
	}
	p.part("Last changes").row("shop change 1")
	p.leads("All incidents of this service", "/?service=shop")
	p.leads("All changes of this service", "/changes?service=shop")
	near := p.part("Neighbours")
	near.says("Call this service (1)", "This service calls (1)")
	if row := near.row("b"); !slices.Equal(row, []string{"b", "sync", "12.3 calls/s"}) {
		t.Errorf("%q", row)
	}
	w.service = ServiceRecord{Service: correlate.Service{Name: "a/b"}}
	bare := w.get(t, reader, "/services/a%2Fb")
	bare.says("tier unknown", "None known.")
	bare.denies("team", "lifecycle")
	bare.leads("All changes of this service", "/changes?service=a%2Fb")
	if svg := bare.part("Neighbours").all("svg"); len(svg) != 0 {
		t.Error("a picture of no neighbours")
	}
}

func TestSigningInLeadsBackAndRefusesInWords(t *testing.T) {
	w := &world{}
	form := w.get(t, Visitor{}, "/sign-in?next=%2Fchanges%3Fkind%3Ddeploy").first("form")
	if fields := form.fields(); fields["next"] != "/changes?kind=deploy" {
		t.Errorf("%v", fields)
	}
	for next, want := range map[string]string{"/changes?kind=deploy": "/changes?kind=deploy", "https://evil.example/": "/", "//evil.example": "/", "": "/"} {
		answer, err := w.post(t, Visitor{}, "/sign-in", url.Values{"token": {" flt_good\n"}, "next": {next}})
		if err != nil || answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != want {
			t.Errorf("%q: status %d to %q, %v", next, answer.Code, answer.Header().Get("Location"), err)
		}
	}
	answer, err := w.post(t, Visitor{}, "/sign-in", url.Values{"token": {"flt_bad"}, "next": {"/changes"}})
	p := read(t, answer.Body.String())
	if err != nil || answer.Code != http.StatusUnauthorized || p.first("form").fields()["next"] != "/changes" {
		t.Errorf("status %d, %v", answer.Code, err)
	}
	lawful(t, p)
	p.says("The token is not known.")
	if strings.Contains(answer.Body.String(), "flt_bad") {
		t.Error("the page repeats the token")
	}
	out, err := w.post(t, judge, "/sign-out", url.Values{})
	if err != nil || out.Header().Get("Location") != "/sign-in" || !slices.Contains(w.did, "sign out") {
		t.Errorf("to %q, did %v, %v", out.Header().Get("Location"), w.did, err)
	}
	w.get(t, judge, "/sign-in").says("You are signed in as jo. Signing in again replaces that.")
}

func TestTheMenuHasWhatTheVisitorMayOpen(t *testing.T) {
	w := &world{}
	for _, c := range []struct {
		visitor Visitor
		want    []string
	}{
		{Visitor{}, nil},
		{stranger, []string{"Incidents", "Changes", "Topology", "Policy", "Figures", "Reports"}},
		{admin, []string{"Incidents", "Changes", "Topology", "Policy", "Figures", "Reports", "Administration"}},
	} {
		p := w.get(t, c.visitor, "/sign-in")
		var got []string
		for _, nav := range p.all("nav") {
			for _, a := range (&reading{t, nav}).all("a") {
				got = append(got, spoken(a))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: %s", c.visitor.Role, diff)
		}
		if signIn := p.links()["Sign in"] != ""; signIn != (c.visitor.CanRead && !c.visitor.SignedIn) {
			t.Errorf("%q is offered to sign in: %v", c.visitor.Role, signIn)
		}
		if slices.Contains(p.buttons(), "Sign out") != c.visitor.SignedIn {
			t.Errorf("%q may sign out: %v", c.visitor.Role, p.buttons())
		}
	}
	for path, section := range map[string]string{"/": "Incidents", "/incidents/inc-1": "Incidents", "/proposals": "Incidents", "/changes": "Changes", "/changes/c-1": "Changes", "/services/x": "Topology", "/topology": "Topology", "/policy": "Policy", "/figures": "Figures", "/reports": "Reports", "/admin": "Administration"} {
		var current []string
		for _, a := range busy("shop").get(t, admin, path).part("Pages").all("a") {
			if attr(a, "aria-current") == "page" {
				current = append(current, spoken(a))
			}
		}
		if !slices.Equal(current, []string{section}) {
			t.Errorf("%s is under %v", path, current)
		}
	}
}

// TestPagesFollowWhatConcernsThem: a page that follows nothing grows old, one that
// follows all loads for nothing.
func TestPagesFollowWhatConcernsThem(t *testing.T) {
	for path, want := range map[string]string{"/": "*", "/incidents/inc-1": "inc-1", "/proposals": "*", "/changes": "", "/changes/c-1": "", "/figures": "", "/admin": "", "/sign-in": ""} {
		p := busy("shop").get(t, admin, path)
		if got := attr(p.first("body").node, "data-live"); got != want {
			t.Errorf("%s follows %q, want %q", path, got, want)
		}
		parts := 0
		for _, n := range p.all() {
			if has(n, "data-part") {
				parts++
				if attr(n, "id") == "" {
					t.Errorf("%s: a part without an id is never swapped", path)
				}
			}
		}
		if (parts > 0) != (want != "") {
			t.Errorf("%s follows %q and has %d parts", path, want, parts)
		}
	}
}

// TestHeadersKeepPagesToThemselves on every page, also one that says what is wrong.
func TestHeadersKeepPagesToThemselves(t *testing.T) {
	for _, path := range append(slices.Clone(everyAddress), "/?status=broken") {
		answer, err := busy("shop").serve(t, admin, request(path))
		if err != nil {
			t.Fatal(err)
		}
		h := answer.Header()
		for name, want := range map[string]string{
			"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin", "Cache-Control": "no-store", "Vary": "Accept-Encoding, Cookie", "Content-Security-Policy": securityPolicy,
		} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
	}
	for _, needed := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'", "script-src 'self'"} {
		if !strings.Contains(securityPolicy+";", needed+";") {
			t.Errorf("the policy lacks %s", needed)
		}
	}
	if strings.Contains(securityPolicy, "unsafe") || strings.Contains(securityPolicy, "*") {
		t.Errorf("the policy lets in %s", securityPolicy)
	}
}

func TestCompressionIsForWhoTakesIt(t *testing.T) {
	w := busy("shop")
	for accepted, want := range map[string]string{"gzip": "gzip", "br, gzip;q=0.5": "gzip", "gzip;q=0": "", "gzip; q=0": "", "br": "", "": "", "xgzip": ""} {
		r := request("/")
		r.Header.Set("Accept-Encoding", accepted)
		answer, err := w.serve(t, reader, r)
		if err != nil || answer.Header().Get("Content-Encoding") != want {
			t.Errorf("%q: %q, %v", accepted, answer.Header().Get("Content-Encoding"), err)
		}
		if n := answer.Body.Len(); answer.Header().Get("Content-Length") != ungrouped(n) {
			t.Errorf("%q: %d bytes are said to be %s", accepted, n, answer.Header().Get("Content-Length"))
		}
	}
}

// ungrouped is a number without groups.
func ungrouped(n int) string { return strings.ReplaceAll(group(n), ",", "") }

func TestAPageOfAnotherVersionsAssetsIsToldSo(t *testing.T) {
	w := &world{}
	address := attr((&reading{t, w.get(t, reader, "/").node}).first("link").node, "href")
	answer, err := w.serve(t, Visitor{}, request(address))
	if err != nil || answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/css") || !strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
		t.Errorf("%s: status %d, %v", address, answer.Code, err)
	}
	for _, wrong := range []string{"/assets/000000000000/faultline.css", "/assets/000000000000/none.css"} {
		answer, err := w.serve(t, Visitor{}, request(wrong))
		if err != nil || answer.Code != http.StatusNotFound || strings.Contains(answer.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, kept %q, %v", wrong, answer.Code, answer.Header().Get("Cache-Control"), err)
		}
	}
}

func TestASiteWantsWhatItCannotDoWithout(t *testing.T) {
	whole := busy("shop").deps()
	if _, err := New(whole); err != nil {
		t.Fatal(err)
	}
	for name, take := range map[string]func(*Deps){
		"incidents": func(d *Deps) { d.Incidents = nil }, "findings": func(d *Deps) { d.Findings = nil }, "judges": func(d *Deps) { d.Judges = nil }, "proposals": func(d *Deps) { d.Proposals = nil }, "commanders": func(d *Deps) { d.Commanders = nil },
		"tallies": func(d *Deps) { d.Tallies = nil }, "titles": func(d *Deps) { d.Titles = nil }, "timelines": func(d *Deps) { d.Timelines = nil }, "changes": func(d *Deps) { d.Changes = nil }, "services": func(d *Deps) { d.Services = nil },
		"figures": func(d *Deps) { d.Figures = nil }, "reports": func(d *Deps) { d.Reports = nil }, "door": func(d *Deps) { d.Door = nil },
	} {
		without := whole
		take(&without)
		if _, err := New(without); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("without %s: %v", name, err)
		}
	}
	clockless := whole
	clockless.Now = nil
	site, err := New(clockless)
	if err != nil || time.Since(site.now()).Abs() > time.Minute || site.now().Location() != time.UTC {
		t.Errorf("without a clock: %v", err)
	}
}

// TestWhatCannotBeLookedAtIsLeftOutWithoutItsPort goes through the ports that a site
// may do without.
func TestWhatCannotBeLookedAtIsLeftOutWithoutItsPort(t *testing.T) {
	w := busy("shop")
	deps := w.deps()
	deps.Headlines, deps.Suspicions, deps.Sources, deps.Policy = nil, nil, nil, nil
	site, err := New(deps)
	if err != nil {
		t.Fatal(err)
	}
	open := func(handle func(http.ResponseWriter, *http.Request) error, id string) (*reading, int) {
		answer, r := httptest.NewRecorder(), request("/")
		r.SetPathValue("id", id)
		if err := handle(answer, r.WithContext(WithVisitor(t.Context(), reader))); err != nil {
			t.Fatal(err)
		}
		p := read(t, answer.Body.String())
		lawful(t, p)
		return p, answer.Code
	}
	list, _ := open(site.incidentList, "")
	list.says("How fresh the events are is not known here.")
	if row := list.row("shop fails"); strings.Contains(row[0], "80%") {
		t.Errorf("%q", row)
	}
	change, _ := open(site.changePage, "c-1")
	change.part("Incidents in which it is a suspect").says("None.")
	change.denies("It keeps the rules", "The gate")
	if policy, code := open(site.policyPage, ""); code != http.StatusNotFound || !strings.Contains(policy.text(), "There is no policy") {
		t.Errorf("status %d: %s", code, policy.text())
	}
}

func TestAProblemSaysHowToGoOn(t *testing.T) {
	site := bareSite(t, Deps{})
	answer := httptest.NewRecorder()
	err := site.Problem(answer, request("/x"), &Problem{Status: http.StatusConflict, Title: "Two know it", Detail: "é sources " + nasty, Instance: "r-1", Choices: []Choice{{Name: "ci " + nasty, Path: "/changes/x?source=ci"}}})
	if err != nil || answer.Code != http.StatusConflict {
		t.Fatalf("status %d, %v", answer.Code, err)
	}
	p := read(t, answer.Body.String())
	lawful(t, p)
	p.says("409", "Two know it", "É sources", "Request r-1")
	p.leads("Go to the incidents", "/")
	if links := p.first("ul").links(); len(links) != 1 {
		t.Errorf("%v", links)
	}
	asked := httptest.NewRecorder()
	site.AskToSignIn(asked, request("/changes?kind=deploy"))
	if asked.Code != http.StatusSeeOther || asked.Header().Get("Location") != "/sign-in?next=%2Fchanges%3Fkind%3Ddeploy" {
		t.Errorf("%d to %q", asked.Code, asked.Header().Get("Location"))
	}
}
