package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// world is all that the pages read, in memory. Its zero value has nothing in it.
type world struct {
	incidents  []correlate.Incident
	next       string
	sheets     map[string]Sheet
	standings  map[string]correlate.Standing
	blind      bool
	headlines  []query.Headline
	suspicions []query.Suspicion
	suspected  map[string][]string
	commanders map[string]string
	totals     query.IncidentTotals
	waiting    []query.Proposal
	timeline   Timeline
	changes    []ChangeRecord
	radius     correlate.BlastRadius
	topology   correlate.Topology
	service    ServiceRecord
	fresh      []query.Freshness
	impact     figures.Impact
	accuracy   figures.Accuracy
	effect     figures.PolicyEffect
	reports    []Report
	rules      Rules
	violations []Violation
	gate       []GateWord
	letters    []query.DeadLetter
	lost       []query.Undelivered
	audit      []query.AuditEntry
	windows    []Window
	tokens     []Token
	nameRules  []NameRule
	grafana    string

	// asked are the ports that a page used, broken the one that fails.
	asked  []string
	broken string
	// did is what a form had the world do.
	did []string
	// seen are the questions that were asked of lists.
	seenIncidents  query.Incidents
	seenChanges    query.Changes
	seenViolations ViolationQuery
}

// errBroken is what a broken port says.
var errBroken = errors.New("the port is broken")

// use notes that a port was asked.
func (w *world) use(port string) error {
	w.asked = append(w.asked, port)
	if w.broken == port {
		return errBroken
	}
	return nil
}

func (w *world) note(format string, args ...any) { w.did = append(w.did, fmt.Sprintf(format, args...)) }

func (w *world) Incidents(_ context.Context, q query.Incidents) (query.Page[correlate.Incident], error) {
	w.seenIncidents = q
	page := query.Page[correlate.Incident]{Next: w.next}
	for i := range w.incidents {
		in := &w.incidents[i]
		if (len(q.Status) == 0 || slices.Contains(q.Status, in.Status)) && (q.Service == "" || slices.Contains(in.Services, q.Service)) && (q.To.IsZero() || in.StartedAt.Before(q.To)) {
			page.Items = append(page.Items, *in)
		}
	}
	return page, w.use("Incidents")
}

var errNoSuch = errors.New("there is no such thing")

func (w *world) Incident(_ context.Context, id string) (in correlate.Incident, err error) {
	for i := range w.incidents {
		if w.incidents[i].ID == id {
			return w.incidents[i], w.use("Incident")
		}
	}
	return in, errNoSuch
}

func (w *world) Sheet(_ context.Context, incident string, _ int) (Sheet, error) {
	return w.sheets[incident], w.use("Sheet")
}

func (w *world) Finding(_ context.Context, incident string, version int) (correlate.Finding, error) {
	return correlate.Finding{Incident: incident, Version: version, AsOf: onset}, w.use("Finding")
}

func (w *world) Judge(_ context.Context, incident, tag string, v Verdict) error {
	w.note("judge %s %s %s %v %s", incident, tag, v.Decision, v.Change, v.Reason)
	return w.use("Judge")
}

func (w *world) Standings(context.Context, []string) (map[string]correlate.Standing, error) {
	return w.standings, w.use("Standings")
}

func (w *world) Blinds(_ context.Context, standing *correlate.Standing) bool {
	return w.blind && standing.Judgements == 0
}

func (w *world) Headlines(context.Context, []string) ([]query.Headline, error) {
	return w.headlines, w.use("Headlines")
}

func (w *world) Suspicions(context.Context, correlate.Key) ([]query.Suspicion, error) {
	return w.suspicions, w.use("Suspicions")
}

func (w *world) Suspected(_ context.Context, changes []correlate.Key) (map[correlate.Key][]string, error) {
	all := map[correlate.Key][]string{}
	for _, c := range changes {
		if ids := w.suspected[c.ID]; ids != nil {
			all[c] = ids
		}
	}
	return all, w.use("Suspected")
}

func (w *world) Commanders(context.Context, []string) (map[string]string, error) {
	return w.commanders, w.use("Commanders")
}

func (w *world) Command(_ context.Context, incident, tag, name string) error {
	w.note("command %s %s %q", incident, tag, name)
	return w.use("Command")
}

