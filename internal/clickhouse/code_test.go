package clickhouse_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/event"
)

// codeStory is a deployment of a merge, the push and the pull request that
// brought it there, its review, and the push of a fork that has the same commit.
func codeStory() map[string]event.Change {
	author := &correlate.Person{Name: "Ada", Email: "ada@example.com"}
	repository := func(name string) map[string]string { return map[string]string{event.RepositoryLabel: name} }
	fact := func(id string, at time.Duration, version string, commits ...correlate.Commit) event.Change {
		return event.Change{Change: correlate.Change{
			ID: id, Source: "github", Kind: correlate.KindOther, Environment: event.CodeEnvironment, StartedAt: noon.Add(at),
			Services: []string{"checkout"}, Version: version, Commits: commits, Labels: repository("orchard/checkout"),
		}}
	}
	push := fact("push", 0, "m1", correlate.Commit{SHA: "c1", Message: "raise the limit", Author: author},
		correlate.Commit{SHA: "m1", Message: "Merge pull request #7", Author: author, Files: []string{"limit.go"}})
	push.Provenance = &correlate.Provenance{Class: correlate.ProvenanceAuthored, Confidence: 0.9, Tools: []correlate.AITool{}, Evidence: []correlate.ProvenanceMark{}}
	pull := fact("pull", time.Second, "m1", correlate.Commit{SHA: "m1"}, correlate.Commit{SHA: "h1"})
	pull.PullRequests = []correlate.PullRequest{{Number: 7, Title: "limit"}}
	review := fact("review", -time.Minute, "", correlate.Commit{SHA: "h1"})
	review.PullRequests = []correlate.PullRequest{{Number: 7, Reviews: []correlate.Review{{Reviewer: "bo", State: "approved"}}}}
	review.Approvals = []correlate.Approval{{By: "bo"}}
	fork := fact("fork", 2*time.Second, "m1", correlate.Commit{SHA: "m1", Message: "another story", Author: author})
	fork.Labels = repository("elsewhere/checkout")
	deploy := event.Change{Change: correlate.Change{
		ID: "deploy", Source: "github", Kind: correlate.KindDeploy, Environment: "production", StartedAt: noon.Add(time.Minute),
		Services: []string{"checkout"}, Version: "m1", Commits: []correlate.Commit{{SHA: "m1"}}, Labels: repository("orchard/checkout"),
	}}
	story := map[string]event.Change{"push": push, "pull": pull, "review": review, "fork": fork, "deploy": deploy}
	// In order, so that two stories give one event one UID and two events two.
	for i, name := range slices.Sorted(maps.Keys(story)) {
		e := story[name]
		e.Meta = event.Meta{UID: 7001 + uint64(i), ArrivedAt: noon, Format: "github"}
		story[name] = e
	}
	return story
}

func insertStory(t *testing.T, s *clickhouse.Store, names ...string) {
	t.Helper()
	story := codeStory()
	for i, name := range names {
		e := story[name]
		e.UID = 7000 + uint64(i) + uint64(len(name))<<8
		if err := s.InsertChanges(t.Context(), "", []event.Change{e}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestADeploymentShowsTheCommitsThatItCarries(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		insertStory(t, s, "deploy", "fork", "review", "pull", "push")
		found, err := s.ChangesByID(t.Context(), "deploy", "github")
		if err != nil || len(found) != 1 {
			t.Fatalf("%d changes, %v", len(found), err)
		}
		got, push := found[0], codeStory()["push"]
		want := []correlate.Commit{push.Commits[1], push.Commits[0]}
		if diff := cmp.Diff(want, got.Commits); diff != "" {
			t.Errorf("commits (-want +got):\n%s", diff)
		}
		if len(got.PullRequests) != 1 || len(got.PullRequests[0].Reviews) != 1 || got.PullRequests[0].Title != "limit" && got.PullRequests[0].Title != "" {
			t.Errorf("pull requests %+v", got.PullRequests)
		}
		if diff := cmp.Diff([]correlate.Approval{{By: "bo"}}, got.Approvals); diff != "" {
			t.Errorf("approvals (-want +got):\n%s", diff)
		}
		key := correlate.Key{Source: "github", ID: "deploy"}
		given, err := s.Provenances(t.Context(), []correlate.Key{key})
		if err != nil || given[key].Class != correlate.ProvenanceAuthored {
			t.Errorf("provenance %+v, %v; want that of the push", given[key], err)
		}
	})
}

// TestAPushThatComesLateReachesTheDeployment follows the tail: the deployment
// is told again when what it carries becomes known.
func TestAPushThatComesLateReachesTheDeployment(t *testing.T) {
	s := migratedStore(t)
	tail := s.NewTail(noon.Add(-time.Hour))
	next := func() map[string]correlate.Change {
		t.Helper()
		told := map[string]correlate.Change{}
		for range 50 {
			delta, err := tail.Next(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range delta.Changes {
				told[c.ID] = c
			}
			if !delta.More && len(told) > 0 {
				return told
			}
			time.Sleep(20 * time.Millisecond)
		}
		return told
	}
	insertStory(t, s, "deploy")
	if first := next()["deploy"]; len(first.Commits) != 1 || first.Commits[0].Message != "" {
		t.Fatalf("told %+v", first)
	}
	insertStory(t, s, "push")
	second := next()
	if c, again := second["deploy"]; !again || len(c.Commits) != 2 || c.Commits[0].Message == "" {
		t.Errorf("after the push: %+v", second)
	}
}

// TestAHugePushDoesNotStopTheFeed has a push with more commits than fit the
// address of one request, which is where an HTTP server takes parameters.
func TestAHugePushDoesNotStopTheFeed(t *testing.T) {
	s := openHTTP(t, config(t))
	if err := s.MigrateUp(t.Context()); err != nil {
		t.Fatal(err)
	}
	const many = 60_000
	push := codeStory()["push"]
	push.Commits = make([]correlate.Commit, many)
	for i := range push.Commits {
		push.Commits[i].SHA = fmt.Sprintf("%040x", i)
	}
	deploy := codeStory()["deploy"]
	deploy.Commits = []correlate.Commit{{SHA: push.Commits[many-1].SHA}}
	feed := s.NewTail(noon.Add(-time.Hour))
	drain(t, feed, 100)
	for _, e := range []event.Change{deploy, push} {
		if err := s.InsertChanges(t.Context(), "", []event.Change{e}); err != nil {
			t.Fatal(err)
		}
		if got := drain(t, feed, 100); len(got.Changes) == 0 || got.Changes[len(got.Changes)-1].ID != "deploy" {
			t.Errorf("after %s: %d changes were told", e.ID, len(got.Changes))
		}
	}
}
