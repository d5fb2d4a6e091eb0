package ingest

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// queuedRuns bounds the runs between fetching and batching. The budget bounds
// their bytes; this bounds their number when they are tiny.
const queuedRuns = 256

// lane carries one topic's runs from fetching to the store. Runs of one
// partition stay in order: they enter the queue in order, the batcher takes
// them from it in order, waiting for each to be decoded, and one flush follows
// the other.
type lane struct {
	laneConfig
	rows, bytes int
	// inserts is how many batches are on their way into the store at a time.
	inserts int
	budget  *budget
	queue   chan *run
	metrics *metrics
	// inFlight counts runs that are neither durable nor given up.
	inFlight atomic.Int64
}

func newLane(c laneConfig, config *Config, m *metrics) *lane {
	return &lane{
		laneConfig: c, rows: config.BatchRows, bytes: config.BatchBytes, inserts: config.Inserts,
		budget: newBudget(c.buffer), queue: make(chan *run, queuedRuns), metrics: m,
	}
}

// book counts a run that was fetched.
func (l *lane) book(r *run) {
	l.inFlight.Add(1)
	l.budget.take(r.bytes)
	l.showBuffered()
}

// settle counts a batch that is durable or given up.
func (l *lane) settle(b *batch) {
	l.inFlight.Add(-int64(len(b.runs)))
	l.budget.give(b.bytes)
	l.showBuffered()
}

func (l *lane) showBuffered() {
	l.metrics.bufferedBytes.WithLabelValues(l.topic).Set(float64(l.budget.held()))
}

func (l *lane) full(b *batch) bool { return b.rows >= l.rows || b.bytes >= l.bytes }

// gather turns queued runs into batches until the queue is closed. A batch is
// offered when it is full or its oldest run is as old as the lane allows;
// while the flusher is busy it grows until it is full, and then nothing more
// is taken from the queue.
func (l *lane) gather(out chan<- *batch) {
	defer close(out)
	b := &batch{}
	age := time.NewTimer(l.age)
	defer age.Stop()
	due := false
	for {
		in, send := l.queue, chan<- *batch(nil)
		if l.full(b) {
			in, due = nil, true
		}
		if due && !b.empty() {
			send = out
		}
		select {
		case r, ok := <-in:
			if !ok {
				l.last(b, out)
				return
			}
			<-r.decoded
			b.add(r)
			if len(b.runs) == 1 {
				due = false
				age.Reset(max(0, l.age-time.Since(b.since)))
			}
		case send <- b:
			b = &batch{}
		case <-age.C:
			due = true
		}
	}
}

func (l *lane) last(b *batch, out chan<- *batch) {
	if !b.empty() {
		out <- b
	}
}

// storing is a batch on its way into the store.
type storing struct {
	batch *batch
	room  *joined
	began time.Time
	// done is closed when err is final.
	done chan struct{}
	err  error
}

// flushAll makes batches durable until there are no more, several at a time,
// and commits them in the order in which they came. After a failure nothing
// more is committed, so that the rest is delivered again.
func (l *lane) flushAll(ctx context.Context, f *flusher, in <-chan *batch, failed func(error)) {
	rooms := make(chan *joined, l.inserts)
	for range l.inserts {
		rooms <- new(joined)
	}
	underway := make(chan *storing, l.inserts)
	var stores sync.WaitGroup
	stores.Go(func() { l.commitAll(f, underway, rooms, failed) })
	for b := range in {
		s := &storing{batch: b, room: <-rooms, began: time.Now(), done: make(chan struct{})}
		stores.Go(func() {
			defer close(s.done)
			s.err = f.store(ctx, b, s.room)
		})
		underway <- s
	}
	close(underway)
	stores.Wait()
}

// commitAll commits batches one after the other.
func (l *lane) commitAll(f *flusher, underway <-chan *storing, rooms chan<- *joined, failed func(error)) {
	broken := false
	for s := range underway {
		<-s.done
		if s.err == nil && !broken {
			s.err = f.finish(l.topic, s)
		}
		if s.err != nil && !broken {
			broken = true
			failed(s.err)
		}
		l.settle(s.batch)
		rooms <- s.room
	}
}
