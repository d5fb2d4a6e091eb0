package report

import (
	"bytes"
	"fmt"
	"strings"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/liberation/liberationsansbold"
	"github.com/go-fonts/liberation/liberationsansregular"
)

// Layout of a page of A4, in millimetres.
const (
	pdfMargin = 16.0
	pdfWidth  = 210 - 2*pdfMargin
	pdfBottom = 16.0
	pdfLine   = 4.6
	pdfFont   = "Liberation"
)

// document is a PDF under way.
type document struct{ *fpdf.Fpdf }

// pdf writes the report as PDF with its charts.
func (r *Report) pdf() ([]byte, error) {
	charts, err := r.Charts()
	if err != nil {
		return nil, err
	}
	d := newDocument(r)
	d.heading(r)
	d.tiles(r.Tiles)
	d.tiles(r.Groups)
	for _, s := range r.sections() {
		d.section(&s, charts)
	}
	d.text(8, r.footer())
	var out bytes.Buffer
	if err := d.Output(&out); err != nil {
		return nil, fmt.Errorf("write the report as PDF: %w", err)
	}
	return out.Bytes(), nil
}

func newDocument(r *Report) *document {
	d := &document{fpdf.New("P", "mm", "A4", "")}
	d.SetMargins(pdfMargin, pdfMargin, pdfMargin)
	d.SetAutoPageBreak(true, pdfBottom)
	d.AddUTF8FontFromBytes(pdfFont, "", liberationsansregular.TTF)
	d.AddUTF8FontFromBytes(pdfFont, "B", liberationsansbold.TTF)
	d.SetTitle(r.title(), true)
	d.SetLang("en")
	d.SetCreator("Faultline", true)
	d.SetCreationDate(r.MadeAt)
	d.SetModificationDate(r.MadeAt)
	d.SetCatalogSort(true)
	d.SetFooterFunc(func() {
		d.SetY(-11)
		d.font("", 8, 0x55, 0x63, 0x6f)
		d.CellFormat(0, 5, fmt.Sprintf("%s · page %d", r.title(), d.PageNo()), "", 0, "R", false, 0, "")
	})
	d.AddPage()
	return d
}

// font sets face, size and colour.
func (d *document) font(style string, size float64, red, green, blue int) {
	d.SetFont(pdfFont, style, size)
	d.SetTextColor(red, green, blue)
}

func (d *document) heading(r *Report) {
	d.font("B", 17, 0x1f, 0x2d, 0x3d)
	d.MultiCell(0, 8, basic(r.title()), "", "L", false)
	d.text(9, r.span())
	d.Ln(2)
	d.font("", 12, 0x1f, 0x2d, 0x3d)
	d.MultiCell(0, 5.6, basic(r.Sentence), "", "L", false)
	d.Ln(2)
}

// text writes a paragraph in grey.
func (d *document) text(size float64, words string) {
	d.font("", size, 0x55, 0x63, 0x6f)
	d.MultiCell(0, size*0.47, basic(words), "", "L", false)
}

// tiles stand side by side, as high as the one that holds most.
func (d *document) tiles(all []Tile) {
	const gap = 2.0
	width, top, bottom := (pdfWidth-gap*float64(len(all)-1))/float64(len(all)), d.GetY(), d.GetY()
	for _, drawn := range []bool{false, true} {
		for i := range all {
			x := pdfMargin + float64(i)*(width+gap)
			if drawn {
				d.SetFillColor(0xf4, 0xf7, 0xfa)
				d.SetDrawColor(0xdf, 0xe5, 0xea)
				d.Rect(x, top, width, bottom-top, "FD")
			}
			bottom = max(bottom, d.tile(&all[i], x+2, top+2, width-4, drawn)+2)
		}
	}
	d.SetY(bottom + 3)
}

// tile writes one tile, or only measures it, and returns where it ends.
func (d *document) tile(t *Tile, x, y, width float64, drawn bool) float64 {
	for _, line := range []struct {
		text, style      string
		size, high, grey float64
	}{
		{t.Name, "", 8, 3.6, 0x55}, {t.Value, "B", 14, 7, 0x1f}, {t.Basis, "", 7.5, 3.5, 0x3b}, {t.Before, "", 7.5, 3.5, 0x55},
	} {
		d.font(line.style, line.size, int(line.grey), int(line.grey)+0x0e, int(line.grey)+0x1a)
		for _, part := range d.SplitText(basic(line.text), width) {
			if drawn {
				d.SetXY(x, y)
				d.CellFormat(width, line.high, part, "", 0, "L", false, 0, "")
			}
			y += line.high
		}
	}
	return y
}

func (d *document) section(s *section, charts map[string]Chart) {
	d.room(d.opening(s, charts))
	d.Ln(3)
	d.font("B", 12.5, 0x1f, 0x2d, 0x3d)
	d.MultiCell(0, 6, basic(s.Title), "", "L", false)
	d.SetDrawColor(0x0b, 0x5c, 0xad)
	d.SetLineWidth(0.5)
	d.Line(pdfMargin, d.GetY()+0.5, pdfMargin+pdfWidth, d.GetY()+0.5)
	d.SetLineWidth(0.2)
	d.Ln(2.5)
	for _, words := range s.Words {
		d.font("", 9.5, 0x1f, 0x2d, 0x3d)
		d.MultiCell(0, pdfLine, basic(words), "", "L", false)
		d.Ln(1.2)
	}
	for _, name := range s.Charts {
		if c, drawn := charts[name]; drawn {
			d.chart(c)
		}
	}
	for i := range s.Tables {
		d.table(&s.Tables[i])
	}
}

