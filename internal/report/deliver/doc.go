// Package deliver keeps the weekly report going: it makes the report of each week
// once, stores it, and brings it to its recipients by mail, Slack and files. Each
// delivery is noted in a ledger right before the step from which on it may arrive,
// and when it has ended, so that a restart sends nothing twice and repeats what
// cannot have arrived. Of many processes with the role one is at work on
// a week at a time. What may have arrived (the connection broke after
// the last byte) is not sent again: a report that is missed can be read in the
// API, one that comes twice makes people doubt both.
package deliver

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// ErrUnsure is wrapped by the error of a delivery that may have arrived.
var ErrUnsure = errors.New("the delivery may have arrived")

// ErrFinal is wrapped by the error of a delivery that no retry mends.
var ErrFinal = errors.New("the delivery is refused")

// Maker makes the report of a week.
type Maker interface {
	Build(ctx context.Context, w report.Week) (report.Report, error)
}

// Archive keeps reports. StoredReport returns query.ErrNotFound for a week
// without one.
type Archive interface {
	SaveReport(ctx context.Context, r query.StoredReport) error
	StoredReport(ctx context.Context, week string) ([]byte, error)
	StoredReports(ctx context.Context, limit int) ([]query.StoredReport, error)
}

// Ledger keeps what became of deliveries.
type Ledger interface {
	SaveDelivery(ctx context.Context, d query.Delivery) error
	Deliveries(ctx context.Context, week string) (map[string]query.DeliveryState, error)
	Claims
}

// Claims lets one of many processes work on a week. Claimants lists those whose
// claim is younger than a lease and not released, in the order in which the store
// stamped their first.
type Claims interface {
	SaveClaim(ctx context.Context, c query.Claim) error
	Claimants(ctx context.Context, week string, lease time.Duration) ([]string, error)
}

// Begin notes that a delivery may arrive from now on. Without that note nothing
// may be sent.
type Begin func(ctx context.Context) error

// Channel is a way to bring a report to people.
type Channel interface {
	// Recipients are stable names without secrets, such as mail:a@example.org.
	Recipients() []string
	// Send brings the report to one of them. It calls begin right before the step
	// from which on the report may arrive, as late as it can, and ends without that
	// step when begin fails; a delivery that may be repeated at will needs no begin.
	// Its error wraps ErrUnsure or ErrFinal where they apply; any other is worth a
	// retry.
	Send(ctx context.Context, r *report.Report, recipient string, begin Begin) error
}

// Config says when reports are made and how patiently they are delivered.
type Config struct {
	// Schedule is five cron fields, Zone where they and the weeks are counted.
	Schedule string
	Zone     *time.Location
	// Attempts is how often a delivery is tried; the pause after the first failure
	// is Pause, and doubles after each further one.
	Attempts int
	Pause    time.Duration
	// Timeout bounds one attempt, MakeTimeout the making of a report.
	Timeout, MakeTimeout time.Duration
	// Lease is how long a claim on a week holds without being renewed, Settle how
	// long a note may take to become visible to every process.
	Lease, Settle time.Duration
}

// DefaultConfig makes the report on Monday at six and tries for about an hour.
func DefaultConfig() Config {
	return Config{
		Schedule: "0 6 * * 1", Zone: time.UTC, Attempts: 6, Pause: time.Minute,
		Timeout: time.Minute, MakeTimeout: 5 * time.Minute, Lease: 3 * time.Minute, Settle: 3 * time.Second,
	}
}

// Desk makes, stores and delivers reports. It is safe for concurrent use.
type Desk struct {
	cfg      Config
	maker    Maker
	archive  Archive
	ledger   Ledger
	channels []Channel
	log      *slog.Logger
	now      func() time.Time
	// turn holds one token: whoever has it makes and delivers.
	turn chan struct{}
}

// New makes a desk that does nothing until it runs.
func New(cfg Config, maker Maker, archive Archive, ledger Ledger, channels []Channel, log *slog.Logger, now func() time.Time) *Desk {
	d := &Desk{cfg: cfg, maker: maker, archive: archive, ledger: ledger, channels: channels, log: log, now: now, turn: make(chan struct{}, 1)}
	d.turn <- struct{}{}
	return d
}
