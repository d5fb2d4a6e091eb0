package event

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// drawStatement draws one statement on one of two changes as its sender writes
// it, with fields that are absent, explicit or of the kinds that fold by rules of
// their own.
func drawStatement(t *rapid.T) Change {
	fields := []string{
		fmt.Sprintf(`"id":%q,"source":"ci","kind":%q`, rapid.SampledFrom([]string{"a", "b"}).Draw(t, "id"),
			rapid.SampledFrom([]string{"deploy", "rollback", "config"}).Draw(t, "kind")),
		fmt.Sprintf(`"started_at":"2026-11-19T09:%02d:00Z"`, rapid.IntRange(0, 3).Draw(t, "start")),
	}
	maybe := func(name string, values ...string) {
		if value := rapid.SampledFrom(append(values, "")).Draw(t, name); value != "" {
			fields = append(fields, fmt.Sprintf("%q:%s", name, value))
		}
	}
	maybe("environment", `"production"`, `"staging"`, `""`)
	maybe("status", `"in_progress"`, `"succeeded"`, `"failed"`)
	maybe("observed_at", `"2026-11-19T10:00:00Z"`, `"2026-11-19T10:00:01Z"`)
	maybe("rollout", `[{"at":"2026-11-19T09:05:00Z","percent":10}]`, `[{"at":"2026-11-19T09:06:00Z","percent":50}]`)
	maybe(correlate.ExtraStartUnknown, "true")
	maybe(correlate.ExtraRolloutAdds, "true")
	maybe(correlate.ExtraKindAssumed, "true")
	maybe("version", `"1"`, `"2"`)
	meta := Meta{ArrivedAt: arrival.ArrivedAt.Add(time.Duration(rapid.IntRange(0, 2).Draw(t, "arrived")) * time.Second)}
	events, rejected := DecodeChanges([]byte("{"+strings.Join(fields, ",")+"}"), meta)
	if rejected != nil {
		t.Fatal(rejected[0].Err)
	}
	return events[0]
}

// byKey brings folded changes into one order.
func byKey(changes []correlate.Change) []correlate.Change {
	slices.SortFunc(changes, func(a, b correlate.Change) int { return strings.Compare(a.ID, b.ID) })
	return changes
}

// Replicas read the same events in another order and some of them twice. Were
// their folds to differ, so would their findings.
func TestFoldDependsNeitherOnOrderNorOnRepetition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawStatement), 1, 7).Draw(t, "events")
		want := byKey(FoldChanges(events))
		again := rapid.Permutation(slices.Concat(events, events[:rapid.IntRange(0, len(events)).Draw(t, "twice")])).Draw(t, "order")
		if diff := cmp.Diff(want, byKey(FoldChanges(again))); diff != "" {
			t.Fatalf("(-want +got):\n%s", diff)
		}
	})
}

// What no statement says, the fold must not say; what is said last, it must.
func TestFoldSaysOfTheEnvironmentWhatWasSaidLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawStatement), 1, 7).Draw(t, "events")
		for _, c := range FoldChanges(events) {
			want, last := correlate.DefaultEnvironment, moment{}
			for i := range events {
				at := momentOf(events[i].ObservedAt, &events[i].Meta)
				if events[i].ID == c.ID && events[i].Environment != "" && at.compare(last) >= 0 {
					want, last = events[i].Environment, at
				}
			}
			if c.Environment != want {
				t.Fatalf("%s is of %q, last said was %q", c.ID, c.Environment, want)
			}
		}
	})
}

// An end that comes without a start must not look like one.
func TestFoldPrefersAStartThatWasTold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfN(rapid.Custom(drawStatement), 1, 7).Draw(t, "events")
		for _, c := range FoldChanges(events) {
			told := false
			for i := range events {
				told = told || events[i].ID == c.ID && !events[i].StartUnknown()
			}
			if c.StartUnknown() == told {
				t.Fatalf("%s: a start was told: %v, its mark: %v", c.ID, told, c.StartUnknown())
			}
			known := func(e Change) bool { return e.ID == c.ID && e.StartedAt.Equal(c.StartedAt) && e.StartUnknown() != told }
			if !slices.ContainsFunc(events, known) {
				t.Fatalf("%s starts at %s, which nobody said", c.ID, c.StartedAt)
			}
		}
	})
}
