package clickhouse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func incidentAt(id string, revision int64, start time.Time) correlate.Incident {
	return correlate.Incident{
		ID: id, Revision: revision, Title: "checkout: errors", Status: correlate.IncidentOpen, Severity: correlate.SeverityCritical,
		Environment: "production", StartedAt: start, UpdatedAt: start.Add(time.Minute), Services: []string{"checkout", "cart"},
		Alerts: []correlate.AlertKey{{Fingerprint: "f-" + id, StartedAt: start}},
	}
}

func save(t *testing.T, s *clickhouse.Store, incidents ...correlate.Incident) {
	t.Helper()
	if err := s.SaveIncidents(t.Context(), incidents); err != nil {
		t.Fatal(err)
	}
}

func TestTheNewestRevisionIsRead(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		second := incidentAt("inc-1", 2, noon)
		second.Status, second.ResolvedAt = correlate.IncidentResolved, &second.UpdatedAt
		save(t, s, second)
		save(t, s, incidentAt("inc-1", 1, noon))
		save(t, s, second)
		got, err := s.Incident(t.Context(), "inc-1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(second, got); diff != "" {
			t.Error(diff)
		}
		page, err := s.Incidents(t.Context(), query.Incidents{})
		if err != nil || len(page.Items) != 1 || page.Items[0].Revision != 2 {
			t.Errorf("%+v %v", page, err)
		}
		if _, err := s.Incident(t.Context(), "inc-2"); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestPagesOfIncidentsNeitherSkipNorRepeat(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var want []string
		for i := range 25 {
			// Three incidents share each start, so that the id decides.
			in := incidentAt(fmt.Sprintf("inc-%02d", i), 1, noon.Add(-time.Duration(i/3)*time.Hour))
			save(t, s, in)
			want = append(want, in.ID)
		}
		slices.SortFunc(want, func(a, b string) int {
			var i, j int
			_, _ = fmt.Sscanf(a, "inc-%d", &i)
			_, _ = fmt.Sscanf(b, "inc-%d", &j)
			if i/3 != j/3 {
				return i/3 - j/3
			}
			return j - i
		})
		var got []string
		q := query.Incidents{Limit: 4}
		for {
			page, err := s.Incidents(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			for _, in := range page.Items {
				got = append(got, in.ID)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFiltersOfIncidents(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		old, quiet := incidentAt("inc-old", 1, noon.Add(-48*time.Hour)), incidentAt("inc-quiet", 1, noon)
		quiet.Status, quiet.Severity, quiet.Services, quiet.Title = correlate.IncidentQuiet, correlate.SeverityWarning, []string{"search"}, "it's \"quoted\" 100%"
		save(t, s, old, quiet, incidentAt("inc-new", 1, noon))
		for name, tc := range map[string]struct {
			q    query.Incidents
			want []string
		}{
			"status":   {query.Incidents{Status: []correlate.IncidentStatus{correlate.IncidentQuiet}}, []string{"inc-quiet"}},
			"severity": {query.Incidents{Severity: []correlate.Severity{correlate.SeverityCritical}}, []string{"inc-new", "inc-old"}},
			"service":  {query.Incidents{Service: "search"}, []string{"inc-quiet"}},
			"text":     {query.Incidents{Text: "\"QUOTED\" 100%"}, []string{"inc-quiet"}},
			"from":     {query.Incidents{From: noon}, []string{"inc-quiet", "inc-new"}},
			"to":       {query.Incidents{To: noon}, []string{"inc-old"}},
			"none":     {query.Incidents{Service: "nowhere"}, nil},
		} {
			page, err := s.Incidents(t.Context(), tc.q)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			var got []string
			for _, in := range page.Items {
				got = append(got, in.ID)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

func TestACursorOfAnotherFilterIsRefused(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		save(t, s, incidentAt("inc-1", 1, noon), incidentAt("inc-2", 1, noon))
		page, err := s.Incidents(t.Context(), query.Incidents{Limit: 1})
		if err != nil || page.Next == "" {
			t.Fatalf("%+v %v", page, err)
		}
		for _, q := range []query.Incidents{{Cursor: page.Next, Service: "cart"}, {Cursor: "!"}, {Cursor: "e30"}} {
			if _, err := s.Incidents(t.Context(), q); !errors.Is(err, query.ErrBadCursor) {
				t.Errorf("%+v: got %v", q, err)
			}
		}
	})
}

func TestAnAlertOfAnIncidentIsEndedByWhatToldOnlyTheEnd(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		firing := correlate.Alert{
			Source: "am", Fingerprint: "f-inc-9", Service: "checkout", Name: "Errors", Environment: "production",
			Status: correlate.AlertFiring, StartedAt: noon,
		}
		end, late, elsewhere := firing, firing, firing
		for at, a := range map[time.Duration]*correlate.Alert{20 * time.Minute: &end, 40 * time.Minute: &late, 10 * time.Minute: &elsewhere} {
			a.StartedAt = noon.Add(at)
			a.Status, a.ResolvedAt = correlate.AlertResolved, &a.StartedAt
			a.Extra = map[string]json.RawMessage{correlate.ExtraStartUnknown: json.RawMessage("true")}
		}
		elsewhere.Fingerprint = "f-other-9"
		var rows []event.Alert
		for i, a := range []correlate.Alert{late, end, elsewhere, firing} {
			rows = append(rows, event.Alert{Alert: a, Meta: event.Meta{UID: uint64(900 + i), ArrivedAt: noon, Format: "cloudevents"}})
		}
		if err := s.InsertAlerts(t.Context(), "", rows); err != nil {
			t.Fatal(err)
		}
		save(t, s, incidentAt("inc-9", 1, noon))
		got, err := s.IncidentAlerts(t.Context(), "inc-9")
		if err != nil || len(got) != 1 {
			t.Fatalf("%d alerts, %v", len(got), err)
		}
		if got[0].Status != correlate.AlertResolved || got[0].ResolvedAt == nil || !got[0].ResolvedAt.Equal(end.StartedAt) {
			t.Errorf("%s at %v, want resolved at %s", got[0].Status, got[0].ResolvedAt, end.StartedAt)
		}
	})
}

func TestAlertsOfAnIncidentAreFolded(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		end := noon.Add(time.Hour)
		firing := correlate.Alert{
			Source: "am", Fingerprint: "f-inc-1", Service: "checkout", Name: "Errors", Environment: "production",
			Status: correlate.AlertFiring, StartedAt: noon,
		}
		resolved := firing
		resolved.Status, resolved.ResolvedAt = correlate.AlertResolved, &end
		stranger := firing
		stranger.Fingerprint = "f-other"
		rows := []event.Alert{
			{Alert: resolved, Meta: event.Meta{UID: 2, ArrivedAt: end, Format: "alertmanager"}},
			{Alert: firing, Meta: event.Meta{UID: 1, ArrivedAt: noon, Format: "alertmanager"}},
			{Alert: stranger, Meta: event.Meta{UID: 3, ArrivedAt: noon, Format: "alertmanager"}},
		}
		if err := s.InsertAlerts(t.Context(), "", rows); err != nil {
			t.Fatal(err)
		}
		save(t, s, incidentAt("inc-1", 1, noon))
		got, err := s.IncidentAlerts(t.Context(), "inc-1")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]correlate.Alert{resolved}, got); diff != "" {
			t.Error(diff)
		}
		if _, err := s.IncidentAlerts(t.Context(), "inc-none"); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestFindingsByVersion(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var all []correlate.Finding
		for version := 1; version <= 3; version++ {
			all = append(all, correlate.Finding{
				Incident: "inc-1", Version: version, AsOf: noon.Add(time.Duration(version) * time.Minute), Verdict: correlate.VerdictProbable,
				NoChangeProbability: 0.1, Missing: []string{"metrics"},
				Suspects: []correlate.Suspect{{
					Change: correlate.Change{ID: "c", Source: "ci", Kind: correlate.KindDeploy, Services: []string{"checkout"}, StartedAt: noon},
					Rank:   1, Probability: 0.9, Evidence: []correlate.Evidence{{Kind: correlate.EvidenceTiming, LogOdds: 1.5, Text: "before <it>"}},
				}},
			})
		}
		for range 2 {
			if err := s.SaveFindings(t.Context(), all); err != nil {
				t.Fatal(err)
			}
		}
		for version, want := range map[int]int{0: 3, 1: 1, 2: 2} {
			got, err := s.Finding(t.Context(), "inc-1", version)
			if err != nil || got.Version != want {
				t.Errorf("version %d: got %d, %v", version, got.Version, err)
			}
			if diff := cmp.Diff(all[want-1], got); diff != "" {
				t.Error(diff)
			}
		}
		for _, version := range []int{4, -1} {
			if _, err := s.Finding(t.Context(), "inc-1", version); !errors.Is(err, query.ErrNotFound) {
				t.Errorf("version %d: got %v", version, err)
			}
		}
		list, err := s.Findings(t.Context(), "inc-1", 2)
		if err != nil || len(list) != 2 || list[0].Version != 3 || list[1].Version != 2 {
			t.Errorf("%+v %v", list, err)
		}
	})
}

// A column of maps is about all rows of a block, however many pieces the block
// is written in.
func TestManySuspectsInOneInsert(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		many := make([]correlate.Finding, 400)
		for i := range many {
			many[i] = correlate.Finding{Incident: "inc-1", Version: i + 1, AsOf: noon}
			for rank := 1; rank <= 5; rank++ {
				many[i].Suspects = append(many[i].Suspects, correlate.Suspect{
					Rank: rank, Change: correlate.Change{ID: "c", Source: "ci", Services: []string{"a", "b"}, StartedAt: noon},
					Evidence: []correlate.Evidence{
						{Kind: correlate.EvidenceTiming, LogOdds: 0.5},
						{Kind: correlate.EvidenceTiming, LogOdds: 1},
						{Kind: correlate.EvidencePrior, LogOdds: -2},
					},
				})
			}
		}
		if err := s.SaveFindings(t.Context(), many); err != nil {
			t.Fatal(err)
		}
		if err := clickhouse.Exec(t.Context(), s, `SELECT throwIf(count() != 2000) FROM suspects FINAL
			WHERE log_odds['timing'] = 1.5 AND log_odds['prior'] = -2 AND services = ['a', 'b']`); err != nil {
			t.Error(err)
		}
	})
}

