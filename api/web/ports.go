package web

import (
	"context"
	"net/http"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/query"
)

// Incidents reads incidents. Errors are answered by the caller
// of the pages, who knows what each of them means.
type Incidents interface {
	Incidents(ctx context.Context, q query.Incidents) (query.Page[correlate.Incident], error)
	Incident(ctx context.Context, id string) (correlate.Incident, error)
}

// Findings reads findings with the provenance and the links of their suspects
// filled in, as far as the caller may see them yet. Version 0 is the latest one.
type Findings interface {
	Sheet(ctx context.Context, incident string, limit int) (Sheet, error)
	Finding(ctx context.Context, incident string, version int) (correlate.Finding, error)
}

// Judges takes and tells what people decide. Judge refuses a verdict on
// something else than the newest finding that the tag names.
type Judges interface {
	Judge(ctx context.Context, incident, tag string, v Verdict) error
	Standings(ctx context.Context, incidents []string) (map[string]correlate.Standing, error)
	// Blinds reports whether the caller must not see yet what part AI had in the
	// suspects of an incident with this standing.
	Blinds(ctx context.Context, standing *correlate.Standing) bool
}

// Headlines reads the newest finding of many incidents in a few words each.
type Headlines interface {
	Headlines(ctx context.Context, incidents []string) ([]query.Headline, error)
}

// Suspicions finds the incidents in whose newest finding a change is a suspect,
// the most recent first.
type Suspicions interface {
	Suspicions(ctx context.Context, change correlate.Key) ([]query.Suspicion, error)
	// Suspected answers the same incidents for many changes at once.
	Suspected(ctx context.Context, changes []correlate.Key) (map[correlate.Key][]string, error)
}

// Timelines assembles what happened around an incident since a moment; the zero
// time leaves the reach to the API.
type Timelines interface {
	Timeline(ctx context.Context, incident string, from time.Time) (Timeline, error)
}

// Changes reads changes with their provenance.
type Changes interface {
	Changes(ctx context.Context, q query.Changes) (query.Page[ChangeRecord], error)
	Change(ctx context.Context, id, source string) (ChangeRecord, error)
	Radius(ctx context.Context, change *correlate.Change) (correlate.BlastRadius, error)
}

// Services reads the call graph and single services of it.
type Services interface {
	Topology(ctx context.Context) (correlate.Topology, error)
	Service(ctx context.Context, name string) (ServiceRecord, error)
}

// Sources tells how fresh the events of each source are.
type Sources interface {
	Freshness(ctx context.Context) ([]query.Freshness, error)
}

// Figures answers the questions of leadership for a period; zero times mean the
// default one.
type Figures interface {
	AIImpact(ctx context.Context, from, to time.Time) (figures.Impact, error)
	Accuracy(ctx context.Context, from, to time.Time) (figures.Accuracy, error)
	Policy(ctx context.Context, from, to time.Time) (figures.PolicyEffect, error)
}

// Reports lists the stored weekly reports, newest first.
type Reports interface {
	StoredReports(ctx context.Context, limit int) ([]Report, error)
}

// Policy tells what went through against the rules.
type Policy interface {
	Rules() Rules
	Violations(ctx context.Context, q ViolationQuery) (query.Page[Violation], error)
	// Of tells how one change stands to the rules in force, and what the gate
	// said of it, newest first.
	Of(ctx context.Context, change *correlate.Change) (kept []Violation, gate []GateWord, err error)
}

// Letters lists the messages that could not be used and sends them in again.
type Letters interface {
	DeadLetters(ctx context.Context, limit int) ([]query.DeadLetter, error)
	Replay(ctx context.Context, place query.LetterPlace) (Replayed, error)
}

// Windows lists, announces and ends maintenance windows.
type Windows interface {
	Windows(ctx context.Context) ([]Window, error)
	Announce(ctx context.Context, a *Announcement) error
	EndWindow(ctx context.Context, id string) error
}

// Names tells how senders' names become services. Name answers what a value
// becomes, and whether a rule says so.
type Names interface {
	Rules() []NameRule
	AlertLabels() []string
	Environments() map[string]string
	Name(source, attribute, value string) (service string, byRule bool)
}

// Keys lists the tokens, and draws new ones, which it keeps nowhere: entry is
// what the configuration needs to know of it.
type Keys interface {
	Tokens() []Token
	Roles() []string
	Draw(ctx context.Context, name, role string) (text, entry string, err error)
}

// Audit tells who did what through pages and API, newest first.
type Audit interface {
	AuditEntries(ctx context.Context, limit int) ([]query.AuditEntry, error)
}

// Door lets visitors in by a token and out again. SignIn sets the session cookie
// on success; its error is a sentence for the visitor.
type Door interface {
	SignIn(w http.ResponseWriter, r *http.Request, token string) error
	SignOut(w http.ResponseWriter, r *http.Request)
}

// SignOn lets visitors in whom an identity provider vouches for. Errors are
// sentences for the visitor. FinishSignOn returns where the visitor wanted to go.
type SignOn interface {
	ProviderName() string
	BeginSignOn(w http.ResponseWriter, r *http.Request, next string) (address string, err error)
	FinishSignOn(w http.ResponseWriter, r *http.Request) (next string, err error)
}

// Sheet is what the machine found and what people say about it.
type Sheet struct {
	// Findings are the versions, newest first; there may be none.
	Findings []correlate.Finding
	Standing correlate.Standing
	// Judgements are all that were ever given, oldest first.
	Judgements []correlate.Judgement
	// Proposals are what agents proposed, oldest first.
	Proposals []query.Proposal
	// Commands are all words about who commands, oldest first; CommandTag names them
	// to whoever says another.
	Commands   []query.Command
	CommandTag string
	// Hidden tells that the part of AI in the suspects is left out for this
	// caller until people have decided.
	Hidden bool
	// Tag names the newest finding together with the verdicts on it.
	Tag string
}

// Verdict is a decision that a visitor makes. Change is nil for "no change".
type Verdict struct {
	Decision correlate.Decision
	Change   *correlate.Key
	Reason   string
}

// ChangeRecord is a change with the provenance that it was given, nil while
// nothing has looked at it.
type ChangeRecord struct {
	correlate.Change
	Provenance *correlate.Provenance
}

// ServiceRecord is a service with its neighbours and what goes on around it.
type ServiceRecord struct {
	Service       correlate.Service
	Callers       []correlate.Edge
	Callees       []correlate.Edge
	RecentChanges []ChangeRecord
	OpenIncidents []correlate.Incident
}

// Timeline is what happened around an incident, in lanes.
type Timeline struct {
	From time.Time
	// To is nil while the incident goes on.
	To    *time.Time
	Lanes []Lane
}

// Lane is one row of a timeline: alerts, changes, rollouts, responders or
// findings.
type Lane struct {
	Name      string
	Moments   []Moment
	Truncated bool
}

// Moment is one thing that happened, or an interval when Until is set. Ref names
// the thing as evidence does: alert:<fingerprint>, change:<source>/<id> or
// finding:<incident>/<version>.
type Moment struct {
	At       time.Time
	Until    *time.Time
	Kind     string
	Title    string
	Services []string
	Status   string
	Ref      string
	Steps    []correlate.RolloutStep
}
