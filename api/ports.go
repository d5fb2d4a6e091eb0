package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/api/web"
	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/event"
	"github.com/faultline/faultline/internal/figures"
	"github.com/faultline/faultline/internal/policy"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// Intake takes deliveries in. Accept returns only when every accepted event is
// durable. Kind is empty for a vendor's format, which decides by itself what it
// holds; format is "faultline" for the contract's own JSON.
//
// Elements that cannot be used are rejected one by one in the receipt. An error
// means that nothing was taken: *event.FieldError (the document as a whole is
// at fault), event.ErrBadSignature, *event.UnknownFormatError, or one that
// wraps event.ErrUnavailable. The body belongs to the caller again when Accept
// returns.
//
// Readmit takes in what an administrator sends in again, whose signature nobody
// checks: what came over Kafka has none.
type Intake interface {
	Accept(ctx context.Context, kind event.Kind, format string, header http.Header, body []byte) (event.Receipt, error)
	Readmit(ctx context.Context, kind event.Kind, format string, header http.Header, body []byte) (event.Receipt, error)
}

// Signatures tells which webhook formats prove their sender by a signature.
// When Checked reports true, Accept refuses every delivery of that format that
// is not signed with the configured secret; such a delivery needs no token,
// since the signature is its proof. Forges cannot send a bearer token.
type Signatures interface {
	Checked(format string) bool
}

// IncidentReader reads incidents. Incident returns query.ErrNotFound for an id
// that is not stored.
type IncidentReader interface {
	Incidents(ctx context.Context, q query.Incidents) (query.Page[correlate.Incident], error)
	Incident(ctx context.Context, id string) (correlate.Incident, error)
	IncidentAlerts(ctx context.Context, incident string) ([]correlate.Alert, error)
}

// IncidentCounter counts incidents by status and severity, under all of a filter
// but these two and the page.
type IncidentCounter interface {
	IncidentCounts(ctx context.Context, q query.Incidents) ([]query.IncidentCount, error)
}

// FindingReader reads findings. Version 0 is the latest one; Findings answers
// newest first.
type FindingReader interface {
	Finding(ctx context.Context, incident string, version int) (correlate.Finding, error)
	Findings(ctx context.Context, incident string, limit int) ([]correlate.Finding, error)
}

// ChangeReader reads changes and the provenance that was given to them.
// ChangesByID returns one change per source that knows the id; source may be
// empty.
type ChangeReader interface {
	Changes(ctx context.Context, q query.Changes) (query.Page[correlate.Change], error)
	ChangesByID(ctx context.Context, id, source string) ([]correlate.Change, error)
	Provenances(ctx context.Context, keys []correlate.Key) (map[correlate.Key]correlate.Provenance, error)
}

// TopologyReader reads the call graph, merged over its sources.
type TopologyReader interface {
	Topology(ctx context.Context, asOf time.Time) (correlate.Topology, error)
	Service(ctx context.Context, name string) (correlate.Service, error)
}

// UpdateReader tells which incidents have newer rows, oldest first.
type UpdateReader interface {
	UpdatedSince(ctx context.Context, after time.Time, limit int) ([]query.Update, error)
}

// JudgementKeeper keeps what people decide about findings. Judgements answers
// those on some incidents, the oldest first. SaveJudgement also keeps who did it
// in the audit; its id is a UUID.
type JudgementKeeper interface {
	Judgements(ctx context.Context, incidents []string) ([]correlate.Judgement, error)
	SaveJudgement(ctx context.Context, j correlate.Judgement) error
}

// ProposalKeeper keeps what agents propose, apart from what people decide.
// Proposals answers those on an incident, the oldest first; ids are UUIDs.
// Nothing that counts verdicts reads them.
type ProposalKeeper interface {
	Proposals(ctx context.Context, incident string) ([]query.Proposal, error)
	SaveProposal(ctx context.Context, p query.Proposal) error
	SettleProposal(ctx context.Context, p query.Proposal) error
}

// ProposalLister lists what agents propose over all incidents, newest first.
type ProposalLister interface {
	ProposalPage(ctx context.Context, q query.Proposals) (query.Page[query.Proposal], error)
}

// CommandKeeper keeps who commands incidents. Commands answers every word about
// it, the oldest first. SaveCommand also keeps who said so in the audit; its id is
// a UUID.
type CommandKeeper interface {
	Commands(ctx context.Context, incidents []string) ([]query.Command, error)
	SaveCommand(ctx context.Context, c query.Command) error
}

// ProvenanceKeeper keeps what people and later rules say about provenance.
// Overrides answers newest first; the id of SaveOverride is a UUID for its audit
// entry. Labels count for what was stored before their moment.
type ProvenanceKeeper interface {
	Overrides(ctx context.Context, change correlate.Key) ([]correlate.ProvenanceOverride, error)
	SaveOverride(ctx context.Context, id string, change correlate.Key, by correlate.ProvenanceOverride) error
	SaveLabels(ctx context.Context, labels []query.Label, by string, at time.Time) error
}

