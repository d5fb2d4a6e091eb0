package api

import (
	"compress/gzip"
	"errors"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/correlate"
)

// readablePages are the addresses of the pages of the examples.
var readablePages = []string{
	"/", "/?status=open&severity=critical", "/incidents/inc-7f3a", "/incidents/inc-7f3a?version=3&window=2h", "/changes", "/changes?kind=deploy&class=ai_assisted",
	"/changes/checkout-1842?source=argo-cd", "/services/checkout", "/topology", "/topology?tier=1&q=check", "/proposals", "/figures", "/reports", "/figures?from=2026-01-05T00:00&to=2026-05-04T00:00",
}

func TestPagesLetInWhomTheyShould(t *testing.T) {
	for _, public := range []bool{false, true} {
		h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = public })
		for _, route := range h.site.Routes() {
			path := strings.NewReplacer("{id}", "inc-7f3a", "{proposal}", "p-1", "{name}", "checkout", "{digest}", "0").Replace(route.Path)
			resp := h.visit(t, path, nil)
			if route.Method == http.MethodPost {
				resp = h.submit(path, nil, url.Values{})
			}
			turned := resp.StatusCode == http.StatusSeeOther && strings.HasPrefix(resp.Header.Get("Location"), "/sign-in") || resp.StatusCode == http.StatusUnauthorized
			free := route.Need == web.NeedNothing || route.Need == web.NeedReader && public
			if turned == free && path != "/sign-in" && path != "/sign-out" {
				t.Errorf("public %v, %s %s: status %d to %q", public, route.Method, path, resp.StatusCode, resp.Header.Get("Location"))
			}
		}
	}
}

var (
	elementID  = regexp.MustCompile(` id="([^"]+)"`)
	labelledBy = regexp.MustCompile(` aria-labelledby="([^"]+)"`)
)

func TestEveryPageIsWholeAndStrict(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleJudge)
	for _, path := range readablePages {
		resp := h.visit(t, path, session)
		text := readAll(t, resp)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != "text/html; charset=utf-8" {
			t.Errorf("%s: status %d, type %s: %.200s", path, resp.StatusCode, resp.Header.Get("Content-Type"), text)
			continue
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || strings.Contains(policy, "http") {
			t.Errorf("%s: policy %q", path, policy)
		}
		for _, forbidden := range []string{" style=", "<style", " onclick=", "javascript:", "ZgotmplZ", "<no value>", "%!"} {
			if strings.Contains(text, forbidden) {
				t.Errorf("%s holds %q", path, forbidden)
			}
		}
		seen := map[string]bool{}
		for _, id := range elementID.FindAllStringSubmatch(text, -1) {
			if seen[id[1]] {
				t.Errorf("%s has the id %q twice", path, id[1])
			}
			seen[id[1]] = true
		}
		for _, part := range labelledBy.FindAllStringSubmatch(text, -1) {
			if !seen[part[1]] {
				t.Errorf("%s names a part by %q, which is not there", path, part[1])
			}
		}
		for _, needed := range []string{`<html lang="en">`, `class="skip"`, "<main", "</html>", "UTC"} {
			if !strings.Contains(text, needed) {
				t.Errorf("%s lacks %q", path, needed)
			}
		}
	}
}

func TestTheIncidentPageAnswersTheQuestion(t *testing.T) {
	h := newHarness(t)
	text := readAll(t, h.visit(t, "/incidents/inc-7f3a", h.enter(t, RoleReader)))
	for _, needed := range []string{
		"Probable cause: ", "Deploy checkout 4.12.0", "8 min before the first alert", "Reached 100% 90 seconds before the first alert.",
		"Speaks against it", "mobile-gateway calls checkout too and is quiet.", "https://git.example/shop/checkout/compare/v4.11.3...v4.12.0",
		"https://ci.example/runs/1842", "https://cd.example/checkout/rollback/4.11.3", "No metrics source is configured", "Version 3", "<svg", "−0.3", "&#43;2.1", "84%",
	} {
		if !strings.Contains(text, needed) {
			t.Errorf("the page lacks %q", needed)
		}
	}
}

func TestAnIncidentWithoutAFindingHasAPage(t *testing.T) {
	h := newHarness(t)
	h.store.set(func(f *fakeStore) { f.findings = nil })
	resp := h.visit(t, "/incidents/inc-7f3a", h.enter(t, RoleReader))
	if text := readAll(t, resp); resp.StatusCode != http.StatusOK || !strings.Contains(text, "No finding yet") {
		t.Errorf("status %d: %.300s", resp.StatusCode, text)
	}
}

