package clickhouse_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// The rounds are few because each is some ten statements of the engine, and lie
// apart so that all fit into one database.
const (
	oracleRounds = 20
	oracleApart  = 200 * 24 * time.Hour
)

var oracleBegin = time.Date(2000, 1, 3, 0, 0, 0, 0, time.UTC)

// eachWorld stores worlds, all in one database, and checks each.
func eachWorld(t *testing.T, check func(t *testing.T, s *clickhouse.Store, w *world)) {
	t.Helper()
	s := migratedStore(t)
	exec(t, s, oracleServiceRows)
	for round := range oracleRounds {
		from := oracleBegin.Add(time.Duration(round) * oracleApart).Add(time.Duration(round) * 7 * time.Hour)
		w := rapid.Custom(func(rt *rapid.T) *world {
			return drawWorld(rt, fmt.Sprintf("round-%02d", round), from, uint64(round)*1000)
		}).Example(round)
		w.store(t, s)
		if check(t, s, w); t.Failed() {
			t.Fatalf("round %d: %v to %v, mature %v\nevents %+v\nincidents %+v\noverrides %+v labels %+v voids %v wholes %+v blame %+v",
				round, w.period.From, w.period.To, w.period.Mature, w.events, w.incidents, w.overrides, w.labels, w.voids, w.wholes, w.blame)
		}
	}
}

