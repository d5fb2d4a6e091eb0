package event

import (
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
)

// changeObject reads section 1 of the contract.
var changeObject = newObject(
	field[correlate.Change]{"id", func(r *reader, c *correlate.Change) *FieldError { return r.identifier(&c.ID) }},
	field[correlate.Change]{"source", func(r *reader, c *correlate.Change) *FieldError { return r.identifier(&c.Source) }},
	field[correlate.Change]{"kind", func(r *reader, c *correlate.Change) *FieldError { return changeKinds.read(r, &c.Kind) }},
	field[correlate.Change]{"title", func(r *reader, c *correlate.Change) *FieldError { return r.line(&c.Title) }},
	field[correlate.Change]{"services", func(r *reader, c *correlate.Change) *FieldError { return r.names(&c.Services) }},
	field[correlate.Change]{"environment", func(r *reader, c *correlate.Change) *FieldError { return r.optionalIdentifier(&c.Environment) }},
	field[correlate.Change]{"regions", func(r *reader, c *correlate.Change) *FieldError { return r.names(&c.Regions) }},
	field[correlate.Change]{"started_at", func(r *reader, c *correlate.Change) *FieldError { return r.time(&c.StartedAt) }},
	field[correlate.Change]{"finished_at", func(r *reader, c *correlate.Change) *FieldError { return r.optionalTime(&c.FinishedAt) }},
	field[correlate.Change]{"observed_at", func(r *reader, c *correlate.Change) *FieldError { return r.optionalTime(&c.ObservedAt) }},
	field[correlate.Change]{"rollout", func(r *reader, c *correlate.Change) *FieldError { return stepObject.list(r, &c.Rollout, checkStep) }},
	field[correlate.Change]{"status", func(r *reader, c *correlate.Change) *FieldError { return changeStatuses.read(r, &c.Status) }},
	field[correlate.Change]{"version", func(r *reader, c *correlate.Change) *FieldError { return r.optionalIdentifier(&c.Version) }},
	field[correlate.Change]{"previous_version", func(r *reader, c *correlate.Change) *FieldError { return r.optionalIdentifier(&c.PreviousVersion) }},
	field[correlate.Change]{"rollback_of", func(r *reader, c *correlate.Change) *FieldError { return r.optionalIdentifier(&c.RollbackOf) }},
	field[correlate.Change]{"actor", func(r *reader, c *correlate.Change) *FieldError { return actorObject.into(r, &c.Actor) }},
	field[correlate.Change]{"commits", func(r *reader, c *correlate.Change) *FieldError { return commitObject.list(r, &c.Commits, nil) }},
	field[correlate.Change]{"pull_requests", func(r *reader, c *correlate.Change) *FieldError { return pullObject.list(r, &c.PullRequests, nil) }},
	field[correlate.Change]{"approvals", func(r *reader, c *correlate.Change) *FieldError { return approvalObject.list(r, &c.Approvals, nil) }},
	field[correlate.Change]{"ai", func(r *reader, c *correlate.Change) *FieldError { return aiObject.into(r, &c.AI) }},
	field[correlate.Change]{"links", func(r *reader, c *correlate.Change) *FieldError { return linksObject.into(r, &c.Links) }},
	field[correlate.Change]{"labels", func(r *reader, c *correlate.Change) *FieldError { return r.labels(&c.Labels) }},
	field[correlate.Change]{"extra", func(r *reader, _ *correlate.Change) *FieldError { return r.keepExtra() }},
)

// readChange reads one change event.
func readChange(r *reader, e *Change, meta Meta) *FieldError {
	e.Meta = meta
	if fe := changeObject.read(r, &e.Change); fe != nil {
		return fe
	}
	e.Extra = r.extra
	if fe := CheckChange(&e.Change); fe != nil {
		return fe
	}
	e.UID = changeUID(&r.digest, &e.Change, meta.Raw)
	return nil
}

// CheckChange tells what a change lacks that every change must have: id,
// source, kind and start, and an end that is not before the start. Decoders of
// other formats use it on what they made.
func CheckChange(c *correlate.Change) *FieldError {
	switch {
	case c.ID == "":
		return missing("id", "send the id that the change has in its source")
	case c.Source == "":
		return missing("source", "name the sending system, such as argo-cd")
	case c.Kind == "":
		return missing("kind", "use one of "+changeKinds.list())
	case c.StartedAt.IsZero():
		return missing("started_at", "send a time such as "+exampleTime)
	case c.FinishedAt != nil && c.FinishedAt.Before(c.StartedAt):
		return before("finished_at", *c.FinishedAt, "started_at", c.StartedAt)
	}
	return nil
}

func missing(path, mend string) *FieldError {
	return &FieldError{Path: path, Problem: "is missing", Mend: mend}
}

// before says that an interval ends before it begins.
func before(path string, end time.Time, other string, start time.Time) *FieldError {
	return &FieldError{
		Path:    path,
		Problem: fmt.Sprintf("%s is before %s %s", end.Format(time.RFC3339Nano), other, start.Format(time.RFC3339Nano)),
		Mend:    "swap them or check the clocks",
	}
}

// checkStep demands the moment of a rollout step, without which it says nothing.
func checkStep(r *reader, s *correlate.RolloutStep) *FieldError {
	if !s.At.IsZero() {
		return nil
	}
	return missing(r.where()+".at", "send a time such as "+exampleTime)
}
