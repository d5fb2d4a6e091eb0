package web

import (
	"fmt"
	"strings"

	"github.com/faultline/faultline/correlate"
)

// mark chooses the shape of a moment: bars for what lasts, diamonds for
// changes, triangles for responders, circles for findings.
func (c *canvas) mark(lane string, m *Moment) markView {
	v := markView{X: round1(c.x(m.At)), Class: lane, Rank: c.ranks[m.Ref], Tip: c.tip(m)}
	switch lane {
	case "alerts", "rollouts":
		end := c.now
		if m.Until != nil {
			end = *m.Until
		}
		v.Shape, v.W = "bar", round1(max(leastBar, c.x(end)-c.x(m.At)))
		if lane == "alerts" {
			v.Class += " " + severityWord(correlate.Severity(m.Kind))
		}
		v.Name = barName(lane, m)
		v.Before = nameWidth(v.Name) > v.W-8
	case "responders":
		v.Shape = "triangle"
	case "findings":
		v.Shape = "circle"
	default:
		v.Shape = "diamond"
	}
	if v.Rank > 0 {
		v.Class += " suspect"
	}
	return v
}

// place puts a mark on its row and draws its outline.
func (v *markView) place(top float64) {
	v.Y, v.H = top+2, rowHeight-4
	middle, r := top+rowHeight/2, 5.5
	switch v.Shape {
	case "diamond":
		v.Points = fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f %.1f,%.1f", v.X, middle-r, v.X+r, middle, v.X, middle+r, v.X-r, middle)
	case "triangle":
		v.Points = fmt.Sprintf("%.1f,%.1f %.1f,%.1f %.1f,%.1f", v.X, middle-r, v.X+r, middle+r, v.X-r, middle+r)
	case "circle":
		v.Y = middle
	}
	v.NameX, v.NameY = v.X+5, middle+3.5
	if v.Before {
		v.NameX = v.X - 4
	}
	v.RankX, v.RankY = v.X+max(v.W, r)+3, middle+4
}

// barLetter is about the width of a letter inside a bar.
const barLetter = 6.2

// barName is what a bar says: whose alert it is and how severe, or which service
// was rolled out.
func barName(lane string, m *Moment) string {
	name := label(strings.Join(m.Services, ", "), nameLetters)
	if lane == "alerts" {
		name += ", " + severityWord(correlate.Severity(m.Kind))
	}
	return name
}

// nameLetters is how many letters of services a bar names.
const nameLetters = 40

func nameWidth(name string) float64 { return float64(len([]rune(name))) * barLetter }

func (c *canvas) tip(m *Moment) string {
	parts := []string{heading(m.Title), gapTo(m.At, c.onset, "the first alert"), m.At.UTC().Format("15:04:05 UTC")}
	if len(m.Services) > 0 {
		parts = append(parts, heading(strings.Join(m.Services, ", ")))
	}
	return strings.Join(parts, " · ")
}

// rows lists the moments of a lane that lie in the picture. A rollout is the
// interval of a change that has its row already.
func (c *canvas) rows(lane Lane) []momentRow {
	if lane.Name == "rollouts" {
		return nil
	}
	var rows []momentRow
	for i := range lane.Moments {
		m := &lane.Moments[i]
		if !c.within(m) {
			continue
		}
		row := momentRow{
			At: when(m.At, c.now), Gap: gap(m.At, c.onset), Lane: laneLabels[lane.Name].label, Title: heading(m.Title), Kind: words(m.Kind),
			Status: words(m.Status), Services: few(m.Services), Path: refPath(m.Ref), Rank: c.ranks[m.Ref],
		}
		if m.Until != nil {
			row.Took = span(m.Until.Sub(m.At))
		}
		rows = append(rows, row)
	}
	return rows
}

// round1 keeps one digit, which is finer than a screen shows.
func round1(x float64) float64 { return float64(int(x*10+0.5)) / 10 }
