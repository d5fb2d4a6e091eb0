package clickhouse

import (
	"math"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
)

// lines is how many lines the commits of a change add and remove.
func lines(c *correlate.Change) uint32 {
	total := 0
	for i := range c.Commits {
		total += max(0, c.Commits[i].Additions) + max(0, c.Commits[i].Deletions)
	}
	return uint32(min(total, math.MaxUint32))
}

// undoes tells whether the change says that it takes another one back.
func undoes(c *correlate.Change) uint8 {
	if c.RollbackOf != "" {
		return 1
	}
	return 0
}

// leadSeconds is from the first commit to the start, 0 when unknown.
func leadSeconds(c *correlate.Change) uint32 {
	first := c.StartedAt
	for i := range c.Commits {
		if at := c.Commits[i].AuthoredAt; at != nil && at.Before(first) {
			first = *at
		}
	}
	return uint32(min(c.StartedAt.Sub(first)/time.Second, math.MaxUint32))
}

// approvalLevels are the levels of the approvals that somebody other than the
// author gave before the change started, each in lower case; an approval
// without a level is "unstated".
func approvalLevels(c *correlate.Change) []string {
	var levels []string
	add := func(by, level string, at *time.Time) {
		if by == "" || wrote(c, by) || at != nil && at.After(c.StartedAt) {
			return
		}
		if level == "" {
			level = "unstated"
		}
		levels = append(levels, strings.ToLower(level))
	}
	for i := range c.Approvals {
		add(c.Approvals[i].By, c.Approvals[i].Level, c.Approvals[i].At)
	}
	for i := range c.PullRequests {
		for _, r := range c.PullRequests[i].Reviews {
			if strings.EqualFold(r.State, "approved") {
				add(r.Reviewer, r.Level, r.At)
			}
		}
	}
	slices.Sort(levels)
	return slices.Compact(levels)
}

// wrote tells whether a person is an author of the change.
func wrote(c *correlate.Change, who string) bool {
	if c.Actor != nil && c.Actor.Type == correlate.ActorHuman && strings.EqualFold(c.Actor.ID, who) {
		return true
	}
	for i := range c.Commits {
		if p := c.Commits[i].Author; p != nil && (strings.EqualFold(p.Login, who) || strings.EqualFold(p.Email, who)) {
			return true
		}
	}
	for i := range c.PullRequests {
		if p := c.PullRequests[i].Author; p != nil && strings.EqualFold(p.Login, who) {
			return true
		}
	}
	return false
}
