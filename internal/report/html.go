package report

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"unicode/utf8"
)

//go:embed report.html
var page string

// pageTemplate is parsed once; it never changes.
var pageTemplate = template.Must(template.New("report").Parse(page))

// picture says where a rendering finds a chart.
type picture func(c Chart) template.URL

// inline puts the picture into the page itself.
func inline(c Chart) template.URL {
	//nolint:gosec // The address is made here of our own picture.
	return template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(c.PNG))
}

// attached points at the part of a mail that holds the picture.
func attached(c Chart) template.URL {
	//nolint:gosec // The names of charts are constants of this package.
	return template.URL("cid:" + c.Name)
}

// htmlView is what the template shows.
type htmlView struct {
	Title, Span, Sentence, Footer, URL string
	Tiles, Groups                      []Tile
	Sections                           []htmlSection
}

type htmlSection struct {
	section
	Pictures []htmlPicture
	Tables   []htmlTable
}

type htmlPicture struct {
	Source template.URL
	Alt    string
}

type htmlTable struct {
	Title, Note string
	Head        []string
	Rows        []htmlRow
}

type htmlRow struct {
	Link  string
	Cells []htmlCell
}

type htmlCell struct {
	Text string
	// Break lets words be broken: only where one is too long for its column, since
	// a browser makes such columns narrow.
	Break bool
}

// longWord is from how many characters on a word may be broken.
const longWord = 20

// html writes the page for mail and browser: tables and inline styles only,
// since mail programs know little more.
func (r *Report) html(where picture) ([]byte, error) {
	charts, err := r.Charts()
	if err != nil {
		return nil, err
	}
	view := htmlView{Title: r.title(), Span: r.span(), Sentence: r.Sentence, Footer: r.footer(), URL: r.BaseURL, Tiles: r.Tiles, Groups: r.Groups}
	for _, s := range r.sections() {
		part := htmlSection{section: s}
		for _, name := range s.Charts {
			if c, drawn := charts[name]; drawn {
				part.Pictures = append(part.Pictures, htmlPicture{Source: where(c), Alt: c.Alt})
			}
		}
		for _, t := range s.Tables {
			part.Tables = append(part.Tables, htmlTableOf(t))
		}
		view.Sections = append(view.Sections, part)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, view); err != nil {
		return nil, fmt.Errorf("write the report as HTML: %w", err)
	}
	return out.Bytes(), nil
}

func htmlTableOf(t table) htmlTable {
	out := htmlTable{Title: t.Title, Note: t.Note}
	for _, name := range t.Head {
		if name != "" {
			out.Head = t.Head
		}
	}
	for i, cells := range t.Rows {
		row := htmlRow{}
		for _, cell := range cells {
			long := slices.ContainsFunc(strings.Fields(cell), func(word string) bool { return utf8.RuneCountInString(word) > longWord })
			row.Cells = append(row.Cells, htmlCell{Text: cell, Break: long})
		}
		if i < len(t.Link) {
			row.Link = t.Link[i]
		}
		out.Rows = append(out.Rows, row)
	}
	return out
}

// Mail writes the page with its charts apart, for a mail that carries them as
// parts of their own: mail programs show no pictures from inside a page.
func (r *Report) Mail() (page []byte, charts []Chart, err error) {
	all, err := r.Charts()
	if err != nil {
		return nil, nil, err
	}
	for _, name := range []string{chartRates, chartRatios, chartWeeks} {
		if c, drawn := all[name]; drawn {
			charts = append(charts, c)
		}
	}
	page, err = r.html(attached)
	return page, charts, err
}
