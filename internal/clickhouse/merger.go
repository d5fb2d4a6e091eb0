package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
)

// MergerConfig says when a month is merged and how much of the machine that may
// take.
type MergerConfig struct {
	// Pause is between two looks that found nothing, Backoff after a failure.
	Pause, Backoff time.Duration
	// MinParts is from how many parts a month is merged. One that a late event
	// is added to now and then is not written anew each time.
	MinParts int
	// Quiet is for how long nothing may have been added to the month.
	Quiet time.Duration
	// MaxBytes leaves larger months to the server.
	MaxBytes int64
	// Timeout bounds the merge of one month of one table.
	Timeout time.Duration
}

// A table without months is never closed, so it is merged whole, from so many parts
// on and while it is so small that writing it anew costs next to nothing.
const (
	smallParts = 64
	smallBytes = 64 << 20
)

// DefaultMergerConfig merges soon after a bulk load has passed a month. A year of
// 5,000 changes a day has some 20 MB a month.
func DefaultMergerConfig() MergerConfig {
	return MergerConfig{
		Pause: 5 * time.Second, Backoff: 5 * time.Minute, MinParts: 8, Quiet: 5 * time.Second,
		MaxBytes: 4 << 30, Timeout: 10 * time.Minute,
	}
}

// Validate names every setting that cannot work.
func (c *MergerConfig) Validate() error {
	var faults []error
	for name, d := range map[string]time.Duration{"pause": c.Pause, "backoff": c.Backoff, "timeout": c.Timeout} {
		if d <= 0 {
			faults = append(faults, fmt.Errorf("%s %s: must be above zero", name, d))
		}
	}
	if c.Quiet < 0 {
		faults = append(faults, fmt.Errorf("quiet %s: must not be negative", c.Quiet))
	}
	if c.MinParts < 2 {
		faults = append(faults, fmt.Errorf("parts %d: must be 2 or more; one part cannot be merged", c.MinParts))
	}
	if c.MaxBytes <= 0 {
		faults = append(faults, fmt.Errorf("bytes %d: must be above zero", c.MaxBytes))
	}
	return errors.Join(faults...)
}

// MergedMonth is one month of one table that was merged.
type MergedMonth struct {
	Table string
	// Month is YYYYMM, or "all" of a table that has no months.
	Month string
	// Parts is how many there were, Rows how many rows they held.
	Parts, Rows uint64
	Took        time.Duration
}

// MergeObserver is told what a merger does.
type MergeObserver interface {
	Merged(m MergedMonth)
	MergeFailed(err error)
}

// Merger merges the parts of closed months, and of small tables that have no
// months. A reader of a year opens every part:
// the hundreds that a bulk load leaves cost it more than their rows do, and the
// server takes minutes to get to them.
//
// One merge runs at a time, and after each the merger rests as long as it took,
// so that it takes half of one core at most. Inserts go on meanwhile: a merge
// locks nothing. Several mergers may work on one database, since the server lets
// a part take part in one merge at a time and does not write a month anew that
// lies in one part; a cluster decides it in its keeper. What is cut off in the
// middle leaves the parts as they were.
type Merger struct {
	store    *Store
	cfg      MergerConfig
	observer MergeObserver
	log      *slog.Logger
}

// NewMerger answers a merger that does nothing until it runs.
func (s *Store) NewMerger(cfg MergerConfig, observer MergeObserver, log *slog.Logger) (*Merger, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("settings of merging: %w", err)
	}
	return &Merger{store: s, cfg: cfg, observer: observer, log: log}, nil
}

// Run merges until the context ends. A failure is for the log and the observer:
// figures are slower without merges, and right.
func (m *Merger) Run(ctx context.Context) {
	for ctx.Err() == nil {
		// The error of a context that ended is not worth more than its end.
		_ = pause(ctx, m.rest(ctx))
	}
}

// rest merges a month, if one is due, and answers for how long to rest.
func (m *Merger) rest(ctx context.Context) time.Duration {
	merged, found, err := m.Next(ctx)
	switch {
	case ctx.Err() != nil:
		return 0
	case err != nil:
		m.observer.MergeFailed(err)
		m.log.LogAttrs(ctx, slog.LevelWarn, "closed months cannot be merged; figures over long periods are slower until the server does it",
			slog.Any("error", err), slog.Duration("retry_in", m.cfg.Backoff))
		return m.cfg.Backoff
	case !found:
		return m.cfg.Pause
	}
	m.observer.Merged(merged)
	m.log.LogAttrs(ctx, slog.LevelDebug, "a closed month was merged", slog.String("table", merged.Table), slog.String("month", merged.Month),
		slog.Uint64("parts", merged.Parts), slog.Duration("took", merged.Took))
	return merged.Took
}

// Next merges one month of one table; found is false when none is due.
func (m *Merger) Next(ctx context.Context) (merged MergedMonth, found bool, err error) {
	if merged, found, err = m.due(ctx); err != nil || !found {
		return MergedMonth{}, false, err
	}
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, m.cfg.Timeout)
	defer cancel()
	if err := m.merge(ctx, &merged); err != nil {
		return MergedMonth{}, false, m.store.fail("merge "+merged.Month+" of "+merged.Table, err)
	}
	merged.Took = time.Since(began)
	return merged, true, nil
}

// merge writes a month as one part. A server goes on with it when the caller has
// left, which does no harm; the embedded engine would be waited for at the end of
// the process, so there the merge is cut off.
func (m *Merger) merge(ctx context.Context, month *MergedMonth) error {
	// Both names come from the server's own list of parts, of this database. A server
	// that cannot merge, for want of room perhaps, has to say so: taken for a merge
	// that took no time it would be asked again at once, for ever.
	statement := fmt.Sprintf("OPTIMIZE TABLE %s PARTITION ID '%s' FINAL SETTINGS optimize_skip_merged_partitions = 1, optimize_throw_if_noop = 1", month.Table, month.Month)
	if m.store.direct == nil {
		return m.store.read.Exec(ctx, statement)
	}
	ended := make(chan error, 1)
	go func() { ended <- m.store.read.Exec(ctx, statement) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	aside := context.WithoutCancel(ctx)
	stopped := m.store.exec(aside, m.store.read, "stop merging", "SYSTEM STOP MERGES "+month.Table)
	err := <-ended
	return errors.Join(err, stopped, m.store.exec(aside, m.store.read, "go on merging", "SYSTEM START MERGES "+month.Table))
}

// PartsHeld is in how many parts all rows of the database lie: what a bulk load
// leaves, and merging mends.
func (s *Store) PartsHeld(ctx context.Context) (n uint64, err error) {
	err = s.query(ctx, "count the parts", s.sql["parts_held"], nil, func(rows driver.Rows) error { return rows.Scan(&n) })
	return n, err
}

// due is the month that gains most from being merged.
func (m *Merger) due(ctx context.Context) (month MergedMonth, found bool, err error) {
	err = m.store.query(ctx, "look for months to merge", m.store.sql["merge_due"], []any{
		named("parts", m.cfg.MinParts), named("bytes", m.cfg.MaxBytes), named("quiet", m.cfg.Quiet.Milliseconds()),
		named("small_parts", smallParts), named("small_bytes", smallBytes),
	}, func(rows driver.Rows) error {
		found = true
		return rows.Scan(&month.Table, &month.Month, &month.Parts, &month.Rows)
	})
	return month, found, err
}
