package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"
)

// cleanup is a stack of named steps that undo what start-up did, last first.
// A step is pushed right after what it undoes, so that a start that fails
// half-way leaves nothing behind.
type cleanup struct {
	steps []cleanupStep
	log   *slog.Logger
}

type cleanupStep struct {
	name string
	stop func(context.Context) error
}

func (c *cleanup) push(name string, stop func(context.Context) error) {
	c.steps = append(c.steps, cleanupStep{name: name, stop: stop})
}

// run undoes everything within the time limit and joins what went wrong. The
// end of ctx, which is often why it is called, does not stop it.
func (c *cleanup) run(ctx context.Context, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), limit)
	defer cancel()
	var errs []error
	for i := len(c.steps) - 1; i >= 0; i-- {
		step := c.steps[i]
		started := time.Now()
		if err := step.stop(ctx); err != nil {
			errs = append(errs, fmt.Errorf("stop %s: %w", step.name, err))
		}
		c.log.Debug("stopped", slog.String("component", step.name), slog.Duration("took", time.Since(started)))
	}
	c.steps = nil
	return errors.Join(errs...)
}

// worker runs one component's loop and lets its owner stop it and wait.
type worker struct {
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

// startWorker runs loop in a goroutine until it is stopped; the end of ctx does
// not stop it, since parts stop in an order of their own. A loop that
// ends early with an error reports it to failed, whose owner then stops the
// process: half a service is worse than a restart.
func startWorker(ctx context.Context, name string, failed chan<- error, loop func(context.Context) error) *worker {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w := &worker{cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(w.done)
		w.err = loop(ctx)
		if errors.Is(w.err, context.Canceled) && ctx.Err() != nil {
			w.err = nil
		}
		if w.err != nil {
			w.err = fmt.Errorf("%s: %w", name, w.err)
			select {
			case failed <- w.err:
			default:
			}
		}
	}()
	return w
}

// stop ends the loop and waits for it, at most until ctx ends.
func (w *worker) stop(ctx context.Context) error {
	w.cancel()
	select {
	case <-w.done:
		return w.err
	case <-ctx.Done():
		return fmt.Errorf("did not stop in time: %w", ctx.Err())
	}
}
