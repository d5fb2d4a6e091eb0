package web

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/faultline/faultline/internal/figures"
)

// plotShape is a drawing's measures in its own units. On a desk a row has its
// label on the left of the interval and its note on the right; on a telephone
// above and below, so that letters keep their size.
type plotShape struct {
	Class       string
	Width       float64
	left, right float64
	row         float64
	// labelX and noteX are where texts stand, labelDY and noteDY how far from the
	// interval.
	labelX, noteX    float64
	labelDY, noteDY  float64
	letters, crowded int
}

// plotShapes are those that pages choose from by the width of the screen.
var plotShapes = [...]plotShape{
	{Class: "wide", Width: 900, left: 300, right: 670, row: 26, labelX: 288, noteX: 686, labelDY: 4, noteDY: 4, letters: 42, crowded: 9},
	{Class: "slim", Width: 340, left: 14, right: 326, row: 58, labelX: 4, noteX: 4, labelDY: -14, noteDY: 20, letters: 44, crowded: 5},
}

// plotTop is the room of the scale above the rows.
const plotTop = 26.0

// intervalPlot shows values with their intervals, one a row, on one scale.
type intervalPlot struct {
	Name, About string
	// ValueName heads the values of the table twin.
	ValueName string
	Drawings  []intervalDrawing
	Rows      []intervalText
}

// intervalDrawing is the plot in one shape.
type intervalDrawing struct {
	plotShape
	About  string
	Height float64
	Rows   []intervalRow
	Ticks  []tickView
	// RefX is the line of no difference; HasRef tells that there is one.
	RefX   float64
	HasRef bool
	// Anchor tells which end of a label stands at its place.
	Anchor string
}

// intervalText is a row of the table twin.
type intervalText struct {
	Full, Note, Value, Interval, Count string
	HasValue                           bool
}

// intervalRow is one value with its interval, as drawn.
type intervalRow struct {
	Label, Note    string
	LabelX, LabelY float64
	NoteX, NoteY   float64
	Y, X, LoX, HiX float64
	HasValue       bool
	OpenEnded      bool
	Strong         bool
	Diamond        string
	// R is the radius of the mark.
	R          float64
	ArrowPoint string
}

// interval is what a row is made from. Hi may be infinite.
type interval struct {
	label, note, count string
	value, lo, hi      float64
	missing            bool
	strong             bool
	// weight is the share of a stratum, 0 for rows that have none.
	weight float64
}

// scale maps a value to 0..1.
type scale struct {
	lo, hi float64
	log    bool
	ticks  []float64
	text   func(float64) string
}

// at answers where a value lies; what is no number lies at the beginning.
func (s *scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log(max(v, 1e-9)), math.Log(lo), math.Log(hi)
	}
	share := (v - lo) / (hi - lo)
	if math.IsNaN(share) {
		return 0
	}
	return min(max(share, 0), 1)
}

// plotIntervals draws intervals on a scale. A value that is no number is missing.
func plotIntervals(name, about, valueName string, rows []interval, s scale) *intervalPlot {
	p := &intervalPlot{Name: name, About: about, ValueName: valueName}
	rows = slices.Clone(rows)
	for i := range rows {
		r := &rows[i]
		if !r.missing && math.IsNaN(r.value+r.lo+r.hi) {
			r.missing, r.note = true, "not known"
		}
		text := intervalText{Full: line(r.label), Note: r.note, Count: r.count, HasValue: !r.missing}
		if text.HasValue {
			text.Value, text.Interval = s.text(r.value), s.text(r.lo)+" to "+s.text(r.hi)
		}
		p.Rows = append(p.Rows, text)
	}
	for _, shape := range plotShapes {
		p.Drawings = append(p.Drawings, shape.intervals(about, rows, &s))
	}
	return p
}

// intervals draws rows in a shape.
func (f plotShape) intervals(about string, rows []interval, s *scale) intervalDrawing {
	d := intervalDrawing{plotShape: f, About: about, Height: plotTop + float64(len(rows))*f.row + 8, Anchor: "start"}
	if f.labelX > f.left/2 {
		d.Anchor = "end"
	}
	x := func(v float64) float64 { return round1(f.left + s.at(v)*(f.right-f.left)) }
	every := (len(s.ticks) + f.crowded - 1) / f.crowded
	for i, t := range s.ticks {
		if i%every == 0 {
			d.Ticks = append(d.Ticks, tickView{X: x(t), Text: s.text(t)})
		}
	}
	if s.log {
		d.RefX, d.HasRef = x(1), true
	}
	for i := range rows {
		r := &rows[i]
		y := plotTop + (float64(i)+0.5)*f.row
		row := intervalRow{
			Label: label(r.label, f.letters), Note: r.note, Y: y, LabelX: f.labelX, LabelY: y + f.labelDY, NoteX: f.noteX, NoteY: y + f.noteDY, Strong: r.strong, R: markRadius(r.weight),
		}
		if !r.missing {
			row.HasValue, row.X, row.LoX, row.HiX = true, x(r.value), x(r.lo), x(min(r.hi, s.hi))
			row.OpenEnded = r.hi > s.hi
			row.Diamond = points(row.X, y-6, row.X+6, y, row.X, y+6, row.X-6, y)
			row.ArrowPoint = points(row.HiX+7, y, row.HiX, y-4, row.HiX, y+4)
		}
		d.Rows = append(d.Rows, row)
	}
	return d
}

