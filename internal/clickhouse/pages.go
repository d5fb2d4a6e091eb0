package clickhouse

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"
	"github.com/cespare/xxhash/v2"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// body reads the one value that a statement answers as JSON, or
// query.ErrNotFound.
func body[T any](ctx context.Context, s *Store, op, statement string, params ...any) (T, error) {
	var none T
	all, err := bodies[T](ctx, s, op, statement, params...)
	if err != nil {
		return none, err
	}
	if len(all) == 0 {
		return none, query.ErrNotFound
	}
	return all[0], nil
}

// bodies reads the values that a statement answers as JSON, one a row.
func bodies[T any](ctx context.Context, s *Store, op, statement string, params ...any) ([]T, error) {
	var all []T
	err := s.query(ctx, op, s.sql[statement], params, func(rows driver.Rows) error {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		var value T
		if err := fromJSON(text, &value); err != nil {
			return err
		}
		all = append(all, value)
		return nil
	})
	return all, err
}

// scanAlertEvent reads one alert event.
func scanAlertEvent(rows driver.Rows) (event.Alert, error) {
	var b stored
	if err := b.scan(rows); err != nil {
		return event.Alert{}, err
	}
	return b.alert()
}

// sortAlerts orders episodes by start, then by fingerprint.
func sortAlerts(alerts []correlate.Alert) {
	slices.SortFunc(alerts, func(a, b correlate.Alert) int {
		if c := a.StartedAt.Compare(b.StartedAt); c != 0 {
			return c
		}
		return strings.Compare(a.Fingerprint, b.Fingerprint)
	})
}

// cursor is where a page ended: the start and the id of its last item.
type cursor struct {
	at int64
	id string
}

// cursorText is how a cursor travels.
type cursorText struct {
	Filter uint64 `json:"f"`
	At     int64  `json:"t"`
	ID     string `json:"i"`
}

func writeCursor(c cursor, filter uint64) string {
	text, _ := json.Marshal(cursorText{Filter: filter, At: c.at, ID: c.id})
	return base64.RawURLEncoding.EncodeToString(text)
}

// readCursor refuses a cursor that was not made for the same filter: its page
// would begin somewhere else.
func readCursor(text string, filter uint64) (cursor, error) {
	if text == "" {
		return cursor{}, nil
	}
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return cursor{}, query.ErrBadCursor
	}
	var c cursorText
	if err := json.Unmarshal(raw, &c); err != nil || c.Filter != filter || c.ID == "" {
		return cursor{}, query.ErrBadCursor
	}
	return cursor{at: c.At, id: c.ID}, nil
}

// filterHash tells filters apart.
func filterHash(parts ...any) uint64 { return xxhash.Sum64String(fmt.Sprintf("%q", parts)) }

// pageLimit keeps a limit within bounds; 0 is the default.
func pageLimit(limit int) int {
	if limit <= 0 {
		return query.DefaultLimit
	}
	return min(limit, query.MaxLimit)
}

// pageOf cuts the one item that was read beyond the limit to see whether there
// are more.
func pageOf[T any](items []T, limit int, after func(*T) string) query.Page[T] {
	if len(items) <= limit {
		return query.Page[T]{Items: items}
	}
	return query.Page[T]{Items: items[:limit], Next: after(&items[limit-1])}
}

// texts turns words of any string type into strings.
func texts[T ~string](words []T) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = string(w)
	}
	return out
}

// millis is 0 for the zero time, which filters nothing.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
