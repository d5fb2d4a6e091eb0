package webtest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/faultline/faultline/internal/testenv"
)

// Variables that say where pictures go. Artifacts is a directory for whatever a
// run is judged by; Images, when set, makes the tests write the documentation's
// pictures anew.
const (
	Artifacts = "FAULTLINE_ARTIFACTS"
	Images    = "FAULTLINE_IMAGES"
)

// keepIn returns the directory for artifacts of one kind: below the one that the
// environment names, else below build in the root of the checkout.
func keepIn(t testing.TB, kind string) string {
	t.Helper()
	base := os.Getenv(Artifacts)
	if base == "" {
		base = filepath.Join(root(t), "build")
	}
	dir := filepath.Join(base, kind)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// Shot keeps a picture of the whole page as pages/NAME.png among the artifacts.
func (x *Tab) Shot(name string) {
	x.t.Helper()
	png, err := x.picture(chromedp.FullScreenshot)
	if err != nil {
		x.t.Logf("PICTURE NOT TAKEN of %s: %v", name, err)
		return
	}
	write(x.t, filepath.Join(keepIn(x.t, "pages"), name+".png"), png)
}

// Illustrate keeps a picture of what the screen shows as docs/images/NAME.png,
// when the documentation's pictures are to be made anew, and among the
// artifacts always.
func (x *Tab) Illustrate(name string) {
	x.t.Helper()
	png, err := x.picture(func(res *[]byte, _ int) chromedp.EmulateAction { return chromedp.CaptureScreenshot(res) })
	if err != nil {
		x.t.Logf("PICTURE NOT TAKEN for %s: %v", name, err)
		return
	}
	write(x.t, filepath.Join(keepIn(x.t, "images"), name+".png"), png)
	if os.Getenv(Images) != "" {
		write(x.t, filepath.Join(root(x.t), "docs", "images", name+".png"), png)
	}
}

func write(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// picture takes a picture. Headless Chromium now and then waits for ever for a
// frame of a page at rest; the tab in front gets one.
func (x *Tab) picture(take func(res *[]byte, quality int) chromedp.EmulateAction) (png []byte, err error) {
	for range pictureAttempts {
		ctx, cancel := context.WithTimeout(x.ctx, picturePatience)
		err = chromedp.Run(ctx, page.BringToFront(), take(&png, 100))
		cancel()
		if err == nil {
			return png, nil
		}
	}
	return nil, err
}

// Paper is what a page looks like in print.
type Paper struct {
	// Text is all that can be read, in order; Pages counts the sheets.
	Text  string
	Pages int
}

// Print prints the page on A4 as its reader would, keeps the result as
// print/NAME.pdf among the artifacts, and reads it back.
func (x *Tab) Print(name string) Paper {
	x.t.Helper()
	tool, err := exec.LookPath("pdftotext")
	testenv.Need(x.t, err == nil, "pdftotext", mend)
	var pdf []byte
	x.do(chromedp.ActionFunc(func(ctx context.Context) (err error) {
		// A4 in inches, with margins of about a centimetre.
		pdf, _, err = page.PrintToPDF().WithPaperWidth(8.27).WithPaperHeight(11.69).
			WithMarginTop(0.4).WithMarginBottom(0.4).WithMarginLeft(0.4).WithMarginRight(0.4).WithPrintBackground(true).Do(ctx)
		return err
	}))
	path := filepath.Join(keepIn(x.t, "print"), name+".pdf")
	write(x.t, path, pdf)
	text, err := exec.CommandContext(x.t.Context(), tool, "-enc", "UTF-8", path, "-").Output()
	if err != nil {
		x.t.Fatalf("read %s: %v", path, err)
	}
	// Each sheet ends with a form feed.
	return Paper{Text: strings.Join(strings.Fields(string(text)), " "), Pages: strings.Count(string(text), "\f")}
}
