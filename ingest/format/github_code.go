package format

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v90/github"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// code is what every change of source code has. It is a fact without duration.
func (g gitHub) code(id, repository, title string, happened time.Time) *correlate.Change {
	return &correlate.Change{
		ID: id, Source: gitHubName, Kind: correlate.KindOther, Title: title, Environment: event.CodeEnvironment,
		Services:  []string{g.names.repository(gitHubName, repository)},
		StartedAt: happened.UTC(), FinishedAt: at(happened), ObservedAt: at(happened), Status: correlate.StatusSucceeded,
		Links: &correlate.ChangeLinks{}, Labels: labels("repository", repository),
	}
}

// push maps a push to a branch or tag with the commits it brought, at most the
// 2,048 that GitHub sends. Deleted references and pushes without commits tell
// nothing.
func (g gitHub) push(body []byte) (*correlate.Change, *event.FieldError) {
	var e github.PushEvent
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	switch {
	case e.GetDeleted() || len(e.GetCommits()) == 0:
		return nil, nil
	case e.GetAfter() == "":
		return nil, lacks("after")
	case pushedAt(&e).IsZero():
		return nil, lacks("repository.pushed_at")
	}
	if fe := checkRepository(e.GetRepo()); fe != nil {
		return nil, fe
	}
	branch := strings.TrimPrefix(strings.TrimPrefix(e.GetRef(), "refs/heads/"), "refs/tags/")
	id := fmt.Sprintf("%d:push:%s:%s", e.GetRepo().GetID(), e.GetRef(), e.GetAfter())
	title := fmt.Sprintf("push to %s of %s", branch, e.GetRepo().GetFullName())
	c := g.code(id, e.GetRepo().GetFullName(), title, pushedAt(&e))
	c.Version = e.GetAfter()
	c.Links.Diff = e.GetCompare()
	c.Labels["ref"] = e.GetRef()
	c.Actor = actorOf(e.GetSender())
	for _, commit := range e.GetCommits() {
		c.Commits = append(c.Commits, pushedCommit(commit))
	}
	return c, nil
}

// pushedAt is when the push happened. Where the repository's time is missing,
// the commit at its head was made shortly before.
func pushedAt(e *github.PushEvent) time.Time {
	if pushed := e.GetRepo().GetPushedAt(); !pushed.IsZero() {
		return pushed.Time
	}
	return e.GetHeadCommit().GetTimestamp().Time
}

func pushedCommit(c *github.HeadCommit) correlate.Commit {
	return correlate.Commit{
		SHA: firstOf(c.GetID(), c.GetSHA()), Message: c.GetMessage(), Author: personOf(c.GetAuthor()), Committer: personOf(c.GetCommitter()),
		AuthoredAt: at(c.GetTimestamp().Time), Files: slices.Concat(c.GetAdded(), c.GetModified(), c.GetRemoved()),
	}
}

func personOf(a *github.CommitAuthor) *correlate.Person {
	if a == nil {
		return nil
	}
	return &correlate.Person{Name: a.GetName(), Email: a.GetEmail(), Login: a.GetLogin()}
}

// pullRequest maps a merged pull request, whatever happens to it: labels may
// change after the merge. One that is open or was closed changed nothing.
func (g gitHub) pullRequest(body []byte) (*correlate.Change, *event.FieldError) {
	var e github.PullRequestEvent
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	pull := e.GetPullRequest()
	switch {
	case !pull.GetMerged():
		return nil, nil
	case pull.GetNumber() == 0:
		return nil, lacks("pull_request.number")
	case pull.GetMergedAt().IsZero():
		return nil, lacks("pull_request.merged_at")
	}
	if fe := checkRepository(e.GetRepo()); fe != nil {
		return nil, fe
	}
	id := numbered(e.GetRepo().GetID(), "pull_request", int64(pull.GetNumber()))
	title := fmt.Sprintf("%s#%d merged: %s", e.GetRepo().GetFullName(), pull.GetNumber(), pull.GetTitle())
	c := g.code(id, e.GetRepo().GetFullName(), title, pull.GetMergedAt().Time)
	if updated := pull.GetUpdatedAt(); updated.After(pull.GetMergedAt().Time) {
		c.ObservedAt = at(updated.Time)
	}
	c.Version = pull.GetMergeCommitSHA()
	c.Links.Diff = pull.GetHTMLURL()
	c.Actor = actorOf(pull.GetMergedBy())
	c.Commits = mergedCommits(pull)
	c.PullRequests = []correlate.PullRequest{pullOf(pull)}
	return c, nil
}

