package api

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// everyPage are all pages by the name of their picture. Where only the big day
// has what a page is about, it is left out elsewhere.
func everyPage(big bool) []struct{ name, path string } {
	pages := []struct{ name, path string }{
		{"incidents", "/"},
		{"changes", "/changes"},
		{"topology", "/topology"},
		{"proposals", "/proposals"},
		{"policy", "/policy"},
		{"figures", "/figures"},
		{"reports", "/reports"},
		{"admin", "/admin?source=github&attribute=repository&value=orchard%2Fmonolith"},
		{"sign-in", "/sign-in"},
		{"incidents-filtered", "/?status=resolved&severity=info&q=nothing"},
	}
	if big {
		pages = append(pages, []struct{ name, path string }{
			{"incident", "/incidents/inc-7f3a"},
			{"incident-old-version", "/incidents/inc-7f3a?version=3&window=2h"},
			{"change", "/changes/payments-812?source=argo-cd"},
			{"service", "/services/payments"},
			{"topology-filtered", "/topology?team=payments"},
		}...)
	}
	return pages
}

// worlds are what the pages are looked at with: much, little, and nothing.
func worlds(t *testing.T) map[string]func(*Config, *Deps) {
	t.Helper()
	empty := withLetters(t, &letterBox{})
	return map[string]func(*Config, *Deps){
		"big": withBigDay(t),
		"empty": func(c *Config, d *Deps) {
			empty(c, d)
			d.Sources, d.Letters, d.Figures = nil, &emptyLetters{}, emptyFigures{}
			d.Reports.(*fakeReports).none = true
			d.Store.(*fakeStore).set(func(f *fakeStore) {
				f.incidents, f.changes, f.topology = nil, nil, correlate.Topology{}
				f.alerts, f.findings = map[string][]correlate.Alert{}, map[string][]correlate.Finding{}
			})
		},
	}
}

// everyPageIsAccessibleQuietAndFits looks at every page with much on it and with
// nothing, on a desk and on a telephone, by day and by night, and keeps a picture
// of each.
func everyPageIsAccessibleQuietAndFits(t *testing.T, browser *webtest.Browser) {
	for world, tune := range worlds(t) {
		h := newHarness(t, tune)
		address := h.serve(t)
		for name, screen := range map[string]webtest.Screen{"desktop": webtest.Desktop, "phone": webtest.Phone} {
			t.Run(world+"-"+name, func(t *testing.T) {
				tab := browser.Tab(t, address, screen)
				h.signInBy(tab, RoleAdmin)
				for _, p := range everyPage(world == "big") {
					lookAround(t, tab, p.path, world+"-"+p.name+"-"+name)
				}
				tab.Quiet()
				tab.Expect("404")
				lookAround(t, tab, "/nothing-here", world+"-not-found-"+name)
				tab.Quiet()
			})
		}
	}
}

// lookAround opens a page and looks at it by day and by night, as it comes and
// unfolded.
func lookAround(t *testing.T, tab *webtest.Tab, path, name string) {
	t.Helper()
	tab.Open(path)
	tab.Shot(name)
	tab.Dark(true)
	tab.Shot(name + "-dark")
	tab.Eval(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
	tab.Legible()
	tab.Dark(false)
	tab.Accessible()
	tab.NoSideways()
	if t.Failed() {
		t.Fatalf("on %s", path)
	}
}

func pagesFitTheNarrowestScreen(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, withBigDay(t))
	tab := browser.Tab(t, h.serve(t), webtest.Screen{Width: 320, Height: 600})
	h.signInBy(tab, RoleAdmin)
	for _, p := range everyPage(true) {
		tab.Open(p.path)
		tab.NoSideways()
		if t.Failed() {
			t.Fatalf("on %s", p.path)
		}
	}
	tab.Quiet()
}

// onTelephones signs in on a big day at the widths of telephones.
func onTelephones(t *testing.T, browser *webtest.Browser, look func(tab *webtest.Tab, width int)) {
	h := newHarness(t, withBigDay(t))
	address := h.serve(t)
	for _, width := range []int{360, 390} {
		tab := browser.Tab(t, address, webtest.Screen{Width: width, Height: 800})
		h.signInBy(tab, RoleAdmin)
		look(tab, width)
	}
}

