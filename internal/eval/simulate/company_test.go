package simulate

import (
	"slices"
	"testing"

	"github.com/faultline/faultline/correlate"
)

func degreesOf(lists [][]call) []int {
	out := make([]int, len(lists))
	for i := range lists {
		out[i] = len(lists[i])
	}
	slices.Sort(out)
	return out
}

func TestHubsHaveThePublishedDegrees(t *testing.T) {
	c := newCompany(newDraw(1, 0), 20_000)
	quantile := func(sorted []int, p float64) float64 { return float64(sorted[int(p*float64(len(sorted)-1))]) }
	out, in := degreesOf(c.callees), degreesOf(c.callers)
	within(t, "fan-out p50", quantile(out, .50), 4, 1)
	within(t, "fan-out p90", quantile(out, .90), 23, 4)
	within(t, "fan-out p99", quantile(out, .99), 257, 60)
	within(t, "fan-out max", quantile(out, 1), 5865, 1800)
	within(t, "fan-in p50", quantile(in, .50), 1, 1)
	within(t, "fan-in p90", quantile(in, .90), 19, 4)
	within(t, "fan-in p99", quantile(in, .99), 206, 50)
	if top := quantile(in, 1); top < 3000 {
		t.Errorf("the greatest hub has only %v callers", top)
	}
}

func TestCallsAreListedAtBothEndsOnce(t *testing.T) {
	c := newCompany(newDraw(2, 0), 400)
	for caller, calls := range c.callees {
		seen := map[int]bool{}
		for _, e := range calls {
			if e.to == caller || seen[e.to] {
				t.Fatalf("%d calls %d twice or itself", caller, e.to)
			}
			seen[e.to] = true
			back := slices.IndexFunc(c.callers[e.to], func(b call) bool { return b.to == caller })
			if back < 0 || c.callers[e.to][back].rate != e.rate || c.callers[e.to][back].kind != e.kind {
				t.Fatalf("the call from %d to %d is not known at its other end", caller, e.to)
			}
		}
	}
	if len(c.cycles) == 0 {
		t.Error("no services call each other")
	}
}

func TestNamesDifferAndSayNothing(t *testing.T) {
	c := newCompany(newDraw(3, 0), 5000)
	names := map[string]bool{}
	first, second := 0, 0
	for i := range c.services {
		names[c.services[i].name] = true
		if i < 2500 {
			first += len(c.callers[i])
		} else {
			second += len(c.callers[i])
		}
	}
	if len(names) != 5000 {
		t.Errorf("%d names for 5000 services", len(names))
	}
	if ratio := float64(first) / float64(second); ratio < 0.5 || ratio > 2 {
		t.Errorf("the first half of the services has %v times the callers of the second", ratio)
	}
}

func TestRoutineHasItsRateItsHoursAndItsKinds(t *testing.T) {
	w := newWorld(Options{Seed: 1, Services: 300, ChangesPerDay: 5000})
	d := newDraw(9, 9)
	week := w.routine(d, firstDay, firstDay.AddDate(0, 0, 7), 5000)
	within(t, "changes in a week", float64(len(week)), 35_000, 900)
	kinds := map[correlate.ChangeKind]float64{}
	byHour := [24]float64{}
	services := map[int]int{}
	for _, m := range week {
		kinds[m.Kind]++
		byHour[m.StartedAt.Hour()]++
		services[m.service]++
		if m.StartedAt.Before(firstDay) || !m.StartedAt.Before(firstDay.AddDate(0, 0, 7)) {
			t.Fatalf("a change at %v", m.StartedAt)
		}
	}
	n := float64(len(week))
	within(t, "share of deploys", kinds[correlate.KindDeploy]/n, 0.45, 0.02)
	within(t, "share of config", kinds[correlate.KindConfig]/n, 0.20, 0.02)
	if ratio := byHour[10] / byHour[3]; ratio < 5 {
		t.Errorf("mornings see only %v times the nights' changes", ratio)
	}
	busiest := 0
	for _, count := range services {
		busiest = max(busiest, count)
	}
	if busiest < 3*len(week)/300 {
		t.Errorf("the busiest service has %d changes of %d: activity is flat", busiest, len(week))
	}
}

func TestRoutineOfSomeServicesKeepsTheirRate(t *testing.T) {
	w := newWorld(Options{Seed: 1, Services: 300, ChangesPerDay: 5000})
	some := []int{3, 17, 200}
	share := 0.0
	for _, svc := range some {
		share += w.shareOf(svc)
	}
	got := w.routineOf(newDraw(1, 2), some, firstDay, firstDay.AddDate(0, 0, 28), 5000)
	want := share * 5000 * 28
	within(t, "changes", float64(len(got)), want, 6*want/10)
	for _, m := range got {
		if !slices.Contains(some, m.service) {
			t.Fatalf("a change of service %d", m.service)
		}
	}
	if none := w.routineOf(newDraw(1, 2), nil, firstDay, firstDay.AddDate(0, 0, 1), 5000); len(none) != 0 {
		t.Errorf("%d changes of no service", len(none))
	}
}
