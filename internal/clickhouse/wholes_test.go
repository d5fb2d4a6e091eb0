package clickhouse_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// seniors are the levels of these tests.
var seniors = assent.Levels{Senior: []string{"senior"}, Machines: []string{"copilot"}}

// workOut lets a follower look until nothing is left, and counts what it did.
func workOut(t *testing.T, w *clickhouse.Wholes) int {
	t.Helper()
	for total := 0; ; {
		done, more, err := w.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if total += done; !more {
			return total
		}
	}
}

// later is a clock that is far enough ahead for every row to be settled.
func later() time.Time { return time.Now().Add(time.Minute) }

// classesOf counts the changes of November by class.
func classesOf(t *testing.T, s *clickhouse.Store) map[correlate.ProvenanceClass]int {
	t.Helper()
	cells, _, err := s.ChangeCells(t.Context(), november, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[correlate.ProvenanceClass]int{}
	for _, c := range cells {
		out[c.Class] += c.N
	}
	return out
}

// approvalsOf counts the AI-assisted changes of November by approval.
func approvalsOf(t *testing.T, s *clickhouse.Store) map[string]int {
	t.Helper()
	cells, err := s.ApprovalCells(t.Context(), november, &seniors, query.Blame{})
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, c := range cells {
		out[c.Approval] += c.N
	}
	return out
}

func TestADeploymentThatOnlyNamesACommitCountsByWhatIsKnownOfTheCommit(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertStory(t, s, "deploy", "push", "pull", "review", "fork")
		if got := classesOf(t, s); got[correlate.ProvenanceUnknown] != 1 {
			t.Fatalf("before: %v", got)
		}
		w := s.NewWholes(later)
		if done := workOut(t, w); done != 1 {
			t.Errorf("%d changes were worked out, want the deployment", done)
		}
		if diff := cmp.Diff(map[correlate.ProvenanceClass]int{correlate.ProvenanceAuthored: 1}, classesOf(t, s)); diff != "" {
			t.Error(diff)
		}
		moments, err := s.ServiceMoments(t.Context(), november, []string{"checkout"})
		if err != nil || len(moments) != 1 || moments[0].Class != correlate.ProvenanceAuthored || len(moments[0].At) != 1 {
			t.Errorf("%+v %v", moments, err)
		}
		text, err := clickhouse.Text(t.Context(), s, "SELECT toString(provenance_class) FROM changes_between(since = '2026-11-01 00:00:00', until = '2026-12-01 00:00:00') WHERE id = 'deploy'")
		if err != nil || text != string(correlate.ProvenanceAuthored) {
			t.Errorf("the panels count it as %q, %v", text, err)
		}
		if done := workOut(t, w); done != 0 {
			t.Errorf("%d changes were worked out again though nothing is new", done)
		}
	})
}

