package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// pageAccess is who may open which page, by method and template. Pages are no
// part of the OpenAPI document.
type pageAccess map[string]access

// newSite makes the pages over the same answers as the API's own.
func (s *Server) newSite() (*web.Site, error) {
	reader := pageReader{s}
	deps := web.Deps{
		Incidents: reader, Findings: reader, Judges: reader, Proposals: reader, Commanders: reader, Tallies: reader, Titles: reader, Timelines: reader, Changes: reader, Services: pageServices{s}, Door: door{s}, Now: s.deps.Now, Grafana: s.cfg.GrafanaURL,
		Headlines: s.deps.Headlines, Suspicions: s.deps.Suspicions, Sources: s.deps.Sources, Figures: s.deps.Figures, Reports: reader,
		Keys: pageKeys{s}, Windows: pageWindows{s}, Names: s.deps.Names,
	}
	if s.deps.Policy != nil {
		deps.Policy = pagePolicy{s}
	}
	if s.deps.SignOn != nil {
		deps.SignOn = door{s}
	}
	if s.deps.Letters != nil {
		deps.Letters = pageLetters{s}
	}
	if s.deps.Audit != nil {
		deps.Audit = s.deps.Audit
	}
	if s.deps.Lost != nil {
		deps.Lost = pageLost{s}
	}
	return web.New(deps)
}

// routePages mounts the pages behind the layers that all routes share.
func (s *Server) routePages() {
	s.pages = pageAccess{}
	for _, r := range s.site.Routes() {
		template := ginTemplate(r.Path)
		s.pages[r.Method+" "+template] = accessOf(r.Need)
		s.engine.Handle(r.Method, template, s.page(r))
	}
}

// accessOf is what a page needs in the words of the API.
func accessOf(need web.Need) access {
	switch need {
	case web.NeedNothing:
		return accessOpen
	case web.NeedReader:
		return accessRead
	case web.NeedJudge:
		return accessJudge
	case web.NeedAdmin:
		return accessAdmin
	default:
		return accessAdmin
	}
}

// page runs one page and shows its errors as pages.
func (s *Server) page(r web.Route) gin.HandlerFunc {
	return func(c *gin.Context) {
		request := c.Request.WithContext(web.WithVisitor(c.Request.Context(), s.visitor(c.Request)))
		for _, p := range c.Params {
			request.SetPathValue(p.Key, p.Value)
		}
		c.Request = request
		if r.Method == http.MethodPost {
			if problem := s.checkForm(c); problem != nil {
				refuse(c, problem)
				return
			}
		}
		if err := r.Handle(c.Writer, c.Request); err != nil {
			refuse(c, s.answer(c.Request.Context(), err))
		}
	}
}

// visitor is who looks at a page, with what the role covers.
func (s *Server) visitor(r *http.Request) web.Visitor {
	known := requestOf(r.Context())
	v := web.Visitor{CanRead: s.gate.publicRead}
	if known.caller == nil || known.caller.ID == "" {
		return v
	}
	role := known.caller.Role
	v.Name, v.Role, v.SignedIn = known.caller.Name, string(role), known.session != nil
	v.CanRead, v.CanJudge, v.CanAdminister = v.CanRead || role.Covers(RoleReader), role.Covers(RoleJudge), role.Covers(RoleAdmin)
	if known.session != nil {
		v.FormToken = s.sessions.formToken(known.session)
	}
	return v
}

// maxFormBytes bounds the form of a page.
const maxFormBytes = 64 << 10

// checkForm refuses a form that another site sent. The browser says where a
// form comes from; behind a session the form also carries a proof.
func (s *Server) checkForm(c *gin.Context) *Problem {
	if err := http.NewCrossOriginProtection().Check(c.Request); err != nil {
		return forbidden.with("the form was sent by another site; open the page here and send it again")
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxFormBytes)
	if err := c.Request.ParseForm(); err != nil {
		return badRequest.with("the form cannot be read or is longer than 64 KiB")
	}
	x := requestOf(c.Request.Context()).session
	if x == nil || c.FullPath() == "/sign-in" {
		return nil
	}
	if !s.sessions.checkForm(x, c.Request.PostFormValue("csrf")) {
		return forbidden.with("the form is of another session; load the page anew and send it again")
	}
	return nil
}

// wantsPage tells whether a problem is to be shown as a page: the request is
// for a page, or a browser asked for something that is not there.
func (s *Server) wantsPage(c *gin.Context) bool {
	if c.FullPath() != "" {
		_, isPage := s.pages[c.Request.Method+" "+c.FullPath()]
		return isPage
	}
	return !strings.HasPrefix(c.Request.URL.Path, "/v1/") && strings.Contains(c.GetHeader("Accept"), "text/html")
}

