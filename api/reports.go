package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/danielgtaylor/huma/v2"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// ReportEntry is one stored report.
type ReportEntry struct {
	Week   string    `json:"week"`
	MadeAt time.Time `json:"made_at"`
	// URL is where the report is.
	URL string `json:"url"`
}

type reportsInput struct {
	Conditional
	Limit int `query:"limit" minimum:"1" maximum:"200" default:"53" doc:"How many weeks."`
}

type reportInput struct {
	Conditional
	Week   string `path:"week" maxLength:"20" doc:"ISO week." example:"2026-W18"`
	Format string `query:"format" enum:"html,markdown,json,pdf" doc:"The rendering; unless given, the first of Accept that fits, else JSON."`
	Accept string `header:"Accept" doc:"text/html, text/markdown, application/pdf or application/json."`
}

// reportPolicy lets a browser show the report: its pictures and styles stand
// in the page itself, and nothing else may be loaded or run.
const reportPolicy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

func (s *Server) routeReports() {
	register(s, route{
		method: http.MethodGet, path: "/v1/reports", id: "listReports", tag: tagFigures, access: accessRead, cached: true,
		summary: "List the weekly reports", about: "The weeks that a report is stored of, newest first.",
		example: Page[ReportEntry]{Items: []ReportEntry{exampleReportEntry()}}, problems: []problemType{invalidParameter},
	}, s.listReports)
	register(s, route{
		method: http.MethodGet, path: "/v1/reports/{week}", id: "getReport", tag: tagFigures, access: accessRead,
		summary: "Get the report of a week",
		about: "The stored report, as it was sent; for a week without one, a report that is made for the asking and not kept. As HTML, Markdown, JSON or PDF, " +
			"by `format` or `Accept`. All renderings show the same.",
		example: exampleReport(), problems: []problemType{invalidParameter, reportNotFound},
	}, s.getReport)
	responses := s.document.Paths["/v1/reports/{week}"].Get.Responses["200"]
	responses.Content["application/json"].Schema = s.document.Components.Schemas.Schema(reflect.TypeFor[report.Report](), true, "")
	for f, example := range map[report.Format]string{report.HTML: "<!DOCTYPE html>", report.Markdown: "# Changes and outages, week 2026-W18", report.PDF: "%PDF-1.7"} {
		media, _, _ := strings.Cut(f.MediaType(), ";")
		responses.Content[media] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
	}
}

func (s *Server) listReports(ctx context.Context, in *reportsInput) (*reply[Page[ReportEntry]], error) {
	stored, err := s.deps.Reports.Reports(ctx, in.Limit)
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	items := make([]ReportEntry, len(stored))
	for i := range stored {
		items[i] = ReportEntry{Week: stored[i].Week, MadeAt: stored[i].MadeAt, URL: "/v1/reports/" + stored[i].Week}
	}
	return hashed(&in.Conditional, &Page[ReportEntry]{Items: items})
}

func (s *Server) getReport(ctx context.Context, in *reportInput) (*rawReply, error) {
	r, err := s.deps.Reports.Report(ctx, in.Week)
	switch {
	case errors.Is(err, query.ErrNotFound):
		return nil, reportNotFound.with("the week " + in.Week + " has not begun")
	case errors.Is(err, report.ErrNoWeek):
		return nil, invalidParameter.with(err.Error(), FieldProblem{Location: "path", Path: "week", Message: "is no ISO week", Mend: "give a week such as 2026-W18; a year has 52 or 53"})
	case err != nil:
		return nil, fmt.Errorf("make the report of %s: %w", in.Week, err)
	}
	format := reportFormat(in.Format, in.Accept)
	// Renderings differ in bytes where the report does not, so it is the report
	// that makes the ETag.
	whole, err := encode(&r)
	if err != nil {
		return nil, err
	}
	etag := tag(in.Week, format, xxhash.Sum64(whole))
	if in.holds(etag) {
		return &rawReply{Body: func(hc huma.Context) { writeReport(hc, etag, in.Week, format, nil) }}, nil
	}
	body, err := r.Render(format)
	if err != nil {
		return nil, fmt.Errorf("render the report of %s: %w", in.Week, err)
	}
	return &rawReply{Body: func(hc huma.Context) { writeReport(hc, etag, in.Week, format, body) }}, nil
}

