package clickhouse

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"github.com/faultline/faultline/internal/query"
)

// The columns of the tables of reports.
var (
	reportFields = []field[query.StoredReport]{
		textField("week", func(r *query.StoredReport) string { return r.Week }),
		timeField("made_at", func(r *query.StoredReport) time.Time { return r.MadeAt }),
		textField("body", func(r *query.StoredReport) string { return string(r.Body) }),
	}
	claimFields = []field[query.Claim]{
		textField("week", func(c *query.Claim) string { return c.Week }),
		textField("claimant", func(c *query.Claim) string { return c.Claimant }),
		textField("state", func(c *query.Claim) string { return string(c.State) }),
	}
	deliveryFields = []field[query.Delivery]{
		textField("week", func(d *query.Delivery) string { return d.Week }),
		textField("recipient", func(d *query.Delivery) string { return d.Recipient }),
		timeField("at", func(d *query.Delivery) time.Time { return d.At }),
		textField("state", func(d *query.Delivery) string { return string(d.State) }),
		textField("problem", func(d *query.Delivery) string { return d.Problem }),
	}
)

// SaveReport stores the report of a week; the newest counts.
func (s *Store) SaveReport(ctx context.Context, r query.StoredReport) error {
	return insertRows(ctx, s, "reports", "", reportFields, []query.StoredReport{r})
}

// StoredReport answers the body of the report of a week, or query.ErrNotFound.
func (s *Store) StoredReport(ctx context.Context, week string) ([]byte, error) {
	var text string
	found := false
	err := s.query(ctx, "read a report", s.sql["report_one"], []any{named("week", week)}, func(rows driver.Rows) error {
		found = true
		return rows.Scan(&text)
	})
	if err == nil && !found {
		err = query.ErrNotFound
	}
	return []byte(text), err
}

// StoredReports lists the weeks that a report is stored of, newest first,
// without the bodies.
func (s *Store) StoredReports(ctx context.Context, limit int) ([]query.StoredReport, error) {
	var all []query.StoredReport
	err := s.query(ctx, "list reports", s.sql["report_list"], []any{named("limit", limit)}, func(rows driver.Rows) error {
		var r query.StoredReport
		err := rows.Scan(&r.Week, &r.MadeAt)
		all = append(all, r)
		return err
	})
	return all, err
}

// SaveDelivery notes that a delivery was begun or has ended.
func (s *Store) SaveDelivery(ctx context.Context, d query.Delivery) error {
	return insertRows(ctx, s, "report_deliveries", "", deliveryFields, []query.Delivery{d})
}

// Deliveries tells how the deliveries of a report stand, by recipient.
func (s *Store) Deliveries(ctx context.Context, week string) (map[string]query.DeliveryState, error) {
	states := map[string]query.DeliveryState{}
	err := s.query(s.inAgreement(ctx), "list deliveries", s.sql["report_deliveries"], []any{named("week", week)}, func(rows driver.Rows) error {
		var recipient, state, problem string
		err := rows.Scan(&recipient, &state, &problem)
		states[recipient] = query.DeliveryState(state)
		return err
	})
	return states, err
}

// SaveClaim notes that a process holds the work on a week, or lets it go. The
// store stamps it.
func (s *Store) SaveClaim(ctx context.Context, c query.Claim) error {
	return insertRows(ctx, s, "report_claims", "", claimFields, []query.Claim{c})
}

// Claimants lists who holds the work on a week by a claim that is younger than a
// lease; the first of them is at work.
func (s *Store) Claimants(ctx context.Context, week string, lease time.Duration) ([]string, error) {
	var all []string
	err := s.query(s.inAgreement(ctx), "list claims", s.sql["report_claims"], []any{named("week", week), named("lease", lease.Milliseconds())}, func(rows driver.Rows) error {
		var claimant string
		err := rows.Scan(&claimant)
		all = append(all, claimant)
		return err
	})
	return all, err
}

// GateCounts tells how often the policy gate gave each answer in a period.
func (s *Store) GateCounts(ctx context.Context, p query.Period) ([]query.GateCount, error) {
	var all []query.GateCount
	err := s.query(ctx, "count the gate's answers", s.sql["figures_gate"], []any{named("from", p.From), named("to", p.To)}, func(rows driver.Rows) error {
		var c query.GateCount
		var n uint64
		err := rows.Scan(&c.Answer, &n)
		c.Count = int(n)
		all = append(all, c)
		return err
	})
	return all, err
}
