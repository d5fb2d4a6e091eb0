package ingest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// errStalled ends a generation whose work stands still.
var errStalled = errors.New("no work came to an end although work was waiting")

// errStuck is returned when goroutines do not obey their context.
var errStuck = errors.New("work does not end although it was told to")

// stuckGrace is how long after its deadline work may take to end.
const stuckGrace = 5 * time.Second

// session is one generation of the consumer group: its partitions are read,
// and what was read is made durable and committed under its number alone.
//
// Its stages end from front to back: the readers stop, the decoders finish
// what they were given, the batchers pass their last batch on, the flushers
// make it durable and commit it.
type session struct {
	deps   *Deps
	config *Config
	gen    Generation
	lanes  map[string]*lane
	work   chan *run
	log    *slog.Logger
	// lastMove is when some work last came to an end, in Unix nanoseconds.
	lastMove atomic.Int64
	metrics  *metrics
}

func (c *Consumer) newSession(gen Generation) *session {
	s := &session{
		deps: &c.deps, config: &c.config, gen: gen, lanes: map[string]*lane{},
		work: make(chan *run, c.config.Decoders), log: c.deps.Log, metrics: c.metrics,
	}
	for _, l := range c.config.lanes() {
		s.lanes[l.topic] = newLane(l, &c.config, c.metrics)
	}
	s.moved()
	return s
}

func (s *session) moved() { s.lastMove.Store(time.Now().UnixNano()) }

// run works until the generation ends or fails, and then until what was read
// is durable, but no longer than the drain timeout. It returns nil when the
// generation ended, and otherwise what ended the session before that.
func (s *session) run(generation context.Context) error {
	reading, stopReading := context.WithCancelCause(generation)
	defer stopReading(nil)
	// Inserts and commits go on when reading stops, for a while.
	writing, stopWriting := context.WithCancel(context.WithoutCancel(generation))
	defer stopWriting()
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.stages(reading, writing, stopReading)
	}()
	s.watch(reading, stopReading, done)
	defer s.forget()
	if err := s.drain(done, stopWriting); err != nil {
		return err
	}
	if generation.Err() != nil {
		return nil
	}
	return context.Cause(reading)
}

// drain waits until all stages have ended.
func (s *session) drain(done <-chan struct{}, stopWriting func()) error {
	select {
	case <-done:
		return nil
	case <-time.After(s.config.DrainTimeout):
	}
	stopWriting()
	select {
	case <-done:
		return nil
	case <-time.After(stuckGrace):
		return errStuck
	}
}

// stages runs all stages and returns when the last of them has ended.
func (s *session) stages(reading, writing context.Context, fail func(error)) {
	var readers, decoders, batchers sync.WaitGroup
	for range s.config.Decoders {
		decoders.Go(s.decode)
	}
	for _, l := range s.lanes {
		batches := make(chan *batch)
		batchers.Go(func() { l.gather(batches) })
		batchers.Go(func() { l.flushAll(writing, s.flusher(), batches, fail) })
	}
	for topic, assignments := range s.gen.Assigned() {
		l := s.lanes[topic]
		for _, a := range assignments {
			p := s.partition(l, a.ID, fetchBytes(l.buffer, len(assignments), s.config.FetchBytes))
			readers.Go(func() { p.read(reading, a.Offset) })
		}
	}
	<-reading.Done()
	readers.Wait()
	close(s.work)
	decoders.Wait()
	for _, l := range s.lanes {
		close(l.queue)
	}
	batchers.Wait()
}

func (s *session) partition(l *lane, id, bytes int) *partition {
	return &partition{
		topic: l.topic, id: id, fetcher: s.deps.Fetcher, lane: l, decode: s.work, bytes: bytes,
		metrics: s.metrics, log: s.log, moved: s.moved,
		pause: backoff{least: s.config.RetryMin, most: s.config.RetryMax},
	}
}

func (s *session) flusher() *flusher {
	i := &inserter{
		timeout: s.config.InsertTimeout, least: s.config.RetryMin, most: s.config.RetryMax, door: doorKafka,
		store: s.deps.Store, metrics: s.metrics, log: s.log, moved: s.moved,
	}
	return &flusher{
		insert: i, metrics: s.metrics, log: s.log, now: s.deps.Now, commit: s.gen.CommitOffsets,
		dead: &deadLetters{
			topic: s.config.Topics.DeadLetter, writer: s.deps.DeadLetters, insert: i, metrics: s.metrics, log: s.log,
		},
	}
}

// watch ends the reading when work stands still, and returns when reading has
// ended. The heartbeats to the group go on whatever happens here, so that
// without this a stuck process would keep its partitions for ever.
func (s *session) watch(reading context.Context, fail func(error), done <-chan struct{}) {
	tick := time.NewTicker(s.config.StallAfter / 4)
	defer tick.Stop()
	for {
		select {
		case <-reading.Done():
			return
		case <-done:
			return
		case <-tick.C:
			if s.waiting() && time.Since(time.Unix(0, s.lastMove.Load())) > s.config.StallAfter {
				fail(errStalled)
				return
			}
		}
	}
}

func (s *session) waiting() bool {
	for _, l := range s.lanes {
		if l.inFlight.Load() > 0 {
			return true
		}
	}
	return false
}

// forget removes the figures of partitions that may now be somebody else's.
func (s *session) forget() {
	for topic, assignments := range s.gen.Assigned() {
		for _, a := range assignments {
			s.metrics.forgetLag(topic, a.ID)
		}
		s.metrics.bufferedBytes.WithLabelValues(topic).Set(0)
	}
}
