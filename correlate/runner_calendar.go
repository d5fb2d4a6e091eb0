package correlate

import (
	"context"
	"slices"
	"time"
)

// Calendar gives the announced maintenance windows that end after a moment.
type Calendar interface {
	Maintenance(ctx context.Context, since time.Time) ([]Maintenance, error)
}

// MaintenanceNotice is how long before it begins a window must be announced, so
// that every correlator knows of it before it mutes anything: twice the time
// between two looks at the calendar, and some room for clocks. Rows then stay a
// function of the events and of what was announced.
const MaintenanceNotice = 15 * time.Second

// calendarEvery is the pause between two looks at the calendar.
const calendarEvery = 5 * time.Second

// calendarState is what the runner knows of announced windows.
type calendarState struct {
	windows []Maintenance
	next    time.Time
}

// consult takes over the windows that are announced now. Alerts that are held
// are grouped anew where that changes anything. While the calendar cannot be
// read, what was read before counts.
func (r *Runner) consult(ctx context.Context) {
	now := r.ports.Now()
	if r.ports.Calendar == nil || now.Before(r.calendar.next) {
		return
	}
	r.calendar.next = now.Add(calendarEvery)
	var windows []Maintenance
	err := r.call(ctx, func(ctx context.Context) (err error) {
		windows, err = r.ports.Calendar.Maintenance(ctx, now.Add(-r.cfg.ChangeWindow))
		return err
	})
	if err != nil {
		r.ports.Observer.Failed("calendar", err, calendarEvery)
		return
	}
	if slices.EqualFunc(windows, r.calendar.windows, sameMaintenance) {
		return
	}
	r.calendar.windows = windows
	r.grouper.SetMaintenance(slices.Concat(r.cfg.Group.Maintenance, windows))
	for _, t := range r.tracked {
		if t.row.Status == IncidentOpen {
			r.due(t)
		}
	}
}

func sameMaintenance(a, b Maintenance) bool {
	return a.Environment == b.Environment && a.From.Equal(b.From) && a.To.Equal(b.To) && slices.Equal(a.Services, b.Services)
}

// SetMaintenance replaces the announced windows and groups all alerts that are
// held anew.
func (g *Grouper) SetMaintenance(windows []Maintenance) {
	g.cfg.Maintenance = slices.Clone(windows)
	g.SetTopology(g.near)
}
