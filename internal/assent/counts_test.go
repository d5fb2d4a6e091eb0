package assent_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/assent/assenttest"
)

// seniors are the levels of these tests.
var seniors = assent.Levels{Senior: []string{"senior", "staff"}, Machines: []string{"copilot"}}

// TestEachConditionOfAnApprovalDecidesAlone takes an approval that counts and
// breaks one thing about it or about the change.
func TestEachConditionOfAnApprovalDecidesAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil          func(c *correlate.Change)
		counts, senior bool
	}{
		"nothing":               {func(*correlate.Change) {}, true, true},
		"at the very start":     {func(c *correlate.Change) { c.Approvals[0].At = at(0) }, true, true},
		"a moment too late":     {func(c *correlate.Change) { later := start.Add(time.Millisecond); c.Approvals[0].At = &later }, false, true},
		"with the last commit":  {func(c *correlate.Change) { c.Approvals[0].At = at(-60) }, true, true},
		"before it":             {func(c *correlate.Change) { c.Approvals[0].At = at(-61) }, false, true},
		"commits without times": {func(c *correlate.Change) { c.Commits[0].AuthoredAt = nil; c.Approvals[0].At = at(-900) }, true, true},
		"a younger commit":      {func(c *correlate.Change) { c.Commits = append(c.Commits, correlate.Commit{AuthoredAt: at(-1)}) }, false, true},
		"without a time":        {func(c *correlate.Change) { c.Approvals[0].At = nil }, false, true},
		"a bot":                 {func(c *correlate.Change) { c.Approvals[0].By = "Merge[bot]" }, false, true},
		"an agent":              {func(c *correlate.Change) { c.Approvals[0].By = " Copilot " }, false, true},
		"nobody":                {func(c *correlate.Change) { c.Approvals[0].By = "  " }, false, true},
		"a junior":              {func(c *correlate.Change) { c.Approvals[0].Level = "junior" }, true, false},
		"without a level":       {func(c *correlate.Change) { c.Approvals[0].Level = "" }, true, false},
		"in capitals":           {func(c *correlate.Change) { c.Approvals[0].Level = " STAFF" }, true, true},
		"the author":            {func(c *correlate.Change) { c.Approvals[0].By = "ANN" }, false, true},
		"the author's address":  {func(c *correlate.Change) { c.Commits[0].Author.Email = "bob" }, false, true},
		"the author's name":     {func(c *correlate.Change) { c.Commits[0].Author.Name = "Bob" }, false, true},
		"a co-author": {func(c *correlate.Change) {
			c.Commits[0].Message = "x\r\n\r\nCO-AUTHORED-BY:  Bob  <b@example.org>\r"
		}, false, true},
		"a co-author without an address": {func(c *correlate.Change) { c.Commits[0].Message = "x\n\nCo-authored-by: bob" }, false, true},
		"somebody who is thanked":        {func(c *correlate.Change) { c.Commits[0].Message = "x\n\nReviewed-by: Bob <b@example.org>" }, true, true},
		"who opened the pull request": {func(c *correlate.Change) {
			c.PullRequests = []correlate.PullRequest{{Author: &correlate.PullRequestAuthor{Login: "Bob"}}}
		}, false, true},
		"who started the change": {func(c *correlate.Change) { c.Actor = &correlate.Actor{ID: "bob", Type: correlate.ActorHuman} }, false, true},
		"an automation that started it": {func(c *correlate.Change) {
			c.Actor = &correlate.Actor{ID: "bob", Type: correlate.ActorAutomation}
		}, true, true},
		"a commit of nobody": {func(c *correlate.Change) { c.Commits[0].Author = nil }, true, true},
	} {
		change := approvedBy(correlate.Approval{By: "bob", Level: "senior", At: at(-5)})
		tc.spoil(change)
		got := seniors.Approvals(change, time.Time{})
		if len(got) != 1 || got[0].Counts != tc.counts || got[0].Senior != tc.senior {
			t.Errorf("%s: %+v, want counts %v, senior %v", name, got, tc.counts, tc.senior)
		}
		if seniors.SeniorBeforeStart(change) != (tc.counts && tc.senior) {
			t.Errorf("%s: the short answer differs", name)
		}
	}
}

// TestTheGateCountsAllThatCountsAfterwards compares the two moments at which the
// definition is asked: what counts looking back counted when the deploy began.
func TestTheGateCountsAllThatCountsAfterwards(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		change := approvedBy()
		assenttest.Give(t, change)
		after := seniors.Approvals(change, time.Time{})
		gate := seniors.Approvals(change, start.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "before"))*time.Minute))
		if len(after) != len(gate) {
			t.Fatalf("%d approvals afterwards, %d at the gate", len(after), len(gate))
		}
		for i := range after {
			if after[i].Counts && !gate[i].Counts {
				t.Fatalf("counted afterwards only: %+v", after[i])
			}
			if gate[i].Counts && !after[i].Counts && after[i].Timed {
				t.Fatalf("with a time, and believed by the gate alone: %+v", gate[i])
			}
		}
	})
}

// TestTheOrderInWhichApprovalsComeSaysNothing shuffles what was sent. Reviews of
// one person at one moment are told apart by their order alone, so they have
// moments of their own.
func TestTheOrderInWhichApprovalsComeSaysNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		change := approvedBy()
		assenttest.Give(t, change)
		minute := -80
		for i := range change.PullRequests {
			for j := range change.PullRequests[i].Reviews {
				change.PullRequests[i].Reviews[j].At = at(minute)
				minute++
			}
		}
		want := assent.Counting(change)
		change.Approvals = rapid.Permutation(change.Approvals).Draw(t, "approvals again")
		for i := range change.PullRequests {
			change.PullRequests[i].Reviews = rapid.Permutation(change.PullRequests[i].Reviews).Draw(t, "reviews again")
		}
		if diff := cmp.Diff(want, assent.Counting(change)); diff != "" {
			t.Fatal(diff)
		}
	})
}

// TestALaterWordOfAReviewerStands walks through what a reviewer may say in turn.
func TestALaterWordOfAReviewerStands(t *testing.T) {
	for said, stands := range map[string]bool{
		"approved": true, "Approve": true, "commented": false, "": false,
		"approved commented": true, "approved changes_requested": false, "approved request_changes": false, "approved dismissed": false, "approved unapproved": false,
		"changes_requested approved": true, "approved dismissed approved": true, "approved approved changes_requested": false,
	} {
		change := approvedBy()
		pr := correlate.PullRequest{Number: 1}
		for i, state := range strings.Split(said, " ") {
			pr.Reviews = append(pr.Reviews, correlate.Review{Reviewer: "bob", State: state, Level: "senior", At: at(-50 + i)})
		}
		slices.Reverse(pr.Reviews)
		change.PullRequests = []correlate.PullRequest{pr}
		if got := seniors.SeniorBeforeStart(change); got != stands {
			t.Errorf("%q: approved is %v, want %v", said, got, stands)
		}
	}
}

// TestAReviewOfOnePullRequestIsNotTakenBackInAnother keeps pull requests apart.
func TestAReviewOfOnePullRequestIsNotTakenBackInAnother(t *testing.T) {
	change := approvedBy()
	for i, state := range []string{"approved", "changes_requested"} {
		change.PullRequests = append(change.PullRequests, correlate.PullRequest{
			Number: int64(i), Reviews: []correlate.Review{{Reviewer: "bob", State: state, Level: "senior", At: at(-10 + i)}},
		})
	}
	if !seniors.SeniorBeforeStart(change) {
		t.Error("the approval of the first is gone")
	}
}
