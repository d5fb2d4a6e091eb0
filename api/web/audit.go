package web

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/faultline/faultline/internal/query"
)

// maxAudit is how many entries of the audit the administration page lists.
const maxAudit = 50

// auditRow is one thing that somebody did.
type auditRow struct {
	At             moment
	Actor, Action  string
	Target, Detail string
	// Path leads to the target, empty for what has no page.
	Path string
}

// audit lists who did what last: verdicts, tokens that were drawn, sign-ins,
// windows, letters that were sent in again.
func (s *Site) audit(r *http.Request, body *adminBody) error {
	if s.deps.Audit == nil {
		return nil
	}
	entries, err := s.deps.Audit.AuditEntries(r.Context(), maxAudit)
	if err != nil {
		return err
	}
	body.Audited = true
	for i := range entries {
		e := &entries[i]
		row := auditRow{At: s.at(e.At), Actor: line(e.Actor), Action: words(e.Action), Target: label(e.Target, headingLetters/4), Detail: auditDetail(e)}
		switch {
		case strings.HasPrefix(e.Target, "inc-"):
			row.Path = incidentPath(e.Target)
		case e.Action == "provenance override":
			row.Path = refPath("change:" + e.Target)
		}
		body.Audit = append(body.Audit, row)
	}
	return nil
}

// auditDetail says what was done. What is kept as a record of its own is told by
// its decision and its reason.
func auditDetail(e *query.AuditEntry) string {
	var record struct {
		Decision, Class, Reason string
	}
	if json.Unmarshal([]byte(e.Detail), &record) != nil {
		return heading(e.Detail)
	}
	parts := []string{}
	for _, part := range []string{words(record.Decision), words(record.Class), record.Reason} {
		if part != "" {
			parts = append(parts, part)
		}
	}
	return heading(strings.Join(parts, ": "))
}
