package app

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestCleanupRunsLastFirstAndJoinsErrors(t *testing.T) {
	var order []string
	c := &cleanup{log: quiet()}
	for _, name := range []string{"engine", "store", "api"} {
		c.push(name, func(context.Context) error {
			order = append(order, name)
			if name == "store" {
				return errors.New("stuck")
			}
			return nil
		})
	}
	err := c.run(t.Context(), time.Second)
	if diff := cmp.Diff([]string{"api", "store", "engine"}, order); diff != "" {
		t.Error(diff)
	}
	if err == nil || !strings.Contains(err.Error(), "stop store: stuck") {
		t.Errorf("got %v", err)
	}
	if err := c.run(t.Context(), time.Second); err != nil {
		t.Errorf("a second run must do nothing: %v", err)
	}
}

func TestWorkerStopsAndIsWaitedFor(t *testing.T) {
	failed := make(chan error, 1)
	w := startWorker(t.Context(), "loop", failed, func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	})
	if err := w.stop(t.Context()); err != nil {
		t.Errorf("being told to stop is no error: %v", err)
	}
	if len(failed) != 0 {
		t.Errorf("reported %v", <-failed)
	}
}

func TestWorkerThatFailsTellsItsOwner(t *testing.T) {
	failed := make(chan error, 1)
	w := startWorker(t.Context(), "ingest", failed, func(context.Context) error { return errors.New("no broker") })
	if err := <-failed; err.Error() != "ingest: no broker" {
		t.Errorf("got %v", err)
	}
	if err := w.stop(t.Context()); err == nil {
		t.Error("the failure was forgotten")
	}
}

func TestWorkerThatDoesNotStopIsReported(t *testing.T) {
	release := make(chan struct{})
	w := startWorker(t.Context(), "stuck", make(chan error, 1), func(context.Context) error { <-release; return nil })
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if err := w.stop(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	close(release)
	<-w.done
}

func TestDependencyErrorsKeepTheirText(t *testing.T) {
	cause := errors.New("clickhouse: connection refused")
	err := down(cause)
	if !errors.Is(err, ErrDependency) || !errors.Is(err, cause) || err.Error() != cause.Error() {
		t.Errorf("got %v", err)
	}
	if down(nil) != nil {
		t.Error("no error became one")
	}
}
