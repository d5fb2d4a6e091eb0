package ingest

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/faultline/faultline/internal/event"
)

// delivery is one request on its way to the store.
type delivery struct {
	events  event.Batch
	size    int
	receipt event.Receipt
	// refused counts the events that the store would not take.
	refused int
}

// refuse notes an event that the store would not take.
func (d *delivery) refuse(nth int, err error) {
	line := d.line(nth)
	d.refused++
	d.receipt.Rejected = append(d.receipt.Rejected, event.Rejection{Line: line, Err: &event.FieldError{
		Problem: "the store refuses the event: " + err.Error(), Mend: "mend its values",
	}})
}

// line is the place of an event in its delivery: elements keep their order,
// and those that the decoder rejected are counted too.
func (d *delivery) line(nth int) int {
	bad := map[int]bool{}
	for _, r := range d.receipt.Rejected[:len(d.receipt.Rejected)-d.refused] {
		bad[r.Line] = true
	}
	line := 1
	for ; bad[line] || nth > 0; line++ {
		if !bad[line] {
			nth--
		}
	}
	return line
}

// groups lets deliveries that arrive while an insert is running share the next
// one. The first of a group waits for its turn and does the insert for all.
type groups struct {
	limit  int
	insert func([]*delivery) error
	// turn holds a token while no insert is running.
	turn chan struct{}

	mu      sync.Mutex
	pending *group
	// held is the size of all deliveries that are not done.
	held int
}

// group is a set of deliveries that are inserted together.
type group struct {
	deliveries []*delivery
	done       chan struct{}
	err        error
}

func newGroups(limit int, insert func([]*delivery) error) groups {
	turn := make(chan struct{}, 1)
	turn <- struct{}{}
	return groups{limit: limit, insert: insert, turn: turn}
}

// run returns when the delivery's group is durable or has failed. When ctx
// ends first, the insert goes on for the others.
func (g *groups) run(ctx context.Context, d *delivery) error {
	mine, first, err := g.join(d)
	if err != nil {
		return err
	}
	if first {
		g.lead(mine)
	}
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
	}
	select {
	case <-mine.done:
		return mine.err
	default:
		return fmt.Errorf("waiting for the insert: %w", ctx.Err())
	}
}

// join adds the delivery to the group that waits, or begins one.
func (g *groups) join(d *delivery) (*group, bool, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.held > 0 && g.held+d.size > g.limit {
		return nil, false, event.ErrBusy
	}
	g.held += d.size
	first := g.pending == nil
	if first {
		g.pending = &group{done: make(chan struct{})}
	}
	g.pending.deliveries = append(g.pending.deliveries, d)
	return g.pending, first, nil
}

// lead waits until no insert is running, closes the group to others and
// inserts it. It does not give up when its own request is gone: the others
// wait for it, and the insert has a deadline of its own.
func (g *groups) lead(mine *group) {
	<-g.turn
	g.mu.Lock()
	g.pending = nil
	g.mu.Unlock()
	// Should the insert panic, the others are told and the next group goes on.
	mine.err = errors.Join(event.ErrUnavailable, errors.New("the insert broke off"))
	defer g.finish(mine)
	mine.err = g.insert(mine.deliveries)
}

func (g *groups) finish(mine *group) {
	g.mu.Lock()
	for _, d := range mine.deliveries {
		g.held -= d.size
	}
	g.mu.Unlock()
	g.turn <- struct{}{}
	close(mine.done)
}
