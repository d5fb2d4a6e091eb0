package deliver

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/query"
	"github.com/faultline/faultline/internal/report"
)

// hurried is a desk in the office whose claims last a moment.
func (o *office) hurried(lease time.Duration) *Desk {
	cfg := DefaultConfig()
	cfg.Pause, cfg.Attempts, cfg.Settle, cfg.Timeout, cfg.Lease = time.Millisecond, 3, 10*time.Millisecond, 10*time.Millisecond, lease
	return New(cfg, o, o, o, []Channel{o}, slog.New(slog.DiscardHandler), clock)
}

var theWeek = report.WeekOf(monday, time.UTC).Before(1)

func TestManyProcessesAtOnceSendEachReportOnce(t *testing.T) {
	o := newOffice()
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := o.hurried(600*time.Millisecond).Deliver(t.Context(), theWeek); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	slices.Sort(o.sent)
	if got := strings.Join(o.sent, ", "); got != "2026-W47 to a, 2026-W47 to b" {
		t.Errorf("sent: %s", got)
	}
	if len(o.made) != 1 {
		t.Errorf("made %d times", len(o.made))
	}
}

func TestTheWorkOfAProcessThatDiedIsTakenOver(t *testing.T) {
	o, began := newOffice(), time.Now()
	// It was killed between its claim and its first delivery.
	if err := o.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: "dead", State: query.ClaimHeld}); err != nil {
		t.Fatal(err)
	}
	if err := o.hurried(300*time.Millisecond).Deliver(t.Context(), theWeek); err != nil {
		t.Fatal(err)
	}
	if len(o.sent) != 2 {
		t.Errorf("sent: %v", o.sent)
	}
	if waited := time.Since(began); waited < 280*time.Millisecond {
		t.Errorf("taken over after %s although the lease was not over", waited)
	}
}

func TestAProcessThatWasKilledInTheMiddleOfSendingIsNotRepeated(t *testing.T) {
	o := newOffice()
	if err := o.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: "dead", State: query.ClaimHeld}); err != nil {
		t.Fatal(err)
	}
	if err := o.SaveDelivery(t.Context(), query.Delivery{Week: "2026-W47", Recipient: "a", State: query.DeliveryBegun}); err != nil {
		t.Fatal(err)
	}
	if err := o.hurried(200*time.Millisecond).Deliver(t.Context(), theWeek); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(o.sent, ", "); got != "2026-W47 to b" {
		t.Errorf("sent: %s; a may have had it", got)
	}
}

// forgetful is an office whose claims cannot be renewed after the first.
type forgetful struct {
	*office
	mu    sync.Mutex
	notes int
}

func (f *forgetful) SaveClaim(ctx context.Context, c query.Claim) error {
	f.mu.Lock()
	f.notes++
	first := f.notes == 1 || c.State == query.ClaimReleased
	f.mu.Unlock()
	if !first {
		return errors.New("the store is away")
	}
	return f.office.SaveClaim(ctx, c)
}

// slowMaker takes longer to make a report than a lease lasts.
type slowMaker struct{ *office }

func (m slowMaker) Build(ctx context.Context, w report.Week) (report.Report, error) {
	time.Sleep(150 * time.Millisecond)
	return m.office.Build(ctx, w)
}

func TestNothingIsSentUnderAClaimThatWasNotRenewed(t *testing.T) {
	o := newOffice()
	f := &forgetful{office: o}
	cfg := DefaultConfig()
	cfg.Pause, cfg.Settle, cfg.Timeout, cfg.Lease = time.Millisecond, 10*time.Millisecond, 10*time.Millisecond, 100*time.Millisecond
	d := New(cfg, slowMaker{o}, o, f, []Channel{o}, slog.New(slog.DiscardHandler), clock)
	err := d.Deliver(t.Context(), theWeek)
	if err == nil || !strings.Contains(err.Error(), "the store is away") {
		t.Errorf("the store is away, and the answer is %v", err)
	}
	if len(o.sent) != 0 {
		t.Errorf("sent %v under a claim that was void", o.sent)
	}
}

func TestAClaimThatBecameVisibleTooLateIsVoid(t *testing.T) {
	o := newOffice()
	cfg := DefaultConfig()
	cfg.Settle, cfg.Timeout, cfg.Lease = 10*time.Millisecond, time.Second, 3*time.Second
	d := New(cfg, o, o, slowLedger{o}, nil, slog.New(slog.DiscardHandler), clock)
	c, err := d.claim(t.Context(), "2026-W47")
	if err != nil || c != nil {
		t.Errorf("%v %v", c, err)
	}
	if left, _ := o.Claimants(t.Context(), "2026-W47", time.Hour); len(left) != 0 {
		t.Errorf("%v still claim the week", left)
	}
}

// slowLedger takes its time over a claim.
type slowLedger struct{ *office }

func (l slowLedger) SaveClaim(ctx context.Context, c query.Claim) error {
	time.Sleep(30 * time.Millisecond)
	return l.office.SaveClaim(ctx, c)
}

func TestAStopWhileSomebodyElseIsAtWorkEndsTheWaiting(t *testing.T) {
	o := newOffice()
	if err := o.SaveClaim(t.Context(), query.Claim{Week: "2026-W47", Claimant: "alive", State: query.ClaimHeld}); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := o.hurried(time.Hour).Deliver(ctx, theWeek); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	if len(o.sent) != 0 {
		t.Errorf("sent %v", o.sent)
	}
}
