package stats

import (
	"math"
	"slices"
)

// ControlPoint is one period of a control chart.
type ControlPoint struct {
	Rate float64
	// Limits are those of this period's size.
	Limits Interval
	// Out says that the rate lies outside the limits: more than noise.
	Out bool
}

// sigmas is the usual distance of control limits.
const sigmas = 3

// PChart sets control limits about the overall share of events for periods of
// different size. A period of size zero has no point out.
//
// W. A. Shewhart, Economic Control of Quality of Manufactured Product (1931);
// D. C. Montgomery, Introduction to Statistical Quality Control, section 7.2.
func PChart(events, sizes []float64) (centre float64, points []ControlPoint) {
	var all, size float64
	for i := range events {
		all += events[i]
		size += sizes[i]
	}
	points = make([]ControlPoint, len(events))
	if size == 0 {
		return 0, points
	}
	centre = all / size
	for i := range points {
		if sizes[i] == 0 {
			continue
		}
		half := sigmas * math.Sqrt(centre*(1-centre)/sizes[i])
		p := ControlPoint{Rate: events[i] / sizes[i], Limits: Interval{Lo: max(0, centre-half), Hi: min(1, centre+half)}}
		p.Out = !p.Limits.Contains(p.Rate)
		points[i] = p
	}
	return centre, points
}

// percentile sorts a copy.
func percentile(values []float64, q float64) float64 {
	sorted := slices.Clone(values)
	slices.Sort(sorted)
	return sortedQuantile(sorted, q)
}
