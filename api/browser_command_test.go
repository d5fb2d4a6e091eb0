package api

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/internal/query"
)

// aPersonTakesCommandByKeyboard walks to the button by the Tab key, takes command,
// and sees it when somebody else does.
func aPersonTakesCommandByKeyboard(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t)
	tab := browser.Tab(t, h.serve(t), webtest.Phone)
	h.signInBy(tab, RoleJudge)
	tab.Open("/incidents/inc-7f3a")
	reached := false
	for range 60 {
		tab.Press(kb.Tab)
		if tab.Eval(`document.activeElement.textContent === "Take command"`, &reached); reached {
			break
		}
	}
	if !reached {
		t.Fatal("the Tab key does not reach the button")
	}
	tab.Press(kb.Enter)
	tab.Until(`document.getElementById("part-head")?.textContent.includes("Commander: test-judge") === true`)
	tab.Accessible()
	tab.Until(`document.getElementById("live")?.textContent === "Live"`)
	h.store.set(func(f *fakeStore) {
		f.commands = append(f.commands, query.Command{ID: "2", Incident: "inc-7f3a", Commander: "grace", SetBy: "grace", SetAt: h.clock.Now().Add(time.Second)})
		f.updates = append(f.updates, query.Update{Incident: "inc-7f3a", Revision: 12, FindingVersion: 3, Commands: 2, At: h.clock.Now().Add(time.Second)})
	})
	tab.Until(`document.getElementById("part-command")?.textContent.includes("grace commands") && document.getElementById("part-head")?.textContent.includes("Commander: grace")`)
	// The fresh part brings the form of what is true now.
	tab.Click("#part-command button[value=take]")
	tab.Until(`document.getElementById("part-command")?.textContent.includes("test-judge commands") === true`)
	tab.NoSideways()
	tab.Quiet()
	if said := h.store.commands; len(said) != 3 || query.CommanderOf(said) != "test-judge" {
		t.Errorf("kept: %+v", said)
	}
}

// whatToSayIsCopied presses the button that the script puts beside the message, and
// reads what a person would paste; without the script the text is there to select.
func whatToSayIsCopied(t *testing.T, browser *webtest.Browser) {
	h := newHarness(t)
	address := h.serve(t)
	tab := browser.Tab(t, address, webtest.Desktop)
	h.signInBy(tab, RoleReader)
	tab.Open("/incidents/inc-7f3a")
	// A clipboard of the test's own, since the browser's is the machine's.
	tab.Eval(`(() => { Object.defineProperty(navigator, "clipboard", {value: {writeText: async (x) => { window.pasted = x; }}, configurable: true}); return true; })()`, nil)
	tab.Click("#suspect-1 .copies")
	tab.Until(`document.querySelector("#suspect-1 .copies").textContent === "Copied"`)
	var pasted, selected string
	tab.Eval(`window.pasted`, &pasted)
	if !strings.HasPrefix(pasted, "Please take checkout in production (eu-west-1) back from 4.12.0 to 4.11.3.") || !strings.HasSuffix(pasted, "Rollback: https://cd.example/checkout/rollback/4.11.3") {
		t.Errorf("copied: %q", pasted)
	}
	// Without leave to the clipboard the text is selected for the person.
	tab.Eval(`(() => { Object.defineProperty(navigator, "clipboard", {value: undefined, configurable: true}); return true; })()`, nil)
	tab.Click("#suspect-1 .undo p:last-child .copies")
	tab.Until(`getSelection().toString().startsWith("faultline verdict inc-7f3a confirm")`)
	tab.Accessible()
	tab.Quiet()

	still := browser.Tab(t, address, webtest.Screen{Width: 1280, NoScript: true})
	h.store.set(func(*fakeStore) {})
	still.Open("/sign-in")
	still.Type("#token", h.tokens[RoleReader]+kb.Enter)
	still.Wait(".who form")
	still.Open("/incidents/inc-7f3a")
	// The page after the sign-in may still be loading when this one is asked for.
	still.Wait("#suspect-1 code.copy")
	still.Eval(`getComputedStyle(document.querySelector("#suspect-1 code.copy")).userSelect`, &selected)
	if text := still.Text("#suspect-1 .undo"); selected != "all" || !strings.Contains(text, "Please take checkout") || strings.Contains(text, "Copy the") {
		t.Errorf("without the script: user-select %q, %s", selected, text)
	}
	still.Quiet()
}
