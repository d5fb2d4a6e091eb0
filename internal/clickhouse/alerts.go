package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// Alerts answers one page of folded alert episodes, newest first.
func (s *Store) Alerts(ctx context.Context, q query.Alerts) (query.Page[correlate.Alert], error) {
	list := pageWalk[correlate.Alert]{table: "alerts", statement: "alert_page", from: q.From, to: q.To, limit: q.Limit, cursor: q.Cursor}
	list.filter = filterHash("alerts", q.From, q.To, q.Services, q.Status)
	list.params = []any{named("services", q.Services), named("status", texts(q.Status))}
	list.read = s.alertsAt
	return list.page(ctx, s)
}

// alertsAt reads whole episodes in the order of their places.
func (s *Store) alertsAt(ctx context.Context, places []place) ([]correlate.Alert, error) {
	keys := make([]correlate.AlertKey, len(places))
	for i, p := range places {
		keys[i] = correlate.AlertKey{Fingerprint: p.id, StartedAt: time.UnixMilli(p.at).UTC()}
	}
	episodes, err := s.alertsByKey(ctx, keys)
	if err != nil {
		return nil, err
	}
	alerts := make([]correlate.Alert, 0, len(keys))
	for _, k := range keys {
		if a, ok := episodes[k]; ok {
			alerts = append(alerts, a)
		}
	}
	return alerts, nil
}

// alertsByKey reads whole episodes.
func (s *Store) alertsByKey(ctx context.Context, keys []correlate.AlertKey) (map[correlate.AlertKey]correlate.Alert, error) {
	if len(keys) == 0 {
		return nil, nil
	}
	at, hashes := make([]int64, len(keys)), make([]uint64, len(keys))
	for i, k := range keys {
		at[i], hashes[i] = k.StartedAt.UnixMilli(), hashOf(k.Fingerprint)
	}
	episodes, err := s.alertsHashed(ctx, at, hashes)
	if err != nil {
		return nil, err
	}
	return episodes, s.endAlerts(ctx, episodes)
}

// endWithin is how long after the start of an episode an end is looked for
// that does not tell which episode it ends. The correlator gives an alert up
// after as long.
const endWithin = 7 * 24 * time.Hour

// endAlerts ends the firing ones among the episodes of whose series something
// told only the end.
func (s *Store) endAlerts(ctx context.Context, episodes map[correlate.AlertKey]correlate.Alert) error {
	var firing []correlate.Alert
	var hashes []uint64
	var since, until time.Time
	for _, a := range episodes {
		if a.Status == correlate.AlertResolved {
			continue
		}
		firing, hashes = append(firing, a), append(hashes, hashOf(a.Fingerprint))
		if since.IsZero() || a.StartedAt.Before(since) {
			since = a.StartedAt
		}
		if end := a.StartedAt.Add(endWithin); end.After(until) {
			until = end
		}
	}
	if len(firing) == 0 {
		return nil
	}
	err := s.query(ctx, "read ends of alerts", s.sql["alert_ends"], []any{
		named("since", since), named("until", until), named("key", hashes),
	}, func(rows driver.Rows) error {
		e, err := scanAlertEvent(rows)
		if err == nil && e.StartUnknown() {
			firing = append(firing, e.Alert)
		}
		return err
	})
	for _, a := range correlate.EndEpisodes(firing) {
		episodes[a.Key()] = a
	}
	return err
}

// alertsHashed reads the episodes that began at these moments and whose
// fingerprints have these hashes.
func (s *Store) alertsHashed(ctx context.Context, at []int64, hashes []uint64) (map[correlate.AlertKey]correlate.Alert, error) {
	var events []event.Alert
	err := s.query(ctx, "read alerts", s.sql["alert_events"], []any{named("at", at), named("key", hashes)}, func(rows driver.Rows) error {
		e, err := scanAlertEvent(rows)
		events = append(events, e)
		return err
	})
	if err != nil {
		return nil, err
	}
	episodes := make(map[correlate.AlertKey]correlate.Alert, len(at))
	for _, a := range event.FoldAlerts(events) {
		episodes[a.Key()] = a
	}
	return episodes, nil
}

// sameMoment turns a key as a caller may have it into the form of the store.
func sameMoment(k correlate.AlertKey) correlate.AlertKey {
	return correlate.AlertKey{Fingerprint: k.Fingerprint, StartedAt: k.StartedAt.UTC().Truncate(time.Millisecond)}
}