func TestProblemsOfPagesArePages(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	for path, want := range map[string]int{
		"/incidents/none": 404, "/changes/none": 404, "/services/none": 404, "/nothing-here": 404, "/incidents/inc-7f3a?version=x": 422,
		"/incidents/inc-7f3a?version=99": 404, "/incidents/inc-7f3a?window=9y": 422, "/?status=broken": 422, "/?from=yesterday": 422,
		"/?from=2026-05-04T10:00&to=2026-05-04T09:00": 422, "/?cursor=wrong": 422, "/changes?kind=x": 422, "/assets/0000/faultline.css": 404,
	} {
		resp := h.visit(t, path, session)
		text := readAll(t, resp)
		if resp.StatusCode != want || !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/html") || !strings.Contains(text, "<h1>") {
			t.Errorf("%s: status %d, type %s, want %d: %.100s", path, resp.StatusCode, resp.Header.Get("Content-Type"), want, text)
		}
	}
	h.store.set(func(f *fakeStore) { f.fail = errors.New("secret of the store") })
	resp := h.visit(t, "/incidents/inc-7f3a", session)
	if text := readAll(t, resp); resp.StatusCode != http.StatusInternalServerError || strings.Contains(text, "secret") || !strings.Contains(text, resp.Header.Get("X-Request-Id")) {
		t.Errorf("status %d: %.300s", resp.StatusCode, text)
	}
}

func TestAnAmbiguousChangeOffersItsSources(t *testing.T) {
	h := newHarness(t)
	h.store.set(func(f *fakeStore) {
		twin := exampleChange()
		twin.Source = "spinnaker"
		f.changes = append(f.changes, twin)
	})
	resp := h.visit(t, "/changes/checkout-1842", h.enter(t, RoleReader))
	if text := readAll(t, resp); resp.StatusCode != http.StatusConflict || !strings.Contains(text, `href="/changes/checkout-1842?source=spinnaker"`) {
		t.Errorf("status %d: %.400s", resp.StatusCode, text)
	}
}

func TestMachinesGetProblemsAsJSONBesideThePages(t *testing.T) {
	h := newHarness(t)
	wantProblem(t, h.do(t, ask{path: "/nothing", header: map[string]string{"Accept": "*/*"}}), routeNotFound)
	wantProblem(t, h.do(t, ask{path: "/v1/incidents", header: map[string]string{"Accept": "text/html"}}), unauthorized)
}

func TestAssetsAreKeptForGoodAndPagesAreNot(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	page := h.visit(t, "/", session)
	text := readAll(t, page)
	if got := page.Header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("page: Cache-Control %q", got)
	}
	for _, name := range []string{"faultline.css", "live.js", "icon.svg"} {
		at := strings.Index(text, "/assets/")
		for at >= 0 && !strings.HasPrefix(text[at+len("/assets/000000000000/"):], name) {
			next := strings.Index(text[at+1:], "/assets/")
			if next < 0 {
				t.Fatalf("the page has no %s", name)
			}
			at += 1 + next
		}
		resp := h.visit(t, text[at:at+len("/assets/000000000000/")+len(name)], nil)
		if resp.StatusCode != http.StatusOK || !strings.Contains(resp.Header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: status %d, Cache-Control %q", name, resp.StatusCode, resp.Header.Get("Cache-Control"))
		}
	}
}

func TestPagesAreCompressedForWhoAsks(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	plain := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	r := httptest.NewRequest(http.MethodGet, "/incidents/inc-7f3a", http.NoBody)
	r.Header.Set("Accept-Encoding", "br, gzip;q=0.5")
	r.AddCookie(session)
	resp := h.answerTo(r)
	if resp.Header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("encoding %q", resp.Header.Get("Content-Encoding"))
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	unpacked, err := io.ReadAll(z)
	if err != nil || len(unpacked) < len(plain)-200 {
		t.Errorf("%d bytes unpacked of %d, %v", len(unpacked), len(plain), err)
	}
	r = httptest.NewRequest(http.MethodGet, "/incidents/inc-7f3a", http.NoBody)
	r.Header.Set("Accept-Encoding", "gzip;q=0")
	r.AddCookie(session)
	if resp := h.answerTo(r); resp.Header.Get("Content-Encoding") != "" {
		t.Error("compressed for a client that takes none")
	}
}