// drawingsNeedNoSidewaysScroll measures every picture on the widths of telephones:
// none may be wider than what frames it, and what stands in for lines must be in
// sight.
func drawingsNeedNoSidewaysScroll(t *testing.T, browser *webtest.Browser) {
	onTelephones(t, browser, func(tab *webtest.Tab, width int) {
		for _, p := range everyPage(true) {
			tab.Open(p.path)
			var wide []string
			tab.Eval(`[...document.querySelectorAll("main .scroll")].filter(e => !e.querySelector("table") && e.scrollWidth > e.clientWidth + 1).map(e => e.getAttribute("aria-label") + " " + e.scrollWidth + " of " + e.clientWidth)`, &wide)
			if len(wide) > 0 {
				t.Errorf("%s at %d pixels scrolls sideways: %v", p.path, width, wide)
			}
		}
		tab.Open("/topology")
		var smallest float64
		tab.Eval(`Math.min(...[...document.querySelectorAll(".steps .step")].map(e => parseFloat(getComputedStyle(e).fontSize)))`, &smallest)
		if text := tab.Text(".steps"); smallest < 12 || !strings.Contains(text, "calls ") || !strings.Contains(text, "joined to ") || !strings.Contains(text, "payments") {
			t.Errorf("at %d pixels letters are %v high, and the steps say: %.300s", width, smallest, text)
		}
		tab.Quiet()
	})
}

// illustrations are the pictures that the documentation shows: what fits one
// screen of the big day.
var illustrations = []struct{ name, path, at string }{
	{"incidents", "/", ""},
	{"incident", "/incidents/inc-7f3a", ""},
	{"timeline", "/incidents/inc-7f3a", "timeline"},
	{"radius", "/incidents/inc-7f3a", "radius"},
	{"changes", "/changes", ""},
	{"change", "/changes/payments-812?source=argo-cd", ""},
	{"service", "/services/payments", ""},
	{"topology", "/topology", "h-map"},
	{"proposals", "/proposals", ""},
	{"policy", "/policy", ""},
	{"figures", "/figures", ""},
	{"strata", "/figures", "h-strata"},
	{"reports", "/reports", ""},
	{"admin", "/admin", ""},
}

func theDocumentationIsIllustrated(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, withBigDay(t), withProvider(&overHere{}))
	address := h.serve(t)
	screens := map[string]webtest.Screen{"": {Width: 1280, Height: 860}, "-phone": webtest.Phone, "-dark": {Width: 1280, Height: 860, Dark: true}}
	for name, screen := range screens {
		if name != "-dark" {
			tab := browser.Tab(t, address, screen)
			tab.Open("/sign-in")
			tab.Illustrate("sign-in" + name)
		}
	}
	for name, screen := range screens {
		tab := browser.Tab(t, address, screen)
		h.signInBy(tab, RoleAdmin)
		for _, x := range illustrations {
			if name == "-dark" && x.name != "incident" && x.name != "change" {
				continue
			}
			tab.Open(x.path)
			if x.at != "" {
				tab.Wait("#" + x.at)
				tab.Eval(fmt.Sprintf(`document.getElementById(%q).scrollIntoView({block: "start", behavior: "instant"})`, x.at), nil)
			}
			tab.Illustrate(x.name + name)
		}
		tab.Quiet()
	}
}

// hostileTextDoesNothing puts what a browser would run, and what
// would push a page off its screen, into every text that comes from outside, and
// opens every page that shows any.
func hostileTextDoesNothing(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, withBigDay(t))
	nasty := `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">` + "\u202egpj.exe\u2066" + strings.Repeat("W", 100<<10)
	h.store.set(func(f *fakeStore) { hostile(f, nasty) })
	tab := browser.Tab(t, h.serve(t), webtest.Phone)
	h.signInBy(tab, RoleAdmin)
	paths := []string{"/services/" + url.PathEscape("checkout"), "/?q=" + url.QueryEscape(nasty[:150]), "/admin?value=" + url.QueryEscape(nasty[:150]), "/topology?q=" + url.QueryEscape(nasty[:100])}
	for _, p := range everyPage(true) {
		paths = append(paths, p.path)
	}
	for _, path := range paths {
		tab.Open(path)
		var title string
		var pictures int
		tab.Eval(`document.title`, &title)
		tab.Eval(`document.querySelectorAll("img, script:not([src])").length`, &pictures)
		if strings.HasPrefix(title, "owned") || pictures > 0 {
			t.Errorf("%s: something ran, or %d elements were made", path, pictures)
		}
		var reversed bool
		if tab.Eval(`document.body.innerText.includes("\u202e") || document.body.innerText.includes("\u2066")`, &reversed); reversed {
			t.Errorf("%s turns the reading order", path)
		}
		var size int
		if tab.Eval(`document.documentElement.outerHTML.length`, &size); size > 600<<10 {
			t.Errorf("%s has %d characters: long texts are not cut", path, size)
		}
		tab.NoSideways()
	}
	tab.Quiet()
}

