package terminal

import (
	"fmt"
	"io"
	"strings"
)

// Widths of the page in columns.
const (
	defaultWidth = 100
	minWidth     = 40
	maxWidth     = 160
)

// Options say how to print.
type Options struct {
	// Width is the number of columns of a terminal. Text is kept between 40 and
	// 160, since longer lines are hard to read; a table takes all there is. 0 is
	// no terminal: text is wrapped at 100, and no cell of a table is cut, so that
	// what reads a pipe finds whole names.
	Width int
	// Color adds ANSI colours. Nothing is told by colour alone.
	Color bool
}

// style is an ANSI attribute.
type style string

const (
	bold  style = "1"
	faint style = "2"
	red   style = "31"
	green style = "32"
)

// page collects lines.
type page struct {
	text  strings.Builder
	width int
	color bool
}

func newPage(o Options) *page {
	width := o.Width
	if width == 0 {
		width = defaultWidth
	}
	return &page{width: min(max(width, minWidth), maxWidth), color: o.Color}
}

// styled wraps text in an attribute when colours are asked for.
func (p *page) styled(s style, text string) string {
	if !p.color || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// line writes one line without trailing spaces.
func (p *page) line(text string) {
	p.text.WriteString(strings.TrimRight(text, " "))
	p.text.WriteByte('\n')
}

// paragraph writes text after a head; later lines are indented below its end.
// The head's columns must be given, since it may hold colour codes.
func (p *page) paragraph(head string, columns int, text string, s style) {
	for i, part := range wrap(clean(text), p.width-columns) {
		if i > 0 {
			head = strings.Repeat(" ", columns)
		}
		if s != "" {
			part = p.styled(s, part)
		}
		p.line(head + part)
	}
}

func (p *page) writeTo(out io.Writer) error {
	if _, err := io.WriteString(out, p.text.String()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// barCells is the length of a probability bar.
const barCells = 12

// bar draws a share from 0 to 1. Whatever is not zero shows.
func bar(share float64) string {
	full := int(share*barCells + 0.5)
	if share > 0 && full == 0 {
		full = 1
	}
	full = min(max(full, 0), barCells)
	return strings.Repeat("█", full) + strings.Repeat("░", barCells-full)
}

// percent prints a share so that small ones are not called nothing and great
// ones not certain.
func percent(share float64) string {
	switch {
	case share > 0 && share < 0.01:
		return "<1%"
	case share < 1 && share > 0.99:
		return ">99%"
	default:
		return fmt.Sprintf("%.0f%%", share*100)
	}
}

// Lines prints a text within the page's width, made safe to print.
func Lines(out io.Writer, text string, o Options) error {
	p := newPage(o)
	p.paragraph("", 0, text, "")
	return p.writeTo(out)
}