// dress is the layer that shows problems as pages where pages are asked for.
func (s *Server) dress(c *gin.Context) {
	if s.wantsPage(c) {
		requestOf(c.Request.Context()).show = s.showProblem
	}
	c.Next()
}

// showProblem shows a problem as a page. Who is not signed in is asked to.
func (s *Server) showProblem(c *gin.Context, p *Problem) {
	r := c.Request.WithContext(web.WithVisitor(c.Request.Context(), s.visitor(c.Request)))
	if p.Status == http.StatusUnauthorized && r.Method == http.MethodGet {
		s.site.AskToSignIn(c.Writer, r)
		return
	}
	shown := web.Problem{Status: p.Status, Title: p.Title, Detail: p.Detail, Instance: requestOf(r.Context()).id, Choices: choices(r, p)}
	if err := s.site.Problem(c.Writer, r, &shown); err != nil {
		// The answer has begun or cannot be made; what is left is the log.
		_ = s.answer(r.Context(), err)
	}
}

// choices are the ways on from a problem: the sources that share an id, the
// incident that took this one in, or back to where a form was.
func choices(r *http.Request, p *Problem) []web.Choice {
	var all []web.Choice
	for _, choice := range p.Choices {
		there := url.URL{Path: r.URL.Path, RawPath: r.URL.RawPath, RawQuery: url.Values{"source": {choice}}.Encode()}
		if p.slug() == incidentMerged.slug {
			there = url.URL{Path: "/incidents/" + choice}
		}
		all = append(all, web.Choice{Name: choice, Path: there.String()})
	}
	back, ok := strings.CutSuffix(r.URL.Path, "/verdict")
	if !ok {
		back, ok = strings.CutSuffix(r.URL.Path, "/commander")
	}
	if !ok {
		back, _, ok = strings.Cut(r.URL.Path, "/proposals/")
	}
	if ok && r.Method == http.MethodPost {
		all = append(all, web.Choice{Name: "Read the incident again", Path: (&url.URL{Path: back}).String()})
	}
	return all
}

// pageReader answers the pages with what the API's own routes answer.
type pageReader struct{ *Server }

// Incidents lists incidents.
func (p pageReader) Incidents(ctx context.Context, q query.Incidents) (query.Page[correlate.Incident], error) {
	return p.deps.Store.Incidents(ctx, q)
}

// Incident reads one incident, or says that there is none.
func (p pageReader) Incident(ctx context.Context, id string) (correlate.Incident, error) {
	return p.incident(ctx, id)
}

// Finding reads one version of a finding as the caller may see it.
func (p pageReader) Finding(ctx context.Context, incident string, version int) (correlate.Finding, error) {
	finding, err := p.finding(ctx, incident, version)
	if err != nil {
		return finding, err
	}
	standing, err := p.standing(ctx, incident)
	if err != nil {
		return finding, err
	}
	record, err := p.findingRecord(ctx, finding, standing, p.blinds(ctx, &standing))
	if err != nil {
		return finding, err
	}
	return record.Finding, nil
}

// Sheet reads the versions of a finding and what people say about it.
func (p pageReader) Sheet(ctx context.Context, incident string, limit int) (web.Sheet, error) {
	history, err := p.deps.Store.Judgements(ctx, []string{incident})
	if err != nil {
		return web.Sheet{}, fmt.Errorf("read the verdicts on %s: %w", incident, err)
	}
	sheet := web.Sheet{Standing: correlate.StandingOf(history), Judgements: history}
	sheet.Hidden = p.blinds(ctx, &sheet.Standing)
	if sheet.Proposals, err = p.proposals(ctx, incident); err != nil {
		return sheet, err
	}
	if sheet.Commands, err = p.commands(ctx, incident); err != nil {
		return sheet, err
	}
	sheet.CommandTag = commanderTag(incident, sheet.Commands)
	if sheet.Findings, err = p.findings(ctx, incident, limit); err != nil || len(sheet.Findings) == 0 {
		return sheet, err
	}
	record, err := p.findingRecord(ctx, sheet.Findings[0], sheet.Standing, sheet.Hidden)
	if err != nil {
		return sheet, err
	}
	sheet.Tag = record.etag
	_, err = p.enrich(ctx, sheet.Findings, sheet.Hidden)
	return sheet, err
}

// Standings tells what people say about some incidents.
func (p pageReader) Standings(ctx context.Context, incidents []string) (map[string]correlate.Standing, error) {
	return p.standings(ctx, incidents)
}

