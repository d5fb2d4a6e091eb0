package deliver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/robfig/cron/v3"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// Run makes up for a missed run, then makes and delivers the report of each past
// week on schedule, until the context ends. A schedule that cannot be read is an
// error at once.
func (d *Desk) Run(ctx context.Context) error {
	schedule, err := cron.ParseStandard(d.cfg.Schedule)
	if err != nil {
		return fmt.Errorf("report schedule %q: %w; want five cron fields such as 0 6 * * 1", d.cfg.Schedule, err)
	}
	log := cronLog{d.log}
	clock := cron.New(cron.WithLocation(d.cfg.Zone), cron.WithLogger(log), cron.WithChain(cron.Recover(log), cron.SkipIfStillRunning(log)))
	job := cron.FuncJob(func() { d.runOnce(ctx) })
	wrapped := cron.NewChain(cron.Recover(log)).Then(job)
	if d.missed(schedule) {
		wrapped.Run()
	}
	clock.Schedule(schedule, job)
	clock.Start()
	<-ctx.Done()
	// Stop ends the clock; its context ends when the last run has.
	<-clock.Stop().Done()
	return nil
}

// missed tells whether the report of the last week should have been made by
// now. Whether it was is for runOnce to see.
func (d *Desk) missed(schedule cron.Schedule) bool {
	now := d.now().In(d.cfg.Zone)
	due := schedule.Next(report.WeekOf(now, d.cfg.Zone).Start().Add(-time.Second))
	return !due.After(now)
}

// runOnce makes the report of the last whole week and delivers it. A failure is
// for the log: the next start or run makes up for it.
func (d *Desk) runOnce(ctx context.Context) {
	week := report.WeekOf(d.now(), d.cfg.Zone).Before(1)
	if err := d.Deliver(ctx, week); err != nil && ctx.Err() == nil {
		d.log.LogAttrs(ctx, slog.LevelError, "weekly report not delivered", slog.String("week", week.String()), slog.Any("error", err))
	}
}

