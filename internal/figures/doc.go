// Package figures answers the questions of leadership from counted changes and
// judged incidents: do AI-assisted changes cause more incidents, are our own
// findings right, does the approval of a senior engineer help. It takes what the
// store counted and what people decided, applies internal/stats, and gives
// numbers together with the words that may be said about them.
//
// The unit is one change to production that has matured: its time to fail is
// over. Rollbacks, and changes made while an incident of the same service went
// on, stand apart, since they are part of the repair. An event is a change that
// a person confirmed to have caused an incident; what the engine merely suspects
// is a second line, never the headline. No figure is about a person.
package figures

import (
	"context"
	"fmt"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/assent"
	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/stats"
)

// Reader is the store as the figures see it.
type Reader interface {
	ChangeReader
	IncidentReader
}

// ChangeReader counts changes.
type ChangeReader interface {
	ChangeCells(ctx context.Context, p query.Period, blame query.Blame) (cells, weeks []query.ChangeCell, err error)
	ApprovalCells(ctx context.Context, p query.Period, levels *assent.Levels, blame query.Blame) ([]query.ApprovalCell, error)
	ServiceMoments(ctx context.Context, p query.Period, services []string) ([]query.ServiceMoments, error)
}

// IncidentReader lists incidents with what the engine and people said of them.
type IncidentReader interface {
	IncidentFacts(ctx context.Context, p query.Period) ([]query.IncidentFact, error)
	JudgementsWithin(ctx context.Context, p query.Period) ([]correlate.Judgement, error)
	SuspectFacts(ctx context.Context, p query.Period, ranks int) ([]query.SuspectFact, error)
}

// Config says how figures are made.
type Config struct {
	// Level is that of every interval.
	Level float64
	// ObservationWindow is how long a change has to fail after it started.
	ObservationWindow time.Duration
	// SuspectedFrom is the probability from which a first suspect counts in the
	// line of machine-suspected changes.
	SuspectedFrom float64
	// ChanceLookback is how long before an incident a change counts as near it,
	// ChanceReach how much of the period that is looked at, ChanceShifts how often
	// the incidents are moved.
	ChanceLookback, ChanceReach time.Duration
	ChanceShifts                int
	// BootstrapDraws is how often incidents are drawn.
	BootstrapDraws int
	// Levels says which approvals are a senior's: those of the policy.
	Levels assent.Levels
	// Labels is how well labels tell AI-assisted changes; no correction is
	// printed while both shares are zero.
	Labels stats.LabelQuality
	Gate   stats.Gate
}

// DefaultConfig observes each change for a day: of 69 public outages whose
// change has a stated time, 91% began within a day of it.
func DefaultConfig() Config {
	return Config{
		Level: 0.95, ObservationWindow: 24 * time.Hour, SuspectedFrom: 0.5,
		ChanceLookback: 4 * time.Hour, ChanceReach: 91 * 24 * time.Hour, ChanceShifts: 200, BootstrapDraws: 400,
		Gate: stats.DefaultGate(),
	}
}

// Service makes figures. It is safe for concurrent use.
type Service struct {
	cfg   Config
	store Reader
	now   func() time.Time
}

// New makes a service that reads from the store by a clock.
func New(cfg Config, store Reader, now func() time.Time) *Service {
	return &Service{cfg: cfg, store: store, now: now}
}

// MaxPeriod bounds a period: what the store keeps by default.
const MaxPeriod = 400 * 24 * time.Hour

// week is seven days; all times are UTC.
const week = 7 * 24 * time.Hour

// minAnchor is the least length of a default period.
const minAnchor = 13 * week

// Anchor is where the default period that ends at a moment starts: the Monday
// of the first or the 27th ISO week of a year, the last one that is 13 weeks
// back or more. Periods that share a start may be looked at every week; see
// stats.Looks.
func Anchor(until time.Time) time.Time {
	until = until.UTC()
	for year := until.Year() + 1; ; year-- {
		first := isoMonday(year)
		for _, start := range []time.Time{first.Add(26 * week), first} {
			if until.Sub(start) >= minAnchor {
				return start
			}
		}
	}
}

// isoMonday is the first day of an ISO year: the Monday of the week with the
// fourth of January.
func isoMonday(year int) time.Time {
	fourth := time.Date(year, time.January, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7)
}

// period fills in what was not asked for and refuses what makes no sense.
func (s *Service) period(from, to time.Time) (query.Period, error) {
	now := s.now().UTC()
	if to.IsZero() || to.After(now) {
		to = now
	}
	if from.IsZero() {
		from = Anchor(to)
	}
	p := query.Period{From: from.UTC(), To: to.UTC(), Mature: now.Add(-s.cfg.ObservationWindow)}
	switch {
	case !p.From.Before(p.To):
		return p, &PeriodError{Field: "from", Problem: "is not before to", Mend: "give a from that is earlier than to and than now"}
	case p.To.Sub(p.From) > MaxPeriod:
		return p, &PeriodError{Field: "from", Problem: fmt.Sprintf("is more than %d days before to", MaxPeriod/(24*time.Hour)), Mend: "ask for a shorter period"}
	}
	return p, nil
}

// PeriodError tells which end of a period cannot be used.
type PeriodError struct {
	Field, Problem, Mend string
}

// Error names the field, the problem and the mend.
func (e *PeriodError) Error() string { return e.Field + " " + e.Problem + "; " + e.Mend }
