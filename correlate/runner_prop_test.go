package correlate

import (
	"cmp"
	"context"
	"fmt"
	"math/rand"
	"slices"
	"syscall"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// drive lets a runner look at the events at the given moments, without
// goroutines and clocks, and returns what it saved.
func drive(cfg RunnerConfig, events []event, looks []time.Time) *shelf {
	var now time.Time
	feed := &script{now: func() time.Time { return now }, events: events}
	kept := newShelf()
	runner := NewRunner(cfg, RunnerPorts{
		Feed: feed, Sink: kept, Attributor: plainJudge{}, Now: func() time.Time { return now },
	})
	for _, now = range looks {
		for more := true; more; {
			more, _ = runner.step(context.Background())
		}
	}
	return kept
}

// drawDay draws a day of alerts and changes as they happen: every event is
// known the moment it happens.
func drawDay(t *rapid.T) []event {
	s := drawStorm(t)
	events := []event{{at: dawn, topology: &Topology{Source: "tracing", ObservedAt: dawn, Edges: s.edges}}}
	for i := range s.alerts {
		a := s.alerts[i]
		if slices.ContainsFunc(s.alerts, func(other Alert) bool { return overlaps(&other, &a) }) {
			continue // No series fires twice at once.
		}
		began := a
		began.Status, began.ResolvedAt = AlertFiring, nil
		events = append(events, event{at: a.StartedAt, alert: &began})
		if a.ResolvedAt != nil {
			events = append(events, event{at: *a.ResolvedAt, alert: &a})
		}
	}
	for i := range rapid.IntRange(0, 8).Draw(t, "changes") {
		events = append(events, drawDeploy(t, i)...)
	}
	slices.SortStableFunc(events, func(a, b event) int { return a.at.Compare(b.at) })
	return events
}

func overlaps(earlier, later *Alert) bool {
	return earlier.Fingerprint == later.Fingerprint && earlier.StartedAt.Before(later.StartedAt) &&
		(earlier.ResolvedAt == nil || earlier.ResolvedAt.After(later.StartedAt))
}

func drawDeploy(t *rapid.T, i int) []event {
	service := fmt.Sprintf("s%d", rapid.IntRange(0, 4).Draw(t, "changed"))
	c := *deployOf(fmt.Sprintf("c%d", i), service, drawMinute(t, "deployed"))
	if rapid.IntRange(0, 5).Draw(t, "wide") == 0 {
		c.Services = nil
	}
	events := []event{{at: c.StartedAt, change: &c}}
	if rapid.Bool().Draw(t, "finished") {
		done := c
		end := c.StartedAt.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "took")) * time.Minute)
		done.FinishedAt, done.Status = &end, StatusSucceeded
		events = append(events, event{at: end, change: &done})
	}
	return events
}

// drawLooks draws the moments at which a runner looks; the last one is the
// same for all, long after everything is over.
func drawLooks(t *rapid.T, label string) []time.Time {
	minutes := rapid.SliceOfNDistinct(rapid.IntRange(0, 1200), 0, 30, rapid.ID).Draw(t, label)
	slices.Sort(minutes)
	var looks []time.Time
	for _, m := range minutes {
		looks = append(looks, dawn.Add(time.Duration(m)*time.Minute))
	}
	return append(looks, dawn.Add(22*time.Hour))
}

func dayConfig() RunnerConfig {
	cfg := DefaultRunnerConfig()
	cfg.Group.HubDegree, cfg.Group.SharedDegree = 4, 3
	cfg.Batch = 3
	cfg.Retain = 40 * 24 * time.Hour
	return cfg
}

func TestTwoRunnersWithOtherBatchesSaveTheSameRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawDay(t)
		one := drive(dayConfig(), events, drawLooks(t, "looks of one"))
		other := drive(dayConfig(), events, drawLooks(t, "looks of the other"))
		if followersMove(events) {
			// An incident that lost alerts to another one keeps a revision and a
			// version that a runner which looked later never saw.
			sameContent(t, one, other)
			return
		}
		sameLast(t, one, other)
		for id, versions := range one.findings {
			for version, finding := range versions {
				twin, both := other.findings[id][version]
				if diff := gocmp.Diff(finding, twin); both && !mergedInto(other, id) && diff != "" {
					t.Fatalf("version %d of %s differs (-one +other):\n%s", version, id, diff)
				}
			}
		}
	})
}

func mergedInto(s *shelf, id string) bool {
	return slices.ContainsFunc(s.lastIncidents(), func(row Incident) bool { return row.MergedInto == id })
}

func TestEventsInAnyOrderLeadToTheSameRows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawDay(t)
		looks := drawLooks(t, "looks")
		one := drive(dayConfig(), events, looks)
		late := slices.Clone(events)
		random := rand.New(rand.NewSource(rapid.Int64().Draw(t, "order")))
		for i := range late {
			late[i].at = late[i].at.Add(time.Duration(random.Intn(300)) * time.Minute)
		}
		slices.SortStableFunc(late, func(a, b event) int { return a.at.Compare(b.at) })
		other := drive(dayConfig(), foldedChanges(late), looks)
		sameContent(t, one, other)
	})
}

