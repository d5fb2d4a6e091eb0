package nativetest

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/faultline/faultline/internal/chdb"
)

// listener accepts connections for one engine and owns their goroutines.
type listener struct {
	engine *chdb.Engine
	socket net.Listener
	log    func(format string, args ...any)

	mu       sync.Mutex
	closed   bool
	sessions map[net.Conn]bool
	running  sync.WaitGroup
}

// Listen opens a port on the loopback interface that speaks the native protocol
// until the test ends, and returns its address. Any user and password will do.
func Listen(t testing.TB, engine *chdb.Engine) (addr string) {
	t.Helper()
	var config net.ListenConfig
	socket, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("listen for native connections: %v", err)
	}
	l := &listener{engine: engine, socket: socket, log: t.Logf, sessions: map[net.Conn]bool{}}
	l.running.Go(l.accept)
	t.Cleanup(l.close)
	return socket.Addr().String()
}

func (l *listener) accept() {
	for {
		conn, err := l.socket.Accept()
		if err != nil {
			if !errors.Is(err, net.ErrClosed) {
				l.log("accept a native connection: %v", err)
			}
			return
		}
		if l.add(conn) {
			l.running.Go(func() { l.serve(conn) })
		}
	}
}

// serve answers one connection until it ends.
func (l *listener) serve(conn net.Conn) {
	defer l.remove(conn)
	if err := newSession(l.engine, conn).serve(); err != nil && !hungUp(err) {
		l.log("native connection: %v", err)
	}
}

func (l *listener) add(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		_ = conn.Close()
		return false
	}
	l.sessions[conn] = true
	return true
}

func (l *listener) remove(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sessions, conn)
	_ = conn.Close()
}

// close ends the port and every connection, and waits for them.
func (l *listener) close() {
	_ = l.socket.Close()
	l.mu.Lock()
	l.closed = true
	for conn := range l.sessions {
		_ = conn.Close()
	}
	l.mu.Unlock()
	l.running.Wait()
}
