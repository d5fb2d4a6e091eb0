package event

import (
	"math"

	"github.com/faultline/faultline/correlate"
)

// The nested objects of a change.
var (
	stepObject = newObject(
		field[correlate.RolloutStep]{"at", func(r *reader, s *correlate.RolloutStep) *FieldError { return r.time(&s.At) }},
		field[correlate.RolloutStep]{"percent", func(r *reader, s *correlate.RolloutStep) *FieldError { return r.number(&s.Percent, 0, 100) }},
		field[correlate.RolloutStep]{"region", func(r *reader, s *correlate.RolloutStep) *FieldError { return r.optionalIdentifier(&s.Region) }},
		field[correlate.RolloutStep]{"instances", func(r *reader, s *correlate.RolloutStep) *FieldError { return r.names(&s.Instances) }},
	)
	actorObject = newObject(
		field[correlate.Actor]{"id", func(r *reader, a *correlate.Actor) *FieldError { return r.optionalIdentifier(&a.ID) }},
		field[correlate.Actor]{"type", func(r *reader, a *correlate.Actor) *FieldError { return actorTypes.read(r, &a.Type) }},
	)
	commitObject = newObject(
		field[correlate.Commit]{"sha", func(r *reader, c *correlate.Commit) *FieldError { return r.optionalIdentifier(&c.SHA) }},
		field[correlate.Commit]{"message", func(r *reader, c *correlate.Commit) *FieldError { return r.prose(&c.Message) }},
		field[correlate.Commit]{"author", func(r *reader, c *correlate.Commit) *FieldError { return personObject.into(r, &c.Author) }},
		field[correlate.Commit]{"committer", func(r *reader, c *correlate.Commit) *FieldError { return personObject.into(r, &c.Committer) }},
		field[correlate.Commit]{"authored_at", func(r *reader, c *correlate.Commit) *FieldError { return r.descriptiveTime(&c.AuthoredAt) }},
		field[correlate.Commit]{"additions", func(r *reader, c *correlate.Commit) *FieldError { return r.count(&c.Additions) }},
		field[correlate.Commit]{"deletions", func(r *reader, c *correlate.Commit) *FieldError { return r.count(&c.Deletions) }},
		field[correlate.Commit]{"files", func(r *reader, c *correlate.Commit) *FieldError { return r.lines(&c.Files) }},
	)
	personObject = newObject(
		field[correlate.Person]{"name", func(r *reader, p *correlate.Person) *FieldError { return r.line(&p.Name) }},
		field[correlate.Person]{"email", func(r *reader, p *correlate.Person) *FieldError { return r.line(&p.Email) }},
		field[correlate.Person]{"login", func(r *reader, p *correlate.Person) *FieldError { return r.line(&p.Login) }},
	)
	pullObject = newObject(
		field[correlate.PullRequest]{"number", func(r *reader, p *correlate.PullRequest) *FieldError { return r.whole(&p.Number, 0, math.MaxInt64) }},
		field[correlate.PullRequest]{"url", func(r *reader, p *correlate.PullRequest) *FieldError { return r.line(&p.URL) }},
		field[correlate.PullRequest]{"title", func(r *reader, p *correlate.PullRequest) *FieldError { return r.line(&p.Title) }},
		field[correlate.PullRequest]{"body", func(r *reader, p *correlate.PullRequest) *FieldError { return r.prose(&p.Body) }},
		field[correlate.PullRequest]{"labels", func(r *reader, p *correlate.PullRequest) *FieldError { return r.lines(&p.Labels) }},
		field[correlate.PullRequest]{"head_branch", func(r *reader, p *correlate.PullRequest) *FieldError { return r.line(&p.HeadBranch) }},
		field[correlate.PullRequest]{"author", func(r *reader, p *correlate.PullRequest) *FieldError { return pullAuthorObject.into(r, &p.Author) }},
		field[correlate.PullRequest]{"reviews", func(r *reader, p *correlate.PullRequest) *FieldError { return reviewObject.list(r, &p.Reviews, nil) }},
	)
	pullAuthorObject = newObject(
		field[correlate.PullRequestAuthor]{"login", func(r *reader, a *correlate.PullRequestAuthor) *FieldError { return r.line(&a.Login) }},
		field[correlate.PullRequestAuthor]{"type", func(r *reader, a *correlate.PullRequestAuthor) *FieldError { return r.line(&a.Type) }},
	)
	reviewObject = newObject(
		field[correlate.Review]{"reviewer", func(r *reader, v *correlate.Review) *FieldError { return r.line(&v.Reviewer) }},
		field[correlate.Review]{"state", func(r *reader, v *correlate.Review) *FieldError { return r.line(&v.State) }},
		field[correlate.Review]{"level", func(r *reader, v *correlate.Review) *FieldError { return r.line(&v.Level) }},
		field[correlate.Review]{"at", func(r *reader, v *correlate.Review) *FieldError { return r.descriptiveTime(&v.At) }},
	)
	approvalObject = newObject(
		field[correlate.Approval]{"by", func(r *reader, a *correlate.Approval) *FieldError { return r.line(&a.By) }},
		field[correlate.Approval]{"level", func(r *reader, a *correlate.Approval) *FieldError { return r.line(&a.Level) }},
		field[correlate.Approval]{"at", func(r *reader, a *correlate.Approval) *FieldError { return r.descriptiveTime(&a.At) }},
	)
	aiObject = newObject(
		field[correlate.AIDeclaration]{"assistance", func(r *reader, a *correlate.AIDeclaration) *FieldError { return assistances.read(r, &a.Assistance) }},
		field[correlate.AIDeclaration]{"tools", func(r *reader, a *correlate.AIDeclaration) *FieldError { return toolObject.list(r, &a.Tools, nil) }},
		field[correlate.AIDeclaration]{"lines_percent", readLinesPercent},
		field[correlate.AIDeclaration]{"session", func(r *reader, a *correlate.AIDeclaration) *FieldError { return r.line(&a.Session) }},
	)
	toolObject = newObject(
		field[correlate.AITool]{"name", func(r *reader, t *correlate.AITool) *FieldError { return r.line(&t.Name) }},
		field[correlate.AITool]{"model", func(r *reader, t *correlate.AITool) *FieldError { return r.line(&t.Model) }},
	)
	linksObject = newObject(
		field[correlate.ChangeLinks]{"diff", func(r *reader, l *correlate.ChangeLinks) *FieldError { return r.line(&l.Diff) }},
		field[correlate.ChangeLinks]{"run", func(r *reader, l *correlate.ChangeLinks) *FieldError { return r.line(&l.Run) }},
		field[correlate.ChangeLinks]{"rollback", func(r *reader, l *correlate.ChangeLinks) *FieldError { return r.line(&l.Rollback) }},
	)
)

// readLinesPercent tells a declared 0 from no declaration.
func readLinesPercent(r *reader, a *correlate.AIDeclaration) *FieldError {
	a.LinesPercent = new(float64)
	return r.number(a.LinesPercent, 0, 100)
}
