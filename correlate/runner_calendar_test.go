package correlate

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wallplan is a calendar whose windows can be changed and that can fail.
type wallplan struct {
	mu      sync.Mutex
	windows []Maintenance
	since   time.Time
	err     error
}

func (p *wallplan) Maintenance(_ context.Context, since time.Time) ([]Maintenance, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since = since
	return slices.Clone(p.windows), p.err
}

func (p *wallplan) announce(windows ...Maintenance) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.windows, p.err = windows, nil
}

func (p *wallplan) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.err = err
}

// plannedRig is a rig with a calendar.
func plannedRig(p *wallplan) *rig {
	return newRig(func(_ *RunnerConfig, ports *RunnerPorts) { ports.Calendar = p })
}

// open counts the incidents that are open in the last rows saved.
func (r *rig) open() int {
	n := 0
	for _, in := range r.lastIncidents() {
		if in.Status == IncidentOpen {
			n++
		}
	}
	return n
}

func TestAWindowAnnouncedWhileRunningMutesItsServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := &wallplan{}
		r := plannedRig(plan)
		defer r.end()
		time.Sleep(time.Minute)
		from := time.Now().Add(MaintenanceNotice)
		plan.announce(Maintenance{Services: []string{"cart"}, From: from, To: from.Add(time.Hour)})
		time.Sleep(time.Minute)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())}, event{at: time.Now(), alert: firing("search", time.Now())})
		time.Sleep(time.Minute)
		if n := r.open(); n != 1 || r.lastIncidents()[0].Services[0] != "search" {
			t.Errorf("open: %+v; want search alone", r.lastIncidents())
		}
		time.Sleep(time.Hour)
		if n := r.open(); n != 2 {
			t.Errorf("after the window %d are open; the alert of cart still fires and counts now", n)
		}
	})
}

func TestEndingAWindowEarlyLetsItsAlertsCount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		plan := &wallplan{windows: []Maintenance{{From: from, To: from.Add(10 * time.Hour)}}}
		r := plannedRig(plan)
		defer r.end()
		time.Sleep(time.Minute)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())})
		time.Sleep(time.Minute)
		if n := r.open(); n != 0 {
			t.Fatalf("%d are open in a window over everything", n)
		}
		ended := time.Now().Add(MaintenanceNotice)
		plan.announce(Maintenance{From: from, To: ended})
		time.Sleep(time.Minute)
		rows := r.lastIncidents()
		if len(rows) != 1 || !rows[0].StartedAt.Equal(ended.UTC().Truncate(time.Millisecond)) {
			t.Errorf("after the early end at %v: %+v", ended, rows)
		}
	})
}

// TestACalendarThatFailsKeepsWhatWasAnnounced must neither unmute everything nor
// stop the runner.
func TestACalendarThatFailsKeepsWhatWasAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		from := time.Now()
		plan := &wallplan{windows: []Maintenance{{Services: []string{"cart"}, From: from, To: from.Add(time.Hour)}}}
		r := plannedRig(plan)
		defer r.end()
		time.Sleep(time.Minute)
		plan.fail(errDown)
		time.Sleep(time.Minute)
		r.add(event{at: time.Now(), alert: firing("cart", time.Now())}, event{at: time.Now(), alert: firing("search", time.Now())})
		time.Sleep(time.Minute)
		if r.open() != 1 || r.notes.failures("calendar") == 0 {
			t.Errorf("%d are open, %d failures told", r.open(), r.notes.failures("calendar"))
		}
		if want := time.Now().Add(-31 * 24 * time.Hour); plan.since.Before(want) {
			t.Errorf("asked since %v, far before the alerts that are held", plan.since)
		}
	})
}

// TestTwoRunnersThatHearOfAWindowAtOtherTimesWriteTheSameRows is why a window is
// announced some seconds before it begins.
func TestTwoRunnersThatHearOfAWindowAtOtherTimesWriteTheSameRows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		plan := &wallplan{}
		early := plannedRig(plan)
		defer early.end()
		time.Sleep(calendarEvery / 2)
		late := plannedRig(plan)
		defer late.end()
		time.Sleep(time.Minute)
		from := time.Now().Add(MaintenanceNotice)
		plan.announce(Maintenance{Services: []string{"cart"}, From: from, To: from.Add(10 * time.Minute)})
		for i := range 40 {
			at := time.Now()
			for _, r := range []*rig{early, late} {
				a := firing("cart", at)
				a.Fingerprint = string(rune('a' + i))
				r.add(event{at: at, alert: a})
			}
			time.Sleep(time.Second)
		}
		time.Sleep(time.Hour)
		a, b := early.lastIncidents(), late.lastIncidents()
		if len(a) == 0 || len(a) != len(b) {
			t.Fatalf("%d and %d incidents", len(a), len(b))
		}
		for i := range a {
			if a[i].ID != b[i].ID || !a[i].StartedAt.Equal(b[i].StartedAt) || len(a[i].Alerts) != len(b[i].Alerts) {
				t.Errorf("row %d differs: %+v and %+v", i, a[i], b[i])
			}
		}
	})
}
