package correlate

import (
	"slices"
	"time"
)

// pooled is how much instances of one service usually differ in a measure, by the
// services beside the one that is looked at: the medians over them, so that the few
// that are in trouble do not count. Two or three instances tell little of their own
// spread; all services together tell more.
type pooled struct {
	// level is the variance of the instances' means, shift that of the change
	// of each from the first half of the time to the second.
	level, shift float64
	// groups is how many services and sides the medians are of.
	groups int
}

// poolShare is how many degrees of freedom the pooled variance is worth beside
// a service's own, at most.
const poolShare = 4.0

// spread holds the variances of one side of one service; shift is negative where
// it is not known.
type spread struct {
	service      string
	level, shift float64
}

// pool computes the variances of all measures, side by side.
func (v *metricView) pool() [len(metricScales)][]spread {
	var out [len(metricScales)][]spread
	groups := map[edgeKey][]int{}
	for i := range v.series {
		key := v.series[i].key()
		groups[key] = append(groups[key], i)
	}
	middle := v.earliest.Add(v.latest.Sub(v.earliest) / 2)
	for key, list := range groups {
		if len(list) > 1 {
			level, shift := v.spreads(list, middle)
			out[key.measure] = append(out[key.measure], spread{key.service, level, shift})
		}
	}
	return out
}

// beside is the pooled variance of the services other than the one: its own would
// hold the very difference that is to be measured against it.
func (v *metricView) beside(service string, m measure) pooled {
	var levels, shifts []float64
	for _, s := range v.pools[m] {
		if s.service == service {
			continue
		}
		levels = append(levels, s.level)
		if s.shift >= 0 {
			shifts = append(shifts, s.shift)
		}
	}
	return pooled{level: median(levels), shift: median(shifts), groups: len(levels)}
}

// spreads are the variances of the levels and of the shifts of some series; the
// second is negative where fewer than two have samples in both halves.
func (v *metricView) spreads(list []int, middle time.Time) (level, shift float64) {
	var levels, shifts []float64
	for _, i := range list {
		first, second := v.series[i].over(v.earliest, middle), v.series[i].over(middle, v.latest)
		if second.n > 0 {
			levels = append(levels, second.mean)
		}
		if first.n > 0 && second.n > 0 {
			shifts = append(shifts, second.mean-first.mean)
		}
	}
	if len(shifts) < 2 {
		return spreadOf(levels), -1
	}
	return spreadOf(levels), spreadOf(shifts)
}

// median is the lower of two, and 0 for an empty list.
func median(list []float64) float64 {
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return list[(len(list)-1)/2]
}

// moderated is the variance between instances, a service's own and the pooled
// one weighed by their degrees of freedom, with those of both together; after
// Smyth (2004).
func (p *pooled) moderated(own, df float64, levels bool) (variance, total float64) {
	prior := p.shift
	if levels {
		prior = p.level
	}
	weight := min(poolShare, float64(p.groups))
	if weight+df == 0 {
		return own, df
	}
	return (weight*prior + df*own) / (weight + df), weight + df
}
