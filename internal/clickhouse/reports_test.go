package clickhouse_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestTheNewestReportOfAWeekIsTheReport(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		if _, err := s.StoredReport(t.Context(), "2026-W47"); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("a report that nobody made: %v", err)
		}
		for i, r := range []query.StoredReport{
			{Week: "2026-W46", MadeAt: noon, Body: []byte(`{"week":"2026-W46"}`)},
			{Week: "2026-W47", MadeAt: noon.Add(time.Hour), Body: []byte("{\"new\":\"\\n\u00fc\"}")},
			{Week: "2026-W47", MadeAt: noon, Body: []byte(`{"old":1}`)},
		} {
			if err := s.SaveReport(t.Context(), r); err != nil {
				t.Fatal(i, err)
			}
		}
		body, err := s.StoredReport(t.Context(), "2026-W47")
		if err != nil || string(body) != "{\"new\":\"\\n\u00fc\"}" {
			t.Errorf("%s %v", body, err)
		}
		list, err := s.StoredReports(t.Context(), 10)
		want := []query.StoredReport{{Week: "2026-W47", MadeAt: noon.Add(time.Hour)}, {Week: "2026-W46", MadeAt: noon}}
		if diff := cmp.Diff(want, list); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestADeliveryThatWasSentStaysSent(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		note := func(recipient string, minutes int, state query.DeliveryState) {
			t.Helper()
			err := s.SaveDelivery(t.Context(), query.Delivery{Week: "2026-W47", Recipient: recipient, At: noon.Add(time.Duration(minutes) * time.Minute), State: state, Problem: "p"})
			if err != nil {
				t.Fatal(err)
			}
		}
		note("sent", 0, query.DeliveryBegun)
		note("sent", 0, query.DeliverySent)
		note("sent", 5, query.DeliveryBegun)
		note("failed", 0, query.DeliveryBegun)
		note("failed", 0, query.DeliveryFailed)
		note("unsure", 0, query.DeliveryFailed)
		note("unsure", 1, query.DeliveryBegun)
		states, err := s.Deliveries(t.Context(), "2026-W47")
		want := map[string]query.DeliveryState{"sent": query.DeliverySent, "failed": query.DeliveryFailed, "unsure": query.DeliveryBegun}
		if diff := cmp.Diff(want, states); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if other, err := s.Deliveries(t.Context(), "2026-W46"); err != nil || len(other) != 0 {
			t.Error(other, err)
		}
	})
}

func TestTheGatesAnswersAreCounted(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		exec(t, s, `INSERT INTO policy_decisions (decided_at, source, id, decision) VALUES
('2026-11-03 10:00:00', 'ci', 'a', 'deny'), ('2026-11-03 10:00:00', 'ci', 'a', 'deny'), ('2026-11-03 11:00:00', 'ci', 'a', 'allow'),
('2026-11-04 11:00:00', 'ci', 'b', 'allow'), ('2026-12-04 11:00:00', 'ci', 'c', 'allow')`)
		counts, err := s.GateCounts(t.Context(), november)
		if diff := cmp.Diff([]query.GateCount{{Answer: "allow", Count: 2}, {Answer: "deny", Count: 1}}, counts); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}
