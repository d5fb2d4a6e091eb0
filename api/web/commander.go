package web

import (
	"context"
	"net/http"
	"strings"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// Commanders tells and keeps who commands incidents. Commanders leaves out those
// that nobody does. Command refuses a word by somebody who did not see what the tag
// names; an empty name says that nobody commands any more.
type Commanders interface {
	Commanders(ctx context.Context, incidents []string) (map[string]string, error)
	Command(ctx context.Context, incident, tag, name string) error
}

// commandView is who commands an incident, and the forms of whoever may say so.
type commandView struct {
	// Name is empty while nobody commands.
	Name  string
	Since moment
	// By is who said so, empty when it was the commander.
	By string
	// Mine tells that the visitor commands.
	Mine bool
	Form judgeForm
}

// commandOf prepares who commands. A merged incident is commanded where it went.
func (s *Site) commandOf(r *http.Request, in *correlate.Incident, sheet *Sheet) commandView {
	visitor, v := visitorOf(r.Context()), commandView{}
	if n := len(sheet.Commands); n > 0 && sheet.Commands[n-1].Commander != "" {
		last := &sheet.Commands[n-1]
		v.Name, v.Since, v.Mine = line(last.Commander), s.at(last.SetAt), last.Commander == visitor.Name
		if last.SetBy != last.Commander {
			v.By = line(last.SetBy)
		}
	}
	if visitor.CanJudge && visitor.SignedIn && in.MergedInto == "" {
		v.Form = judgeForm{Open: true, Path: incidentPath(in.ID) + "/commander", Tag: sheet.CommandTag, CSRF: visitor.FormToken}
	}
	return v
}

// command takes who commands from now on: the visitor, somebody else by name, or
// nobody.
func (s *Site) command(w http.ResponseWriter, r *http.Request) error {
	id, name := r.PathValue("id"), ""
	switch r.PostFormValue("do") {
	case "take":
		name = visitorOf(r.Context()).Name
	case "hand":
		if name = strings.TrimSpace(r.PostFormValue("commander")); name == "" {
			return s.Problem(w, r, &Problem{
				Status: http.StatusUnprocessableEntity, Title: "Whom to hand over to is not said", Detail: "Give the name of the person who commands from now on.",
				Choices: []Choice{{Name: "Back to the incident", Path: incidentPath(id)}},
			})
		}
	case "leave":
	default:
		return s.wrongAddress(w, r, "The form says neither take, hand nor leave.")
	}
	if err := s.deps.Commanders.Command(r.Context(), id, r.PostFormValue("tag"), name); err != nil {
		return err
	}
	http.Redirect(w, r, incidentPath(id), http.StatusSeeOther)
	return nil
}

// tally is how many incidents a value of a filter would show, with the address
// that shows them.
type tally struct {
	Value, Path string
	Count       int
	Current     bool
}

// tallies are the counts above the list: by status beside the severities that are
// chosen, by severity beside the statuses.
type tallies struct {
	Status, Severity []tally
	// Proposals is how many verdicts of agents wait for a person; More tells that
	// there are others beyond these.
	Proposals     int
	MoreProposals bool
}

// Tallies counts incidents under all of a filter but its page.
type Tallies interface {
	IncidentTotals(ctx context.Context, q query.Incidents) (query.IncidentTotals, error)
}

// tallies counts what each value of the filter would show.
func (s *Site) tallies(r *http.Request, f *incidentFilter) (tallies, error) {
	ctx := r.Context()
	totals, err := s.deps.Tallies.IncidentTotals(ctx, f.parsed)
	if err != nil {
		return tallies{}, err
	}
	waiting, err := s.deps.Proposals.Waiting(ctx, query.Proposals{State: []query.ProposalState{query.ProposalOpen}, Limit: listPage})
	if err != nil {
		return tallies{}, err
	}
	t := tallies{Proposals: len(waiting.Items), MoreProposals: waiting.Next != ""}
	chosen := r.URL.Query()
	for _, status := range correlate.IncidentStatuses() {
		t.Status = append(t.Status, tallyOf(r, "status", string(status), totals.ByStatus[status], chosen["status"]))
	}
	for _, severity := range correlate.Severities() {
		t.Severity = append(t.Severity, tallyOf(r, "severity", string(severity), totals.BySeverity[severity], chosen["severity"]))
	}
	return t, nil
}

// tallyOf leads to the list with one value chosen and the rest of the filter as it
// is, or back to all values from the one that is chosen.
func tallyOf(r *http.Request, name, value string, count int, chosen []string) tally {
	values := r.URL.Query()
	values.Del("cursor")
	current := len(chosen) == 1 && chosen[0] == value
	if values.Del(name); !current {
		values.Set(name, value)
	}
	return tally{Value: value, Count: count, Current: current, Path: strings.TrimSuffix("/?"+values.Encode(), "?")}
}
