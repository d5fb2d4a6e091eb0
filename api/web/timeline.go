package web

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// The measures of the timeline's picture in its own units.
const (
	chartRight  = 14.0
	chartTop    = 30.0
	rowHeight   = 17.0
	lanePadding = 7.0
	// nameHeight is the room of a lane's name above its marks.
	nameHeight = 18.0
	// leastBar keeps short intervals visible.
	leastBar = 5.0
	// markRoom is the width that a mark without length needs.
	markRoom = 13.0
)

// chartShape is the shape of a drawing: on a desk the lanes' names stand in a gutter,
// on a telephone above their marks, so that letters keep their size.
type chartShape struct {
	class         string
	width, gutter float64
	ticks         int
}

// chartShapes are those that pages choose from by the width of the screen.
var chartShapes = [...]chartShape{{"wide", 1040, 128, 9}, {"slim", 340, 8, 4}}

// maxTableRows bounds the table twin of a picture.
const maxTableRows = 400

// wholeReach as a window shows everything that is known.
const wholeReach = time.Duration(-1)

// longestAuto bounds what the timeline shows unless asked for more.
const longestAuto = 24 * time.Hour

// timelineView is the timeline as a picture and as a table.
type timelineView struct {
	Drawings []drawing
	From, To moment
	Zooms    []zoomView
	Rows     []momentRow
	// Hidden counts the rows that the table leaves out.
	Hidden    int
	Truncated bool
}

// drawing is the picture in one shape.
type drawing struct {
	Class         string
	Width, Height float64
	Gutter        float64
	Lanes         []laneView
	Ticks         []tickView
	// OnsetX is where the incident begins, SpanWidth how long it is.
	OnsetX, SpanWidth float64
}

// laneView is one lane of the picture.
type laneView struct {
	Name, Label string
	Y, Height   float64
	LabelY      float64
	Marks       []markView
	// Empty tells that nothing of the lane lies in the picture.
	Empty bool
	// Crowded counts moments that found no room in the picture.
	Crowded int
	// CrowdedY is where that is said.
	CrowdedY float64
}

// markView is one moment: a bar, or a shape whose outline is Points.
type markView struct {
	Shape  string
	Class  string
	X, Y   float64
	W, H   float64
	Points string
	// Tip is the text of the mark, Rank the number of a suspect.
	Tip   string
	Rank  int
	RankX float64
	RankY float64
	// Name is written inside a bar that has the room, else before it.
	Name         string
	NameX, NameY float64
	Before       bool
	// Times counts the moments that the mark stands for beyond itself.
	Times int
}

// tickView is one line of the time axis.
type tickView struct {
	X    float64
	Text string
}

// zoomView is one of the windows that can be shown.
type zoomView struct {
	Name, Path string
	Current    bool
}

// momentRow is a moment in the table.
type momentRow struct {
	At       moment
	Gap      string
	Lane     string
	Title    string
	Path     string
	Kind     string
	Status   string
	Took     string
	Services names
	Rank     int
}

// windows are the choices of the zoom.
func windows() []struct {
	name, value string
	reach       time.Duration
} {
	return []struct {
		name, value string
		reach       time.Duration
	}{
		{"Auto", "", 0},
		{"± 30 min", "30m", 30 * time.Minute},
		{"± 2 h", "2h", 2 * time.Hour},
		{"± 24 h", "24h", 24 * time.Hour},
		{"All", "all", wholeReach},
	}
}

// readWindow reads the zoom of the address.
func readWindow(value string) (reach time.Duration, wrong string) {
	var known []string
	for _, w := range windows() {
		if w.value == value {
			return w.reach, ""
		}
		known = append(known, w.value)
	}
	return 0, "“window” is one of " + strings.TrimPrefix(strings.Join(known, ", "), ", ") + "."
}

// canvas places moments between two ends.
type canvas struct {
	chartShape
	from, to time.Time
	// ranks are the suspects' places by their reference.
	ranks map[string]int
	now   time.Time
	onset time.Time
}

