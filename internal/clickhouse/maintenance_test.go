package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// windowOf is a window of an hour with what its audit entry needs.
func windowOf(id string, from time.Time) (query.MaintenanceWindow, query.AuditEntry) {
	w := query.MaintenanceWindow{
		ID: id, Maintenance: correlate.Maintenance{Services: []string{"cart", "it's"}, Environment: "production", From: from, To: from.Add(time.Hour)},
		Reason: "a new database", CreatedBy: "ada", CreatedAt: from.Add(-time.Hour), ChangedBy: "ada", ChangedAt: from.Add(-time.Hour),
	}
	return w, query.AuditEntry{At: w.ChangedAt, ID: id, Actor: "ada", Action: "maintenance", Target: id}
}

func TestAWindowThatWasEndedEarlyStaysEnded(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		soon, soonEntry := windowOf("11111111-1111-4111-8111-111111111111", noon)
		later, laterEntry := windowOf("22222222-2222-4222-8222-222222222222", noon.Add(5*time.Hour))
		later.Services = []string{}
		ended := soon
		ended.To, ended.ChangedBy, ended.ChangedAt = noon.Add(time.Minute), "grace", noon.Add(time.Minute)
		for _, save := range []struct {
			w query.MaintenanceWindow
			e query.AuditEntry
		}{{soon, soonEntry}, {later, laterEntry}, {ended, soonEntry}, {soon, soonEntry}} {
			if err := s.SaveMaintenance(t.Context(), save.w, save.e); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.MaintenanceWindows(t.Context(), noon.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]query.MaintenanceWindow{later, ended}, got); diff != "" {
			t.Error(diff)
		}
		// The first row of the ended window would still be running at half past.
		running, err := s.Maintenance(t.Context(), noon.Add(30*time.Minute))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]correlate.Maintenance{later.Maintenance}, running); diff != "" {
			t.Error(diff)
		}
	})
}
