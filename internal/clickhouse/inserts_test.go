package clickhouse_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
)

func pointer[T any](v T) *T { return &v }

// everyField has every field that the contract knows.
func everyField() correlate.Change {
	person := &correlate.Person{Name: "Ana \"A\" O'Neil", Email: "ana@example.org", Login: "ana"}
	return correlate.Change{
		ID: "d/1 \x01 ü", Source: "argo-cd", Kind: correlate.KindDeploy, Title: "line one\nline <two> & \\ 'three'",
		Services: []string{"checkout", "cart\tpage"}, Environment: "staging", Regions: []string{"eu-west-1"},
		StartedAt: noon, FinishedAt: pointer(noon.Add(time.Minute)), ObservedAt: pointer(noon.Add(time.Hour)),
		Rollout: []correlate.RolloutStep{{At: noon, Percent: 12.5, Region: "eu", Instances: []string{"a", "b"}}},
		Status:  correlate.StatusSucceeded, Version: "v2", PreviousVersion: "v1", RollbackOf: "d0",
		Actor: &correlate.Actor{ID: "bot", Type: correlate.ActorAIAgent},
		Commits: []correlate.Commit{{
			SHA: "abc", Message: "fix: \x00 NUL\r\n\nCo-authored-by: x", Author: person, Committer: person,
			AuthoredAt: pointer(noon.Add(-time.Hour)), Additions: 3, Deletions: 4, Files: []string{"a.go"},
		}},
		PullRequests: []correlate.PullRequest{{
			Number: 7, URL: "https://example.org/7?a=1&b=2", Title: "t", Body: "b", Labels: []string{"l"}, HeadBranch: "h",
			Author:  &correlate.PullRequestAuthor{Login: "l", Type: "User"},
			Reviews: []correlate.Review{{Reviewer: "r", State: "approved", Level: "senior", At: pointer(noon)}},
		}},
		Approvals: []correlate.Approval{{By: "boss", Level: "staff", At: pointer(noon)}},
		AI: &correlate.AIDeclaration{
			Assistance: correlate.AssistanceAuthored, Tools: []correlate.AITool{{Name: "tool", Model: "m"}},
			LinesPercent: pointer(40.5), Session: "s",
		},
		Links:  &correlate.ChangeLinks{Diff: "https://d", Run: "https://r", Rollback: "https://b"},
		Labels: map[string]string{"team": "a", "empty": "", "emoji 🦊": "line\nbreak"},
		Extra:  map[string]json.RawMessage{"wave": json.RawMessage(`{"n":[1,2.50,null,"<&>"]}`)},
	}
}

// vendorEvent is an event that came in a format of its own.
func vendorEvent(c correlate.Change, uid uint64) event.Change {
	return event.Change{
		Change: c,
		Meta: event.Meta{
			Format: "vendor", UID: uid, ArrivedAt: noon.Add(time.Second), Raw: []byte("\x00\xff payload\n'of \\ the vendor"),
			Origin: event.Origin{Topic: "faultline.changes", Partition: 3, Offset: 1 << 40},
		},
		Provenance: &correlate.Provenance{Class: correlate.ProvenanceAuthored, Confidence: 0.9, Tools: []correlate.AITool{{Name: "tool"}}, Evidence: []correlate.ProvenanceMark{}},
	}
}

func insert(t *testing.T, s *clickhouse.Store, token string, rows ...event.Change) {
	t.Helper()
	if err := s.InsertChanges(t.Context(), token, rows); err != nil {
		t.Fatal(err)
	}
}

// answer is the one value of a statement.
func answer(t *testing.T, s *clickhouse.Store, statement string) string {
	t.Helper()
	text, err := clickhouse.Text(t.Context(), s, statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return text
}

func TestTheFixtureHasEveryField(t *testing.T) {
	v := reflect.ValueOf(everyField())
	for i := range v.NumField() {
		if v.Field(i).IsZero() {
			t.Errorf("%s is empty: a new field of the contract would not be tested", v.Type().Field(i).Name)
		}
	}
}

func TestAVendorsChangeKeepsEveryFieldAndItsPayload(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		want := everyField()
		e := vendorEvent(want, 1)
		insert(t, s, "", e)
		got, err := s.ChangesByID(t.Context(), want.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]correlate.Change{want}, got); diff != "" {
			t.Error(diff)
		}
		if raw := answer(t, s, "SELECT hex(raw) FROM changes"); raw != fmt.Sprintf("%X", e.Raw) {
			t.Errorf("the payload became %s", raw)
		}
		labels, err := s.Provenances(t.Context(), []correlate.Key{want.Key(), {Source: "other", ID: want.ID}})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[correlate.Key]correlate.Provenance{want.Key(): *e.Provenance}, labels); diff != "" {
			t.Error(diff)
		}
	})
}