// timeline prepares the picture and its table.
func (s *Site) timeline(in *correlate.Incident, t *Timeline, f *correlate.Finding, reach time.Duration) *timelineView {
	c := canvas{now: s.now(), ranks: suspectRanks(f), onset: in.StartedAt}
	c.from, c.to = shownSpan(in, t, f, reach, c.now)
	v := &timelineView{From: when(c.from, c.now), To: when(c.to, c.now)}
	for _, c.chartShape = range chartShapes {
		v.Drawings = append(v.Drawings, c.draw(in, t))
	}
	for _, lane := range t.Lanes {
		v.Truncated = v.Truncated || lane.Truncated
		v.Rows = append(v.Rows, c.rows(lane)...)
	}
	slices.SortStableFunc(v.Rows, func(a, b momentRow) int { return cmp.Compare(a.At.ISO, b.At.ISO) })
	if len(v.Rows) > maxTableRows {
		v.Hidden = len(v.Rows) - maxTableRows
		v.Rows = v.Rows[:maxTableRows]
	}
	for _, w := range windows() {
		z := zoomView{Name: w.name, Path: incidentPath(in.ID) + "#timeline", Current: w.reach == reach}
		if w.value != "" {
			z.Path = incidentPath(in.ID) + "?window=" + w.value + "#timeline"
		}
		v.Zooms = append(v.Zooms, z)
	}
	return v
}

// draw draws the lanes below each other.
func (c *canvas) draw(in *correlate.Incident, t *Timeline) drawing {
	end := c.to
	if in.ResolvedAt != nil && in.ResolvedAt.Before(c.to) {
		end = *in.ResolvedAt
	}
	d := drawing{Class: c.class, Width: c.width, Gutter: c.gutter, Ticks: c.axis(), OnsetX: round1(c.x(in.StartedAt))}
	d.SpanWidth = round1(max(1, c.x(end)-d.OnsetX))
	y := chartTop
	for _, lane := range t.Lanes {
		view := c.lane(lane, y)
		y += view.Height
		d.Lanes = append(d.Lanes, view)
	}
	d.Height = y + 6
	return d
}

// suspectRanks finds the suspects among the moments.
func suspectRanks(f *correlate.Finding) map[string]int {
	ranks := map[string]int{}
	if f == nil {
		return ranks
	}
	for i := range f.Suspects[:min(len(f.Suspects), maxSuspects)] {
		c := &f.Suspects[i].Change
		ranks["change:"+c.Source+"/"+c.ID] = f.Suspects[i].Rank
	}
	return ranks
}

// shownSpan chooses the ends of the picture: around the onset as far as asked
// for, or from somewhat before the first suspect to the end of the incident.
func shownSpan(in *correlate.Incident, t *Timeline, f *correlate.Finding, reach time.Duration, now time.Time) (from, to time.Time) {
	end := now
	if in.ResolvedAt != nil {
		end = *in.ResolvedAt
	}
	switch reach {
	case wholeReach:
		from, to = t.From, end
	case 0:
		before := 30 * time.Minute
		if f != nil && len(f.Suspects) > 0 {
			before = max(before, in.StartedAt.Sub(f.Suspects[0].Change.StartedAt)*4/3)
		}
		from, to = in.StartedAt.Add(-min(before, longestAuto)), end
		if latest := in.StartedAt.Add(longestAuto); to.After(latest) {
			to = latest
		}
	default:
		from, to = in.StartedAt.Add(-reach), in.StartedAt.Add(reach)
		if to.After(now) {
			to = now
		}
	}
	if least := from.Add(10 * time.Minute); to.Before(least) {
		to = least
	}
	// A little room keeps the last mark off the edge.
	return from, to.Add(to.Sub(from) / 40)
}

// x is where a moment lies.
func (c *canvas) x(at time.Time) float64 {
	share := float64(at.Sub(c.from)) / float64(c.to.Sub(c.from))
	share = min(max(share, 0), 1)
	return c.gutter + share*(c.width-c.gutter-chartRight)
}

// within reports whether a moment lies in the picture, wholly or in part.
func (c *canvas) within(m *Moment) bool {
	end := m.At
	if m.Until != nil {
		end = *m.Until
	} else if m.Status == string(correlate.AlertFiring) || m.Status == string(correlate.StatusInProgress) {
		end = c.now
	}
	return !end.Before(c.from) && !m.At.After(c.to)
}

// tickSteps are the distances between two lines of the axis.
var tickSteps = [...]time.Duration{
	time.Minute, 2 * time.Minute, 5 * time.Minute, 10 * time.Minute, 15 * time.Minute, 30 * time.Minute,
	time.Hour, 2 * time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour, 24 * time.Hour, 72 * time.Hour, 168 * time.Hour,
}

