package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestClaimsAreOrderedByTheStoresClockAndLapse(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		claim := func(who string, state query.ClaimState) {
			t.Helper()
			if err := s.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: who, State: state}); err != nil {
				t.Fatal(err)
			}
			time.Sleep(2 * time.Millisecond)
		}
		for _, who := range []string{"zoe", "ann", "bob"} {
			claim(who, query.ClaimHeld)
		}
		claim("zoe", query.ClaimHeld)
		claim("ann", query.ClaimReleased)
		exec(t, s, "INSERT INTO report_claims (week, claimant, state, stored_at) VALUES ('2026-W47', 'old', 'held', now64(3) - INTERVAL 10 MINUTE), ('2026-W46', 'other', 'held', now64(3))")
		got, err := s.Claimants(t.Context(), "2026-W47", time.Minute)
		if diff := cmp.Diff([]string{"zoe", "bob"}, got); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if got, err = s.Claimants(t.Context(), "2026-W47", time.Hour); err != nil || len(got) != 3 || got[0] != "old" {
			t.Errorf("%v %v", got, err)
		}
	})
}
