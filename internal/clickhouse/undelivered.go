package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
)

var noticeWordFields = []field[query.NoticeWord]{
	textField("target", func(w *query.NoticeWord) string { return w.Target }),
	textField("incident", func(w *query.NoticeWord) string { return w.Incident }),
	timeField("said_at", func(w *query.NoticeWord) time.Time { return w.At }),
	textField("word", func(w *query.NoticeWord) string { return string(w.State) }),
	countField("attempts", func(w *query.NoticeWord) uint32 { return uint32(w.Attempts) }), //nolint:gosec // Attempts count up from one.
	textField("reason", func(w *query.NoticeWord) string { return w.Reason }),
	textField("said_by", func(w *query.NoticeWord) string { return w.By }),
}

// SaveNoticeWord keeps one word about news that a target could not be told.
func (s *Store) SaveNoticeWord(ctx context.Context, w query.NoticeWord) error {
	return insertRows(ctx, s, "undelivered", "", noticeWordFields, []query.NoticeWord{w})
}

// Undelivered answers the news that targets could not be told and that nobody
// has dismissed, the last given up first.
func (s *Store) Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error) {
	var all []query.Undelivered
	err := s.query(ctx, "list undelivered notifications", s.sql["undelivered_list"], []any{named("limit", limit)}, func(rows driver.Rows) error {
		u := query.Undelivered{State: query.NoticeGivenUp}
		var tried uint32
		var asked uint8
		if err := rows.Scan(&u.Target, &u.Incident, &u.GivenUpAt, &tried, &u.Reason, &u.AskedBy, &asked); err != nil {
			return err
		}
		if u.Attempts = int(tried); asked != 0 {
			u.State = query.NoticeAsked
		}
		all = append(all, u)
		return nil
	})
	return all, err
}
