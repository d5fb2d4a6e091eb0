package format

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
)

// code is what every change of source code has. It is a fact without duration.
func (g gitLab) code(id string, p *gitLabProject, title string, happened time.Time) *correlate.Change {
	return &correlate.Change{
		ID: id, Source: gitLabName, Kind: correlate.KindOther, Title: title, Environment: event.CodeEnvironment,
		Services:  []string{g.names.repository(gitLabName, p.Path)},
		StartedAt: happened, FinishedAt: at(happened), ObservedAt: at(happened), Status: correlate.StatusSucceeded,
		Links: &correlate.ChangeLinks{}, Labels: labels(event.RepositoryLabel, p.Path),
	}
}

// carried is the commit of a pipeline as a change of source code; nil if it
// cannot be read, which is no reason to refuse what was deployed.
func (g gitLab) carried(p *gitLabPipeline, meta event.Meta) *event.Change {
	var k gitLabCommit
	if fe := parse(p.Commit, &k); fe != nil || k.ID == "" {
		return nil
	}
	made, fe := gitLabTime("commit.timestamp", k.Timestamp)
	if fe != nil {
		return nil
	}
	c := g.code(fmt.Sprintf("%d:commit:%s", p.Project.ID, k.ID), &p.Project, firstLine(k.Message), made)
	c.Links.Diff, c.Version = k.URL, k.ID
	c.Commits = []correlate.Commit{k.contract()}
	meta.Raw = p.Commit
	e, fe := event.NewChange(*c, meta)
	if fe != nil {
		return nil
	}
	return &e
}

// gitLabPush is a push to a branch with its newest commits, at most 20.
type gitLabPush struct {
	Ref      string         `json:"ref"`
	Before   string         `json:"before"`
	After    string         `json:"after"`
	UserID   int64          `json:"user_id"`
	Username string         `json:"user_username"`
	Project  gitLabProject  `json:"project"`
	Commits  []gitLabCommit `json:"commits"`
}

// push maps a push. It has no time of its own: its last commit was made shortly
// before. Pushes without commits tell nothing.
func (g gitLab) push(body []byte) (*correlate.Change, *event.FieldError) {
	var e gitLabPush
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	if len(e.Commits) == 0 {
		return nil, nil
	}
	if fe := e.Project.check(); fe != nil {
		return nil, fe
	}
	if e.After == "" {
		return nil, lacks("after")
	}
	var pushed time.Time
	for i := range e.Commits {
		made, fe := gitLabTime(fmt.Sprintf("commits[%d].timestamp", i), e.Commits[i].Timestamp)
		if fe != nil {
			return nil, fe
		}
		if made.After(pushed) {
			pushed = made
		}
	}
	branch := strings.TrimPrefix(e.Ref, "refs/heads/")
	c := g.code(fmt.Sprintf("%d:push:%s:%s", e.Project.ID, e.Ref, e.After), &e.Project, fmt.Sprintf("push to %s of %s", branch, e.Project.Path), pushed)
	c.Version, c.Labels["ref"] = e.After, e.Ref
	c.Actor = (&gitLabUser{ID: e.UserID, Username: e.Username}).actor()
	if e.Project.WebURL != "" {
		c.Links.Diff = e.Project.WebURL + "/-/compare/" + e.Before + "..." + e.After
	}
	for i := range e.Commits {
		c.Commits = append(c.Commits, e.Commits[i].contract())
	}
	return c, nil
}

// gitLabMerge is an event about a merge request.
type gitLabMerge struct {
	User    gitLabUser    `json:"user"`
	Project gitLabProject `json:"project"`
	Request struct {
		IID         int64         `json:"iid"`
		Title       string        `json:"title"`
		Description string        `json:"description"`
		State       string        `json:"state"`
		Action      string        `json:"action"`
		UpdatedAt   string        `json:"updated_at"`
		URL         string        `json:"url"`
		Source      string        `json:"source_branch"`
		AuthorID    int64         `json:"author_id"`
		MergeSHA    string        `json:"merge_commit_sha"`
		SquashSHA   string        `json:"squash_commit_sha"`
		LastCommit  *gitLabCommit `json:"last_commit"`
	} `json:"object_attributes"`
	Labels []struct {
		Title string `json:"title"`
	} `json:"labels"`
	Assignees []gitLabUser `json:"assignees"`
	Reviewers []gitLabUser `json:"reviewers"`
}

