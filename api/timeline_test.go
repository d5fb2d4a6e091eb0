package api

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
)

// lanesOf reads a timeline and maps its lanes to the refs in them.
func lanesOf(t *testing.T, h *harness, query string) (Timeline, map[string][]string) {
	t.Helper()
	timeline := parse[Timeline](t, h.get(t, "/v1/incidents/inc-7f3a/timeline"+query, http.StatusOK))
	refs := map[string][]string{}
	for _, lane := range timeline.Lanes {
		refs[lane.Name] = []string{}
		for _, m := range lane.Moments {
			refs[lane.Name] = append(refs[lane.Name], m.Ref)
		}
	}
	return timeline, refs
}

func TestTimelineIsTheDocumentedExample(t *testing.T) {
	h := newHarness(t)
	timeline, _ := lanesOf(t, h, "")
	if diff := cmp.Diff(exampleTimeline(), timeline); diff != "" {
		t.Error(diff)
	}
}

func TestLanesAlwaysComeInTheSameOrder(t *testing.T) {
	h := newHarness(t)
	h.store.findings, h.store.changes, h.store.alerts = nil, nil, nil
	timeline, _ := lanesOf(t, h, "")
	var names []string
	for _, lane := range timeline.Lanes {
		names = append(names, lane.Name)
	}
	if want := []string{"alerts", "changes", "rollouts", "responders", "findings"}; !slices.Equal(names, want) {
		t.Errorf("lanes %v, want %v", names, want)
	}
}

func TestChangesOfRespondersHaveTheirOwnLane(t *testing.T) {
	h := newHarness(t)
	rollback := correlate.Change{
		ID: "checkout-1843", Source: "argo-cd", Kind: correlate.KindRollback, Services: []string{"checkout"}, Environment: "production",
		StartedAt: exampleTime(10, 3, 0), Status: correlate.StatusInProgress, RollbackOf: "checkout-1842",
	}
	flag := correlate.Change{ID: "flag-1", Source: "flags", Kind: correlate.KindFeatureFlag, Services: []string{"storefront"}, Environment: "production", StartedAt: exampleTime(9, 59, 0)}
	elsewhere := correlate.Change{ID: "far-1", Source: "argo-cd", Kind: correlate.KindDeploy, Services: []string{"warehouse"}, Environment: "production", StartedAt: exampleTime(9, 59, 0)}
	h.store.changes = append(h.store.changes, rollback, flag, elsewhere)
	timeline, refs := lanesOf(t, h, "")
	want := map[string][]string{
		"alerts":     {"alert:6f1c2d3e4b5a6978"},
		"changes":    {"change:argo-cd/checkout-1842", "change:flags/flag-1"},
		"rollouts":   {"change:argo-cd/checkout-1842", "change:argo-cd/checkout-1843"},
		"responders": {"change:argo-cd/checkout-1843"},
		"findings":   {"finding:inc-7f3a/3"},
	}
	if diff := cmp.Diff(want, refs); diff != "" {
		t.Error(diff)
	}
	rollouts := timeline.Lanes[2].Moments
	if rollouts[0].Until == nil || len(rollouts[0].Steps) != 2 || rollouts[1].Until != nil {
		t.Errorf("a finished rollout has an end and steps, a running one has no end: %+v", rollouts)
	}
	if title := timeline.Lanes[3].Moments[0].Title; title != "rollback checkout" {
		t.Errorf("a change without title is called %q", title)
	}
}

func TestSuspectOlderThanTheWindowIsStillShown(t *testing.T) {
	h := newHarness(t)
	h.store.findings["inc-7f3a"][0].Suspects[0].Change.StartedAt = exampleTime(9, 0, 0).AddDate(0, 0, -9)
	h.store.changes = nil
	_, refs := lanesOf(t, h, "")
	if !slices.Contains(refs["changes"], "change:argo-cd/checkout-1842") {
		t.Errorf("the suspect of last week is missing: %v", refs)
	}
}

func TestTimelineWithoutFindingLooksAtNeighbours(t *testing.T) {
	h := newHarness(t)
	h.store.findings = nil
	timeline, _ := lanesOf(t, h, "")
	slices.Sort(timeline.Services)
	if want := []string{"checkout", "mobile-gateway", "storefront"}; !slices.Equal(timeline.Services, want) {
		t.Errorf("looked at %v, want %v", timeline.Services, want)
	}
}

func TestTimelineAsksOnlyForItsWindow(t *testing.T) {
	h := newHarness(t)
	resolved := exampleTime(11, 0, 0)
	h.store.incidents[0].ResolvedAt = &resolved
	timeline, _ := lanesOf(t, h, "?from=2026-05-04T08:00:00Z")
	q := h.store.asked[len(h.store.asked)-1]
	if !q.From.Equal(exampleTime(8, 0, 0)) || !q.To.Equal(resolved.Add(time.Millisecond)) || q.Environment != "production" {
		t.Errorf("asked for %+v", q)
	}
	if timeline.To == nil || !timeline.To.Equal(resolved) {
		t.Errorf("the timeline of a resolved incident ends at %v", timeline.To)
	}
}

func TestStormIsCutAndSaysSo(t *testing.T) {
	h := newHarness(t)
	h.store.changes, h.store.alerts["inc-7f3a"] = nil, nil
	for i := range maxTimelineChanges + 300 {
		h.store.changes = append(h.store.changes, correlate.Change{
			ID: fmt.Sprintf("c-%d", i), Source: "ci", Kind: correlate.KindDeploy, Services: []string{"checkout"}, Environment: "production",
			StartedAt: exampleTime(9, 0, 0).Add(time.Duration(i) * time.Second),
		})
		alert := exampleAlert()
		alert.Fingerprint = fmt.Sprintf("a-%d", i)
		h.store.alerts["inc-7f3a"] = append(h.store.alerts["inc-7f3a"], alert)
	}
	for i := range 300 {
		h.store.incidents[0].Services = append(h.store.incidents[0].Services, fmt.Sprintf("s-%d", i))
	}
	timeline, _ := lanesOf(t, h, "")
	if len(timeline.Services) != maxTimelineServices {
		t.Errorf("%d services asked for, want at most %d", len(timeline.Services), maxTimelineServices)
	}
	for _, i := range []int{0, 1} {
		if lane := timeline.Lanes[i]; !lane.Truncated || len(lane.Moments) > maxTimelineChanges+1 {
			t.Errorf("lane %s has %d moments, truncated %t", lane.Name, len(lane.Moments), lane.Truncated)
		}
	}
}

func TestFindingsLaneSaysWhenNoChangeIsToBlame(t *testing.T) {
	h := newHarness(t)
	h.store.findings["inc-7f3a"][0].Verdict = correlate.VerdictNoChange
	timeline, _ := lanesOf(t, h, "")
	m := timeline.Lanes[4].Moments[0]
	if m.Title != "No recorded change is the likely cause" || m.Probability != nil || m.Kind != "no_change" {
		t.Errorf("moment %+v", m)
	}
}
