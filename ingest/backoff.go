package ingest

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is an exponentially growing pause with a cap. Half of each pause is
// random, so that replicas which lost the same store do not return to it in
// step.
type backoff struct {
	least, most time.Duration
	next        time.Duration
}

// sleep pauses and returns false when ctx ends first.
func (b *backoff) sleep(ctx context.Context) bool {
	if b.next < b.least {
		b.next = b.least
	}
	pause := b.next/2 + rand.N(b.next/2+1) //nolint:gosec // Spreading load needs no secrecy.
	b.next = min(2*b.next, b.most)
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// reset makes the next pause the shortest again.
func (b *backoff) reset() { b.next = 0 }
