package web

import (
	"net/http"
	"time"
)

// maxReports is how many weeks the page lists: a year and one.
const maxReports = 53

// Report is a stored weekly report.
type Report struct {
	// Week is an ISO week such as 2026-W18.
	Week   string
	MadeAt time.Time
}

// reportsBody is what the page of weekly reports shows.
type reportsBody struct {
	// This is the running week, whose report is made for the asking.
	This string
	Rows []reportRow
}

type reportRow struct {
	Week, Path string
	Made       moment
}

func (s *Site) reportsPage(w http.ResponseWriter, r *http.Request) error {
	stored, err := s.deps.Reports.StoredReports(r.Context(), maxReports)
	if err != nil {
		return err
	}
	body := reportsBody{This: "/v1/reports/" + weekName(s.now())}
	for _, x := range stored {
		body.Rows = append(body.Rows, reportRow{Week: line(x.Week), Path: "/v1/reports/" + x.Week, Made: s.at(x.MadeAt)})
	}
	return s.show(w, r, &view{page: "reports", title: "Weekly reports", section: "Reports", body: &body})
}
