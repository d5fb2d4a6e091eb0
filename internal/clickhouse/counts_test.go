package clickhouse_test

import (
	gocmp "cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/query"
)

// TestCountsAreOfWhatTheListWouldShow counts the newest revisions under several
// filters and holds each count against the length of the list.
func TestCountsAreOfWhatTheListWouldShow(t *testing.T) {
	onEveryDoor(t, func(t *testing.T, s *clickhouse.Store) {
		statuses, severities := correlate.IncidentStatuses(), append(correlate.Severities(), "")
		var first, second []correlate.Incident
		for n := range 40 {
			in := incidentAt(fmt.Sprintf("inc-%02d", n), 1, noon.Add(-time.Duration(n)*time.Hour))
			first = append(first, in)
			in.Revision, in.Status, in.Severity = 2, statuses[n%len(statuses)], severities[n%len(severities)]
			if n%4 == 0 {
				in.Services, in.Title = []string{"payments"}, "Payments: latency"
			}
			second = append(second, in)
		}
		save(t, s, first...)
		save(t, s, second...)
		for name, q := range map[string]query.Incidents{
			"all": {}, "service": {Service: "payments"}, "text": {Text: "LATENCY"}, "from": {From: noon.Add(-9 * time.Hour)},
			"to": {To: noon.Add(-9 * time.Hour)}, "none": {Service: "nobody"},
			"ignored": {Status: statuses[:1], Severity: severities[:1], Limit: 1, Cursor: "x"},
		} {
			counts, err := s.IncidentCounts(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(listed(t, s, q), counts); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	})
}

// listed counts what the list has under a filter without status and severity.
func listed(t *testing.T, s *clickhouse.Store, q query.Incidents) []query.IncidentCount {
	t.Helper()
	page, err := s.Incidents(t.Context(), query.Incidents{From: q.From, To: q.To, Service: q.Service, Text: q.Text, Limit: query.MaxLimit})
	if err != nil || page.Next != "" {
		t.Fatalf("%d incidents, more: %q, %v", len(page.Items), page.Next, err)
	}
	var all []query.IncidentCount
	for i := range page.Items {
		in := &page.Items[i]
		at := slices.IndexFunc(all, func(c query.IncidentCount) bool { return c.Status == in.Status && c.Severity == in.Severity })
		if at < 0 {
			at, all = len(all), append(all, query.IncidentCount{Status: in.Status, Severity: in.Severity})
		}
		all[at].Count++
	}
	slices.SortFunc(all, func(a, b query.IncidentCount) int {
		return gocmp.Or(strings.Compare(string(a.Status), string(b.Status)), strings.Compare(string(a.Severity), string(b.Severity)))
	})
	return all
}
