package eval

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

func at(minutes int) time.Time { return judgedAt.Add(time.Duration(minutes) * time.Minute) }

func atp(minutes int) *time.Time {
	moment := at(minutes)
	return &moment
}

func TestFutureReachesNoRanker(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		rewritten := rewriteFuture(t, record)
		withheld := Parts{
			Time: rapid.Bool().Draw(t, "without time"), Topology: rapid.Bool().Draw(t, "without topology"),
			Metrics: rapid.Bool().Draw(t, "without metrics"), Text: rapid.Bool().Draw(t, "without text"),
		}
		for _, ranker := range testRankers() {
			before, after := ranker.Rank(record.View(withheld)), ranker.Rank(rewritten.View(withheld))
			if diff := cmp.Diff(before, after); diff != "" {
				t.Fatalf("%s changed its answer when only the future did:\n%s", ranker.Name(), diff)
			}
		}
	})
}

func TestViewLeavesRecordAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		before, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		record.View(Parts{Time: true, Topology: true, Metrics: true, Text: true})
		after, err := json.Marshal(record)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(before), string(after)); diff != "" {
			t.Fatalf("the record was modified:\n%s", diff)
		}
	})
}

func TestOrderOfListsChangesNoAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		record := drawRecord(t)
		shuffled := record
		shuffled.Changes = rapid.Permutation(record.Changes).Draw(t, "changes shuffled")
		shuffled.Alerts = rapid.Permutation(record.Alerts).Draw(t, "alerts shuffled")
		shuffled.Topology.Edges = rapid.Permutation(record.Topology.Edges).Draw(t, "edges shuffled")
		for _, ranker := range testRankers() {
			if diff := cmp.Diff(ranker.Rank(record.View(Parts{})), ranker.Rank(shuffled.View(Parts{}))); diff != "" {
				t.Fatalf("%s depends on the order of its input:\n%s", ranker.Name(), diff)
			}
		}
	})
}

