package report

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// The charts of a report.
const (
	chartRates  = "rates"
	chartRatios = "ratios"
	chartWeeks  = "weeks"
)

// Chart is one picture, with words for those who cannot see it. The numbers are
// in the tables as well.
type Chart struct {
	Name string
	Alt  string
	PNG  []byte
}

// Size of a chart: it is drawn at twice the width of a mail for dense screens.
const (
	chartWidth  = 6 * vg.Inch
	chartHeight = 2.1 * vg.Inch
	chartDPI    = 192
)

// The colours. Who does not tell red from blue sees an alarm by its ring.
var (
	inkColor    = color.RGBA{R: 0x1f, G: 0x2d, B: 0x3d, A: 0xff}
	bandColor   = color.RGBA{R: 0xdd, G: 0xe6, B: 0xee, A: 0xff}
	markColor   = color.RGBA{R: 0x0b, G: 0x5c, B: 0xad, A: 0xff}
	alarmColor  = color.RGBA{R: 0xb4, G: 0x23, B: 0x18, A: 0xff}
	gridColor   = color.RGBA{R: 0xcc, G: 0xd3, B: 0xda, A: 0xff}
	markRadius  = vg.Points(3.5)
	whiskerWide = vg.Points(1.6)
)

// Charts draws the pictures that there are data for.
func (r *Report) Charts() (map[string]Chart, error) {
	out := map[string]Chart{}
	for name, drawIt := range map[string]func() (*plot.Plot, string){chartRates: r.ratePlot, chartRatios: r.ratioPlot, chartWeeks: r.weekPlot} {
		p, alt := drawIt()
		if p == nil {
			continue
		}
		png, err := drawPNG(p)
		if err != nil {
			return nil, fmt.Errorf("draw the chart of %s: %w", name, err)
		}
		out[name] = Chart{Name: name, Alt: alt, PNG: png}
	}
	return out, nil
}

// mark is a value with its interval on a line of its own.
type mark struct {
	name          string
	value, lo, hi float64
}

func (r *Report) ratePlot() (*plot.Plot, string) {
	var marks []mark
	alt := "Share of changes with an incident, with 95% intervals."
	for _, g := range r.Impact.Groups {
		if g.Rate == nil {
			continue
		}
		marks = append(marks, mark{fmt.Sprintf("%s (%s)", capital(g.Group), thousands(g.Changes)), 100 * g.Rate.Value, 100 * g.Rate.Lo, 100 * g.Rate.Hi})
		alt += fmt.Sprintf(" %s: %s.", g.Group, rateWords(g.Rate))
	}
	if len(marks) == 0 {
		return nil, ""
	}
	p := whiskers("Changes with an incident, in percent", marks)
	p.X.Min = 0
	return p, alt
}

func (r *Report) ratioPlot() (*plot.Plot, string) {
	h := &r.Impact.Headline
	var marks []mark
	alt := "Risk of AI-assisted changes relative to human ones; 1 is no difference."
	add := func(name string, value *float64, lo float64, hi *float64) {
		if value != nil && hi != nil && lo > 0 {
			marks = append(marks, mark{name, *value, lo, *hi})
			alt += fmt.Sprintf(" %s: %.2f (%.2f to %.2f).", name, *value, lo, *hi)
		}
	}
	if h.Crude != nil {
		add("as counted", h.Crude.Value, h.Crude.Lo, h.Crude.Hi)
	}
	if h.Adjusted != nil {
		add("like with like", h.Adjusted.Value, h.Adjusted.Lo, h.Adjusted.Hi)
		if h.Looks != nil {
			add("like with like, read weekly", h.Adjusted.Value, h.Looks.Lo, &h.Looks.Hi)
		}
	}
	if h.AdjustedForSize != nil {
		add("and of like size", h.AdjustedForSize.Value, h.AdjustedForSize.Lo, h.AdjustedForSize.Hi)
	}
	if len(marks) == 0 {
		return nil, ""
	}
	p := whiskers("Risk of AI-assisted changes: less than human (left of 1), or more (right)", marks)
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.ConstantTicks(ratioTicks(p.X.Min, p.X.Max))
	p.X.Min, p.X.Max = min(p.X.Min, 0.5), max(p.X.Max, 2)
	one, _ := plotter.NewLine(plotter.XYs{{X: 1, Y: -0.7}, {X: 1, Y: float64(len(marks)) - 0.3}})
	one.Width, one.Color, one.Dashes = vg.Points(1), inkColor, []vg.Length{vg.Points(4), vg.Points(3)}
	p.Add(one)
	return p, alt
}

// ratioTicks are round ratios about the range.
func ratioTicks(lo, hi float64) []plot.Tick {
	var ticks []plot.Tick
	for _, at := range []float64{0.05, 0.1, 0.25, 0.5, 1, 2, 4, 10, 20, 50} {
		if at >= min(lo, 0.5)*0.99 && at <= max(hi, 2)*1.01 {
			ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%g", at)})
		}
	}
	return ticks
}