// hostile puts a text wherever people and machines outside may put one.
func hostile(f *fakeStore, nasty string) {
	c := &f.changes[0]
	c.Title, c.Version, c.Labels = nasty, nasty, map[string]string{nasty: nasty}
	c.Links = &correlate.ChangeLinks{Diff: `javascript:document.title="owned"`, Run: "https://ci.example/" + nasty}
	c.Commits[0].Message, c.Commits[0].Files, c.Commits[0].Author = nasty, []string{nasty}, &correlate.Person{Login: nasty}
	c.PullRequests[0].Title, c.PullRequests[0].HeadBranch, c.PullRequests[0].URL = nasty, nasty, "javascript:1"
	c.Approvals[0].By, c.Approvals[0].Level, c.Actor = nasty, nasty, &correlate.Actor{ID: nasty}
	c.Rollout[0].Region = nasty
	in := &f.incidents[0]
	f.commands[1].Commander, f.commands[1].SetBy = nasty, nasty
	f.proposals["inc-7f3a"][0].Reason, f.proposals["inc-7f3a"][0].ProposedBy = nasty, nasty
	c.PreviousVersion = nasty
	in.Title, in.Services, in.Declared, in.Regions = nasty, append(in.Services, nasty), []string{nasty}, []string{nasty}
	f.alerts["inc-7f3a"][0].Name, f.alerts["inc-7f3a"][0].Summary, f.alerts["inc-7f3a"][0].Service = nasty, nasty, nasty
	finding := &f.findings["inc-7f3a"][0]
	finding.Missing = []string{nasty}
	finding.Suspects[0].Change = *c
	finding.Suspects[0].Evidence[0].Text, finding.Suspects[0].Evidence[0].Refs = nasty, []string{"service:" + nasty, "javascript:1"}
	finding.BlastRadius.Nodes[1].Service, finding.BlastRadius.Nodes[1].Team = nasty, nasty
	f.topology.Services[199].Name, f.topology.Services[1].Team = nasty, nasty
	f.windows[0].Reason, f.windows[0].Services, f.windows[0].CreatedBy = nasty, []string{nasty}, nasty
	f.judgements = []correlate.Judgement{{ID: "1", Incident: "inc-7f3a", FindingVersion: 5, Decision: correlate.DecisionReject, Change: &correlate.Key{Source: c.Source, ID: c.ID}, Reason: nasty, DecidedBy: nasty, DecidedAt: exampleTime(10, 2, 0)}}
	p := f.provenances[c.Key()]
	p.Evidence = []correlate.ProvenanceMark{{Marker: nasty, Where: nasty, Excerpt: nasty}}
	p.Tools = []correlate.AITool{{Name: nasty, Model: nasty}}
	f.provenances[c.Key()] = p
}

// twoHundredServicesAreReadable measures both graphs as drawn: no
// letter smaller than 10 pixels, no box on another, no text out of its box.
func twoHundredServicesAreReadable(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, withBigDay(t))
	tab := browser.Tab(t, h.serve(t), webtest.Desktop)
	h.signInBy(tab, RoleAdmin)
	for path, least := range map[string]int{"/incidents/inc-7f3a": 20, "/topology": 20, "/changes/payments-812?source=argo-cd": 5} {
		tab.Open(path)
		var smallest, overlaps, spilled, boxes float64
		tab.Eval(`document.querySelectorAll("svg.graph .node").length`, &boxes)
		tab.Eval(`Math.min(...[...document.querySelectorAll("svg.graph .node text")].map(e => e.getBoundingClientRect().height))`, &smallest)
		tab.Eval(`(() => { const r = [...document.querySelectorAll("svg.graph .node rect")].map(e => e.getBoundingClientRect()); let n = 0;
			r.forEach((a, i) => r.slice(i + 1).forEach(b => { if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) n++; })); return n; })()`, &overlaps)
		tab.Eval(`[...document.querySelectorAll("svg.graph .node")].filter(g => { const box = g.querySelector("rect").getBoundingClientRect(), texts = [...g.querySelectorAll(":scope > text")].map(e => e.getBoundingClientRect());
			return texts.some(x => x.right > box.right + 1) || texts.length > 1 && texts[0].right > texts[1].left; }).length`, &spilled)
		if int(boxes) < least || boxes > 90 || smallest < 10 || overlaps > 0 || spilled > 0 {
			t.Errorf("%s: %v boxes, the smallest text %v pixels high, %v boxes on others, %v texts out of their box", path, boxes, smallest, overlaps, spilled)
		}
		for _, twin := range []string{"table"} {
			if text := tab.Text("main"); !strings.Contains(text, twin) {
				t.Errorf("%s has no table twin", path)
			}
		}
	}
	tab.Quiet()
}

