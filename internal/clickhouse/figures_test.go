package clickhouse_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// figured decodes a change with a class.
func figured(t *testing.T, class correlate.ProvenanceClass, text string) event.Change {
	t.Helper()
	e := changeEvent(t, noon, text)
	e.Provenance = &correlate.Provenance{Class: class}
	return e
}

// november is the period of these tests, with nothing too young to count.
var november = query.Period{
	From: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
	Mature: time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC),
}

func exec(t *testing.T, s *clickhouse.Store, statement string) {
	t.Helper()
	if err := clickhouse.Exec(t.Context(), s, statement); err != nil {
		t.Fatal(err)
	}
}

// sortCells makes the order of an answer irrelevant.
func sortCells(cells []query.ChangeCell) []query.ChangeCell {
	slices.SortFunc(cells, func(a, b query.ChangeCell) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	return cells
}

const figuredServices = `INSERT INTO topology_services (name, source, day, observed_at, tier, team) VALUES
('cart', 'x', '2026-11-01', '2026-11-01 00:00:00', 1, 'shop'), ('mail', 'x', '2026-11-01', '2026-11-01 00:00:00', 3, 'post')`

func TestChangesAreCountedByEverythingThatIsCompared(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		exec(t, s, figuredServices)
		insertChanges(t, s,
			figured(t, correlate.ProvenanceAssisted, `{"id":"a","source":"ci","kind":"deploy","services":["cart"],"started_at":"2026-11-03T10:00:00Z","commits":[{"sha":"1","additions":40,"deletions":20}]}`),
			figured(t, correlate.ProvenanceUnknown, `{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z","status":"succeeded","observed_at":"2026-11-21T11:00:00Z"}`),
			figured(t, correlate.ProvenanceAssisted, `{"id":"b","source":"ci","kind":"deploy","services":["cart"],"started_at":"2026-11-03T11:00:00Z","commits":[{"sha":"1","additions":100}]}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"c","source":"ci","kind":"config","services":["mail"],"started_at":"2026-11-10T11:00:00Z"}`),
			figured(t, correlate.ProvenanceUnknown, `{"id":"d","source":"flags","kind":"feature_flag","services":["nobody"],"started_at":"2026-11-10T11:00:00Z"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"e","source":"ci","kind":"deploy","services":["mail"],"environment":"staging","started_at":"2026-11-10T11:00:00Z"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"f","source":"ci","kind":"deploy","services":["mail"],"started_at":"2026-10-31T23:59:00Z"}`),
		)
		guilty := correlate.Key{Source: "ci", ID: "b"}
		cells, weeks, err := s.ChangeCells(t.Context(), november, query.Blame{Confirmed: []correlate.Key{guilty}, Suspected: []correlate.Key{{Source: "flags", ID: "d"}}})
		if err != nil {
			t.Fatal(err)
		}
		want := []query.ChangeCell{
			{Class: correlate.ProvenanceAssisted, Kind: correlate.KindDeploy, Size: query.SizeMedium, Tier: 1, Team: "shop", N: 2, Confirmed: []correlate.Key{guilty}},
			{Class: correlate.ProvenanceHuman, Kind: correlate.KindConfig, Size: query.SizeUnknown, Tier: 3, Team: "post", N: 1},
			{Class: correlate.ProvenanceUnknown, Kind: correlate.KindFeatureFlag, Size: query.SizeUnknown, N: 1, Suspected: []correlate.Key{{Source: "flags", ID: "d"}}},
		}
		if diff := cmp.Diff(sortCells(want), sortCells(cells)); diff != "" {
			t.Error(diff)
		}
		monday := func(day int) time.Time { return time.Date(2026, 11, day, 0, 0, 0, 0, time.UTC) }
		wantWeeks := []query.ChangeCell{
			{Class: correlate.ProvenanceAssisted, Week: monday(2), N: 2, Confirmed: []correlate.Key{guilty}},
			{Class: correlate.ProvenanceHuman, Week: monday(9), N: 1},
			{Class: correlate.ProvenanceUnknown, Week: monday(9), N: 1, Suspected: []correlate.Key{{Source: "flags", ID: "d"}}},
		}
		if diff := cmp.Diff(sortCells(wantWeeks), sortCells(weeks)); diff != "" {
			t.Error(diff)
		}
	})
}

