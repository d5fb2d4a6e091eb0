package web

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
)

// nasty is what a sender may call a thing.
const nasty = `</text><script>alert(1)</script>"'&<img src=x>` + "\u202egpj"

// rendered executes a shared template, or one of a page.
func rendered(t *testing.T, page, name string, data any) string {
	t.Helper()
	all, err := parsedOnce()
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := all[page].ExecuteTemplate(&out, name, data); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// sketch is what a reader sees of one picture.
type sketch struct {
	class         string
	width, height float64
	// classes counts elements by their class, texts are those of one class.
	classes map[string]int
	texts   map[string][]string
}

// places are the attributes that say where something is.
var places = map[string]bool{"x": true, "y": true, "x1": true, "x2": true, "y1": true, "y2": true, "cx": true, "cy": true, "width": true, "height": true, "r": true, "points": true}

// sketches reads the pictures of a fragment and demands that it is well formed,
// that every number is one, and that nothing lies outside its picture.
func sketches(t *testing.T, html string) (all []*sketch, rows [][]string) {
	t.Helper()
	for _, bad := range []string{"NaN", "Inf", "%!", "<script", "<img", "\u202e", "e+", "ZgotmplZ"} {
		if strings.Contains(html, bad) {
			t.Errorf("%q is in it: %.2000s", bad, html)
		}
	}
	d := xml.NewDecoder(strings.NewReader("<div>" + html + "</div>"))
	d.Entity = xml.HTMLEntity
	var at *sketch
	var class string
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all, rows
		}
		if err != nil {
			t.Fatalf("not well formed: %v in %.3000s", err, html)
		}
		switch e := token.(type) {
		case xml.StartElement:
			switch e.Name.Local {
			case "svg":
				at = &sketch{classes: map[string]int{}, texts: map[string][]string{}}
				all = append(all, at)
			case "tr":
				rows = append(rows, nil)
			case "td", "th":
				rows[len(rows)-1] = append(rows[len(rows)-1], "")
			}
			if at != nil {
				class = at.look(t, &e)
			}
		case xml.EndElement:
			if e.Name.Local == "svg" {
				at = nil
			}
			class = ""
		case xml.CharData:
			switch text := strings.TrimSpace(string(e)); {
			case text == "":
			case at != nil:
				at.texts[class] = append(at.texts[class], text)
			case len(rows) > 0 && len(rows[len(rows)-1]) > 0:
				cells := rows[len(rows)-1]
				cells[len(cells)-1] += text
			}
		}
	}
}

// look takes an element in and returns its class.
func (k *sketch) look(t *testing.T, e *xml.StartElement) (class string) {
	t.Helper()
	for _, a := range e.Attr {
		if a.Name.Local == "class" {
			class = strings.Fields(a.Value + " -")[0]
			k.classes[class]++
		}
		if e.Name.Local == "svg" && a.Name.Local == "class" {
			k.class = a.Value
		}
		if !places[a.Name.Local] {
			continue
		}
		for i, text := range strings.FieldsFunc(a.Value, func(r rune) bool { return r == ' ' || r == ',' }) {
			v, err := strconv.ParseFloat(text, 64)
			if err != nil {
				t.Fatalf("%s %s is %q", e.Name.Local, a.Name.Local, a.Value)
			}
			if e.Name.Local == "svg" {
				if a.Name.Local == "width" {
					k.width = v
				} else {
					k.height = v
				}
				continue
			}
			limit := max(k.width, k.height)
			switch {
			case strings.HasPrefix(a.Name.Local, "x") || a.Name.Local == "cx" || a.Name.Local == "points" && i%2 == 0:
				limit = k.width
			case strings.HasPrefix(a.Name.Local, "y") || a.Name.Local == "cy" || a.Name.Local == "points":
				limit = k.height
			}
			if v < -10 || v > limit+10 {
				t.Errorf("%s %s=%q lies outside %v by %v", e.Name.Local, a.Name.Local, a.Value, k.width, k.height)
			}
		}
	}
	return class
}

