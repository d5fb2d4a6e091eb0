package clickhouse

import (
	"context"
	"errors"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
)

// DropDatabase removes the database of a test.
func DropDatabase(ctx context.Context, s *Store) (err error) {
	outside, err := s.pool("default", 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, outside.Close()) }()
	return s.exec(ctx, outside, "drop the database", "DROP DATABASE IF EXISTS "+s.cfg.Database+" SYNC")
}

// Exec runs any statement, for tests that damage what the store relies on.
func Exec(ctx context.Context, s *Store, statement string) error {
	return s.exec(ctx, s.read, "test", statement)
}

// Text is the one value, made a string, that a statement answers.
func Text(ctx context.Context, s *Store, statement string) (text string, err error) {
	err = s.query(ctx, "test", statement, nil, func(rows driver.Rows) error { return rows.Scan(&text) })
	return text, err
}

// SweepNext makes the next look of a feed one that goes far back.
func SweepNext(feed correlate.Feed) {
	for _, f := range feed.(*tail).followers() {
		f.swept = time.Time{}
	}
}