// writeReport writes one rendering; without one the client's copy is valid.
func writeReport(hc huma.Context, etag, week string, format report.Format, body []byte) {
	hc.SetHeader("ETag", etag)
	hc.SetHeader("Cache-Control", revalidate)
	hc.SetHeader("Vary", "Accept")
	if body == nil {
		hc.SetStatus(http.StatusNotModified)
		return
	}
	hc.SetHeader("Content-Type", format.MediaType())
	hc.SetHeader("Content-Disposition", `inline; filename="faultline-`+week+`.`+format.Ending()+`"`)
	hc.SetHeader("Content-Security-Policy", reportPolicy)
	hc.SetStatus(http.StatusOK)
	_, _ = hc.BodyWriter().Write(body)
}

// reportFormat chooses the rendering. Quality values are not weighed: the first
// media type that fits is the one that the client names first.
func reportFormat(format, accept string) report.Format {
	if format != "" {
		return report.Format(format)
	}
	for part := range strings.SplitSeq(accept, ",") {
		wanted, _, _ := strings.Cut(strings.TrimSpace(part), ";")
		for _, f := range report.Formats() {
			if media, _, _ := strings.Cut(f.MediaType(), ";"); strings.EqualFold(media, wanted) {
				return f
			}
		}
	}
	return report.JSON
}

func exampleReportEntry() ReportEntry {
	return ReportEntry{Week: "2026-W18", MadeAt: exampleTime(6, 0, 0), URL: "/v1/reports/2026-W18"}
}

func exampleReport() report.Report {
	return report.Report{
		Week: "2026-W18", From: time.Date(2026, time.April, 27, 0, 0, 0, 0, time.UTC), To: exampleTo(), Timezone: "UTC", MadeAt: exampleTime(6, 0, 0),
		BaseURL:  "https://faultline.example",
		Sentence: "3 incidents began in this week, fewer than usual (5.1 a week), and took 140 minutes. No difference between AI-assisted and human changes can be detected.",
		Tiles:    []report.Tile{{Name: "Incidents", Value: "3", Basis: "1 critical, 1 high", Before: "week before 5, mean of 8 weeks 5.1"}},
		Groups:   []report.Tile{{Name: "AI-assisted changes", Value: "0.80%", Basis: "24 of 3,000 with a confirmed incident"}},
		Policy: report.PolicyWeek{
			Version: "2026.11.1", Judged: 640, Kept: 590, Denied: 12, Warned: 36, Glass: 2,
			Rules:       []report.BrokenRule{{Rule: "AI-assisted changes to critical services", Lapse: "not senior", Changes: 9}},
			Violations:  []report.PolicyCase{{Change: "Deploy checkout 4.12.0", Tier: 1, Rule: "AI-assisted changes to critical services", Class: "AI-assisted", Reason: "nobody senior approved it", URL: "https://faultline.example/changes/checkout-1842"}},
			GlassBroken: []report.PolicyCase{{Change: "Flag tax-by-address", Tier: 1, Rule: "AI-assisted changes to critical services", Class: "AI-assisted", Reason: "tax was wrong for an hour"}},
		},
		Impact: exampleImpact(), Approval: examplePolicyEffect(), Accuracy: exampleAccuracy(),
		Incidents: []report.LargeIncident{{
			ID: "inc-7f3a", Title: "checkout and 1 more: errors", Severity: "critical", StartedAt: exampleTime(10, 0, 0), Minutes: 41, Alerting: 2, Potential: 2,
			Standing: "cause confirmed by a person", Cause: "Deploy checkout 4.12.0 (argo-cd/checkout-1842)", URL: "https://faultline.example/incidents/inc-7f3a",
		}},
		Gate:   []report.GateCount{{Answer: "deny", Count: 2}},
		Movers: []report.Mover{{Service: "checkout", Incidents: 2, Minutes: 96, Mean: 0.5}}, Decisions: []string{"2 incidents of the last nine weeks wait for a verdict. Every figure here rests on verdicts."},
		Quality: []report.Quality{{Name: "Changes of unknown origin", Value: "21.8% (2,400 of 11,000)"}},
	}
}