// awkward are values that no scale expects.
var awkward = []float64{0, 1, -1, 1e-300, 1e300, math.MaxFloat64, math.NaN(), math.Inf(1), math.Inf(-1)}

func TestIntervalPlotsHoldWhateverTheyAreGiven(t *testing.T) {
	cases := map[string][]interval{
		"nothing":     nil,
		"one missing": {{label: "a", missing: true, note: "no data"}},
		"one":         {{label: "a", value: 1, lo: 0.5, hi: 2, note: "1"}},
		"hostile":     {{label: nasty, value: 1, lo: 1, hi: 1}},
	}
	for range 200 {
		cases["two hundred"] = append(cases["two hundred"], interval{label: strings.Repeat("W", 400), value: 2, lo: 1, hi: 3})
	}
	for _, v := range awkward {
		name := fmt.Sprint(v)
		cases[name] = append(cases[name], interval{label: "a", value: v, lo: v, hi: v}, interval{label: "b", value: 1, lo: v, hi: 2}, interval{label: "c", value: 1, lo: 0.5, hi: v, weight: v})
	}
	for name, rows := range cases {
		t.Run(name, func(t *testing.T) {
			for _, s := range []scale{ratioScale(rows), rateScale(rows), shareScale()} {
				p := plotIntervals("Plot", "about", "Value", rows, s)
				pictures, table := sketches(t, rendered(t, "figures", "intervals", p))
				if p.Bare() {
					if len(pictures) > 0 {
						t.Error("nothing is drawn as something")
					}
					continue
				}
				if len(pictures) != 2 || len(table) != 1+len(rows) {
					t.Fatalf("%d pictures and %d rows in the table of %d", len(pictures), len(table), len(rows))
				}
				drawn := 0
				for i := range rows {
					if p.Rows[i].HasValue {
						drawn++
					}
				}
				for _, k := range pictures {
					if k.classes["rowlabel"] != len(rows) || k.classes["dot"] != drawn || k.classes["whisker"] != drawn {
						t.Errorf("%s: %v for %d rows, %d of them with a value", k.class, k.classes, len(rows), drawn)
					}
				}
			}
		})
	}
}

// TestAnIntervalPlotAndItsTableSayTheSame reads both.
func TestAnIntervalPlotAndItsTableSayTheSame(t *testing.T) {
	rows := []interval{
		shareRow("AI-assisted changes", &figures.Share{Events: 24, N: 3000, Value: 0.008, Lo: 0.0054, Hi: 0.0119}),
		shareRow("human changes", nil),
		shareRow("automation", &figures.Share{Events: 0, N: 98, Hi: 0.038}),
	}
	pictures, table := sketches(t, rendered(t, "figures", "intervals", plotIntervals("Rates", "about", "Rate", rows, rateScale(rows))))
	want := [][]string{{"AI-assisted changes", "0.80%", "0.54% to 1.2%", "24 of 3,000"}, {"human changes", "no data", "0"}, {"automation", "0%", "0% to 3.8%", "0 of 98"}}
	for i := range want {
		if fmt.Sprint(table[1+i]) != fmt.Sprint(want[i]) {
			t.Errorf("the table says %q, want %q", table[1+i], want[i])
		}
		for _, k := range pictures {
			if k.texts["rowlabel"][i] != want[i][0] || !strings.HasPrefix(k.texts["note"][i], want[i][1]) {
				t.Errorf("%s says %q %q, the table %q", k.class, k.texts["rowlabel"][i], k.texts["note"][i], want[i])
			}
		}
	}
}

// week is a week with a rate.
func week(i int, all *figures.Share, low, high float64) figures.Week {
	return figures.Week{Starts: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*i), All: all, Low: low, High: high, Out: all != nil && all.Value > high}
}