func TestUpdatesTellRevisionAndFinding(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		save(t, s, incidentAt("inc-1", 5, noon), incidentAt("inc-2", 1, noon))
		first, err := s.UpdatedSince(t.Context(), noon.AddDate(-1, 0, 0), 10)
		if err != nil || len(first) != 2 {
			t.Fatalf("%+v %v", first, err)
		}
		time.Sleep(5 * time.Millisecond)
		if err := s.SaveFindings(t.Context(), []correlate.Finding{{Incident: "inc-1", Version: 2, AsOf: noon}}); err != nil {
			t.Fatal(err)
		}
		next, err := s.UpdatedSince(t.Context(), first[1].At, 10)
		if err != nil || len(next) != 1 || next[0].Incident != "inc-1" || next[0].Revision != 5 || next[0].FindingVersion != 2 {
			t.Errorf("%+v %v", next, err)
		}
		saved, err := s.Saved(t.Context(), noon.AddDate(-1, 0, 0))
		if err != nil {
			t.Fatal(err)
		}
		want := map[string]correlate.SavedState{"inc-1": {Revision: 5, FindingVersion: 2}, "inc-2": {Revision: 1}}
		if diff := cmp.Diff(want, saved); diff != "" {
			t.Error(diff)
		}
	})
}

// TestAListOfIncidentsDoesNotReadAllBodies lists the newest of sixty thousand
// incidents, some three hundred megabytes of bodies. Sorting them all takes half
// a second to two; the quickest of five looks takes some forty milliseconds without.
func TestAListOfIncidentsDoesNotReadAllBodies(t *testing.T) {
	s := migratedStore(t)
	const many = `INSERT INTO incidents (id, revision, status, severity, title, environment, services, alerts, started_at, updated_at, body)
		SELECT concat('inc-', toString(number % 60000)) AS i, intDiv(number, 60000) + 1, 'open', 'critical', 't', 'production', ['checkout'], 3,
			toDateTime64('2026-01-01 00:00:00', 3, 'UTC') + (number % 60000) * 300, now64(3),
			concat('{"id":"', i, '","revision":', toString(intDiv(number, 60000) + 1), ',"status":"open","started_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",
				"services":["', repeat(hex(sipHash128(number)), 150), '"],"alerts":[]}')
		FROM numbers(90000)`
	if err := clickhouse.Exec(t.Context(), s, many); err != nil {
		t.Fatal(err)
	}
	quickest := time.Hour
	for range 5 {
		began := time.Now()
		page, err := s.Incidents(t.Context(), query.Incidents{Service: "checkout"})
		quickest = min(quickest, time.Since(began))
		if err != nil || len(page.Items) != query.DefaultLimit || page.Items[0].ID != "inc-59999" || page.Items[0].Revision != 1 || page.Next == "" {
			t.Fatalf("%d items, %v", len(page.Items), err)
		}
	}
	if quickest > 250*time.Millisecond {
		t.Errorf("the quickest of five looks took %s", quickest)
	}
}
