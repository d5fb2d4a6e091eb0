package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestTheLastNoticeOfEachIncidentAndTargetIsReadBack(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		first := query.Told{
			Incident: "inc-1", Target: "slack C1", At: noon, Thread: "100.1", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical,
			Verdict: correlate.VerdictPossible, Suspect: "cd/a", State: "open",
		}
		second := first
		second.At, second.Verdict, second.Suspect = noon.Add(time.Minute), correlate.VerdictProbable, "cd/it's"
		elsewhere := first
		elsewhere.Target, elsewhere.Thread = "webhook example.com/hook", ""
		old := first
		old.Incident, old.At = "inc-0", noon.Add(-48*time.Hour)
		for _, told := range []query.Told{second, first, elsewhere, old} {
			if err := s.SaveTold(t.Context(), told); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.ToldSince(t.Context(), noon.Add(-time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		byTarget := map[string]query.Told{}
		for _, told := range got {
			byTarget[told.Target] = told
		}
		if diff := cmp.Diff(map[string]query.Told{second.Target: second, elsewhere.Target: elsewhere}, byTarget); diff != "" || len(got) != 2 {
			t.Errorf("%d rows: %s", len(got), diff)
		}
	})
}
