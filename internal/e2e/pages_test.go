package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"

	"github.com/faultline/faultline/api/web/webtest"
)

// demo starts the demo as a person does and returns its address, the path of the
// incident that it prints, and the token that it names.
func demo(t *testing.T) (address, incident, token string) {
	t.Helper()
	dir := t.TempDir()
	out, listen := &logBuffer{}, freeAddress(t)
	cmd := exec.Command(binary, "demo", "--listen", listen, "--data", dir)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() { _ = cmd.Process.Kill(); <-ended })
	s := &server{t: t, cmd: cmd, url: "http://" + listen, dir: dir, logs: out, ended: ended}
	s.await("the demo's finding", func() bool { return strings.Contains(out.String(), "Stop with Ctrl-C") })
	page := regexp.MustCompile(`http://` + regexp.QuoteMeta(listen) + `(/incidents/\S+)`).FindStringSubmatch(out.String())
	if page == nil {
		t.Fatalf("the demo names no page:\n%s", out)
	}
	text, err := os.ReadFile(filepath.Join(dir, "admin.token"))
	if err != nil || !strings.Contains(out.String(), "admin.token") {
		t.Fatalf("the demo does not say how to sign in: %v\n%s", err, out)
	}
	return "http://" + listen, page[1], strings.TrimSpace(string(text))
}

// TestTheDemosPagesAreWorthSeeing opens every page on the demo's own data in a
// real browser, and decides there by keyboard alone.
func TestTheDemosPagesAreWorthSeeing(t *testing.T) {
	needEngine(t)
	browser := webtest.Open(t)
	address, incident, token := demo(t)
	tab := browser.Tab(t, address, webtest.Desktop)
	tab.Open(incident)
	for _, needed := range []string{"Probable cause", "Speaks for it", "Timeline", "Blast radius", "Sign in to decide"} {
		if text := tab.Text("main"); !strings.Contains(text, needed) {
			t.Errorf("before signing in the demo's page lacks %q", needed)
		}
	}
	tab.Open("/sign-in?next=" + incident)
	tab.Type("#token", token+kb.Enter)
	tab.Wait("#part-suspects form.decide")
	var change string
	tab.Eval(`document.querySelector("#suspect-1 h3 a").getAttribute("href")`, &change)
	pages := map[string]string{
		"incidents": "/", "incident": incident, "change": change, "changes": "/changes", "topology": "/topology", "policy": "/policy", "figures": "/figures", "reports": "/reports", "admin": "/admin",
	}
	phone := browser.Tab(t, address, webtest.Phone)
	for name, path := range pages {
		for screen, x := range map[string]*webtest.Tab{"desktop": tab, "phone": phone} {
			x.Open(path)
			x.Shot("demo-" + name + "-" + screen)
			x.Accessible()
			x.NoSideways()
			if t.Failed() {
				t.Fatalf("on %s, %s", path, screen)
			}
		}
	}
	phone.Quiet()
	tab.Open(incident)
	tab.Until(`document.getElementById("live").textContent === "Live"`)
	if text := tab.Text("main"); !strings.Contains(text, "Hidden until a verdict is saved") {
		t.Error("the part of AI is not hidden from a judge")
	}
	tab.Eval(`document.querySelector("#suspect-1 input[name=reason]").focus()`, nil)
	tab.Press("It came first")
	tab.Press(kb.Tab)
	tab.Press(kb.Enter)
	tab.Wait("#part-verdict.decided")
	if text := tab.Text("main"); !strings.Contains(text, "Cause confirmed") || strings.Contains(text, "Hidden until a verdict is saved") {
		t.Error("the verdict did not lift the veil")
	}
	tab.Quiet()
}