// gitLabReviews are the actions by which somebody gives an approval or takes it
// back. GitLab says "approved" where it was the last that was needed.
var gitLabReviews = map[string]string{
	"approved": "approved", "approval": "approved", "unapproved": "unapproved", "unapproval": "unapproved",
}

// mergeRequest maps an approval, and a merge request that is merged, whatever
// happens to it: labels may change after the merge. One that is open or was
// closed changed nothing.
func (g gitLab) mergeRequest(body []byte) (*correlate.Change, *event.FieldError) {
	var e gitLabMerge
	if fe := parse(body, &e); fe != nil {
		return nil, fe
	}
	state, reviewed := gitLabReviews[e.Request.Action]
	switch {
	case !reviewed && e.Request.State != "merged":
		return nil, nil
	case e.Request.IID == 0:
		return nil, lacks("object_attributes.iid")
	}
	if fe := e.Project.check(); fe != nil {
		return nil, fe
	}
	updated, fe := gitLabTime("object_attributes.updated_at", e.Request.UpdatedAt)
	if fe != nil {
		return nil, fe
	}
	if reviewed {
		return g.review(&e, state, updated)
	}
	return g.merged(&e, updated), nil
}

// merged maps a merged merge request. Only the event of the merge itself tells
// when that was.
func (g gitLab) merged(e *gitLabMerge, updated time.Time) *correlate.Change {
	r := &e.Request
	title := fmt.Sprintf("%s!%d merged: %s", e.Project.Path, r.IID, r.Title)
	c := g.code(numbered(e.Project.ID, "merge_request", r.IID), &e.Project, title, updated)
	c.Version, c.Links.Diff = firstOf(r.MergeSHA, r.SquashSHA), r.URL
	c.PullRequests = []correlate.PullRequest{e.pull()}
	for _, sha := range []string{r.MergeSHA, r.SquashSHA} {
		if sha != "" {
			c.Commits = append(c.Commits, correlate.Commit{SHA: sha, Message: r.Title})
		}
	}
	if k := r.LastCommit; k != nil && k.ID != "" && k.ID != r.MergeSHA && k.ID != r.SquashSHA {
		c.Commits = append(c.Commits, k.contract())
	}
	if r.Action != "merge" {
		// A later edit: the moment is not that of the merge, the actor not who merged.
		mark(c, correlate.ExtraStartUnknown)
		c.FinishedAt = nil
		return c
	}
	c.Actor = e.User.actor()
	return c
}

// review maps an approval, or that it is taken back. It is a statement of its
// own on one person and merge request, of which the last counts; the commit
// joins it to the code that was reviewed.
func (g gitLab) review(e *gitLabMerge, state string, reviewed time.Time) (*correlate.Change, *event.FieldError) {
	if e.User.Username == "" {
		return nil, lacks("user.username")
	}
	r := &e.Request
	id := numbered(e.Project.ID, "merge_request", r.IID) + ":review:" + e.User.Username
	c := g.code(id, &e.Project, fmt.Sprintf("%s!%d reviewed: %s", e.Project.Path, r.IID, state), reviewed)
	c.Links.Run, c.Actor = r.URL, e.User.actor()
	if r.LastCommit != nil && r.LastCommit.ID != "" {
		c.Commits = []correlate.Commit{{SHA: r.LastCommit.ID}}
	}
	pull := e.pull()
	pull.Reviews = []correlate.Review{{Reviewer: e.User.Username, State: state, At: at(reviewed)}}
	c.PullRequests = []correlate.PullRequest{pull}
	return c, nil
}

// pull writes a merge request in the contract's words.
func (e *gitLabMerge) pull() correlate.PullRequest {
	r := &e.Request
	p := correlate.PullRequest{Number: r.IID, URL: r.URL, Title: r.Title, Body: r.Description, HeadBranch: r.Source}
	if login := e.login(r.AuthorID); login != "" {
		p.Author = &correlate.PullRequestAuthor{Login: login}
		if gitLabBot.MatchString(login) {
			p.Author.Type = "Bot"
		}
	}
	for i := range e.Labels {
		p.Labels = append(p.Labels, e.Labels[i].Title)
	}
	return p
}

// login finds an account, of which the payload has the number, among the people
// whom it names.
func (e *gitLabMerge) login(id int64) string {
	for _, u := range slices.Concat([]gitLabUser{e.User}, e.Assignees, e.Reviewers) {
		if u.ID == id && id != 0 {
			return u.Username
		}
	}
	return ""
}
