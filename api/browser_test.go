package api

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// signInBy fills the form as a person does.
func (h *harness) signInBy(tab *webtest.Tab, role Role) {
	tab.Open("/sign-in")
	tab.Type("#token", h.tokens[role]+kb.Enter)
	tab.Wait(".who form")
}

func TestInABrowserEveryPageIsAccessibleQuietAndFits(t *testing.T) {
	browser := webtest.Open(t)
	h := newHarness(t)
	address := h.serve(t)
	for name, screen := range map[string]webtest.Screen{
		"desktop": webtest.Desktop, "phone": webtest.Phone, "dark": {Width: 1280, Dark: true}, "narrow": {Width: 320, Height: 600},
	} {
		t.Run(name, func(t *testing.T) {
			tab := browser.Tab(t, address, screen)
			tab.Open("/")
			tab.Accessible()
			tab.NoSideways()
			h.signInBy(tab, RoleJudge)
			for _, path := range readablePages {
				tab.Open(path)
				if plain, _, filtered := strings.Cut(path, "?"); !filtered || strings.HasPrefix(path, "/changes/") {
					tab.Shot("story" + strings.NewReplacer("/", "-").Replace(strings.TrimSuffix(plain, "/")) + "-" + name)
				}
				tab.Eval(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
				tab.Accessible()
				tab.NoSideways()
				if t.Failed() {
					t.Fatalf("on %s", path)
				}
			}
			tab.Quiet()
			tab.Expect("404")
			tab.Open("/nothing-here")
			tab.Accessible()
			tab.Quiet()
		})
	}
}

func TestInABrowserAJudgeDecidesBlindAndByKeyboard(t *testing.T) {
	browser := webtest.Open(t)
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

func TestInABrowserTheIncidentPageFollowsTheStream(t *testing.T) {
	browser := webtest.Open(t)
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

func TestInABrowserTheListFollowsTheStream(t *testing.T) {
	browser := webtest.Open(t)
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

func TestInABrowserPagesReadWithoutScript(t *testing.T) {
	browser := webtest.Open(t)
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

// TestInABrowserHostileTextDoesNothing renders what a browser would run if any
// of it got through.
func TestInABrowserHostileTextDoesNothing(t *testing.T) {
	browser := webtest.Open(t)
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	nasty := `<script>document.title="owned"</script><img src=x onerror="document.title='owned'">` + "\u202egpj.exe" + strings.Repeat("W", 100<<10)
	h.store.set(func(f *fakeStore) {
		f.incidents[0].Title = nasty
		f.incidents[0].Services = append(f.incidents[0].Services, nasty)
		f.findings["inc-7f3a"][0].Suspects[0].Change.Title = nasty
		f.findings["inc-7f3a"][0].Missing = []string{nasty}
		f.changes[0].Title, f.changes[0].Labels = nasty, map[string]string{nasty: nasty}
		f.changes[0].Links = &correlate.ChangeLinks{Diff: `javascript:document.title="owned"`}
	})
	tab := browser.Tab(t, h.serve(t), webtest.Phone)
	for _, path := range []string{"/", "/incidents/inc-7f3a", "/changes", "/changes/checkout-1842"} {
		tab.Open(path)
		var title string
		tab.Eval(`document.title`, &title)
		if strings.Contains(title, "owned") && !strings.Contains(title, "script") {
			t.Errorf("%s: something ran", path)
		}
		tab.NoSideways()
	}
	tab.Quiet()
}

func TestInABrowserAHubIsReadable(t *testing.T) {
	browser := webtest.Open(t)
	h := newHarness(t, func(c *Config, _ *Deps) { c.PublicRead = true })
	h.store.set(func(f *fakeStore) {
		radius := f.findings["inc-7f3a"][0].BlastRadius
		for i := range 200 {
			name := fmt.Sprintf("consumer-of-checkout-%03d", i)
			radius.Nodes = append(radius.Nodes, correlate.BlastNode{Service: name, State: []string{"alerting", "quiet", "potential"}[i%3], Distance: 1 + i%3, Tier: 1 + i%4})
			radius.Edges = append(radius.Edges, correlate.Edge{Caller: name, Callee: "checkout"})
		}
	})
	tab := browser.Tab(t, h.serve(t), webtest.Desktop)
	tab.Open("/incidents/inc-7f3a")
	var smallest, overlaps float64
	tab.Eval(`Math.min(...[...document.querySelectorAll("svg.graph .node text")].map(e => e.getBoundingClientRect().height))`, &smallest)
	if smallest < 10 {
		t.Errorf("text of the graph is %v pixels high", smallest)
	}
	tab.Eval(`(() => { const r = [...document.querySelectorAll("svg.graph .node rect")].map(e => e.getBoundingClientRect()); let n = 0;
		r.forEach((a, i) => r.slice(i + 1).forEach(b => { if (a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom) n++; })); return n; })()`, &overlaps)
	if overlaps > 0 {
		t.Errorf("%v boxes of the graph lie on others", overlaps)
	}
	tab.Shot("hub")
	tab.Quiet()
}
