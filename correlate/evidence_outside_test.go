package correlate

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// outsideStory is an outage of two services, one of which changed just before.
func outsideStory(alter func(a *Alert)) shopStory {
	s := shopStory{
		edges:   []string{"front>api", "api>db"},
		alerts:  []Alert{critical("front", time.Minute), critical("api", 0)},
		changes: []Change{changed("c1", 10*time.Minute, "api")},
	}
	for i := range s.alerts {
		alter(&s.alerts[i])
	}
	return s
}

func TestSignsFromOutsideSpeakAgainstEveryChange(t *testing.T) {
	plain := outsideStory(func(*Alert) {})
	usual := plain.finding()
	for _, tc := range []struct {
		name, says string
		alter      func(a *Alert)
	}{
		{"traffic", "All 2 gravely alerting services alert for traffic, as an attack or a crowd makes them do more often than changes.", func(a *Alert) { a.Signal = SignalTraffic }},
		{"saturation", "All 2 gravely alerting services alert for saturation, as load makes them do more often than changes.", func(a *Alert) { a.Signal = SignalSaturation }},
		{"attack", "100% of the grave alerts are about an attack.", func(a *Alert) { a.Summary = "possible DDoS against the login page" }},
		{"hardware", "100% of the grave alerts are about hardware or buildings, which no recorded change touches.", func(a *Alert) { a.Summary = "loss of power in hall 3" }},
		{"provider", "100% of the grave alerts are about a provider, whose changes are not recorded here.", func(a *Alert) { a.Description = "the upstream rejects our calls" }},
		{"date", "100% of the grave alerts are about a date that came, which needs no change.", func(a *Alert) { a.Summary = "licence expired" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story := outsideStory(tc.alter)
			f := story.finding()
			if f.NoChangeProbability <= usual.NoChangeProbability {
				t.Errorf("no change has %v, without the sign %v", f.NoChangeProbability, usual.NoChangeProbability)
			}
			list := about(t, &f, "c1", EvidencePrior)
			if !slices.ContainsFunc(list, func(ev Evidence) bool { return ev.LogOdds < 0 && ev.Text == tc.says }) {
				t.Errorf("evidence %+v, want %q", list, tc.says)
			}
		})
	}
}

func TestOneSignAmongManyAlertsSaysNothing(t *testing.T) {
	story := outsideStory(func(*Alert) {})
	story.alerts = append(story.alerts, critical("db", time.Minute))
	story.alerts[0].Signal = SignalTraffic
	f := story.finding()
	for _, ev := range about(t, &f, "c1", EvidencePrior) {
		if strings.Contains(ev.Text, "traffic") {
			t.Errorf("one service of three alerts about traffic, and that counts: %q", ev.Text)
		}
	}
}

func TestAlertsInOneRegionSpeakAgainstAChangeThatWentEverywhere(t *testing.T) {
	for _, tc := range []struct {
		name    string
		regions [2]string
		sign    float64
		says    string
	}{
		{"one region", [2]string{"eu", "eu"}, -1, "All alerts that name a region are in eu, though the change went everywhere."},
		{"two regions", [2]string{"eu", "us"}, 1, "The alerts are in several regions; the change went everywhere."},
	} {
		t.Run(tc.name, func(t *testing.T) {
			story := outsideStory(func(*Alert) {})
			story.alerts[0].Region, story.alerts[1].Region = tc.regions[0], tc.regions[1]
			// Another change names further regions.
			other := changed("c2", time.Hour, "db")
			other.Regions = []string{"us", "ap"}
			story.changes = append(story.changes, other)
			f := story.finding()
			list := about(t, &f, "c1", EvidenceRegion)
			if len(list) != 1 || math.Signbit(list[0].LogOdds) != (tc.sign < 0) || !strings.Contains(list[0].Text, tc.says) {
				t.Errorf("evidence %+v", list)
			}
		})
	}
}
