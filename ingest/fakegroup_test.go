package ingest

import (
	"context"
	"sync"

	"github.com/segmentio/kafka-go"
)

// fakeGroup is a consumer group of one member, whose partitions are those
// that the test assigns.
type fakeGroup struct {
	log *fakeLog
	// assign hands generations to the member.
	assign chan []place

	mu         sync.Mutex
	current    *fakeGeneration
	number     int
	commitErrs []error
	commits    int
	closed     chan struct{}
}

func newFakeGroup(l *fakeLog) *fakeGroup {
	return &fakeGroup{log: l, assign: make(chan []place, 16), closed: make(chan struct{})}
}

// Join implements Group.
func (g *fakeGroup) Join() (Membership, error) { return g, nil }

// Next implements Membership.
func (g *fakeGroup) Next(ctx context.Context) (Generation, error) {
	if gen := g.running(); gen != nil {
		select {
		case <-gen.done:
			gen.functions.Wait()
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-g.closed:
			return nil, kafka.ErrGroupClosed
		}
	}
	select {
	case parts := <-g.assign:
		return g.begin(parts), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-g.closed:
		return nil, kafka.ErrGroupClosed
	}
}

func (g *fakeGroup) running() *fakeGeneration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.current
}

func (g *fakeGroup) begin(parts []place) *fakeGeneration {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
	gen := &fakeGeneration{group: g, number: g.number, assigned: map[string][]kafka.PartitionAssignment{}, done: make(chan struct{})}
	for _, at := range parts {
		offset, known := g.log.committed[at]
		if !known {
			offset = kafka.FirstOffset
		}
		gen.assigned[at.topic] = append(gen.assigned[at.topic], kafka.PartitionAssignment{ID: at.id, Offset: offset})
	}
	g.current = gen
	return gen
}

// rebalance ends the running generation and assigns other partitions.
func (g *fakeGroup) rebalance(parts ...place) {
	g.assign <- parts
	if gen := g.running(); gen != nil {
		gen.end()
	}
}

// Close implements Membership.
func (g *fakeGroup) Close() error {
	close(g.closed)
	if gen := g.running(); gen != nil {
		gen.end()
		gen.functions.Wait()
	}
	return nil
}

// fenceOff makes the group refuse the commits of the running generation, as it
// does once another member has its partitions.
func (g *fakeGroup) fenceOff() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.number++
}

// failCommits makes the next commits fail.
func (g *fakeGroup) failCommits(errs ...error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commitErrs = errs
}

type fakeGeneration struct {
	group     *fakeGroup
	number    int
	assigned  map[string][]kafka.PartitionAssignment
	once      sync.Once
	done      chan struct{}
	functions sync.WaitGroup
}

// Assigned implements Generation.
func (g *fakeGeneration) Assigned() map[string][]kafka.PartitionAssignment { return g.assigned }

// Start implements Generation.
func (g *fakeGeneration) Start(fn func(context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	g.functions.Go(func() {
		defer g.end()
		defer cancel()
		go func() {
			<-g.done
			cancel()
		}()
		fn(ctx)
	})
}

func (g *fakeGeneration) end() { g.once.Do(func() { close(g.done) }) }

// CommitOffsets implements Generation.
func (g *fakeGeneration) CommitOffsets(next map[string]map[int]int64) error {
	g.group.mu.Lock()
	defer g.group.mu.Unlock()
	g.group.commits++
	if g.number != g.group.number {
		return kafka.IllegalGeneration
	}
	if len(g.group.commitErrs) > 0 {
		err := g.group.commitErrs[0]
		g.group.commitErrs = g.group.commitErrs[1:]
		if err != nil {
			return err
		}
	}
	g.group.log.mu.Lock()
	defer g.group.log.mu.Unlock()
	for topic, parts := range next {
		for id, offset := range parts {
			g.group.log.committed[place{topic, id}] = offset
		}
	}
	return nil
}
