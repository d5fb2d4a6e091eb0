package clickhouse

import (
	"math"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
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

// The parts of a change, as the column parts has them.
const (
	partCommits uint8 = 1 << iota
	partPulls
	partApprovals
	partBare
	// partNoStart and partNoKind: not parts that are told, but ones that are not.
	partNoStart
	partNoKind
)

// partsOf tells which parts of a change an event tells.
func partsOf(c *correlate.Change) uint8 {
	var parts uint8
	if len(c.PullRequests) > 0 {
		parts |= partPulls
	}
	if len(c.Approvals) > 0 {
		parts |= partApprovals
	}
	if c.StartUnknown() {
		parts |= partNoStart
	}
	if c.KindAssumed() {
		parts |= partNoKind
	}
	for i := range c.Commits {
		if isBare(&c.Commits[i]) {
			parts |= partBare
		} else {
			parts |= partCommits
		}
	}
	return parts
}

// approvalsOf are the approvals that count, nil without asking where there are
// none: it is asked for every event.
func approvalsOf(c *correlate.Change) []string {
	if partsOf(c)&(partPulls|partApprovals) == 0 {
		return nil
	}
	return assent.Counting(c)
}
