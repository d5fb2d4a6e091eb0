package webtest

import (
	"encoding/json"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// violation is what the accessibility checker found.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		HTML           string `json:"html"`
		FailureSummary string `json:"failureSummary"`
	}
}

// standards are the groups of axe-core's rules for WCAG 2.2 A and AA.
const standards = `["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]`

// Accessible fails the test for every violation of WCAG 2.2 A and AA that
// axe-core finds.
func (x *Tab) Accessible() {
	x.t.Helper()
	x.check(standards)
}

// Legible fails the test for every text that its colours make hard to read, which
// is all that differs between day and night.
func (x *Tab) Legible() {
	x.t.Helper()
	x.check(`{type: "rule", values: ["color-contrast", "link-in-text-block"]}`)
}

// check runs some of axe-core's rules on the open page.
func (x *Tab) check(rules string) {
	x.t.Helper()
	var there bool
	var raw string
	run := `axe.run(document, {runOnly: ` + rules + `}).then(r => JSON.stringify(r.violations))`
	await := func(p *runtime.EvaluateParams) *runtime.EvaluateParams { return p.WithAwaitPromise(true) }
	// Evaluated by the debugger, so the page's policy holds for the page alone.
	if x.Eval(`typeof axe === "object"`, &there); !there {
		x.Eval(x.axe+";0", nil)
	}
	x.do(chromedp.Evaluate(run, &raw, await))
	var found []violation
	if err := json.Unmarshal([]byte(raw), &found); err != nil {
		x.t.Fatal(err)
	}
	for _, v := range found {
		for _, n := range v.Nodes {
			x.t.Errorf("accessibility, %s (%s): %s\n  %.300s\n  %s", v.ID, v.Impact, v.Help, n.HTML, n.FailureSummary)
		}
	}
}

// NoSideways fails the test when the page is wider than the screen.
func (x *Tab) NoSideways() {
	x.t.Helper()
	var over int
	x.Eval(`document.documentElement.scrollWidth - document.documentElement.clientWidth`, &over)
	if over > 0 {
		x.t.Errorf("the page is %d pixels wider than the screen", over)
	}
}
