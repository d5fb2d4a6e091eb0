package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Bounds of the search for similar incidents.
const (
	similarServices = 3
	similarEach     = 20
	similarShown    = 5
)

// similarRow is an earlier incident that resembles this one, and how.
type similarRow struct {
	incidentRow
	Why string
}

// similar finds earlier incidents of the same services. Likeness is the share
// of services and signals that both have, of those that either has.
func (s *Site) similar(ctx context.Context, in *correlate.Incident) ([]similarRow, error) {
	found := map[string]correlate.Incident{}
	for _, service := range in.Services[:min(len(in.Services), similarServices)] {
		page, err := s.deps.Incidents.Incidents(ctx, query.Incidents{Service: service, To: in.StartedAt, Limit: similarEach})
		if err != nil {
			return nil, err
		}
		for i := range page.Items {
			if other := &page.Items[i]; other.ID != in.ID && other.Status != correlate.IncidentMerged {
				found[other.ID] = *other
			}
		}
	}
	best := closest(in, found)
	rows, err := s.incidentRows(ctx, best)
	if err != nil {
		return nil, err
	}
	similar := make([]similarRow, len(rows))
	for i := range rows {
		similar[i] = similarRow{incidentRow: rows[i], Why: sharedWords(in, &best[i])}
	}
	return similar, nil
}

// closest returns the most similar incidents, the most recent of equals first. An
// incident of none of the services is not similar, whatever its signals.
func closest(in *correlate.Incident, found map[string]correlate.Incident) []correlate.Incident {
	all := make([]correlate.Incident, 0, len(found))
	for _, other := range found {
		if common(in.Services, other.Services) > 0 {
			all = append(all, other)
		}
	}
	slices.SortFunc(all, func(a, b correlate.Incident) int {
		return cmp.Or(cmp.Compare(likeness(in, &b), likeness(in, &a)), b.StartedAt.Compare(a.StartedAt), cmp.Compare(a.ID, b.ID))
	})
	return all[:min(len(all), similarShown)]
}

// likeness is the Jaccard index over services and signals, 0 to 1.
func likeness(a, b *correlate.Incident) float64 {
	shared := common(a.Services, b.Services) + common(a.Signals, b.Signals)
	all := len(a.Services) + len(b.Services) + len(a.Signals) + len(b.Signals) - shared
	if all == 0 {
		return 0
	}
	return float64(shared) / float64(all)
}

// common counts the values that both lists have.
func common[T comparable](a, b []T) int {
	n := 0
	for _, v := range a {
		if slices.Contains(b, v) {
			n++
		}
	}
	return n
}

// sharedWords say what two incidents have in common.
func sharedWords(a, b *correlate.Incident) string {
	text := fmt.Sprintf("%d of %s shared", common(a.Services, b.Services), count(len(a.Services), "service", "services"))
	var signals []string
	for _, signal := range a.Signals {
		if slices.Contains(b.Signals, signal) {
			signals = append(signals, words(string(signal)))
		}
	}
	if len(signals) > 0 {
		text += ", both " + strings.Join(signals, " and ")
	}
	return text
}
