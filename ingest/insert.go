package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/faultline/faultline/internal/event"
)

// complainEvery spaces the log lines about a store that stays away.
const complainEvery = 30 * time.Second

// inserter sends rows to the store until they are durable.
type inserter struct {
	// timeout bounds one attempt, least and most the pause between two.
	timeout, least, most time.Duration
	// door is by which the rows came in, for the figures.
	door    string
	store   Store
	metrics *metrics
	log     *slog.Logger
	// moved is told of every attempt that came to an end.
	moved func()
}

// refusal is told of one row that the store refuses, by its place in the batch.
type refusal func(row int, err error)

// insert makes all rows durable but the refused ones: rows are halved for as
// long as the store refuses them, so that only the guilty ones stay out. The
// error is that of ctx, with the store's last one.
func insert[T any](
	ctx context.Context, i *inserter, kind event.Kind, token string, rows []T,
	send func(context.Context, string, []T) error, refused refusal,
) error {
	var half func(from, to int) error
	half = func(from, to int) error {
		if from == to {
			return nil
		}
		err := i.patiently(ctx, "inserting", func(ctx context.Context) error {
			return send(ctx, token, rows[from:to])
		})
		switch {
		case err == nil:
			i.metrics.rows.WithLabelValues(string(kind), i.door).Add(float64(to - from))
			return nil
		case !errors.Is(err, event.ErrRefused):
			return err
		case to-from == 1:
			i.metrics.fail(reasonRefused)
			refused(from, err)
			return nil
		}
		middle := from + (to-from)/2
		return errors.Join(half(from, middle), half(middle, to))
	}
	return half(0, len(rows))
}

// patiently repeats an attempt until it succeeds, is refused, or ctx ends.
// Meanwhile nothing moves on, so that nothing is dropped.
func (i *inserter) patiently(ctx context.Context, what string, attempt func(context.Context) error) error {
	pause := backoff{least: i.least, most: i.most}
	var complained time.Time
	for tries := 1; ; tries++ {
		err := i.once(ctx, attempt)
		if err == nil || errors.Is(err, event.ErrRefused) {
			return err
		}
		i.metrics.fail(reasonInsert)
		if ctx.Err() == nil && time.Since(complained) > complainEvery {
			complained = time.Now()
			i.log.WarnContext(ctx, "the store does not take rows, trying again",
				slog.String("while", what), slog.Int("tries", tries), slog.Any("error", err))
		}
		if !pause.sleep(ctx) {
			return errors.Join(ctx.Err(), fmt.Errorf("%s: %w", what, err))
		}
	}
}

func (i *inserter) once(ctx context.Context, attempt func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, i.timeout)
	defer cancel()
	defer i.moved()
	return attempt(ctx)
}
