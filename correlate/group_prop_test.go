package correlate

import (
	"cmp"
	"fmt"
	"math/rand"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// dawn is the midnight that the tests count from.
var dawn = time.Date(2026, 3, 5, 0, 0, 0, 0, time.UTC)

// storm is a drawn input of the grouper: few services, narrow limits for hubs,
// and times that often coincide, so that every rule is met.
type storm struct {
	cfg    GroupConfig
	edges  []Edge
	alerts []Alert
	asOf   time.Time
}

func drawStorm(t *rapid.T) storm {
	s := storm{cfg: DefaultGroupConfig()}
	s.cfg.HubDegree, s.cfg.SharedDegree = 4, 3
	s.cfg.StaleAfter = rapid.SampledFrom([]time.Duration{2 * time.Hour, 20 * time.Hour}).Draw(t, "stale")
	services := rapid.IntRange(1, 9).Draw(t, "services")
	// At times monitoring fails: many alerts of missing data at once.
	dark, fewest := rapid.Bool().Draw(t, "monitoring fails"), 1
	if dark {
		services, fewest = 9, 14
	}
	name := rapid.Custom(func(t *rapid.T) string {
		return fmt.Sprintf("s%d", rapid.IntRange(0, services-1).Draw(t, "service"))
	})
	s.edges = rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Edge {
		return Edge{Caller: name.Draw(t, "caller"), Callee: name.Draw(t, "callee")}
	}), 0, rapid.SampledFrom([]int{4, 2 * services}).Draw(t, "most edges")).Draw(t, "edges")
	if rapid.Bool().Draw(t, "maintenance") {
		from := drawMinute(t, "from")
		s.cfg.Maintenance = []Maintenance{{Services: []string{"s0", "s1"}, From: from, To: from.Add(time.Hour)}}
	}
	s.alerts = rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) Alert {
		a := drawStormAlert(t, name)
		if dark && rapid.SampledFrom([]bool{true, true, false}).Draw(t, "dark") {
			a.Environment, a.Labels, a.Source = "", nil, "monitor"
			a.Service = fmt.Sprintf("s%d", rapid.SampledFrom([]int{0, 1, 2, 3, 4, 5, 6, 7, 8}).Draw(t, "dark service"))
			a.Fingerprint = a.Service + "-dark"
			a.Name, a.StartedAt, a.Status, a.ResolvedAt = "TargetDown", dawn.Add(time.Duration(rapid.IntRange(0, 20).Draw(t, "dark from"))*time.Minute), AlertFiring, nil
		}
		return a
	}), fewest, 24, keyOfAlertValue).Draw(t, "alerts")
	s.asOf = drawMinute(t, "as of").Add(4 * time.Hour)
	return s
}

func keyOfAlertValue(a Alert) episodeKey { return keyOfAlert(&a) }

func drawMinute(t *rapid.T, label string) time.Time {
	span := rapid.SampledFrom([]int{40, 600}).Draw(t, label+" span")
	return dawn.Add(time.Duration(rapid.IntRange(0, span).Draw(t, label)) * time.Minute)
}

func drawStormAlert(t *rapid.T, name *rapid.Generator[string]) Alert {
	a := Alert{
		Source: "monitor", Service: name.Draw(t, "service"), Name: "Errors", Status: AlertFiring,
		Severity:  rapid.SampledFrom([]Severity{"", SeverityCritical, SeverityHigh, SeverityWarning, SeverityInfo}).Draw(t, "severity"),
		Signal:    rapid.SampledFrom([]Signal{SignalErrors, SignalErrors, SignalLatency, SignalAISafety}).Draw(t, "signal"),
		StartedAt: drawMinute(t, "start"),
	}
	if rapid.Bool().Draw(t, "no data") {
		a.Name = rapid.SampledFrom([]string{"TargetDown", "No data"}).Draw(t, "name")
		a.Source = rapid.SampledFrom([]string{"monitor", "monitor", "other"}).Draw(t, "source")
	}
	a.Fingerprint = a.Service + rapid.SampledFrom([]string{"-a", "-b", "-c"}).Draw(t, "series")
	if rapid.IntRange(0, 9).Draw(t, "environment") == 0 {
		a.Environment, a.Fingerprint = "staging", a.Fingerprint+"-staging"
	}
	if rapid.IntRange(0, 9).Draw(t, "declared") == 0 {
		a.Labels = map[string]string{LabelDeclaredIncident: rapid.SampledFrom([]string{"P1", "P2"}).Draw(t, "vendor id")}
	}
	if rapid.Bool().Draw(t, "resolved") {
		end := a.StartedAt.Add(time.Duration(rapid.SampledFrom([]int{0, 1, 7, 50, 400}).Draw(t, "length")) * time.Minute)
		a.Status, a.ResolvedAt = AlertResolved, &end
	}
	return a
}

func (s *storm) graph() *Graph { return NewGraph(Topology{Edges: s.edges}) }

// deliveries is the storm as it may arrive: in any order, some alerts first as
// firing and again with their resolve, some twice, with earlier values of
// their severity.
func (s *storm) deliveries(t *rapid.T) []Alert {
	random := rand.New(rand.NewSource(rapid.Int64().Draw(t, "delivery order")))
	var out []Alert
	for _, a := range s.alerts {
		first := a
		first.Status, first.ResolvedAt = AlertFiring, nil
		if a.Severity != "" && random.Intn(4) == 0 {
			first.Severity = SeverityInfo
		}
		out = append(out, first)
	}
	random.Shuffle(len(out), func(i, j int) { out[i], out[j] = out[j], out[i] })
	for _, a := range s.alerts {
		key := keyOfAlert(&a)
		at := slices.IndexFunc(out, func(b Alert) bool { return keyOfAlert(&b) == key })
		at += 1 + random.Intn(len(out)-at)
		out = slices.Insert(out, at, a)
	}
	return out
}

