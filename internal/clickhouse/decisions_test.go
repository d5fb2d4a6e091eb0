package clickhouse_test

import (
	"errors"
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
		for _, tc := range []struct {
			q    query.GateDecisions
			want []query.GateDecision
		}{
			{query.GateDecisions{}, []query.GateDecision{allowed, denied}},
			{query.GateDecisions{Change: key}, []query.GateDecision{allowed, denied}},
			{query.GateDecisions{Change: correlate.Key{Source: "x"}}, nil},
			{query.GateDecisions{Decision: []string{"deny", "warn"}}, []query.GateDecision{denied}},
			{query.GateDecisions{From: allowed.At}, []query.GateDecision{allowed}},
			{query.GateDecisions{To: allowed.At}, []query.GateDecision{denied}},
		} {
			page, err := s.Decisions(t.Context(), tc.q)
			if err != nil || page.Next != "" {
				t.Fatalf("%+v: %v, next %q", tc.q, err, page.Next)
			}
			if diff := cmp.Diff(tc.want, page.Items); diff != "" {
				t.Errorf("%+v: %s", tc.q, diff)
			}
		}
		first, err := s.Decisions(t.Context(), query.GateDecisions{Limit: 1})
		if err != nil || len(first.Items) != 1 || first.Next == "" {
			t.Fatalf("%+v %v", first, err)
		}
		second, err := s.Decisions(t.Context(), query.GateDecisions{Limit: 1, Cursor: first.Next})
		if err != nil || len(second.Items) != 1 || second.Items[0].Decision != "deny" || second.Next != "" {
			t.Errorf("%+v %v", second, err)
		}
		if _, err := s.Decisions(t.Context(), query.GateDecisions{Change: key, Cursor: first.Next}); !errors.Is(err, query.ErrBadCursor) {
			t.Errorf("a cursor of another query: %v", err)
		}
	})
}