// points writes an outline, x and y by turns.
func points(xy ...float64) string {
	var out strings.Builder
	for i, v := range xy {
		if i > 0 {
			out.WriteByte(" ,"[i%2])
		}
		out.WriteString(strconv.FormatFloat(v, 'f', 1, 64))
	}
	return out.String()
}

// Bare tells that no row has a value, so that there is nothing to draw.
func (p *intervalPlot) Bare() bool {
	return !slices.ContainsFunc(p.Rows, func(r intervalText) bool { return r.HasValue })
}

// markRadius grows with the root of a weight, so that areas compare.
func markRadius(weight float64) float64 {
	if weight <= 0 {
		return 4.5
	}
	return round1(2.5 + 7*math.Sqrt(min(weight, 1)))
}

// rateScale is a linear scale from nothing to a little above the largest value.
func rateScale(rows []interval) scale {
	top := 0.0
	for _, r := range rows {
		if !r.missing {
			top = max(top, finite(r.hi))
		}
	}
	if top = min(top, 1); top == 0 {
		// Nothing has happened: the scale of what is rare.
		top = 0.01
	}
	step := niceStep(max(top, 0.001) / 4)
	s := scale{text: rateText}
	for v := 0.0; v < top+step; v += step {
		s.ticks = append(s.ticks, v)
		s.hi = v
	}
	return s
}

// finite is a value that can be drawn, else 0.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}

// niceStep rounds up to 1, 2 or 5 times a power of ten.
func niceStep(x float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(x)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= x {
			return m * power
		}
	}
	return 10 * power
}

// shareScale is the whole scale of a share.
func shareScale() scale { return scale{hi: 1, ticks: []float64{0, 0.25, 0.5, 0.75, 1}, text: rateText} }

// ratioScale is logarithmic around 1, wide enough for what is finite and no
// wider than a factor of 20.
func ratioScale(rows []interval) scale {
	reach := 2.0
	for _, r := range rows {
		if r.missing {
			continue
		}
		for _, v := range []float64{r.value, r.lo, r.hi} {
			if v > 0 && !math.IsInf(v, 0) {
				reach = max(reach, v, 1/v)
			}
		}
	}
	reach = min(reach*1.1, 20)
	s := scale{lo: 1 / reach, hi: reach, log: true, text: ratioText}
	for _, t := range []float64{0.1, 0.2, 0.5, 1, 2, 5, 10} {
		if t >= s.lo && t <= s.hi {
			s.ticks = append(s.ticks, t)
		}
	}
	return s
}

// rateText prints a share with the digits that a rare event needs.
func rateText(v float64) string {
	digits := 0
	switch {
	case math.IsNaN(v) || math.Abs(v) > 1e6:
		return "not known"
	case v > 0 && v < 0.01:
		digits = 2
	case v > 0 && v < 0.1:
		digits = 1
	}
	return strconv.FormatFloat(100*v, 'f', digits, 64) + "%"
}

func ratioText(v float64) string {
	switch {
	case math.IsNaN(v) || v < 0:
		return "not known"
	case math.IsInf(v, 1):
		return "no bound"
	case v >= 1e6:
		return "over a million"
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64)
	default:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
}

// shareRow is a share as a row.
func shareRow(label string, s *figures.Share) interval {
	if s == nil {
		return interval{label: label, missing: true, note: "no data", count: "0"}
	}
	return interval{
		label: label, value: s.Value, lo: s.Lo, hi: s.Hi, count: group(s.Events) + " of " + group(s.N),
		note: rateText(s.Value) + " (" + group(s.Events) + " of " + group(s.N) + ")",
	}
}

// ratioRow is a ratio as a row; what is without bound reaches the edge.
func ratioRow(label string, r *figures.Ratio, strong bool) interval {
	if r == nil {
		return interval{label: label, missing: true, note: "not enough data"}
	}
	row := interval{label: label, lo: r.Lo, hi: math.Inf(1), value: math.Inf(1), strong: strong}
	if r.Hi != nil {
		row.hi = *r.Hi
	}
	if r.Value != nil {
		row.value = *r.Value
	}
	row.note = ratioText(row.value) + " (" + ratioText(row.lo) + " to " + ratioText(row.hi) + ")"
	return row
}