// reportDocs holds the words of the OpenAPI document about reports.
func reportDocs() map[string]typeDoc {
	return map[string]typeDoc{
		"PageReportEntry": {about: "Stored reports.", fields: map[string]string{"items": "Newest first.", "next_cursor": "Absent."}},
		"ReportEntry":     {about: "A stored report.", fields: map[string]string{"week": "ISO week.", "made_at": "When it was made.", "url": "Where it is."}},
		"Report": {about: "The report of one week.", fields: map[string]string{
			"week": "ISO week.", "from": "Its first moment, in the time zone.", "to": "Its end.", "timezone": "Where weeks are counted.", "made_at": "When it was made.", "base_url": "Where the pages are; absent when unknown.",
			"sentence": "The week in one breath.", "tiles": "Its numbers.", "groups": "AI-assisted, human and unknown changes side by side, over the figures' own period.", "policy": "How the policy was kept.", "impact": "AI-assisted and other changes, over the figures' own period.", "approval": "Approval, over the same.", "accuracy": "Of our findings, over the same.",
			"incidents": "The largest.", "gate": "What the policy gate answered in the week.", "movers": "Services that moved against their own past.", "decisions": "What somebody must decide.", "quality": "How good the data are.",
		}},
		"PolicyWeek": {about: "How the policy was kept in the week, judged afterwards.", fields: map[string]string{
			"version": "Of the rules; absent without a policy.", "judged": "Changes that were judged.", "kept": "Those that keep every rule.", "denied": "Those that break a rule that denies.",
			"warned": "Those that break only rules that warn.", "glass": "Those that were let through with a reason.", "rules": "By rule and what was wrong, the most frequent first.",
			"violations": "Some that break a rule that denies, the most critical first.", "glass_broken": "Some that went through with a reason.",
		}},
		"BrokenRule": {about: "How often a rule was not kept for one reason.", fields: map[string]string{"rule": "Its title.", "lapse": "What was wrong.", "changes": "How many."}},
		"PolicyCase": {about: "A change that did not keep a rule.", fields: map[string]string{
			"change": "Its title.", "tier": "1 to 4; 0 when unknown.", "rule": "Title of the rule.", "class": "What part AI had.", "reason": "What was wrong, or why the glass was broken.", "url": "Its page; absent without an address of the pages.",
		}},
		"Tile": {about: "A number of the week.", fields: map[string]string{"name": "What.", "value": "The number.", "basis": "What it was counted from.", "before": "What it was in other weeks."}},
		"LargeIncident": {about: "One of the week's largest incidents.", fields: map[string]string{
			"id": "Id.", "title": "One line.", "severity": "The worst of its alerts.", "started_at": "When it began.", "minutes": "How long it lasted, until the report while it goes on.", "open": "It goes on.",
			"alerting": "Services that alert.", "potential": "Services that the fault could have reached.", "standing": "What people decided.", "cause": "The change that they confirmed, or that the engine suspects; absent for none.",
			"probability": "Of the suspect; absent when confirmed.", "url": "Its page; absent without an address of the pages.",
		}},
		"GateCount": {about: "How often the policy gate gave an answer.", fields: map[string]string{"answer": "Which.", "count": "How often."}},
		"Mover":     {about: "A service whose incidents moved.", fields: map[string]string{"service": "Which.", "incidents": "In this week.", "minutes": "Of those.", "mean": "Of the eight weeks before."}},
		"Quality":   {about: "A line about the data.", fields: map[string]string{"name": "What.", "value": "How it is."}},
	}
}
