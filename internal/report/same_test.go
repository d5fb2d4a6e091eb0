package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ledongthuc/pdf"
	"golang.org/x/net/html"

	"github.com/faultline/faultline/internal/query"
)

// pieces is all text of a report, in the order in which a reader meets it.
func pieces(r *Report) []string {
	out := []string{r.title(), r.span(), r.Sentence}
	for _, tiles := range [][]Tile{r.Tiles, r.Groups} {
		for _, t := range tiles {
			out = append(out, t.Name, t.Value, t.Basis, t.Before)
		}
	}
	for _, s := range r.sections() {
		out = append(append(out, s.Title), s.Words...)
		for _, t := range s.Tables {
			out = append(out, t.Title)
			if len(t.Rows) == 0 {
				out = append(out, "None.")
			} else {
				out = append(out, t.Head...)
			}
			for _, row := range t.Rows {
				out = append(out, row...)
			}
			out = append(out, t.Note)
		}
	}
	return append(out, r.footer())
}

// solid is text without white space: where lines break is for a rendering to say.
func solid(text string) string { return strings.Join(strings.Fields(text), "") }

// sheet is one page of a PDF: its text without its foot, and how many pictures it
// shows.
type sheet struct {
	text     string
	pictures int
}

// sheets reads a PDF by a library that did not write it.
func sheets(t *testing.T, r *Report) []sheet {
	t.Helper()
	raw := []byte(render(t, r, PDF))
	doc, err := pdf.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	var out []sheet
	for n := 1; n <= doc.NumPage(); n++ {
		page := doc.Page(n)
		for _, font := range page.Fonts() {
			meaning, err := io.ReadAll(page.Font(font).V.Key("ToUnicode").Reader())
			if err != nil || !strings.Contains(string(meaning), "<0000> <FFFF> <0000>") {
				t.Fatalf("the codes of font %s mean something else than characters: %s %v", font, meaning, err)
			}
		}
		var text strings.Builder
		pictures := 0
		pdf.Interpret(page.V.Key("Contents"), func(stack *pdf.Stack, operator string) {
			switch operator {
			case "Tj":
				text.WriteString(characters(stack.Pop().RawString()))
			case "Do":
				pictures++
			}
			for stack.Len() > 0 {
				stack.Pop()
			}
		})
		body, found := strings.CutSuffix(solid(text.String()), solid(fmt.Sprintf("%s · page %d", r.title(), n)))
		if !found {
			t.Errorf("page %d does not end in its foot: %s", n, text.String())
		}
		out = append(out, sheet{body, pictures})
	}
	return out
}

// pdfText is the text of all pages.
func pdfText(t *testing.T, r *Report) string {
	t.Helper()
	var all strings.Builder
	for _, s := range sheets(t, r) {
		all.WriteString(s.text)
	}
	return all.String()
}

// characters are what codes of two bytes show.
func characters(codes string) string {
	units := make([]uint16, len(codes)/2)
	for i := range units {
		units[i] = uint16(codes[2*i])<<8 | uint16(codes[2*i+1])
	}
	return string(utf16.Decode(units))
}

// htmlText is the text of a page as a browser shows it, without its head.
func htmlText(t *testing.T, page string) string {
	t.Helper()
	var out strings.Builder
	hidden := false
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		switch z.Next() {
		case html.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				t.Fatal(z.Err())
			}
			return out.String()
		case html.StartTagToken:
			name, _ := z.TagName()
			hidden = hidden || string(name) == "head"
		case html.EndTagToken:
			name, _ := z.TagName()
			hidden = hidden && string(name) != "head"
		case html.TextToken:
			if !hidden {
				out.Write(z.Text())
			}
		}
	}
}

// difference tells where two texts part.
func difference(want, got string) string {
	i := 0
	for i < min(len(want), len(got)) && want[i] == got[i] {
		i++
	}
	cut := func(s string) string { return s[max(0, min(i-60, len(s))):min(len(s), i+80)] }
	return fmt.Sprintf("at byte %d of %d and %d: want …%s…, got …%s…", i, len(want), len(got), cut(want), cut(got))
}

