package deliver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// monday is after the schedule of the default settings.
var monday = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// office is everything around a desk, in memory.
type office struct {
	mu     sync.Mutex
	made   []string
	stored map[string][]byte
	notes  []query.Delivery
	sent   []string
	claims []stampedClaim
	// answers are the errors of the next sends; failMake and failNote those of
	// making and of notes in this state.
	answers  []error
	failMake error
	failNote query.DeliveryState
	panics   bool
}

// stampedClaim is a claim with the moment at which it came.
type stampedClaim struct {
	query.Claim
	at time.Time
}

func newOffice() *office { return &office{stored: map[string][]byte{}} }

func (o *office) Build(_ context.Context, w report.Week) (report.Report, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.made = append(o.made, w.String())
	if o.panics {
		panic("cannot count")
	}
	return report.Report{Week: w.String(), From: w.Start(), To: w.End(), MadeAt: monday, Sentence: "Nothing happened."}, o.failMake
}

func (o *office) SaveReport(_ context.Context, r query.StoredReport) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.stored[r.Week] = r.Body
	return nil
}

func (o *office) StoredReport(_ context.Context, week string) ([]byte, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	body, known := o.stored[week]
	if !known {
		return nil, query.ErrNotFound
	}
	return body, nil
}

func (o *office) StoredReports(context.Context, int) ([]query.StoredReport, error) {
	return []query.StoredReport{{Week: "2026-W47"}}, nil
}

func (o *office) SaveDelivery(_ context.Context, d query.Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if d.State == o.failNote {
		return errors.New("the ledger is away")
	}
	o.notes = append(o.notes, d)
	return nil
}

func (o *office) Deliveries(_ context.Context, week string) (map[string]query.DeliveryState, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	states := map[string]query.DeliveryState{}
	for _, n := range o.notes {
		if n.Week == week && states[n.Recipient] != query.DeliverySent {
			states[n.Recipient] = n.State
		}
	}
	return states, nil
}

// SaveClaim stamps claims in the order in which they come.
func (o *office) SaveClaim(_ context.Context, c query.Claim) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.claims = append(o.claims, stampedClaim{c, time.Now()})
	return nil
}

// Claimants are those whose claim is young and not released.
func (o *office) Claimants(_ context.Context, week string, lease time.Duration) ([]string, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var order []string
	last, released := map[string]time.Time{}, map[string]bool{}
	for _, c := range o.claims {
		if c.Week != week {
			continue
		}
		if _, known := last[c.Claimant]; !known {
			order = append(order, c.Claimant)
		}
		last[c.Claimant] = c.at
		released[c.Claimant] = released[c.Claimant] || c.State == query.ClaimReleased
	}
	return slices.DeleteFunc(order, func(who string) bool { return released[who] || time.Since(last[who]) >= lease }), nil
}

func (o *office) Recipients() []string { return []string{"a", "b"} }

func (o *office) Send(ctx context.Context, r *report.Report, recipient string, begin Begin) error {
	if err := begin(ctx); err != nil {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.answers) > 0 {
		err := o.answers[0]
		o.answers = o.answers[1:]
		if err != nil {
			return err
		}
	}
	o.sent = append(o.sent, r.Week+" to "+recipient)
	return nil
}

// desk is a desk in the office that hurries.
func (o *office) desk(now func() time.Time) *Desk {
	cfg := DefaultConfig()
	cfg.Pause, cfg.Attempts, cfg.Settle = time.Millisecond, 3, 20*time.Millisecond
	return New(cfg, o, o, o, []Channel{o}, slog.New(slog.DiscardHandler), now)
}

func clock() time.Time { return monday }

// week47 is the last whole week on monday.
func week47() report.Week { return report.WeekOf(monday, time.UTC).Before(1) }

func (o *office) wantSent(t *testing.T, want ...string) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	if fmt.Sprint(o.sent) != fmt.Sprint(want) {
		t.Errorf("sent %q, want %q", o.sent, want)
	}
}

func TestAReportIsMadeOnceAndSentOnceToEach(t *testing.T) {
	o := newOffice()
	for range 3 {
		// A new desk each time: as after a restart.
		if err := o.desk(clock).Deliver(t.Context(), week47()); err != nil {
			t.Fatal(err)
		}
	}
	o.wantSent(t, "2026-W47 to a", "2026-W47 to b")
	if len(o.made) != 1 {
		t.Errorf("made %v", o.made)
	}
}

func TestAFailedDeliveryIsRetriedAndTheOthersAreServed(t *testing.T) {
	o := newOffice()
	busy := errors.New("busy")
	o.answers = []error{busy, busy, nil, busy, busy, busy}
	err := o.desk(clock).Deliver(t.Context(), week47())
	if err == nil || !strings.Contains(err.Error(), "deliver to b: busy") {
		t.Errorf("%v", err)
	}
	o.wantSent(t, "2026-W47 to a")
	// The next run serves the one that is left.
	if err := o.desk(clock).Deliver(t.Context(), week47()); err != nil {
		t.Fatal(err)
	}
	o.wantSent(t, "2026-W47 to a", "2026-W47 to b")
}

func TestWhatMayHaveArrivedIsNotSentAgain(t *testing.T) {
	o := newOffice()
	o.answers = []error{fmt.Errorf("%w: connection lost", ErrUnsure)}
	for range 2 {
		_ = o.desk(clock).Deliver(t.Context(), week47())
	}
	o.wantSent(t, "2026-W47 to b")
}

