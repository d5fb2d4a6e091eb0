package ingest

import (
	"context"
	"sync"
)

// budget bounds the bytes that are held between two stages. Taking never
// blocks, since what was fetched is in memory already; fetching waits for room
// first.
type budget struct {
	limit int

	mu   sync.Mutex
	used int
	// freed is closed, and replaced, when room appears.
	freed chan struct{}
}

func newBudget(limit int) *budget {
	return &budget{limit: limit, freed: make(chan struct{})}
}

// await returns true when there is room, false when ctx ends first.
func (b *budget) await(ctx context.Context) bool {
	for ctx.Err() == nil {
		b.mu.Lock()
		room, freed := b.used < b.limit, b.freed
		b.mu.Unlock()
		if room {
			return true
		}
		select {
		case <-freed:
		case <-ctx.Done():
		}
	}
	return false
}

// take books bytes that are in memory now.
func (b *budget) take(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used += n
}

// give returns bytes that are no longer held.
func (b *budget) give(n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	full := b.used >= b.limit
	b.used -= n
	if full && b.used < b.limit {
		close(b.freed)
		b.freed = make(chan struct{})
	}
}

// held is the number of bytes in memory.
func (b *budget) held() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.used
}