// Deliver makes the report of a week unless it is stored, and brings it to every
// recipient that has not had it. It may be repeated at will.
func (d *Desk) Deliver(ctx context.Context, w report.Week) error {
	select {
	case <-d.turn:
		defer func() { d.turn <- struct{}{} }()
	case <-ctx.Done():
		return ctx.Err()
	}
	for {
		done, err := d.done(ctx, w)
		if done || err != nil {
			return err
		}
		c, err := d.claim(ctx, w.String())
		if err != nil {
			return err
		}
		if c != nil {
			err = d.work(ctx, w, c)
			if !errors.Is(err, errLost) {
				return err
			}
		}
		// Somebody else is at work, or may be.
		select {
		case <-time.After(d.cfg.Lease / 6):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// done tells whether the report is stored and nobody is left to bring it to.
func (d *Desk) done(ctx context.Context, w report.Week) (bool, error) {
	if _, err := d.stored(ctx, w); err != nil {
		if errors.Is(err, query.ErrNotFound) {
			err = nil
		}
		return false, err
	}
	states, err := d.ledger.Deliveries(ctx, w.String())
	if err != nil {
		return false, fmt.Errorf("read the ledger of deliveries: %w", err)
	}
	for _, channel := range d.channels {
		for _, recipient := range channel.Recipients() {
			if states[recipient] != query.DeliverySent {
				return false, nil
			}
		}
	}
	return true, nil
}

// work makes and delivers under a claim, and lets it go.
func (d *Desk) work(ctx context.Context, w report.Week, c *claim) (err error) {
	defer func() { err = errors.Join(err, c.letGo(ctx)) }()
	r, err := d.make(ctx, w)
	if err != nil {
		return err
	}
	return d.deliver(ctx, &r, c)
}

// make gives the stored report of a week, or makes and stores it.
func (d *Desk) make(ctx context.Context, w report.Week) (report.Report, error) {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.MakeTimeout)
	defer cancel()
	r, err := d.stored(ctx, w)
	if !errors.Is(err, query.ErrNotFound) {
		return r, err
	}
	if r, err = d.maker.Build(ctx, w); err != nil {
		return r, fmt.Errorf("make the report of %s: %w", w, err)
	}
	body, err := json.Marshal(&r)
	if err != nil {
		return r, fmt.Errorf("store the report of %s: %w", w, err)
	}
	if err := d.archive.SaveReport(ctx, query.StoredReport{Week: r.Week, MadeAt: r.MadeAt, Body: body}); err != nil {
		return r, fmt.Errorf("store the report of %s: %w", w, err)
	}
	d.log.LogAttrs(ctx, slog.LevelInfo, "weekly report made", slog.String("week", r.Week))
	return r, nil
}

func (d *Desk) stored(ctx context.Context, w report.Week) (report.Report, error) {
	var r report.Report
	body, err := d.archive.StoredReport(ctx, w.String())
	if err != nil {
		return r, fmt.Errorf("read the report of %s: %w", w, err)
	}
	if err := json.Unmarshal(body, &r); err != nil {
		return r, fmt.Errorf("read the report of %s: %w", w, err)
	}
	return r, nil
}

// Report gives the report of a week: the stored one, or one that is made for the
// asking and not kept, so that a week that is not over yet can be looked at. A
// week that has not begun is query.ErrNotFound.
func (d *Desk) Report(ctx context.Context, week string) (report.Report, error) {
	w, err := report.ParseWeek(week, d.cfg.Zone)
	if err != nil {
		return report.Report{}, err
	}
	if w.Start().After(d.now()) {
		return report.Report{}, fmt.Errorf("the week %s has not begun: %w", week, query.ErrNotFound)
	}
	r, err := d.stored(ctx, w)
	if !errors.Is(err, query.ErrNotFound) {
		return r, err
	}
	return d.maker.Build(ctx, w)
}

// Reports lists the weeks that a report is stored of, newest first.
func (d *Desk) Reports(ctx context.Context, limit int) ([]query.StoredReport, error) {
	return d.archive.StoredReports(ctx, limit)
}

// deliver brings the report to every recipient, one after the other; the failure
// of one does not keep it from the others.
func (d *Desk) deliver(ctx context.Context, r *report.Report, c *claim) error {
	states, err := d.ledger.Deliveries(ctx, r.Week)
	if err != nil {
		return fmt.Errorf("read the ledger of deliveries: %w", err)
	}
	var errs []error
	for _, channel := range d.channels {
		for _, recipient := range channel.Recipients() {
			switch states[recipient] {
			case query.DeliverySent:
				continue
			case query.DeliveryBegun:
				d.log.LogAttrs(ctx, slog.LevelWarn, "a delivery that was cut off is not repeated", slog.String("recipient", recipient), slog.String("week", r.Week))
				continue
			default:
				errs = append(errs, d.bring(ctx, r, channel, recipient, c))
			}
		}
	}
	return errors.Join(errs...)
}

// bring tries one delivery until it is done, refused or unsure.
func (d *Desk) bring(ctx context.Context, r *report.Report, channel Channel, recipient string, c *claim) error {
	pause := d.cfg.Pause
	for attempt := 1; ; attempt++ {
		if !c.firm() {
			return errLost
		}
		err := d.attempt(ctx, r, channel, recipient, c)
		if err == nil {
			d.log.LogAttrs(ctx, slog.LevelInfo, "weekly report delivered", slog.String("recipient", recipient), slog.String("week", r.Week))
			return nil
		}
		if errors.Is(err, errLost) {
			return errLost
		}
		if attempt >= d.cfg.Attempts || errors.Is(err, ErrFinal) || errors.Is(err, ErrUnsure) {
			return fmt.Errorf("deliver to %s: %w", recipient, err)
		}
		d.log.LogAttrs(ctx, slog.LevelWarn, "delivery of the weekly report fails", slog.String("recipient", recipient), slog.Int("attempt", attempt), slog.Any("error", err))
		select {
		case <-time.After(pause):
			pause *= 2
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// attempt sends, notes right before the report may arrive that it may, and notes
// the end. Without a note of the beginning nothing is sent; a note of the end that
// cannot be written leaves the beginning, and nothing is sent again.
func (d *Desk) attempt(ctx context.Context, r *report.Report, channel Channel, recipient string, c *claim) error {
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Timeout)
	defer cancel()
	begun := false
	err := channel.Send(ctx, r, recipient, func(ctx context.Context) error {
		if c.lost() {
			return errLost
		}
		if err := d.note(ctx, r, recipient, query.DeliveryBegun, ""); err != nil {
			return fmt.Errorf("note the delivery: %w", err)
		}
		begun = true
		return nil
	})
	if errors.Is(err, ErrUnsure) || errors.Is(err, errLost) {
		return err
	}
	state, problem := query.DeliverySent, ""
	if err != nil {
		state, problem = query.DeliveryFailed, err.Error()
	}
	// The end must be noted even if time ran out in sending.
	ending, done := context.WithTimeout(context.WithoutCancel(ctx), d.cfg.Timeout)
	defer done()
	noted := d.note(ending, r, recipient, state, problem)
	switch {
	case noted == nil:
		return err
	case begun:
		return errors.Join(err, fmt.Errorf("%w: its end cannot be noted: %w", ErrUnsure, noted))
	default:
		return errors.Join(err, fmt.Errorf("note the delivery: %w", noted))
	}
}

// note writes into the ledger.
func (d *Desk) note(ctx context.Context, r *report.Report, recipient string, state query.DeliveryState, problem string) error {
	return d.ledger.SaveDelivery(ctx, query.Delivery{Week: r.Week, Recipient: recipient, At: d.now(), State: state, Problem: problem})
}

// cronLog is the schedule's own log.
type cronLog struct{ log *slog.Logger }

// Info is what the schedule tells of itself; it is of no interest.
func (c cronLog) Info(string, ...any) {}

// Error is a panic of a run, or a fault of the schedule.
func (c cronLog) Error(err error, msg string, details ...any) {
	c.log.LogAttrs(context.Background(), slog.LevelError, "a run of the weekly report failed",
		slog.Any("error", err), slog.String("what", msg), slog.String("details", fmt.Sprint(details...)))
}
