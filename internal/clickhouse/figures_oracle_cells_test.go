package clickhouse_test

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/query"
)

// cells counts the changes one after the other.
func (w *world) cells() (cells, weeks []query.ChangeCell) {
	for _, f := range w.all() {
		c := query.ChangeCell{Class: f.class, Apart: w.apart(&f), N: 1}
		if slices.Contains(w.blame.Confirmed, f.key) {
			c.Confirmed = []correlate.Key{f.key}
		}
		if slices.Contains(w.blame.Suspected, f.key) {
			c.Suspected = []correlate.Key{f.key}
		}
		week := c
		week.Week = mondayOf(f.start)
		c.Kind, c.Size, c.Tier, c.Team = f.kind, sizeOf(f.sized), tierOf(&f), teamOf(&f)
		cells, weeks = addCell(cells, c), addCell(weeks, week)
	}
	return cells, weeks
}

func addCell(cells []query.ChangeCell, one query.ChangeCell) []query.ChangeCell {
	for i := range cells {
		c := &cells[i]
		if c.Class == one.Class && c.Kind == one.Kind && c.Size == one.Size && c.Tier == one.Tier && c.Team == one.Team && c.Week.Equal(one.Week) && c.Apart == one.Apart {
			c.N++
			c.Confirmed, c.Suspected = append(c.Confirmed, one.Confirmed...), append(c.Suspected, one.Suspected...)
			return cells
		}
	}
	return append(cells, one)
}

// approved counts the AI-assisted changes that are compared by approval.
func (w *world) approved(levels *assent.Levels) []query.ApprovalCell {
	var cells []query.ApprovalCell
	for _, f := range w.all() {
		assisted := f.class != correlate.ProvenanceUnknown && f.class != correlate.ProvenanceHuman && f.class != correlate.ProvenanceAutomation
		if !assisted || f.undone || f.start.After(w.period.Mature) {
			continue
		}
		one := query.ApprovalCell{Kind: f.kind, Size: sizeOf(f.lines), Tier: tierOf(&f), Approval: approvalWord(f.approvals, levels), N: 1}
		if slices.Contains(w.blame.Confirmed, f.key) {
			one.Confirmed = []correlate.Key{f.key}
		}
		one.LeadSeconds, one.Commits, one.Lines = positive(f.lead/60*60), positive(f.commits), positive(f.lines)
		cells = addApproval(cells, one)
	}
	return cells
}

func positive(n uint32) []uint32 {
	if n == 0 {
		return nil
	}
	return []uint32{n}
}

func approvalWord(approvals []string, levels *assent.Levels) string {
	word := "none"
	for _, a := range approvals {
		level, by, _ := strings.Cut(a, "\n")
		switch {
		case slices.Contains(levels.Machines, by):
		case slices.Contains(levels.Senior, level):
			return "senior"
		default:
			word = "other"
		}
	}
	return word
}

// addApproval sums cells that are alike: a long period answers one in two.
func addApproval(cells []query.ApprovalCell, one query.ApprovalCell) []query.ApprovalCell {
	for i := range cells {
		c := &cells[i]
		if c.Kind == one.Kind && c.Size == one.Size && c.Tier == one.Tier && c.Approval == one.Approval {
			c.N += one.N
			c.Confirmed = append(c.Confirmed, one.Confirmed...)
			c.LeadSeconds, c.Commits, c.Lines = append(c.LeadSeconds, one.LeadSeconds...), append(c.Commits, one.Commits...), append(c.Lines, one.Lines...)
			return cells
		}
	}
	return append(cells, one)
}

// moments lists when the changes of each class to some services began.
func (w *world) moments(services []string) []query.ServiceMoments {
	var all []query.ServiceMoments
	for _, f := range w.all() {
		for _, service := range f.services {
			if f.undone || !slices.Contains(services, service) {
				continue
			}
			at := slices.IndexFunc(all, func(m query.ServiceMoments) bool { return m.Service == service && m.Class == f.class })
			if at < 0 {
				at = len(all)
				all = append(all, query.ServiceMoments{Service: service, Class: f.class})
			}
			all[at].At = append(all[at].At, f.start)
		}
	}
	for i := range all {
		slices.SortFunc(all[i].At, time.Time.Compare)
	}
	return all
}

func byKey(a, b correlate.Key) int { return cmp.Compare(a.ID, b.ID) }
