package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
)

// desk serves pages that answer to what a person does, and remembers cookies.
func desk(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		head := `<!doctype html><html lang="en"><title>Desk</title><link rel="icon" href="data:,"><meta name="viewport" content="width=device-width"><style>body{color:#111;background:#fff}@media (prefers-color-scheme:dark){body{color:#333;background:#000}}@media print{.screen{display:none}}</style>`
		switch r.URL.Path {
		case "/form":
			_, _ = fmt.Fprint(w, head+`<main><h1>Form</h1><form action="/sent"><label>Name <input id="name" name="name"></label> <button id="go">Send</button></form>
				<p id="late" hidden>late</p><script>setTimeout(() => { document.getElementById("late").hidden = false }, 150)</script></main></html>`)
		case "/sent":
			http.SetCookie(w, &http.Cookie{Name: "who", Value: "me", Path: "/"})
			_, _ = fmt.Fprintf(w, head+`<main><h1>Sent</h1><p id="name">%s</p></main></html>`, r.FormValue("name"))
		case "/who":
			cookie, err := r.Cookie("who")
			_, _ = fmt.Fprintf(w, head+`<main><h1>Who</h1><p id="known">%v</p><p class="screen">on screen alone</p><script>document.body.dataset.script = "ran"</script></main></html>`, err == nil && cookie.Value == "me")
		default:
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, head+`<main><h1>None</h1></main></html>`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestATabDoesWhatAPersonDoes: a step that does nothing makes the test after it pass
// for no reason.
func TestATabDoesWhatAPersonDoes(t *testing.T) {
	browser := Open(t)
	tab := browser.Tab(t, desk(t), Desktop)
	tab.Open("/form")
	// What fails does not hold yet.
	tab.Until(`(() => { if (!document.querySelector("#late").checkVisibility()) { throw new Error("too early"); } return true; })()`)
	tab.Wait("#late")
	tab.Type("#name", "ada lovelace")
	tab.Click("#go")
	tab.Until(`location.pathname === "/sent"`)
	if got := tab.Path(); got != "/sent?name=ada+lovelace" || tab.Text("#name") != "ada lovelace" {
		t.Errorf("at %q with %q", got, tab.Text("#name"))
	}
	tab.Open("/form")
	tab.Type("#name", "by keyboard")
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Until(`document.querySelector("h1").textContent === "Sent"`)
	tab.Quiet()

	// Another visitor of the same browser knows nothing of this one's cookies.
	for known, visitor := range map[string]*Browser{"true": browser, "false": browser.Apart(t)} {
		own := visitor.Tab(t, tab.base, Phone)
		own.Open("/who")
		if own.Text("#known") != known {
			t.Errorf("known: %q, want %q", own.Text("#known"), known)
		}
		var width int
		if own.Eval(`innerWidth`, &width); width != Phone.Width {
			t.Errorf("a telephone is %d wide", width)
		}
	}
}

func TestScreensAreWhatTheySay(t *testing.T) {
	browser, address := Open(t), desk(t)
	var script string
	still := browser.Tab(t, address, Screen{Width: 800, NoScript: true})
	still.Open("/who")
	if still.Eval(`document.body.dataset.script ?? ""`, &script); script != "" {
		t.Error("a page without script ran one")
	}
	running := browser.Tab(t, address, Screen{Width: 800})
	running.Open("/who")
	if running.Eval(`document.body.dataset.script ?? ""`, &script); script != "ran" {
		t.Error("a page with script ran none")
	}
	var height int
	if running.Eval(`innerHeight`, &height); height != Desktop.Height {
		t.Errorf("a screen without a height is %d high", height)
	}
	paper := browser.Tab(t, address, Screen{Width: 703, Print: true})
	paper.Open("/who")
	var seen bool
	if paper.Eval(`document.querySelector(".screen").checkVisibility()`, &seen); seen {
		t.Error("on paper there is what is for a screen alone")
	}
	printed := running.Print("webtest")
	if !strings.Contains(printed.Text, "Who") || strings.Contains(printed.Text, "on screen alone") || printed.Pages != 1 {
		t.Errorf("printed: %+v", printed)
	}
}

// TestNightIsLookedAtApart: what can be read by day may not be by night.
func TestNightIsLookedAtApart(t *testing.T) {
	tab := Open(t).Tab(t, desk(t), Desktop)
	caught := &recorder{TB: t}
	tab.For(caught)
	tab.Open("/who")
	tab.Legible()
	if len(caught.errors) != 0 {
		t.Errorf("by day: %v", caught.errors)
	}
	tab.Dark(true)
	tab.Legible()
	if !strings.Contains(strings.Join(caught.errors, "\n"), "color-contrast") {
		t.Errorf("by night nothing is caught: %v", caught.errors)
	}
	caught.errors = nil
	tab.Dark(false)
	tab.Legible()
	if len(caught.errors) != 0 {
		t.Errorf("by day again: %v", caught.errors)
	}
}

// TestTroubleIsExpectedByItsText, and told once.
func TestTroubleIsExpectedByItsText(t *testing.T) {
	tab := Open(t).Tab(t, desk(t), Desktop)
	caught := &recorder{TB: t}
	tab.For(caught)
	tab.Open("/none")
	tab.Quiet()
	if all := strings.Join(caught.errors, "\n"); len(caught.errors) != 1 || !strings.Contains(all, "404") {
		t.Errorf("caught: %v", caught.errors)
	}
	tab.Quiet()
	if len(caught.errors) != 1 {
		t.Errorf("told twice: %v", caught.errors)
	}
	tab.Expect("404")
	tab.Open("/none")
	tab.Quiet()
	if len(caught.errors) != 1 {
		t.Errorf("expected and told: %v", caught.errors)
	}
}