// followersMove reports whether alerts that once were in one incident are in
// two later on.
func followersMove(events []event) bool {
	cfg := dayConfig()
	g := NewGrouper(cfg.Group, NewGraph(*events[0].topology))
	together := map[AlertKey]map[AlertKey]bool{}
	split := false
	for _, e := range events[1:] {
		if e.alert != nil {
			g.Advance(e.at)
			g.Upsert(*e.alert)
			split = split || separates(together, g.Incidents())
		}
	}
	return split
}

// foldedChanges lets a change that came with its end never lose it again: the
// store folds what it hands out.
func foldedChanges(events []event) []event {
	known := map[string]*Change{}
	for i := range events {
		c := events[i].change
		if c == nil {
			continue
		}
		if old := known[c.ID]; old != nil && old.FinishedAt != nil {
			events[i].change = old
		}
		known[c.ID] = events[i].change
	}
	return events
}

// sameLast compares the last rows of living incidents byte for byte. The
// version of a finding is only compared for incidents that none was merged
// into: one that had recovered before has checkpoints behind it that the
// merged one, which never recovered, does not know.
func sameLast(t *rapid.T, one, other *shelf) {
	t.Helper()
	others, parents := map[string]Incident{}, map[string]bool{}
	for _, row := range other.lastIncidents() {
		others[row.ID] = row
		parents[row.MergedInto] = true
	}
	for _, row := range one.lastIncidents() {
		if row.Status == IncidentMerged {
			continue // The other may have looked only after it was merged.
		}
		if diff := gocmp.Diff(row, others[row.ID]); diff != "" {
			t.Fatalf("the incidents differ (-one +other):\n%s", diff)
		}
		finding, twin := one.lastFindings()[row.ID], other.lastFindings()[row.ID]
		if parents[row.ID] {
			finding.Version = twin.Version
		}
		if diff := gocmp.Diff(finding, twin); diff != "" {
			t.Fatalf("the findings differ (-one +other):\n%s", diff)
		}
	}
}

// sameContent compares what is said in the end; alerts that came out of order
// may have raised a revision or a version on the way.
func sameContent(t *rapid.T, one, other *shelf) {
	t.Helper()
	living := func(s *shelf) (map[string]Incident, map[string]Finding) {
		incidents, findings := map[string]Incident{}, map[string]Finding{}
		for _, row := range s.lastIncidents() {
			if row.Status != IncidentMerged {
				row.Revision = 0
				incidents[row.ID] = row
				f := s.lastFindings()[row.ID]
				f.Version = 0
				findings[row.ID] = f
			}
		}
		return incidents, findings
	}
	oneIncidents, oneFindings := living(one)
	otherIncidents, otherFindings := living(other)
	if diff := gocmp.Diff(oneIncidents, otherIncidents); diff != "" {
		t.Fatalf("the incidents differ (-one +other):\n%s", diff)
	}
	if diff := gocmp.Diff(oneFindings, otherFindings); diff != "" {
		t.Fatalf("the findings differ (-one +other):\n%s", diff)
	}
}

func TestAStormThroughTheRunnerTakesBoundedTime(t *testing.T) {
	ring := newRingCompany(2000)
	alerts := storms(ring, rand.New(rand.NewSource(2)), 1, 5000, time.Minute)
	events := []event{{at: dawn, topology: &Topology{Source: "tracing"}}}
	for i, name := range ring.names {
		for d := 1; d <= 10; d++ {
			edge := Edge{Caller: name, Callee: ring.names[(i+d)%len(ring.names)]}
			events[0].topology.Edges = append(events[0].topology.Edges, edge)
		}
	}
	for i := range alerts {
		events = append(events, event{at: alerts[i].StartedAt, alert: &alerts[i]})
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(len(events), len(events)))
	})
	var looks []time.Time
	for at := dawn; at.Before(dawn.Add(20 * time.Minute)); at = at.Add(30 * time.Second) {
		looks = append(looks, at)
	}
	cfg := DefaultRunnerConfig()
	before := processorTime(t)
	kept := drive(cfg, events, looks)
	took := processorTime(t) - before
	if limit := 30 * time.Second; took > limit {
		t.Errorf("5,000 alerts in 40 looks took %v of processor time, more than %v", took, limit)
	}
	rows := kept.lastIncidents()
	living := slices.DeleteFunc(rows, func(r Incident) bool { return r.Status == IncidentMerged })
	if len(living) != 1 || len(living[0].Alerts) != 5000 {
		t.Errorf("want one incident of 5,000 alerts, got %d incidents", len(living))
	}
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	t.Logf("5,000 alerts in 40 looks: %v of processor time, at most %d MB resident", took, usage.Maxrss>>10)
}