// printsAreWhole prints what people take into a meeting. All text
// must be on paper, folded or not; no navigation, no form; no picture may be
// larger than a sheet, which would cut it.
func printsAreWhole(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, withBigDay(t))
	address := h.serve(t)
	tab := browser.Tab(t, address, webtest.Screen{Width: 1280, Dark: true})
	h.signInBy(tab, RoleAdmin)
	for _, c := range []struct {
		name, path string
		has        []string
	}{
		{"incident", "/incidents/inc-7f3a", []string{
			"Probable cause: payments: retry card declines with backoff", "cfg-sessions", "sessions: shorter cookie life", "Changes of this size to this service seldom fail.", "Not looked at",
			"Version 4", "git.example/payments/compare/a...b", "Similar incidents before", "Blast radius", "payments-gateway",
		}},
		{"change", "/changes/payments-812?source=argo-cd", []string{"card/retry_test.go", "bob", "Predicted blast radius", "Pull request 812"}},
		{"figures", "/figures", []string{"Stratum by stratum", "all others (27 strata)", "Week by week", "2026-W02", "Brier score"}},
		{"policy", "/policy", []string{"payments: retry card declines"}},
		{"reports", "/reports", []string{"2026-W18"}},
	} {
		tab.Open(c.path)
		paper := tab.Print(c.name)
		for _, needed := range c.has {
			if !strings.Contains(strings.ReplaceAll(paper.Text, " ", ""), strings.ReplaceAll(needed, " ", "")) {
				t.Errorf("%s: the print lacks %q", c.name, needed)
			}
		}
		for _, bad := range []string{"Sign out", "Skip to the content", "Confirm cause", "± 30 min", "Show all", "Administration"} {
			if strings.Contains(paper.Text, bad) {
				t.Errorf("%s: the print has %q, which is of use on a screen alone", c.name, bad)
			}
		}
		if paper.Pages < 1 || paper.Pages > 40 {
			t.Errorf("%s takes %d sheets", c.name, paper.Pages)
		}
	}
	tab.Quiet()
	paper := browser.Tab(t, address, webtest.Screen{Width: 703, Height: 1032, Print: true})
	for _, path := range []string{"/incidents/inc-7f3a", "/figures", "/topology"} {
		paper.Open(path)
		var cut []string
		paper.Eval(`[...document.querySelectorAll("main svg")].filter(e => e.checkVisibility()).map(e => [e.getBoundingClientRect(), e.getAttribute("aria-label")]).filter(([r]) => r.width > 704 || r.height > 1030 || r.height < 20).map(([r, name]) => name + " " + Math.round(r.width) + "x" + Math.round(r.height))`, &cut)
		if len(cut) > 0 {
			t.Errorf("%s: pictures that a sheet cuts: %v", path, cut)
		}
	}
}

// emptyLetters and emptyFigures are what there is before anything came.
type emptyLetters struct{ letterBox }

func (emptyLetters) DeadLetters(context.Context, int) ([]query.DeadLetter, error) { return nil, nil }

// emptyFigures have seen no change.
type emptyFigures struct{}

func (emptyFigures) AIImpact(context.Context, time.Time, time.Time) (figures.Impact, error) {
	none := figures.Comparison{Exposed: "AI-assisted changes", Unexposed: "human changes", Verdict: figures.Insufficient, Words: "Not enough data to compare."}
	return figures.Impact{From: exampleFrom(), To: exampleTo(), ObservationHours: 24, Level: 0.95, Groups: []figures.ChangeGroup{{Group: "AI-assisted changes"}, {Group: "human changes"}}, Headline: none}, nil
}

func (emptyFigures) Accuracy(context.Context, time.Time, time.Time) (figures.Accuracy, error) {
	return figures.Accuracy{From: exampleFrom(), To: exampleTo(), Words: "Nobody has judged anything yet."}, nil
}

func (emptyFigures) Policy(context.Context, time.Time, time.Time) (figures.PolicyEffect, error) {
	return figures.PolicyEffect{From: exampleFrom(), To: exampleTo(), Effect: figures.Comparison{Words: "Not enough data to compare."}}, nil
}
