package correlate

import (
	"slices"
	"strings"
	"time"
)

// plainVersion is a version without the image before it and the letter v:
// "registry.example/cart:v1.8.0" and "1.8.0" are one.
func plainVersion(version string) string {
	version = strings.ToLower(version)
	if cut := strings.LastIndexAny(version, ":/"); cut >= 0 && cut < len(version)-1 {
		version = version[cut+1:]
	}
	if len(version) > 1 && version[0] == 'v' && version[1] >= '0' && version[1] <= '9' {
		version = version[1:]
	}
	return version
}

// counterEndings are how signals are called that count from the start of a
// process, by the conventions of OpenMetrics.
var counterEndings = []string{"_total", "_count", "_sum", "_bucket"}

// counts reports whether a series is a running count: it is called like one,
// has no unit of its own, and hardly ever falls. Of an instance that has just begun
// there are too few samples to see that; the name must do.
func counts(s *Series, points []Point) bool {
	if s.Unit != "" && s.Unit != "count" {
		return false
	}
	named := slices.ContainsFunc(counterEndings, func(end string) bool { return strings.HasSuffix(s.Signal, end) })
	if !named || len(points) < 3 {
		return named
	}
	falls := 0
	for i := 1; i < len(points); i++ {
		if points[i].Value < points[i-1].Value {
			falls++
		}
	}
	return 5*falls <= len(points)-1
}

// anew is the part of a running count to which it falls at most when a process
// begins anew. A sum of several counts that falls to more than that has lost one of
// them, which says nothing of how many events there were.
const anew = 0.25

// rates turns a running count, in order of time, into events per second. What a
// process counted after it began anew counts from zero.
func rates(points []Point) []Point {
	out := make([]Point, 0, len(points))
	for i := 1; i < len(points); i++ {
		seconds := points[i].At.Sub(points[i-1].At).Seconds()
		if seconds <= 0 {
			continue
		}
		grown := points[i].Value - points[i-1].Value
		switch {
		case grown < 0 && points[i].Value > anew*points[i-1].Value:
			continue
		case grown < 0:
			grown = points[i].Value
		}
		out = append(out, Point{At: points[i].At, Value: grown / seconds})
	}
	return out
}

// lifespan is from when to when an instance has samples.
type lifespan struct{ first, last time.Time }

// lives returns the instances of a service with their times.
func (v *metricView) lives(service string) map[instanceName]lifespan {
	out := map[instanceName]lifespan{}
	for _, i := range v.services[service] {
		x := &v.series[i]
		if x.instance.none() {
			continue
		}
		first, last := x.points[0].At, x.points[len(x.points)-1].At
		life, ok := out[x.instance]
		if !ok || first.Before(life.first) {
			life.first = first
		}
		if last.After(life.last) {
			life.last = last
		}
		out[x.instance] = life
	}
	return out
}

// meanLatencies divides sums of durations by the number of requests that the
// same instance counted for the same side; what has no such number tells nothing.
func (v *metricView) meanLatencies() {
	kept := v.series[:0]
	for i := range v.series {
		x := v.series[i]
		if x.summed {
			x.points = v.perRequest(&x)
		}
		if len(x.points) > 0 {
			kept = append(kept, x)
		}
	}
	v.series = kept
}

// perRequest are the points of a sum of durations over the requests at the same
// moments.
func (v *metricView) perRequest(sum *viewed) []Point {
	at := slices.IndexFunc(v.series, func(y viewed) bool {
		return y.measure == measureTraffic && y.unit == "per_second" && y.Service == sum.Service && y.Instance == sum.Instance &&
			y.Version == sum.Version && y.peer == sum.peer && y.inbound == sum.inbound && y.outbound == sum.outbound
	})
	if at < 0 {
		return nil
	}
	requests := v.series[at].points
	var out []Point
	for _, p := range sum.points {
		k, same := slices.BinarySearchFunc(requests, p.At, func(q Point, t time.Time) int { return q.At.Compare(t) })
		if same && requests[k].Value > 0 {
			out = append(out, Point{At: p.At, Value: p.Value / requests[k].Value})
		}
	}
	return out
}
