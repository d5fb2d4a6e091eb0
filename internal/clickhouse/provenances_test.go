package clickhouse_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// bareChange is a change event without a label.
func bareChange(t *testing.T, id string) event.Change {
	t.Helper()
	return changeEvent(t, noon, `{"id": "`+id+`", "source": "argo-cd", "kind": "deploy", "started_at": "2026-11-20T12:00:00Z"}`)
}

// labelled is a change event with a label of the rules of that time.
func labelled(t *testing.T, id string, class correlate.ProvenanceClass) event.Change {
	t.Helper()
	e := bareChange(t, id)
	e.Provenance = &correlate.Provenance{
		Class: class, Confidence: 0.9, Rules: "1", Tools: []correlate.AITool{{Name: "aider"}}, Evidence: []correlate.ProvenanceMark{},
	}
	return e
}

func provenanceOf(t *testing.T, s *clickhouse.Store, key correlate.Key) correlate.Provenance {
	t.Helper()
	all, err := s.Provenances(t.Context(), []correlate.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	return all[key]
}

// ofClass lists the ids of the changes that a class filter lets through.
func ofClass(t *testing.T, s *clickhouse.Store, class correlate.ProvenanceClass) []string {
	t.Helper()
	page, err := s.Changes(t.Context(), query.Changes{
		From: noon.Add(-time.Hour), To: noon.Add(time.Hour), Class: []correlate.ProvenanceClass{class},
	})
	if err != nil {
		t.Fatal(err)
	}
	ids := []string{}
	for i := range page.Items {
		ids = append(ids, page.Items[i].ID)
	}
	// The views of dashboards and figures must say the same.
	text, err := clickhouse.Text(t.Context(), s, "SELECT arrayStringConcat(groupArray(id), ',') FROM (SELECT id FROM changes_between(since = '2026-11-20 00:00:00', until = '2026-11-21 00:00:00') "+
		"WHERE provenance_class = '"+string(class)+"' ORDER BY id DESC)")
	if err != nil {
		t.Fatal(err)
	}
	want := ""
	for i, id := range ids {
		if i > 0 {
			want += ","
		}
		want += id
	}
	if text != want {
		t.Errorf("class %s: the API lists %q, the view %q", class, want, text)
	}
	return ids
}

func TestAnOverrideStandsAboveTheRulesAndCanBeWithdrawn(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := labelled(t, "a", correlate.ProvenanceAssisted)
		insertChanges(t, s, e, labelled(t, "b", correlate.ProvenanceHuman))
		key := e.Key()
		first := correlate.ProvenanceOverride{Class: correlate.ProvenanceHuman, Reason: "the editor stamped it", DecidedBy: "ada", DecidedAt: noon}
		second := correlate.ProvenanceOverride{Reason: "no, it was right", DecidedBy: "bob", DecidedAt: noon.Add(time.Minute)}
		if err := s.SaveOverride(t.Context(), "00000000-0000-4000-8000-000000000001", key, first); err != nil {
			t.Fatal(err)
		}
		got := provenanceOf(t, s, key)
		if got.Class != correlate.ProvenanceHuman || got.Source != correlate.ProvenanceByOverride || got.Machine == nil || got.Machine.Class != correlate.ProvenanceAssisted || len(got.Tools) != 0 {
			t.Errorf("%+v", got)
		}
		if diff := cmp.Diff(&first, got.Override); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"b", "a"}, ofClass(t, s, correlate.ProvenanceHuman)); diff != "" {
			t.Error(diff)
		}
		if err := s.SaveOverride(t.Context(), "00000000-0000-4000-8000-000000000002", key, second); err != nil {
			t.Fatal(err)
		}
		if got := provenanceOf(t, s, key); got.Class != correlate.ProvenanceAssisted || got.Override != nil {
			t.Errorf("withdrawn, and still there: %+v", got)
		}
		if diff := cmp.Diff([]string{"a"}, ofClass(t, s, correlate.ProvenanceAssisted)); diff != "" {
			t.Error(diff)
		}
		history, err := s.Overrides(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]correlate.ProvenanceOverride{second, first}, history); diff != "" {
			t.Error(diff)
		}
		n, err := clickhouse.Text(t.Context(), s, "SELECT toString(count()) FROM audit WHERE action = 'provenance override' AND target = '"+key.String()+"'")
		if err != nil || n != "2" {
			t.Errorf("%s audit entries, %v", n, err)
		}
	})
}

func TestLaterRulesOutweighWhatWasStoredBeforeThem(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := labelled(t, "a", correlate.ProvenanceAssisted)
		insertChanges(t, s, e, labelled(t, "b", correlate.ProvenanceAssisted))
		again := correlate.Provenance{Class: correlate.ProvenanceUnknown, Rules: "2", Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{}}
		if err := s.SaveLabels(t.Context(), []query.Label{{Change: e.Key(), Provenance: again}}, "ada", time.Now().Add(time.Second)); err != nil {
			t.Fatal(err)
		}
		if got := provenanceOf(t, s, e.Key()); got.Class != correlate.ProvenanceUnknown || got.Rules != "2" {
			t.Errorf("the old rules still count: %+v", got)
		}
		if diff := cmp.Diff([]string{"a"}, ofClass(t, s, correlate.ProvenanceUnknown)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"b"}, ofClass(t, s, correlate.ProvenanceAssisted)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnEventThatComesAfterARelabellingMayTellMore(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := labelled(t, "a", correlate.ProvenanceUnknown)
		insertChanges(t, s, e)
		again := correlate.Provenance{Class: correlate.ProvenanceHuman, Rules: "2"}
		if err := s.SaveLabels(t.Context(), []query.Label{{Change: e.Key(), Provenance: again}}, "ada", noon); err != nil {
			t.Fatal(err)
		}
		if got := provenanceOf(t, s, e.Key()); got.Class != correlate.ProvenanceHuman {
			t.Fatalf("%+v", got)
		}
		later := labelled(t, "a", correlate.ProvenanceAuthored)
		later.Title = "with commits"
		later.UID++
		insertChanges(t, s, later)
		if got := provenanceOf(t, s, e.Key()); got.Class != correlate.ProvenanceAuthored {
			t.Errorf("%+v", got)
		}
		if diff := cmp.Diff([]string{"a"}, ofClass(t, s, correlate.ProvenanceAuthored)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAnOverrideOfAChangeThatWasNeverLabelled(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		e := bareChange(t, "a")
		insertChanges(t, s, e)
		if err := s.SaveOverride(t.Context(), "00000000-0000-4000-8000-000000000003", e.Key(),
			correlate.ProvenanceOverride{Class: correlate.ProvenanceOperated, Reason: "the agent did it", DecidedBy: "ada", DecidedAt: noon}); err != nil {
			t.Fatal(err)
		}
		if got := provenanceOf(t, s, e.Key()); got.Class != correlate.ProvenanceOperated || got.Confidence != 1 {
			t.Errorf("%+v", got)
		}
	})
}
