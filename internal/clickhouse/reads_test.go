package clickhouse_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// changeEvent decodes an event as it would arrive.
func changeEvent(t *testing.T, arrived time.Time, text string) event.Change {
	t.Helper()
	events, rejected := event.DecodeChanges([]byte(text), event.Meta{ArrivedAt: arrived, Format: "faultline"})
	if len(rejected) > 0 {
		t.Fatalf("%s: %v", text, rejected[0].Err)
	}
	return events[0]
}

func insertChanges(t *testing.T, s *clickhouse.Store, rows ...event.Change) {
	t.Helper()
	if err := s.InsertChanges(t.Context(), "", rows); err != nil {
		t.Fatal(err)
	}
}

const fullChange = `{"id":"d-1","source":"argo-cd","kind":"deploy","title":"it's \"quoted\"\n100% ünïcode \t","services":["checkout","cart"],
"environment":"staging","regions":["eu"],"started_at":"2026-11-20T11:00:00.123Z","finished_at":"2026-11-20T11:05:00Z",
"rollout":[{"at":"2026-11-20T11:01:00Z","percent":10,"region":"eu","instances":["a","b"]}],"status":"succeeded","version":"2","previous_version":"1",
"actor":{"id":"x","type":"ai_agent"},"commits":[{"sha":"abc","message":"m","author":{"name":"n","email":"e@example.com","login":"l"},"additions":3,"files":["a.go"]}],
"pull_requests":[{"number":7,"url":"https://example.com/7","labels":["l"],"reviews":[{"reviewer":"r","state":"approved","level":"senior","at":"2026-11-20T10:00:00Z"}]}],
"approvals":[{"by":"b","level":"staff"}],"ai":{"assistance":"authored","tools":[{"name":"t","model":"m"}],"lines_percent":40},
"links":{"diff":"https://example.com/d"},"labels":{"team":"a","key":"v\n"},"unknown":{"kept":[1,2]}}`

func TestAChangeIsReadAsItWasWritten(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := changeEvent(t, noon, fullChange)
		e.Provenance = &correlate.Provenance{Class: correlate.ProvenanceAuthored, Confidence: 0.9, Tools: []correlate.AITool{{Name: "t"}}, Evidence: []correlate.ProvenanceMark{}}
		vendor := changeEvent(t, noon, strings.Replace(fullChange, `"d-1"`, `"d-2"`, 1))
		vendor.Format, vendor.Raw = "github", []byte(`{"deployment":1}`)
		insertChanges(t, s, e, vendor)
		for _, want := range []event.Change{e, vendor} {
			got, err := s.ChangesByID(t.Context(), want.ID, "")
			if err != nil || len(got) != 1 {
				t.Fatalf("%+v %v", got, err)
			}
			if diff := cmp.Diff(jsonOf(t, want.Change), jsonOf(t, got[0])); diff != "" {
				t.Error(diff)
			}
		}
		given, err := s.Provenances(t.Context(), []correlate.Key{e.Key(), vendor.Key(), {Source: "x", ID: "d-1"}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[correlate.Key]correlate.Provenance{e.Key(): *e.Provenance}, given); diff != "" {
			t.Error(diff)
		}
	})
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	text, err := json.MarshalIndent(v, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAnUpdateThatTellsNothingKeepsTheProvenance(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		told := changeEvent(t, noon, `{"id":"d-1","source":"ci","kind":"deploy","started_at":"2026-11-20T11:00:00Z","status":"in_progress"}`)
		told.Provenance = &correlate.Provenance{Class: correlate.ProvenanceAssisted, Confidence: 0.9}
		update := changeEvent(t, noon.Add(time.Minute), `{"id":"d-1","source":"ci","kind":"deploy","started_at":"2026-11-20T11:00:00Z","status":"succeeded"}`)
		update.Provenance = &correlate.Provenance{Class: correlate.ProvenanceUnknown}
		insertChanges(t, s, told, update)
		given, err := s.Provenances(t.Context(), []correlate.Key{told.Key()})
		if err != nil || given[told.Key()].Class != correlate.ProvenanceAssisted {
			t.Errorf("%+v %v", given, err)
		}
		page, err := s.Changes(t.Context(), query.Changes{Class: []correlate.ProvenanceClass{correlate.ProvenanceAssisted}})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%+v %v", page, err)
		}
	})
}

