package web

import (
	"fmt"
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
	// Days is the week from Monday to Sunday.
	Days string
	Made moment
}

// weekDays says which days an ISO week such as 2026-W18 has, empty for what is
// none. The fourth of January is always in the first week.
func weekDays(week string) string {
	var year, number int
	if n, err := fmt.Sscanf(week, "%d-W%d", &year, &number); n != 2 || err != nil || number < 1 || number > 53 {
		return ""
	}
	first := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	monday := first.AddDate(0, 0, -(int(first.Weekday())+6)%7+7*(number-1))
	return monday.Format("2 Jan") + " to " + monday.AddDate(0, 0, 6).Format("2 Jan 2006")
}

func (s *Site) reportsPage(w http.ResponseWriter, r *http.Request) error {
	stored, err := s.deps.Reports.StoredReports(r.Context(), maxReports)
	if err != nil {
		return err
	}
	body := reportsBody{This: "/v1/reports/" + weekName(s.now())}
	for _, x := range stored {
		body.Rows = append(body.Rows, reportRow{Week: line(x.Week), Days: weekDays(x.Week), Path: "/v1/reports/" + x.Week, Made: s.at(x.MadeAt)})
	}
	return s.show(w, r, &view{page: "reports", title: "Weekly reports", section: "Reports", body: &body})
}