// The embedded door writes blocks itself, the others through the driver.
func TestEveryDoorStoresTheSameRow(t *testing.T) {
	const row = `SELECT toString(tuple(uid, key, source, id, kind, title, services, environment, regions, started_at, finished_at, status,
		version, actor_type, mapSort(labels), provenance_class, provenance, format, topic, partition, offset, observed_at, arrived_at, raw, canonical)) FROM changes`
	var first string
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insert(t, s, "t:0:1-1", vendorEvent(everyField(), 1<<63+1))
		got := answer(t, s, row)
		if first == "" {
			first = got
		}
		if got != first || !strings.Contains(got, "checkout") {
			t.Errorf("got %s\nwant %s", got, first)
		}
	})
}

func TestARetriedBatchIsStoredOnceAndAnotherUnderItsTokenToo(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		for range 3 {
			insert(t, s, "faultline.changes:0:1-2", vendorEvent(everyField(), 1), vendorEvent(everyField(), 2))
		}
		if got := answer(t, s, "SELECT toString(count()) FROM changes"); got != "2" {
			t.Errorf("%s rows", got)
		}
		insert(t, s, "faultline.changes:0:1-2", vendorEvent(everyField(), 3))
		if got := answer(t, s, "SELECT toString(count()) FROM changes"); got != "3" {
			t.Errorf("%s rows: a token that was used again swallowed an event", got)
		}
	})
}

// The server's own limit is 100 months in one insert. One door is enough: what
// lifts the limit is a setting that TestAnInsertNamesItsStatementSettingsAndDatabase
// sees, and each month costs the engine three tables' parts.
func TestOneInsertMaySpanManyMonths(t *testing.T) {
	s := migratedStore(t)
	var rows []event.Change
	for month := range 130 {
		c := everyField()
		c.ID, c.StartedAt = fmt.Sprint(month), time.Date(2010, time.Month(1+month), 1, 0, 0, 0, 0, time.UTC)
		rows = append(rows, vendorEvent(c, uint64(month)+1))
	}
	insert(t, s, "", rows...)
	if got := answer(t, s, "SELECT toString(uniqExact(id)) FROM changes"); got != "130" {
		t.Errorf("%s changes", got)
	}
}

func TestTenThousandLabelsSurvive(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		want := everyField()
		for i := range 10_000 {
			want.Labels[fmt.Sprint("label ", i)] = strings.Repeat("v", i%40)
		}
		insert(t, s, "", vendorEvent(want, 1))
		got, err := s.ChangesByID(t.Context(), want.ID, want.Source)
		if err != nil || len(got) != 1 {
			t.Fatalf("%d changes, %v", len(got), err)
		}
		if diff := cmp.Diff(want.Labels, got[0].Labels); diff != "" {
			t.Error(diff)
		}
		if n := answer(t, s, "SELECT toString(length(labels)) FROM changes"); n != fmt.Sprint(len(want.Labels)) {
			t.Errorf("%s labels in the column", n)
		}
	})
}

func TestWhatCannotBeWrittenIsRefusedForGood(t *testing.T) {
	s := openEmbedded(t, config(t))
	c := everyField()
	c.AI.LinesPercent = pointer(math.NaN())
	err := s.InsertChanges(t.Context(), "", []event.Change{vendorEvent(c, 1)})
	if !errors.Is(err, event.ErrRefused) || errors.Is(err, event.ErrUnavailable) || !strings.Contains(err.Error(), "argo-cd") {
		t.Errorf("got %v", err)
	}
}

func TestInsertsWithoutASchemaWaitForIt(t *testing.T) {
	onEmptyDatabases(t, func(t *testing.T, s *clickhouse.Store) {
		err := s.InsertChanges(t.Context(), "", []event.Change{vendorEvent(everyField(), 1)})
		if !errors.Is(err, event.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
	})
}

func TestADeadlineIsKept(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		began := time.Now()
		_, err := clickhouse.Text(ctx, s, "SELECT toString(sum(sleepEachRow(1))) FROM numbers(30) SETTINGS max_block_size = 1, function_sleep_max_microseconds_per_block = 0")
		if !errors.Is(err, event.ErrUnavailable) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(began); waited > 25*time.Second {
			t.Errorf("took %s", waited)
		}
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("after a query was given up: %v", err)
		}
	})
}
