package agents

import (
	"context"
	"sync"
	"time"

	"github.com/modelcontextprotocol/go-sdk/jsonrpc"
	"github.com/modelcontextprotocol/go-sdk/mcp"
)

// answered is a transport on which every call is answered before its end is told:
// a script that pipes its calls closes its side as soon as they are written, and
// the server stops at that end.
type answered struct{ mcp.Transport }

// Connect implements mcp.Transport.
func (a answered) Connect(ctx context.Context) (mcp.Connection, error) {
	connection, err := a.Transport.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return &answeredConnection{Connection: connection, open: map[jsonrpc.ID]bool{}, idle: make(chan struct{}, 1), closed: make(chan struct{})}, nil
}

// answeredConnection knows which calls wait for an answer.
type answeredConnection struct {
	mcp.Connection
	mu   sync.Mutex
	open map[jsonrpc.ID]bool
	// idle has room for the word that no call is open any more.
	idle    chan struct{}
	closing sync.Once
	closed  chan struct{}
}

// Read implements mcp.Connection. The end of what there is to read comes once all
// calls are answered; each is bounded in time.
func (c *answeredConnection) Read(ctx context.Context) (jsonrpc.Message, error) {
	message, err := c.Connection.Read(ctx)
	if call, ok := message.(*jsonrpc.Request); ok && err == nil && call.IsCall() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.open[call.ID] = true
	}
	if err == nil {
		return message, nil
	}
	overdue := time.After(toolTimeout)
	for c.waiting() {
		select {
		case <-overdue:
			return message, err
		case <-c.idle:
		case <-c.closed:
			return message, err
		case <-ctx.Done():
			return message, err
		}
	}
	return message, err
}

func (c *answeredConnection) waiting() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.open) > 0
}

// Write implements mcp.Connection.
func (c *answeredConnection) Write(ctx context.Context, message jsonrpc.Message) error {
	err := c.Connection.Write(ctx, message)
	answer, ok := message.(*jsonrpc.Response)
	if !ok {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if delete(c.open, answer.ID); len(c.open) == 0 {
		select {
		case c.idle <- struct{}{}:
		default:
		}
	}
	return err
}

// Close implements mcp.Connection.
func (c *answeredConnection) Close() error {
	c.closing.Do(func() { close(c.closed) })
	return c.Connection.Close()
}