// apartOf counts the changes that stand apart, by the reason.
func apartOf(t *testing.T, s *clickhouse.Store, p query.Period, blame query.Blame) map[query.Apart]int {
	t.Helper()
	cells, _, err := s.ChangeCells(t.Context(), p, blame)
	if err != nil {
		t.Fatal(err)
	}
	out := map[query.Apart]int{}
	for _, c := range cells {
		out[c.Apart] += c.N
	}
	return out
}

func TestRepairsAndYoungChangesStandApart(t *testing.T) {
	resolved := noon.Add(time.Hour)
	incident := correlate.Incident{
		ID: "inc", Revision: 1, Status: correlate.IncidentResolved, Environment: "production", Services: []string{"cart"},
		StartedAt: noon, ResolvedAt: &resolved, UpdatedAt: resolved,
	}
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		if err := s.SaveIncidents(t.Context(), []correlate.Incident{incident}); err != nil {
			t.Fatal(err)
		}
		at := func(minutes int) string { return noon.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
		insertChanges(t, s,
			figured(t, correlate.ProvenanceHuman, `{"id":"before","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+at(-5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"repair","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"elsewhere","source":"ci","kind":"deploy","services":["mail"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"undo","source":"ci","kind":"deploy","rollback_of":"before","services":["mail"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"back","source":"ci","kind":"rollback","services":["mail"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"after","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+at(65)+`"}`),
		)
		p := november
		p.Mature = noon.Add(62 * time.Minute)
		got := apartOf(t, s, p, query.Blame{})
		want := map[query.Apart]int{query.NotApart: 2, query.ApartDuring: 1, query.ApartRollback: 2, query.ApartImmature: 1}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// What an incident was laid on was no repair, whenever it began.
		got = apartOf(t, s, p, query.Blame{Confirmed: []correlate.Key{{Source: "ci", ID: "repair"}}})
		if got[query.ApartDuring] != 0 || got[query.NotApart] != 3 {
			t.Errorf("a confirmed cause stands apart: %v", got)
		}
	})
}

