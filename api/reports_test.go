package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// fakeReports has the report of the examples and no other.
type fakeReports struct {
	store *fakeStore
	fail  error
	limit int
	// none empties the list.
	none bool
	// earlier is how many more weeks the list has.
	earlier int
}

func (f *fakeReports) enter(ctx context.Context) error {
	if f.fail != nil || f.store == nil {
		return f.fail
	}
	return f.store.enter(ctx, "Reports")
}

func (f *fakeReports) Report(ctx context.Context, week string) (report.Report, error) {
	if err := f.enter(ctx); err != nil {
		return report.Report{}, err
	}
	if _, err := report.ParseWeek(week, time.UTC); err != nil {
		return report.Report{}, err
	}
	if week != "2026-W18" {
		return report.Report{}, query.ErrNotFound
	}
	return exampleReport(), nil
}

func (f *fakeReports) Reports(ctx context.Context, limit int) ([]query.StoredReport, error) {
	f.limit = limit
	if f.none {
		return nil, f.enter(ctx)
	}
	all := []query.StoredReport{{Week: "2026-W18", MadeAt: exampleTime(6, 0, 0)}}
	for i := range f.earlier {
		all = append(all, query.StoredReport{Week: fmt.Sprintf("2026-W%02d", 17-i), MadeAt: exampleTime(6, 0, 0).AddDate(0, 0, -7*(i+1))})
	}
	return all, f.enter(ctx)
}

func TestReportsAreListed(t *testing.T) {
	h := newHarness(t)
	page := parse[Page[ReportEntry]](t, h.get(t, "/v1/reports?limit=7", http.StatusOK))
	if len(page.Items) != 1 || page.Items[0].URL != "/v1/reports/2026-W18" || h.reports.limit != 7 {
		t.Errorf("%+v", page)
	}
	h.get(t, page.Items[0].URL, http.StatusOK)
}

func TestAReportIsGivenAsItIsAskedFor(t *testing.T) {
	h := newHarness(t)
	for _, c := range []struct{ query, accept, media, begins string }{
		{"", "", "application/json", "{"},
		{"", "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html; charset=utf-8", "<!DOCTYPE html>"},
		{"", "text/markdown", "text/markdown; charset=utf-8", "# Changes and outages"},
		{"", "application/pdf, text/html", "application/pdf", "%PDF-"},
		{"", "image/png", "application/json", "{"},
		{"?format=pdf", "text/html", "application/pdf", "%PDF-"},
		{"?format=html", "", "text/html; charset=utf-8", "<!DOCTYPE html>"},
	} {
		resp := h.do(t, ask{path: "/v1/reports/2026-W18" + c.query, token: RoleReader, header: map[string]string{"Accept": c.accept}})
		text := readAll(t, resp)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Type") != c.media || !strings.HasPrefix(text, c.begins) {
			t.Errorf("%+v: status %d, %s, %.40q", c, resp.StatusCode, resp.Header.Get("Content-Type"), text)
		}
		if policy := resp.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "script") {
			t.Errorf("policy %q", policy)
		}
		again := h.do(t, ask{path: "/v1/reports/2026-W18" + c.query, token: RoleReader, header: map[string]string{"Accept": c.accept, "If-None-Match": resp.Header.Get("ETag")}})
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%+v: status %d for its own ETag", c, again.StatusCode)
		}
	}
}

func TestAReportThatIsNotThereSaysWhy(t *testing.T) {
	h := newHarness(t)
	wantProblem(t, h.do(t, ask{path: "/v1/reports/2030-W01", token: RoleReader}), reportNotFound)
	for _, week := range []string{"2026-W54", "2026-18", "last"} {
		p := wantProblem(t, h.do(t, ask{path: "/v1/reports/" + week, token: RoleReader}), invalidParameter)
		if len(p.Errors) != 1 || p.Errors[0].Path != "week" || p.Errors[0].Location != "path" {
			t.Errorf("%s: %+v", week, p)
		}
	}
	wantProblem(t, h.do(t, ask{path: "/v1/reports/2026-W18?format=docx", token: RoleReader}), invalidParameter)
	wantProblem(t, h.do(t, ask{path: "/v1/reports/2026-W18"}), unauthorized)
	h.reports.fail = event.ErrUnavailable
	wantProblem(t, h.do(t, ask{path: "/v1/reports/2026-W18", token: RoleReader}), storeUnavailable)
	wantProblem(t, h.do(t, ask{path: "/v1/reports", token: RoleReader}), storeUnavailable)
}
