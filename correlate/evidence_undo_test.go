package correlate

import (
	"math"
	"strings"
	"testing"
	"time"
)

// undoScene is an outage of one service whose only suspect was undone. resolved
// says when the alert ended, zero for never; judged is the moment of judgement.
func undoScene(resolved, judged time.Duration) Input {
	undone := noon.Add(30 * time.Minute)
	a := Alert{
		Source: "monitor", Service: "pay", Name: "HighErrorRate", Severity: SeverityCritical,
		Status: AlertFiring, StartedAt: noon,
	}
	if resolved > 0 {
		end := undone.Add(resolved)
		a.ResolvedAt, a.Status = &end, AlertResolved
	}
	return Input{
		AsOf: undone.Add(judged), Alerts: []Alert{a},
		Graph: NewGraph(Topology{Source: "t", Services: []Service{{Name: "pay"}, {Name: "shop"}}, Edges: []Edge{{Caller: "shop", Callee: "pay"}}}),
		Changes: NewChangeIndex(
			Change{ID: "d1", Source: "cd", Kind: KindDeploy, Services: []string{"pay"}, StartedAt: noon.Add(-5 * time.Minute)},
			Change{ID: "r1", Source: "cd", Kind: KindRollback, Services: []string{"pay"}, StartedAt: undone, RollbackOf: "d1"},
		),
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC)

// undoEvidence is what the finding says of the undoing of d1.
func undoEvidence(t *testing.T, in Input) Evidence {
	t.Helper()
	f := NewEngine(DefaultWeights()).Attribute(in)
	for _, s := range f.Suspects {
		for _, ev := range s.Evidence {
			if s.Change.ID == "d1" && ev.Kind == EvidenceRollback {
				return ev
			}
		}
	}
	t.Fatal("no rollback evidence about d1")
	return Evidence{}
}

func TestTheSignOfAnUndoingFollowsTheRecovery(t *testing.T) {
	for _, tc := range []struct {
		name             string
		resolved, judged time.Duration
		sign             float64
		says             string
	}{
		{"recovered in minutes", 4 * time.Minute, time.Hour, 1, "It was undone by r1 at 12:30:00 UTC on 4 Mar; 4 min later the alert had resolved, as after undoing a cause."},
		{"recovered five hours later", 5 * time.Hour, 6 * time.Hour, -1, "it took another 5 h until the alert had resolved, which speaks against it."},
		{"never recovered", 0, 2 * time.Hour, -1, "2 h later the alert still fires, which speaks against it."},
		{"resolves after the judgement", 90 * time.Minute, time.Hour, -1, "1 h later the alert still fires, which speaks against it."},
		{"too early to tell", 0, time.Minute, 1, "1 min later it is too early to see whether that helped."},
		{"over before it was undone", -10 * time.Minute, time.Hour, 0, "no grave alert fired any more by then, so it tells nothing."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := undoScene(max(tc.resolved, 0), tc.judged)
			if tc.resolved < 0 {
				end := noon.Add(20 * time.Minute)
				in.Alerts[0].ResolvedAt = &end
			}
			ev := undoEvidence(t, in)
			if sign := math.Copysign(min(math.Abs(ev.LogOdds), 1), ev.LogOdds); ev.LogOdds == 0 && tc.sign != 0 || sign*tc.sign < 0 || tc.sign == 0 && ev.LogOdds != 0 {
				t.Errorf("log odds %v, want sign %v", ev.LogOdds, tc.sign)
			}
			if !strings.Contains(ev.Text, tc.says) {
				t.Errorf("says %q, want %q in it", ev.Text, tc.says)
			}
		})
	}
}

func TestALaterRecoveryNeverSpeaksMoreForTheUndoneChange(t *testing.T) {
	w := DefaultWeights().Undo
	before := math.Inf(1)
	for minutes := 10; minutes < 600; minutes += 5 {
		odds := w.recoveryOdds(recovery{firing: 3, recovered: 2, took: time.Duration(minutes) * time.Minute, over: true})
		if odds > before*1.0001 && odds > 1 {
			t.Fatalf("recovery after %d min has odds %v, more than %v for a sooner one", minutes, odds, before)
		}
		before = odds
	}
	if math.Abs(w.recoveryOdds(recovery{firing: 1, took: 0})-1) > 0.01 {
		t.Error("no time has passed, and yet the undoing tells something")
	}
}

func TestARollbackSaidByItsSenderCountsLikeOneSeen(t *testing.T) {
	in := undoScene(4*time.Minute, time.Hour)
	told := noon.Add(30 * time.Minute)
	in.Changes = NewChangeIndex(Change{
		ID: "d1", Source: "cd", Kind: KindDeploy, Services: []string{"pay"}, StartedAt: noon.Add(-5 * time.Minute),
		Status: StatusRolledBack, ObservedAt: &told,
	})
	ev := undoEvidence(t, in)
	if ev.LogOdds <= 0 || !strings.Contains(ev.Text, "had been rolled back by 12:30:00 UTC on 4 Mar") {
		t.Errorf("%v %q", ev.LogOdds, ev.Text)
	}
}

func TestAnUndoingTellsLessWhereMuchIsUndoneAnyway(t *testing.T) {
	e := NewEngine(DefaultWeights())
	told := func(rollbacks float64) float64 {
		s := &scene{}
		s.usual.kinds[kindCode(KindRollback)], s.usual.count = rollbacks, 1000
		return e.suspected(s)
	}
	if usual := told(30); math.Abs(usual-e.weights.Undo.Suspected) > 0.1 {
		t.Errorf("where as much is undone as usual an undoing has %.2f, want %.2f", usual, e.weights.Undo.Suspected)
	}
	if seldom, often := told(5), told(300); seldom <= told(30) || often >= 0.2 {
		t.Errorf("an undoing has %.2f where it is rare and %.2f where three of ten changes are", seldom, often)
	}
}
