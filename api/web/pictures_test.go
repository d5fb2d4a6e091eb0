package web

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

var onset = time.Date(2026, 5, 4, 10, 0, 0, 0, time.UTC)

// siteAt is a site with nothing but a clock.
func siteAt(now time.Time) *Site { return &Site{deps: Deps{Now: func() time.Time { return now }}} }

// drawTimeline draws a timeline around the onset.
func drawTimeline(t *rapid.T) Timeline {
	lane := func(name string) Lane {
		n := rapid.IntRange(0, 60).Draw(t, name)
		lane := Lane{Name: name}
		for i := range n {
			m := Moment{At: onset.Add(time.Duration(rapid.IntRange(-5000, 5000).Draw(t, "at")) * time.Second), Title: name, Ref: fmt.Sprintf("change:ci/%s-%d", name, i)}
			if rapid.Bool().Draw(t, "lasts") {
				end := m.At.Add(time.Duration(rapid.IntRange(0, 4000).Draw(t, "for")) * time.Second)
				m.Until = &end
			}
			lane.Moments = append(lane.Moments, m)
		}
		return lane
	}
	return Timeline{From: onset.Add(-24 * time.Hour), Lanes: []Lane{lane("alerts"), lane("changes"), lane("rollouts"), lane("responders"), lane("findings")}}
}

func TestNoMarkOfATimelineHidesAnotherOrLeavesThePicture(t *testing.T) {
	site := siteAt(onset.Add(2 * time.Hour))
	rapid.Check(t, func(t *rapid.T) {
		in := correlate.Incident{ID: "i", StartedAt: onset}
		finding := correlate.Finding{Suspects: []correlate.Suspect{{Rank: 1, Change: correlate.Change{Source: "ci", ID: "changes-0", StartedAt: onset.Add(-time.Hour)}}}}
		timeline := drawTimeline(t)
		reach := rapid.SampledFrom([]time.Duration{0, wholeReach, 30 * time.Minute, 2 * time.Hour}).Draw(t, "reach")
		v := site.timeline(&in, &timeline, &finding, reach)
		for _, d := range v.Drawings {
			shown := 0
			for _, lane := range d.Lanes {
				for i, a := range lane.Marks {
					if a.X < d.Gutter-0.1 || a.X+a.W > d.Width+leastBar || a.RankY > d.Height || a.Before && a.NameX-nameWidth(a.Name) < d.Gutter-4.1 {
						t.Fatalf("%s: a mark at %v wide %v leaves the picture", lane.Name, a.X, a.W)
					}
					for _, b := range lane.Marks[i+1:] {
						if a.RankY == b.RankY && leftOf(&a) < b.X+max(b.W, 1) && leftOf(&b) < a.X+max(a.W, 1) {
							t.Fatalf("%s: marks at %v and %v hide each other", lane.Name, a.X, b.X)
						}
					}
				}
				if lane.Name != "rollouts" {
					shown += len(lane.Marks) + lane.Crowded
					for _, m := range lane.Marks {
						shown += m.Times
					}
				}
			}
			if shown != len(v.Rows)+v.Hidden {
				t.Fatalf("the %s picture has %d moments and its table %d", d.Class, shown, len(v.Rows)+v.Hidden)
			}
		}
	})
}

// leftOf is where a mark begins, with the name before it.
func leftOf(m *markView) float64 {
	if m.Before {
		return m.X - nameWidth(m.Name) - 4
	}
	return m.X
}

func TestASuspectAlwaysFindsRoomInTheTimeline(t *testing.T) {
	lane := Lane{Name: "changes"}
	for i := range 300 {
		lane.Moments = append(lane.Moments, Moment{At: onset.Add(-10 * time.Minute), Ref: fmt.Sprintf("change:ci/%d", i)})
	}
	finding := correlate.Finding{Suspects: []correlate.Suspect{{Rank: 1, Change: correlate.Change{Source: "ci", ID: "299", StartedAt: onset.Add(-10 * time.Minute)}}}}
	v := siteAt(onset.Add(time.Hour)).timeline(&correlate.Incident{ID: "i", StartedAt: onset}, &Timeline{From: onset.Add(-time.Hour), Lanes: []Lane{lane}}, &finding, 0)
	lane0 := v.Drawings[0].Lanes[0]
	marks := lane0.Marks
	if len(marks) == 0 || marks[0].Rank != 1 || !strings.Contains(marks[0].Class, "suspect") {
		t.Errorf("%+v", marks)
	}
	if lane0.Crowded != 300-len(marks) || lane0.Crowded == 0 {
		t.Errorf("%d marks and %d crowded of 300", len(marks), lane0.Crowded)
	}
}

