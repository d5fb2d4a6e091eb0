package correlate

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// sameValue treats nil and empty lists and maps alike: both say nothing.
var sameValue = cmpopts.EquateEmpty()

func TestUpdateWithoutAFieldKeepsWhatWasKnown(t *testing.T) {
	start := time.Date(2026, 11, 19, 9, 0, 0, 0, time.UTC)
	end := start.Add(7 * time.Minute)
	older := Change{
		ID: "d-1", Source: "argo-cd", Kind: KindDeploy, Title: "checkout 4.2", Services: []string{"checkout"},
		Environment: "staging", StartedAt: start, Status: StatusInProgress, Version: "4.2",
		Actor: &Actor{ID: "mira", Type: ActorHuman}, Links: &ChangeLinks{Diff: "https://git.example/d/1"},
		Labels: map[string]string{"team": "shop", "risk": "low"},
		Extra:  map[string]json.RawMessage{"wave": json.RawMessage(`1`)},
	}
	newer := Change{
		ID: "d-1", Source: "argo-cd", Kind: KindDeploy, StartedAt: start,
		FinishedAt: &end, Status: StatusSucceeded, Links: &ChangeLinks{Run: "https://ci.example/r/9"},
		Labels: map[string]string{"risk": "high"},
	}

	want := older
	want.FinishedAt = &end
	want.Status = StatusSucceeded
	want.Links = &ChangeLinks{Diff: "https://git.example/d/1", Run: "https://ci.example/r/9"}
	want.Labels = map[string]string{"team": "shop", "risk": "high"}
	if diff := cmp.Diff(want, MergeChange(older, newer)); diff != "" {
		t.Errorf("merged change (-want +got):\n%s", diff)
	}
	if older.Labels["risk"] != "low" || older.Links.Run != "" {
		t.Error("merging modified the older value")
	}
}

func TestActorsAreNotMixed(t *testing.T) {
	older := Change{Actor: &Actor{ID: "mira", Type: ActorHuman}}
	newer := Change{Actor: &Actor{ID: "deploy-bot"}}
	if got := MergeChange(older, newer).Actor; *got != *newer.Actor {
		t.Errorf("actor = %+v, want the newer one whole", *got)
	}
}

func TestStatusOfAChangeNeverGoesBack(t *testing.T) {
	for _, c := range []struct{ older, newer, want ChangeStatus }{
		{"", StatusInProgress, StatusInProgress},
		{StatusInProgress, "", StatusInProgress},
		{StatusInProgress, StatusFailed, StatusFailed},
		{StatusFailed, StatusInProgress, StatusFailed},
		{StatusSucceeded, "", StatusSucceeded},
		{StatusSucceeded, StatusRolledBack, StatusRolledBack},
		{StatusRolledBack, StatusSucceeded, StatusSucceeded},
	} {
		got := MergeChange(Change{Status: c.older}, Change{Status: c.newer}).Status
		if got != c.want {
			t.Errorf("%q then %q = %q, want %q", c.older, c.newer, got, c.want)
		}
	}
}

func TestStatusOfAnAlertNeverGoesBack(t *testing.T) {
	for _, c := range []struct{ older, newer, want AlertStatus }{
		{"", AlertFiring, AlertFiring},
		{AlertFiring, AlertResolved, AlertResolved},
		{AlertResolved, AlertFiring, AlertResolved},
		{AlertFiring, "", AlertFiring},
	} {
		got := MergeAlert(Alert{Status: c.older}, Alert{Status: c.newer}).Status
		if got != c.want {
			t.Errorf("%q then %q = %q, want %q", c.older, c.newer, got, c.want)
		}
	}
}

