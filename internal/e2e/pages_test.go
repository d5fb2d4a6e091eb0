package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/faultline/faultline/api/web/webtest"
	"github.com/faultline/faultline/internal/testenv"
)

// demo starts the demo as a person does and returns it with the path of the
// incident that it prints.
func demo(t *testing.T) (s *server, incident string) {
	t.Helper()
	dir := t.TempDir()
	out, listen := &logBuffer{}, testenv.Address(t)
	cmd := exec.Command(binary, "demo", "--listen", listen, "--data", dir)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s = &server{t: t, cmd: cmd, url: "http://" + listen, dir: dir, logs: out, ended: make(chan struct{})}
	go func() { _ = cmd.Wait(); close(s.ended) }()
	t.Cleanup(s.kill)
	s.await("the demo's finding", func() bool { return strings.Contains(out.String(), "Stop with Ctrl-C") })
	page := regexp.MustCompile(`http://` + regexp.QuoteMeta(listen) + `(/incidents/\S+)`).FindStringSubmatch(out.String())
	if page == nil || !strings.Contains(out.String(), "admin.token") {
		t.Fatalf("the demo does not name its page, or not how to sign in:\n%s", out)
	}
	return s, page[1]
}

// TestTheDemosPages opens every page on the demo's own data in a real browser.
// One service serves all parts, which build on each other: an outage is read,
// judged, followed while more happens, and followed across a restart.
func TestTheDemosPages(t *testing.T) {
	needEngine(t)
	browser := webtest.Open(t)
	s, incident := demo(t)
	tab := browser.Tab(t, s.url, webtest.Desktop)
	part := func(name string, run func(t *testing.T)) {
		if !t.Run(name, run) {
			t.FailNow()
		}
	}
	part("a stranger reads", func(t *testing.T) { strangerReads(t, tab.For(t), incident) })
	part("a judge decides by keyboard", func(t *testing.T) { decidesByKeyboard(t, s, tab.For(t), incident) })
	part("every page", func(t *testing.T) { everyPageOfTheDemo(t, browser, s, tab.For(t), incident) })
	part("an outage is followed", func(t *testing.T) { followsAnOutage(t, s, tab.For(t)) })
	part("a restart is survived", func(t *testing.T) { survivesARestart(t, s, tab.For(t)) })
}

// wants fails the test for each text that an element lacks.
func wants(t *testing.T, tab *webtest.Tab, selector string, texts ...string) {
	t.Helper()
	has := tab.Text(selector)
	for _, text := range texts {
		if !strings.Contains(has, text) {
			t.Errorf("%s, %s lacks %q: %.600s", tab.Path(), selector, text, has)
		}
	}
}

func strangerReads(t *testing.T, tab *webtest.Tab, incident string) {
	tab.Open(incident)
	wants(t, tab, "main", "Probable cause", "Speaks for it", "Speaks against it", "Timeline", "Blast radius", "Sign in to decide", "Not looked at")
	var cards, bands, links int
	tab.Eval(`document.querySelectorAll("article.suspect").length`, &cards)
	tab.Eval(`[...document.querySelectorAll("article.suspect")].filter(a => a.querySelector(".band") && a.querySelector(".score") && a.querySelector(".reasons.for") && a.querySelector(".reasons.against")).length`, &bands)
	tab.Eval(`document.querySelectorAll("#suspect-1 .links a[href^=http]").length`, &links)
	if cards != 5 || bands != 5 || links != 3 {
		t.Errorf("%d suspects, %d of them with band, score and evidence for and against, %d links of the first; want 5, 5 and diff, run, rollback", cards, bands, links)
	}
	tab.Quiet()
}

// tabTo presses the Tab key until an expression about the focused element,
// called e, holds.
func tabTo(t *testing.T, tab *webtest.Tab, what, expression string) {
	t.Helper()
	for range 120 {
		tab.Press(kb.Tab)
		var there bool
		if tab.Eval(`(e => Boolean(`+expression+`))(document.activeElement)`, &there); there {
			return
		}
	}
	t.Fatalf("the Tab key does not reach %s", what)
}

// decidesByKeyboard never points at anything: from a stranger's look by way of
// the token to a saved verdict, on keys alone.
func decidesByKeyboard(t *testing.T, s *server, tab *webtest.Tab, incident string) {
	tab.Open(incident)
	tabTo(t, tab, "the way to sign in", `e.textContent === "Sign in to decide"`)
	tab.Press(kb.Enter)
	tab.Until(`document.activeElement?.id === "token"`)
	tab.Press(s.token())
	tab.Press(kb.Enter)
	tab.Wait("#part-suspects form.decide")
	if path := tab.Path(); path != incident {
		t.Fatalf("after signing in the browser is at %s", path)
	}
	const veil = "Hidden until a verdict is saved"
	wants(t, tab, "#suspect-1", veil)
	tabTo(t, tab, "the reason", `e.name === "reason" && e.closest("#suspect-1")`)
	tab.Press("It came first")
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Wait("#part-verdict.decided")
	wants(t, tab, "main", "Cause confirmed", "It came first", "local admin")
	if strings.Contains(tab.Text("main"), veil) {
		t.Error("the verdict did not lift the veil")
	}
	tab.Quiet()
}

