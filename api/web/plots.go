package web

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// The measures of the plots in their own units.
const (
	plotWidth  = 900.0
	plotLabels = 300.0
	plotNotes  = 230.0
	plotRow    = 26.0
	plotTop    = 26.0
	rowLetters = 42
)

// intervalPlot shows values with their intervals, one a row, on one scale.
type intervalPlot struct {
	Name, About   string
	Width, Height float64
	Rows          []intervalRow
	Ticks         []tickView
	// RefX is the line of no difference; HasRef tells that there is one.
	RefX   float64
	HasRef bool
	// LabelX and NoteX are where texts begin.
	LabelX, NoteX float64
	// Columns are the headings of the table twin.
	ValueName string
}

// intervalRow is one value with its interval.
type intervalRow struct {
	// Label fits the picture; Full is what the table says.
	Label, Full string
	Y, TextY    float64
	X, LoX      float64
	HiX         float64
	HasValue    bool
	OpenEnded   bool
	Strong      bool
	Note        string
	Value       string
	Interval    string
	Count       string
	Diamond     string
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

func (s *scale) at(v float64) float64 {
	lo, hi := s.lo, s.hi
	if s.log {
		v, lo, hi = math.Log(max(v, 1e-9)), math.Log(lo), math.Log(hi)
	}
	return min(max((v-lo)/(hi-lo), 0), 1)
}

// plotIntervals draws intervals on a scale.
func plotIntervals(name, about, valueName string, rows []interval, s scale) *intervalPlot {
	p := &intervalPlot{
		Name: name, About: about, Width: plotWidth, Height: plotTop + float64(len(rows))*plotRow + 8, LabelX: plotLabels - 12, NoteX: plotWidth - plotNotes + 16, ValueName: valueName,
	}
	x := func(v float64) float64 { return round1(plotLabels + s.at(v)*(plotWidth-plotLabels-plotNotes)) }
	for _, t := range s.ticks {
		p.Ticks = append(p.Ticks, tickView{X: x(t), Text: s.text(t)})
	}
	if s.log {
		p.RefX, p.HasRef = x(1), true
	}
	for i, r := range rows {
		y := plotTop + (float64(i)+0.5)*plotRow
		row := intervalRow{Label: label(r.label, rowLetters), Full: line(r.label), Y: y, TextY: y + 4, Note: r.note, Count: r.count, Strong: r.strong, R: markRadius(r.weight)}
		if !r.missing {
			row.HasValue, row.X, row.LoX, row.HiX = true, x(r.value), x(r.lo), x(min(r.hi, s.hi))
			row.OpenEnded = r.hi > s.hi
			row.Value, row.Interval = s.text(r.value), s.text(r.lo)+" to "+s.text(r.hi)
			row.Diamond = fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f", row.X, y-6, row.X+6, y, row.X, y+6, row.X-6, y)
			row.ArrowPoint = fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", row.HiX+7, y, row.HiX, y-4, row.HiX, y+4)
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// Bare tells that no row has a value, so that there is nothing to draw.
func (p *intervalPlot) Bare() bool {
	return !slices.ContainsFunc(p.Rows, func(r intervalRow) bool { return r.HasValue })
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
			top = max(top, r.hi)
		}
	}
	step := niceStep(max(top, 0.001) / 4)
	s := scale{text: rateText}
	for v := 0.0; v < top+step; v += step {
		s.ticks = append(s.ticks, v)
		s.hi = v
	}
	if s.hi == 0 {
		s.hi, s.ticks = 1, []float64{0, 1}
	}
	return s
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
	case v > 0 && v < 0.01:
		digits = 2
	case v > 0 && v < 0.1:
		digits = 1
	}
	return strconv.FormatFloat(100*v, 'f', digits, 64) + "\u00a0%"
}

func ratioText(v float64) string {
	switch {
	case math.IsInf(v, 1):
		return "no bound"
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

// lineChart shows points over an axis, with a band of limits around them.
type lineChart struct {
	Name, About    string
	Width, Height  float64
	Left, Right    float64
	Bottom         float64
	Points         []chartPoint
	Line, Band     string
	Diagonal       string
	XTicks, YTicks []tickView
	XName, YName   string
}

// chartPoint is one point; Out marks one beyond its limits.
type chartPoint struct {
	X, Y     float64
	LoY, HiY float64
	Bar      bool
	Out      bool
	Tip      string
	// The row of the table.
	Cells []string
}

// The measures of the line charts.
const (
	lineWidth  = 900.0
	lineHeight = 250.0
	lineLeft   = 64.0
	lineRight  = 14.0
	lineTop    = 14.0
	lineBottom = 34.0
)

func lineFrame(name, about string) *lineChart {
	return &lineChart{
		Name: name, About: about, Width: lineWidth, Height: lineHeight, Left: lineLeft, Right: lineWidth - lineRight, Bottom: lineHeight - lineBottom,
	}
}

func lineX(share float64) float64 { return round1(lineLeft + share*(lineWidth-lineLeft-lineRight)) }
func lineY(share float64) float64 {
	return round1(lineHeight - lineBottom - min(max(share, 0), 1)*(lineHeight-lineTop-lineBottom))
}

// controlChart shows the weekly rate of all changes with its control limits.
func controlChart(weeks []figures.Week) *lineChart {
	c := lineFrame("Control chart", "Share of changes with a confirmed incident, by week, with control limits; the table below has the same content")
	c.XName, c.YName = "Week", "Share with a confirmed incident"
	rows := make([]interval, 0, len(weeks))
	for i := range weeks {
		rows = append(rows, interval{hi: weeks[i].High})
		if weeks[i].All != nil {
			rows = append(rows, interval{hi: weeks[i].All.Value})
		}
	}
	s := rateScale(rows)
	for _, t := range s.ticks {
		c.YTicks = append(c.YTicks, tickView{X: lineY(s.at(t)), Text: s.text(t)})
	}
	var line, upper, lower []string
	every := max(1, len(weeks)/8)
	for i := range weeks {
		w := &weeks[i]
		x := lineX((float64(i) + 0.5) / float64(len(weeks)))
		if i%every == 0 {
			c.XTicks = append(c.XTicks, tickView{X: x, Text: weekName(w.Starts)})
		}
		upper = append(upper, fmt.Sprintf("%.1f,%.1f", x, lineY(s.at(w.High))))
		lower = append(lower, fmt.Sprintf("%.1f,%.1f", x, lineY(s.at(w.Low))))
		p := chartPoint{X: x, Cells: weekCells(w)}
		if w.All == nil {
			continue
		}
		p.Y, p.Out = lineY(s.at(w.All.Value)), w.Out
		p.Tip = strings.Join(p.Cells, ", ")
		c.Points = append(c.Points, p)
		line = append(line, fmt.Sprintf("%.1f,%.1f", p.X, p.Y))
	}
	c.Line = strings.Join(line, " ")
	for i := len(lower) - 1; i >= 0; i-- {
		upper = append(upper, lower[i])
	}
	c.Band = strings.Join(upper, " ")
	return c
}

func weekName(monday time.Time) string {
	year, week := monday.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// weekCells is a week in the table.
func weekCells(w *figures.Week) []string {
	changes, events, value := "0", "0", "no changes"
	if w.All != nil {
		changes, events, value = group(w.All.N), group(w.All.Events), rateText(w.All.Value)
	}
	verdict := "within"
	if w.Out {
		verdict = "outside"
	}
	return []string{weekName(w.Starts), changes, events, value, rateText(w.Low) + " to " + rateText(w.High), verdict}
}

// calibrationChart holds stated probabilities against how often they were
// right. On the diagonal a probability can be taken at its word.
func calibrationChart(cal *figures.Calibration) *lineChart {
	c := lineFrame("Calibration", "How often the first suspect was right, by its stated probability; the table below has the same content")
	c.XName, c.YName = "Stated probability", "Share that was right"
	for _, t := range []float64{0, 0.2, 0.4, 0.6, 0.8, 1} {
		c.XTicks = append(c.XTicks, tickView{X: lineX(t), Text: rateText(t)})
		c.YTicks = append(c.YTicks, tickView{X: lineY(t), Text: rateText(t)})
	}
	c.Diagonal = fmt.Sprintf("%.1f,%.1f %.1f,%.1f", lineX(0), lineY(0), lineX(1), lineY(1))
	var line []string
	for i := range cal.Bins {
		b := &cal.Bins[i]
		if b.Right.N == 0 {
			continue
		}
		p := chartPoint{
			X: lineX(b.Stated), Y: lineY(b.Right.Value), LoY: lineY(b.Right.Lo), HiY: lineY(b.Right.Hi), Bar: true,
			Cells: []string{rateText(b.From) + " to " + rateText(b.To), rateText(b.Stated), rateText(b.Right.Value), rateText(b.Right.Lo) + " to " + rateText(b.Right.Hi), group(b.Right.N)},
		}
		p.Tip = strings.Join(p.Cells, ", ")
		c.Points = append(c.Points, p)
		line = append(line, fmt.Sprintf("%.1f,%.1f", p.X, p.Y))
	}
	c.Line = strings.Join(line, " ")
	return c
}
