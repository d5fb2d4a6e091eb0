package api

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// TestInABrowser opens the pages in a real Chromium. One process serves all parts,
// each of which is a visitor of its own.
func TestInABrowser(t *testing.T) {
	browser := webtest.Open(t)
	for _, part := range []struct {
		name string
		run  func(t *testing.T, browser *webtest.Browser)
	}{
		{"AJudgeDecidesBlindAndByKeyboard", aJudgeDecidesBlindAndByKeyboard},
		{"TheIncidentPageFollowsTheStream", theIncidentPageFollowsTheStream},
		{"TheListFollowsTheStream", theListFollowsTheStream},
		{"APageComesBackThroughAProxy", aPageComesBackThroughAProxy},
		{"PagesReadWithoutScript", pagesReadWithoutScript},
		{"EveryPageIsAccessibleQuietAndFits", everyPageIsAccessibleQuietAndFits},
		{"PagesFitTheNarrowestScreen", pagesFitTheNarrowestScreen},
		{"DrawingsNeedNoSidewaysScroll", drawingsNeedNoSidewaysScroll},
		{"ShortWordsStayWhole", shortWordsStayWhole},
		{"TheDocumentationIsIllustrated", theDocumentationIsIllustrated},
		{"HostileTextDoesNothing", hostileTextDoesNothing},
		{"TwoHundredServicesAreReadable", twoHundredServicesAreReadable},
		{"PrintsAreWhole", printsAreWhole},
		{"APersonSignsInByTheProvider", aPersonSignsInByTheProvider},
		{"APersonTakesCommandByKeyboard", aPersonTakesCommandByKeyboard},
		{"WhatToSayIsCopied", whatToSayIsCopied},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, browser.Apart(t)) })
	}
}

// signInBy fills the form as a person does.
func (h *harness) signInBy(tab *webtest.Tab, role Role) {
	tab.Open("/sign-in")
	// Where an identity provider comes first, the form is folded.
	tab.Eval(`document.querySelectorAll(".signin details").forEach(d => d.open = true)`, nil)
	tab.Type("#token", h.tokens[role]+kb.Enter)
	tab.Wait(".who form")
}

func aJudgeDecidesBlindAndByKeyboard(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t)
	tab := browser.Tab(t, h.serve(t), webtest.Desktop)
	tab.Open("/incidents/inc-7f3a")
	if path := tab.Path(); path != "/sign-in?next=%2Fincidents%2Finc-7f3a" {
		t.Fatalf("a stranger is at %s", path)
	}
	tab.Type("#token", h.tokens[RoleJudge]+kb.Enter)
	tab.Wait("#part-suspects form.decide")
	if text := tab.Text("main"); !strings.Contains(text, "Hidden until a verdict is saved") || strings.Contains(text, "AI-assisted") {
		t.Errorf("the judge is not blind: %s", text)
	}
	// Tab walks to the first suspect's reason without a trap on the way.
	tab.Press(kb.Tab)
	var first string
	tab.Eval(`document.activeElement.className`, &first)
	if first != "skip" {
		t.Errorf("the first stop is %q, not the skip link", first)
	}
	found := false
	for range 60 {
		tab.Press(kb.Tab)
		if tab.Eval(`document.activeElement.name === "reason"`, &found); found {
			break
		}
	}
	if !found {
		t.Fatal("the keyboard does not reach the reason")
	}
	tab.Press("It came first")
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Wait("#part-verdict.decided")
	text := tab.Text("main")
	for _, needed := range []string{"Cause confirmed", "It came first", "test-judge", "AI-assisted"} {
		if !strings.Contains(text, needed) {
			t.Errorf("after the verdict the page lacks %q", needed)
		}
	}
	if n := len(h.store.judgements); n != 1 || h.store.judgements[0].Reason != "It came first" {
		t.Errorf("kept: %+v", h.store.judgements)
	}
	tab.Accessible()
	tab.Quiet()
}

