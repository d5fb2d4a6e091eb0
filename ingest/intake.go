package ingest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/faultline/faultline/internal/event"
)

// intakeToken marks the inserts of deliveries that came by HTTP. The store
// adds what the rows are.
const intakeToken = "http"

// IntakeConfig bounds the intake.
type IntakeConfig struct {
	// PendingBytes bounds the bodies that wait for their insert.
	PendingBytes int
	// InsertTimeout bounds the insert of one group of deliveries, with its
	// repetitions.
	InsertTimeout time.Duration
	// RetryMin and RetryMax bound the pause between two attempts.
	RetryMin, RetryMax time.Duration
	// Secrets holds the signing secret of each format whose deliveries must be
	// signed.
	Secrets map[string]Secret
}

// Secret is a signing secret. It is never printed.
type Secret string

// String hides the secret.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[redacted]"
}

// GoString hides the secret.
func (s Secret) GoString() string { return s.String() }

// LogValue hides the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText hides the secret.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// DefaultIntakeConfig returns settings without secrets.
func DefaultIntakeConfig() IntakeConfig {
	return IntakeConfig{
		PendingBytes: 32 << 20, InsertTimeout: 10 * time.Second,
		RetryMin: 50 * time.Millisecond, RetryMax: time.Second,
	}
}

// IntakeDeps are what an Intake works with.
type IntakeDeps struct {
	Decoder  Decoder
	Verifier Verifier
	// Labeller may be nil.
	Labeller   Labeller
	Store      Store
	Seen       SeenStore
	Registerer prometheus.Registerer
	Log        *slog.Logger
	// Now is the clock, time.Now when nil.
	Now func() time.Time
}

// Intake takes events in by HTTP. Deliveries that arrive while an insert is
// running are inserted together by the next one, so that many small posts cost
// few inserts. It has no goroutines of its own.
type Intake struct {
	config  IntakeConfig
	secrets map[string]Secret
	deps    IntakeDeps
	metrics *metrics
	groups  groups
}

// NewIntake checks that every secret belongs to a format whose senders sign.
func NewIntake(config IntakeConfig, deps IntakeDeps) (*Intake, error) {
	i := &Intake{config: config, secrets: map[string]Secret{}, deps: deps}
	for format, secret := range config.Secrets {
		if !deps.Verifier.Signs(format) {
			return nil, fmt.Errorf("webhook secrets: deliveries of %q are not signed by their senders; remove its secret", format)
		}
		if secret == "" {
			return nil, fmt.Errorf("webhook secrets: the secret of %q is empty; set it or remove it", format)
		}
		i.secrets[strings.ToLower(format)] = secret
	}
	if i.deps.Now == nil {
		i.deps.Now = time.Now
	}
	var err error
	if i.metrics, err = newMetrics(deps.Registerer); err != nil {
		return nil, fmt.Errorf("registering the ingest figures: %w", err)
	}
	i.groups = newGroups(config.PendingBytes, i.insertGroup)
	return i, nil
}

// Checked reports whether every delivery of the format must be signed.
func (i *Intake) Checked(format string) bool {
	_, checked := i.secrets[strings.ToLower(format)]
	return checked
}

// Accept takes a delivery in and returns when every accepted event is durable.
// Kind is empty when the format decides what it holds. Bad elements are
// rejected one by one in the receipt. An error means that nothing is known to
// be taken: event.ErrBadSignature, *event.UnknownFormatError, event.ErrBusy, the
// end of ctx, or one that wraps event.ErrUnavailable. Sending the same again is
// harmless.
func (i *Intake) Accept(
	ctx context.Context, kind event.Kind, format string, header http.Header, body []byte,
) (event.Receipt, error) {
	if secret, checked := i.secrets[strings.ToLower(format)]; checked {
		if err := i.deps.Verifier.Verify(format, string(secret), header.Get, body); err != nil {
			i.metrics.fail(reasonSignature)
			return event.Receipt{}, fmt.Errorf("checking the signature of a %s delivery: %w", format, err)
		}
	}
	return i.Readmit(ctx, kind, format, header, body)
}

