package event

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

var noon = time.Date(2026, 11, 19, 12, 0, 0, 0, time.UTC)

// deployEvent is a statement about change d-1 that arrived so many seconds
// after noon.
func deployEvent(arrived int, status correlate.ChangeStatus, title string) Change {
	return Change{
		Change: correlate.Change{ID: "d-1", Source: "ci", Kind: correlate.KindDeploy, StartedAt: noon, Status: status, Title: title},
		Meta:   Meta{ArrivedAt: noon.Add(time.Duration(arrived) * time.Second), UID: uint64(arrived)},
	}
}

func TestLaterObservationWinsOverLaterArrival(t *testing.T) {
	early, late := deployEvent(10, "", "seen late"), deployEvent(20, "", "seen early")
	observedLate, observedEarly := noon.Add(9*time.Second), noon.Add(time.Second)
	early.ObservedAt, late.ObservedAt = &observedLate, &observedEarly
	got := FoldChanges([]Change{early, late})
	if len(got) != 1 || got[0].Title != "seen late" {
		t.Errorf("got %+v, want one change titled %q", got, "seen late")
	}
}

func TestLaterArrivalWinsWithoutObservation(t *testing.T) {
	got := FoldChanges([]Change{deployEvent(20, correlate.StatusSucceeded, "second"), deployEvent(10, correlate.StatusInProgress, "first")})
	if len(got) != 1 || got[0].Title != "second" || got[0].Status != correlate.StatusSucceeded {
		t.Errorf("got %+v", got)
	}
}

func TestFoldKeepsChangesApartInFirstSeenOrder(t *testing.T) {
	other := deployEvent(5, "", "other")
	other.ID = "d-2"
	got := FoldChanges([]Change{deployEvent(20, "", "a"), other, deployEvent(30, "", "b")})
	ids := []string{}
	for _, c := range got {
		ids = append(ids, c.ID+" "+c.Title)
	}
	if diff := cmp.Diff([]string{"d-1 b", "d-2 other"}, ids); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestResolvedEpisodeStaysResolvedWhenFiringArrivesLate(t *testing.T) {
	end := noon.Add(time.Minute)
	firing := Alert{
		Alert: correlate.Alert{Fingerprint: "f", Service: "checkout", Status: correlate.AlertFiring, StartedAt: noon},
		Meta:  Meta{ArrivedAt: noon.Add(3 * time.Minute), UID: 2},
	}
	resolved := firing
	resolved.Status, resolved.ResolvedAt = correlate.AlertResolved, &end
	resolved.ArrivedAt, resolved.UID = noon.Add(2*time.Minute), 1
	again := firing
	again.StartedAt = noon.Add(5 * time.Minute)

	got := FoldAlerts([]Alert{firing, resolved, again})
	if len(got) != 2 {
		t.Fatalf("got %d episodes, want 2", len(got))
	}
	if got[0].Status != correlate.AlertResolved || got[0].ResolvedAt == nil {
		t.Errorf("first episode = %+v, want it resolved", got[0])
	}
	if got[1].Status != correlate.AlertFiring {
		t.Errorf("second episode = %+v, want it firing", got[1])
	}
}

func TestFoldDoesNotDependOnDeliveryOrderOrRedelivery(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Change {
			status := rapid.SampledFrom(correlate.ChangeStatuses()).Draw(t, "status")
			e := deployEvent(rapid.IntRange(0, 5).Draw(t, "arrived"), status, "")
			e.UID = rapid.Uint64Range(0, 1<<40).Draw(t, "uid")
			e.Title = string(status)
			return e
		}), 1, 6, func(e Change) uint64 { return e.UID }).Draw(t, "events")
		shuffled := append(rapid.Permutation(events).Draw(t, "order"), events[0])
		if diff := cmp.Diff(FoldChanges(events), FoldChanges(shuffled)); diff != "" {
			t.Fatalf("(-in order +shuffled):\n%s", diff)
		}
	})
}
