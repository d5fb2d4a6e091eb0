package correlate_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

var judgedNoon = time.Date(2026, 5, 4, 12, 0, 0, 0, time.UTC)

// judged is a judgement in the order of its number.
func judged(n int, decision correlate.Decision, change string) correlate.Judgement {
	j := correlate.Judgement{
		ID: fmt.Sprintf("%03d", n), Incident: "inc-1", FindingVersion: n, Decision: decision,
		DecidedBy: "ada", DecidedAt: judgedNoon.Add(time.Duration(n) * time.Minute),
	}
	if change != "" {
		j.Change = &correlate.Key{Source: "cd", ID: change}
	}
	return j
}

func keysOf(ids ...string) []correlate.Key {
	keys := []correlate.Key{}
	for _, id := range ids {
		keys = append(keys, correlate.Key{Source: "cd", ID: id})
	}
	return keys
}

func TestStandingFollowsTheNewestWordOnEachChange(t *testing.T) {
	confirm, reject, none := correlate.DecisionConfirm, correlate.DecisionReject, correlate.DecisionNoChange
	for name, tc := range map[string]struct {
		history             []correlate.Judgement
		want                correlate.JudgementWord
		confirmed, rejected []correlate.Key
	}{
		"nothing":                      {nil, correlate.JudgedNot, keysOf(), keysOf()},
		"confirmed":                    {[]correlate.Judgement{judged(1, confirm, "a")}, correlate.JudgedConfirmed, keysOf("a"), keysOf()},
		"two are guilty":               {[]correlate.Judgement{judged(1, confirm, "b"), judged(2, confirm, "a")}, correlate.JudgedConfirmed, keysOf("a", "b"), keysOf()},
		"taken back":                   {[]correlate.Judgement{judged(1, confirm, "a"), judged(2, reject, "a")}, correlate.JudgedRejected, keysOf(), keysOf("a")},
		"rejected and then confirmed":  {[]correlate.Judgement{judged(1, reject, "a"), judged(2, confirm, "a")}, correlate.JudgedConfirmed, keysOf("a"), keysOf()},
		"another one confirmed":        {[]correlate.Judgement{judged(1, reject, "a"), judged(2, confirm, "b")}, correlate.JudgedConfirmed, keysOf("b"), keysOf("a")},
		"nothing recorded is to blame": {[]correlate.Judgement{judged(1, none, "")}, correlate.JudgedNoChange, keysOf(), keysOf()},
		"no change undoes a confirmation": {
			[]correlate.Judgement{judged(1, confirm, "a"), judged(2, none, "")}, correlate.JudgedNoChange, keysOf(), keysOf(),
		},
		"a confirmation undoes no change": {
			[]correlate.Judgement{judged(1, none, ""), judged(2, confirm, "a")}, correlate.JudgedConfirmed, keysOf("a"), keysOf(),
		},
		"no change and a rejection agree": {
			[]correlate.Judgement{judged(1, none, ""), judged(2, reject, "a")}, correlate.JudgedNoChange, keysOf(), keysOf("a"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := correlate.StandingOf(tc.history)
			if got.State != tc.want || got.Judgements != len(tc.history) {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			if diff := cmp.Diff(tc.confirmed, got.Confirmed) + cmp.Diff(tc.rejected, got.Rejected); diff != "" {
				t.Error(diff)
			}
			if n := len(tc.history); n > 0 && (got.FindingVersion != n || got.DecidedBy != "ada" || !got.DecidedAt.Equal(tc.history[n-1].DecidedAt)) {
				t.Errorf("the newest judgement is not named: %+v", got)
			}
		})
	}
}

func drawHistory(t *rapid.T) []correlate.Judgement {
	var history []correlate.Judgement
	for n := range rapid.IntRange(0, 12).Draw(t, "n") {
		decision := rapid.SampledFrom(correlate.Decisions()).Draw(t, "decision")
		change := ""
		if decision != correlate.DecisionNoChange {
			change = rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "change")
		}
		history = append(history, judged(n+1, decision, change))
	}
	return history
}

func TestStandingDoesNotDependOnTheOrderOfReading(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		mixed := rapid.Permutation(history).Draw(t, "mixed")
		if diff := cmp.Diff(correlate.StandingOf(history), correlate.StandingOf(mixed)); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestNoChangeIsNeverBothConfirmedAndRejected(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		history := drawHistory(t)
		got := correlate.StandingOf(history)
		for _, c := range got.Confirmed {
			for _, r := range got.Rejected {
				if c == r {
					t.Fatalf("%v is both confirmed and rejected: %+v", c, history)
				}
			}
		}
		if got.State == correlate.JudgedNoChange && len(got.Confirmed) > 0 {
			t.Fatalf("no change is to blame and %v is", got.Confirmed)
		}
		if (got.State == correlate.JudgedNot) != (len(history) == 0) {
			t.Fatalf("%d judgements come to %s", len(history), got.State)
		}
	})
}