// reports are what renderings must agree on: quarters, one of them with foreign
// text of every sort, and a quiet week.
func reports(t *testing.T) map[string]Report {
	t.Helper()
	foreign := simulateQuarter(3)
	foreign.title = "Überfällig <b>„naïve“</b> & \\(x) | *#4711* – Ωмега, 価格 🚀 " + strings.Repeat("unbreakable", 9)
	foreign.gate = []query.GateCount{}
	quiet := &quarter{}
	return map[string]Report{
		"quarter": simulateQuarter(7).build(t), "another quarter": simulateQuarter(11).build(t), "foreign text": foreign.build(t), "quiet week": quiet.build(t),
	}
}

// TestThePDFSaysWhatTheReportSays reads the text back out of the PDF: every word
// and figure of the model, in its order, and nothing besides.
func TestThePDFSaysWhatTheReportSays(t *testing.T) {
	for name, r := range reports(t) {
		t.Run(name, func(t *testing.T) {
			text := pdfText(t, &r)
			if want := solid(basic(strings.Join(pieces(&r), " "))); text != want {
				t.Error(difference(want, text))
			}
		})
	}
}

// TestAReaderOfTheFirstPageKnowsTheWeek looks at how the PDF falls into pages: what
// happened, what needs a decision and how AI-assisted changes compare stand on the
// first, no heading stands at the foot of a page without what it heads, and every
// picture is there.
func TestAReaderOfTheFirstPageKnowsTheWeek(t *testing.T) {
	for name, r := range reports(t) {
		all := sheets(t, &r)
		charts, err := r.Charts()
		if err != nil {
			t.Fatal(err)
		}
		pictures := 0
		for n, s := range all {
			pictures += s.pictures
			for _, part := range r.sections() {
				if strings.HasSuffix(s.text, solid(part.Title)) {
					t.Errorf("%s: the heading %q is all alone at the foot of page %d", name, part.Title, n+1)
				}
			}
		}
		if pictures != len(charts) || len(all) > 5 {
			t.Errorf("%s: %d pictures of %d, %d pages", name, pictures, len(charts), len(all))
		}
		for _, word := range []string{r.Sentence, strings.Join(r.Decisions, " "), r.Impact.Headline.Words} {
			if !strings.Contains(all[0].text, solid(word)) {
				t.Errorf("%s: the first page does not say %q", name, word)
			}
		}
		if strings.Contains(name, "quarter") && all[0].pictures != 2 {
			t.Errorf("%s: %d of the two pictures that compare are on the first page", name, all[0].pictures)
		}
	}
}

// TestThePageSaysWhatTheReportSays is the same for HTML, where the sole addition is
// the link home.
func TestThePageSaysWhatTheReportSays(t *testing.T) {
	for name, r := range reports(t) {
		text := strings.TrimSuffix(solid(html.UnescapeString(htmlText(t, render(t, &r, HTML)))), "OpenFaultline")
		if want := solid(strings.Join(pieces(&r), " ")); text != want {
			t.Errorf("%s: %s", name, difference(want, text))
		}
	}
}

// TestTheMarkdownSaysWhatTheReportSays finds every piece after the one before.
func TestTheMarkdownSaysWhatTheReportSays(t *testing.T) {
	for name, r := range reports(t) {
		rest := r.Markdown()
		for _, piece := range pieces(&r) {
			_, after, found := strings.Cut(rest, markdownText(piece))
			if !found {
				t.Errorf("%s: %q is not where it belongs, in …%.200s…", name, piece, rest)
				break
			}
			rest = after
		}
	}
}

// TestTheJSONHoldsAllThatTheOthersShow makes the other renderings from the JSON
// alone.
func TestTheJSONHoldsAllThatTheOthersShow(t *testing.T) {
	for name, r := range reports(t) {
		var again Report
		if err := json.Unmarshal([]byte(render(t, &r, JSON)), &again); err != nil {
			t.Fatal(err)
		}
		for _, f := range []Format{HTML, Markdown, JSON} {
			if render(t, &r, f) != render(t, &again, f) {
				t.Errorf("%s: %s made from the JSON differs", name, f)
			}
		}
		// The pictures of a PDF lie in it in any order.
		text := pdfText(t, &r)
		if other := pdfText(t, &again); text != other {
			t.Errorf("%s: the PDF made from the JSON differs: %s", name, difference(text, other))
		}
	}
}
