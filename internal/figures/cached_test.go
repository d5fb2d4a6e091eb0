package figures

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/faultline/faultline/correlate"
	"github.com/faultline/faultline/internal/query"
)

// countingReader counts how often incidents are read, and how many read at once.
type countingReader struct {
	fakeReader
	mu              sync.Mutex
	reads, at, most int
	hold            chan struct{}
}

func (c *countingReader) IncidentFacts(ctx context.Context, _ query.Period) ([]query.IncidentFact, error) {
	c.mu.Lock()
	c.reads++
	c.at++
	c.most = max(c.most, c.at)
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		c.at--
		c.mu.Unlock()
	}()
	if c.hold != nil {
		select {
		case <-c.hold:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	return nil, nil
}

func (c *countingReader) JudgementsWithin(context.Context, query.Period) ([]correlate.Judgement, error) {
	return nil, nil
}

func TestFiguresAreMadeOnceForManyWhoAsk(t *testing.T) {
	r := &countingReader{hold: make(chan struct{})}
	clock := now
	c := NewCached(New(DefaultConfig(), r, func() time.Time { return clock }), time.Minute)
	var all sync.WaitGroup
	for i := range 20 {
		all.Go(func() {
			from := time.Time{}
			if i%2 == 1 {
				from = now.Add(-30 * 24 * time.Hour)
			}
			if _, err := c.Accuracy(t.Context(), from, time.Time{}); err != nil {
				t.Error(err)
			}
		})
	}
	close(r.hold)
	all.Wait()
	if r.reads != 2 || r.most != 1 {
		t.Errorf("%d reads, %d at once", r.reads, r.most)
	}
	clock = clock.Add(2 * time.Minute)
	if _, err := c.Accuracy(t.Context(), time.Time{}, time.Time{}); err != nil || r.reads != 3 {
		t.Errorf("an old answer was given: %d reads, %v", r.reads, err)
	}
}

func TestWhoeverStopsWaitingDoesNotBlockTheOthers(t *testing.T) {
	r := &countingReader{hold: make(chan struct{})}
	c := NewCached(New(DefaultConfig(), r, func() time.Time { return now }), time.Minute)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() {
		_, err := c.AIImpact(ctx, time.Time{}, time.Time{})
		first <- err
	}()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	close(r.hold)
	if _, err := c.Policy(t.Context(), time.Time{}, time.Time{}); err != nil {
		t.Error(err)
	}
}

func TestErrorsAreNotKeptAndMemoryIsBounded(t *testing.T) {
	f := &fakeReader{fail: "facts"}
	c := NewCached(newService(f), time.Hour)
	if _, err := c.AIImpact(t.Context(), time.Time{}, time.Time{}); err == nil {
		t.Fatal("no error")
	}
	f.fail = ""
	for i := range 3 * maxKept {
		if _, err := c.AIImpact(t.Context(), now.Add(-time.Duration(i+1)*time.Hour), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.kept) > maxKept {
		t.Errorf("%d answers kept", len(c.kept))
	}
}
