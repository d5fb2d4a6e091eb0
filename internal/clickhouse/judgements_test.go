package clickhouse_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// judgementAt is a judgement with an id of its own for each number.
func judgementAt(n int, incident string, decision correlate.Decision, change string) correlate.Judgement {
	j := correlate.Judgement{
		ID: fmt.Sprintf("00000000-0000-4000-8000-%012d", n), Incident: incident, FindingVersion: n, Decision: decision,
		Reason: "it's \"the\" one\nbecause\x00", DecidedBy: "ada", DecidedAt: noon.Add(time.Duration(n) * time.Minute),
	}
	if change != "" {
		j.Change = &correlate.Key{Source: "argo-cd", ID: change}
	}
	return j
}

func judge(t *testing.T, s *clickhouse.Store, all ...correlate.Judgement) {
	t.Helper()
	for _, j := range all {
		if err := s.SaveJudgement(t.Context(), j); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryJudgementIsKeptInOrder(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		first := judgementAt(1, "inc-1", correlate.DecisionConfirm, "checkout-1")
		second := judgementAt(2, "inc-1", correlate.DecisionReject, "checkout-1")
		third := judgementAt(3, "inc-2", correlate.DecisionNoChange, "")
		judge(t, s, third, second, first, second)
		got, err := s.Judgements(t.Context(), []string{"inc-1"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]correlate.Judgement{first, second}, got); diff != "" {
			t.Error(diff)
		}
		all, err := s.Judgements(t.Context(), []string{"inc-1", "inc-2", "inc-3"})
		if err != nil || len(all) != 3 {
			t.Errorf("%d judgements, %v", len(all), err)
		}
		none, err := s.Judgements(t.Context(), nil)
		if err != nil || len(none) != 0 {
			t.Errorf("%v %v", none, err)
		}
	})
}

func TestJudgementsCanBeFollowed(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		first := judgementAt(1, "inc-1", correlate.DecisionConfirm, "a")
		judge(t, s, first, first)
		got, err := s.JudgementsSince(t.Context(), time.Time{}, 10)
		if err != nil || len(got) != 1 || got[0].StoredAt.IsZero() {
			t.Fatalf("%+v %v", got, err)
		}
		if diff := cmp.Diff(first, got[0].Judgement); diff != "" {
			t.Error(diff)
		}
		if again, err := s.JudgementsSince(t.Context(), got[0].StoredAt.Add(time.Second), 10); err != nil || len(again) != 0 {
			t.Errorf("what was read comes again: %v %v", again, err)
		}
		judge(t, s, judgementAt(2, "inc-2", correlate.DecisionNoChange, ""))
		if one, err := s.JudgementsSince(t.Context(), time.Time{}, 1); err != nil || len(one) != 1 || one[0].Incident != "inc-1" {
			t.Errorf("the limit does not hold or the order is wrong: %v %v", one, err)
		}
	})
}

func TestAVerdictIsAnUpdateOfItsIncident(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		save(t, s, incidentAt("inc-1", 4, noon))
		before, err := s.UpdatedSince(t.Context(), time.Time{}, 10)
		if err != nil || len(before) != 1 || before[0].Judgements != 0 {
			t.Fatalf("%+v %v", before, err)
		}
		time.Sleep(5 * time.Millisecond)
		verdict := judgementAt(1, "inc-1", correlate.DecisionConfirm, "a")
		judge(t, s, verdict, verdict)
		after, err := s.UpdatedSince(t.Context(), before[0].At, 10)
		if err != nil || len(after) != 1 || after[0].Judgements != 1 || after[0].Revision != 4 {
			t.Fatalf("%+v %v", after, err)
		}
	})
}

func TestEveryVerdictLeavesAnAuditEntry(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		judge(t, s, judgementAt(1, "inc-1", correlate.DecisionConfirm, "a"))
		n, err := clickhouse.Text(t.Context(), s, "SELECT toString(count()) FROM audit "+
			"WHERE actor = 'ada' AND action = 'verdict' AND target = 'inc-1' AND position(detail, 'confirm') > 0")
		if err != nil || n != "1" {
			t.Errorf("%s audit entries, %v", n, err)
		}
	})
}

func TestTheAuditIsToldNewestFirstAndOnce(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var want []query.AuditEntry
		for i := range 4 {
			entry := query.AuditEntry{At: noon.Add(time.Duration(i) * time.Minute), ID: uuidOf(i), Actor: "ada", Action: "token drawn", Target: "t" + strconv.Itoa(i), Detail: "ci, reader"}
			for range 1 + i%2 {
				if err := s.SaveAudit(t.Context(), entry); err != nil {
					t.Fatal(err)
				}
			}
			want = append([]query.AuditEntry{entry}, want...)
		}
		got, err := s.AuditEntries(t.Context(), 3)
		if diff := cmp.Diff(want[:3], got); err != nil || diff != "" {
			t.Errorf("%v %s", err, diff)
		}
	})
}

// uuidOf is an id that differs by its number.
func uuidOf(n int) string { return fmt.Sprintf("7d1f0c9e-52a4-4c56-9a3c-%012d", n) }
