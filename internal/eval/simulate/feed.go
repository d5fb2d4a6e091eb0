package simulate

import "time"

// routine makes the changes that a company makes anyway between two moments.
// Rate is in changes a day over all services.
func (w *world) routine(d draw, from, until time.Time, rate float64) []madeChange {
	var out []madeChange
	for hour := from.Truncate(time.Hour); hour.Before(until); hour = hour.Add(time.Hour) {
		for range d.poisson(rate / 24 * pace(hour)) {
			svc := w.active(d)
			at := hour.Add(time.Duration(d.Float64() * float64(time.Hour)))
			if at.Before(from) || !at.Before(until) {
				continue
			}
			out = append(out, w.change(d, weighted(d, routineKinds), svc, at))
		}
	}
	return out
}

// routineOf makes the routine changes of the given services only, at their
// share of the company's rate. It costs what it returns, however many other
// services there are.
func (w *world) routineOf(d draw, services []int, from, until time.Time, rate float64) []madeChange {
	sum := make([]float64, len(services))
	total := 0.0
	for i, svc := range services {
		total += w.shareOf(svc)
		sum[i] = total
	}
	var out []madeChange
	for hour := from.Truncate(time.Hour); hour.Before(until) && total > 0; hour = hour.Add(time.Hour) {
		for range d.poisson(rate * total / 24 * pace(hour)) {
			at := hour.Add(time.Duration(d.Float64() * float64(time.Hour)))
			if at.Before(from) || !at.Before(until) {
				continue
			}
			svc := services[firstAbove(sum, d.Float64()*total)]
			out = append(out, w.change(d, weighted(d, routineKinds), svc, at))
		}
	}
	return out
}

// shareOf is the share of all changes that one service gets.
func (w *world) shareOf(svc int) float64 {
	if svc == 0 {
		return w.activity[0]
	}
	return w.activity[svc] - w.activity[svc-1]
}

// firstAbove returns the first index whose running sum exceeds x.
func firstAbove(sums []float64, x float64) int {
	low, high := 0, len(sums)-1
	for low < high {
		middle := (low + high) / 2
		if sums[middle] > x {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
