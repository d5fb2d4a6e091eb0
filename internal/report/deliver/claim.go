package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/faultline/faultline/internal/query"
)

// The store knows no lock, so processes that play the same role claim a week in
// three steps: each writes a claim that the store stamps, waits until every claim
// with an earlier stamp must have become visible, and looks who was first. Who
// was not lets go. A claim whose writing took longer than that wait is void to
// its own writer, so no earlier stamp can appear later. The first renews its
// claim while it works; one that is not renewed for a lease is void to all, so
// that the work of a process that died is taken over. A claim that was not
// renewed in time is never renewed again, and nothing is sent unless the lease
// outlasts the sending.

// errLost means that the claim may be void, and somebody else at work.
var errLost = errors.New("the claim on the week was lost")

// claim is the right to work on a week.
type claim struct {
	desk     *Desk
	week, id string

	mu sync.Mutex
	// renewed is when the last note that was kept began to be written.
	renewed time.Time

	stop context.CancelFunc
	done sync.WaitGroup
}

// claim tries to be the first, and answers nil when somebody else is at work.
func (d *Desk) claim(ctx context.Context, week string) (*claim, error) {
	c := &claim{desk: d, week: week, id: uuid.NewString()}
	if err := c.note(ctx, query.ClaimHeld); err != nil {
		return nil, errors.Join(fmt.Errorf("claim the week %s: %w", week, err), c.letGo(ctx))
	}
	late := time.Since(c.renewed) > d.cfg.Settle
	select {
	case <-time.After(d.cfg.Settle):
	case <-ctx.Done():
		return nil, errors.Join(ctx.Err(), c.letGo(ctx))
	}
	all, err := d.ledger.Claimants(ctx, week, d.cfg.Lease)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("look who claims the week %s: %w", week, err), c.letGo(ctx))
	}
	if late || len(all) == 0 || all[0] != c.id {
		return nil, c.letGo(ctx)
	}
	keep, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.done.Go(func() { c.keep(keep) })
	return c, nil
}

// note writes the claim anew and remembers when.
func (c *claim) note(ctx context.Context, state query.ClaimState) error {
	ctx, cancel := context.WithTimeout(ctx, c.desk.cfg.Timeout)
	defer cancel()
	began := time.Now()
	if err := c.desk.ledger.SaveClaim(ctx, query.Claim{Week: c.week, Claimant: c.id, State: state}); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.renewed = began
	return nil
}

// keep renews the claim until it is let go or lost.
func (c *claim) keep(ctx context.Context) {
	tick := time.NewTicker(c.desk.cfg.Lease / 6)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if c.age() > c.desk.cfg.Lease-c.desk.cfg.Settle {
			return // Somebody else may have taken over: to renew now could make two of us.
		}
		renewing, cancel := context.WithTimeout(ctx, c.desk.cfg.Settle)
		if err := c.note(renewing, query.ClaimHeld); err != nil && ctx.Err() == nil {
			c.desk.log.LogAttrs(ctx, slog.LevelWarn, "the claim on the weekly report cannot be renewed", slog.String("week", c.week), slog.Any("error", err))
		}
		cancel()
	}
}

func (c *claim) age() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return time.Since(c.renewed)
}

// firm tells whether the claim outlasts one more delivery.
func (c *claim) firm() bool { return c.age()+c.desk.cfg.Timeout+c.desk.cfg.Settle < c.desk.cfg.Lease }

// lost tells whether somebody else may be at work already.
func (c *claim) lost() bool { return c.age()+c.desk.cfg.Settle >= c.desk.cfg.Lease }

// letGo ends the renewing and lets others claim at once.
func (c *claim) letGo(ctx context.Context) error {
	if c.stop != nil {
		c.stop()
		c.done.Wait()
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.desk.cfg.Timeout)
	defer cancel()
	if err := c.note(ctx, query.ClaimReleased); err != nil {
		return fmt.Errorf("let the week %s go: %w", c.week, err)
	}
	return nil
}