// Readmit is Accept without the signature, for what an administrator sends in
// again: it came over Kafka, where nobody signs.
func (i *Intake) Readmit(
	ctx context.Context, kind event.Kind, format string, header http.Header, body []byte,
) (event.Receipt, error) {
	// The insert may go on when ctx has ended, and the body is the caller's.
	body = bytes.Clone(body)
	d := &delivery{size: len(body)}
	var err error
	d.receipt.Rejected, err = i.deps.Decoder.Decode(&d.events, kind, format, header.Get, body, event.Meta{
		ArrivedAt: i.deps.Now().UTC().Truncate(time.Millisecond),
	})
	if err != nil {
		return event.Receipt{}, err
	}
	if len(d.receipt.Rejected) > 0 {
		i.metrics.failures.WithLabelValues(string(reasonDecode)).Add(float64(len(d.receipt.Rejected)))
	}
	if d.events.Len() == 0 {
		return d.receipt, nil
	}
	label(i.deps.Labeller, d.events.Changes, i.deps.Log)
	err = i.groups.run(ctx, d)
	if errors.Is(err, event.ErrBusy) {
		i.metrics.fail(reasonBusy)
	}
	if err != nil {
		return event.Receipt{}, err
	}
	return d.receipt, nil
}

// insertGroup makes the events of several deliveries durable and fills their
// receipts.
func (i *Intake) insertGroup(deliveries []*delivery) error {
	ctx, cancel := context.WithTimeout(context.Background(), i.config.InsertTimeout)
	defer cancel()
	err := i.insertFresh(ctx, deliveries)
	if err != nil {
		return fmt.Errorf("making %d deliveries durable: %w", len(deliveries), errors.Join(event.ErrUnavailable, err))
	}
	for _, d := range deliveries {
		d.receipt.Accepted = d.events.Len() - d.receipt.Duplicates - d.refused
	}
	return nil
}

func (i *Intake) insertFresh(ctx context.Context, deliveries []*delivery) error {
	to := &inserter{
		timeout: i.config.InsertTimeout, least: i.config.RetryMin, most: i.config.RetryMax, door: doorHTTP,
		store: i.deps.Store, metrics: i.metrics, log: i.deps.Log, moved: func() {},
	}
	err := insertKind(ctx, i, to, event.KindChange, deliveries, i.deps.Store.InsertChanges,
		func(d *delivery) []event.Change { return d.events.Changes }, func(e *event.Change) uint64 { return e.UID })
	if err != nil {
		return err
	}
	err = insertKind(ctx, i, to, event.KindAlert, deliveries, i.deps.Store.InsertAlerts,
		func(d *delivery) []event.Alert { return d.events.Alerts }, func(e *event.Alert) uint64 { return e.UID })
	if err != nil {
		return err
	}
	return insertKind(ctx, i, to, event.KindTopology, deliveries, i.deps.Store.InsertTopology,
		func(d *delivery) []event.Topology { return d.events.Topologies }, func(e *event.Topology) uint64 { return e.UID })
}

// insertKind makes the events of one kind durable that are not yet, and counts
// the others as duplicates.
func insertKind[T any](
	ctx context.Context, i *Intake, to *inserter, kind event.Kind, deliveries []*delivery,
	send func(context.Context, string, []T) error, rows func(*delivery) []T, uid func(*T) uint64,
) error {
	var uids []uint64
	for _, d := range deliveries {
		of := rows(d)
		for r := range of {
			uids = append(uids, uid(&of[r]))
		}
	}
	if len(uids) == 0 {
		return nil
	}
	known, err := i.deps.Seen.Seen(ctx, kind, uids)
	if err != nil {
		return fmt.Errorf("asking which events are known: %w", err)
	}
	picked := pick(known, deliveries, rows, uid)
	i.metrics.duplicates.WithLabelValues(string(kind)).Add(float64(len(uids) - len(picked.rows)))
	return insert(ctx, to, kind, intakeToken, picked.rows, send, picked.refused)
}

// selection are the rows of several deliveries that are not durable yet, and
// where each came from.
type selection[T any] struct {
	rows []T
	from []source
}

// source is a place among the events of one delivery.
type source struct {
	delivery *delivery
	event    int
}

// refused notes a row that the store refuses in the receipt of its delivery.
func (s *selection[T]) refused(row int, err error) {
	s.from[row].delivery.refuse(s.from[row].event, err)
}

// pick takes the rows that are neither known nor twice in the deliveries.
func pick[T any](
	known map[uint64]bool, deliveries []*delivery, rows func(*delivery) []T, uid func(*T) uint64,
) *selection[T] {
	picked := &selection[T]{}
	taken := map[uint64]bool{}
	for _, d := range deliveries {
		of := rows(d)
		for r := range of {
			u := uid(&of[r])
			if known[u] || taken[u] {
				d.receipt.Duplicates++
				continue
			}
			taken[u] = true
			picked.rows = append(picked.rows, of[r])
			picked.from = append(picked.from, source{d, r})
		}
	}
	return picked
}