// TestOnlyTheChangeItselfMakesItARepair has two sources use one id, and an
// environment beside production be broken while production is changed.
func TestOnlyTheChangeItselfMakesItARepair(t *testing.T) {
	resolved := noon.Add(time.Hour)
	incident := func(id, environment, service string) correlate.Incident {
		return correlate.Incident{
			ID: id, Revision: 1, Status: correlate.IncidentResolved, Environment: environment, Services: []string{service},
			StartedAt: noon, ResolvedAt: &resolved, UpdatedAt: resolved,
		}
	}
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		if err := s.SaveIncidents(t.Context(), []correlate.Incident{incident("inc", "production", "cart"), incident("rehearsal", "staging", "mail")}); err != nil {
			t.Fatal(err)
		}
		at := func(minutes int) string { return noon.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339) }
		insertChanges(t, s,
			figured(t, correlate.ProvenanceHuman, `{"id":"17","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"17","source":"flags","kind":"feature_flag","services":["cart"],"started_at":"`+at(-600)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"17","source":"config","kind":"config","services":["ledger"],"started_at":"`+at(5)+`"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"18","source":"ci","kind":"deploy","services":["mail"],"started_at":"`+at(5)+`"}`),
		)
		want := map[query.Apart]int{query.NotApart: 3, query.ApartDuring: 1}
		if diff := cmp.Diff(want, apartOf(t, s, november, query.Blame{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAPersonsWordOnTheClassCountsInFigures(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s,
			figured(t, correlate.ProvenanceUnknown, `{"id":"a","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z"}`),
			figured(t, correlate.ProvenanceAssisted, `{"id":"b","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z"}`),
		)
		exec(t, s, `INSERT INTO provenance_overrides (source, id, decided_at, class, reason, decided_by) VALUES
('ci', 'a', '2026-11-04 10:00:00', 'human', 'r', 'p'), ('ci', 'a', '2026-11-05 10:00:00', 'ai_authored', 'r', 'p'), ('ci', 'b', '2026-11-05 10:00:00', 'unknown', 'r', 'p')`)
		cells, _, err := s.ChangeCells(t.Context(), november, query.Blame{})
		if err != nil {
			t.Fatal(err)
		}
		got := map[correlate.ProvenanceClass]int{}
		for _, c := range cells {
			got[c.Class] += c.N
		}
		if diff := cmp.Diff(map[correlate.ProvenanceClass]int{correlate.ProvenanceAuthored: 1, correlate.ProvenanceUnknown: 1}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestApprovalsCountOnlyFromOthersAndInTime(t *testing.T) {
	change := func(id, more string) event.Change {
		return figured(t, correlate.ProvenanceAuthored, `{"id":"`+id+`","source":"ci","kind":"deploy","services":["cart"],"started_at":"2026-11-03T10:00:00Z",
"commits":[{"sha":"1","additions":7,"author":{"login":"ann"},"authored_at":"2026-11-03T08:00:00Z"}]`+more+`}`)
	}
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		exec(t, s, figuredServices)
		insertChanges(t, s,
			change("good", `,"approvals":[{"by":"bob","level":"Senior","at":"2026-11-03T09:00:00Z"}]`),
			change("review", `,"pull_requests":[{"number":1,"reviews":[{"reviewer":"bob","state":"APPROVED","level":"staff","at":"2026-11-03T09:30:00Z"}]}]`),
			change("untimed", `,"approvals":[{"by":"bob","level":"senior"}]`),
			change("stale", `,"approvals":[{"by":"bob","level":"senior","at":"2026-11-03T07:00:00Z"}]`),
			change("machine", `,"approvals":[{"by":"copilot","level":"senior","at":"2026-11-03T09:00:00Z"}]`),
			change("bot", `,"approvals":[{"by":"merge[bot]","level":"senior","at":"2026-11-03T09:00:00Z"}]`),
			change("junior", `,"approvals":[{"by":"cem","at":"2026-11-03T09:00:00Z"}]`),
			change("self", `,"approvals":[{"by":"ann","level":"senior"}]`),
			change("late", `,"approvals":[{"by":"bob","level":"senior","at":"2026-11-03T10:00:01Z"}]`),
			change("asked", `,"pull_requests":[{"number":1,"reviews":[{"reviewer":"bob","state":"commented","level":"staff"}]}]`),
			figured(t, correlate.ProvenanceHuman, `{"id":"human","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z"}`),
		)
		cells, err := s.ApprovalCells(t.Context(), november, &assent.Levels{Senior: []string{"Senior ", "staff"}, Machines: []string{"Copilot"}}, query.Blame{Confirmed: []correlate.Key{{Source: "ci", ID: "late"}}})
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]int{}
		for _, c := range cells {
			got[c.Approval] += c.N
			if c.Tier != 1 || c.Size != query.SizeSmall || c.LeadSeconds[0] != 7200 || c.Commits[0] != 1 || c.Lines[0] != 7 {
				t.Errorf("%+v", c)
			}
			if c.Approval == "none" && !cmp.Equal(c.Confirmed, []correlate.Key{{Source: "ci", ID: "late"}}) {
				t.Errorf("%+v", c)
			}
		}
		if diff := cmp.Diff(map[string]int{"senior": 2, "other": 1, "none": 7}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestFactsStoredBeforeTheColumnsAreReadFromTheBody(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		exec(t, s, `INSERT INTO changes (uid, key, source, id, kind, started_at, arrived_at, raw) VALUES
(1, 1, 'ci', 'old', 'deploy', '2026-11-03 10:00:00', '2026-11-03 10:00:00',
'{"rollback_of":"x","approvals":[{"by":"b","level":"senior"}],"commits":[{"sha":"1","additions":4,"deletions":3},{"sha":"2","additions":1}]}')`)
		text, err := clickhouse.Text(t.Context(), s, "SELECT toString((commits, lines, undoes, approvals, lead_seconds, parts)) FROM changes")
		if err != nil || text != "(2,8,1,[],0,255)" {
			t.Errorf("%s %v", text, err)
		}
	})
}

func TestIncidentsForFiguresCarryTheirNewestFinding(t *testing.T) {
	resolved := noon.Add(time.Hour)
	incident := correlate.Incident{
		ID: "inc", Revision: 2, Title: "t", Severity: correlate.SeverityCritical, Status: correlate.IncidentResolved, Environment: "production",
		Services: []string{"cart"}, Alerts: []correlate.AlertKey{{Fingerprint: "f", StartedAt: noon}}, StartedAt: noon, ResolvedAt: &resolved, UpdatedAt: resolved,
	}
	older := incident
	older.Revision, older.Status, older.ResolvedAt = 1, correlate.IncidentOpen, nil
	suspect := func(id string, rank int, p float64) correlate.Suspect {
		return correlate.Suspect{Change: correlate.Change{Source: "ci", ID: id, Kind: correlate.KindDeploy}, Rank: rank, Probability: p}
	}
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		if err := s.SaveIncidents(t.Context(), []correlate.Incident{older, incident}); err != nil {
			t.Fatal(err)
		}
		err := s.SaveFindings(t.Context(), []correlate.Finding{
			{Incident: "inc", Version: 1, AsOf: noon, Verdict: correlate.VerdictWeak, Suspects: []correlate.Suspect{suspect("x", 1, 0.3), suspect("y", 2, 0.2)}},
			{Incident: "inc", Version: 2, AsOf: noon, Verdict: correlate.VerdictPossible, Suspects: []correlate.Suspect{suspect("z", 1, 0.5)}},
			{Incident: "inc", Version: 3, AsOf: noon, Verdict: correlate.VerdictProbable, NoChangeProbability: 0.1, Suspects: []correlate.Suspect{suspect("y", 1, 0.8)}},
		})
		if err != nil {
			t.Fatal(err)
		}
		key := correlate.Key{Source: "ci", ID: "y"}
		judged := correlate.Judgement{
			ID: "0b0e7a52-6a30-4f4a-9d64-3f0f7b9b7a11", Incident: "inc", FindingVersion: 1, Decision: correlate.DecisionConfirm, Change: &key, DecidedBy: "p", DecidedAt: resolved,
		}
		if err := s.SaveJudgement(t.Context(), judged); err != nil {
			t.Fatal(err)
		}
		facts, err := s.IncidentFacts(t.Context(), november)
		want := []query.IncidentFact{{
			ID: "inc", Title: "t", Severity: correlate.SeverityCritical, Status: correlate.IncidentResolved, StartedAt: noon, ResolvedAt: &resolved,
			Services: []string{"cart"}, Alerts: 1, Verdict: correlate.VerdictProbable, NoChangeProbability: 0.1, FindingVersion: 3,
		}}
		if diff := cmp.Diff(want, facts); diff != "" || err != nil {
			t.Error(diff, err)
		}
		judgements, err := s.JudgementsWithin(t.Context(), november)
		if err != nil || len(judgements) != 1 || *judgements[0].Change != key {
			t.Errorf("%+v %v", judgements, err)
		}
		suspects, err := s.SuspectFacts(t.Context(), november, 3)
		wantSuspects := []query.SuspectFact{
			{Incident: "inc", Version: 1, Rank: 1, Change: correlate.Key{Source: "ci", ID: "x"}, Probability: 0.3},
			{Incident: "inc", Version: 1, Rank: 2, Change: key, Probability: 0.2},
			{Incident: "inc", Version: 3, Rank: 1, Change: key, Probability: 0.8},
		}
		if diff := cmp.Diff(wantSuspects, suspects); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestMomentsAreOfTheServicesAskedFor(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s,
			figured(t, correlate.ProvenanceAssisted, `{"id":"a","source":"ci","kind":"deploy","services":["cart","mail"],"started_at":"2026-11-03T10:00:00Z"}`),
			figured(t, correlate.ProvenanceAssisted, `{"id":"b","source":"ci","kind":"deploy","services":["cart"],"started_at":"2026-11-02T10:00:00Z"}`),
			figured(t, correlate.ProvenanceHuman, `{"id":"c","source":"ci","kind":"rollback","services":["cart"],"started_at":"2026-11-02T10:00:00Z"}`),
		)
		moments, err := s.ServiceMoments(t.Context(), november, []string{"cart"})
		at := func(day int) time.Time { return time.Date(2026, 11, day, 10, 0, 0, 0, time.UTC) }
		want := []query.ServiceMoments{{Service: "cart", Class: correlate.ProvenanceAssisted, At: []time.Time{at(2), at(3)}}}
		if diff := cmp.Diff(want, moments); diff != "" || err != nil {
			t.Error(diff, err)
		}
		if none, err := s.ServiceMoments(t.Context(), november, nil); err != nil || none != nil {
			t.Error(none, err)
		}
	})
}

// What was merged into another incident went on with that one: the time that it
// was open by itself makes no change a repair.
func TestAMergedIncidentMakesNoChangeARepair(t *testing.T) {
	open := correlate.Incident{
		ID: "gone", Revision: 1, Status: correlate.IncidentOpen, Environment: "production", Services: []string{"cart"}, StartedAt: noon, UpdatedAt: noon,
	}
	merged := open
	merged.Revision, merged.Status, merged.MergedInto = 2, correlate.IncidentMerged, "kept"
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertChanges(t, s, figured(t, correlate.ProvenanceHuman,
			`{"id":"a","source":"ci","kind":"deploy","services":["cart"],"started_at":"`+noon.Add(time.Hour).Format(time.RFC3339)+`"}`))
		for _, step := range []struct {
			incident correlate.Incident
			want     query.Apart
		}{{open, query.ApartDuring}, {merged, query.NotApart}} {
			if err := s.SaveIncidents(t.Context(), []correlate.Incident{step.incident}); err != nil {
				t.Fatal(err)
			}
			if got := apartOf(t, s, november, query.Blame{}); got[step.want] != 1 {
				t.Errorf("revision %d: %v, want one %q", step.incident.Revision, got, step.want)
			}
		}
	})
}

// A rollback would count as a deployment in every comparison of kinds if the
// later statement, whose sender did not know, had the last word.
func TestAnAssumedKindIsNotCountedWhereOneIsTold(t *testing.T) {
	s := migratedStore(t)
	change := func(id, kind, minute, more string) event.Change {
		return figured(t, correlate.ProvenanceAuthored, `{"id":"`+id+`","source":"ci","kind":"`+kind+`","started_at":"2026-11-03T10:00:00Z","observed_at":"2026-11-03T10:`+minute+`:00Z"`+more+`}`)
	}
	const assumed = `,"kind_assumed":true`
	insertChanges(t, s,
		change("told-first", "config", "01", ""), change("told-first", "deploy", "02", assumed),
		change("told-last", "deploy", "01", assumed), change("told-last", "config", "02", ""),
		change("never-told", "deploy", "01", assumed), change("never-told", "deploy", "02", assumed))
	cells, _, err := s.ChangeCells(t.Context(), november, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	approvals, err := s.ApprovalCells(t.Context(), november, &assent.Levels{}, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	counted, approved := map[correlate.ChangeKind]int{}, map[correlate.ChangeKind]int{}
	for _, c := range cells {
		counted[c.Kind] += c.N
	}
	for _, c := range approvals {
		approved[c.Kind] += c.N
	}
	want := map[correlate.ChangeKind]int{correlate.KindConfig: 2, correlate.KindDeploy: 1}
	if diff := cmp.Diff([]map[correlate.ChangeKind]int{want, want}, []map[correlate.ChangeKind]int{counted, approved}); diff != "" {
		t.Error(diff)
	}
}