// DecisionKeeper keeps the answers of the policy gate.
type DecisionKeeper interface {
	SaveDecision(ctx context.Context, d query.GateDecision) error
	Decisions(ctx context.Context, q query.GateDecisions) (query.Page[query.GateDecision], error)
}

// MaintenanceKeeper keeps announced windows, the latest to begin first.
// SaveMaintenance also keeps who did what in the audit.
type MaintenanceKeeper interface {
	MaintenanceWindows(ctx context.Context, since time.Time) ([]query.MaintenanceWindow, error)
	SaveMaintenance(ctx context.Context, w query.MaintenanceWindow, entry query.AuditEntry) error
}

// PolicyJudge judges changes by a version of rules.
type PolicyJudge interface {
	Judge(in *policy.Input) policy.Decision
	Version() string
}

// Labeller tells the provenance of a change by the rules of a version.
type Labeller interface {
	Label(change *correlate.Change) correlate.Provenance
	Version() string
}

// Store is everything that the API reads, and what people write through it. Times in it are UTC with millisecond
// precision, and values belong to the caller.
type Store interface {
	IncidentReader
	IncidentCounter
	FindingReader
	ChangeReader
	TopologyReader
	UpdateReader
	JudgementKeeper
	ProposalKeeper
	ProposalLister
	CommandKeeper
	ProvenanceKeeper
	DecisionKeeper
	MaintenanceKeeper
}

// FigureMaker makes the figures for leadership. Zero times mean its default
// period. A period that cannot be used is a *figures.PeriodError.
type FigureMaker interface {
	AIImpact(ctx context.Context, from, to time.Time) (figures.Impact, error)
	Accuracy(ctx context.Context, from, to time.Time) (figures.Accuracy, error)
	Policy(ctx context.Context, from, to time.Time) (figures.PolicyEffect, error)
}

// Reporter gives weekly reports. A week that is no week is an error that is
// neither query.ErrNotFound, which a week that has not begun is, nor of the store.
type Reporter interface {
	Report(ctx context.Context, week string) (report.Report, error)
	Reports(ctx context.Context, limit int) ([]query.StoredReport, error)
}

// Probe is one condition of readiness, such as "clickhouse". Check returns nil
// when it holds, and must obey its context.
type Probe struct {
	Name  string
	Check func(ctx context.Context) error
}

// Deps are what the API stands on.
type Deps struct {
	Store  Store
	Intake Intake
	// Figures makes the figures for leadership.
	Figures FigureMaker
	// Reports gives the weekly reports.
	Reports Reporter
	// Signatures may be nil: then every webhook needs a token.
	Signatures Signatures
	// Labeller may be nil: then rules cannot be applied to history.
	Labeller Labeller
	// Policy may be nil: then the gate and its violations cannot be asked.
	Policy PolicyJudge
	Probes []Probe
	// Headlines, Suspicions and Sources serve the pages alone and may be nil:
	// then pages leave out what they tell.
	Headlines  web.Headlines
	Suspicions web.Suspicions
	Sources    web.Sources
	// Names tells the administration page how senders' names become services; it
	// may be nil.
	Names web.Names
	// Letters serves the administration page and may be nil. KindOfTopic tells
	// what a Kafka topic carries, empty for an unknown one.
	Letters     LetterReader
	KindOfTopic func(topic string) event.Kind
	// Audit keeps who did what, for the administration page; it may be nil.
	Audit AuditKeeper
	// Lost serves what notifications could not deliver; nil means that nobody is
	// told anything. It needs Letters, which keeps the audit.
	Lost LostKeeper
	// Chat makes the handler of the buttons that people press in Slack, which
	// proves by its signature who speaks; nil means that there are none.
	Chat func(judge Judge) http.Handler
	// Agents makes the handler for assistants at /mcp, which asks the given API
	// with each caller's own token; nil means that there is none.
	Agents func(api http.Handler) http.Handler
	// SignOn lets people in by an identity provider; nil means by token alone.
	SignOn *SignOn
	// Metrics serves /metrics; Registerer takes the API's own.
	Metrics    http.Handler
	Registerer prometheus.Registerer
	Log        *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// complete reports what is missing and fills what may be left out.
func (d *Deps) complete() error {
	if d.Store == nil || d.Intake == nil || d.Figures == nil || d.Reports == nil || d.Metrics == nil || d.Registerer == nil || d.Log == nil {
		return errors.New("the API needs a store, an intake, figures, reports, a metrics handler, a metrics registry and a logger")
	}
	if d.Now == nil {
		d.Now = time.Now
	}
	if d.KindOfTopic == nil {
		d.KindOfTopic = func(string) event.Kind { return "" }
	}
	return nil
}