// everyPageOfTheDemo looks at each page on a desk and on a telephone, and holds
// what it says against what the demo is known to contain.
func everyPageOfTheDemo(t *testing.T, browser *webtest.Browser, s *server, tab *webtest.Tab, incident string) {
	tab.Open(incident)
	var change, service string
	tab.Eval(`document.querySelector("#suspect-1 h3 a").getAttribute("href")`, &change)
	tab.Eval(`document.querySelector("#suspect-1 a[href^='/services/']").getAttribute("href")`, &service)
	pages := []struct {
		name, path string
		says       []string
	}{
		{"incidents", "/", []string{"HighErrorRate", "resolved", "No recorded change did it", "Cause confirmed"}},
		{"incidents-filtered", "/?severity=critical&q=" + "pricing", []string{"HighErrorRate on pricing"}},
		{"incident", incident, []string{"Suspects", "How the finding came about", "It came first"}},
		{"change", change, []string{"Incidents in which it is a suspect", "Rollout", "Commits", "Approvals", "Predicted blast radius"}},
		{"changes", "/changes", []string{"argo-cd", "Next page"}},
		{"service", service, []string{"Last changes", "Call this service", "This service calls"}},
		{"topology", "/topology", []string{"Who calls whom", "By tier", "By team"}},
		{"policy", "/policy", []string{"What is wrong"}},
		{"figures", "/figures", []string{"Insufficient data", "1 with a confirmed cause"}},
		{"reports", "/reports", []string{"Weekly reports", "so far"}},
		{"admin", "/admin", []string{"argo-cd", "alertmanager", "local admin", "Dead letters", "Maintenance windows"}},
	}
	phone := browser.Tab(t, s.url, webtest.Phone)
	for _, p := range pages {
		for screen, x := range map[string]*webtest.Tab{"desktop": tab, "phone": phone} {
			x.Open(p.path)
			wants(t, x, "main", p.says...)
			x.Shot("demo-" + p.name + "-" + screen)
			x.Accessible()
			x.NoSideways()
			if t.Failed() {
				t.Fatalf("on %s, %s", p.path, screen)
			}
		}
	}
	phone.Quiet()
	tab.Quiet()
}

// firing is an alert that began a moment ago.
func firing(service, name string, ago time.Duration) string {
	return fmt.Sprintf(`{"source":"am","service":%q,"name":%q,"severity":"critical","signal":"errors","status":"firing","started_at":%q}`,
		service, name, time.Now().Add(-ago).UTC().Format(time.RFC3339))
}

// stay marks the document that the tab shows; same fails the test when another
// has taken its place.
func stay(tab *webtest.Tab) { tab.Eval(`window.kept = true`, nil) }

func same(t *testing.T, tab *webtest.Tab) {
	t.Helper()
	var kept bool
	if tab.Eval(`window.kept === true`, &kept); !kept {
		t.Error("the page was loaded anew, not brought up to date")
	}
}

// live waits until the page follows the stream.
func live(tab *webtest.Tab) { tab.Until(`document.getElementById("live").textContent === "Live"`) }

// followsAnOutage lets an outage happen while pages are open. Everything goes the
// real way: by HTTP into the store, tailed, grouped, ranked, streamed.
func followsAnOutage(t *testing.T, s *server, tab *webtest.Tab) {
	tab.Open("/")
	live(tab)
	stay(tab)
	s.within(t).post("/v1/alerts", firing("push-sender", "SendFailures", time.Minute))
	tab.Until(`document.getElementById("part-list").textContent.includes("SendFailures on push-sender")`)
	same(t, tab)
	var page string
	tab.Eval(`[...document.querySelectorAll("#part-list .rowlink")].find(a => a.textContent.includes("SendFailures")).getAttribute("href")`, &page)
	tab.Open(page)
	live(tab)
	stay(tab)
	s.within(t).post("/v1/changes", fmt.Sprintf(`{"id":"push-991","source":"argo-cd","kind":"deploy","title":"push-sender: new client of the provider","services":["push-sender"],"status":"succeeded","started_at":%q}`,
		time.Now().Add(-3*time.Minute).UTC().Format(time.RFC3339)))
	tab.Until(`document.getElementById("part-answer").textContent.includes("new client of the provider")`)
	s.within(t).post("/v1/alerts", firing("push-sender", "QueueAge", 10*time.Second))
	tab.Until(`document.getElementById("part-head").textContent.includes("2 alerts")`)
	same(t, tab)
	wants(t, tab, "#part-history", "no recorded change did it", "new client of the provider")
	tab.Quiet()
}

// survivesARestart stops the service under an open page and starts it again on
// the same data: the page says that it is not current, comes back by itself, and
// shows what happened since.
func survivesARestart(t *testing.T, s *server, tab *webtest.Tab) {
	tab.Open("/")
	live(tab)
	stay(tab)
	tab.Expect("net::ERR_")
	tab.Expect("503 (Service Unavailable) " + s.url + "/v1/stream")
	s.within(t).stop()
	tab.Until(`document.getElementById("live").textContent.startsWith("Not current")`)
	again := serveAt(t, s.dir, strings.TrimPrefix(s.url, "http://"), []string{"FAULTLINE_API_PUBLIC_READ=true"})
	live(tab)
	again.post("/v1/alerts", firing("card-vault", "AfterTheRestart", time.Minute))
	tab.Until(`document.getElementById("part-list").textContent.includes("AfterTheRestart on card-vault")`)
	same(t, tab)
	tab.Quiet()
	if left, err := os.ReadFile(filepath.Join(s.dir, "admin.token")); err != nil || len(left) == 0 {
		t.Errorf("the token of the demo is gone: %v", err)
	}
}
