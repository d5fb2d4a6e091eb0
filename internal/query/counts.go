package query

import (
	"slices"

	"github.com/faultline/faultline/correlate"
)

// IncidentCount is how many incidents of one status have one severity.
type IncidentCount struct {
	Status   correlate.IncidentStatus
	Severity correlate.Severity
	Count    int
}

// IncidentTotals are counts of incidents by one part of a filter at a time: what
// each status would let through beside the severities that are chosen, and each
// severity beside the statuses. Total is what both let through.
type IncidentTotals struct {
	Total      int
	ByStatus   map[correlate.IncidentStatus]int
	BySeverity map[correlate.Severity]int
}

// TotalsOf adds counts up for a choice of statuses and severities; an empty choice
// lets all through.
func TotalsOf(counts []IncidentCount, status []correlate.IncidentStatus, severity []correlate.Severity) IncidentTotals {
	t := IncidentTotals{ByStatus: map[correlate.IncidentStatus]int{}, BySeverity: map[correlate.Severity]int{}}
	for _, c := range counts {
		inStatus := len(status) == 0 || slices.Contains(status, c.Status)
		inSeverity := len(severity) == 0 || slices.Contains(severity, c.Severity)
		if inSeverity {
			t.ByStatus[c.Status] += c.Count
		}
		if inStatus {
			t.BySeverity[c.Severity] += c.Count
		}
		if inStatus && inSeverity {
			t.Total += c.Count
		}
	}
	return t
}
