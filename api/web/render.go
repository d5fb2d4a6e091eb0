package web

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"time"
)

//go:embed templates/*.html
var templateFiles embed.FS

// securityPolicy lets a page load its own style, script and pictures, speak to
// its own origin, and nothing else.
const securityPolicy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// worthPacking is the size in bytes from which an answer is compressed.
const worthPacking = 1 << 10

// shared are the templates that every page may use.
const shared = "templates/_*.html"

// checkboxes is what the template "boxes" needs.
type checkboxes struct {
	Legend, Name string
	Options      []option
}

func newBoxes(legend, name string, options []option) checkboxes {
	return checkboxes{legend, name, options}
}

// graphParts is what the template "graph" needs.
type graphParts struct {
	Name, About string
	View        *radiusView
}

func newGraph(name, about string, view *radiusView) graphParts { return graphParts{name, about, view} }

// chartParts is what the template "linechart" needs.
type chartParts struct {
	View    *lineChart
	Columns []string
}

func newChart(view *lineChart, columns ...string) chartParts { return chartParts{view, columns} }

// list makes the columns of a table from their titles.
func list(titles ...string) []string { return titles }

// pages are the parsed templates by the name of the page.
type pages map[string]*template.Template

// parsePages parses every page together with the shared templates.
func parsePages() (pages, error) {
	functions := template.FuncMap{
		"percent": percent, "signed": signed, "group": group, "words": words, "line": line, "capital": capital, "heading": heading,
		"count": count, "outward": outward, "incidentPath": incidentPath, "servicePath": servicePath, "changePath": changePath,
		"refPath": refPath, "boxes": newBoxes, "graph": newGraph, "chart": newChart, "list": list,
	}
	base, err := template.New("").Funcs(functions).ParseFS(templateFiles, shared)
	if err != nil {
		return nil, fmt.Errorf("shared templates: %w", err)
	}
	files, err := fs.Glob(templateFiles, "templates/[a-z]*.html")
	if err != nil {
		return nil, fmt.Errorf("list the templates: %w", err)
	}
	all := make(pages, len(files))
	for _, file := range files {
		page, err := template.Must(base.Clone()).ParseFS(templateFiles, file)
		if err != nil {
			return nil, fmt.Errorf("template %s: %w", file, err)
		}
		all[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return all, nil
}

// view is what a handler wants shown.
type view struct {
	// page names the template, title goes into the browser's tab.
	page, title string
	// section is the entry of the navigation that is current.
	section string
	// live names what the page's script follows: empty for nothing, "*" for
	// every incident, or the id of one.
	live string
	// status is 200 when zero.
	status int
	body   any
}

// frame is what the layout sees; Body is the page's own.
type frame struct {
	Title, Live string
	Visitor     Visitor
	Now         moment
	// Style, Script and Icon are the addresses of the assets.
	Style, Script, Icon string
	// SignIn leads to the sign-in page and back.
	SignIn string
	Menu   []menuEntry
	Body   any
}

// menuEntry is one entry of the navigation.
type menuEntry struct {
	Name, Path string
	Current    bool
}

// show renders a view completely before it sends anything, so that a failing
// template never leaves half a page.
func (s *Site) show(w http.ResponseWriter, r *http.Request, v *view) error {
	f := frame{
		Title: v.title, Live: v.live, Visitor: visitorOf(r.Context()),
		Now: when(s.now(), s.now()), Style: s.assets.path("faultline.css"), Script: s.assets.path("live.js"), Icon: s.assets.path("icon.svg"), Body: v.body,
		SignIn: signInPath(r.URL.RequestURI()),
		Menu:   s.menu(v.section, visitorOf(r.Context())),
	}
	page, known := s.pages[v.page]
	if !known {
		return fmt.Errorf("no template for the page %q", v.page)
	}
	var buf bytes.Buffer
	if err := page.ExecuteTemplate(&buf, "layout", &f); err != nil {
		return fmt.Errorf("render the page %s: %w", v.page, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", securityPolicy)
	// A form's origin is withheld along with its referrer, and then it cannot be
	// told from a stranger's.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Encoding, Cookie")
	status := v.status
	if status == 0 {
		status = http.StatusOK
	}
	return send(w, r, status, buf.Bytes())
}

// send writes a body, compressed where the client takes it.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) error {
	if len(body) >= worthPacking && takesGzip(r) {
		packed, err := pack(body)
		if err != nil {
			return err
		}
		w.Header().Set("Content-Encoding", "gzip")
		body = packed
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("send the page: %w", err)
	}
	return nil
}

func takesGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.ReplaceAll(weight, " ", "") != "q=0"
		}
	}
	return false
}

// pack compresses for speed: pages are made for one reader.
func pack(body []byte) ([]byte, error) {
	var buf bytes.Buffer
	z, err := gzip.NewWriterLevel(&buf, 4)
	if err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if _, err := z.Write(body); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress: %w", err)
	}
	return buf.Bytes(), nil
}

// at renders a point in time for this request.
func (s *Site) at(t time.Time) moment { return when(t, s.now()) }
