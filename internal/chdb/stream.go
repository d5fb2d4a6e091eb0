package chdb

import (
	"bytes"
	"context"
	"errors"
	"io"
)

// peekBytes is the size up to which the first chunk of a result is copied, to
// learn whether it is the only one: small results, which most are, then free
// their connection before they are read.
const peekBytes = 64 << 10

// errBodyClosed is what reading a closed result says.
var errBodyClosed = errors.New("read on a closed result")

// rowStream is a result that is fetched chunk by chunk as it is read, so that
// at most one block of rows is held. It owns its connection until the end of
// the result, Close, or the end of its context.
type rowStream struct {
	conn   *connection
	ctx    context.Context
	cancel context.CancelCauseFunc
	// handle is the query, chunk the result whose memory queue may point into.
	handle, chunk uintptr
	queue         [][]byte
	// err is what Read returns when the queue is empty.
	err error
	// length is the size of the whole result, -1 if it was not known at once.
	length int64
	// busy holds one token, of whoever may touch the fields above.
	busy chan struct{}
	// unhook stops the context from interrupting the stream.
	unhook func() bool
	// finished is closed when the connection has been handed back.
	finished chan struct{}
}

// stream starts a query and fetches its first rows, so that a query that fails
// at once is an error. Either way the connection goes back to the pool without
// the caller's help, and cancel is called then.
func (c *connection) stream(ctx context.Context, cancel context.CancelCauseFunc, s statement) (*rowStream, error) {
	r := &rowStream{conn: c, ctx: ctx, cancel: cancel, busy: make(chan struct{}, 1), finished: make(chan struct{})}
	r.busy <- struct{}{}
	defer func() { <-r.busy }()
	r.unhook = context.AfterFunc(ctx, r.interrupt)
	lib := c.engine.lib
	r.handle = lib.start(lib.streamQuery, c.slot, s)
	if text := lib.failure(r.handle); text != "" {
		lib.resultDestroy(r.handle)
		r.handle = 0
		r.finish(failed(ctx, text))
		return nil, r.err
	}
	r.fetch()
	if len(r.queue) == 1 && len(r.queue[0]) <= peekBytes {
		r.queue[0] = bytes.Clone(r.queue[0])
		r.fetch()
	}
	r.length = -1
	if errors.Is(r.err, io.EOF) {
		r.length = 0
		for _, part := range r.queue {
			r.length += int64(len(part))
		}
		return r, nil
	}
	return r, r.err
}

// fetch queues the next chunk, or finishes the stream at its end.
func (r *rowStream) fetch() {
	lib := r.conn.engine.lib
	r.drop()
	r.chunk = lib.streamFetch(handleAt(r.conn.slot), r.handle)
	if text := lib.failure(r.chunk); text != "" {
		r.finish(failed(r.ctx, text))
		return
	}
	data := lib.bytes(r.chunk)
	if len(data) == 0 {
		r.finish(io.EOF)
		return
	}
	r.queue = append(r.queue, data)
}

// drop frees the current chunk, which nothing in the queue may point into.
func (r *rowStream) drop() {
	if r.chunk != 0 {
		r.conn.engine.lib.resultDestroy(r.chunk)
		r.chunk = 0
	}
}

// Read fetches from the engine as needed. An exception after the first chunk is
// written into the data the way a server does, for the client to recognize.
func (r *rowStream) Read(p []byte) (int, error) {
	r.busy <- struct{}{}
	defer func() { <-r.busy }()
	for len(r.queue) == 0 {
		if r.err != nil {
			return 0, r.err
		}
		r.fetch()
		var failure exception
		if errors.As(r.err, &failure) {
			r.queue, r.err = [][]byte{failure.frame()}, io.EOF
		}
	}
	n := copy(p, r.queue[0])
	if r.queue[0] = r.queue[0][n:]; len(r.queue[0]) == 0 {
		r.queue = r.queue[1:]
	}
	return n, nil
}

// Close gives up the rest of the result and frees the connection. A Read that is
// waiting for the engine meanwhile is cut off.
func (r *rowStream) Close() error {
	r.cancel(errBodyClosed)
	<-r.finished
	return nil
}

// interrupt ends the stream when its context has ended.
func (r *rowStream) interrupt() {
	select {
	case r.busy <- struct{}{}:
	default:
		// The engine is at work for a Read: have the query stopped, wait for it.
		over, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			r.conn.engine.kill(context.WithoutCancel(r.ctx), r.conn.name, over)
		}()
		r.busy <- struct{}{}
		close(over)
		<-done
	}
	defer func() { <-r.busy }()
	if r.err == nil {
		r.err, r.queue = failed(r.ctx, ""), nil
		r.conn.spoiled = true
	}
	r.hand()
}

// finish notes why the stream ends and hands the connection back, unless an
// interruption has begun, which then does so itself.
func (r *rowStream) finish(err error) {
	r.err = err
	r.conn.spoiled = !errors.Is(err, io.EOF)
	if r.unhook() {
		r.hand()
	}
}

// hand frees the query and returns the connection to the pool.
func (r *rowStream) hand() {
	lib := r.conn.engine.lib
	if r.handle != 0 {
		lib.streamStop(handleAt(r.conn.slot), r.handle)
		r.drop()
		lib.resultDestroy(r.handle)
	}
	r.conn.release(r.conn.engine.free)
	r.cancel(nil)
	close(r.finished)
}
