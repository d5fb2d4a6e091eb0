package web

import (
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// reading is a page, or a part of one, as its reader finds things in it: by
// headings, labels, roles and words.
type reading struct {
	t    *testing.T
	node *html.Node
}

// read parses a page as a browser does.
func read(t *testing.T, page string) *reading {
	t.Helper()
	node, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	return &reading{t, node}
}

// attr is an attribute of an element, empty for none.
func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

// has tells whether an element has an attribute, whatever its value.
func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// all are the elements of some names, in order; no names mean all.
func (p *reading) all(names ...string) []*html.Node {
	var found []*html.Node
	for n := range p.node.Descendants() {
		if n.Type == html.ElementNode && (len(names) == 0 || slices.Contains(names, n.Data)) {
			found = append(found, n)
		}
	}
	return found
}

// spoken is the text of an element as it is read out: signs that are hidden from
// that are left out, and space is one.
func spoken(n *html.Node) string {
	var out strings.Builder
	var walk func(n *html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			out.WriteString(n.Data)
		case attr(n, "aria-hidden") == "true" || n.Data == "script" || n.Data == "style":
		default:
			for c := range n.ChildNodes() {
				walk(c)
			}
			if n.Data == "td" || n.Data == "th" || n.Data == "li" || n.Data == "p" || n.Data == "br" {
				out.WriteString(" ")
			}
		}
	}
	walk(n)
	return strings.Join(strings.Fields(out.String()), " ")
}

// text is all that can be read.
func (p *reading) text() string { return spoken(p.node) }

// says demands texts, denies that there are others.
func (p *reading) says(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if !strings.Contains(p.text(), text) {
			p.t.Errorf("%q is not said in: %s", text, p.text())
		}
	}
}

func (p *reading) denies(texts ...string) {
	p.t.Helper()
	for _, text := range texts {
		if strings.Contains(p.text(), text) {
			p.t.Errorf("%q is said in: %s", text, p.text())
		}
	}
}

// byID finds an element, nil for none.
func (p *reading) byID(id string) *html.Node {
	for _, n := range p.all() {
		if attr(n, "id") == id {
			return n
		}
	}
	return nil
}

// called is what assistive technology calls an element.
func (p *reading) called(n *html.Node) string {
	if id := attr(n, "aria-labelledby"); id != "" {
		if label := p.byID(id); label != nil {
			return spoken(label)
		}
	}
	return attr(n, "aria-label")
}

// part is the section, form, group or other landmark of a name.
func (p *reading) part(name string) *reading {
	p.t.Helper()
	for _, n := range p.all("section", "article", "form", "nav", "div", "svg") {
		if p.called(n) == name {
			return &reading{p.t, n}
		}
	}
	p.t.Fatalf("nothing is called %q in: %s", name, p.text())
	return nil
}

// at is the part with an id.
func (p *reading) at(id string) *reading {
	p.t.Helper()
	n := p.byID(id)
	if n == nil {
		p.t.Fatalf("there is no %q", id)
	}
	return &reading{p.t, n}
}

// links are the addresses by the words of their links; the first of equals counts.
func (p *reading) links() map[string]string {
	found := map[string]string{}
	for _, n := range p.all("a") {
		if text := spoken(n); found[text] == "" {
			found[text] = attr(n, "href")
		}
	}
	return found
}

// leads demands that a link leads to an address.
func (p *reading) leads(words, address string) {
	p.t.Helper()
	if got, known := p.links()[words]; !known || got != address {
		p.t.Errorf("%q leads to %q, not to %q; there are %v", words, got, address, p.links())
	}
}

// buttons are the words of all buttons.
func (p *reading) buttons() []string {
	var found []string
	for _, n := range p.all("button") {
		found = append(found, spoken(n))
	}
	return found
}

// fields are what a form would send as it stands, the first of equals.
func (p *reading) fields() map[string]string {
	found := map[string]string{}
	for _, n := range p.all("input", "select") {
		name, value := attr(n, "name"), attr(n, "value")
		if attr(n, "type") == "checkbox" && !has(n, "checked") {
			continue
		}
		for _, o := range (&reading{p.t, n}).all("option") {
			if has(o, "selected") {
				value = attr(o, "value")
			}
		}
		if _, known := found[name]; !known {
			found[name] = value
		}
	}
	return found
}

// rows are the cells of all tables, without their heads.
func (p *reading) rows() [][]string {
	var rows [][]string
	for _, body := range p.all("tbody") {
		for _, tr := range (&reading{p.t, body}).all("tr") {
			var cells []string
			for _, td := range (&reading{p.t, tr}).all("td", "th") {
				cells = append(cells, spoken(td))
			}
			rows = append(rows, cells)
		}
	}
	return rows
}

// row finds the one row that begins with some words.
func (p *reading) row(first string) []string {
	p.t.Helper()
	for _, row := range p.rows() {
		if strings.HasPrefix(row[0], first) {
			return row
		}
	}
	p.t.Fatalf("no row begins with %q in %q", first, p.rows())
	return nil
}