// TestHostileTextIsShownHarmlessly puts what attackers put into every text that
// a sender controls.
func TestHostileTextIsShownHarmlessly(t *testing.T) {
	const nasty = "</title><script>alert(1)</script><img src=x onerror=alert(2)>\u202egpj.exe\u2066\x00\x1b[31m{{.}}\"'`"
	long := nasty + strings.Repeat("A", 100<<10)
	h := newHarness(t)
	h.store.set(func(f *fakeStore) {
		c := &f.changes[0]
		c.Title, c.Version, c.Labels = long, nasty, map[string]string{nasty: nasty}
		c.Services, c.Actor = []string{nasty, "checkout"}, &correlate.Actor{ID: nasty, Type: nasty}
		c.Commits = []correlate.Commit{{SHA: nasty, Message: long, Files: []string{nasty}, Author: &correlate.Person{Name: nasty}}}
		c.PullRequests = []correlate.PullRequest{{URL: "javascript:alert(3)", Title: long, HeadBranch: nasty, Reviews: []correlate.Review{{Reviewer: nasty, Level: nasty}}}}
		c.Approvals = []correlate.Approval{{By: nasty, Level: nasty}}
		c.Links = &correlate.ChangeLinks{Diff: "javascript:alert(4)", Run: "data:text/html,<script>alert(5)</script>", Rollback: "https://ok.example/\"><script>"}
		in := &f.incidents[0]
		in.Title, in.Services, in.Regions, in.Declared = long, []string{nasty}, []string{nasty}, []string{nasty}
		finding := &f.findings["inc-7f3a"][0]
		finding.Missing = []string{long}
		finding.Suspects[0].Change = *c
		finding.Suspects[0].Evidence = []correlate.Evidence{{Kind: nasty, Text: long, LogOdds: 1, Refs: []string{"service:" + nasty, "javascript:alert(6)"}}}
		finding.BlastRadius.Nodes[0].Service, finding.BlastRadius.Nodes[0].Team = nasty, nasty
		f.alerts["inc-7f3a"][0].Summary = long
		p := f.provenances[c.Key()]
		p.Evidence = []correlate.ProvenanceMark{{Marker: nasty, Where: nasty, Excerpt: long}}
		p.Tools = []correlate.AITool{{Name: nasty, Model: nasty}}
		f.provenances[c.Key()] = p
		f.topology.Services[0].Name, f.topology.Services[0].Team = nasty, nasty
	})
	session := h.enter(t, RoleJudge)
	for _, path := range append(readablePages, "/services/"+url.PathEscape("storefront"), "/?q="+url.QueryEscape("\"><script>alert(7)</script>")) {
		resp := h.visit(t, path, session)
		text := readAll(t, resp)
		if resp.StatusCode != http.StatusOK && !strings.HasPrefix(path, "/services/checkout") {
			t.Errorf("%s: status %d", path, resp.StatusCode)
		}
		lower := strings.ToLower(text)
		if n := strings.Count(lower, "<script"); n != 1 {
			t.Errorf("%s has %d scripts", path, n)
		}
		for _, bad := range []string{"<img", "href=\"javascript", "href=\"data:", "\u202e", "\u2066", "\x00", "\x1b"} {
			if strings.Contains(lower, bad) {
				t.Errorf("%s holds %q", path, bad)
			}
		}
		if len(text) > 200<<10 {
			t.Errorf("%s has %d bytes", path, len(text))
		}
	}
}

// hiddenTag is what the form of a verdict was made on.
var hiddenTag = regexp.MustCompile(`/verdict"[^>]*>\s*<input[^>]*><input type="hidden" name="tag" value="([^"]+)"`)

// verdictForm is the form of a judge who looks at the incident now.
func (h *harness) verdictForm(t *testing.T, session *http.Cookie, decision string) url.Values {
	t.Helper()
	page := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	tag, proof := hiddenTag.FindStringSubmatch(page), hiddenToken.FindStringSubmatch(page)
	if tag == nil || proof == nil {
		t.Fatalf("the page of a judge has no form: %s", page)
	}
	return url.Values{
		"csrf": {proof[1]}, "tag": {html.UnescapeString(tag[1])}, "decision": {decision}, "reason": {"Rolling back ended it."},
		"source": {"argo-cd"}, "change": {"checkout-1842"},
	}
}

