package app

import (
	"context"
	"log/slog"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
)

// Times of the work on what figures count changes by.
const (
	// wholesPause is between two looks, wholesBackoff after one that failed.
	wholesPause   = 5 * time.Second
	wholesBackoff = 30 * time.Second
	// wholesTimeout bounds one look.
	wholesTimeout = 5 * time.Minute
)

// wholeWorker works out changes that no single event tells whole; the store's
// follower does.
type wholeWorker interface {
	Next(ctx context.Context) (done int, more bool, err error)
}

// startWholes keeps what figures count changes by up to date.
func (s *service) startWholes(ctx context.Context) {
	worker := s.store.NewWholes(nowUTC)
	s.run(ctx, "changes as wholes", func(ctx context.Context) error {
		return workOut(ctx, worker, s.log, wholesPause, wholesBackoff)
	})
}

var _ wholeWorker = (*clickhouse.Wholes)(nil)

// workOut looks again and again until the context ends. A failure is for the log:
// the next look finds the same.
func workOut(ctx context.Context, worker wholeWorker, log *slog.Logger, pause, backoff time.Duration) error {
	for ctx.Err() == nil {
		look, done := context.WithTimeout(ctx, wholesTimeout)
		_, more, err := worker.Next(look)
		done()
		wait := pause
		switch {
		case err != nil && ctx.Err() == nil:
			log.LogAttrs(ctx, slog.LevelWarn, "changes cannot be worked out as wholes; figures go by their events until then", slog.Any("error", err))
			wait = backoff
		case more:
			wait = 0
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
		}
	}
	return nil
}