// whiskers draws marks with their intervals, the first on top.
func whiskers(title string, marks []mark) *plot.Plot {
	p := newPlot(title)
	names := make([]plot.Tick, len(marks))
	low, high := math.Inf(1), math.Inf(-1)
	for i, m := range marks {
		y := float64(len(marks) - 1 - i)
		names[i] = plot.Tick{Value: y, Label: m.name}
		line, _ := plotter.NewLine(plotter.XYs{{X: m.lo, Y: y}, {X: m.hi, Y: y}})
		line.Width, line.Color = whiskerWide, markColor
		dot, _ := plotter.NewScatter(plotter.XYs{{X: m.value, Y: y}})
		dot.GlyphStyle = draw.GlyphStyle{Color: markColor, Radius: markRadius, Shape: draw.CircleGlyph{}}
		p.Add(line, dot)
		low, high = min(low, m.lo), max(high, m.hi)
	}
	p.Y.Tick.Marker, p.Y.Min, p.Y.Max = plot.ConstantTicks(names), -0.7, float64(len(marks))-0.3
	p.Y.Width, p.Y.Tick.Width = 0, 0
	p.X.Min, p.X.Max = low, high*1.05
	return p
}

func (r *Report) weekPlot() (*plot.Plot, string) {
	if len(r.Impact.Weeks) < 2 {
		return nil, ""
	}
	p := newPlot("Changes with an incident by week, in percent")
	var band, lower, points, outside plotter.XYs
	for i := range r.Impact.Weeks {
		w := &r.Impact.Weeks[i]
		if w.All == nil {
			continue
		}
		x := float64(w.Starts.Unix())
		band = append(band, plotter.XY{X: x, Y: 100 * w.High})
		lower = append(plotter.XYs{{X: x, Y: 100 * w.Low}}, lower...)
		points = append(points, plotter.XY{X: x, Y: 100 * w.All.Value})
		if w.Out {
			outside = append(outside, plotter.XY{X: x, Y: 100 * w.All.Value})
		}
	}
	if len(points) < 2 {
		return nil, ""
	}
	area, _ := plotter.NewPolygon(append(band, lower...))
	area.Color, area.Width = bandColor, 0
	line, dots, _ := plotter.NewLinePoints(points)
	line.Color, line.Width = markColor, whiskerWide
	dots.GlyphStyle = draw.GlyphStyle{Color: markColor, Radius: vg.Points(2.5), Shape: draw.CircleGlyph{}}
	p.Add(area, line, dots)
	if len(outside) > 0 {
		alarm, _ := plotter.NewScatter(outside)
		alarm.GlyphStyle = draw.GlyphStyle{Color: alarmColor, Radius: vg.Points(5), Shape: draw.RingGlyph{}}
		p.Add(alarm)
	}
	p.X.Tick.Marker, p.Y.Min = weekTicks{}, 0
	return p, fmt.Sprintf("Share of changes with an incident over %d weeks; %d outside the usual range. Last week %.2f%%.", len(points), len(outside), points[len(points)-1].Y)
}

// weekTicks names every fourth week or so.
type weekTicks struct{}

// Ticks implements plot.Ticker.
func (weekTicks) Ticks(lo, hi float64) []plot.Tick {
	const seconds = 7 * 24 * 3600
	step := math.Max(1, math.Round((hi-lo)/seconds/6)) * seconds
	var ticks []plot.Tick
	for at := hi; at >= lo-1; at -= step {
		year, number := time.Unix(int64(at), 0).UTC().ISOWeek()
		ticks = append(ticks, plot.Tick{Value: at, Label: fmt.Sprintf("%d-W%02d", year, number)})
	}
	return ticks
}

// newPlot sets what all charts share.
func newPlot(title string) *plot.Plot {
	p := plot.New()
	p.Title.Text, p.Title.TextStyle.Color = title, inkColor
	p.Title.TextStyle.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(10)}
	p.Title.Padding = vg.Points(6)
	for _, axis := range []*plot.Axis{&p.X, &p.Y} {
		axis.Tick.Label.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: vg.Points(9)}
		axis.Tick.Label.Color, axis.Color, axis.Tick.Color = inkColor, gridColor, gridColor
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Width = gridColor, 0
	grid.Vertical.Dashes = nil
	p.Add(grid)
	return p
}

// drawPNG draws a plot as PNG.
func drawPNG(p *plot.Plot) ([]byte, error) {
	canvas := vgimg.NewWith(vgimg.UseWH(chartWidth, chartHeight), vgimg.UseDPI(chartDPI), vgimg.UseBackgroundColor(color.White))
	p.Draw(draw.Crop(draw.New(canvas), vg.Points(4), -vg.Points(14), vg.Points(2), -vg.Points(4)))
	var out bytes.Buffer
	if _, err := (vgimg.PngCanvas{Canvas: canvas}).WriteTo(&out); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