func TestARefusedDeliveryIsNotRepeatedAtOnce(t *testing.T) {
	o := newOffice()
	o.answers = []error{fmt.Errorf("%w: no such mailbox", ErrFinal)}
	if err := o.desk(clock).Deliver(t.Context(), week47()); !errors.Is(err, ErrFinal) {
		t.Error(err)
	}
	if len(o.answers) != 0 || len(o.notes) != 4 {
		t.Errorf("%d notes", len(o.notes))
	}
}

func TestWithoutALedgerNothingIsSent(t *testing.T) {
	o := newOffice()
	o.failNote = query.DeliveryBegun
	if err := o.desk(clock).Deliver(t.Context(), week47()); err == nil {
		t.Error("no error")
	}
	o.wantSent(t)
	// A note of the end that is lost leaves the beginning, and nothing is repeated.
	o.failNote = query.DeliverySent
	if err := o.desk(clock).Deliver(t.Context(), week47()); !errors.Is(err, ErrUnsure) {
		t.Error(err)
	}
	o.failNote = ""
	if err := o.desk(clock).Deliver(t.Context(), week47()); err != nil {
		t.Error(err)
	}
	o.wantSent(t, "2026-W47 to a", "2026-W47 to b")
}

// running runs a desk until stop is called.
func running(t *testing.T, d *Desk) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- d.Run(ctx) }()
	return func() {
		t.Helper()
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Error(err)
			}
		case <-time.After(time.Minute):
			t.Error("the desk does not stop")
		}
	}
}

func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Error("never: " + what)
}

func TestAMissedReportIsMadeUpForAtStart(t *testing.T) {
	o := newOffice()
	stop := running(t, o.desk(clock))
	eventually(t, "the missed report is sent", func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.sent) == 2 })
	stop()
	// Before six on Monday it is not due yet.
	early := newOffice()
	stop = running(t, early.desk(func() time.Time { return monday.Add(-4 * time.Hour) }))
	time.Sleep(30 * time.Millisecond)
	stop()
	early.wantSent(t)
}

func TestAPanicInAReportDoesNotEndTheDesk(t *testing.T) {
	o := newOffice()
	o.panics = true
	stop := running(t, o.desk(clock))
	eventually(t, "the report was tried", func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.made) == 1 })
	stop()
}

func TestAScheduleThatCannotBeReadIsAnErrorOfTheStart(t *testing.T) {
	d := newOffice().desk(clock)
	d.cfg.Schedule = "every monday"
	if err := d.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "want five cron fields") {
		t.Error(err)
	}
}

func TestTheScheduleRuns(t *testing.T) {
	o := newOffice()
	// The clock stands still: no week may end during the test.
	now := time.Now()
	d := o.desk(func() time.Time { return now })
	// The schedule that robfig/cron knows for tests: every second.
	d.cfg.Schedule = "@every 1s"
	o.stored[report.WeekOf(now, time.UTC).Before(1).String()] = []byte(`{"week":"kept"}`)
	stop := running(t, d)
	eventually(t, "the schedule sends", func() bool { o.mu.Lock(); defer o.mu.Unlock(); return len(o.sent) == 2 })
	stop()
	if len(o.made) != 0 {
		t.Errorf("made %v though it was stored", o.made)
	}
}

func TestAReportCanBeAskedForAndIsNotKept(t *testing.T) {
	o := newOffice()
	d := o.desk(clock)
	r, err := d.Report(t.Context(), "2026-W48")
	if err != nil || r.Week != "2026-W48" || len(o.stored) != 0 {
		t.Errorf("%+v %v %v", r, err, o.stored)
	}
	if _, err := d.Report(t.Context(), "2026-W49"); !errors.Is(err, query.ErrNotFound) {
		t.Errorf("a week to come: %v", err)
	}
	if _, err := d.Report(t.Context(), "2026-W54"); !errors.Is(err, report.ErrNoWeek) {
		t.Errorf("no week: %v", err)
	}
	o.stored["2026-W40"] = []byte("{broken")
	if _, err := d.Report(t.Context(), "2026-W40"); err == nil {
		t.Error("a broken report was given")
	}
	if list, err := d.Reports(t.Context(), 5); err != nil || len(list) != 1 {
		t.Error(list, err)
	}
	o.failMake = errors.New("away")
	if err := d.Deliver(t.Context(), week47()); err == nil || !strings.Contains(err.Error(), "make the report of 2026-W47: away") {
		t.Error(err)
	}
}

func TestFilesAreWrittenWhole(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new", "reports")
	f := NewFiles(dir)
	r := report.Report{Week: "2026-W47", MadeAt: monday}
	for range 2 {
		if err := f.Send(t.Context(), &r, f.Recipients()[0], nil); err != nil {
			t.Fatal(err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 4 {
		t.Errorf("%v %v", entries, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "faultline-2026-W47.pdf")); err != nil || !strings.HasPrefix(string(text), "%PDF-") {
		t.Error(err)
	}
	if err := NewFiles(filepath.Join(dir, "faultline-2026-W47.md", "x")).Send(t.Context(), &r, "", nil); err == nil {
		t.Error("a directory below a file")
	}
}