// axis are the lines of the time axis, on round times.
func (c *canvas) axis() []tickView {
	step := tickSteps[len(tickSteps)-1]
	for _, candidate := range tickSteps {
		if c.to.Sub(c.from)/candidate <= time.Duration(c.ticks) {
			step = candidate
			break
		}
	}
	layout := "15:04"
	if step >= 12*time.Hour {
		layout = "2 Jan 15:04"
	}
	var ticks []tickView
	for at := c.from.Truncate(step).Add(step); at.Before(c.to) && len(ticks) <= c.ticks; at = at.Add(step) {
		ticks = append(ticks, tickView{X: round1(c.x(at)), Text: at.UTC().Format(layout)})
	}
	return ticks
}

// laneLabels are the names of the lanes and how many rows each may take.
var laneLabels = map[string]struct {
	label string
	rows  int
}{
	"alerts": {"Alerts", 14}, "changes": {"Changes before", 5}, "rollouts": {"Rollouts", 7},
	"responders": {"Since then", 5}, "findings": {"Findings", 1},
}

// lane places the moments of a lane in rows so that none hides another.
// Suspects are placed first and always find room. Findings follow each other within
// seconds, so that one mark stands for all that it would hide.
func (c *canvas) lane(lane Lane, y float64) laneView {
	known := laneLabels[lane.Name]
	view := laneView{Name: lane.Name, Label: cmp.Or(known.label, words(lane.Name)), Y: y}
	top := y + lanePadding
	view.LabelY = top + rowHeight - 4
	if c.gutter < nameHeight {
		top += nameHeight
	}
	var taken [][][2]float64
	for _, m := range c.inOrder(lane.Moments) {
		mark := c.mark(lane.Name, m)
		row, room := c.roomFor(&mark, taken)
		if row >= max(known.rows, 1) && mark.Rank == 0 {
			if mark.Shape == "circle" {
				view.Marks[len(view.Marks)-1].Times++
			} else {
				view.Crowded++
			}
			continue
		}
		if row == len(taken) {
			taken = append(taken, nil)
		}
		taken[row] = append(taken[row], room)
		mark.place(top + float64(row)*rowHeight)
		view.Marks = append(view.Marks, mark)
	}
	view.Empty = len(view.Marks) == 0
	view.Height = top - y + lanePadding + float64(max(len(taken), 1))*rowHeight
	if view.Crowded > 0 {
		view.CrowdedY = y + view.Height
		view.Height += rowHeight
	}
	return view
}

// roomFor finds the row of a mark and what it takes of it. A name that does not
// fit inside its bar stands before it, unless that would cost a row.
func (c *canvas) roomFor(mark *markView, taken [][][2]float64) (row int, room [2]float64) {
	room = [2]float64{mark.X - markRoom/2, mark.X + max(mark.W, markRoom/2) + 2}
	if mark.Rank > 0 {
		room[1] += 12
	}
	row = freeRow(taken, room)
	if mark.Before {
		named := [2]float64{mark.X - nameWidth(mark.Name) - 6, room[1]}
		if named[0] >= c.gutter && freeRow(taken, named) <= row {
			return row, named
		}
		mark.Name, mark.Before = "", false
	}
	return row, room
}

// inOrder returns the moments in the picture, suspects first, then by time.
func (c *canvas) inOrder(moments []Moment) []*Moment {
	var shown []*Moment
	for i := range moments {
		if c.within(&moments[i]) {
			shown = append(shown, &moments[i])
		}
	}
	slices.SortStableFunc(shown, func(a, b *Moment) int {
		return cmp.Or(cmp.Compare(c.order(a), c.order(b)), a.At.Compare(b.At))
	})
	return shown
}

// order puts the moments without a rank behind all others.
func (c *canvas) order(m *Moment) int {
	if rank := c.ranks[m.Ref]; rank > 0 {
		return rank
	}
	return maxSuspects + 1
}

func freeRow(taken [][][2]float64, room [2]float64) int {
	for row, spans := range taken {
		free := !slices.ContainsFunc(spans, func(s [2]float64) bool { return room[0] < s[1] && s[0] < room[1] })
		if free {
			return row
		}
	}
	return len(taken)
}
