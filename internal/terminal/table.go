package terminal

import (
	"io"
	"strings"
)

// Column is one column of a table. A column with Give yields its room first when
// the table is wider than the page; Right aligns numbers.
type Column struct {
	Title string
	Give  bool
	Right bool
}

// Table prints rows below their titles, never wider than the page: columns that
// may give are cut with an ellipsis, the widest first. Cells are made safe to
// print. Rows shorter than the columns are filled with empty cells.
func Table(out io.Writer, columns []Column, rows [][]string, o Options) error {
	p := newPage(o)
	widths, lines := measure(columns, rows)
	shrink(columns, widths, p.width)
	for i, line := range lines {
		var text strings.Builder
		for c, cell := range line {
			cell = clip(cell, widths[c])
			if columns[c].Right {
				cell = strings.Repeat(" ", max(0, widths[c]-cells(cell))) + cell
			}
			text.WriteString(pad(cell, widths[c]) + "  ")
		}
		whole := strings.TrimRight(text.String(), " ")
		if i == 0 {
			whole = p.styled(bold, whole)
		}
		p.line(whole)
	}
	return p.writeTo(out)
}

// measure cleans all cells, titles first, and tells how wide each column is.
func measure(columns []Column, rows [][]string) (widths []int, lines [][]string) {
	widths = make([]int, len(columns))
	add := func(cellOf func(int) string) {
		line := make([]string, len(columns))
		for c := range columns {
			line[c] = clean(cellOf(c))
			widths[c] = max(widths[c], cells(line[c]))
		}
		lines = append(lines, line)
	}
	add(func(c int) string { return strings.ToUpper(columns[c].Title) })
	for _, row := range rows {
		add(func(c int) string {
			if c < len(row) {
				return row[c]
			}
			return ""
		})
	}
	return widths, lines
}

// leastCells is what is left of a column that gives.
const leastCells = 8

// shrink takes columns from those that give, the widest first, until the table
// fits or none can give more.
func shrink(columns []Column, widths []int, page int) {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > page; total-- {
		widest := -1
		for c := range columns {
			if columns[c].Give && widths[c] > leastCells && (widest < 0 || widths[c] > widths[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			// Nothing can give: the last columns are cut at the page's edge.
			cutAtEdge(widths, page)
			return
		}
		widths[widest]--
	}
}

// cutAtEdge narrows columns from the last one on.
func cutAtEdge(widths []int, page int) {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for c := len(widths) - 1; c >= 0; c-- {
		take := min(total-page, widths[c]-1)
		if take <= 0 {
			continue
		}
		widths[c] -= take
		total -= take
	}
}