// opening is the height of a section's heading with what must not part from it:
// its words, and the chart or the table that follows.
func (d *document) opening(s *section, charts map[string]Chart) float64 {
	height := 14.0
	d.font("", 9.5, 0, 0, 0)
	for _, words := range s.Words {
		height += pdfLine*float64(len(d.SplitText(basic(words), pdfWidth))) + 1.2
	}
	for _, name := range s.Charts {
		if _, drawn := charts[name]; drawn {
			return height + chartHigh + 2
		}
	}
	for i := range s.Tables {
		return height + together(&s.Tables[i])
	}
	return height
}

// A chart is so wide and high that the two that compare find room on the first
// page, below what needs a decision.
const (
	chartWide = 0.72 * pdfWidth
	chartHigh = chartWide * float64(chartHeight) / float64(chartWidth)
)

func (d *document) chart(c Chart) {
	height := chartHigh
	d.room(height + 2)
	options := fpdf.ImageOptions{ImageType: "PNG"}
	d.RegisterImageOptionsReader(c.Name, options, bytes.NewReader(c.PNG))
	d.ImageOptions(c.Name, pdfMargin, d.GetY(), chartWide, height, false, options, 0, "")
	d.SetY(d.GetY() + height + 2)
}

// room starts a new page unless so much is left of this one.
func (d *document) room(height float64) {
	if _, page := d.GetPageSize(); d.GetY()+height > page-pdfBottom {
		d.AddPage()
	}
}

// tableTogether is the height up to which a table is kept on one page.
const tableTogether = 70

// together is about how much room a table wants on the page where it begins.
func together(t *table) float64 { return min(14+7*float64(len(t.Rows)), tableTogether) }

func (d *document) table(t *table) {
	d.room(together(t))
	if t.Title != "" {
		d.font("B", 9, 0x1f, 0x2d, 0x3d)
		d.MultiCell(0, pdfLine, basic(t.Title), "", "L", false)
	}
	if len(t.Rows) == 0 {
		d.text(9, "None.")
		d.note(t)
		return
	}
	widths := d.columns(t)
	if strings.Join(t.Head, "") != "" {
		d.row(t.Head, "", widths, "B", 0x9a)
	}
	for i, cells := range t.Rows {
		link := ""
		if i < len(t.Link) {
			link = t.Link[i]
		}
		if i == len(t.Rows)-1 && t.Note != "" {
			d.room(noteHigh)
		}
		d.row(cells, link, widths, "", 0xe0)
	}
	d.note(t)
}

// noteHigh is about the height of a last row with the note below it, which do not
// part.
const noteHigh = 18

// note ends a table.
func (d *document) note(t *table) {
	if t.Note != "" {
		d.text(7.5, t.Note)
	}
	d.Ln(2)
}

// columns gives each column room for its longest word and shares the rest out by
// the length of what stands in it, within bounds, so that a long cell does not
// starve the others.
func (d *document) columns(t *table) []float64 {
	d.font("B", 8.5, 0, 0, 0)
	widths, lengths := make([]float64, len(t.Head)), make([]float64, len(t.Head))
	left, total := pdfWidth, 0.0
	for i := range widths {
		cells := []string{t.Head[i]}
		for _, row := range t.Rows {
			cells = append(cells, row[i])
		}
		for _, cell := range cells {
			lengths[i] = max(lengths[i], float64(min(len([]rune(cell)), 60)))
			for word := range strings.FieldsSeq(basic(cell)) {
				widths[i] = max(widths[i], min(d.GetStringWidth(word)+3.5, pdfWidth/3))
			}
		}
		left -= widths[i]
		total += lengths[i]
	}
	for i := range widths {
		if left > 0 && total > 0 {
			widths[i] += left * lengths[i] / total
		} else {
			widths[i] *= pdfWidth / (pdfWidth - left)
		}
	}
	return widths
}

// row writes cells that wrap, as high as the highest.
func (d *document) row(cells []string, link string, widths []float64, style string, grey int) {
	d.font(style, 8.5, 0x1f, 0x2d, 0x3d)
	lines := 1
	wrapped := make([][]string, len(cells))
	for i, cell := range cells {
		wrapped[i] = d.SplitText(basic(cell), widths[i]-2)
		lines = max(lines, len(wrapped[i]))
	}
	height := float64(lines)*3.9 + 1.4
	d.room(height)
	top, x := d.GetY(), pdfMargin
	for i := range cells {
		for n, line := range wrapped[i] {
			d.SetXY(x, top+0.7+float64(n)*3.9)
			address := ""
			if i == 0 {
				address = link
			}
			d.CellFormat(widths[i], 3.9, line, "", 0, "L", false, 0, address)
		}
		x += widths[i]
	}
	d.SetDrawColor(grey, grey, grey)
	d.Line(pdfMargin, top+height, pdfMargin+pdfWidth, top+height)
	d.SetXY(pdfMargin, top+height)
}

// basic leaves what the font can show: characters beyond the basic plane have no
// place in its table.
func basic(text string) string {
	return strings.Map(func(r rune) rune {
		if r > 0xffff {
			return '?'
		}
		return r
	}, text)
}