func TestUpdatesFoldInWhateverOrderTheyArrive(t *testing.T) {
	begun := `{"id":"d-1","source":"ci","kind":"deploy","title":"first","services":["cart"],"started_at":"2026-11-20T11:00:00Z","status":"in_progress"}`
	ended := `{"id":"d-1","source":"ci","kind":"deploy","started_at":"2026-11-20T11:00:00Z","finished_at":"2026-11-20T11:05:00Z","status":"failed"}`
	stale := `{"id":"d-1","source":"ci","kind":"deploy","title":"late but old","started_at":"2026-11-20T11:00:00Z","status":"in_progress","observed_at":"2026-11-20T10:59:00Z"}`
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s, changeEvent(t, noon.Add(time.Minute), ended))
		insertChanges(t, s, changeEvent(t, noon.Add(2*time.Minute), stale))
		insertChanges(t, s, changeEvent(t, noon, begun))
		insertChanges(t, s, changeEvent(t, noon, begun))
		got, err := s.ChangesByID(t.Context(), "d-1", "ci")
		if err != nil || len(got) != 1 {
			t.Fatalf("%+v %v", got, err)
		}
		if c := got[0]; c.Status != correlate.StatusFailed || c.Title != "first" || c.FinishedAt == nil || !slices.Equal(c.Services, []string{"cart"}) {
			t.Errorf("folded to %+v", c)
		}
		page, err := s.Changes(t.Context(), query.Changes{Status: []correlate.ChangeStatus{correlate.StatusInProgress}})
		if err != nil || len(page.Items) != 0 {
			t.Errorf("a failed change is listed as running: %+v %v", page, err)
		}
		page, err = s.Changes(t.Context(), query.Changes{Status: []correlate.ChangeStatus{correlate.StatusFailed}, Services: []string{"cart"}})
		if err != nil || len(page.Items) != 1 || page.Items[0].Title != "first" {
			t.Errorf("%+v %v", page, err)
		}
	})
}

func TestPagesOfChangesReachEverythingOnce(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var rows []event.Change
		for i := range 60 {
			// Days, months and equal moments apart.
			at := noon.Add(-time.Duration(i/2*i) * time.Hour)
			rows = append(rows, changeEvent(t, noon, fmt.Sprintf(
				`{"id":"c-%02d","source":"ci","kind":"deploy","services":["s-%d"],"started_at":%q}`, i, i%3, at.Format(time.RFC3339))))
		}
		insertChanges(t, s, rows...)
		for name, tc := range map[string]struct {
			q    query.Changes
			want int
		}{
			"all":     {query.Changes{Limit: 7}, 60},
			"service": {query.Changes{Limit: 7, Services: []string{"s-1"}}, 20},
			"window":  {query.Changes{Limit: 7, From: noon.Add(-10 * time.Hour), To: noon}, 4},
		} {
			seen := map[string]bool{}
			last := noon.AddDate(1, 0, 0)
			for q := tc.q; ; {
				page, err := s.Changes(t.Context(), q)
				if err != nil {
					t.Fatal(err)
				}
				for _, c := range page.Items {
					if seen[c.ID] || c.StartedAt.After(last) {
						t.Errorf("%s: %s again or out of order", name, c.ID)
					}
					seen[c.ID], last = true, c.StartedAt
				}
				if q.Cursor = page.Next; q.Cursor == "" {
					break
				}
			}
			if len(seen) != tc.want {
				t.Errorf("%s: %d changes, want %d", name, len(seen), tc.want)
			}
		}
	})
}

