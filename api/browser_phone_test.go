package api

import (
	"fmt"
	"testing"

	"github.com/faultline/faultline/api/web/webtest"
)

// shortWordsBroken lists the words of up to ten letters that are on more than one
// line: the column that they are in is too narrow.
const shortWordsBroken = `(() => {
	const walk = document.createTreeWalker(document.querySelector("main"), NodeFilter.SHOW_TEXT), range = document.createRange(), broken = [];
	for (let n = walk.nextNode(); n; n = walk.nextNode()) {
		if (!n.parentElement.checkVisibility() || n.parentElement.closest("svg, pre, code, .offscreen")) continue;
		for (const w of n.data.matchAll(/\p{L}{2,10}/gu)) {
			range.setStart(n, w.index); range.setEnd(n, w.index + w[0].length);
			const tops = new Set([...range.getClientRects()].filter(r => r.width > 0).map(r => Math.round(r.top)));
			if (tops.size > 1) broken.push(w[0]);
		}
	}
	return broken;
})()`

// shortWordsStayWhole opens every page on telephones, folds opened: who reads "syn
// c" or one word a line at night reads wrongly or not at all.
func shortWordsStayWhole(t *testing.T, browser *webtest.Browser) {
	onTelephones(t, browser, func(tab *webtest.Tab, width int) {
		for _, p := range everyPage(true) {
			tab.Open(p.path)
			tab.Eval(`document.querySelectorAll("details").forEach(d => d.open = true)`, nil)
			tab.Shot(fmt.Sprintf("unfolded-%s-%d", p.name, width))
			var broken, narrow []string
			if tab.Eval(shortWordsBroken, &broken); len(broken) > 0 {
				t.Errorf("%s at %d pixels breaks %q", p.path, width, broken)
			}
			tab.Eval(`[...document.querySelectorAll("main dd, main td")].filter(e => !e.closest(".scroll") && e.checkVisibility() && e.innerText.length > 30 && e.clientWidth < 120).map(e => e.innerText)`, &narrow)
			if len(narrow) > 0 {
				t.Errorf("%s at %d pixels squeezes %q", p.path, width, narrow)
			}
		}
		tab.Quiet()
	})
}
