package clickhouse

import "context"

// underWay is a context that ends with another one only while something is under
// way. The driver watches the context of a batch in a goroutine, and asks it to end
// when the batch is sent without waiting for it. If the caller's context ends at
// the same moment, as with a deferred cancel it does, a goroutine that the machine
// was slow to run may see that first: it then closes a connection that is back in
// the pool, under whoever has it next.
type underWay struct {
	context.Context

	ended chan struct{}
}

// whileUnderWay returns such a context and what tells it that it is over. From
// then on the context does not end any more, so only the driver may hold it.
func whileUnderWay(ctx context.Context) (_ context.Context, over func() bool) {
	u := underWay{ctx, make(chan struct{})}
	return u, context.AfterFunc(ctx, func() { close(u.ended) })
}

// Done is closed when the caller's context ended while the batch was under way.
func (u underWay) Done() <-chan struct{} { return u.ended }

// Err says the same, with the caller's reason.
func (u underWay) Err() error {
	select {
	case <-u.ended:
		return u.Context.Err()
	default:
		return nil
	}
}
