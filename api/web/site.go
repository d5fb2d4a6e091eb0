package web

import (
	"errors"
	"net/http"
	"time"
)

// Deps are what the pages read.
type Deps struct {
	Incidents Incidents
	Findings  Findings
	Judges    Judges
	Proposals Proposals
	// Commanders keeps who commands; Tallies counts incidents for the list.
	Commanders Commanders
	Tallies    Tallies
	// Titles names the incidents of proposals.
	Titles    Titles
	Timelines Timelines
	Changes   Changes
	Services  Services
	Door      Door
	// SignOn may be nil: then tokens alone open the door.
	SignOn SignOn
	// Sources may be nil: then pages cannot tell how fresh events are and say so.
	Sources Sources
	Figures Figures
	Reports Reports
	// Policy and Letters may be nil: then their pages have nothing to show.
	Policy  Policy
	Letters Letters
	// Keys, Windows and Names serve the administration page and may be nil.
	Keys    Keys
	Windows Windows
	Names   Names
	// Audit may be nil: then the administration page does not tell who did what.
	Audit Audit
	// Lost may be nil: then nothing is undelivered.
	Lost Lost
	// Grafana is the address of a Grafana with the dashboards that ship, empty for
	// none: then pages do not lead there.
	Grafana string
	// Headlines may be nil: then lists do not show what was found.
	Headlines Headlines
	// Suspicions may be nil: then a change does not show where it is a suspect.
	Suspicions Suspicions
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Site renders the pages. It holds no state of its own and starts nothing.
type Site struct {
	deps   Deps
	pages  pages
	assets *assets
	fresh  *freshness
}

// New parses the templates.
func New(deps Deps) (*Site, error) {
	for _, needed := range []any{
		deps.Incidents, deps.Findings, deps.Judges, deps.Proposals, deps.Commanders, deps.Tallies, deps.Titles, deps.Timelines, deps.Changes, deps.Services, deps.Figures, deps.Reports, deps.Door,
	} {
		if needed == nil {
			return nil, errors.New("the pages need incidents, findings, judges, proposals, commanders, tallies, titles, timelines, changes, services, figures, reports and a door")
		}
	}
	if deps.Now == nil {
		deps.Now = time.Now
	}
	parsed, err := parsePages()
	if err != nil {
		return nil, err
	}
	files, err := loadAssets()
	if err != nil {
		return nil, err
	}
	return &Site{deps: deps, pages: parsed, assets: files, fresh: newFreshness(deps.Sources, deps.Now)}, nil
}

func (s *Site) now() time.Time { return s.deps.Now().UTC() }

// Route is one page or form. Path has its parameters in braces, as net/http
// writes them; Handle finds their values with PathValue and answers, or returns
// an error before it has written anything.
type Route struct {
	Method, Path string
	Need         Need
	Handle       func(w http.ResponseWriter, r *http.Request) error
}

// Routes lists every page.
func (s *Site) Routes() []Route {
	return []Route{
		{http.MethodGet, "/", NeedReader, s.incidentList},
		{http.MethodGet, "/incidents/{id}", NeedReader, s.incidentPage},
		{http.MethodPost, "/incidents/{id}/verdict", NeedJudge, s.judge},
		{http.MethodPost, "/incidents/{id}/proposals/{proposal}", NeedJudge, s.settle},
		{http.MethodPost, "/incidents/{id}/commander", NeedJudge, s.command},
		{http.MethodGet, "/proposals", NeedReader, s.proposalsPage},
		{http.MethodGet, "/changes", NeedReader, s.changeList},
		{http.MethodGet, "/changes/{id}", NeedReader, s.changePage},
		{http.MethodGet, "/services/{name}", NeedReader, s.servicePage},
		{http.MethodGet, "/topology", NeedReader, s.topologyPage},
		{http.MethodGet, "/figures", NeedReader, s.figuresPage},
		{http.MethodGet, "/reports", NeedReader, s.reportsPage},
		{http.MethodGet, "/policy", NeedReader, s.policyPage},
		{http.MethodGet, "/admin", NeedAdmin, s.adminPage},
		{http.MethodPost, "/admin/replay", NeedAdmin, s.replay},
		{http.MethodPost, "/admin/token", NeedAdmin, s.drawToken},
		{http.MethodPost, "/admin/maintenance", NeedAdmin, s.announce},
		{http.MethodPost, "/admin/maintenance/end", NeedAdmin, s.endWindow},
		{http.MethodPost, "/admin/notifications", NeedAdmin, s.settleLost},
		{http.MethodGet, "/sign-in", NeedNothing, s.signInPage},
		{http.MethodPost, "/sign-in", NeedNothing, s.signIn},
		{http.MethodGet, "/sign-in/provider", NeedNothing, s.beginSignOn},
		{http.MethodGet, "/sign-in/callback", NeedNothing, s.finishSignOn},
		{http.MethodPost, "/sign-out", NeedNothing, s.signOut},
		{http.MethodGet, "/assets/{digest}/{name}", NeedNothing, s.serveAsset},
	}
}

// menu lists the pages that the visitor may open.
func (s *Site) menu(section string, v Visitor) []menuEntry {
	if !v.CanRead {
		return nil
	}
	all := []menuEntry{
		{Name: "Incidents", Path: "/"},
		{Name: "Changes", Path: "/changes"},
		{Name: "Topology", Path: "/topology"},
		{Name: "Policy", Path: "/policy"},
		{Name: "Figures", Path: "/figures"},
		{Name: "Reports", Path: "/reports"},
	}
	if v.CanAdminister {
		all = append(all, menuEntry{Name: "Administration", Path: "/admin"})
	}
	for i := range all {
		all[i].Current = all[i].Name == section
	}
	return all
}

// Problem is a request that failed, as a page shows it.
type Problem struct {
	Status        int
	Title, Detail string
	// Instance is the id of the request, by which the log is found.
	Instance string
	// Choices are what would have been accepted, where they are few.
	Choices []Choice
}

// Choice is one way on from a problem.
type Choice struct{ Name, Path string }

// Problem answers with a page that says what went wrong and how to go on.
func (s *Site) Problem(w http.ResponseWriter, r *http.Request, p *Problem) error {
	return s.show(w, r, &view{page: "problem", title: p.Title, status: p.Status, body: p})
}

// AskToSignIn sends a visitor to the sign-in page and back afterwards.
func (s *Site) AskToSignIn(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, signInPath(r.URL.RequestURI()), http.StatusSeeOther)
}
