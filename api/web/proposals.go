package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Proposals takes what a person does with a verdict that an agent proposes, and
// lists those of all incidents. Accept gives a verdict of the person's own on what
// the tag names.
type Proposals interface {
	Waiting(ctx context.Context, q query.Proposals) (query.Page[query.Proposal], error)
	Accept(ctx context.Context, incident, proposal, tag, reason string) error
	Dismiss(ctx context.Context, incident, proposal, reason string) error
}

// proposalRow is a verdict that an agent proposes and that nobody has settled.
type proposalRow struct {
	By, Words    string
	Change, Path string
	// Reason is the agent's text, which may quote anyone's.
	Reason  string
	At      moment
	Version int
	// Older tells that the finding has moved on since.
	Older bool
	Form  judgeForm
}

// proposalRows are the open proposals, newest first, with the form of whoever
// may settle them.
func (s *Site) proposalRows(in *correlate.Incident, sheet *Sheet, form judgeForm) []proposalRow {
	var rows []proposalRow
	for _, p := range slices.Backward(sheet.Proposals) {
		if p.State != query.ProposalOpen {
			continue
		}
		row := s.proposalRow(&p, sheet)
		row.Form = form
		row.Form.Path = incidentPath(in.ID) + "/proposals/" + p.ID
		rows = append(rows, row)
	}
	return rows
}

// proposalRow is one proposal without a form; the sheet names its change, and may be
// nil.
func (s *Site) proposalRow(p *query.Proposal, sheet *Sheet) proposalRow {
	row := proposalRow{By: line(p.ProposedBy), Words: proposalWords(p.Decision), Reason: plain(p.Reason, blockLetters), At: s.at(p.ProposedAt), Version: p.FindingVersion}
	if sheet != nil {
		row.Older = len(sheet.Findings) > 0 && sheet.Findings[0].Version != p.FindingVersion
	}
	if p.Change != nil {
		row.Change, row.Path = line(p.Change.String()), changePath(p.Change.Source, p.Change.ID)
		if sheet != nil {
			row.Change = titleOf(*p.Change, sheet)
		}
	}
	return row
}

// proposalWords say what is proposed.
func proposalWords(d correlate.Decision) string {
	switch d {
	case correlate.DecisionConfirm:
		return "to confirm as the cause"
	case correlate.DecisionReject:
		return "to rule out"
	case correlate.DecisionNoChange:
		return "that no recorded change is to blame"
	default:
		return words(string(d))
	}
}

// settle takes what a visitor does with a proposal. To accept is to give a
// verdict, so it needs a reason of the person's own, as any verdict does.
func (s *Site) settle(w http.ResponseWriter, r *http.Request) error {
	id, proposal := r.PathValue("id"), r.PathValue("proposal")
	reason := strings.TrimSpace(r.PostFormValue("reason"))
	switch r.PostFormValue("settle") {
	case "accept":
		if reason == "" {
			return s.reasonMissing(w, r, id)
		}
		if err := s.deps.Proposals.Accept(r.Context(), id, proposal, r.PostFormValue("tag"), reason); err != nil {
			return err
		}
	case "dismiss":
		if err := s.deps.Proposals.Dismiss(r.Context(), id, proposal, reason); err != nil {
			return err
		}
	default:
		return s.wrongAddress(w, r, "The form says neither accept nor dismiss.")
	}
	http.Redirect(w, r, incidentPath(id)+"#verdict", http.StatusSeeOther)
	return nil
}

// reasonMissing asks for the reason of a verdict: whoever reads it next week
// was not there.
func (s *Site) reasonMissing(w http.ResponseWriter, r *http.Request, incident string) error {
	return s.Problem(w, r, &Problem{
		Status: http.StatusUnprocessableEntity, Title: "A verdict needs a reason", Detail: "Say in a sentence why; whoever reads it next week was not there.",
		Choices: []Choice{{Name: "Back to the incident", Path: incidentPath(incident)}},
	})
}