func TestAPersonsWordOnACommitReachesTheDeploymentThatCarriesIt(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertStory(t, s, "deploy", "push")
		ahead := time.Now().Add(time.Minute)
		w := s.NewWholes(func() time.Time { return ahead })
		workOut(t, w)
		word := correlate.ProvenanceOverride{Class: correlate.ProvenanceAssisted, Reason: "only the tests", DecidedBy: "ada", DecidedAt: ahead.Add(time.Second).Truncate(time.Millisecond)}
		if err := s.SaveOverride(t.Context(), "0a8b5f44-6f52-4c62-9f50-0c6d6a6a0001", correlate.Key{Source: "github", ID: "push"}, word); err != nil {
			t.Fatal(err)
		}
		ahead = ahead.Add(time.Minute)
		if done := workOut(t, w); done != 1 {
			t.Errorf("%d changes were worked out, want the carrier", done)
		}
		if diff := cmp.Diff(map[correlate.ProvenanceClass]int{correlate.ProvenanceAssisted: 1}, classesOf(t, s)); diff != "" {
			t.Error(diff)
		}
		// A word on the deployment itself outweighs that on its commit, and at once.
		word.Class, word.DecidedAt = correlate.ProvenanceHuman, word.DecidedAt.Add(time.Second)
		if err := s.SaveOverride(t.Context(), "0a8b5f44-6f52-4c62-9f50-0c6d6a6a0002", correlate.Key{Source: "github", ID: "deploy"}, word); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[correlate.ProvenanceClass]int{correlate.ProvenanceHuman: 1}, classesOf(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestApprovalsInEventsOfTheirOwnCountAsTheGateCountsThem(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		two := func(id, first, second string) {
			for i, text := range []string{first, second} {
				e := figured(t, correlate.ProvenanceAuthored, `{"id":"`+id+`","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z","observed_at":"2026-11-03T10:0`+fmt.Sprint(i)+`:00Z"`+text+`}`)
				insertChanges(t, s, e)
			}
		}
		by := func(who string) string {
			return `,"approvals":[{"by":"` + who + `","level":"senior","at":"2026-11-03T09:00:00Z"}]`
		}
		const written = `,"commits":[{"sha":"1","message":"m","author":{"login":"ann"},"authored_at":"2026-11-03T08:00:00Z"}]`
		two("approved", written, by("bob"))
		two("by the author", by("ann"), written)
		two("of an older commit", by("bob"), `,"commits":[{"sha":"1","message":"m","author":{"login":"ann"},"authored_at":"2026-11-03T09:30:00Z"}]`)
		workOut(t, s.NewWholes(later))
		if diff := cmp.Diff(map[string]int{"senior": 1, "none": 2}, approvalsOf(t, s)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestWhatWasStoredBeforeIsWorkedOutOnce(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		exec(t, s, `INSERT INTO changes (uid, key, source, id, kind, started_at, observed_at, arrived_at, provenance_class, raw) SELECT 1, xxHash64('old'), 'ci', 'old', 'deploy',
'2026-11-03 10:00:00', NULL, '2026-11-03 10:00:00', 'ai_assisted', '{"id":"old","source":"ci","kind":"deploy","started_at":"2026-11-03T10:00:00Z",
"approvals":[{"by":"bob","level":"senior","at":"2026-11-03T09:00:00Z"}],"commits":[{"sha":"1","message":"m","author":{"login":"ann"},"additions":4,"deletions":3}]}'`)
		exec(t, s, `INSERT INTO change_lookup (hash, started_at) SELECT xxHash64('old'), '2026-11-03 10:00:00'`)
		if diff := cmp.Diff(map[string]int{"none": 1}, approvalsOf(t, s)); diff != "" {
			t.Fatal(diff)
		}
		if done := workOut(t, s.NewWholes(later)); done != 1 {
			t.Errorf("%d changes were worked out", done)
		}
		if diff := cmp.Diff(map[string]int{"senior": 1}, approvalsOf(t, s)); diff != "" {
			t.Error(diff)
		}
		// The place is kept: the next process does not begin with the first change.
		if done := workOut(t, s.NewWholes(func() time.Time { return later().Add(time.Hour) })); done > 1 {
			t.Errorf("%d changes were worked out again", done)
		}
		text, err := clickhouse.Text(t.Context(), s, "SELECT toString(count()) FROM bookmarks FINAL")
		if err != nil || text != "1" {
			t.Errorf("%s bookmarks, %v", text, err)
		}
	})
}

// somebody approves something, more or less as it should be.
func somebody(r *rand.Rand, start time.Time) correlate.Change {
	pick := func(words ...string) string { return words[r.IntN(len(words))] }
	moment := func() *time.Time {
		if r.IntN(5) == 0 {
			return nil
		}
		at := start.Add(time.Duration(r.IntN(240)-200) * time.Minute)
		return &at
	}
	var c correlate.Change
	for range r.IntN(3) {
		c.Commits = append(c.Commits, correlate.Commit{SHA: "x", Message: "m", Author: &correlate.Person{Login: pick("ann", "bob")}, AuthoredAt: moment()})
	}
	for range r.IntN(3) {
		c.Approvals = append(c.Approvals, correlate.Approval{By: pick("ann", "Bob", "cem", "copilot", "merge[bot]", ""), Level: pick("Senior", "mid", "", "senior "), At: moment()})
	}
	if r.IntN(3) == 0 {
		c.PullRequests = []correlate.PullRequest{{Number: 1, Author: &correlate.PullRequestAuthor{Login: pick("ann", "cem")}, Reviews: []correlate.Review{
			{Reviewer: "dan", State: pick("approved", "changes_requested"), Level: "senior", At: moment()},
			{Reviewer: "dan", State: pick("approved", "commented", "dismissed"), Level: "senior", At: moment()},
		}}}
	}
	return c
}

// TestFiguresAndGateCountTheSameApprovals holds what figures count against the
// one definition, on changes that came in one or two events.
func TestFiguresAndGateCountTheSameApprovals(t *testing.T) {
	s := migratedStore(t)
	r := rand.New(rand.NewPCG(5, 8)) //nolint:gosec // Repeatable on purpose.
	start := time.Date(2026, 11, 3, 10, 0, 0, 0, time.UTC)
	var all []event.Change
	for i := range 600 {
		for n := range 1 + r.IntN(2) {
			e := event.Change{Change: somebody(r, start), Provenance: &correlate.Provenance{Class: correlate.ProvenanceAuthored}}
			e.ID, e.Source, e.Kind, e.StartedAt, e.Environment = fmt.Sprint(i), "ci", correlate.KindDeploy, start, correlate.DefaultEnvironment
			raw, err := json.Marshal(&e.Change)
			if err != nil {
				t.Fatal(err)
			}
			e.Meta = event.Meta{UID: uint64(2*i + n + 1), ArrivedAt: start.Add(time.Duration(n) * time.Minute), Format: "faultline", Raw: raw}
			all = append(all, e)
		}
	}
	if err := s.InsertChanges(t.Context(), "", all); err != nil {
		t.Fatal(err)
	}
	workOut(t, s.NewWholes(later))
	want := map[string]int{}
	for _, c := range event.FoldChanges(all) {
		counts := false
		for _, a := range seniors.Approvals(&c, time.Time{}) {
			counts = counts || a.Counts
		}
		switch {
		case seniors.SeniorBeforeStart(&c):
			want["senior"]++
		case counts:
			want["other"]++
		default:
			want["none"]++
		}
	}
	if diff := cmp.Diff(want, approvalsOf(t, s)); diff != "" || want["senior"] < 50 || want["other"] < 20 {
		t.Errorf("%v %s", want, diff)
	}
}
