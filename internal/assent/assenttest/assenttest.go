// Package assenttest draws approvals of every sort for tests that hold one reader
// of approvals against another.
package assenttest

import (
	"time"

	"pgregory.net/rapid"

	"github.com/faultline/faultline/correlate"
)

// Give adds drawn approvals and reviews to a change: by its author and by others,
// by machines and by nobody, of every level, with a time about the start and about
// the last commit, or without one.
func Give(t *rapid.T, change *correlate.Change) {
	who := []string{"grace", " Linus ", "copilot", "devin", "x[bot]", ""}
	for i := range change.Commits {
		if a := change.Commits[i].Author; a != nil {
			who = append(who, a.Login, a.Email)
		}
	}
	names := rapid.SampledFrom(who)
	levels := rapid.SampledFrom([]string{"senior", "Staff ", "L6", "tech lead", "mid", "junior", ""})
	moment := func() *time.Time {
		if rapid.IntRange(0, 4).Draw(t, "timed") == 0 {
			return nil
		}
		at := change.StartedAt.Add(time.Duration(rapid.IntRange(-90, 30).Draw(t, "minutes")) * time.Minute)
		return &at
	}
	for range rapid.IntRange(0, 4).Draw(t, "approvals") {
		change.Approvals = append(change.Approvals, correlate.Approval{By: names.Draw(t, "by"), Level: levels.Draw(t, "level"), At: moment()})
	}
	states := rapid.SampledFrom([]string{"approved", "APPROVED", "commented", "changes_requested", "dismissed"})
	for number := range rapid.Int64Range(0, 2).Draw(t, "pull requests") {
		pr := correlate.PullRequest{Number: number + 1, Author: &correlate.PullRequestAuthor{Login: names.Draw(t, "opener")}}
		for range rapid.IntRange(0, 3).Draw(t, "reviews") {
			pr.Reviews = append(pr.Reviews, correlate.Review{Reviewer: names.Draw(t, "reviewer"), State: states.Draw(t, "state"), Level: levels.Draw(t, "level"), At: moment()})
		}
		change.PullRequests = append(change.PullRequests, pr)
	}
}
