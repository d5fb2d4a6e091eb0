package web

import (
	"context"
	"net/http"

	"github.com/faultline/faultline/internal/query"
)

// Lost lists the news about incidents that a target could not be told, and takes
// what an administrator wants done with one.
type Lost interface {
	Undelivered(ctx context.Context, limit int) ([]query.Undelivered, error)
	Again(ctx context.Context, target, incident string) error
	Forget(ctx context.Context, target, incident string) error
}

// lostRow is news that a target could not be told.
type lostRow struct {
	Target, Incident, Path string
	Reason, AskedBy        string
	At                     moment
	Attempts               int
	Asked                  bool
	// The identity, for the form.
	RawTarget, RawIncident string
}

// undelivered lists the newest.
func (s *Site) undelivered(r *http.Request, body *adminBody) error {
	if s.deps.Lost == nil {
		return nil
	}
	lost, err := s.deps.Lost.Undelivered(r.Context(), maxLetters)
	if err != nil {
		return err
	}
	for i := range lost {
		u := &lost[i]
		body.Lost = append(body.Lost, lostRow{
			Target: line(u.Target), Incident: line(u.Incident), Path: incidentPath(u.Incident), Reason: line(u.Reason), AskedBy: line(u.AskedBy), At: s.at(u.GivenUpAt),
			Attempts: u.Attempts, Asked: u.State == query.NoticeAsked, RawTarget: u.Target, RawIncident: u.Incident,
		})
	}
	return nil
}

// settleLost takes what an administrator wants done with undelivered news.
func (s *Site) settleLost(w http.ResponseWriter, r *http.Request) error {
	target, incident := r.PostFormValue("target"), r.PostFormValue("incident")
	if s.deps.Lost == nil {
		return s.wrongAddress(w, r, "This process tells nobody anything.")
	}
	var err error
	switch r.PostFormValue("settle") {
	case "again":
		err = s.deps.Lost.Again(r.Context(), target, incident)
	case "forget":
		err = s.deps.Lost.Forget(r.Context(), target, incident)
	default:
		return s.wrongAddress(w, r, "The form says neither to try again nor to dismiss.")
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/admin#h-lost", http.StatusSeeOther)
	return nil
}