func (w *world) IncidentTotals(context.Context, query.Incidents) (query.IncidentTotals, error) {
	return w.totals, w.use("IncidentTotals")
}

func (w *world) Waiting(context.Context, query.Proposals) (query.Page[query.Proposal], error) {
	return query.Page[query.Proposal]{Items: w.waiting, Next: w.next}, w.use("Waiting")
}

func (w *world) Accept(_ context.Context, incident, proposal, tag, reason string) error {
	w.note("accept %s %s %s %s", incident, proposal, tag, reason)
	return w.use("Accept")
}

func (w *world) Dismiss(_ context.Context, incident, proposal, reason string) error {
	w.note("dismiss %s %s %q", incident, proposal, reason)
	return w.use("Dismiss")
}

func (w *world) Titles(_ context.Context, ids []string) (map[string]string, error) {
	titles := map[string]string{}
	for i := range w.incidents {
		if slices.Contains(ids, w.incidents[i].ID) {
			titles[w.incidents[i].ID] = w.incidents[i].Title
		}
	}
	return titles, w.use("Titles")
}

func (w *world) Timeline(context.Context, string, time.Time) (Timeline, error) {
	return w.timeline, w.use("Timeline")
}

func (w *world) Changes(_ context.Context, q query.Changes) (query.Page[ChangeRecord], error) {
	w.seenChanges = q
	return query.Page[ChangeRecord]{Items: w.changes, Next: w.next}, w.use("Changes")
}

func (w *world) Change(_ context.Context, id, _ string) (ChangeRecord, error) {
	for i := range w.changes {
		if w.changes[i].ID == id {
			return w.changes[i], w.use("Change")
		}
	}
	return ChangeRecord{}, errNoSuch
}

func (w *world) Radius(context.Context, *correlate.Change) (correlate.BlastRadius, error) {
	return w.radius, w.use("Radius")
}

func (w *world) Topology(context.Context) (correlate.Topology, error) {
	return w.topology, w.use("Topology")
}

func (w *world) Service(context.Context, string) (ServiceRecord, error) {
	return w.service, w.use("Service")
}

func (w *world) Freshness(context.Context) ([]query.Freshness, error) {
	return w.fresh, w.use("Freshness")
}

func (w *world) AIImpact(context.Context, time.Time, time.Time) (figures.Impact, error) {
	return w.impact, w.use("AIImpact")
}

func (w *world) Accuracy(context.Context, time.Time, time.Time) (figures.Accuracy, error) {
	return w.accuracy, w.use("Accuracy")
}

func (w *world) Policy(context.Context, time.Time, time.Time) (figures.PolicyEffect, error) {
	return w.effect, w.use("PolicyEffect")
}

func (w *world) StoredReports(context.Context, int) ([]Report, error) {
	return w.reports, w.use("StoredReports")
}

func (w *world) Rules() Rules { return w.rules }

func (w *world) Violations(_ context.Context, q ViolationQuery) (query.Page[Violation], error) {
	w.seenViolations = q
	return query.Page[Violation]{Items: w.violations, Next: w.next}, w.use("Violations")
}

func (w *world) Of(context.Context, *correlate.Change) ([]Violation, []GateWord, error) {
	return w.violations, w.gate, w.use("Of")
}

func (w *world) DeadLetters(context.Context, int) ([]query.DeadLetter, error) {
	return w.letters, w.use("DeadLetters")
}

func (w *world) Replay(_ context.Context, place query.LetterPlace) (Replayed, error) {
	w.note("replay %s %d %d %d", place.Topic, place.Partition, place.Offset, place.Digest)
	return Replayed{Accepted: 2, Duplicates: 1, Rejected: []string{"no \u202ekind"}}, w.use("Replay")
}

func (w *world) Undelivered(context.Context, int) ([]query.Undelivered, error) {
	return w.lost, w.use("Undelivered")
}

func (w *world) Again(_ context.Context, target, incident string) error {
	w.note("again %s %s", target, incident)
	return w.use("Again")
}

func (w *world) Forget(_ context.Context, target, incident string) error {
	w.note("forget %s %s", target, incident)
	return w.use("Forget")
}

func (w *world) AuditEntries(context.Context, int) ([]query.AuditEntry, error) {
	return w.audit, w.use("AuditEntries")
}

