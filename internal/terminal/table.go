package terminal

import (
	"cmp"
	"io"
	"slices"
	"strings"
)

// Column is one column of a table. When the table is wider than the terminal,
// columns with Give are cut and those with Wrap go on in the next line; all
// others stay whole, as names must that are typed again. Columns with Drop are left
// out, the highest first, where the table would not fit even so; Least is the room
// below which a column that yields is not worth having, 10 when zero. Right aligns
// numbers.
type Column struct {
	Title string
	Give  bool
	Wrap  bool
	Right bool
	Drop  int
	Least int
}

// Table prints rows below their titles, never wider than the terminal: columns
// that yield do so by the widest first, what is cut ends in an ellipsis. Cells are
// made safe to print. Rows shorter than the columns are filled with empty cells.
func Table(out io.Writer, columns []Column, rows [][]string, o Options) error {
	p := newPage(o)
	widths, lines := measure(columns, rows)
	if o.Width != 0 {
		page := max(o.Width, minWidth)
		columns, widths, lines = dropped(columns, widths, lines, page)
		shrink(columns, widths, page)
	}
	for i, line := range lines {
		for _, whole := range arrange(columns, widths, line) {
			if i == 0 {
				whole = p.styled(bold, whole)
			}
			p.line(whole)
		}
	}
	return p.writeTo(out)
}

// arrange returns the lines of one row, each cell in its column.
func arrange(columns []Column, widths []int, row []string) []string {
	parts, height := make([][]string, len(row)), 1
	for c, cell := range row {
		parts[c] = []string{clip(cell, widths[c])}
		if columns[c].Wrap && widths[c] >= leastCells && cells(cell) > widths[c] {
			parts[c] = wrap(cell, widths[c])
		}
		height = max(height, len(parts[c]))
	}
	lines := make([]string, height)
	for i := range lines {
		var text strings.Builder
		for c := range row {
			cell := ""
			if i < len(parts[c]) {
				cell = parts[c][i]
			}
			if columns[c].Right {
				cell = strings.Repeat(" ", max(0, widths[c]-cells(cell))) + cell
			}
			text.WriteString(pad(cell, widths[c]) + "  ")
		}
		lines[i] = strings.TrimRight(text.String(), " ")
	}
	return lines
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

// leastCells is what is left of a column that yields, room for a long word.
const leastCells = 10

// dropped leaves columns out until the rest can fit, or none may go.
func dropped(columns []Column, widths []int, lines [][]string, page int) (kept []Column, keptWidths []int, keptLines [][]string) {
	for {
		least, out := 2*(len(widths)-1), -1
		for c := range columns {
			if columns[c].Give || columns[c].Wrap {
				least += min(widths[c], cmp.Or(columns[c].Least, leastCells))
			} else {
				least += widths[c]
			}
			if columns[c].Drop > 0 && (out < 0 || columns[c].Drop > columns[out].Drop) {
				out = c
			}
		}
		if least <= page || out < 0 {
			return columns, widths, lines
		}
		columns, widths = slices.Delete(slices.Clone(columns), out, out+1), slices.Delete(slices.Clone(widths), out, out+1)
		for i := range lines {
			lines[i] = slices.Delete(slices.Clone(lines[i]), out, out+1)
		}
	}
}

// shrink takes room from the columns that yield, the widest first, until the
// table fits or none can yield more.
func shrink(columns []Column, widths []int, page int) {
	total := 2 * (len(widths) - 1)
	for _, w := range widths {
		total += w
	}
	for ; total > page; total-- {
		widest := -1
		for c := range columns {
			if (columns[c].Give || columns[c].Wrap) && widths[c] > leastCells && (widest < 0 || widths[c] > widths[widest]) {
				widest = c
			}
		}
		if widest < 0 {
			// Nothing can yield: the last columns are cut at the page's edge.
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