func TestChangeIsSeenAsItStood(t *testing.T) {
	step := func(m int) correlate.RolloutStep { return correlate.RolloutStep{At: at(m)} }
	tests := map[string]struct {
		in, want correlate.Change
	}{
		"finish after judgement": {
			correlate.Change{StartedAt: at(-5), FinishedAt: atp(5), Status: correlate.StatusSucceeded},
			correlate.Change{StartedAt: at(-5), Status: correlate.StatusInProgress},
		},
		"finish at judgement": {
			correlate.Change{StartedAt: at(-5), FinishedAt: atp(0), Status: correlate.StatusFailed},
			correlate.Change{StartedAt: at(-5), FinishedAt: atp(0), Status: correlate.StatusFailed},
		},
		"rolled back with hindsight": {
			correlate.Change{StartedAt: at(-50), FinishedAt: atp(-40), Status: correlate.StatusRolledBack},
			correlate.Change{StartedAt: at(-50), FinishedAt: atp(-40), Status: correlate.StatusSucceeded},
		},
		"failed at an unknown time": {
			correlate.Change{StartedAt: at(-50), Status: correlate.StatusFailed},
			correlate.Change{StartedAt: at(-50)},
		},
		"succeeded, sender reports no ends": {
			correlate.Change{StartedAt: at(-50), Status: correlate.StatusSucceeded},
			correlate.Change{StartedAt: at(-50), Status: correlate.StatusSucceeded},
		},
		"steps after judgement": {
			correlate.Change{
				StartedAt: at(-50), Rollout: []correlate.RolloutStep{step(-50), step(1)},
				Status: correlate.StatusSucceeded,
			},
			correlate.Change{
				StartedAt: at(-50), Rollout: []correlate.RolloutStep{step(-50)},
				Status: correlate.StatusInProgress,
			},
		},
		"approved after the fact": {
			correlate.Change{StartedAt: at(-5), Approvals: []correlate.Approval{{By: "a", At: atp(-9)}, {By: "b", At: atp(9)}}},
			correlate.Change{StartedAt: at(-5), Approvals: []correlate.Approval{{By: "a", At: atp(-9)}}},
		},
		"unknown fields may be hindsight": {
			correlate.Change{StartedAt: at(-5), Extra: map[string]json.RawMessage{"postmortem": json.RawMessage(`"guilty"`)}},
			correlate.Change{StartedAt: at(-5)},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			record := Record{At: judgedAt, Changes: []correlate.Change{tt.in}}
			if diff := cmp.Diff([]correlate.Change{tt.want}, record.View(Parts{}).Changes); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestRolledBackStandsOnceTheRollbackBegan(t *testing.T) {
	undone := correlate.Change{ID: "a", Source: "s", StartedAt: at(-50), FinishedAt: atp(-40), Status: correlate.StatusRolledBack}
	undo := correlate.Change{ID: "b", Source: "s", StartedAt: at(-2), RollbackOf: "a"}
	record := Record{At: judgedAt, Changes: []correlate.Change{undone, undo}}
	if got := record.View(Parts{}).Changes[0].Status; got != correlate.StatusRolledBack {
		t.Errorf("status is %q although the rollback began before judgement", got)
	}
	undo.StartedAt = at(2)
	record.Changes[1] = undo
	if got := record.View(Parts{}).Changes[0].Status; got != correlate.StatusSucceeded {
		t.Errorf("status is %q although the rollback begins after judgement", got)
	}
}

func TestAlertIsSeenAsItStood(t *testing.T) {
	record := Record{At: judgedAt, Alerts: []correlate.Alert{
		{Name: "later", StartedAt: at(1)},
		{Name: "resolves later", StartedAt: at(-9), ResolvedAt: atp(1), Status: correlate.AlertResolved},
		{Name: "resolved some time", StartedAt: at(-9), Status: correlate.AlertResolved},
		{Name: "resolved before", StartedAt: at(-9), ResolvedAt: atp(-1), Status: correlate.AlertResolved},
	}}
	want := []correlate.Alert{
		{Name: "resolves later", StartedAt: at(-9), Status: correlate.AlertFiring},
		{Name: "resolved some time", StartedAt: at(-9), Status: correlate.AlertFiring},
		{Name: "resolved before", StartedAt: at(-9), ResolvedAt: atp(-1), Status: correlate.AlertResolved},
	}
	if diff := cmp.Diff(want, record.View(Parts{}).Alerts); diff != "" {
		t.Error(diff)
	}
}

func TestSamplesAndSnapshotsAfterJudgementAreHidden(t *testing.T) {
	record := Record{
		At:       judgedAt,
		Topology: correlate.Topology{ObservedAt: at(1), Edges: []correlate.Edge{{Caller: "a", Callee: "b"}}},
		Metrics: []correlate.Series{
			{Service: "a", Points: []correlate.Point{{At: at(-1), Value: 1}, {At: at(1), Value: 2}}},
			{Service: "b", Points: []correlate.Point{{At: at(1), Value: 2}}},
		},
	}
	view := record.View(Parts{})
	if len(view.Topology.Edges) != 0 {
		t.Error("a topology snapshot of the future is visible")
	}
	want := []correlate.Series{{Service: "a", Points: []correlate.Point{{At: at(-1), Value: 1}}}}
	if diff := cmp.Diff(want, view.Metrics); diff != "" {
		t.Error(diff)
	}
}

func TestLabelHasNoWayIntoAView(t *testing.T) {
	c := Case{Name: "n", Record: Record{At: judgedAt}, Causes: []string{"guilty-id"}, Kind: "decoy"}
	data, err := json.Marshal(c.View(Parts{}))
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	for _, label := range []string{"causes", "kind", "name"} {
		if _, ok := fields[label]; ok {
			t.Errorf("the view carries %q", label)
		}
	}
}