func (w *world) Windows(context.Context) ([]Window, error) { return w.windows, w.use("Windows") }

func (w *world) Announce(_ context.Context, a *Announcement) error {
	w.note("announce %v in %q", a.Services, a.Environment)
	return w.use("Announce")
}

func (w *world) EndWindow(_ context.Context, id string) error {
	w.note("end %s", id)
	return w.use("EndWindow")
}

func (w *world) Tokens() []Token { return w.tokens }
func (w *world) Roles() []string { return []string{"reader", "judge", "admin"} }

func (w *world) Draw(_ context.Context, name, role string) (text, entry string, err error) {
	w.note("draw %q %s", name, role)
	return "flt_secret", "- {id: x}", w.use("Draw")
}

func (w *world) SignIn(_ http.ResponseWriter, _ *http.Request, token string) error {
	if token != "flt_good" {
		return errors.New("the token is not known")
	}
	return w.use("SignIn")
}

func (w *world) SignOut(http.ResponseWriter, *http.Request) { w.note("sign out") }

// namesOf is the port of names, whose Rules are others than those of the policy.
type namesOf struct{ *world }

func (n namesOf) Rules() []NameRule             { return n.nameRules }
func (namesOf) AlertLabels() []string           { return []string{"service", "app"} }
func (namesOf) Environments() map[string]string { return map[string]string{"prd": "production"} }
func (n namesOf) Name(_, _, value string) (string, bool) {
	for _, r := range n.nameRules {
		if r.Value == value {
			return r.Service, true
		}
	}
	return value, false
}

// deps are the world's ports.
func (w *world) deps() Deps {
	return Deps{
		Incidents: w, Findings: w, Judges: w, Proposals: w, Commanders: w, Tallies: w, Titles: w, Timelines: w, Changes: w, Services: w, Door: w, Sources: w,
		Figures: w, Reports: w, Policy: w, Letters: w, Keys: w, Windows: w, Names: namesOf{w}, Audit: w, Lost: w, Headlines: w, Suspicions: w,
		Grafana: w.grafana, Now: func() time.Time { return onset.Add(time.Hour) },
	}
}

// The visitors that pages tell apart.
var (
	stranger = Visitor{CanRead: true}
	reader   = Visitor{Name: "rita", Role: "reader", SignedIn: true, FormToken: "proof", CanRead: true}
	judge    = Visitor{Name: "jo", Role: "judge", SignedIn: true, FormToken: "proof", CanRead: true, CanJudge: true}
	admin    = Visitor{Name: "ada", Role: "admin", SignedIn: true, FormToken: "proof", CanRead: true, CanJudge: true, CanAdminister: true}
)

// serve answers a request as the API does, without its checks. The error is that of
// the page.
func (w *world) serve(t *testing.T, v Visitor, r *http.Request) (*httptest.ResponseRecorder, error) {
	t.Helper()
	deps := w.deps()
	site := bareSite(t, deps)
	site.deps, site.fresh = deps, newFreshness(deps.Sources, deps.Now)
	w.asked = nil
	mux, failed := http.NewServeMux(), errNoSuch
	for _, route := range site.Routes() {
		pattern := route.Method + " " + route.Path
		if route.Path == "/" {
			pattern += "{$}"
		}
		mux.HandleFunc(pattern, func(rw http.ResponseWriter, r *http.Request) { failed = route.Handle(rw, r) })
	}
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, r.WithContext(WithVisitor(r.Context(), v)))
	return answer, failed
}

// get opens a page that must be there.
func (w *world) get(t *testing.T, v Visitor, path string) *reading {
	t.Helper()
	answer, err := w.serve(t, v, httptest.NewRequest(http.MethodGet, path, http.NoBody))
	if err != nil || answer.Code != http.StatusOK {
		t.Fatalf("%s: status %d, %v", path, answer.Code, err)
	}
	return read(t, answer.Body.String())
}

// post sends a form.
func (w *world) post(t *testing.T, v Visitor, path string, form url.Values) (*httptest.ResponseRecorder, error) {
	t.Helper()
	r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return w.serve(t, v, r)
}

// request asks for a page.
func request(path string) *http.Request {
	return httptest.NewRequest(http.MethodGet, path, http.NoBody)
}
