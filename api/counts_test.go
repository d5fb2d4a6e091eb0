package api

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
)

// mixedIncidents fills the store with incidents of all statuses and severities, one
// of which no sender should give.
func mixedIncidents(f *fakeStore, n int) {
	statuses, severities := correlate.IncidentStatuses(), append(correlate.Severities(), "odd")
	for i := range n {
		in := exampleIncident()
		in.ID, in.StartedAt = fmt.Sprintf("inc-%04d", i), exampleTime(9, 0, 0).Add(-time.Duration(i)*time.Minute)
		in.Status, in.Severity = statuses[i%len(statuses)], severities[i%len(severities)]
		f.incidents = append(f.incidents, in)
	}
}

func TestCountsSayWhatEachValueWouldShow(t *testing.T) {
	h := newHarness(t)
	h.store.incidents = nil
	mixedIncidents(h.store, 40)
	got := parse[IncidentTally](t, h.get(t, "/v1/incident-counts?status=open,quiet&severity=critical", http.StatusOK))
	want := IncidentTally{
		Total: 4, ByStatus: []ValueCount{{"open", 2}, {"quiet", 2}, {"resolved", 2}, {"merged", 2}},
		BySeverity: []ValueCount{{"critical", 4}, {"high", 4}, {"warning", 4}, {"info", 4}, {"", 4}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if all := parse[IncidentTally](t, h.get(t, "/v1/incident-counts?from=2026-05-04T08:50:00Z", http.StatusOK)); all.Total != 11 {
		t.Errorf("since 8:50 there are %d", all.Total)
	}
	h.get(t, "/v1/incident-counts?status=broken", http.StatusUnprocessableEntity)
	h.get(t, "/v1/incident-counts?from=2026-05-04T08:50:00Z&to=2026-05-04T08:40:00Z", http.StatusUnprocessableEntity)
	h.store.failOn = map[string]error{"IncidentCounts": event.ErrUnavailable}
	h.get(t, "/v1/incident-counts", http.StatusServiceUnavailable)
}

func TestProposalsOfAllIncidentsAreOneList(t *testing.T) {
	h := newHarness(t)
	h.store.proposals = map[string][]query.Proposal{}
	for i := range 7 {
		p := exampleProposal()
		p.ID, p.Incident, p.ProposedAt = fmt.Sprintf("0c8f5c8e-2a64-4f0e-8f39-6d4a53a2f6a%d", i), fmt.Sprintf("inc-%d", i%3), exampleTime(10, i, 0)
		if i == 2 {
			at := exampleTime(10, 30, 0)
			p.State, p.SettledBy, p.SettledAt = query.ProposalDismissed, "ada", &at
		}
		h.store.proposals[p.Incident] = append(h.store.proposals[p.Incident], p)
	}
	var open []string
	path := "/v1/proposals?state=open&limit=2"
	for path != "" {
		resp := h.get(t, path, http.StatusOK)
		path = followed(resp)
		for _, p := range parse[Page[query.Proposal]](t, resp).Items {
			open = append(open, p.ID[35:])
		}
	}
	if diff := cmp.Diff([]string{"6", "5", "4", "3", "1", "0"}, open); diff != "" {
		t.Errorf("open, newest first: %s", diff)
	}
	if all := parse[Page[query.Proposal]](t, h.get(t, "/v1/proposals", http.StatusOK)); len(all.Items) != 7 {
		t.Errorf("%d in all", len(all.Items))
	}
	wantProblem(t, h.do(t, ask{path: "/v1/proposals"}), unauthorized)
	h.get(t, "/v1/proposals?state=lost", http.StatusUnprocessableEntity)
	h.store.failOn = map[string]error{"ProposalPage": event.ErrUnavailable}
	h.get(t, "/v1/proposals", http.StatusServiceUnavailable)
}

// followed is the address of the next page, empty on the last one.
func followed(resp *http.Response) string {
	link := resp.Header.Get("Link")
	if link == "" {
		return ""
	}
	return link[1 : len(link)-len(`>; rel="next"`)]
}
