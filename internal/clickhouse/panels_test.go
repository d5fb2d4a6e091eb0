package clickhouse_test

import (
	"testing"
	"time"

	"github.com/faultline/faultline/internal/clickhouse"
)

// Panels count by the settings of the service that runs now, not by those of the
// one that made the tables.
func TestPanelsCountByTheNewestSettings(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s, changeEvent(t, noon, `{"id":"a","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+
			time.Now().Add(-36*time.Hour).UTC().Format(time.RFC3339)+`"}`))
		const ask = "SELECT toString(max(matured)) FROM change_outcomes(since = now64(3) - INTERVAL 9 DAY, until = now64(3))"
		for _, step := range []struct {
			observation time.Duration
			matured     string
		}{{0, "1"}, {48 * time.Hour, "0"}, {time.Hour, "1"}} {
			if step.observation > 0 {
				if err := s.TellPanels(t.Context(), step.observation); err != nil {
					t.Fatal(err)
				}
			}
			if got := answer(t, s, ask); got != step.matured {
				t.Errorf("after %v: matured is %s, want %s", step.observation, got, step.matured)
			}
		}
	})
}
