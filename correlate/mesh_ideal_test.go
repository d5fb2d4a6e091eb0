package correlate

import (
	"math"
	"math/rand/v2"
	"slices"
	"time"
)

// An observer of the drawn shops who knows the calls, the rollouts with their
// steps and shares, how cases are drawn and who alerts with which chance, but
// sees no metrics and neither the guilty rollout nor what was drawn for the case:
// its fault, its requests, its manner of alerting. Those are summed over. No
// ranker that sees as much is right more often, drawing errors apart.

// meshAlarm is what the case's alerts say of a service.
type meshAlarm struct {
	meshHurt
	named bool // As the one that a localiser names.
}

// meshFuzz is the chance given to whatever a drawing says cannot be, so that a
// few hundred drawings suffice.
const meshFuzz = 0.01

// ideal ranks the visible rollouts by their likelihood, the best first.
func (w *meshWorld) ideal(drawings int) []string {
	alarms, onset := w.alarms()
	visible := w.visible()
	weights := make(map[int]float64, len(visible))
	for _, i := range visible {
		for k := range drawings {
			weights[i] += w.suppose(i, uint64(k), visible, alarms, onset)
		}
	}
	slices.SortStableFunc(visible, func(a, b int) int {
		switch {
		case weights[a] > weights[b]:
			return -1
		case weights[a] < weights[b]:
			return 1
		}
		return 0
	})
	names := make([]string, len(visible))
	for k, i := range visible {
		names[k] = "roll-" + w.names[i]
	}
	return names
}

// visible are the services whose rollouts began before the judgement.
func (w *meshWorld) visible() []int {
	var list []int
	for _, c := range w.shown {
		list = append(list, slices.Index(w.names, c.Services[0]))
	}
	return list
}

// alarms reads the alerts back into what services got worse, and when the first
// began.
func (w *meshWorld) alarms() ([]meshAlarm, time.Time) {
	out, onset := make([]meshAlarm, len(w.names)), w.c.in.AsOf
	for _, a := range w.c.in.Alerts {
		i := slices.Index(w.names, a.Service)
		switch a.Name {
		case "ErrorRate":
			out[i].errors = true
		case "Latency":
			out[i].slow = true
		case "Degraded":
			out[i].named = true
		}
		if a.StartedAt.Before(onset) {
			onset = a.StartedAt
		}
	}
	return out, onset
}

// suppose draws what is hidden, blames the service, and returns the likelihood of
// the alerts and of when they came.
func (w *meshWorld) suppose(guilty int, drawing uint64, visible []int, alarms []meshAlarm, onset time.Time) float64 {
	r, c := rand.New(rand.NewPCG(drawing, 5)), meshCase{}
	twin := *w
	twin.r, twin.c, twin.guilty = r, &c, guilty
	c.fault = w.h.faults[r.IntN(len(w.h.faults))]
	if c.fault == meshBadCalls && len(w.callees[guilty]) == 0 {
		c.fault = meshException
	}
	twin.power, twin.timeout = 0.3+0.7*r.Float64(), r.IntN(2) == 0
	twin.after = r.IntN(len(w.callees[guilty]) + 1)
	twin.base = make([]float64, len(w.names))
	for i := range twin.base {
		twin.base[i] = 3 * math.Exp(1.5*r.Float64())
	}
	for range 20 {
		twin.drawFlows()
		carried := twin.carried()
		if !slices.ContainsFunc(visible, func(i int) bool { return !slices.Contains(carried, i) }) {
			break
		}
	}
	hurt, stages := twin.hurt(onset.Add(3*time.Minute)), w.stages[guilty]
	early := make([][]meshHurt, len(stages))
	for k := range stages {
		if len(stages) > 1 {
			early[k] = twin.hurt(stages[k].at)
		}
	}
	sum := 0.0
	for _, c.alerting = range w.h.alerting {
		at := max(slices.IndexFunc(early, twin.heard), 0)
		sum += w.h.lag(onset.Sub(stages[at].at).Seconds()) * twin.alarming(alarms, hurt)
	}
	return sum
}

// heard reports whether anybody who is hurt would alert.
func (w *meshWorld) heard(hurt []meshHurt) bool {
	for i := range hurt {
		if hurt[i].any() && w.raises(i) {
			return true
		}
	}
	return false
}

// lag is the density of the time from the step that shows to the first alert.
func (h *meshHabits) lag(seconds float64) float64 {
	seconds++ // Whole seconds are drawn.
	if seconds < h.least {
		return 1e-9
	}
	return math.Exp(-(seconds-h.least)/h.delay) / h.delay
}

// alarming is the likelihood of the alerts where services are hurt so.
func (w *meshWorld) alarming(alarms []meshAlarm, hurt []meshHurt) float64 {
	p := 1.0
	sure := func(is bool) {
		if !is {
			p *= meshFuzz
		}
	}
	for i, a := range alarms {
		switch {
		case !w.raises(i):
			sure(!a.any())
		case a.any():
			sure(a.errors == hurt[i].errors)
			sure(a.slow == hurt[i].slow)
			if w.c.alerting == alertAll {
				p *= 1 - w.h.missed
			}
		case hurt[i].any() && w.c.alerting == alertAll:
			p *= w.h.missed
		default:
			sure(!hurt[i].any())
		}
		if a.named {
			p *= w.naming(i)
		}
	}
	return p
}

// naming is the chance that a localiser names the service; see named.
func (w *meshWorld) naming(service int) float64 {
	var near []int
	for i, list := range w.callees {
		if slices.Contains(list, w.guilty) {
			near = append(near, i)
		}
	}
	near = append(near, w.callees[w.guilty]...)
	first := 0.75
	switch {
	case w.c.alerting == alertEntry:
		return max(indicator(service == 0), meshFuzz)
	case w.guilty == 0:
		first = 1
	case w.c.alerting == alertCaller:
		first = 0
	}
	share := first * indicator(service == w.guilty)
	for _, i := range near {
		share += (1 - first) * indicator(i == service) / float64(len(near))
	}
	return max(share, meshFuzz)
}

func indicator(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// plain ranks by time and coverage alone: how lately the last step came, times
// the share of alerting services that are the changed one or need it, each call
// between them halving what it counts.
func (w *meshWorld) plain() string {
	_, onset := w.alarms()
	best, name := -1.0, ""
	for k, i := range w.visible() {
		began := w.shown[k].StartedAt
		if began.After(onset) {
			continue
		}
		reached, n := 0.0, 0.0
		for _, service := range w.alerting() {
			n++
			if hops := w.hops(service, i); hops >= 0 {
				reached += math.Pow(0.5, float64(hops))
			}
		}
		if score := reached / n / (1 + onset.Sub(began).Minutes()/5); score > best {
			best, name = score, "roll-"+w.names[i]
		}
	}
	return name
}

// alerting are the services with an alert.
func (w *meshWorld) alerting() []int {
	var list []int
	for _, a := range w.c.in.Alerts {
		list = append(list, slices.Index(w.names, a.Service))
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// hops is the number of calls from one service to another, -1 if no way leads
// there.
func (w *meshWorld) hops(from, to int) int {
	level := []int{from}
	for hops := 0; len(level) > 0 && hops <= len(w.names); hops++ {
		var next []int
		for _, i := range level {
			if i == to {
				return hops
			}
			next = append(next, w.callees[i]...)
		}
		slices.Sort(next)
		level = slices.Compact(next)
	}
	return -1
}
