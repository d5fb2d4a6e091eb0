package web

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/internal/figures"
)

// lineShape is a line chart's measures in its own units.
type lineShape struct {
	Class         string
	Width, Height float64
	Left, right   float64
	top, Bottom   float64
	// names is how many texts the lower axis has room for.
	names int
}

// lineShapes are those that pages choose from by the width of the screen.
var lineShapes = [...]lineShape{
	{Class: "wide", Width: 900, Height: 250, Left: 64, right: 886, top: 14, Bottom: 216, names: 10},
	{Class: "slim", Width: 340, Height: 220, Left: 48, right: 330, top: 14, Bottom: 186, names: 3},
}

// Right is where the lines of the scale end.
func (f lineShape) Right() float64 { return f.right }

// NumberX is where the numbers of the scale end.
func (f lineShape) NumberX() float64 { return f.Left - 6 }

func (f lineShape) x(share float64) float64 { return round1(f.Left + share*(f.right-f.Left)) }
func (f lineShape) y(share float64) float64 {
	return round1(f.Bottom - min(max(finite(share), 0), 1)*(f.Bottom-f.top))
}

// lineChart shows points over an axis, with a band of limits around them.
type lineChart struct {
	Name, About string
	Drawings    []lineDrawing
	// Rows are the table twin.
	Rows [][]string
}

// lineDrawing is the chart in one shape.
type lineDrawing struct {
	lineShape
	About          string
	Points         []chartPoint
	Line, Band     string
	Diagonal       string
	XTicks, YTicks []tickView
}

// chartPoint is one point; Out marks one beyond its limits.
type chartPoint struct {
	X, Y     float64
	LoY, HiY float64
	Bar      bool
	Out      bool
	Tip      string
}

// controlChart shows the weekly rate of all changes with its control limits.
func controlChart(weeks []figures.Week) *lineChart {
	c := &lineChart{Name: "Control chart", About: "Share of changes with a confirmed incident, by week, with control limits; the table below has the same content"}
	known := make([]interval, 0, 2*len(weeks))
	for i := range weeks {
		known = append(known, interval{hi: weeks[i].High})
		if weeks[i].All != nil {
			known = append(known, interval{hi: weeks[i].All.Value})
			c.Rows = append(c.Rows, weekCells(&weeks[i]))
		}
	}
	s := rateScale(known)
	for _, shape := range lineShapes {
		c.Drawings = append(c.Drawings, shape.control(c.About, weeks, &s))
	}
	return c
}

// control draws weeks in a shape.
func (f lineShape) control(about string, weeks []figures.Week, s *scale) lineDrawing {
	d := lineDrawing{lineShape: f, About: about}
	for _, t := range s.ticks {
		d.YTicks = append(d.YTicks, tickView{X: f.y(s.at(t)), Text: s.text(t)})
	}
	var line, upper, lower []string
	every := (len(weeks) + f.names - 1) / f.names
	for i := range weeks {
		w := &weeks[i]
		x := f.x((float64(i) + 0.5) / float64(len(weeks)))
		if i%every == 0 {
			d.XTicks = append(d.XTicks, tickView{X: x, Text: weekName(w.Starts)})
		}
		upper, lower = append(upper, points(x, f.y(s.at(w.High)))), append(lower, points(x, f.y(s.at(w.Low))))
		if w.All == nil {
			continue
		}
		p := chartPoint{X: x, Y: f.y(s.at(w.All.Value)), Out: w.Out, Tip: strings.Join(weekCells(w), ", ")}
		d.Points, line = append(d.Points, p), append(line, points(p.X, p.Y))
	}
	slices.Reverse(lower)
	d.Line, d.Band = strings.Join(line, " "), strings.Join(append(upper, lower...), " ")
	return d
}

func weekName(monday time.Time) string {
	year, week := monday.ISOWeek()
	return fmt.Sprintf("%d-W%02d", year, week)
}

// weekCells is a week in the table.
func weekCells(w *figures.Week) []string {
	verdict := "within"
	if w.Out {
		verdict = "outside"
	}
	return []string{weekName(w.Starts), group(w.All.N), group(w.All.Events), rateText(w.All.Value), rateText(w.Low) + " to " + rateText(w.High), verdict}
}

// calibrationChart holds stated probabilities against how often they were
// right. On the diagonal a probability can be taken at its word.
func calibrationChart(cal *figures.Calibration) *lineChart {
	c := &lineChart{Name: "Calibration", About: "How often the first suspect was right, by its stated probability; the table below has the same content"}
	bins := slices.DeleteFunc(slices.Clone(cal.Bins), func(b figures.CalibrationBin) bool { return b.Right.N == 0 })
	for i := range bins {
		c.Rows = append(c.Rows, binCells(&bins[i]))
	}
	for _, shape := range lineShapes {
		c.Drawings = append(c.Drawings, shape.calibration(c.About, bins))
	}
	return c
}

// calibration draws bins in a shape.
func (f lineShape) calibration(about string, bins []figures.CalibrationBin) lineDrawing {
	d := lineDrawing{lineShape: f, About: about, Diagonal: points(f.x(0), f.y(0), f.x(1), f.y(1))}
	for _, t := range []float64{0, 0.2, 0.4, 0.6, 0.8, 1} {
		d.XTicks = append(d.XTicks, tickView{X: f.x(t), Text: rateText(t)})
		d.YTicks = append(d.YTicks, tickView{X: f.y(t), Text: rateText(t)})
	}
	line := make([]string, len(bins))
	for i := range bins {
		b := &bins[i]
		p := chartPoint{
			X: f.x(min(max(finite(b.Stated), 0), 1)), Y: f.y(b.Right.Value), LoY: f.y(b.Right.Lo), HiY: f.y(b.Right.Hi), Bar: true, Tip: strings.Join(binCells(b), ", "),
		}
		d.Points, line[i] = append(d.Points, p), points(p.X, p.Y)
	}
	d.Line = strings.Join(line, " ")
	return d
}

// binCells is a range of probabilities in the table.
func binCells(b *figures.CalibrationBin) []string {
	return []string{rateText(b.From) + " to " + rateText(b.To), rateText(b.Stated), rateText(b.Right.Value), rateText(b.Right.Lo) + " to " + rateText(b.Right.Hi), group(b.Right.N)}
}
