package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// lookingWorker fails once, has more once, and then has nothing.
type lookingWorker struct {
	looks int
	end   context.CancelFunc
}

func (w *lookingWorker) Next(ctx context.Context) (done int, more bool, err error) {
	if _, bounded := ctx.Deadline(); !bounded {
		return 0, false, errors.New("a look without an end")
	}
	w.looks++
	switch w.looks {
	case 1:
		return 0, false, errors.New("the store is away")
	case 2:
		return 5, true, nil
	case 3:
		return 1, false, nil
	default:
		w.end()
		return 0, false, ctx.Err()
	}
}

func TestWorkOnWholesGoesOnAfterAFailureAndEndsWithTheProcess(t *testing.T) {
	var said bytes.Buffer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	worker := &lookingWorker{end: cancel}
	if err := workOut(ctx, worker, slog.New(slog.NewTextHandler(&said, nil)), time.Millisecond, 2*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	if worker.looks != 4 || strings.Count(said.String(), "the store is away") != 1 {
		t.Errorf("%d looks, log %s", worker.looks, said.String())
	}
}