func TestControlChartsHoldWhateverTheyAreGiven(t *testing.T) {
	cases := map[string][]figures.Week{
		"nothing":                nil,
		"one":                    {week(0, &figures.Share{N: 10}, 0, 0)},
		"one without any change": {week(0, nil, 0, 0)},
	}
	for i := range 500 {
		cases["ten years"] = append(cases["ten years"], week(i, &figures.Share{Events: i % 3, N: 100, Value: float64(i%3) / 100}, 0, 0.015))
	}
	for _, v := range awkward {
		cases[fmt.Sprint(v)] = []figures.Week{week(0, &figures.Share{Events: 1, N: 2, Value: v, Lo: v, Hi: v}, v, v), week(1, nil, 0, 1), week(2, &figures.Share{N: 3}, 0, v)}
	}
	for name, weeks := range cases {
		t.Run(name, func(t *testing.T) {
			known := 0
			for i := range weeks {
				if weeks[i].All != nil {
					known++
				}
			}
			pictures, table := sketches(t, rendered(t, "figures", "linechart", newChart(controlChart(weeks), "Week", "Changes", "With an incident", "Share", "Limits", "Within")))
			if len(pictures) != 2 || len(table) != 1+known {
				t.Fatalf("%d pictures, %d rows for %d weeks with changes", len(pictures), len(table), known)
			}
			for _, k := range pictures {
				if k.classes["dot"] != known || k.classes["ticktext"] > 20 {
					t.Errorf("%s: %v for %d weeks", k.class, k.classes, known)
				}
			}
			for _, row := range table {
				if len(row) != 6 {
					t.Errorf("a row has %d cells: %q", len(row), row)
				}
			}
		})
	}
}

func TestCalibrationCurvesHoldWhateverTheyAreGiven(t *testing.T) {
	cases := map[string][]figures.CalibrationBin{"nothing": nil, "an empty bin": {{From: 0.1, To: 0.2}}, "one": {{From: 0.5, To: 0.6, Stated: 0.55, Right: figures.Share{N: 1, Value: 1, Lo: 0.2, Hi: 1}}}}
	for _, v := range awkward {
		cases[fmt.Sprint(v)] = []figures.CalibrationBin{{From: v, To: v, Stated: v, Right: figures.Share{N: 4, Events: 2, Value: v, Lo: v, Hi: v}}}
	}
	for name, bins := range cases {
		t.Run(name, func(t *testing.T) {
			chart := calibrationChart(&figures.Calibration{Bins: bins})
			pictures, table := sketches(t, rendered(t, "figures", "linechart", newChart(chart, "Stated between", "Mean", "Right", "Interval", "Findings")))
			for _, k := range pictures {
				if k.classes["dot"] != len(table)-1 || k.classes["dot"] != len(chart.Rows) || k.classes["ref"] != 1 {
					t.Errorf("%s: %v, and %d rows in the table", k.class, k.classes, len(table)-1)
				}
			}
		})
	}
}

