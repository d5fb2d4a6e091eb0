package figures

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/faultline/faultline/internal/query"
)

// PolicyEffect answers whether AI-assisted changes are approved by senior
// engineers, and how approved ones fare against the others.
type PolicyEffect struct {
	AsOf time.Time `json:"as_of"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
	// SeniorLevels are the levels of an approval that count as senior.
	SeniorLevels []string `json:"senior_levels"`
	// Coverage is the share of AI-assisted changes that somebody of such a level,
	// other than the author, approved before they started. Absent without any.
	Coverage *Share `json:"coverage,omitempty"`
	// Groups are changes with a senior approval, with another one, with none.
	Groups []ApprovalGroup `json:"groups"`
	// Effect compares those with a senior approval to all others.
	Effect Comparison `json:"effect"`
	Words  string     `json:"words"`
}

// ApprovalGroup is the AI-assisted changes that were approved alike.
type ApprovalGroup struct {
	Approval string `json:"approval"`
	Changes  int    `json:"changes"`
	Rate     *Share `json:"rate,omitempty"`
	// LeadHours is from first commit to start, BatchCommits and BatchLines what a
	// change carries; each absent where senders do not say.
	LeadHours    *Spread `json:"lead_hours,omitempty"`
	BatchCommits *Spread `json:"batch_commits,omitempty"`
	BatchLines   *Spread `json:"batch_lines,omitempty"`
}

// Spread is the middle and the upper part of many numbers.
type Spread struct {
	Median float64 `json:"median"`
	P80    float64 `json:"p80"`
	// N is the size of the sample that they are from.
	N int `json:"n"`
}

// approvalWords hold for every answer. They say what is counted too, since the
// numbers stand on one page with those of Impact: what was changed while an incident
// went on was approved or not like any other change, so it is counted here; there it
// is apart, since it is the repair and not the cause.
const approvalWords = "Counted here are also changes that were made during an incident of their service, which the comparison with human changes leaves out as repairs; rollbacks are left out. Approval is not given at random: riskier changes may be the ones that are looked at, so a higher rate among approved changes does not show that approval harms, nor a lower one that it helps."

// The groups of the comparison.
const (
	approvedGroup   = "AI-assisted changes with a senior approval"
	unapprovedGroup = "AI-assisted changes without one"
)

// Policy answers for a period; zero times mean the default one.
func (s *Service) Policy(ctx context.Context, from, to time.Time) (PolicyEffect, error) {
	p, err := s.period(from, to)
	if err != nil {
		return PolicyEffect{}, err
	}
	l, err := s.ledger(ctx, p)
	if err != nil {
		return PolicyEffect{}, err
	}
	cells, err := s.store.ApprovalCells(ctx, p, &s.cfg.Levels, l.blame)
	if err != nil {
		return PolicyEffect{}, fmt.Errorf("count the approvals: %w", err)
	}
	out := PolicyEffect{AsOf: s.now().UTC(), From: p.From, To: p.To, SeniorLevels: s.cfg.Levels.SeniorWords(), Words: approvalWords}
	senior, all := 0, 0
	for _, name := range []string{"senior", "other", "none"} {
		g := s.approvalGroup(name, cells)
		out.Groups = append(out.Groups, g)
		all += g.Changes
		if name == "senior" {
			senior = g.Changes
		}
	}
	out.Coverage = share(senior, all, s.cfg.Level)
	c := approvalContrast(cells, p.From)
	out.Effect = s.compare(&c)
	return out, nil
}

func (s *Service) approvalGroup(name string, cells []query.ApprovalCell) ApprovalGroup {
	out := ApprovalGroup{Approval: name}
	events := 0
	var lead, commits, lines []weighted
	for i := range cells {
		c := &cells[i]
		if c.Approval != name {
			continue
		}
		out.Changes += c.N
		events += len(c.Confirmed)
		lead = append(lead, sample(c.LeadSeconds, c.N, time.Hour.Seconds())...)
		commits = append(commits, sample(c.Commits, c.N, 1)...)
		lines = append(lines, sample(c.Lines, c.N, 1)...)
	}
	out.Rate = share(events, out.Changes, s.cfg.Level)
	out.LeadHours, out.BatchCommits, out.BatchLines = spread(lead), spread(commits), spread(lines)
	return out
}

// approvalContrast compares senior approval with anything else, within kind and
// tier.
func approvalContrast(cells []query.ApprovalCell, since time.Time) contrast {
	plain, sized := tables{index: map[stratum]int{}}, tables{index: map[stratum]int{}}
	slices.SortFunc(cells, func(a, b query.ApprovalCell) int {
		return cmp.Or(cmp.Compare(a.Tier, b.Tier), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Size, b.Size))
	})
	for i := range cells {
		c := &cells[i]
		a := unexposed
		if c.Approval == "senior" {
			a = exposed
		}
		key := stratum{tier: c.Tier, kind: c.Kind}
		count(&plain.all[plain.at(key)], a, len(c.Confirmed), c.N)
		key.size = c.Size
		count(&sized.all[sized.at(key)], a, len(c.Confirmed), c.N)
	}
	return contrast{
		name: "senior_approval", exposed: approvedGroup, unexposed: unapprovedGroup, events: "confirmed",
		by: []string{"tier", "kind"}, strata: plain.all, sized: sized.all, names: plain.names(false), since: since,
	}
}

// weighted is a number of a sample that stands for several.
type weighted struct{ value, weight float64 }

// sample weighs the numbers of a cell's sample by the size of the cell.
func sample(values []uint32, n int, unit float64) []weighted {
	out := make([]weighted, len(values))
	for i, v := range values {
		out[i] = weighted{value: float64(v) / unit, weight: float64(n) / float64(len(values))}
	}
	return out
}

// spread is nil without numbers.
func spread(values []weighted) *Spread {
	if len(values) == 0 {
		return nil
	}
	slices.SortFunc(values, func(a, b weighted) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		default:
			return 0
		}
	})
	total := 0.0
	for _, v := range values {
		total += v.weight
	}
	return &Spread{Median: quantileOf(values, total/2), P80: quantileOf(values, total*4/5), N: len(values)}
}

// quantileOf is the first value up to which the weight reaches.
func quantileOf(sorted []weighted, weight float64) float64 {
	for _, v := range sorted {
		if weight -= v.weight; weight <= 1e-9 {
			return v.value
		}
	}
	return sorted[len(sorted)-1].value
}