func TestAVerdictFromThePageIsKeptAndLiftsTheVeil(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleJudge)
	before := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	if !strings.Contains(before, "Hidden until a verdict is saved") || strings.Contains(before, "AI-assisted") || !strings.Contains(before, "Not decided yet") {
		t.Errorf("before the verdict: %s", before)
	}
	resp := h.submit("/incidents/inc-7f3a/verdict", session, h.verdictForm(t, session, "confirm"))
	if resp.StatusCode != http.StatusSeeOther || resp.Header.Get("Location") != "/incidents/inc-7f3a#verdict" {
		t.Fatalf("status %d: %s", resp.StatusCode, readAll(t, resp))
	}
	if len(h.store.judgements) != 1 || h.store.judgements[0].DecidedBy != "test-judge" || h.store.judgements[0].FindingVersion != 3 {
		t.Errorf("kept: %+v", h.store.judgements)
	}
	after := readAll(t, h.visit(t, "/incidents/inc-7f3a", session))
	for _, needed := range []string{"Cause confirmed", "Rolling back ended it.", "test-judge", "AI-assisted", "said-yes"} {
		if !strings.Contains(after, needed) {
			t.Errorf("after the verdict the page lacks %q", needed)
		}
	}
	if list := readAll(t, h.visit(t, "/", session)); !strings.Contains(list, "Cause confirmed") {
		t.Error("the list does not say that it is decided")
	}
}

func TestVerdictsFromThePageAreCheckedLikeAllOthers(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleJudge)
	for name, c := range map[string]struct {
		change func(url.Values)
		want   int
	}{
		"no reason":      {func(f url.Values) { f.Set("reason", "  ") }, 422},
		"no decision":    {func(f url.Values) { f.Del("decision") }, 422},
		"no such change": {func(f url.Values) { f.Set("change", "other") }, 404},
		"something old":  {func(f url.Values) { f.Set("tag", `"inc-7f3a-2-hidden-0"`) }, 412},
		"no tag":         {func(f url.Values) { f.Del("tag") }, 428},
		"no proof":       {func(f url.Values) { f.Del("csrf") }, 403},
	} {
		form := h.verdictForm(t, session, "reject")
		c.change(form)
		resp := h.submit("/incidents/inc-7f3a/verdict", session, form)
		if text := readAll(t, resp); resp.StatusCode != c.want || !strings.Contains(text, `href="/incidents/inc-7f3a"`) && c.want != 403 && c.want != 422 {
			t.Errorf("%s: status %d, want %d: %.300s", name, resp.StatusCode, c.want, text)
		}
	}
	if len(h.store.judgements) != 0 {
		t.Errorf("kept all the same: %+v", h.store.judgements)
	}
}

func TestOnlyJudgesSeeTheForms(t *testing.T) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	if page := readAll(t, h.visit(t, "/incidents/inc-7f3a", nil)); strings.Contains(page, "/verdict\"") || !strings.Contains(page, "Sign in to decide") {
		t.Error("a stranger sees a form, or no way to one")
	}
	reader := h.enter(t, RoleReader)
	if page := readAll(t, h.visit(t, "/incidents/inc-7f3a", reader)); strings.Contains(page, "/verdict\"") || strings.Contains(page, "Sign in to decide") {
		t.Error("a reader sees a form")
	}
	judge := h.enter(t, RoleJudge)
	resp := h.submit("/incidents/inc-7f3a/verdict", reader, h.verdictForm(t, judge, "confirm"))
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a reader's verdict: status %d", resp.StatusCode)
	}
	h.store.set(func(f *fakeStore) {
		older := f.findings["inc-7f3a"][0]
		older.Version = 2
		f.findings["inc-7f3a"] = append(f.findings["inc-7f3a"], older)
	})
	if page := readAll(t, h.visit(t, "/incidents/inc-7f3a?version=2", judge)); strings.Contains(page, "/verdict\"") || !strings.Contains(page, "not the newest") {
		t.Error("an old version can be judged")
	}
}

func TestThePageOfReportsLeadsToReportsThatASessionMayRead(t *testing.T) {
	h := newHarness(t)
	session := h.enter(t, RoleReader)
	text := readAll(t, h.visit(t, "/reports", session))
	for format, media := range map[string]string{"html": "text/html", "pdf": "application/pdf", "markdown": "text/markdown", "json": "application/json"} {
		found := regexp.MustCompile(`href="(/v1/reports/2026-W18\?format=` + format + `)"`).FindStringSubmatch(text)
		if found == nil {
			t.Fatalf("the page leads to no report as %s: %s", format, text)
		}
		if resp := h.visit(t, found[1], session); resp.StatusCode != http.StatusOK || !strings.HasPrefix(resp.Header.Get("Content-Type"), media) {
			t.Errorf("%s: status %d, type %s", found[1], resp.StatusCode, resp.Header.Get("Content-Type"))
		}
	}
}
