package clickhouse

import (
	"context"
	"errors"
	"testing"
	"time"
)

// A watcher that is run late must not find the context of a sent batch ended: the
// connection that it would close is somebody else's by then.
func TestTheContextOfASentBatchNeverEnds(t *testing.T) {
	caller, cancel := context.WithTimeout(t.Context(), time.Hour)
	ctx, over := whileUnderWay(caller)
	if !over() {
		t.Fatal("it ended although nobody ended it")
	}
	cancel()
	derived, end := context.WithCancel(ctx)
	defer end()
	select {
	case <-ctx.Done():
		t.Error("it ended with its caller, after the batch was over")
	case <-derived.Done():
		t.Error("what the driver derives from it ended")
	case <-time.After(50 * time.Millisecond):
	}
	if ctx.Err() != nil {
		t.Error(ctx.Err())
	}
}

func TestABatchUnderWayEndsWithItsCaller(t *testing.T) {
	type key struct{}
	caller, cancel := context.WithDeadline(context.WithValue(t.Context(), key{}, "settings"), time.Now().Add(time.Hour))
	ctx, over := whileUnderWay(caller)
	defer over()
	if ctx.Err() != nil || ctx.Value(key{}) != "settings" {
		t.Errorf("before the end: %v, value %v", ctx.Err(), ctx.Value(key{}))
	}
	if want, _ := caller.Deadline(); !deadline(ctx).Equal(want) {
		t.Errorf("deadline %s, want %s", deadline(ctx), want)
	}
	cancel()
	select {
	case <-ctx.Done():
	case <-time.After(time.Minute):
		t.Fatal("the end of the caller did not reach it")
	}
	if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(context.Cause(ctx), context.Canceled) {
		t.Errorf("ended by %v, cause %v", ctx.Err(), context.Cause(ctx))
	}
}

func deadline(ctx context.Context) time.Time {
	at, _ := ctx.Deadline()
	return at
}
