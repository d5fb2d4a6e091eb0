package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// drawStatements draws what several senders say about three changes.
func drawStatements(t *rapid.T, source string, firstUID uint64) []event.Change {
	moments := rapid.IntRange(0, 5)
	var events []event.Change
	for i := range rapid.IntRange(1, 8).Draw(t, "events") {
		c := correlate.Change{
			ID: rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "id"), Source: source,
			Kind:        rapid.SampledFrom(correlate.ChangeKinds()[:3]).Draw(t, "kind"),
			Title:       rapid.SampledFrom([]string{"", "Title one", "title TWO"}).Draw(t, "title"),
			Services:    rapid.SampledFrom([][]string{nil, {"cart"}, {"checkout", "cart"}, {"ledger"}}).Draw(t, "services"),
			Environment: rapid.SampledFrom([]string{"", "production", "staging", "canary"}).Draw(t, "environment"),
			Regions:     rapid.SampledFrom([][]string{nil, {"eu"}, {"us", "eu"}}).Draw(t, "regions"),
			StartedAt:   noon.Add(time.Duration(moments.Draw(t, "start")) * 10 * time.Minute),
			Status:      rapid.SampledFrom(append(correlate.ChangeStatuses(), "")).Draw(t, "status"),
			Version:     rapid.SampledFrom([]string{"", "v1", "v2"}).Draw(t, "version"),
		}
		if rapid.IntRange(0, 2).Draw(t, "start untold") == 0 {
			c.Extra = map[string]json.RawMessage{correlate.ExtraStartUnknown: json.RawMessage("true")}
		}
		if rapid.IntRange(0, 2).Draw(t, "kind untold") == 0 {
			c.Extra = withMark(c.Extra, correlate.ExtraKindAssumed)
		}
		if rapid.Bool().Draw(t, "observed") {
			c.ObservedAt = pointer(noon.Add(time.Duration(moments.Draw(t, "observed_at")) * time.Minute))
		}
		meta := event.Meta{UID: firstUID + uint64(i), Format: "vendor", ArrivedAt: noon.Add(time.Duration(moments.Draw(t, "arrived")) * time.Minute)}
		e := event.Change{Change: c, Meta: meta}
		if rapid.Bool().Draw(t, "labelled") {
			class := rapid.SampledFrom([]correlate.ProvenanceClass{correlate.ProvenanceHuman, correlate.ProvenanceAuthored}).Draw(t, "class")
			e.Provenance = &correlate.Provenance{Class: class}
		}
		events = append(events, e)
	}
	return events
}

// withMark adds a mark to what a statement says besides.
func withMark(extra map[string]json.RawMessage, mark string) map[string]json.RawMessage {
	marked := map[string]json.RawMessage{mark: json.RawMessage("true")}
	maps.Copy(marked, extra)
	return marked
}

// line is a folded change in the words of the view changes_current.
func line(c correlate.Change) string {
	return fmt.Sprintf("%s %s %s %v %s %v %d %s %s", c.ID, c.Kind, c.Title, c.Services, c.Environment, c.Regions, c.StartedAt.UnixMilli(), c.Status, c.Version)
}

const viewLines = `SELECT arrayStringConcat(arraySort(groupArray(concat(id, ' ', kind, ' ', title, ' [', arrayStringConcat(services, ' '), '] ', environment,
	' [', arrayStringConcat(regions, ' '), '] ', toString(toUnixTimestamp64Milli(started_at)), ' ', status, ' ', version))), '\n')
	FROM changes_current WHERE source = '%s'`

// Panels read the views, people the API. Both must tell the same story. The
// rounds are few because each is a dozen statements of the engine.
func TestViewsAndListsFoldAsTheEngineDoes(t *testing.T) {
	s := migratedStore(t)
	for round := range 24 {
		source := fmt.Sprint("source-", round)
		events := rapid.Custom(func(rt *rapid.T) []event.Change {
			return drawStatements(rt, source, uint64(round)*100)
		}).Example(round)
		insert(t, s, "", events...)
		folded := event.FoldChanges(events)
		checkView(t, s, source, folded)
		checkList(t, s, round, source, folded)
		if t.Failed() {
			t.Fatalf("round %d: %+v", round, events)
		}
	}
}

func checkView(t *testing.T, s *clickhouse.Store, source string, folded []correlate.Change) {
	t.Helper()
	got := answer(t, s, fmt.Sprintf(viewLines, source))
	if diff := cmp.Diff(strings.Join(lines(folded), "\n"), got); diff != "" {
		t.Error(diff)
	}
}

func lines(changes []correlate.Change) []string {
	all := make([]string, len(changes))
	for i, c := range changes {
		all[i] = line(c)
	}
	slices.Sort(all)
	return all
}

// checkList asks for changes by what one of them folds to, and demands that
// just those come that fold to the same.
func checkList(t *testing.T, s *clickhouse.Store, round int, source string, folded []correlate.Change) {
	t.Helper()
	one := folded[round%len(folded)]
	q := query.Changes{Source: source}
	matches := func(correlate.Change) bool { return true }
	switch round % 6 {
	case 5:
		q.Environment = one.Environment
		matches = func(c correlate.Change) bool { return c.Environment == one.Environment }
	case 0:
		q.Kinds = []correlate.ChangeKind{one.Kind}
		matches = func(c correlate.Change) bool { return c.Kind == one.Kind }
	case 1:
		q.Status = []correlate.ChangeStatus{one.Status}
		matches = func(c correlate.Change) bool { return c.Status == one.Status }
	case 2:
		q.Services = []string{"cart"}
		matches = func(c correlate.Change) bool { return len(c.Services) == 0 || slices.Contains(c.Services, "cart") }
	case 3:
		q.Text = "ONE"
		matches = func(c correlate.Change) bool { return c.Title == "Title one" }
	case 4:
		q.From, q.To = one.StartedAt, one.StartedAt.Add(time.Millisecond)
		matches = func(c correlate.Change) bool { return c.StartedAt.Equal(one.StartedAt) }
	}
	want := slices.DeleteFunc(slices.Clone(folded), func(c correlate.Change) bool { return !matches(c) })
	page, err := s.Changes(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(lines(want), lines(page.Items)); diff != "" {
		t.Errorf("%+v: %s", q, diff)
	}
}

func TestAnEventThatIsDeliveredAgainLaterSaysNothingNew(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		begun, ended := vendorEvent(everyField(), 1), vendorEvent(everyField(), 2)
		begun.Title, begun.ObservedAt = "old title", nil
		ended.Title, ended.ObservedAt, ended.ArrivedAt = "new title", nil, begun.ArrivedAt.Add(time.Minute)
		again := begun
		again.ArrivedAt = begun.ArrivedAt.Add(time.Hour)
		insert(t, s, "", begun, ended)
		insert(t, s, "", again)
		got, err := s.ChangesByID(t.Context(), begun.ID, begun.Source)
		if err != nil || len(got) != 1 || got[0].Title != "new title" {
			t.Errorf("got %v %v", got, err)
		}
	})
}
