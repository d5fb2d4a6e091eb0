package ingest

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/internal/event"
)

// complainEvery spaces the log lines about a store that stays away.
const complainEvery = 30 * time.Second

// inserter sends rows to the store until they are durable.
type inserter struct {
	config  *Config
	store   Store
	metrics *metrics
	log     *slog.Logger
	// moved is told of every attempt that came to an end.
	moved func()
}

// refusal is told of one row that the store refuses, by its place in the batch.
type refusal func(row int, err error)

// changes, alerts and topologies make all rows durable but the refused ones.
// The error is that of ctx, with the store's last one.

func (i *inserter) changes(ctx context.Context, token string, rows []event.Change, refused refusal) error {
	return insert(ctx, i, token, rows, i.store.InsertChanges,
		func(e *event.Change) uint64 { return e.UID }, refused)
}

func (i *inserter) alerts(ctx context.Context, token string, rows []event.Alert, refused refusal) error {
	return insert(ctx, i, token, rows, i.store.InsertAlerts,
		func(e *event.Alert) uint64 { return e.UID }, refused)
}

func (i *inserter) topologies(ctx context.Context, token string, rows []event.Topology, refused refusal) error {
	return insert(ctx, i, token, rows, i.store.InsertTopology,
		func(e *event.Topology) uint64 { return e.UID }, refused)
}

// insert sends rows and halves them for as long as the store refuses them, so
// that only the guilty rows stay out.
func insert[T any](
	ctx context.Context, i *inserter, token string, rows []T,
	send func(context.Context, string, []T) error, uid func(*T) uint64, refused refusal,
) error {
	var half func(from, to int) error
	half = func(from, to int) error {
		if from == to {
			return nil
		}
		full := token + "#" + fingerprint(rows[from:to], uid)
		err := i.patiently(ctx, "inserting", func(ctx context.Context) error {
			return send(ctx, full, rows[from:to])
		})
		if err == nil || !errors.Is(err, event.ErrRefused) {
			return err
		}
		if to-from == 1 {
			i.metrics.fail(reasonRefused)
			refused(from, err)
			return nil
		}
		middle := from + (to-from)/2
		return errors.Join(half(from, middle), half(middle, to))
	}
	return half(0, len(rows))
}

// fingerprint hashes what the rows are. It makes a token tell a replay of the
// same rows from other rows at the same offsets, as after a topic was made
// anew: the store drops rows silently whose token it knows.
func fingerprint[T any](rows []T, uid func(*T) uint64) string {
	var h xxhash.Digest
	h.Reset()
	var word [8]byte
	for r := range rows {
		u := uid(&rows[r])
		for b := range word {
			word[b] = byte(u >> (8 * b))
		}
		_, _ = h.Write(word[:])
	}
	return strconv.FormatUint(h.Sum64(), 16)
}

// patiently repeats an attempt until it succeeds, is refused, or ctx ends.
// Meanwhile nothing moves on, so that nothing is dropped.
func (i *inserter) patiently(ctx context.Context, what string, attempt func(context.Context) error) error {
	pause := backoff{least: i.config.RetryMin, most: i.config.RetryMax}
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
	ctx, cancel := context.WithTimeout(ctx, i.config.InsertTimeout)
	defer cancel()
	defer i.moved()
	return attempt(ctx)
}
