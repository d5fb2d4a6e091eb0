// Package webtest opens pages in a real headless Chromium for tests. It watches
// what a person would see only by accident: errors in the console, exceptions,
// requests to other hosts.
package webtest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/target"
	"github.com/chromedp/chromedp"

	"github.com/faultline/faultline/internal/testenv"
)

// patience bounds one step of a test: a machine under load is slow.
const patience = 60 * time.Second

// mend names the command that fetches what these tests need.
const mend = "run: make chromium"

// axeVersion is the version that axe/package.json pins.
const axeVersion = "4.14.1"

// Browser is a running Chromium. It ends with the test that opened it.
type Browser struct {
	ctx context.Context
	axe string
}

// Open starts a browser, or skips the test when there is none.
func Open(t testing.TB) *Browser {
	t.Helper()
	testenv.Slow(t, "opens a browser")
	path := find()
	testenv.Need(t, path != "", "Chromium", mend)
	axe, err := os.ReadFile(filepath.Join(testenv.CacheDir(t), "axe", axeVersion, "node_modules", "axe-core", "axe.min.js"))
	testenv.Need(t, err == nil, "axe-core", mend)
	options := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]),
		chromedp.ExecPath(path), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(patience),
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true), chromedp.Flag("force-device-scale-factor", "1"),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	allocated, free := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocated)
	t.Cleanup(func() {
		// Waits for the process, so that its directory can be removed.
		_ = chromedp.Cancel(ctx)
		stop()
		free()
	})
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	return &Browser{ctx: ctx, axe: string(axe)}
}

// Apart is the same browser for a visitor who has never been here: without
// cookies, and with none left behind when the test ends. It costs a fraction of
// another process.
func (b *Browser) Apart(t testing.TB) *Browser {
	t.Helper()
	all := cdp.WithExecutor(b.ctx, chromedp.FromContext(b.ctx).Browser)
	visitor, err := target.CreateBrowserContext().WithDisposeOnDetach(true).Do(all)
	if err != nil {
		t.Fatalf("open a browser for a new visitor: %v", err)
	}
	// Tabs open only in a window, and this visitor has none yet.
	window, err := target.CreateTarget("about:blank").WithBrowserContextID(visitor).WithNewWindow(true).Do(all)
	if err != nil {
		t.Fatalf("open a window: %v", err)
	}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithTargetID(window))
	if err := chromedp.Run(ctx); err != nil {
		t.Fatalf("open a window: %v", err)
	}
	chromedp.FromContext(ctx).BrowserContextID = visitor
	t.Cleanup(func() {
		cancel()
		_ = target.DisposeBrowserContext(visitor).Do(all)
	})
	return &Browser{ctx: ctx, axe: b.axe}
}

// find returns the path of a browser, empty when there is none.
func find() string {
	names := []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"}
	if own := os.Getenv("FAULTLINE_CHROMIUM"); own != "" {
		names = []string{own}
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	return ""
}

// Screen is what a tab looks like. The zero Height is a common one.
type Screen struct {
	Width, Height int
	Dark, Print   bool
	// NoScript turns JavaScript off.
	NoScript bool
}

// Desktop and Phone are the widths that pages are made for.
var (
	Desktop = Screen{Width: 1280, Height: 900}
	Phone   = Screen{Width: 360, Height: 740}
)

// Tab is one tab, on one host.
type Tab struct {
	t    testing.TB
	ctx  context.Context
	axe  string
	base string

	mu       sync.Mutex
	troubles []string
	expected []string
}

// Tab opens a tab for pages of one address, such as http://127.0.0.1:8080.
func (b *Browser) Tab(t testing.TB, base string, screen Screen) *Tab {
	t.Helper()
	ctx, cancel := chromedp.NewContext(b.ctx)
	t.Cleanup(cancel)
	tab := &Tab{t: t, ctx: ctx, axe: b.axe, base: base}
	// The tab lives as long as the context of its first run, so that has no
	// deadline. A tab behind another draws no frames and sleeps.
	if err := chromedp.Run(ctx, page.BringToFront()); err != nil {
		t.Fatalf("open a tab: %v", err)
	}
	chromedp.ListenTarget(ctx, tab.notice)
	media := looks(screen.Dark)
	if screen.Print {
		media = media.WithMedia("print")
	}
	height := screen.Height
	if height == 0 {
		height = Desktop.Height
	}
	tab.do(network.Enable(), log.Enable(), media, emulation.SetScriptExecutionDisabled(screen.NoScript),
		emulation.SetDeviceMetricsOverride(int64(screen.Width), int64(height), 1, screen.Width < 600))
	return tab
}

// looks are the visitor's wishes: by day or by night, and nothing that moves.
func looks(dark bool) *emulation.SetEmulatedMediaParams {
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	return emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}})
}

// Dark turns night on or off under the open page.
func (x *Tab) Dark(dark bool) {
	x.t.Helper()
	x.do(looks(dark))
}

