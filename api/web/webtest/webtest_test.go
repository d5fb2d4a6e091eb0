package webtest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recorder takes the errors that a check reports in place of the test.
type recorder struct {
	testing.TB
	errors []string
}

func (r *recorder) Error(args ...any) { r.errors = append(r.errors, fmt.Sprint(args...)) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}
func (r *recorder) Helper() {}

// pages are one page without fault and one with every fault.
func pages(t *testing.T) string {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch r.URL.Path {
		case "/good":
			_, _ = fmt.Fprint(w, `<!doctype html><html lang="en"><title>Good</title><link rel="icon" href="data:,"><main><h1>Good</h1><p id="p">all is well</p></main></html>`)
		case "/bad":
			_, _ = fmt.Fprint(w, `<!doctype html><html><title>Bad</title><link rel="icon" href="data:,"><img src="http://127.0.0.1:9/elsewhere.png"><input><div style="width:3000px">wide</div>
				<script>console.error("said so"); setTimeout(() => { throw new Error("thrown") }, 0)</script></html>`)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAGoodPageRaisesNothing(t *testing.T) {
	tab := Open(t).Tab(t, pages(t), Desktop)
	tab.Open("/good")
	tab.Accessible()
	tab.NoSideways()
	if text := tab.Text("#p"); text != "all is well" || tab.Path() != "/good" {
		t.Errorf("%q at %q", text, tab.Path())
	}
	tab.Shot("webtest")
	kept := filepath.Join(keepIn(t, "pages"), "webtest.png")
	if info, err := os.Stat(kept); err != nil || info.Size() == 0 {
		t.Errorf("no picture was kept: %v", err)
	}
	_ = os.Remove(kept)
	tab.Quiet()
}

func TestABadPageIsCaughtInEveryWay(t *testing.T) {
	tab := Open(t).Tab(t, pages(t), Phone)
	caught := &recorder{TB: t}
	tab.t = caught
	tab.Open("/bad")
	tab.Until(`document.readyState === "complete"`)
	tab.Accessible()
	tab.NoSideways()
	tab.Quiet()
	all := strings.Join(caught.errors, "\n")
	for _, want := range []string{"image-alt", "html-has-lang", "label", "wider than the screen", "said so", "thrown", "request outside: http://127.0.0.1:9/elsewhere.png"} {
		if !strings.Contains(all, want) {
			t.Errorf("%q was not caught in:\n%s", want, all)
		}
	}
}