func TestFiltersOfChanges(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := changeEvent(t, noon, fullChange)
		e.Provenance = &correlate.Provenance{Class: correlate.ProvenanceAuthored}
		other := changeEvent(t, noon, `{"id":"x","source":"flags","kind":"feature_flag","started_at":"2026-11-20T10:00:00Z"}`)
		insertChanges(t, s, e, other)
		for name, tc := range map[string]struct {
			q    query.Changes
			want string
		}{
			"kind":        {query.Changes{Kinds: []correlate.ChangeKind{correlate.KindFeatureFlag}}, "x"},
			"source":      {query.Changes{Source: "argo-cd"}, "d-1"},
			"class":       {query.Changes{Class: []correlate.ProvenanceClass{correlate.ProvenanceAuthored}}, "d-1"},
			"unknown":     {query.Changes{Class: []correlate.ProvenanceClass{correlate.ProvenanceUnknown}}, "x"},
			"environment": {query.Changes{Environment: "production"}, "x"},
			"text":        {query.Changes{Text: "ÜNÏCODE"}, "d-1"},
			"id":          {query.Changes{Text: "x"}, "x"},
		} {
			page, err := s.Changes(t.Context(), tc.q)
			if err != nil || len(page.Items) != 1 || page.Items[0].ID != tc.want {
				t.Errorf("%s: %+v %v", name, page.Items, err)
			}
		}
		if _, err := s.Changes(t.Context(), query.Changes{Cursor: "x"}); !errors.Is(err, query.ErrBadCursor) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAlertsAreListedAsEpisodes(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		var rows []event.Alert
		for i := range 9 {
			text := fmt.Sprintf(`{"source":"am","service":"s-%d","name":"Errors","status":"firing","started_at":%q}`, i%3, noon.Add(-time.Duration(i)*30*time.Hour).Format(time.RFC3339))
			events, _ := event.DecodeAlerts([]byte(text), event.Meta{ArrivedAt: noon, Format: "faultline"})
			rows = append(rows, events...)
		}
		end := rows[4]
		resolved := noon
		end.Status, end.ResolvedAt, end.UID, end.ArrivedAt, end.Format = correlate.AlertResolved, &resolved, 99, noon.Add(time.Second), "vendor"
		if err := s.InsertAlerts(t.Context(), "t", append(rows, end)); err != nil {
			t.Fatal(err)
		}
		var got []correlate.Alert
		for q := (query.Alerts{Limit: 2}); ; {
			page, err := s.Alerts(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, page.Items...)
			if q.Cursor = page.Next; q.Cursor == "" {
				break
			}
		}
		if len(got) != 9 || got[4].Status != correlate.AlertResolved || got[3].Status != correlate.AlertFiring {
			t.Errorf("got %d alerts: %+v", len(got), got)
		}
		page, err := s.Alerts(t.Context(), query.Alerts{Services: []string{"s-1"}, Status: []correlate.AlertStatus{correlate.AlertResolved}})
		if err != nil || len(page.Items) != 1 {
			t.Errorf("%+v %v", page, err)
		}
	})
}

