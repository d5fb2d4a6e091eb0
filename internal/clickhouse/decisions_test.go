package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

func TestEveryDecisionOfTheGateIsKeptWithItsReasons(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		key := correlate.Key{Source: "argo-cd", ID: "d-1"}
		denied := query.GateDecision{
			At: noon, Change: key, Decision: "deny", Rules: []string{"a", "b"}, Reasons: []string{"nobody", "late"}, AskedBy: "ci", Body: `{"decision":"deny"}`,
		}
		allowed := query.GateDecision{At: noon.Add(time.Minute), Change: key, Decision: "allow", Rules: []string{}, Reasons: []string{}, AskedBy: "ci", Body: "{}"}
		for _, d := range []query.GateDecision{allowed, denied, denied} {
			if err := s.SaveDecision(t.Context(), d); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Decisions(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]query.GateDecision{allowed, denied}, got); diff != "" {
			t.Error(diff)
		}
		if none, err := s.Decisions(t.Context(), correlate.Key{Source: "x", ID: "d-1"}); err != nil || len(none) != 0 {
			t.Errorf("%v %v", none, err)
		}
	})
}