// mergedCommits are the commit by which a pull request reached its base, with
// the size of the whole, and the head of its branch. A deployment carries
// either, depending on how it was merged.
func mergedCommits(pull *github.PullRequest) []correlate.Commit {
	var commits []correlate.Commit
	if sha := pull.GetMergeCommitSHA(); sha != "" {
		commits = append(commits, correlate.Commit{SHA: sha, Message: pull.GetTitle(), Additions: pull.GetAdditions(), Deletions: pull.GetDeletions()})
	}
	if sha := pull.GetHead().GetSHA(); sha != "" && sha != pull.GetMergeCommitSHA() {
		commits = append(commits, correlate.Commit{SHA: sha})
	}
	return commits
}

func pullOf(pull *github.PullRequest) correlate.PullRequest {
	p := correlate.PullRequest{
		Number: int64(pull.GetNumber()), URL: pull.GetHTMLURL(), Title: pull.GetTitle(), Body: pull.GetBody(), HeadBranch: pull.GetHead().GetRef(),
	}
	if author := pull.GetUser(); author != nil {
		p.Author = &correlate.PullRequestAuthor{Login: author.GetLogin(), Type: author.GetType()}
	}
	for _, label := range pull.GetLabels() {
		p.Labels = append(p.Labels, label.GetName())
	}
	return p
}

// review maps one review of a pull request. It is a statement of its own,
// since the list of a change's reviews would otherwise be that of the last one
// to arrive; the number joins it to its pull request, the commit to the code
// that was reviewed. An approval stands among the reviews alone: dismissed later,
// the same review says so, and nothing beside it still approves.
func (g gitHub) review(body []byte) (*correlate.Change, *event.FieldError) {
	var e github.PullRequestReviewEvent
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	review, pull := e.GetReview(), e.GetPullRequest()
	switch {
	case review.GetID() == 0:
		return nil, lacks("review.id")
	case review.GetSubmittedAt().IsZero():
		return nil, lacks("review.submitted_at")
	}
	if fe := checkRepository(e.GetRepo()); fe != nil {
		return nil, fe
	}
	state := strings.ToLower(review.GetState())
	reviewed := at(review.GetSubmittedAt().Time)
	id := numbered(e.GetRepo().GetID(), "review", review.GetID())
	title := fmt.Sprintf("%s#%d reviewed: %s", e.GetRepo().GetFullName(), pull.GetNumber(), state)
	c := g.code(id, e.GetRepo().GetFullName(), title, review.GetSubmittedAt().Time)
	c.Links.Run = review.GetHTMLURL()
	c.Actor = actorOf(review.GetUser())
	if sha := review.GetCommitID(); sha != "" {
		c.Commits = []correlate.Commit{{SHA: sha}}
	}
	p := pullOf(pull)
	p.Reviews = []correlate.Review{{Reviewer: review.GetUser().GetLogin(), State: state, At: reviewed}}
	c.PullRequests = []correlate.PullRequest{p}
	if updated := pull.GetUpdatedAt().Time; state == "dismissed" && updated.After(*reviewed) {
		c.ObservedAt = at(updated) // A dismissal keeps the time of the approval; this is later.
	}
	return c, nil
}