func TestProductionReplacesAnotherNameAndSilenceNone(t *testing.T) {
	for _, c := range []struct{ older, newer, want string }{
		{"staging", DefaultEnvironment, DefaultEnvironment},
		{DefaultEnvironment, "staging", "staging"},
		{"", DefaultEnvironment, DefaultEnvironment},
		{"staging", "", "staging"},
		{DefaultEnvironment, "", DefaultEnvironment},
		{"staging", "canary", "canary"},
	} {
		if got := MergeChange(Change{Environment: c.older}, Change{Environment: c.newer}).Environment; got != c.want {
			t.Errorf("change: %q then %q = %q, want %q", c.older, c.newer, got, c.want)
		}
		if got := MergeAlert(Alert{Environment: c.older}, Alert{Environment: c.newer}).Environment; got != c.want {
			t.Errorf("alert: %q then %q = %q, want %q", c.older, c.newer, got, c.want)
		}
	}
}

// anyChange draws a change in which every field may be unset.
func anyChange() *rapid.Generator[Change] { return rapid.Custom(drawChange) }

// anyAlert draws an alert in which every field may be unset.
func anyAlert() *rapid.Generator[Alert] { return rapid.Custom(drawAlert) }

func TestMergingAChangeWithItselfChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := anyChange().Draw(t, "change")
		if diff := cmp.Diff(c, MergeChange(c, c), sameValue); diff != "" {
			t.Fatalf("(-once +twice):\n%s", diff)
		}
	})
}

func TestMergingAnAlertWithItselfChangesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := anyAlert().Draw(t, "alert")
		if diff := cmp.Diff(a, MergeAlert(a, a), sameValue); diff != "" {
			t.Fatalf("(-once +twice):\n%s", diff)
		}
	})
}

func TestFoldOfChangesDoesNotDependOnItsGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyChange().Draw(t, "a"), anyChange().Draw(t, "b"), anyChange().Draw(t, "c")
		left, right := MergeChange(MergeChange(a, b), c), MergeChange(a, MergeChange(b, c))
		if diff := cmp.Diff(left, right, sameValue); diff != "" {
			t.Fatalf("(-(ab)c +a(bc)):\n%s", diff)
		}
	})
}

func TestFoldOfAlertsDoesNotDependOnItsGrouping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := anyAlert().Draw(t, "a"), anyAlert().Draw(t, "b"), anyAlert().Draw(t, "c")
		left, right := MergeAlert(MergeAlert(a, b), c), MergeAlert(a, MergeAlert(b, c))
		if diff := cmp.Diff(left, right, sameValue); diff != "" {
			t.Fatalf("(-(ab)c +a(bc)):\n%s", diff)
		}
	})
}

func TestMergeOfChangesLosesNoSetField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyChange().Draw(t, "older"), anyChange().Draw(t, "newer")
		for _, mark := range []string{ExtraStartUnknown, ExtraRolloutAdds, ExtraKindAssumed} {
			// A mark lapses once the other statement tells what this one left open.
			delete(a.Extra, mark)
			delete(b.Extra, mark)
		}
		demandUnion(t, a, b, MergeChange(a, b))
	})
}

func TestMergeOfAlertsLosesNoSetField(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyAlert().Draw(t, "older"), anyAlert().Draw(t, "newer")
		demandUnion(t, a, b, MergeAlert(a, b))
	})
}

// demandUnion compares the JSON fields of three values: what either argument
// sets, the result sets, and nothing else.
func demandUnion(t *rapid.T, older, newer, merged any) {
	got := jsonFields(t, merged)
	want := jsonFields(t, older)
	for field := range jsonFields(t, newer) {
		want[field] = true
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("set fields (-want +got):\n%s", diff)
	}
}

// jsonFields names the fields that a value sets. A required field that is
// printed although it is empty does not count.
func jsonFields(t *rapid.T, v any) map[string]bool {
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		t.Fatal(err)
	}
	set := map[string]bool{}
	for name, value := range fields {
		if text := string(value); text != `""` && text != `"0001-01-01T00:00:00Z"` {
			set[name] = true
		}
	}
	return set
}
