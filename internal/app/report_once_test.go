package app

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/internal/chdb/chdbtest"
	"github.com/faultline/faultline/internal/clickhouse"
	"github.com/faultline/faultline/internal/report"
	"github.com/faultline/faultline/internal/report/deliver"
)

// counter is a channel that remembers what it was given.
type counter struct {
	mu   sync.Mutex
	sent []string
}

func (c *counter) Recipients() []string { return []string{"mail:a@example.org", "slack"} }

func (c *counter) Send(ctx context.Context, r *report.Report, recipient string, begin deliver.Begin) error {
	if err := begin(ctx); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent = append(c.sent, r.Week+" "+recipient)
	return nil
}

// plainMaker makes an empty report.
type plainMaker struct{}

func (plainMaker) Build(_ context.Context, w report.Week) (report.Report, error) {
	return report.Report{Week: w.String(), From: w.Start(), To: w.End()}, nil
}

// TestTwoProcessesOnOneStoreSendEachReportOnce gives two desks connections of
// their own to the store that ships.
func TestTwoProcessesOnOneStoreSendEachReportOnce(t *testing.T) {
	engine := chdbtest.Open(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Database = chdbtest.Database(t, engine)
	log := slog.New(slog.DiscardHandler)
	sent := &counter{}
	var desks []*deliver.Desk
	for range 2 {
		store, err := clickhouse.Open(t.Context(), cfg, engine.Transport(), log)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = store.Close() })
		if err := store.MigrateUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		hurried := deliver.DefaultConfig()
		hurried.Settle, hurried.Timeout, hurried.Lease = 2*time.Second, 5*time.Second, 15*time.Second
		desks = append(desks, deliver.New(hurried, plainMaker{}, store, store, []deliver.Channel{sent}, log, nowUTC))
	}
	week := report.WeekOf(nowUTC(), time.UTC).Before(1)
	var both sync.WaitGroup
	for _, desk := range desks {
		both.Go(func() {
			if err := desk.Deliver(t.Context(), week); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	slices.Sort(sent.sent)
	if want := week.String() + " mail:a@example.org, " + week.String() + " slack"; strings.Join(sent.sent, ", ") != want {
		t.Errorf("sent %v, want %s", sent.sent, want)
	}
}