// For returns the same tab with its failures given to another test, such as a
// part of the one that opened it.
func (x *Tab) For(t testing.TB) *Tab {
	x.t = t
	return x
}

// notice keeps what no page may do.
func (x *Tab) notice(event any) {
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			x.trouble(fmt.Sprintf("console %s: %s", e.Type, arguments(e.Args)))
		}
	case *runtime.EventExceptionThrown:
		x.trouble("exception: " + e.ExceptionDetails.Error())
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError || e.Entry.Level == log.LevelWarning {
			x.trouble(fmt.Sprintf("log %s: %s %s", e.Entry.Level, e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		if !strings.HasPrefix(e.Request.URL, x.base+"/") && !strings.HasPrefix(e.Request.URL, "data:") && e.Request.URL != "about:blank" {
			x.trouble("request outside: " + e.Request.URL)
		}
	}
}

func arguments(all []*runtime.RemoteObject) string {
	parts := make([]string, len(all))
	for i, a := range all {
		parts[i] = string(a.Value) + a.Description
	}
	return strings.Join(parts, " ")
}

func (x *Tab) trouble(text string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.troubles = append(x.troubles, text)
}

// Expect lets trouble with this text pass: a page that is not found is an error
// in the log, and wanted.
func (x *Tab) Expect(text string) { x.expected = append(x.expected, text) }

// Quiet fails the test for every trouble that was noticed.
func (x *Tab) Quiet() {
	x.t.Helper()
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, trouble := range x.troubles {
		if !slices.ContainsFunc(x.expected, func(e string) bool { return strings.Contains(trouble, e) }) {
			x.t.Error(trouble)
		}
	}
	x.troubles = nil
}

// do runs actions within the patience.
func (x *Tab) do(actions ...chromedp.Action) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		x.t.Fatalf("browser: %v", err)
	}
}

// Open goes to a page and waits until it is loaded. A navigation that is still
// under way, as after a form, aborts the next one: that is tried again.
func (x *Tab) Open(path string) {
	x.t.Helper()
	err := x.navigate(path)
	for try := 1; try < openAttempts && err != nil && strings.Contains(err.Error(), "net::ERR_ABORTED"); try++ {
		time.Sleep(200 * time.Millisecond)
		err = x.navigate(path)
	}
	if err != nil {
		x.t.Fatalf("browser: open %s: %v", path, err)
	}
}

// openAttempts bounds how often a page is opened whose navigation was aborted.
const openAttempts = 5

func (x *Tab) navigate(path string) error {
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Navigate(x.base+path))
}

// Click clicks the first element that a selector finds and waits for what is
// loaded by it.
func (x *Tab) Click(selector string) {
	x.t.Helper()
	x.do(chromedp.Click(selector, chromedp.ByQuery), chromedp.WaitReady("body", chromedp.ByQuery))
}

// Type types text into a field.
func (x *Tab) Type(selector, text string) {
	x.t.Helper()
	x.do(chromedp.SendKeys(selector, text, chromedp.ByQuery))
}

// Press presses a key, such as kb.Tab, wherever the focus is.
func (x *Tab) Press(key string) {
	x.t.Helper()
	x.do(chromedp.KeyEvent(key))
}

// Wait waits until an element is there and visible.
func (x *Tab) Wait(selector string) {
	x.t.Helper()
	x.Until(fmt.Sprintf(`document.querySelector(%q)?.checkVisibility() === true`, selector))
}

// Text returns the text of the first element that a selector finds.
func (x *Tab) Text(selector string) string {
	x.t.Helper()
	var text string
	x.do(chromedp.Text(selector, &text, chromedp.ByQuery))
	return text
}

// Path returns where the tab is, without the host.
func (x *Tab) Path() string {
	x.t.Helper()
	var here string
	x.do(chromedp.Location(&here))
	u, err := url.Parse(here)
	if err != nil {
		x.t.Fatal(err)
	}
	u.Scheme, u.Host = "", ""
	return u.String()
}

// Eval runs an expression in the page and stores its value.
func (x *Tab) Eval(expression string, value any) {
	x.t.Helper()
	x.do(chromedp.Evaluate(expression, value))
}

// Until waits until an expression in the page holds. One that fails does not hold
// yet: while a page goes and another comes there is nothing to find.
func (x *Tab) Until(expression string) {
	x.t.Helper()
	ctx, cancel := context.WithTimeout(x.ctx, patience)
	defer cancel()
	var last error
	// Asked from outside: the page's policy forbids what a poll inside needs.
	for ; ctx.Err() == nil; time.Sleep(50 * time.Millisecond) {
		var holds bool
		if last = chromedp.Run(ctx, chromedp.Evaluate(expression, &holds)); holds {
			return
		}
	}
	x.t.Fatalf("this never came true: %s (%v)", expression, last)
}

// picturePatience bounds one attempt at a picture, pictureAttempts their number.
const (
	picturePatience = 10 * time.Second
	pictureAttempts = 3
)

// root is the directory of go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}
