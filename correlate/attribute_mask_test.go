package correlate

import (
	"testing"
	"time"
)

func TestARolledBackStatusIsShownOnceItWasTold(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	before, after := at.Add(-time.Minute), at.Add(time.Minute)
	for name, tc := range map[string]struct {
		observed *time.Time
		undone   bool
		want     ChangeStatus
	}{
		"told before the moment":  {observed: &before, want: StatusRolledBack},
		"told after the moment":   {observed: &after, want: StatusSucceeded},
		"nobody says when":        {want: StatusSucceeded},
		"its rollback was seen":   {undone: true, want: StatusRolledBack},
		"told later, seen before": {observed: &after, undone: true, want: StatusRolledBack},
	} {
		c := visibleChange(Change{StartedAt: at.Add(-time.Hour), Status: StatusRolledBack, ObservedAt: tc.observed}, at, tc.undone)
		if c.Status != tc.want {
			t.Errorf("%s: status %s, want %s", name, c.Status, tc.want)
		}
		if c.ObservedAt != nil && c.ObservedAt.After(at) {
			t.Errorf("%s: a statement of the future is shown", name)
		}
	}
}

func TestStepsAndEndsOfTheFutureHaveNotHappened(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	end := at.Add(time.Minute)
	whole := Change{
		StartedAt: at.Add(-time.Hour), FinishedAt: &end, Status: StatusFailed,
		Rollout: []RolloutStep{{At: at.Add(-time.Minute), Percent: 10}, {At: at.Add(time.Minute), Percent: 100}},
	}
	c := visibleChange(whole, at, false)
	if c.FinishedAt != nil || c.Status != StatusInProgress || len(c.Rollout) != 1 || c.Rollout[0].Percent != 10 {
		t.Errorf("visible %+v", c)
	}
	if len(whole.Rollout) != 2 {
		t.Error("the caller's change was altered")
	}
}
