package clickhouse_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// commandAt is a word about who commands with an id of its own for each number.
func commandAt(n int, incident, commander string) query.Command {
	return query.Command{
		ID: fmt.Sprintf("00000000-0000-4000-a000-%012d", n), Incident: incident, Commander: commander, SetBy: "it's \"me\"\x00", SetAt: noon.Add(time.Duration(n) * time.Minute),
	}
}

func TestEveryWordAboutWhoCommandsIsKeptInOrderAndInTheAudit(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		first, second, none, other := commandAt(1, "inc-c", "ada"), commandAt(2, "inc-c", "grace\nhopper"), commandAt(3, "inc-c", ""), commandAt(4, "inc-d", "bob")
		for _, c := range []query.Command{none, second, first, other, second} {
			if err := s.SaveCommand(t.Context(), c); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Commands(t.Context(), []string{"inc-c"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]query.Command{first, second, none}, got); diff != "" {
			t.Error(diff)
		}
		both, err := s.Commands(t.Context(), []string{"inc-c", "inc-d", "inc-e"})
		if err != nil || len(both) != 4 || query.CommanderOf(both[3:]) != "bob" {
			t.Errorf("of two incidents: %+v, %v", both, err)
		}
		if got, err := s.Commands(t.Context(), nil); err != nil || got != nil {
			t.Errorf("of none: %+v, %v", got, err)
		}
		audit, err := s.AuditEntries(t.Context(), 100)
		if err != nil {
			t.Fatal(err)
		}
		if len(audit) != 4 || audit[1].Action != "commander" || audit[1].Target != "inc-c" || audit[1].Actor != first.SetBy || audit[1].ID != none.ID {
			t.Errorf("the audit holds %+v", audit)
		}
	})
}

// TestTheStreamLearnsOfAnotherCommander fails when those who follow updates,
// which are pages and notifications, are not told.
func TestTheStreamLearnsOfAnotherCommander(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		for i, name := range []string{"ada", ""} {
			if err := s.SaveCommand(t.Context(), commandAt(i+1, "inc-c", name)); err != nil {
				t.Fatal(err)
			}
		}
		updates, err := s.UpdatedSince(t.Context(), noon.Add(-24*time.Hour), 10)
		if err != nil || len(updates) != 1 || updates[0].Incident != "inc-c" || updates[0].Commands != 2 || updates[0].Judgements+updates[0].Proposals != 0 {
			t.Errorf("%+v, %v", updates, err)
		}
	})
}

func TestWhomATargetWasToldToCommandSurvivesARestart(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		if err := s.SaveTold(t.Context(), query.Told{Incident: "inc-c", Target: "slack C1", At: noon, Commander: "ada"}); err != nil {
			t.Fatal(err)
		}
		told, err := s.ToldSince(t.Context(), noon.Add(-time.Hour))
		if err != nil || len(told) != 1 || told[0].Commander != "ada" {
			t.Errorf("%+v, %v", told, err)
		}
	})
}