// batches cuts the deliveries at random places.
func batches(t *rapid.T, alerts []Alert) [][]Alert {
	var out [][]Alert
	for len(alerts) > 0 {
		n := min(len(alerts), rapid.IntRange(1, 8).Draw(t, "batch"))
		out = append(out, alerts[:n])
		alerts = alerts[n:]
	}
	return out
}

func TestGroupingDependsOnlyOnTheSetOfAlerts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStorm(t)
		want := oracleIncidents(s.cfg, s.edges, s.alerts, s.asOf)
		batch := GroupAlerts(s.cfg, s.graph(), s.alerts, s.asOf)
		if diff := gocmp.Diff(want, batch); diff != "" {
			t.Fatalf("the batch differs from the plain meaning (-want +got):\n%s", diff)
		}
		g := NewGrouper(s.cfg, nil)
		topologyAt := rapid.IntRange(0, 3).Draw(t, "topology arrives after")
		for i, alerts := range batches(t, s.deliveries(t)) {
			if i == topologyAt {
				g.SetTopology(s.graph())
			}
			g.Upsert(alerts...)
			if rapid.Bool().Draw(t, "look") {
				g.Take()
			}
			if rapid.Bool().Draw(t, "time passes") {
				g.Advance(dawn.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "hour")) * time.Hour))
			}
		}
		g.SetTopology(s.graph())
		g.Advance(s.asOf)
		if diff := gocmp.Diff(want, g.Incidents()); diff != "" {
			t.Fatalf("one by one differs from all at once (-want +got):\n%s", diff)
		}
	})
}

// takes follows what a reader of Take sees: the latest row of each id.
type takes map[string]Incident

func (rows takes) apply(t *rapid.T, taken []Incident) {
	for _, row := range taken {
		old, known := rows[row.ID]
		if known && row.Revision < old.Revision {
			t.Fatalf("revision of %s went down from %d to %d", row.ID, old.Revision, row.Revision)
		}
		if known && row.Revision == old.Revision && (old.Status == IncidentMerged) != (row.Status == IncidentMerged) {
			t.Fatalf("%s went from %s to %s at the same revision %d", row.ID, old.Status, row.Status, row.Revision)
		}
		rows[row.ID] = row
	}
}

func TestWhatWasTakenOnceIsNeverLeftStanding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStorm(t)
		g := NewGrouper(s.cfg, s.graph())
		rows := takes{}
		for _, alerts := range batches(t, s.deliveries(t)) {
			g.Upsert(alerts...)
			rows.apply(t, g.Take())
		}
		g.Advance(s.asOf)
		rows.apply(t, g.Take())
		if again := g.Take(); len(again) != 0 {
			t.Fatalf("nothing happened, and yet rows were taken: %v", again)
		}
		living := map[string]bool{}
		for _, want := range g.Incidents() {
			got := rows[want.ID]
			got.Revision = want.Revision
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("the last row taken is not what is there (-there +taken):\n%s", diff)
			}
			living[want.ID] = want.Status != IncidentMerged
		}
		for id, row := range rows {
			switch {
			case living[id], row.Status == IncidentMerged && living[row.MergedInto]:
			case row.Status == IncidentResolved && row.MergedInto == "":
			default:
				t.Fatalf("%s was taken, is %s into %q, and no living incident", id, row.Status, row.MergedInto)
			}
		}
	})
}

func TestInOrderArrivalWritesTheSameRowsWhateverTheBatches(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawStorm(t)
		s.cfg.Maintenance, s.cfg.StaleAfter = nil, 24*time.Hour
		for i := range s.alerts {
			// What resolves later would be news of its own; here only the order
			// of the starts matters.
			s.alerts[i].Status, s.alerts[i].ResolvedAt = AlertFiring, nil
		}
		slices.SortFunc(s.alerts, func(a, b Alert) int {
			return cmp.Or(a.StartedAt.Compare(b.StartedAt), cmp.Compare(a.Fingerprint, b.Fingerprint))
		})
		last := s.alerts[len(s.alerts)-1].StartedAt
		g := NewGrouper(s.cfg, s.graph())
		rows, split, together := takes{}, false, map[AlertKey]map[AlertKey]bool{}
		for i, a := range s.alerts {
			g.Advance(a.StartedAt)
			g.Upsert(a)
			if i+1 < len(s.alerts) && s.alerts[i+1].StartedAt.Equal(a.StartedAt) {
				continue // One moment is one event.
			}
			rows.apply(t, g.Take())
			split = split || separates(together, g.Incidents())
		}
		for _, want := range GroupAlerts(s.cfg, s.graph(), s.alerts, last) {
			got := rows[want.ID]
			if (split || want.Status == IncidentMerged) && got.Revision > want.Revision {
				// Followers went over to another incident: the one that they left
				// had more alerts before, and its revision stays that high.
				got.Revision = want.Revision
			}
			if diff := gocmp.Diff(want, got); diff != "" {
				t.Fatalf("the rows differ (-at once +one by one):\n%s", diff)
			}
		}
	})
}

// separates reports whether alerts that were in one incident before are in two
// now, and remembers which are together.
func separates(together map[AlertKey]map[AlertKey]bool, rows []Incident) bool {
	split := false
	for _, row := range rows {
		if row.Status == IncidentMerged {
			continue
		}
		members := map[AlertKey]bool{}
		for _, k := range row.Alerts {
			members[k] = true
		}
		for _, k := range row.Alerts {
			for old := range together[k] {
				split = split || !members[old]
			}
			together[k] = members
		}
	}
	return split
}