func TestTheZoomIsInTheAddress(t *testing.T) {
	for value, want := range map[string]time.Duration{"": 0, "30m": 30 * time.Minute, "2h": 2 * time.Hour, "24h": 24 * time.Hour, "all": wholeReach} {
		if got, wrong := readWindow(value); got != want || wrong != "" {
			t.Errorf("%q: %v, %q", value, got, wrong)
		}
	}
	if _, wrong := readWindow("7w"); !strings.Contains(wrong, "30m, 2h") {
		t.Errorf("%q", wrong)
	}
	in := correlate.Incident{ID: "i", StartedAt: onset}
	v := siteAt(onset.Add(5*time.Hour)).timeline(&in, &Timeline{From: onset.Add(-24 * time.Hour)}, nil, 30*time.Minute)
	if v.From.Text != "4 May 09:30:00 UTC" || len(v.Drawings[0].Ticks) < 4 || !v.Zooms[1].Current {
		t.Errorf("from %s, %d ticks, zooms %+v", v.From.Text, len(v.Drawings[0].Ticks), v.Zooms)
	}
}

// wideRadius is a hub with many callers, which have callers of their own.
func wideRadius(n int) correlate.BlastRadius {
	b := correlate.BlastRadius{Changed: []string{"hub"}, Nodes: []correlate.BlastNode{{Service: "hub", State: "changed"}}}
	for i := range n {
		name := fmt.Sprintf("service-with-a-long-name-%03d", i)
		state := nodeStates[1+i%3]
		b.Nodes = append(b.Nodes, correlate.BlastNode{Service: name, State: state, Distance: 1 + i%7, Tier: i % 5})
		callee := "hub"
		if i >= 7 {
			callee = fmt.Sprintf("service-with-a-long-name-%03d", i-1)
		}
		b.Edges = append(b.Edges, correlate.Edge{Caller: name, Callee: callee})
	}
	return b
}

func TestAWideBlastRadiusStaysReadable(t *testing.T) {
	for _, n := range []int{0, 1, 5, 30, 200, 1000} {
		b := wideRadius(n)
		v := radiusPicture(&b, "changed by somebody")
		if v.Height > 1100 || v.Width > 1500 {
			t.Errorf("%d services: %v by %v", n, v.Width, v.Height)
		}
		drawn := 0
		for i, a := range v.Nodes {
			if a.Group {
				var more int
				if _, err := fmt.Sscanf(a.Label, "%d more", &more); err != nil {
					t.Fatal(err)
				}
				drawn += more
			} else {
				drawn++
			}
			for _, other := range v.Nodes[i+1:] {
				if a.X == other.X && a.Y == other.Y {
					t.Fatalf("%d services: %s lies on %s", n, a.Label, other.Label)
				}
			}
		}
		if drawn != n+1 || len(v.Rows)+v.Hidden != n+1 {
			t.Errorf("%d services: %d drawn, %d in the table and %d hidden", n, drawn, len(v.Rows), v.Hidden)
		}
		if len(v.Edges) > 600 {
			t.Errorf("%d services: %d lines", n, len(v.Edges))
		}
	}
}

func TestABlastRadiusShowsWhatAlertsFirst(t *testing.T) {
	b := correlate.BlastRadius{Nodes: []correlate.BlastNode{
		{Service: "p", State: "potential", Distance: 1},
		{Service: "q", State: "quiet", Distance: 1},
		{Service: "a", State: "alerting", Distance: 1},
		{Service: "c", State: "changed"},
		{Service: "far", State: "alerting", Distance: -1},
	}}
	v := radiusPicture(&b, "changed by somebody")
	var order []string
	for _, n := range v.Nodes {
		order = append(order, n.Label+" "+n.Sign)
	}
	if got, want := strings.Join(order, ", "), "c ◆, a ▲, q ○, p ·, far ▲"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if last := v.Columns[len(v.Columns)-1].Text; last != "No calls lead here" {
		t.Errorf("the last column is %q", last)
	}
}