// store writes a world through the doors that its parts come in by.
func (w *world) store(t *testing.T, s *clickhouse.Store) {
	t.Helper()
	insert(t, s, "", w.events...)
	if len(w.incidents) > 0 {
		if err := s.SaveIncidents(t.Context(), w.incidents); err != nil {
			t.Fatal(err)
		}
	}
	for _, l := range w.labels {
		// One before every event voids nothing, one after every event all.
		at := time.Now().Add(-time.Hour)
		if w.voids[l.Change] {
			at = time.Now().Add(time.Hour)
		}
		if err := s.SaveLabels(t.Context(), []query.Label{l}, "p", at); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range w.overrides {
		exec(t, s, fmt.Sprintf("INSERT INTO provenance_overrides (source, id, decided_at, class, reason, decided_by) VALUES ('%s', '%s', fromUnixTimestamp64Milli(%d), '%s', 'r', 'p')",
			o.key.Source, o.key.ID, o.at.UnixMilli(), o.class))
	}
	if len(w.wholes) == 0 {
		return
	}
	var rows []string
	for key, whole := range w.wholes {
		rows = append(rows, fmt.Sprintf("('%s', '%s', xxHash64('%s'), fromUnixTimestamp64Milli(%d), '%s', %d, %d, %d, [%s], now64(3))",
			key.Source, key.ID, key.ID, whole.start.UnixMilli(), whole.class, whole.commits, whole.lines, whole.lead, quoted(whole.approvals)))
	}
	exec(t, s, "INSERT INTO change_wholes (source, id, key, started_at, class, commits, lines, lead_seconds, approvals, worked_at) VALUES "+strings.Join(rows, ","))
}

func quoted(texts []string) string {
	out := make([]string, len(texts))
	for i, text := range texts {
		out[i] = "'" + strings.ReplaceAll(text, "\n", `\n`) + "'"
	}
	return strings.Join(out, ",")
}

// alike compares answers whatever the order of their rows and lists.
func alike() cmp.Options {
	return cmp.Options{
		cmpopts.EquateEmpty(), cmpopts.SortSlices(byKey), cmpopts.SortSlices(func(a, b uint32) bool { return a < b }),
		cmpopts.SortSlices(func(a, b query.ChangeCell) bool { return cellName(&a) < cellName(&b) }),
		cmpopts.SortSlices(func(a, b query.ApprovalCell) bool { return approvalName(&a) < approvalName(&b) }),
	}
}

func cellName(c *query.ChangeCell) string {
	return fmt.Sprint(c.Class, c.Kind, c.Size, c.Tier, c.Team, c.Week, c.Apart)
}

func approvalName(c *query.ApprovalCell) string {
	return fmt.Sprint(c.Kind, c.Size, c.Tier, c.Approval)
}

// Everything is counted twice, in the store and by hand, over the same worlds.
func TestCountingInTheStoreAgreesWithCountingChangeByChange(t *testing.T) {
	apart, words := map[query.Apart]int{}, map[string]int{}
	eachWorld(t, func(t *testing.T, s *clickhouse.Store, w *world) {
		checkCells(t, s, w, apart)
		checkApprovals(t, s, w, words)
		checkParts(t, s, w)
		checkMoments(t, s, w)
	})
	if apart[query.NotApart] < 2*oracleRounds || len(apart) < 4 || len(words) < 3 {
		t.Errorf("the worlds were too poor to compare anything: %v %v", apart, words)
	}
}

func checkCells(t *testing.T, s *clickhouse.Store, w *world, apart map[query.Apart]int) {
	t.Helper()
	cells, weeks, err := s.ChangeCells(t.Context(), w.period, w.blame)
	if err != nil {
		t.Fatal(err)
	}
	wantCells, wantWeeks := w.cells()
	if diff := cmp.Diff(wantCells, cells, alike()); diff != "" {
		t.Errorf("cells, - by hand, + by the store: %s", diff)
	}
	if diff := cmp.Diff(wantWeeks, weeks, alike()); diff != "" {
		t.Errorf("weeks, - by hand, + by the store: %s", diff)
	}
	for _, c := range cells {
		apart[c.Apart] += c.N
	}
}

func checkApprovals(t *testing.T, s *clickhouse.Store, w *world, words map[string]int) {
	t.Helper()
	cells, err := s.ApprovalCells(t.Context(), w.period, &seniors, w.blame)
	if err != nil {
		t.Fatal(err)
	}
	var got []query.ApprovalCell
	for _, c := range cells {
		got = addApproval(got, c)
		words[c.Approval] += c.N
	}
	if diff := cmp.Diff(w.approved(&seniors), got, alike()); diff != "" {
		t.Errorf("approvals, - by hand, + by the store: %s", diff)
	}
}

// checkParts demands that a period is the sum of its parts.
func checkParts(t *testing.T, s *clickhouse.Store, w *world) {
	t.Helper()
	whole, _ := w.cells()
	var parts []query.ChangeCell
	at := w.period.From
	for _, end := range []time.Time{at.Add(w.period.To.Sub(at) / 3).Truncate(time.Millisecond), w.period.To} {
		cells, _, err := s.ChangeCells(t.Context(), query.Period{From: at, To: end, Mature: w.period.Mature}, w.blame)
		if err != nil {
			t.Fatal(err)
		}
		parts, at = append(parts, cells...), end
	}
	if diff := cmp.Diff(totals(whole), totals(parts)); diff != "" {
		t.Errorf("- the whole, + its parts: %s", diff)
	}
}

func checkMoments(t *testing.T, s *clickhouse.Store, w *world) {
	t.Helper()
	services := []string{"cart", "plain", "nobody"}
	got, err := s.ServiceMoments(t.Context(), w.period, services)
	if err != nil {
		t.Fatal(err)
	}
	byName := cmpopts.SortSlices(func(a, b query.ServiceMoments) bool {
		return a.Service+string(a.Class) < b.Service+string(b.Class)
	})
	if diff := cmp.Diff(w.moments(services), got, byName, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("moments, - by hand, + by the store: %s", diff)
	}
}

// totals are the counts of cells by what they have in common.
func totals(cells []query.ChangeCell) map[string]int {
	out := map[string]int{}
	for i := range cells {
		out[cellName(&cells[i])] += cells[i].N
	}
	return out
}

// A start that was corrected, by however much, over the place where a long period
// is cut in two, must neither lose the change nor count it twice.
func TestAStartThatMovedOverTheMiddleCountsOnce(t *testing.T) {
	s := migratedStore(t)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := query.Period{From: from, To: from.AddDate(0, 0, 200), Mature: from.AddDate(1, 0, 0)}
	middle := from.AddDate(0, 0, 100)
	moves := []time.Duration{-90 * 24 * time.Hour, -8 * 24 * time.Hour, -6 * 24 * time.Hour, -time.Hour, -time.Millisecond, 0, time.Hour, 6 * 24 * time.Hour, 15 * 24 * time.Hour, 90 * 24 * time.Hour}
	for i, by := range moves {
		w := &world{period: p}
		for n, start := range []time.Time{middle.Add(-by), middle.Add(by)} {
			e := vendorEvent(everyField(), uint64(10*i+n))
			e.ID, e.Source, e.StartedAt, e.Environment, e.ObservedAt = fmt.Sprint("moved-", i), "ci", start, "production", pointer(noon.Add(time.Duration(n)*time.Minute))
			e.Kind, e.RollbackOf = correlate.KindDeploy, ""
			w.events = append(w.events, e)
		}
		insert(t, s, "", w.events...)
	}
	cells, weeks, err := s.ChangeCells(t.Context(), p, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]query.ChangeCell{"cells": cells, "weeks": weeks} {
		n := 0
		for _, c := range list {
			n += c.N
		}
		if n != len(moves) {
			t.Errorf("%s count %d changes, want %d", name, n, len(moves))
		}
	}
	approvals, err := s.ApprovalCells(t.Context(), p, &seniors, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, c := range approvals {
		n += c.N
	}
	if n != len(moves) {
		t.Errorf("approvals are counted of %d changes, want %d", n, len(moves))
	}
}

// Blame of changes that are not in the period, twice the same, and of both kinds.
func TestBlameNamesOnlyChangesOfThePeriod(t *testing.T) {
	s := migratedStore(t)
	insertChanges(t, s, figured(t, correlate.ProvenanceHuman, `{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z"}`),
		figured(t, correlate.ProvenanceHuman, `{"id":"a","source":"cd","kind":"deploy","started_at":"2026-11-03T10:00:00Z"}`))
	a, away := correlate.Key{Source: "ci", ID: "a"}, correlate.Key{Source: "ci", ID: "away"}
	cells, _, err := s.ChangeCells(t.Context(), november, query.Blame{Confirmed: []correlate.Key{a, away, a}, Suspected: []correlate.Key{a}})
	if err != nil {
		t.Fatal(err)
	}
	want := []query.ChangeCell{{
		Class: correlate.ProvenanceHuman, Kind: correlate.KindDeploy, Size: query.SizeUnknown, N: 2, Confirmed: []correlate.Key{a}, Suspected: []correlate.Key{a},
	}}
	if diff := cmp.Diff(want, cells); diff != "" {
		t.Error(diff)
	}
}

func TestCountingStopsWithItsContext(t *testing.T) {
	s := migratedStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	long := query.Period{From: november.From.AddDate(-1, 0, 0), To: november.To, Mature: november.To}
	if _, _, err := s.ChangeCells(ctx, long, query.Blame{}); err == nil {
		t.Error("cells were counted after the caller had left")
	}
	if _, err := s.ApprovalCells(ctx, long, &seniors, query.Blame{}); err == nil {
		t.Error("approvals were counted after the caller had left")
	}
}

func TestNothingIsCountedInAnEmptyStore(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		for _, p := range []query.Period{november, {From: november.From.AddDate(-1, 0, 0), To: november.To, Mature: november.To}} {
			cells, weeks, err := s.ChangeCells(t.Context(), p, query.Blame{})
			if err != nil || len(cells)+len(weeks) > 0 {
				t.Errorf("%v %v %v", cells, weeks, err)
			}
			approvals, err := s.ApprovalCells(t.Context(), p, &seniors, query.Blame{})
			if err != nil || len(approvals) > 0 {
				t.Errorf("%v %v", approvals, err)
			}
		}
	})
}

// The classes of the answer are all there are, whichever code they travel as.
func TestEveryClassAndKindIsCountedAsItself(t *testing.T) {
	s := migratedStore(t)
	var events []event.Change
	for _, class := range correlate.ProvenanceClasses() {
		for _, kind := range correlate.ChangeKinds() {
			events = append(events, figured(t, class, fmt.Sprintf(`{"id":"%s-%s","source":"ci","kind":"%s","started_at":"2026-11-03T10:00:00Z"}`, class, kind, kind)))
		}
	}
	insertChanges(t, s, events...)
	cells, _, err := s.ChangeCells(t.Context(), november, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range cells {
		got = append(got, fmt.Sprintf("%s-%s %d", c.Class, c.Kind, c.N))
	}
	var want []string
	for _, class := range correlate.ProvenanceClasses() {
		for _, kind := range correlate.ChangeKinds() {
			want = append(want, fmt.Sprintf("%s-%s 1", class, kind))
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
