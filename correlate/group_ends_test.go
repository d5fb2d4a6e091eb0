package correlate

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// endOf is an alert that tells only when the series of an alert ended.
func endOf(t testing.TB, at, line string) Alert {
	t.Helper()
	a := alertOf(t, line)
	a.StartedAt = clock(t, at)
	a.Status, a.ResolvedAt = AlertResolved, &a.StartedAt
	a.Extra = map[string]json.RawMessage{ExtraStartUnknown: json.RawMessage("true")}
	return a
}

func TestAnEndWithoutAStartEndsTheOpenEpisode(t *testing.T) {
	firing, end := alertOf(t, "10:00 cart critical"), endOf(t, "10:20", "10:00 cart critical")
	other, later := alertOf(t, "10:05 cart critical #second"), alertOf(t, "14:00 cart critical")
	for name, order := range map[string][]Alert{
		"in order":  {firing, other, end, later},
		"end first": {end, firing, other, later},
		"end last":  {later, other, firing, end, end},
	} {
		t.Run(name, func(t *testing.T) {
			g := NewGrouper(DefaultGroupConfig(), nil)
			g.Advance(clock(t, "14:01"))
			for _, a := range order {
				g.Upsert(a)
			}
			for _, row := range g.Incidents() {
				for _, a := range g.Alerts(row.ID) {
					ended := a.ResolvedAt != nil && a.ResolvedAt.Equal(clock(t, "10:20")) && a.Status == AlertResolved
					if want := a.Key() == firing.Key(); ended != want {
						t.Errorf("%s from %s ended: %v, want %v", a.Fingerprint, a.StartedAt, ended, want)
					}
				}
			}
			if g.Len() != 3 {
				t.Errorf("%d episodes, want 3: the end is none", g.Len())
			}
		})
	}
}

func TestAnEndOfWhichNoStartIsKnownIsNoIncident(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), nil)
	g.Advance(clock(t, "10:30"))
	g.Upsert(endOf(t, "10:20", "10:00 cart critical"))
	if rows := g.Incidents(); len(rows) != 0 || g.Len() != 0 {
		t.Fatalf("%d episodes, incidents %+v", g.Len(), rows)
	}
	g.Evict(clock(t, "10:25"))
	if len(g.ends) != 0 {
		t.Fatalf("an old end is kept for ever: %v", g.ends)
	}
}

func TestWhatTheSenderSaidOfTheEndCounts(t *testing.T) {
	g := NewGrouper(DefaultGroupConfig(), nil)
	g.Advance(clock(t, "11:00"))
	g.Upsert(alertOf(t, "10:00 cart critical"), endOf(t, "10:20", "10:00 cart critical"))
	g.Upsert(alertOf(t, "10:00-10:40 cart critical"))
	got := g.Alerts(g.Incidents()[0].ID)
	if !got[0].ResolvedAt.Equal(clock(t, "10:40")) {
		t.Errorf("resolved at %s, want what the episode itself says, 10:40", got[0].ResolvedAt)
	}
}

func TestAnEndInMaintenanceKeepsTheAlertFromCountingAfterIt(t *testing.T) {
	cfg := DefaultGroupConfig()
	cfg.Maintenance = []Maintenance{{From: clock(t, "09:00"), To: clock(t, "11:00")}}
	g := NewGrouper(cfg, nil)
	g.Advance(clock(t, "10:00"))
	g.Upsert(alertOf(t, "10:00 cart critical"))
	g.Upsert(endOf(t, "10:10", "10:00 cart critical"))
	g.Advance(clock(t, "12:00"))
	if rows := g.Incidents(); len(rows) != 0 {
		t.Fatalf("an alert that was over before the window's end made %+v", rows)
	}
}

// TestEndsWithoutStartsGiveTheSameIncidentsInAnyOrder draws episodes and ends
// of few series and feeds them in two orders and in one piece.
func TestEndsWithoutStartsGiveTheSameIncidentsInAnyOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var alerts []Alert
		for i := range rapid.IntRange(1, 12).Draw(rt, "alerts") {
			at := fmt.Sprintf("%02d:%02d", rapid.IntRange(8, 11).Draw(rt, "hour"), rapid.IntRange(0, 59).Draw(rt, "minute"))
			line := at + fmt.Sprintf(" cart critical #%d", rapid.IntRange(0, 2).Draw(rt, "series"))
			if rapid.IntRange(0, 2).Draw(rt, fmt.Sprintf("end %d", i)) == 0 {
				alerts = append(alerts, endOf(t, at, line))
			} else {
				alerts = append(alerts, alertOf(t, line))
			}
		}
		incidents := func(portions ...[]Alert) ([]Incident, []Alert) {
			g := NewGrouper(DefaultGroupConfig(), nil)
			g.Advance(clock(t, "12:00"))
			for _, p := range portions {
				g.Upsert(p...)
			}
			rows := g.Incidents()
			var members []Alert
			for _, row := range rows {
				members = append(members, g.Alerts(row.ID)...)
			}
			return rows, members
		}
		want, members := incidents(alerts)
		shuffled := append([]Alert(nil), alerts...)
		rand.New(rand.NewSource(rapid.Int64().Draw(rt, "seed"))).Shuffle(len(shuffled), func(i, j int) {
			shuffled[i], shuffled[j] = shuffled[j], shuffled[i]
		})
		var single [][]Alert
		for i := range shuffled {
			single = append(single, shuffled[i:i+1])
		}
		got, gotMembers := incidents(single...)
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Errorf("incidents (-at once +one by one):\n%s", diff)
		}
		if diff := cmp.Diff(members, gotMembers); diff != "" {
			rt.Errorf("alerts (-at once +one by one):\n%s", diff)
		}
		// The plain function over values agrees with what the grouper shows.
		for _, a := range EndEpisodes(alerts) {
			for _, m := range members {
				if m.Key() == a.Key() && !equalTimes(m.ResolvedAt, a.ResolvedAt) {
					rt.Errorf("%v ends at %v, EndEpisodes says %v", m.Key(), m.ResolvedAt, a.ResolvedAt)
				}
			}
		}
	})
}

func equalTimes(a, b *time.Time) bool {
	return (a == nil) == (b == nil) && (a == nil || a.Equal(*b))
}