func TestTheGraphIsMergedAndForgets(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		snapshot := func(source string, at time.Time, services, edges string) event.Topology {
			text := fmt.Sprintf(`{"source":%q,"observed_at":%q,"services":%s,"edges":%s}`, source, at.Format(time.RFC3339), services, edges)
			events, rejected := event.DecodeTopologies([]byte(text), event.Meta{ArrivedAt: at, Format: "faultline"})
			if len(rejected) > 0 {
				t.Fatal(rejected[0].Err)
			}
			return events[0]
		}
		rows := []event.Topology{
			snapshot("catalog", noon, `[{"name":"cart","tier":1,"team":"shop"},{"name":"pay"}]`, `[{"caller":"cart","callee":"pay","kind":"sync"}]`),
			snapshot("traces", noon.Add(time.Minute), `[{"name":"cart","environment":"production"}]`, `[{"caller":"cart","callee":"pay","kind":"sync","calls_per_second":12.5},{"caller":"cart","callee":"cache","kind":"data"}]`),
			snapshot("traces", noon.AddDate(0, 0, -20), `[{"name":"old"}]`, `[{"caller":"old","callee":"cart","kind":"sync"}]`),
		}
		for range 2 {
			if err := s.InsertTopology(t.Context(), "", rows); err != nil {
				t.Fatal(err)
			}
		}
		got, err := s.Topology(t.Context(), noon.Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		want := correlate.Topology{
			Source: "merged", ObservedAt: noon.Add(time.Minute),
			Services: []correlate.Service{{Name: "cart", Tier: 1, Team: "shop", Environment: "production"}, {Name: "pay"}},
			Edges: []correlate.Edge{
				{Caller: "cart", Callee: "cache", Kind: correlate.EdgeData},
				{Caller: "cart", Callee: "pay", Kind: correlate.EdgeSync, CallsPerSecond: 12.5},
			},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if old, err := s.Topology(t.Context(), noon.AddDate(0, 0, -19)); err != nil || len(old.Services) != 1 || old.Services[0].Name != "old" {
			t.Errorf("the graph of the past: %+v %v", old, err)
		}
		if service, err := s.Service(t.Context(), "cart"); err != nil || service.Tier != 1 || service.Team != "shop" {
			t.Errorf("%+v %v", service, err)
		}
		if service, err := s.Service(t.Context(), "cache"); err != nil || service.Name != "cache" {
			t.Errorf("%+v %v", service, err)
		}
		if _, err := s.Service(t.Context(), "nobody"); !errors.Is(err, query.ErrNotFound) {
			t.Errorf("got %v", err)
		}
	})
}

func TestKnownEventsAndFreshSources(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		c := changeEvent(t, noon, fullChange)
		insertChanges(t, s, c)
		alerts, _ := event.DecodeAlerts([]byte(`{"source":"am","service":"s","name":"n","status":"firing","started_at":"2026-11-20T10:00:00Z"}`), event.Meta{ArrivedAt: noon})
		if err := s.InsertAlerts(t.Context(), "", alerts); err != nil {
			t.Fatal(err)
		}
		for kind, uid := range map[event.Kind]uint64{event.KindChange: c.UID, event.KindAlert: alerts[0].UID} {
			seen, err := s.Seen(t.Context(), kind, []uint64{uid, 12345})
			if err != nil || len(seen) != 1 || !seen[uid] {
				t.Errorf("%s: %v %v", kind, seen, err)
			}
		}
		fresh, err := s.Freshness(t.Context())
		if err != nil || len(fresh) != 2 || fresh[0].Source != "am" || fresh[1].Source != "argo-cd" || fresh[1].Events != 1 {
			t.Errorf("%+v %v", fresh, err)
		}
	})
}

func TestDeadLettersKeepTheirBytes(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		letter := event.DeadLetter{
			Origin: event.Origin{Topic: "faultline.changes", Partition: 3, Offset: 42}, Key: []byte{0, 1}, Value: []byte("{\"a\n\x00\xff"),
			Headers: map[string]string{"h": "v"}, Format: "faultline", Reason: "title: wrong", At: noon,
		}
		for range 2 {
			if err := s.InsertDeadLetters(t.Context(), []event.DeadLetter{letter}); err != nil {
				t.Fatal(err)
			}
		}
		if err := clickhouse.Exec(t.Context(), s, `SELECT throwIf(count() = 0) FROM dead_letters WHERE raw_message = unhex('7b22610a00ff')
			AND kafka_offset = 42 AND headers['h'] = 'v' AND error = 'title: wrong' AND kafka_key = unhex('0001')`); err != nil {
			t.Error(err)
		}
	})
}
