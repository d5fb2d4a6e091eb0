package web

import (
	"context"
	"net/http"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// waitingPage is how many proposals a page lists; each is shown with its incident.
const waitingPage = 20

// Titles reads the titles of some incidents. Those that are stored no more are
// left out: what is proposed may be kept longer.
type Titles interface {
	Titles(ctx context.Context, incidents []string) (map[string]string, error)
}

// waitingBody is what the page of proposals shows.
type waitingBody struct {
	Rows        []waitingRow
	Next, First string
}

// waitingRow is a proposal in the list of all incidents.
type waitingRow struct {
	proposalRow
	// Incident is the title of the incident, Decide where a person settles it.
	Incident, Decide string
}

// proposalsPage lists the verdicts that agents propose and nobody has settled,
// over all incidents. They are settled on the page of the incident, beside the
// evidence.
func (s *Site) proposalsPage(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	page, err := s.deps.Proposals.Waiting(ctx, query.Proposals{State: []query.ProposalState{query.ProposalOpen}, Limit: waitingPage, Cursor: r.URL.Query().Get("cursor")})
	if err != nil {
		return err
	}
	body := waitingBody{Rows: make([]waitingRow, len(page.Items))}
	body.Next, body.First = around(r.URL, page.Next)
	ids := make([]string, len(page.Items))
	for i := range page.Items {
		ids[i] = page.Items[i].Incident
	}
	titles, err := s.deps.Titles.Titles(ctx, ids)
	if err != nil {
		return err
	}
	for i := range page.Items {
		p := &page.Items[i]
		in := correlate.Incident{ID: p.Incident, Title: titles[p.Incident]}
		body.Rows[i] = waitingRow{proposalRow: s.proposalRow(p, nil), Incident: incidentTitle(&in), Decide: incidentPath(p.Incident) + "#verdict"}
	}
	return s.show(w, r, &view{page: "proposals", title: "Proposed by agents", section: "Incidents", live: "*", body: &body})
}
