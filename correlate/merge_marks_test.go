package correlate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func withMark(c Change, mark string) Change {
	c.Extra = map[string]json.RawMessage{mark: json.RawMessage("true")}
	return c
}

func TestEndWithoutStartKeepsTheStartThatIsKnown(t *testing.T) {
	begin := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	known := Change{StartedAt: begin}
	ended := withMark(Change{StartedAt: begin.Add(time.Hour)}, ExtraStartUnknown)
	later := withMark(Change{StartedAt: begin.Add(2 * time.Hour)}, ExtraStartUnknown)
	corrected := Change{StartedAt: begin.Add(time.Minute)}
	for name, c := range map[string]struct {
		older, newer Change
		want         time.Duration
		unknown      bool
	}{
		"begin, then end":          {known, ended, 0, false},
		"end, then begin":          {ended, known, 0, false},
		"only ends":                {ended, later, time.Hour, true},
		"a correction replaces":    {known, corrected, time.Minute, false},
		"nothing known before":     {Change{}, ended, time.Hour, true},
		"nothing told of it after": {ended, Change{}, time.Hour, true},
	} {
		got := MergeChange(c.older, c.newer)
		if !got.StartedAt.Equal(begin.Add(c.want)) || got.StartUnknown() != c.unknown {
			t.Errorf("%s: start %s, unknown %v", name, got.StartedAt, got.StartUnknown())
		}
	}
}

// One of two hooks about a rollback does not know that it is one; whichever comes
// last, it must not become a deployment.
func TestAnAssumedKindGivesWayToOneThatIsTold(t *testing.T) {
	told, other := Change{Kind: KindRollback}, Change{Kind: KindConfig}
	assumed := withMark(Change{Kind: KindDeploy}, ExtraKindAssumed)
	for name, c := range map[string]struct {
		statements []Change
		want       ChangeKind
		assumed    bool
	}{
		"told, then assumed":         {[]Change{told, assumed}, KindRollback, false},
		"assumed, then told":         {[]Change{assumed, told}, KindRollback, false},
		"assumed between":            {[]Change{told, assumed, other}, KindConfig, false},
		"told between":               {[]Change{assumed, told, assumed}, KindRollback, false},
		"only assumed":               {[]Change{assumed, assumed}, KindDeploy, true},
		"nothing told of it besides": {[]Change{assumed, {Title: "x"}}, KindDeploy, true},
		"nothing known before":       {[]Change{{Title: "x"}, assumed}, KindDeploy, true},
	} {
		got := Change{}
		for _, s := range c.statements {
			got = MergeChange(got, s)
		}
		if got.Kind != c.want || got.KindAssumed() != c.assumed {
			t.Errorf("%s: %s, assumed %v", name, got.Kind, got.KindAssumed())
		}
	}
}

func TestStepsThatAddAreNotLostWhenTheNextOneComes(t *testing.T) {
	begin := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	step := func(minute int, percent float64) RolloutStep {
		return RolloutStep{At: begin.Add(time.Duration(minute) * time.Minute), Percent: percent}
	}
	one := func(s RolloutStep) Change { return withMark(Change{Rollout: []RolloutStep{s}}, ExtraRolloutAdds) }
	all := Change{}
	for _, s := range []Change{one(step(1, 10)), one(step(5, 50)), one(step(5, 50)), one(step(9, 100))} {
		all = MergeChange(all, s)
	}
	if diff := cmp.Diff([]RolloutStep{step(1, 10), step(5, 50), step(9, 100)}, all.Rollout); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	whole := Change{Rollout: []RolloutStep{step(2, 20)}}
	if got := MergeChange(all, whole); len(got.Rollout) != 1 || adds(&got) {
		t.Errorf("a sender's whole list does not replace: %+v", got)
	}
	if got := MergeChange(whole, one(step(9, 100))); len(got.Rollout) != 2 || adds(&got) {
		t.Errorf("a step does not add to a whole list: %+v", got)
	}
}

func TestMergingLeavesItsArgumentsAlone(t *testing.T) {
	begin := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	rollout := make([]RolloutStep, 1, 4)
	rollout[0] = RolloutStep{At: begin, Percent: 10}
	older := withMark(Change{StartedAt: begin, Rollout: rollout}, ExtraStartUnknown)
	a := withMark(Change{StartedAt: begin, Rollout: []RolloutStep{{At: begin.Add(time.Minute), Percent: 20}}}, ExtraRolloutAdds)
	b := withMark(Change{StartedAt: begin, Rollout: []RolloutStep{{At: begin.Add(time.Minute), Percent: 30}}}, ExtraRolloutAdds)
	first := MergeChange(older, a)
	MergeChange(older, b)
	if first.Rollout[1].Percent != 20 || !older.StartUnknown() || !adds(&a) {
		t.Errorf("first = %+v, older = %+v", first, older)
	}
}