func TestTimelinesHoldWhateverTheyAreGiven(t *testing.T) {
	later := onset.Add(90 * time.Second)
	storm := make([]Moment, 5000)
	for i := range storm {
		storm[i] = Moment{At: onset.Add(time.Duration(i%70) * time.Second), Until: &later, Kind: "critical", Title: "storm", Services: []string{"checkout"}}
	}
	cases := map[string][]Lane{
		"no lane":          nil,
		"empty lanes":      {{Name: "alerts"}, {Name: "changes"}, {Name: "rollouts"}, {Name: "responders"}, {Name: "findings"}},
		"one":              {{Name: "changes", Moments: []Moment{{At: onset}}}},
		"a storm":          {{Name: "alerts", Moments: storm}, {Name: "findings", Moments: storm}},
		"an unknown lane":  {{Name: "weather", Moments: []Moment{{At: onset, Title: "rain"}}}},
		"an end before it": {{Name: "rollouts", Moments: []Moment{{At: later, Until: &onset}}}},
		"the year one":     {{Name: "alerts", Moments: []Moment{{}, {At: time.Unix(1<<40, 0)}}}},
		"hostile":          {{Name: "alerts", Moments: []Moment{{At: onset, Until: &later, Title: nasty, Kind: nasty, Status: nasty, Services: []string{nasty, strings.Repeat("W", 5000)}, Ref: "change:" + nasty}}}},
	}
	for name, lanes := range cases {
		for _, ended := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ended %t", name, ended), func(t *testing.T) {
				in := correlate.Incident{ID: "i", StartedAt: onset}
				if ended {
					in.ResolvedAt = &later
				}
				v := siteAt(onset.Add(time.Hour)).timeline(&in, &Timeline{From: onset.Add(-time.Hour), Lanes: lanes}, nil, 0)
				for _, d := range v.Drawings {
					pictures, _ := sketches(t, rendered(t, "incident", "lanes", d))
					if len(pictures) != 1 || pictures[0].classes["lanename"] != len(lanes) || pictures[0].height > 900 {
						t.Errorf("%s: %+v for %d lanes", d.Class, pictures[0].classes, len(lanes))
					}
				}
			})
		}
	}
}

func TestBlastRadiiHoldWhateverTheyAreGiven(t *testing.T) {
	hostile := correlate.BlastRadius{
		Nodes: []correlate.BlastNode{{Service: nasty, State: "changed", Team: nasty}, {Service: strings.Repeat("W", 5000), State: "alerting", Distance: -1}, {Service: "", State: "potential", Distance: 1 << 30, Tier: -7}},
		Edges: []correlate.Edge{{Caller: nasty, Callee: nasty}, {Caller: "nobody", Callee: nasty}, {Caller: "", Callee: nasty}},
	}
	cases := map[string]correlate.BlastRadius{"hostile": hostile}
	for _, n := range []int{0, 1, 200, 5000} {
		cases[fmt.Sprint(n)] = wideRadius(n)
	}
	for name, b := range cases {
		t.Run(name, func(t *testing.T) {
			v := radiusPicture(&b, "changed by somebody")
			pictures, table := sketches(t, rendered(t, "incident", "radius", newGraph("Blast radius", "about", v)))
			if len(pictures) != 1 || pictures[0].classes["node"] != len(v.Nodes) || len(table)-1 != len(v.Rows) {
				t.Fatalf("%v for %d boxes, %d rows", pictures[0].classes, len(v.Nodes), len(table)-1)
			}
			steps := 0
			for _, s := range v.Steps() {
				steps += len(s.Nodes)
			}
			if steps != len(v.Nodes) {
				t.Errorf("the steps of a telephone have %d boxes, the picture %d", steps, len(v.Nodes))
			}
		})
	}
}

func TestTopologiesHoldWhateverTheyAreGiven(t *testing.T) {
	for _, n := range []int{2, 3, 200, 3000} {
		services, edges := town(n)
		services = append(services, correlate.Service{Name: nasty, Team: nasty}, correlate.Service{Tier: -1})
		v := topologyMap(pointers(services), append(edges, correlate.Edge{Caller: nasty, Callee: nasty}))
		pictures, _ := sketches(t, rendered(t, "topology", "graphsvg", newGraph("Topology", "about", &v.radiusView)))
		if len(pictures) != 1 || pictures[0].classes["node"] != len(v.Nodes) || pictures[0].height > 1000 {
			t.Errorf("%d services: %v on %v", n, pictures[0].classes, pictures[0].height)
		}
	}
}

func TestNumbersThatAreNoneAreSaidInWords(t *testing.T) {
	for _, v := range awkward {
		for _, text := range []string{rateText(v), ratioText(v), percent(v)} {
			if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") || len(text) > 330 {
				t.Errorf("%v is said as %q", v, text)
			}
		}
	}
	if got := ratioText(3e9); got != "over a million" {
		t.Errorf("%q", got)
	}
}