func theIncidentPageFollowsTheStream(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t)
	tab := browser.Tab(t, h.serve(t), webtest.Desktop)
	h.signInBy(tab, RoleJudge)
	tab.Open("/incidents/inc-7f3a")
	tab.Until(`document.getElementById("live").textContent === "Live"`)
	// Someone is about to write a reason; that must survive the update.
	tab.Eval(`(() => { const f = document.querySelector("#part-verdict input[name=reason]"); f.focus(); f.value = "half a wor"; })()`, nil)
	newer := exampleFinding()
	newer.Version, newer.AsOf, newer.Verdict = 4, exampleTime(10, 4, 0), correlate.VerdictNoChange
	newer.NoChangeProbability, newer.Suspects[0].Probability = 0.93, 0.05
	newer.Suspects[0].Provenance, newer.Suspects[0].Links = nil, nil
	h.store.set(func(f *fakeStore) {
		f.findings["inc-7f3a"] = append([]correlate.Finding{newer}, f.findings["inc-7f3a"]...)
		f.updates = append(f.updates, query.Update{Incident: "inc-7f3a", Revision: 13, FindingVersion: 4, At: h.clock.Now().Add(time.Second)})
	})
	tab.Until(`document.getElementById("part-answer").textContent.includes("Probably no recorded change did it (93")`)
	var written, focus string
	tab.Eval(`document.querySelector("#part-verdict input[name=reason]").value`, &written)
	tab.Eval(`document.activeElement.name`, &focus)
	if written != "half a wor" || focus != "reason" {
		t.Errorf("the update took away %q or the focus, which is on %q", written, focus)
	}
	if text := tab.Text("#part-history"); !strings.Contains(text, "Version 4") || !strings.Contains(text, "Version 3") {
		t.Errorf("history: %s", text)
	}
	tab.Quiet()
}

func theListFollowsTheStream(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	tab := browser.Tab(t, h.serve(t), webtest.Desktop)
	tab.Open("/")
	tab.Until(`document.getElementById("live").textContent === "Live"`)
	h.store.set(func(f *fakeStore) {
		another := exampleIncident()
		another.ID, another.Title, another.StartedAt = "inc-8", "search: latency", exampleTime(10, 4, 30)
		f.incidents = append(f.incidents, another)
		f.updates = append(f.updates, query.Update{Incident: "inc-8", Revision: 1, At: h.clock.Now().Add(time.Second)})
	})
	tab.Until(`document.getElementById("part-list").textContent.includes("search: latency")`)
	tab.Quiet()
}

// aPageComesBackThroughAProxy puts what stands before most services
// in between: while nothing answers behind it the stream gets an answer that is
// no stream, which ends a browser's own attempts to come back.
func aPageComesBackThroughAProxy(t *testing.T, browser *webtest.Browser) {
	var behind atomic.Pointer[url.URL]
	proxy := &httputil.ReverseProxy{
		Rewrite:      func(r *httputil.ProxyRequest) { r.SetURL(behind.Load()); r.Out.Host = r.In.Host },
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
	front := httptest.NewServer(proxy)
	defer front.Close()
	begin := func(public bool) (h *harness, stop func()) {
		h = newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = public })
		address, stop := h.serveUntil(t)
		t.Cleanup(stop)
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		behind.Store(u)
		return h, stop
	}
	_, stop := begin(true)
	tab := browser.Tab(t, front.URL, webtest.Desktop)
	for _, expected := range []string{"502", "401", "ERR_INCOMPLETE_CHUNKED_ENCODING"} {
		tab.Expect(expected)
	}
	const sign = `document.getElementById("live").textContent`
	tab.Open("/")
	tab.Until(sign + ` === "Live"`)
	tab.Eval(`window.kept = true`, nil)
	stop()
	tab.Until(sign + ` === "Not current: the page could not be loaded anew"`)
	h, stop := begin(true)
	h.store.set(func(f *fakeStore) { f.incidents[0].Title = "what happened meanwhile" })
	tab.Until(`document.getElementById("part-list").textContent.includes("what happened meanwhile")`)
	tab.Until(sign + ` === "Live"`)
	// Now it comes back without the visitor's session.
	stop()
	begin(false)
	tab.Until(sign + `.includes("signed out")`)
	var kept bool
	if tab.Eval(`window.kept === true`, &kept); !kept {
		t.Error("the page was loaded anew")
	}
	tab.Quiet()
}

func pagesReadWithoutScript(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	tab := browser.Tab(t, h.serve(t), webtest.Screen{Width: 1280, NoScript: true})
	tab.Open("/incidents/inc-7f3a")
	if text := tab.Text("main"); !strings.Contains(text, "Deploy checkout 4.12.0") || !strings.Contains(text, "Reached 100% 90 seconds") {
		t.Errorf("without scripts the page says: %s", text)
	}
	tab.Click("a[href='/changes']")
	tab.Wait("table.cards")
	tab.Quiet()
}