// Blinds reports whether the part of AI is hidden from the caller.
func (p pageReader) Blinds(ctx context.Context, standing *correlate.Standing) bool {
	return p.blinds(ctx, standing)
}

// Judge keeps a verdict on what the tag names.
func (p pageReader) Judge(ctx context.Context, incident, tag string, v web.Verdict) error {
	in := VerdictRequest{Decision: v.Decision, Reason: v.Reason}
	if v.Change != nil {
		in.Change = &ChangeRef{Source: v.Change.Source, ID: v.Change.ID}
	}
	_, err := p.judge(ctx, incident, tag, &in)
	return err
}

// Accept keeps a verdict of the visitor's own as an agent proposed it.
func (p pageReader) Accept(ctx context.Context, incident, proposal, tag, reason string) error {
	_, err := p.acceptAs(ctx, incident, proposal, tag, reason)
	return err
}

// Dismiss keeps that the visitor does not follow a proposal.
func (p pageReader) Dismiss(ctx context.Context, incident, proposal, reason string) error {
	_, err := p.dismiss(ctx, incident, proposal, reason)
	return err
}

// Timeline assembles what happened around an incident.
func (p pageReader) Timeline(ctx context.Context, incident string, from time.Time) (web.Timeline, error) {
	t, err := p.timeline(ctx, incident, from)
	if err != nil {
		return web.Timeline{}, err
	}
	shown := web.Timeline{From: t.From, To: t.To, Lanes: make([]web.Lane, len(t.Lanes))}
	for i, lane := range t.Lanes {
		moments := make([]web.Moment, len(lane.Moments))
		for j := range lane.Moments {
			m := &lane.Moments[j]
			moments[j] = web.Moment{
				At: m.At, Until: m.Until, Kind: m.Kind, Title: m.Title, Services: m.Services, Status: m.Status, Ref: m.Ref, Steps: m.Steps,
			}
		}
		shown.Lanes[i] = web.Lane{Name: lane.Name, Moments: moments, Truncated: lane.Truncated}
	}
	return shown, nil
}

// StoredReports lists the weeks that a report is stored of.
func (p pageReader) StoredReports(ctx context.Context, limit int) ([]web.Report, error) {
	stored, err := p.deps.Reports.Reports(ctx, limit)
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	all := make([]web.Report, len(stored))
	for i := range stored {
		all[i] = web.Report{Week: stored[i].Week, MadeAt: stored[i].MadeAt}
	}
	return all, nil
}

// Changes lists changes with their provenance.
func (p pageReader) Changes(ctx context.Context, q query.Changes) (query.Page[web.ChangeRecord], error) {
	page, err := p.deps.Store.Changes(ctx, q)
	if err != nil {
		return query.Page[web.ChangeRecord]{}, err
	}
	records, err := p.records(ctx, page.Items)
	return query.Page[web.ChangeRecord]{Items: pageRecords(records), Next: page.Next}, err
}

func pageRecords(records []ChangeRecord) []web.ChangeRecord {
	out := make([]web.ChangeRecord, len(records))
	for i := range records {
		out[i] = web.ChangeRecord{Change: records[i].Change, Provenance: records[i].Provenance}
	}
	return out
}

// Change reads the one change with this id, or says what stands in the way.
func (p pageReader) Change(ctx context.Context, id, source string) (web.ChangeRecord, error) {
	change, err := p.change(ctx, id, source)
	if err != nil {
		return web.ChangeRecord{}, err
	}
	records, err := p.records(ctx, []correlate.Change{change})
	if err != nil {
		return web.ChangeRecord{}, err
	}
	return pageRecords(records)[0], nil
}

// Radius predicts the blast radius of a change.
func (p pageReader) Radius(ctx context.Context, change *correlate.Change) (correlate.BlastRadius, error) {
	return p.changeRadius(ctx, change)
}

// pageServices answers the pages about services.
type pageServices struct{ *Server }

// Topology is the present call graph.
func (p pageServices) Topology(ctx context.Context) (correlate.Topology, error) {
	g, err := p.graphs.get(ctx)
	if err != nil {
		return correlate.Topology{}, err
	}
	return g.topology, nil
}

// Service reads a service with its neighbours and what goes on around it.
func (p pageServices) Service(ctx context.Context, name string) (web.ServiceRecord, error) {
	record, err := p.serviceRecord(ctx, name)
	if err != nil {
		return web.ServiceRecord{}, err
	}
	return web.ServiceRecord{
		Service: record.Service, Callers: record.Callers, Callees: record.Callees,
		RecentChanges: pageRecords(record.RecentChanges), OpenIncidents: record.OpenIncidents,
	}, nil
}
